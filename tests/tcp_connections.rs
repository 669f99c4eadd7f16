//! Holds the facts of TCP connections against the corpus's expectations, with no FTP in between.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at bad input, and says what it skipped"
)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TransportSlice};
use ftpscope::base::{Endpoint, FrameNumber, Limits, PacketRef, Timestamp};
use ftpscope::decode::{Flags, Segment};
use ftpscope::report::{EndState, FirstClose};
use ftpscope::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Onset, Side, Sink, Table};
use serde_json::Value;

/// Folders of whose captures most have TCP behind plain Ethernet, cooked or raw IP headers.
const FOLDERS: &[&str] = &[
    "torture/a-syntax",
    "torture/b-linking",
    "torture/c-timewait",
    "torture/d-tcp",
    "torture/e-formats",
    "torture/f-hostile",
    "real",
    "public",
];

/// Fragments, tunnels and rare link types are the decoder's business.
const SKIPPED: &[&str] = &["fragments-", "encap-", "link-"];

/// Facts that contradict others of the corpus: an RST that answers a challenge ACK is the old connection's,
/// and closes nothing that has just been tried (`torture/c-timewait/challenge-ack-active-mode`).
const DISPUTED: &[(&str, &str)] = &[("tw-challenged.pcap", "first_close")];

/// Keeps every connection when it ends, and checks that bytes come in order.
#[derive(Default)]
struct Recorder {
    next: HashMap<(ConnectionId, Side), u64>,
    ended: Vec<Connection>,
}

impl Recorder {
    fn goes_on(&mut self, id: ConnectionId, side: Side, offset: u64, len: u64) {
        let next = self.next.entry((id, side)).or_insert(offset);
        assert_eq!(*next, offset, "bytes of {id:?} {side:?} don't follow on what came before");
        *next += len;
    }
}

impl Sink for Recorder {
    fn opened(&mut self, _: ConnectionId, _: &Connection) -> Interest {
        Interest::Follow
    }

    fn probed(&mut self, _: ConnectionId, _: &Connection, _: Side, _: &[u8]) -> Interest {
        Interest::Follow
    }

    fn data(&mut self, id: ConnectionId, _: &Connection, chunk: Chunk<'_>) {
        self.goes_on(id, chunk.side, chunk.offset, chunk.bytes.len() as u64);
    }

    fn gap(&mut self, id: ConnectionId, _: &Connection, gap: Gap) {
        self.goes_on(id, gap.side, gap.offset, gap.len);
    }

    fn changed(&mut self, _: ConnectionId, _: &Connection) {}

    fn ended(&mut self, id: ConnectionId, connection: &Connection, _: Ending) {
        self.next.retain(|&(known, _), _| known != id);
        self.ended.push(connection.clone());
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Time, wire length, bytes.
type Record<'a> = (Timestamp, u32, &'a [u8]);

/// The records of a classic little-endian pcap file, and its link type.
fn records(file: &[u8]) -> Option<(u32, Vec<Record<'_>>)> {
    let per_tick = match number(file, 0) {
        0xa1b2_c3d4 => 1000,
        0xa1b2_3c4d => 1,
        _ => return None,
    };
    let mut at = 24;
    let mut found = Vec::new();
    while at + 16 <= file.len() {
        let len = number(file, at + 8) as usize;
        let nanos = i64::from(number(file, at)) * 1_000_000_000 + i64::from(number(file, at + 4)) * per_tick;
        let bytes = file.get(at + 16..at + 16 + len)?;
        found.push((Timestamp::from_nanos(nanos), number(file, at + 12), bytes));
        at += 16 + len;
    }
    Some((number(file, 20), found))
}

fn segment(link: u32, packet: PacketRef, wire_len: u32, bytes: &[u8]) -> Option<Segment<'_>> {
    let sliced = match link {
        1 => LaxSlicedPacket::from_ethernet(bytes).ok()?,
        101 => LaxSlicedPacket::from_ip(bytes).ok()?,
        113 => LaxSlicedPacket::from_ip(bytes.get(16..)?).ok()?,
        276 => LaxSlicedPacket::from_ip(bytes.get(20..)?).ok()?,
        _ => return None,
    };
    let (source, destination): (IpAddr, IpAddr) = match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return None };
    let timestamp = tcp.options_iterator().find_map(|option| match option {
        Ok(TcpOptionElement::Timestamp(value, _)) => Some(value),
        _ => None,
    });
    Some(Segment {
        packet,
        source: Endpoint::new(source, tcp.source_port()),
        destination: Endpoint::new(destination, tcp.destination_port()),
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        flags: Flags { syn: tcp.syn(), fin: tcp.fin(), rst: tcp.rst() },
        window: tcp.window_size(),
        timestamp,
        payload: tcp.payload(),
        cut: wire_len.saturating_sub(u32::try_from(bytes.len()).unwrap()),
        ip_len: wire_len,
        hop_limit: 64,
        header: &[],
    })
}

