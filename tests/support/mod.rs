//! Conversations written as text, made into frames and analysed.
//!
//! One step a line; `C`, `S`, `T` and `X` are hosts, `A` is the session that needs no name:
//!
//! ```text
//! host S 192.0.2.2                 gives a host another address
//! session B C:40002 -> T:21        a further control connection; its lines begin with its name
//! C: RETR f                        a line of the client, and so for the server; B C: and B S: in session B
//! C+ USER a\r\nPASS b\r\n          bytes as they are, in one segment
//! end C                            the client closes the control connection first; B end C in session B
//! data C:41000 -> S:50000, S sends 1000      a whole data connection; the sender closes first
//! syn C:41000 -> S:50000           a SYN, and no answer
//! refused C:41000 -> S:50000       a SYN, answered by RST
//! challenged C:41000 -> S:50000    a SYN, answered by a plain ACK
//! open C:41000 -> S:50000          a data connection in pieces: its handshake,
//! send S 1000                      bytes on the one opened last, of a pattern,
//! put S \x80\x00\x01a              or as they are,
//! close S, reset S                 and its end, named by who closes first
//! hello C, hello S, sealed C 100   TLS records on the connection that was opened or spoke last
//! acks C -1                        from now on acknowledgements of what C says are so many bytes off
//! wait 2                           seconds pass
//! lost ...                         any of these, but its packets are missing from the capture
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a script is a test's own, and one that is wrong fails it"
)]

pub(crate) mod told;

use std::collections::HashMap;
use std::net::IpAddr;

use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use ftpscope::analyzer::{Analyzer, Options};
use ftpscope::base::{Endpoint, FrameNumber, PacketRef, Timestamp};
use ftpscope::decode::{Frame, LinkType};
use ftpscope::report::Report;

/// Most bytes of one segment.
const SEGMENT: usize = 1400;
const MILLISECOND: i64 = 1_000_000;
/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000_000_000;

/// A captured Ethernet frame.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) time: i64,
    pub(crate) bytes: Vec<u8>,
}

/// Analyses the conversation that `script` tells.
pub(crate) fn analyse(script: &str) -> Report {
    report(&packets(script), Options::default())
}

/// Analyses packets in the order in which they stand.
pub(crate) fn report(packets: &[Packet], options: Options) -> Report {
    let mut analyzer = Analyzer::new(options);
    for (packet, frame) in packets.iter().zip(1..) {
        feed(&mut analyzer, packet, frame);
    }
    analyzer.report(Vec::new())
}

/// Has a packet analysed.
pub(crate) fn feed(analyzer: &mut Analyzer, packet: &Packet, frame: u64) {
    analyzer.feed(&Frame {
        packet: PacketRef { time: Timestamp::from_nanos(packet.time), frame: FrameNumber(frame) },
        link: LinkType::ETHERNET,
        bytes: &packet.bytes,
        wire_len: u32::try_from(packet.bytes.len()).unwrap(),
        source: 0,
        quick: None,
    });
}

/// The packets of the conversation that `script` tells, every line in a segment of its own.
pub(crate) fn packets(script: &str) -> Vec<Packet> {
    World::new(None).tell(script)
}

/// The same, but what one side says before the other says anything is one piece, and `cut` tells how many of
/// the bytes that are left of it go into its next segment.
pub(crate) fn packets_cut(script: &str, cut: &mut dyn FnMut(usize) -> usize) -> Vec<Packet> {
    World::new(Some(cut)).tell(script)
}

/// One TCP connection: the side that opens it is 0, the other 1.
struct Flow {
    ends: [Endpoint; 2],
    /// The sequence number that each side sends next.
    next: [u32; 2],
    /// How far acknowledgements of what each side sends are off.
    off: [i32; 2],
}

impl Flow {
    fn side(&self, ip: IpAddr) -> usize {
        self.ends.iter().position(|end| end.ip == ip).expect("the host is an end of the connection")
    }
}

/// Control bytes that wait to be cut into segments: of one side of one flow.
struct Unsent {
    flow: usize,
    side: usize,
    bytes: Vec<u8>,
    lost: bool,
}

