//! Packets written as text, and a sink that writes down what it is told.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::base::{Endpoint, FrameNumber, Limits, PacketRef, TimeDelta, Timestamp};
use crate::decode::{Checksum, Flags, Segment, SegmentError};
use crate::report::{EndState, FirstClose, IcmpError, IcmpMessage, IcmpVersion};
use crate::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Onset, Side, Sink, Stream, Table};

/// What a sink answers when it is asked.
#[derive(Clone, Copy)]
pub(super) struct Wishes {
    pub opened: Interest,
    pub probed: Interest,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { opened: Interest::Follow, probed: Interest::Follow }
    }
}

/// A sink that writes down what it is told, and holds the table to its word: bytes and gaps follow on each
/// other.
#[derive(Default)]
pub(super) struct Recorder {
    pub wishes: Wishes,
    /// What is said of all connections.
    pub is_dialogue: bool,
    /// One line for each call.
    pub log: Vec<String>,
    /// Connections that ended, and how.
    pub ended: Vec<(Connection, Ending)>,
    /// The names of all connections, in the order in which they were opened.
    pub opened: Vec<ConnectionId>,
    next: HashMap<(ConnectionId, Side), u64>,
}

fn letter(side: Side) -> char {
    match side {
        Side::Originator => 'o',
        Side::Responder => 'r',
    }
}

impl Recorder {
    fn goes_on(&mut self, id: ConnectionId, side: Side, offset: u64, len: u64) {
        if let Some(&next) = self.next.get(&(id, side)) {
            assert_eq!(next, offset, "what is told of {id:?} {side:?} must follow on what came before");
        }
        self.next.insert((id, side), offset + len);
    }

    /// The log's lines that begin with this word, joined.
    pub(super) fn of(&self, word: &str) -> String {
        let lines: Vec<&str> = self.log.iter().filter_map(|line| line.strip_prefix(word)).collect();
        lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(", ")
    }

    /// All connections that ended, one line each.
    pub(super) fn facts(&self) -> Vec<String> {
        self.ended.iter().map(|(connection, _)| facts(connection)).collect()
    }
}

impl Sink for Recorder {
    fn opened(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        self.opened.push(id);
        self.log.push(format!("opened by {}", connection.first.frame));
        self.wishes.opened
    }

    fn probed(&mut self, _: ConnectionId, _: &Connection, side: Side, bytes: &[u8]) -> Interest {
        self.log.push(format!("probed {} {}", letter(side), String::from_utf8_lossy(bytes)));
        self.wishes.probed
    }

    fn data(&mut self, id: ConnectionId, _: &Connection, chunk: Chunk<'_>) {
        assert!(!chunk.bytes.is_empty());
        self.goes_on(id, chunk.side, chunk.offset, chunk.bytes.len() as u64);
        let text = String::from_utf8_lossy(chunk.bytes);
        let lead = if chunk.leads_segment { "" } else { "..." };
        self.log.push(format!("data {}{} {lead}{text}", letter(chunk.side), chunk.offset));
        self.log.push(format!("from {}", chunk.packet.frame));
        self.log.push(format!("acked {}", chunk.acked.map_or("-".to_owned(), |acked| acked.to_string())));
    }

    fn gap(&mut self, id: ConnectionId, _: &Connection, gap: Gap) {
        assert!(gap.len > 0);
        self.goes_on(id, gap.side, gap.offset, gap.len);
        let lost = if gap.is_received { "" } else { " lost" };
        self.log.push(format!("gap {}{}+{}{lost}", letter(gap.side), gap.offset, gap.len));
    }

    fn is_dialogue(&self, _: ConnectionId) -> bool {
        self.is_dialogue
    }

    fn changed(&mut self, _: ConnectionId, connection: &Connection) {
        self.log.push(format!("changed at {}", connection.last.frame));
    }

    fn ended(&mut self, id: ConnectionId, connection: &Connection, ending: Ending) {
        self.log.push(format!("ended {ending:?}"));
        self.next.retain(|&(known, _), _| known != id);
        self.ended.push((connection.clone(), ending));
    }
}