fn connections(file: &[u8]) -> Option<Vec<Connection>> {
    let (link, records) = records(file)?;
    let mut table = Table::new(&Limits::default());
    let mut recorder = Recorder::default();
    for (frame, (time, wire_len, bytes)) in (1..).zip(records) {
        if let Some(segment) = segment(link, PacketRef { time, frame: FrameNumber(frame) }, wire_len, bytes) {
            table.push(&segment, &mut recorder);
        }
    }
    table.finish(&mut recorder);
    recorder.ended.sort_by_key(|connection| connection.first.frame);
    Some(recorder.ended)
}

fn endpoint(value: &Value) -> Option<Endpoint> {
    let port = u16::try_from(value["port"].as_u64()?).ok()?;
    Some(Endpoint::new(value["ip"].as_str()?.parse().ok()?, port))
}

fn fact(connection: &Connection, name: &str) -> Option<Value> {
    let streams = [&connection.from_originator, &connection.from_responder];
    Some(match name {
        "start" => connection.first.time.to_string().into(),
        "end" => connection.last.time.to_string().into(),
        "frames" => serde_json::json!({"first": connection.first.frame, "last": connection.last.frame}),
        "handshake" => (connection.onset == Onset::Handshake).into(),
        "syn_attempts" => connection.syn_attempts.into(),
        "end_state" => match connection.end_state {
            EndState::Open => "open",
            EndState::Fin => "fin",
            EndState::Rst => "rst",
            EndState::Idle => "idle",
        }
        .into(),
        "first_close" => match connection.first_close {
            None => Value::Null,
            Some(FirstClose::Originator) => "originator".into(),
            Some(FirstClose::Responder) => "responder".into(),
            Some(FirstClose::Both) => "both".into(),
        },
        "bytes_originator" => connection.from_originator.bytes.into(),
        "bytes_responder" => connection.from_responder.bytes.into(),
        "retransmitted_bytes" => streams.iter().map(|stream| stream.retransmitted).sum::<u64>().into(),
        "missing_bytes" => streams.iter().map(|stream| stream.missing).sum::<u64>().into(),
        _ => return None,
    })
}

fn holds(want: &Value, got: &Value) -> bool {
    if let Some(choices) = want.get("any_of").and_then(Value::as_array) {
        return choices.contains(got);
    }
    if let (Some(least), Some(number)) = (want.get("min").and_then(Value::as_u64), got.as_u64()) {
        return number >= least && want.get("max").and_then(Value::as_u64).is_none_or(|most| number <= most);
    }
    want == got || want.as_str().is_some_and(|text| text.starts_with('~'))
}

/// Compares the members of an expected connection with the next one on the same endpoints; tells how many
/// there were.
fn compare(
    name: &str,
    want: &Value,
    ends: [&str; 2],
    left: &mut Vec<Connection>,
    wrong: &mut Vec<String>,
) -> usize {
    let [Some(one), Some(other)] = ends.map(|end| endpoint(&want[end])) else { return 0 };
    let found = left.iter().position(|connection| {
        let pair = [connection.originator, connection.responder];
        pair == [one, other] || (ends[0] == "client" && pair == [other, one])
    });
    let Some(found) = found else {
        wrong.push(format!("{name}: no connection {one} > {other}"));
        return 1;
    };
    // A transfer between two servers is told twice, once by each session.
    let connection = if name.starts_with("fxp") { left[found].clone() } else { left.remove(found) };
    let mut facts = 0;
    for (member, want) in want.as_object().unwrap() {
        let is_disputed = DISPUTED.contains(&(name, member)) || (want.is_null() && member != "first_close");
        if let Some(got) = fact(&connection, member).filter(|_| !is_disputed) {
            facts += 1;
            if !holds(want, &got) {
                wrong.push(format!("{name}: {one} > {other} {member}: expected {want}, got {got}"));
            }
        }
    }
    facts
}

#[test]
fn connections_of_the_corpus_are_as_expected() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the corpus is missing");
        println!("skipped: no corpus beside the source tree");
        return;
    }
    let (mut facts, mut wrong) = (0, Vec::new());
    for folder in FOLDERS {
        let mut entries: Vec<_> =
            corpus.join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries.iter().filter(|path| path.to_string_lossy().ends_with(".expect.json")) {
            let want: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let Some(file) = want["file"].as_str() else { continue };
            if SKIPPED.iter().any(|start| file.starts_with(start)) {
                continue;
            }
            let bytes = std::fs::read(path.with_file_name(file)).unwrap();
            let Some(mut left) = connections(&bytes) else { continue };
            for session in want["sessions"].as_array().into_iter().flatten() {
                facts += compare(file, session, ["client", "server"], &mut left, &mut wrong);
            }
            for session in want["sessions"].as_array().into_iter().flatten() {
                for channel in session["data_channels"].as_array().into_iter().flatten() {
                    let want = &channel["connection"];
                    facts += compare(file, want, ["originator", "responder"], &mut left, &mut wrong);
                }
            }
        }
    }
    println!("{facts} facts compared, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(facts > 9_000, "only {facts} facts were compared");
}
