//! Keys that are chosen so that they would meet in one bucket of a hash table, if only one knew how it
//! hashes.

use std::fs;
use std::net::IpAddr;

use ftpscope::analyzer::{Analyzer, Options};
use ftpscope::base::{Endpoint, FrameNumber, Limits, PacketRef, Timestamp};
use ftpscope::decode::{Flags, Frame, LinkType, Segment};
use ftpscope::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Side, Sink, Table};

use crate::wire::{ACK, Dice, End, SYN, Wire, end};

const FLOWS: u64 = 100_000;

/// Processor time of this thread, in nanoseconds.
fn worked() -> u64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

/// Wants nothing.
struct Nobody;

impl Sink for Nobody {
    fn opened(&mut self, _: ConnectionId, _: &Connection) -> Interest {
        Interest::Ignore
    }

    fn probed(&mut self, _: ConnectionId, _: &Connection, _: Side, _: &[u8]) -> Interest {
        Interest::Ignore
    }

    fn data(&mut self, _: ConnectionId, _: &Connection, _: Chunk<'_>) {}

    fn gap(&mut self, _: ConnectionId, _: &Connection, _: Gap) {}

    fn changed(&mut self, _: ConnectionId, _: &Connection) {}

    fn ended(&mut self, _: ConnectionId, _: &Connection, _: Ending) {}
}

/// How long the table of flows takes for these pairs: each opens, then sends twice.
fn table_takes(pairs: &[(End, End)]) -> u64 {
    let ends = |end: End| Endpoint::new(IpAddr::V4(end.ip), end.port);
    let mut table = Table::new(&Limits::default());
    let mut frame = 0;
    let before = worked();
    for round in 0..3 {
        for &(from, to) in pairs {
            frame += 1;
            let segment = Segment {
                packet: PacketRef {
                    time: Timestamp::from_nanos(frame * 1000),
                    frame: FrameNumber(frame.cast_unsigned()),
                },
                source: ends(from),
                destination: ends(to),
                seq: round,
                ack: (round > 0).then_some(1),
                flags: Flags { syn: round == 0, ..Flags::default() },
                window: 1000,
                timestamp: None,
                payload: b"",
                cut: 0,
                ip_len: 40,
                hop_limit: 64,
                header: &[],
            };
            table.push(&segment, &mut Nobody);
        }
    }
    worked() - before
}

/// How long the whole analysis takes for SYNs and answers of these pairs.
fn analysis_takes(pairs: &[(End, End)]) -> u64 {
    let mut analyzer = Analyzer::new(Options::default());
    let mut number = 0;
    let mut take = |time: i64, bytes: &[u8]| {
        number += 1;
        analyzer.feed(&Frame {
            packet: PacketRef { time: Timestamp::from_nanos(time), frame: FrameNumber(number) },
            link: LinkType::ETHERNET,
            bytes,
            wire_len: bytes.len() as u32,
            source: 0,
            quick: None,
        });
    };
    let mut wire = Wire::new(&mut take);
    let before = worked();
    for &(from, to) in pairs {
        wire.tcp((from, to), (1, 0), SYN, b"");
        wire.tcp((to, from), (9, 2), SYN | ACK, b"");
        wire.tcp((from, to), (2, 10), ACK, b"");
    }
    worked() - before
}

fn low(number: u64) -> u16 {
    (number % 65_536) as u16
}

/// Pairs of endpoints that meet in a table that hashes as many do: by sums, by exclusive ors, by low or high
/// bits alone.
fn chosen(number: u64) -> [(&'static str, (End, End)); 5] {
    let high = (number >> 16) as u8;
    let port = low(number);
    [
        ("the same sum", (end([10, 0, high, 1], port), end([10, 0, 255 - high, 2], u16::MAX - port))),
        ("the same exclusive or", (end([10, 0, high, 1], port), end([10, 0, high, 2], port ^ 0x1234))),
        ("each port apart by one", (end([10, 0, 0, high], port), end([198, 51, 100, 2], 21))),
        (
            "the same low bits",
            (end([low(number) as u8, (port >> 8) as u8, high, 1], 4096), end([198, 51, 100, 2], 21)),
        ),
        ("both ways round", {
            let (one, other) = (end([10, 0, 0, 1], port), end([10, 0, high, 2], 21));
            if number.is_multiple_of(2) { (one, other) } else { (other, one) }
        }),
    ]
}

#[test]
fn chosen_keys_take_no_longer_than_any_others() {
    let mut dice = Dice(9);
    let random: Vec<(End, End)> = (0..FLOWS).map(|_| (dice.end(), dice.end())).collect();
    for (what, takes) in [("table", table_takes as fn(&[(End, End)]) -> u64), ("analysis", analysis_takes)] {
        // The best of several runs: the rest is noise.
        let best = |pairs: &[(End, End)]| (0..3).map(|_| takes(pairs)).min().unwrap();
        let usual = best(&random);
        for kind in 0..chosen(0).len() {
            let pairs: Vec<(End, End)> = (0..FLOWS).map(|number| chosen(number)[kind].1).collect();
            let taken = best(&pairs);
            let name = chosen(0)[kind].0;
            println!("{what}: {name}: {taken} ns, others {usual} ns");
            // Buckets of a hundred thousand would take a thousand times as long.
            assert!(taken < usual * 4, "{what}: {name}: {taken} ns, others {usual} ns");
        }
    }
}