/// A connection in one line: frames, how it began, how it ended, then each side's bytes. Nought is left out.
pub(super) fn facts(connection: &Connection) -> String {
    let mut line = format!("{}-{}", connection.first.frame, connection.last.frame);
    if connection.onset == Onset::MidStream {
        line.push_str(" mid-stream");
    } else {
        let _ = write!(line, " syn {}", connection.syn_attempts);
    }
    for (word, packet) in [
        ("up", connection.established),
        ("refused", connection.refused),
        ("challenged", connection.challenged),
    ] {
        if let Some(packet) = packet {
            let _ = write!(line, " {word} {}", packet.frame);
        }
    }
    line.push_str(match connection.end_state {
        EndState::Open => " open",
        EndState::Fin => " fin",
        EndState::Rst => " rst",
        EndState::Idle => " idle",
    });
    line.push_str(match connection.first_close {
        None => "",
        Some(FirstClose::Originator) => " by o",
        Some(FirstClose::Responder) => " by r",
        Some(FirstClose::Both) => " by both",
    });
    for error in &connection.icmp {
        let of = if error.quoted_sender == connection.originator { 'o' } else { 'r' };
        let _ = write!(line, " icmp {} of {of}", error.message.code);
    }
    for (name, stream) in [('o', &connection.from_originator), ('r', &connection.from_responder)] {
        if stream.bytes > 0 || stream.missing > 0 || stream.lost > 0 {
            let _ = write!(line, "; {name} {}", stream_facts(stream));
        }
    }
    line
}

fn stream_facts(stream: &Stream) -> String {
    let mut text = stream.bytes.to_string();
    for (word, count) in [
        ("missing", stream.missing),
        ("lost", stream.lost),
        ("again", stream.retransmitted),
        ("conflicting", stream.conflicting),
    ] {
        if count > 0 {
            let _ = write!(text, " {word} {count}");
        }
    }
    text
}

pub(super) fn client() -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 50_000)
}

pub(super) fn server() -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2)), 21)
}

pub(super) fn seconds(seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "times of tests are short")]
    Timestamp::from_nanos((seconds * 1e9) as i64)
}

/// A table at work.
pub(super) struct Stage {
    pub table: Table,
    pub told: Recorder,
    pub now: Timestamp,
    pub frame: FrameNumber,
}

impl Stage {
    pub(super) fn new(wishes: Wishes) -> Self {
        Self::with_limits(wishes, &Limits::default())
    }

    pub(super) fn with_limits(wishes: Wishes, limits: &Limits) -> Self {
        let told = Recorder { wishes, ..Recorder::default() };
        Self { table: Table::new(limits), told, now: seconds(1e9), frame: FrameNumber::NONE }
    }

    pub(super) fn wait(&mut self, seconds: f64) {
        self.now = self.now.plus(TimeDelta::from_seconds(seconds));
    }