struct World<'a> {
    cut: Option<&'a mut dyn FnMut(usize) -> usize>,
    hosts: HashMap<String, IpAddr>,
    sessions: HashMap<String, usize>,
    flows: Vec<Flow>,
    /// The data connection that was opened last.
    data: usize,
    /// The connection that was opened or spoke last.
    spoke: usize,
    unsent: Option<Unsent>,
    lost: bool,
    now: i64,
    packets: Vec<Packet>,
}

impl<'a> World<'a> {
    fn new(cut: Option<&'a mut dyn FnMut(usize) -> usize>) -> Self {
        let hosts =
            [("C", "198.51.100.1"), ("S", "198.51.100.2"), ("T", "198.51.100.3"), ("X", "203.0.113.9")];
        Self {
            cut,
            hosts: hosts.map(|(name, ip)| (name.to_owned(), ip.parse().unwrap())).into(),
            sessions: HashMap::new(),
            flows: Vec::new(),
            data: 0,
            spoke: 0,
            unsent: None,
            lost: false,
            now: BEGIN,
            packets: Vec::new(),
        }
    }

    fn tell(mut self, script: &str) -> Vec<Packet> {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.step(line);
        }
        self.flush();
        self.packets
    }

    /// Does what one line of the script tells.
    fn step(&mut self, line: &str) {
        let (lost, line) = line.strip_prefix("lost ").map_or((false, line), |line| (true, line));
        let (session, line) = match line.split_once(' ') {
            Some((name, rest)) if self.sessions.contains_key(name) => (name, rest),
            _ => ("A", line),
        };
        if let Some((host, bytes)) = said(line) {
            self.say(session, host, bytes, lost);
            return;
        }
        self.flush();
        self.lost = lost;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "host" => {
                let (name, ip) = rest.split_once(' ').unwrap();
                self.hosts.insert(name.to_owned(), ip.parse().unwrap());
            }
            "session" => {
                let (name, ends) = rest.split_once(' ').unwrap();
                let flow = self.open(ends);
                self.sessions.insert(name.to_owned(), flow);
            }
            "acks" => {
                let (host, bytes) = rest.split_once(' ').unwrap();
                let flow = self.session(session, lost);
                let side = self.flows[flow].side(self.hosts[host]);
                self.flows[flow].off[side] = bytes.parse().unwrap();
            }
            "wait" => self.now += rest.parse::<i64>().unwrap() * 1000 * MILLISECOND,
            "end" => {
                let flow = self.session(session, lost);
                self.close(flow, rest);
            }
            "hello" | "sealed" if session != "A" => {
                self.spoke = self.session(session, lost);
                self.data_step(word, rest);
            }
            _ => self.data_step(word, rest),
        }
        self.lost = false;
    }

    /// A step on a data connection, or of TLS.
    fn data_step(&mut self, word: &str, rest: &str) {
        match word {
            "open" => self.data = self.open(rest),
            "syn" => {
                let flow = self.flow(rest);
                self.packet(flow, 0, |tcp| tcp.syn = true, &[]);
            }
            "refused" => {
                let flow = self.flow(rest);
                self.packet(flow, 0, |tcp| tcp.syn = true, &[]);
                self.flows[flow].next[0] += 1;
                self.packet(flow, 1, |tcp| (tcp.rst, tcp.ack) = (true, true), &[]);
            }
            "challenged" => {
                let flow = self.flow(rest);
                self.packet(flow, 0, |tcp| tcp.syn = true, &[]);
                self.packet(flow, 1, |tcp| tcp.ack = true, &[]);
            }
            "data" => {
                let (ends, what) = rest.split_once(", ").unwrap();
                let (host, count) = what.split_once(" sends ").unwrap();
                self.data = self.open(ends);
                self.send(self.data, host, &pattern(count.parse().unwrap()));
                self.close(self.data, host);
            }
            "send" => {
                let (host, count) = rest.split_once(' ').unwrap();
                self.send(self.data, host, &pattern(count.parse().unwrap()));
            }
            "put" => {
                let (host, text) = rest.split_once(' ').unwrap();
                self.send(self.data, host, &unescaped(text));
            }
            "close" => self.close(self.data, rest),
            "reset" => {
                let side = self.flows[self.data].side(self.hosts[rest]);
                self.packet(self.data, side, |tcp| (tcp.rst, tcp.ack) = (true, true), &[]);
            }
            "hello" => self.send(self.spoke, rest, &hello(rest == "C")),
            "sealed" => {
                let (host, count) = rest.split_once(' ').unwrap();
                self.send(self.spoke, host, &record(23, &pattern(count.parse().unwrap())));
            }
            _ => panic!("no such step: {word} {rest}"),
        }
    }

    /// Lets a side of a session say something: at once, or with what it says next where it is cut anew.
    fn say(&mut self, session: &str, host: &str, bytes: Vec<u8>, lost: bool) {
        let flow = self.session(session, lost);
        let side = self.flows[flow].side(self.hosts[host]);
        match &mut self.unsent {
            Some(unsent) if (unsent.flow, unsent.side, unsent.lost) == (flow, side, lost) => {
                unsent.bytes.extend(bytes);
            }
            _ => {
                self.flush();
                self.unsent = Some(Unsent { flow, side, bytes, lost });
            }
        }
        if self.cut.is_none() {
            self.flush();
        }
    }

    /// Sends the control bytes that wait.
    fn flush(&mut self) {
        let Some(Unsent { flow, side, mut bytes, lost }) = self.unsent.take() else { return };
        self.lost = lost;
        while !bytes.is_empty() {
            let wanted = self.cut.as_mut().map_or(SEGMENT, |cut| cut(bytes.len()));
            let rest = bytes.split_off(wanted.clamp(1, SEGMENT).min(bytes.len()));
            self.segment(flow, side, &bytes);
            bytes = rest;
        }
        self.lost = false;
    }

    /// The flow of a session; the first one opens by itself, and unseen where its first line is lost.
    fn session(&mut self, name: &str, lost: bool) -> usize {
        if let Some(&flow) = self.sessions.get(name) {
            return flow;
        }
        self.lost = lost;
        let flow = self.open("C:40000 -> S:21");
        self.lost = false;
        self.sessions.insert(name.to_owned(), flow);
        flow
    }

    fn endpoint(&self, text: &str) -> Endpoint {
        let (host, port) = text.split_once(':').unwrap();
        Endpoint::new(self.hosts[host], port.parse().unwrap())
    }

    /// A new flow between these ends; its numbers lie above those of all flows before it.
    fn flow(&mut self, ends: &str) -> usize {
        let (from, to) = ends.split_once(" -> ").unwrap();
        let number = u32::try_from(self.flows.len()).unwrap();
        let first = 1_000_000_u32.wrapping_mul(number).wrapping_add(5000);
        self.flows.push(Flow {
            ends: [self.endpoint(from), self.endpoint(to)],
            next: [first, first.wrapping_add(500_000)],
            off: [0, 0],
        });
        self.flows.len() - 1
    }

    fn open(&mut self, ends: &str) -> usize {
        let flow = self.flow(ends);
        self.spoke = flow;
        self.packet(flow, 0, |tcp| tcp.syn = true, &[]);
        self.flows[flow].next[0] += 1;
        self.packet(flow, 1, |tcp| (tcp.syn, tcp.ack) = (true, true), &[]);
        self.flows[flow].next[1] += 1;
        self.packet(flow, 0, |tcp| tcp.ack = true, &[]);
        flow
    }

    fn send(&mut self, flow: usize, host: &str, bytes: &[u8]) {
        let side = self.flows[flow].side(self.hosts[host]);
        for piece in bytes.chunks(SEGMENT) {
            self.segment(flow, side, piece);
        }
    }

    /// A segment and its acknowledgement.
    fn segment(&mut self, flow: usize, side: usize, bytes: &[u8]) {
        self.spoke = flow;
        self.packet(flow, side, |tcp| (tcp.psh, tcp.ack) = (true, true), bytes);
        let length = u32::try_from(bytes.len()).unwrap();
        let next = &mut self.flows[flow].next[side];
        *next = next.wrapping_add(length);
        self.packet(flow, 1 - side, |tcp| tcp.ack = true, &[]);
    }

    /// Both sides close, `host` first.
    fn close(&mut self, flow: usize, host: &str) {
        let side = self.flows[flow].side(self.hosts[host]);
        for side in [side, 1 - side] {
            self.packet(flow, side, |tcp| (tcp.fin, tcp.ack) = (true, true), &[]);
            self.flows[flow].next[side] += 1;
        }
        self.packet(flow, side, |tcp| tcp.ack = true, &[]);
    }

    /// One packet, a millisecond after the one before.
    fn packet(&mut self, flow: usize, side: usize, flags: impl FnOnce(&mut TcpHeader), payload: &[u8]) {
        self.now += MILLISECOND;
        if self.lost {
            return;
        }
        let Flow { ends, next, off } = &self.flows[flow];
        let (from, to) = (ends[side], ends[1 - side]);
        let mut tcp = TcpHeader::new(from.port, to.port, next[side], 64_000);
        flags(&mut tcp);
        if tcp.ack {
            tcp.acknowledgment_number = next[1 - side].wrapping_add_signed(off[1 - side]);
        }
        let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let ip: PacketBuilderStep<_> = match (from.ip, to.ip) {
            (IpAddr::V4(from), IpAddr::V4(to)) => ethernet.ipv4(from.octets(), to.octets(), 64),
            (IpAddr::V6(from), IpAddr::V6(to)) => ethernet.ipv6(from.octets(), to.octets(), 64),
            _ => panic!("{from} and {to} are of two families"),
        };
        let builder = ip.tcp_header(tcp);
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut bytes, payload).unwrap();
        self.packets.push(Packet { time: self.now, bytes });
    }
}

