//! What holds for honest dialogues, whoever else is on the wire.
//!
//! The input decides on one or two sessions and what they do, how their lines are cut into segments, and what
//! then befalls the packets: copies, neighbours that change places, losses, strangers in between. The
//! dialogue is told as a script (see `support`), so that a failure can be read.

use std::fmt::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};
use ftpscope::analyzer::Options;
use ftpscope::report::{MatchedBy, Outcome, Report, Session, Status};
use sha2::{Digest as _, Sha256};

use crate::support::{self, Packet};
use crate::whole;

/// Steps of one input.
const MOST_STEPS: usize = 24;

/// How a data connection is negotiated.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Mode {
    Pasv,
    Epsv,
    Port,
    Eprt,
}

/// What a session does next.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Login,
    Noop,
    System,
    Features { lines: u8 },
    Directory { depth: u8 },
    Download { mode: Mode, size: u16 },
    Upload { mode: Mode, size: u16 },
    Missing { mode: Mode },
    Blocked { mode: Mode },
    Refused { mode: Mode },
    Unwanted { mode: Mode },
    Pipelined { count: u8 },
    Long { length: u16 },
    Idle { seconds: u8 },
}

/// What befalls the packets.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Fate {
    Nothing,
    Copies,
    Swaps,
    Losses,
}

/// A transfer that the report must have.
#[derive(Debug)]
struct Moved {
    path: String,
    size: usize,
    sha256: [u8; 32],
}

/// One session: what it said, and what must come of it.
#[derive(Debug, Default)]
struct Told {
    name: &'static str,
    commands: Vec<(String, Option<String>)>,
    moved: Vec<Moved>,
    channels: usize,
}

/// All sessions, as a script.
struct Teller {
    script: String,
    sessions: Vec<Told>,
    /// The port of the next data connection.
    port: u16,
}

impl Teller {
    fn new(count: usize) -> Self {
        let names = ["B", "D"];
        let sessions: Vec<Told> =
            names.iter().take(count).map(|&name| Told { name, ..Told::default() }).collect();
        let mut script = String::new();
        for (session, port) in sessions.iter().zip(40_001..) {
            let _ = writeln!(script, "session {0} C:{port} -> S:21\n{0} S: 220 ready", session.name);
        }
        Self { script, sessions, port: 50_000 }
    }

    fn line(&mut self, text: &str) {
        self.script.push_str(text);
        self.script.push('\n');
    }

    /// The client gives a command, and the server replies.
    fn command(&mut self, session: usize, command: &str, replies: &[&str]) {
        let told = &mut self.sessions[session];
        let name = told.name;
        let (verb, argument) = match command.split_once(' ') {
            Some((verb, argument)) => (verb, Some(argument.to_owned())),
            None => (command, None),
        };
        told.commands.push((verb.to_owned(), argument));
        self.line(&format!("{name} C: {command}"));
        for reply in replies {
            self.line(&format!("{name} S: {reply}"));
        }
    }

    /// Negotiates a data connection; gives its ends.
    fn negotiate(&mut self, session: usize, mode: Mode) -> String {
        self.port += 1;
        let port = self.port;
        let (high, low) = (port / 256, port % 256);
        self.sessions[session].channels += 1;
        match mode {
            Mode::Pasv => {
                let reply = format!("227 Entering Passive Mode (198,51,100,2,{high},{low})");
                self.command(session, "PASV", &[&reply]);
            }
            Mode::Epsv => {
                let reply = format!("229 Entering Extended Passive Mode (|||{port}|)");
                self.command(session, "EPSV", &[&reply]);
            }
            Mode::Port => {
                self.command(session, &format!("PORT 198,51,100,1,{high},{low}"), &["200 ok"]);
                return format!("S:20 -> C:{port}");
            }
            Mode::Eprt => {
                self.command(session, &format!("EPRT |1|198.51.100.1|{port}|"), &["200 ok"]);
                return format!("S:20 -> C:{port}");
            }
        }
        format!("C:{} -> S:{port}", port.wrapping_add(5000))
    }

    fn transfer(&mut self, session: usize, mode: Mode, size: u16, by: char) {
        let size = usize::from(size % 9000);
        let ends = self.negotiate(session, mode);
        let name = self.sessions[session].name;
        let path = format!("/f{}", self.port);
        let verb = if by == 'S' { "RETR" } else { "STOR" };
        self.command(session, &format!("{verb} {path}"), &["150 opening"]);
        self.line(&format!("data {ends}, {by} sends {size}"));
        self.line(&format!("{name} S: 226 done"));
        let sha256 = Sha256::digest(support::pattern(size)).into();
        self.sessions[session].moved.push(Moved { path, size, sha256 });
    }

