//! Lets the program read a flood, and measures it: what it reports of the honest, how much memory and time it
//! takes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::wire::Wire;
use crate::{pcap_file, support};

/// What an honest client does while others flood the wire.
const HONEST: &str = "
    session A C:40000 -> S:21
    S: 220 ready
    C: USER alice
    S: 331 password
    C: PASS secret
    S: 230 welcome
    C: PASV
    S: 227 Entering Passive Mode (198,51,100,2,195,80)
    C: RETR /first
    S: 150 opening
    data C:41000 -> S:50000, S sends 20000
    S: 226 done
    C: CWD /d
    S: 250 ok
    C: PORT 198,51,100,1,195,81
    S: 200 ok
    C: STOR /second
    S: 150 opening
    data S:20 -> C:50001, C sends 30000
    S: 226 done
    C: EPSV
    S: 229 Entering Extended Passive Mode (|||50002|)
    C: RETR /third
    S: 150 opening
    data C:41002 -> S:50002, S sends 40000
    S: 226 done
    C: QUIT
    S: 221 bye
    end S
";

const MOVED: [(&str, usize); 3] = [("/first", 20_000), ("/second", 30_000), ("/third", 40_000)];

/// The script of another honest client.
fn later() -> String {
    let lines = HONEST.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines = lines.map(|line| match line.split_once(' ') {
        Some(("C:" | "S:" | "end", _)) => format!("B {line}\n"),
        _ => format!("{line}\n"),
    });
    let mut script = format!("host C {LATER}\n{}", lines.collect::<String>());
    for (one, other) in [
        ("session A C:40000", "session B C:40100"),
        ("198,51,100,1,", "198,51,100,7,"),
        ("(198,51,100,2,195,80)", "(198,51,100,2,195,90)"),
        ("195,81", "195,91"),
        ("50000", "50010"),
        ("50001", "50011"),
        ("50002", "50012"),
    ] {
        assert!(script.contains(one), "{one}");
        script = script.replace(one, other);
    }
    script
}

/// The address of the honest client whose session lasts as long as the flood, and of the one that comes when
/// it is at its highest.
const CONSTANT: &str = "198.51.100.1";
const LATER: &str = "198.51.100.7";

/// Whether floods have their full size: `FTPSCOPE_FLOODS` names the program that is to stand them. Without it
/// they are a tenth of it, for the program as it is built for tests.
pub(crate) fn program() -> (String, bool) {
    match std::env::var("FTPSCOPE_FLOODS") {
        Ok(program) if !program.is_empty() => (program, true),
        _ => (env!("CARGO_BIN_EXE_ftpscope").to_owned(), false),
    }
}

/// `count` things, or as many of them as the size of floods allows.
pub(crate) fn scaled(count: u64) -> u64 {
    if program().1 { count } else { count / 10 }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The honest sessions by their clients.
    pub(crate) honest: BTreeMap<&'static str, Value>,
    /// All that belongs to no session.
    pub(crate) closing: Value,
    /// How many sessions there were.
    pub(crate) sessions: u64,
    /// Resident memory at its most, in MiB.
    pub(crate) peak: u64,
    /// Processor time, in seconds.
    pub(crate) seconds: f64,
    pub(crate) packets: u64,
}

impl Outcome {
    /// How often a cap was reached.
    pub(crate) fn limit(&self, name: &str) -> u64 {
        let limits = self.closing["capture"]["limits"].as_array().unwrap();
        limits.iter().find(|limit| limit["name"] == name).map_or(0, |limit| limit["count"].as_u64().unwrap())
    }

    /// The honest sessions are there, with all their commands, and every transfer with its size, sum and
    /// connection.
    pub(crate) fn holds_the_honest(&self) {
        for client in [CONSTANT, LATER] {
            println!("the session of {client}");
            is_whole(self.honest.get(client).expect("an honest session is lost"));
        }
    }
}