    /// Plays packets, one a line, 10 ms apart:
    ///
    /// ```text
    /// c S 100              the client's SYN; flags of S A F R, or - for none
    /// s SA 900 101         sequence and acknowledgement number
    /// c A 101 901 hello    payload; x*1000 is a thousand of them
    /// c A 106 901 cut=50   the capture cut off 50 bytes behind the payload
    /// s A 901 156 ts=7     TSval
    /// s A 901 156 win=0    the window
    /// s R 901 hop=57       the hop limit
    /// c S 100 wscale       a SYN that offers to scale windows
    /// s A 901 101 sack=110-120   the range that is selectively acknowledged
    /// c A 101 901 x bad    a wrong checksum; all others are right
    /// c A 101 901 x card   a checksum that is left to the network card
    /// +2.5                 2.5 seconds pass
    /// same                 the last packet, captured again a microsecond later
    /// icmp c 100 13        destination unreachable with this code, of the client's segment with this sequence number
    /// ```
    pub(super) fn play(&mut self, script: &str) -> &mut Self {
        let mut last = "";
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(pause) = line.strip_prefix('+') {
                self.wait(pause.parse().expect("a number of seconds"));
            } else if let Some(about) = line.strip_prefix("icmp ") {
                self.wait(0.01);
                self.icmp(about);
            } else if line == "same" {
                self.wait(1e-6);
                self.packet(last);
            } else {
                self.wait(0.01);
                self.packet(line);
                last = line;
            }
        }
        self
    }

    fn packet(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let (source, destination) = match words.next() {
            Some("c") => (client(), server()),
            Some("s") => (server(), client()),
            other => panic!("nobody is called {other:?}"),
        };
        let flags = words.next().expect("flags");
        let mut number = || words.next().map(|word| word.parse::<u32>().expect("a number"));
        let seq = number().expect("a sequence number");
        let ack = flags.contains('A').then(|| number().expect("an acknowledgement number"));
        let mut payload = String::new();
        let (mut cut, mut timestamp) = (0, None);
        let (mut window, mut hop_limit) = (64_240, 64);
        let mut checksum = Checksum::Right;
        let mut options = Vec::new();
        for word in words {
            if let Some(bytes) = word.strip_prefix("cut=") {
                cut = bytes.parse().expect("a number of bytes");
            } else if let Some(value) = word.strip_prefix("ts=") {
                timestamp = Some(value.parse().expect("a TSval"));
            } else if let Some(value) = word.strip_prefix("win=") {
                window = value.parse().expect("a window");
            } else if let Some(value) = word.strip_prefix("hop=") {
                hop_limit = value.parse().expect("a hop limit");
            } else if word == "wscale" {
                options = vec![3, 3, 7, 0];
            } else if let Some((left, right)) = word.strip_prefix("sack=").and_then(|it| it.split_once('-')) {
                options = vec![1, 1, 5, 10];
                for edge in [left, right] {
                    options.extend(edge.parse::<u32>().expect("a sequence number").to_be_bytes());
                }
            } else if word == "bad" {
                checksum = Checksum::Wrong;
            } else if word == "card" {
                checksum = Checksum::Unfinished;
            } else if let Some((text, count)) = word.split_once('*') {
                payload = text.repeat(count.parse().expect("a count"));
            } else {
                word.clone_into(&mut payload);
            }
        }
        let flags = Flags { syn: flags.contains('S'), fin: flags.contains('F'), rst: flags.contains('R') };
        self.frame = self.frame.next();
        let packet = PacketRef { time: self.now, frame: self.frame };
        let mut header = vec![0; 20];
        header.extend(options);
        header[12] = u8::try_from(header.len() / 4).expect("a header") << 4;
        let mut segment = Segment {
            packet,
            source,
            destination,
            seq,
            ack,
            flags,
            window,
            timestamp,
            payload: payload.as_bytes(),
            cut,
            ip_len: u32::try_from(40 + payload.len()).expect("a packet") + cut,
            hop_limit,
            header: &[],
        };
        let stated = segment.checksum_that_says(&header, checksum);
        header[16..18].copy_from_slice(&stated);
        segment.header = &header;
        self.table.push(&segment, &mut self.told);
    }

    fn icmp(&mut self, about: &str) {
        let words: Vec<&str> = about.split_whitespace().collect();
        let &[who, seq, code] = &words[..] else { panic!("not an error: {about}") };
        let (source, destination) = if who == "c" { (client(), server()) } else { (server(), client()) };
        self.frame = self.frame.next();
        let code = code.parse().expect("a code");
        let error = IcmpError {
            time: self.now,
            frame: self.frame,
            from: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
            message: IcmpMessage { version: IcmpVersion::V4, kind: 3, code, mtu: None },
            quoted_sender: source,
        };
        let about = SegmentError { error, destination, seq: seq.parse().ok() };
        self.table.undelivered(&about, &mut self.told);
    }

    /// Lets time pass without packets.
    pub(super) fn advance(&mut self, seconds: f64) -> &mut Self {
        self.wait(seconds);
        self.table.advance(self.now, &mut self.told);
        self
    }

    pub(super) fn finish(&mut self) -> &Recorder {
        self.table.finish(&mut self.told);
        &self.told
    }
}

/// Plays a script to its end, every connection followed.
pub(super) fn play(script: &str) -> Recorder {
    let mut stage = Stage::new(Wishes::default());
    stage.play(script);
    stage.finish();
    stage.told
}

/// Plays scripts behind a handshake (client's first byte 101, server's 901), and compares what becomes of the
/// connection.
pub(super) fn check_established(rows: &[(&str, &str, &str)]) {
    for (name, script, expected) in rows {
        let told = play(&format!("c S 100\n s SA 900 101\n c A 101 901\n{script}"));
        assert_eq!(told.facts(), [*expected], "{name}");
    }
}