/// Who says what on a control connection, if that is what a line of the script is.
fn said(line: &str) -> Option<(&str, Vec<u8>)> {
    let (host, rest) = line.split_at_checked(1)?;
    if let Some(text) = rest.strip_prefix(": ").or((rest == ":").then_some("")) {
        return Some((host, [&unescaped(text), b"\r\n".as_slice()].concat()));
    }
    Some((host, unescaped(rest.strip_prefix("+ ")?)))
}

/// `\r`, `\n`, `\t`, `\\`, `\s` (a blank at an end) and `\xNN` become bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut pieces = text.split('\\');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    while let Some(piece) = pieces.next() {
        let (byte, rest) = match piece.chars().next() {
            Some('r') => (b'\r', &piece[1..]),
            Some('n') => (b'\n', &piece[1..]),
            Some('t') => (b'\t', &piece[1..]),
            Some('s') => (b' ', &piece[1..]),
            Some('x') => (u8::from_str_radix(&piece[1..3], 16).unwrap(), &piece[3..]),
            None => (b'\\', pieces.next().unwrap_or_default()),
            Some(other) => panic!("no such escape: \\{other}"),
        };
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

/// Lines of letters, as TYPE A moves them, that differ from each other.
pub(crate) fn pattern(count: usize) -> Vec<u8> {
    let letter = |at: usize| match at % 64 {
        62 => b'\r',
        63 => b'\n',
        column => b"abcdefghijklmnopqrstuvwxyz"[(column * 7 + at / 64) % 26],
    };
    (0..count).map(letter).collect()
}

/// A TLS record.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [[kind, 3, 3, length[0], length[1]].as_slice(), body].concat()
}

/// The record of a ClientHello or ServerHello, as small as they may be.
fn hello(by_client: bool) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(pattern(32));
    body.push(0);
    // TLS_AES_128_GCM_SHA256; the client lists it and offers no compression.
    body.extend(if by_client { [0, 2, 0x13, 1, 1, 0].as_slice() } else { [0x13, 1, 0].as_slice() });
    body.extend([0, 0]);
    let length = u8::try_from(body.len()).unwrap();
    record(22, &[[u8::from(!by_client) + 1, 0, 0, length].as_slice(), &body].concat())
}