/// All commands are there, and every transfer with its size, sum and connection.
fn is_whole(session: &Value) {
    let verbs: Vec<&str> =
        session["commands"].as_array().unwrap().iter().map(|one| one["verb"].as_str().unwrap()).collect();
    let expected = ["USER", "PASS", "PASV", "RETR", "CWD", "PORT", "STOR", "EPSV", "RETR", "QUIT"];
    assert_eq!(verbs, expected);
    assert_eq!((session["login"].as_str(), session["end_state"].as_str()), (Some("accepted"), Some("fin")));
    for (transfer, (path, size)) in session["transfers"].as_array().unwrap().iter().zip(MOVED) {
        assert_eq!(transfer["path"], path);
        assert_eq!((&transfer["bytes"], &transfer["status"]), (&size.into(), &"complete".into()));
        let sum = Sha256::digest(support::pattern(size));
        assert_eq!(transfer["sha256"], format!("{sum:x}"));
        let channel = &session["data_channels"][transfer["data_channel"].as_u64().unwrap() as usize];
        assert_eq!((&channel["outcome"], &channel["matched_by"]), (&"connected".into(), &"endpoint".into()));
    }
    assert_eq!(session["transfers"].as_array().map(Vec::len), Some(MOVED.len()));
}

/// An honest session's packets, dealt out over a flood.
struct Honest {
    packets: Vec<support::Packet>,
    next: usize,
}

impl Honest {
    fn new(script: &str) -> Self {
        Self { packets: support::packets(script), next: 0 }
    }

    /// Goes on until `part` of `whole` of them were on the wire.
    fn go_on(&mut self, part: u64, whole: u64, wire: &mut Wire<'_>) {
        let until = (self.packets.len() as u64).saturating_mul(part).checked_div(whole);
        let until = until.map_or(self.packets.len(), |until| until as usize);
        while self.next < until.min(self.packets.len()) {
            wire.frame(&self.packets[self.next].bytes);
            self.next += 1;
        }
    }
}

/// Writes the capture of a flood of `count` steps, with an honest session dealt out evenly between them, and
/// another one between the last of them; returns how many packets it has.
pub(crate) fn write(count: u64, step: &mut dyn FnMut(u64, &mut Wire<'_>), out: &mut dyn Write) -> u64 {
    pcap_file::begin(out).unwrap();
    let mut take = |time: i64, frame: &[u8]| {
        // The program may have seen enough.
        let _ = pcap_file::frame(out, time, frame);
    };
    let mut wire = Wire::new(&mut take);
    let (mut constant, mut later) = (Honest::new(HONEST), Honest::new(&later()));
    constant.go_on(1, 20, &mut wire);
    let most = count / 10 * 9;
    for number in 0..count {
        step(number, &mut wire);
        constant.go_on(number, count, &mut wire);
        later.go_on(number.saturating_sub(most), count - most, &mut wire);
    }
    constant.go_on(1, 1, &mut wire);
    later.go_on(1, 1, &mut wire);
    wire.packets
}

/// Runs the program with these options over a capture that `write` writes into its standard input.
pub(crate) fn with(options: &[&str], write: impl FnOnce(&mut dyn Write) -> u64) -> Outcome {
    let mut child = Command::new(program().0)
        .args(options)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.take().unwrap();
    let status = format!("/proc/{}", child.id());
    let (mut honest, mut closing, mut sessions) = (BTreeMap::new(), Value::Null, 0);
    let (mut peak, mut seconds) = (0, 0.0);
    let packets = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            // Both grow only, and are gone with the program: the last look is the best.
            let (mut peak, mut seconds) = (0, 0.0);
            while let Some((more, longer)) = look(&status) {
                (peak, seconds) = (more, longer);
                thread::sleep(Duration::from_millis(5));
            }
            (peak, seconds)
        });
        let reader = scope.spawn(|| {
            // A document is one line, and a session begins alike in all forms of JSON.
            for part in BufReader::new(stdout).split(b'\n').flat_map(|line| sessions_of(&line.unwrap())) {
                let Some(client) = client_of(&part) else {
                    closing = serde_json::from_slice(&part).unwrap();
                    continue;
                };
                sessions += 1;
                if let Some(client) = [CONSTANT, LATER].into_iter().find(|&honest| client == honest) {
                    let session = serde_json::from_slice(&part).unwrap();
                    assert!(honest.insert(client, session).is_none(), "an honest session is there twice");
                }
            }
        });
        let mut out = BufWriter::with_capacity(1 << 20, stdin);
        let packets = write(&mut out);
        let _ = out.flush();
        drop(out);
        reader.join().unwrap();
        child.wait().unwrap();
        (peak, seconds) = watcher.join().unwrap();
        packets
    });
    Outcome { honest, closing, sessions, peak, seconds, packets }
}