    fn step(&mut self, session: usize, step: Step) {
        let name = self.sessions[session].name;
        match step {
            Step::Login => {
                self.command(session, "USER alice", &["331 password"]);
                self.command(session, "PASS secret", &["230 welcome"]);
            }
            Step::Noop => self.command(session, "NOOP", &["200 ok"]),
            Step::System => self.command(session, "SYST", &["215 UNIX Type: L8"]),
            Step::Features { lines } => {
                let lines: Vec<String> = (0..lines % 8).map(|line| format!("\\s211{line} FEAT")).collect();
                let mut replies = vec!["211-Features"];
                replies.extend(lines.iter().map(String::as_str));
                replies.push("211 End");
                self.command(session, "FEAT", &replies);
            }
            Step::Directory { depth } => {
                let path = "/d".repeat(usize::from(depth % 20) + 1);
                self.command(session, &format!("CWD {path}"), &["250 ok"]);
            }
            Step::Download { mode, size } => self.transfer(session, mode, size, 'S'),
            Step::Upload { mode, size } => self.transfer(session, mode, size, 'C'),
            Step::Missing { mode } => {
                self.negotiate(session, mode);
                self.command(session, "RETR none", &["550 no such file"]);
            }
            Step::Blocked { mode } => {
                let ends = self.negotiate(session, mode);
                self.command(session, "LIST", &[]);
                self.line(&format!("syn {ends}"));
                self.line(&format!("{name} S: 425 can't open data connection"));
            }
            Step::Refused { mode } => {
                let ends = self.negotiate(session, mode);
                self.command(session, "LIST", &[]);
                self.line(&format!("refused {ends}"));
                self.line(&format!("{name} S: 425 can't open data connection"));
            }
            Step::Unwanted { mode } => {
                self.negotiate(session, mode);
            }
            Step::Pipelined { count } => {
                for _ in 0..count % 9 {
                    self.command(session, "NOOP", &[]);
                }
                for _ in 0..count % 9 {
                    self.line(&format!("{name} S: 200 ok"));
                }
            }
            Step::Long { length } => {
                let name = "n".repeat(usize::from(length % 3000));
                self.command(session, &format!("MKD /{name}"), &["257 created"]);
            }
            Step::Idle { seconds } => self.line(&format!("wait {}", seconds % 90)),
        }
    }

    fn end(&mut self) {
        for session in 0..self.sessions.len() {
            self.command(session, "QUIT", &["221 bye"]);
            let name = self.sessions[session].name;
            self.line(&format!("{name} end S"));
        }
    }
}

/// Whatever an honest dialogue is, however it is cut, and whoever else is on the wire: its sessions are
/// there. Unless packets were lost, so are all its commands, and every transfer with its size and sum, linked
/// to its connection.
pub(crate) fn hold(input: &[u8]) {
    let mut input = Unstructured::new(input);
    // What runs out of input is over.
    let _ = play(&mut input);
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let fate: Fate = input.arbitrary()?;
    let strangers: Vec<(u16, u8)> =
        (0..input.int_in_range(0..=12_u8)?).map(|_| input.arbitrary()).collect::<Result<_>>()?;
    let is_cut: bool = input.arbitrary()?;
    let mut teller = Teller::new(input.int_in_range(1..=2)?);
    let sessions = teller.sessions.len();
    for _ in 0..input.int_in_range(1..=MOST_STEPS)? {
        let session = usize::from(input.arbitrary::<u8>()?) % sessions;
        let step = input.arbitrary()?;
        teller.step(session, step);
    }
    teller.end();
    let mut seed = input.arbitrary::<u64>()?;
    let mut packets = if is_cut {
        support::packets_cut(&teller.script, &mut |left| (1 + draw(&mut seed) % 90).min(left))
    } else {
        support::packets(&teller.script)
    };
    teller.line(&format!("# packets: {fate:?}"));
    befall(&mut packets, fate, &mut seed);
    let mut strange = Vec::new();
    for &(place, kind) in strangers.iter().filter(|_| !packets.is_empty()) {
        let behind = usize::from(place) % packets.len();
        teller.line(&format!("# a stranger's packet of kind {} behind packet {}", kind % 6, behind + 1));
        strange.push((behind, stranger(&packets[behind], usize::from(place), kind % 6)));
    }
    // From the last place on, so that the places before it stay what they are.
    strange.sort_by_key(|&(behind, _)| std::cmp::Reverse(behind));
    for (behind, packet) in strange {
        packets.insert(behind + 1, packet);
    }
    let report = support::report(&packets, Options::default());
    whole::consistent(&report, &Options::default());
    check(&report, &teller, fate, !strangers.is_empty());
    Ok(())
}

/// The next of a row of numbers that look like chance (xorshift).
fn draw(seed: &mut u64) -> usize {
    *seed |= 1;
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 33) as usize
}

/// Whether a packet is one that opens or closes: its neighbours keep their places.
fn is_plain(packet: &Packet) -> bool {
    const FLAGS: usize = 14 + 20 + 13;
    const FIN_SYN_RST: u8 = 7;
    packet.bytes.get(FLAGS).is_some_and(|flags| flags & FIN_SYN_RST == 0)
}