/// The objects of a line of JSON: the line itself, or of a whole document its sessions, and the rest as an
/// object.
fn sessions_of(line: &[u8]) -> Vec<Vec<u8>> {
    const BEGIN: &[u8] = b"\"sessions\":[";
    const END: &[u8] = b"}],\"capture\":";
    let find = |what: &[u8]| line.windows(what.len()).position(|window| window == what);
    let (Some(begin), Some(end)) = (find(BEGIN), find(END)) else { return vec![line.to_vec()] };
    let rest = [b"{", &line[end + 3..]].concat();
    let sessions = &line[begin + BEGIN.len()..=end];
    let mut starts: Vec<usize> = memchr::memmem::find_iter(sessions, b"{\"uid\":\"").collect();
    starts.push(sessions.len() + 1);
    let sessions = starts.windows(2).map(|pair| sessions[pair[0]..pair[1] - 1].to_vec());
    sessions.chain([rest]).collect()
}

/// The client of a session; none where it is something else.
fn client_of(object: &[u8]) -> Option<String> {
    let begin = String::from_utf8_lossy(&object[..object.len().min(300)]).into_owned();
    let rest = begin.strip_prefix("{\"uid\":")?.split_once("\"client\":{\"ip\":\"")?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Memory at its most in MiB, and processor time in seconds, of a program that runs.
fn look(process: &str) -> Option<(u64, f64)> {
    let status = fs::read_to_string(format!("{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
    let stat = fs::read_to_string(format!("{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    // User and system time, in hundredths of a second.
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some((peak / 1024, ticks as f64 / 100.0))
}

/// Runs the flood that `make` begins whole, and a quarter of it, and holds that the honest session stands
/// both, that memory stays below `most` MiB, and that the time grows as the packets do: four times the
/// packets, and not sixteen times the time.
pub(crate) fn stands<S: FnMut(u64, &mut Wire<'_>)>(count: u64, most: u64, make: impl Fn() -> S) -> Outcome {
    stands_as(&["--format", "jsonl"], count, most, make)
}

/// The same of the program with these options.
pub(crate) fn stands_as<S: FnMut(u64, &mut Wire<'_>)>(
    options: &[&str],
    count: u64,
    most: u64,
    make: impl Fn() -> S,
) -> Outcome {
    let run = |count: u64| with(options, |out| write(count, &mut make(), out));
    let quarter = run(count / 4);
    let whole = run(count);
    for (name, outcome) in [("a quarter", &quarter), ("all", &whole)] {
        println!(
            "{name}: {} packets, {} sessions, {} MiB, {} s, limits {}",
            outcome.packets,
            outcome.sessions,
            outcome.peak,
            outcome.seconds,
            outcome.closing["capture"]["limits"]
        );
        outcome.holds_the_honest();
        assert!(outcome.peak <= most, "{} MiB", outcome.peak);
    }
    let times = whole.packets as f64 / quarter.packets as f64;
    // Half a second more is noise.
    assert!(
        whole.seconds <= quarter.seconds * times * 2.0 + 0.5,
        "{} s for {} packets, but {} s for {}",
        quarter.seconds,
        quarter.packets,
        whole.seconds,
        whole.packets
    );
    whole
}