fn befall(packets: &mut Vec<Packet>, fate: Fate, seed: &mut u64) {
    let last = packets.len() - 1;
    match fate {
        Fate::Nothing => {}
        Fate::Copies => {
            for _ in 0..=packets.len() / 8 {
                let at = draw(seed) % packets.len();
                let mut copy = packets[at].clone();
                copy.time += 1000;
                packets.insert(at + 1, copy);
            }
        }
        Fate::Swaps => {
            let mut at = 0;
            while at < last {
                let (one, other) = (&packets[at], &packets[at + 1]);
                if draw(seed).is_multiple_of(5) && is_plain(one) && is_plain(other) {
                    let time = one.time;
                    packets.swap(at, at + 1);
                    packets[at].time = time;
                    packets[at + 1].time = time + 1;
                    at += 1;
                }
                at += 1;
            }
        }
        Fate::Losses => {
            let one_of = 2 + draw(seed) % 20;
            packets.retain(|_| !draw(seed).is_multiple_of(one_of));
        }
    }
}

/// A packet like this one of somebody who has no part in the dialogue; some pretend to.
fn stranger(honest: &Packet, place: usize, kind: u8) -> Packet {
    let mut packet = honest.clone();
    // Past Ethernet (14 bytes) and IPv4 (20): the TCP header.
    match kind {
        // Another client of the same server.
        0 => packet.bytes[14 + 12..14 + 16].copy_from_slice(&[10, 9, 8, 7]),
        // A port scan.
        1 => {
            packet.bytes[14 + 12..14 + 16].copy_from_slice(&[10, 9, 8, 7]);
            packet.bytes[14 + 20 + 13] = 2;
        }
        // A blind guess at the sequence number, with any flag but SYN.
        2 => {
            packet.bytes[14 + 20 + 4] ^= 0x40;
            packet.bytes[14 + 20 + 13] &= !2;
        }
        // A blind reset.
        3 => {
            packet.bytes[14 + 20 + 4] ^= 0x40;
            packet.bytes[14 + 20 + 13] = 4;
        }
        // Not even TCP.
        4 => packet.bytes[14 + 9] = 17,
        _ => packet.bytes.truncate(place % 40),
    }
    packet.time += 10;
    packet
}

fn check(report: &Report, teller: &Teller, fate: Fate, strangers: bool) {
    let honest: Vec<&Session> = report.sessions.iter().filter(|session| is_honest(session)).collect();
    if fate == Fate::Losses {
        // A session of which all but silence was lost can't be there.
        assert!(honest.len() <= teller.sessions.len() * 2, "{}", teller.script);
        return;
    }
    assert_eq!(honest.len(), teller.sessions.len(), "sessions are missing\n{}", teller.script);
    for (session, told) in honest.into_iter().zip(&teller.sessions) {
        let commands: Vec<(String, Option<String>)> = session.commands.iter().map(said).collect();
        let expected: Vec<(String, Option<String>)> = told.commands.iter().map(hidden).collect();
        assert_eq!(commands, expected, "of session {}\n{}", told.name, teller.script);
        // A stranger may have connected to an announced endpoint.
        let channels = session.data_channels.len();
        let enough = channels == told.channels || strangers && channels > told.channels;
        assert!(
            enough,
            "{channels} channels of session {}, not {}\n{}",
            told.name, told.channels, teller.script
        );
        for moved in &told.moved {
            let transfer = session
                .transfers
                .iter()
                .find(|transfer| transfer.path.as_ref().is_some_and(|path| path.raw() == moved.path))
                .unwrap_or_else(|| panic!("{moved:?} is missing\n{}", teller.script));
            let what = (transfer.bytes, transfer.missing_bytes, transfer.status);
            assert_eq!(what, (Some(moved.size as u64), 0, Status::Complete), "{moved:?}\n{}", teller.script);
            assert_eq!(transfer.sha256, Some(moved.sha256), "{moved:?}\n{}", teller.script);
            let channel = transfer.data_channel.and_then(|index| session.data_channel(index));
            let linked = channel.map(|channel| (channel.outcome(), channel.matched_by()));
            let expected = Some((Some(Outcome::Connected), Some(MatchedBy::Endpoint)));
            assert_eq!(linked, expected, "{moved:?}\n{}", teller.script);
        }
    }
}

/// Whether this is a session of the dialogue and not a stranger's.
fn is_honest(session: &Session) -> bool {
    session.client.ip.to_string() == "198.51.100.1" && session.server.to_string() == "198.51.100.2:21"
}

fn said(command: &ftpscope::report::Command) -> (String, Option<String>) {
    let argument =
        command.argument.as_ref().map(|_| command.text().map_or("***", |text| text.raw()).to_owned());
    (command.verb.name().to_owned(), argument)
}

fn hidden((verb, argument): &(String, Option<String>)) -> (String, Option<String>) {
    let argument = if verb == "PASS" { Some("***".to_owned()) } else { argument.clone() };
    (verb.clone(), argument)
}
