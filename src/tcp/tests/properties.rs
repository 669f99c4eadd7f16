//! What holds for any packets at all.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::script::{Recorder, client, seconds, server};
use crate::base::{FrameNumber, Limits, PacketRef, TimeDelta, Timestamp};
use crate::decode::{Flags, Segment};
use crate::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Side, Sink, Table};

/// What was delivered of each side, gaps as `None`.
#[derive(Default)]
struct Delivered {
    bytes: BTreeMap<(ConnectionId, bool), Vec<Option<u8>>>,
    open: BTreeSet<ConnectionId>,
    ended: Vec<Connection>,
}

impl Delivered {
    fn stream(&mut self, id: ConnectionId, side: Side) -> &mut Vec<Option<u8>> {
        self.bytes.entry((id, side == Side::Originator)).or_default()
    }

    fn at(&mut self, id: ConnectionId, side: Side, offset: u64) -> &mut Vec<Option<u8>> {
        let stream = self.stream(id, side);
        if stream.is_empty() {
            // Amid a connection, the first offset may be any.
            stream.resize(usize::try_from(offset.min(1 << 20)).unwrap(), None);
        }
        stream
    }
}

impl Sink for Delivered {
    fn opened(&mut self, id: ConnectionId, _: &Connection) -> Interest {
        self.open.insert(id);
        Interest::Follow
    }

    fn probed(&mut self, _: ConnectionId, _: &Connection, _: Side, _: &[u8]) -> Interest {
        Interest::Follow
    }

    fn data(&mut self, id: ConnectionId, _: &Connection, chunk: Chunk<'_>) {
        self.at(id, chunk.side, chunk.offset).extend(chunk.bytes.iter().copied().map(Some));
    }

    fn gap(&mut self, id: ConnectionId, _: &Connection, gap: Gap) {
        let missing = usize::try_from(gap.len).unwrap().min(1 << 20);
        let stream = self.at(id, gap.side, gap.offset);
        let len = stream.len() + missing;
        stream.resize(len, None);
    }

    fn changed(&mut self, _: ConnectionId, _: &Connection) {}

    fn ended(&mut self, id: ConnectionId, connection: &Connection, _: Ending) {
        self.open.remove(&id);
        self.ended.push(connection.clone());
    }
}

/// A part of the client's stream, sent once. A single byte might be a keep-alive, which is counted
/// differently.
#[derive(Clone, Debug)]
struct Sent {
    start: usize,
    len: usize,
    /// Whether these are the true bytes or others.
    is_true: bool,
}

fn sent(stream: usize) -> impl Strategy<Value = Sent> {
    (0..stream - 1, 2..200_usize, prop::bool::weighted(0.9)).prop_map(move |(start, len, is_true)| Sent {
        start,
        len: len.min(stream - start),
        is_true,
    })
}

/// The byte at an offset of the stream.
fn byte(offset: usize) -> u8 {
    u8::try_from(offset * 31 % 251).unwrap()
}

struct Sender {
    table: Table,
    delivered: Delivered,
    time: Timestamp,
    frame: FrameNumber,
    isn: u32,
}

impl Sender {
    fn new(isn: u32, limits: &Limits) -> Self {
        let mut sender = Self {
            table: Table::new(limits),
            delivered: Delivered::default(),
            time: seconds(1e9),
            frame: FrameNumber::NONE,
            isn,
        };
        let syn = Flags { syn: true, ..Flags::default() };
        sender.send(true, isn, None, syn, b"");
        sender.send(false, 5000, Some(isn.wrapping_add(1)), syn, b"");
        sender
    }

    fn send(&mut self, from_client: bool, seq: u32, ack: Option<u32>, flags: Flags, payload: &[u8]) {
        self.time = self.time.plus(TimeDelta::from_millis(2));
        self.frame = self.frame.next();
        let (source, destination) = if from_client { (client(), server()) } else { (server(), client()) };
        let packet = PacketRef { time: self.time, frame: self.frame };
        let segment = Segment {
            packet,
            source,
            destination,
            seq,
            ack,
            flags,
            window: 1000,
            timestamp: None,
            payload,
            cut: 0,
            ip_len: 40,
            hop_limit: 64,
            header: &[],
        };
        self.table.push(&segment, &mut self.delivered);
    }

    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    fn send_part(&mut self, part: &Sent) {
        let payload: Vec<u8> = (part.start..part.start + part.len)
            .map(|offset| if part.is_true { byte(offset) } else { 255 })
            .collect();
        let seq = self.isn.wrapping_add(1).wrapping_add(part.start as u32);
        self.send(true, seq, Some(5001), Flags::default(), &payload);
    }
}

/// Initial sequence numbers, many of them just below the wrap.
fn isn() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), (u32::MAX - 5000)..=u32::MAX]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_arrives_in_whatever_order_the_first_copy_of_each_byte_is_delivered_once(
        isn in isn(),
        parts in prop::collection::vec(sent(3000), 0..60),
        late in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut sender = Sender::new(isn, &Limits::default());
        let mut oracle: Vec<Option<u8>> = vec![None; 3000];
        let (mut carried, mut span) = (0, 0);
        // Gaps are given up while it goes on, wherever `late` says so.
        let mut given_up = 0;
        for (part, &is_late) in parts.iter().zip(&late) {
            carried += part.len;
            span = span.max(part.start + part.len);
            for (offset, known) in oracle.iter_mut().enumerate().skip(part.start).take(part.len) {
                known.get_or_insert(if part.is_true { byte(offset) } else { 255 });
            }
            sender.send_part(part);
            if is_late {
                #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
                let ack = isn.wrapping_add(1).wrapping_add(span as u32);
                sender.send(false, 5001, Some(ack), Flags::default(), b"");
                sender.time = sender.time.plus(TimeDelta::from_secs(3));
                sender.table.advance(sender.time, &mut sender.delivered);
                given_up = span;
            }
        }
        sender.table.finish(&mut sender.delivered);
        prop_assert_eq!(sender.table.held(), 0);
        let connection = sender.delivered.ended.remove(0);
        let stream = connection.from_originator;
        let unique = oracle.iter().flatten().count();
        prop_assert_eq!(stream.bytes, unique as u64);
        prop_assert_eq!(stream.missing + stream.lost, (span - unique) as u64);
        prop_assert_eq!(stream.retransmitted, (carried - unique) as u64);
        let delivered = sender.delivered.stream(ConnectionId::new(0, 1), Side::Originator);
        prop_assert_eq!(delivered.len(), span);
        for (offset, (got, want)) in delivered.iter().zip(&oracle).enumerate() {
            // Bytes of a gap that was given up may have come later: then they are counted, and not delivered.
            prop_assert!(got == want || (got.is_none() && offset < given_up), "at {}", offset);
        }
        if given_up == 0 {
            prop_assert_eq!(&delivered[..], &oracle[..span]);
        }
    }

    #[test]
    fn whatever_the_limits_nothing_but_gaps_stands_for_what_was_not_held(
        isn in isn(),
        parts in prop::collection::vec(sent(3000), 0..60),
        pieces in 0_usize..10,
        bytes in 0_usize..3000,
    ) {
        let limits = Limits { pieces_per_stream: pieces, reassembly_per_stream: bytes, ..Limits::default() };
        let mut sender = Sender::new(isn, &limits);
        let mut seen = vec![false; 3000];
        let mut span = 0;
        for part in &parts {
            span = span.max(part.start + part.len);
            seen[part.start..part.start + part.len].fill(true);
            sender.send_part(part);
        }
        sender.table.finish(&mut sender.delivered);
        prop_assert_eq!(sender.table.held(), 0);
        let stream = sender.delivered.ended.remove(0).from_originator;
        let unique = seen.iter().filter(|&&seen| seen).count();
        let absent = stream.missing + stream.lost;
        prop_assert_eq!((stream.bytes, absent), (unique as u64, (span - unique) as u64));
        prop_assert_eq!(sender.delivered.stream(ConnectionId::new(0, 1), Side::Originator).len(), span);
    }

    #[test]
    fn no_sequence_of_segments_panics_and_all_that_opens_ends(
        script in prop::collection::vec(
            (any::<bool>(), 0..12_u8, number(), prop::option::weighted(0.8, number()), 0..20_usize, 0..3_u32, 0..6_u8),
            0..80,
        ),
        limits in (1..4_usize, 1..4_usize, 0..6_usize),
    ) {
        let (connections, half_open, pieces) = limits;
        let limits =
            Limits { connections, half_open, ignored_flows: 2, pieces_per_stream: pieces, ..Limits::default() };
        let mut table = Table::new(&limits);
        let mut delivered = Delivered::default();
        let mut time = seconds(1e9);
        for (frame, (from_client, flags, seq, ack, len, cut, pause)) in (1..).zip(script) {
            let pauses = [0, 1_000, 1_000_000, 400_000_000, 2_000_000_000, 200_000_000_000];
            time = time.plus(TimeDelta::from_nanos(pauses[usize::from(pause)]));
            let (source, destination) = if from_client { (client(), server()) } else { (server(), client()) };
            let flags = Flags { syn: matches!(flags, 0..3), fin: matches!(flags, 2..5), rst: flags == 5 };
            let payload = &b"abcdefghijklmnopqrst"[..len];
            let packet = PacketRef { time, frame: FrameNumber(frame) };
            let segment = Segment {
                packet, source, destination, seq, ack, flags, window: 1, timestamp: None, payload, cut: cut.saturating_sub(1),
                ip_len: 40, hop_limit: 64, header: &[],
            };
            table.push(&segment, &mut delivered);
            prop_assert!(delivered.open.len() <= connections);
            if frame % 7 == 0 {
                if let Some(id) = delivered.open.pop_first() {
                    table.ignore(id);
                }
                prop_assert!(delivered.open.iter().all(|&id| table.get(id).is_some()));
                delivered.bytes.clear();
            }
        }
        table.finish(&mut delivered);
        prop_assert_eq!((delivered.open.len(), table.held()), (0, 0));
    }
}

/// What one side sends next, seen from where its stream has come to.
#[derive(Clone, Debug)]
struct Step {
    from_client: bool,
    /// How far before or behind that.
    shift: i32,
    len: usize,
    /// How far before or behind all that the other side sent it acknowledges; none without ACK.
    ack_shift: Option<i32>,
    flags: Flags,
    cut: u32,
    /// In microseconds, since the one before.
    pause: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let shift = || prop_oneof![12 => Just(0), 2 => -30..30, 1 => any::<i32>()];
    let flags = prop_oneof![
        30 => Just(Flags::default()),
        2 => Just(Flags { syn: true, ..Flags::default() }),
        1 => (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(syn, fin, rst)| Flags { syn, fin, rst }),
    ];
    let pause = prop_oneof![3 => 0..900_i64, 3 => 1_000..90_000_i64, 1 => 0..400_000_000_i64];
    let cut = prop_oneof![20 => Just(0), 1 => 1..9_u32];
    (any::<bool>(), shift(), 0..20_usize, prop::option::weighted(0.9, shift()), flags, cut, pause).prop_map(
        |(from_client, shift, len, ack_shift, flags, cut, pause)| Step {
            from_client,
            shift,
            len,
            ack_shift,
            flags,
            cut,
            pause,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_short_way_tells_what_the_long_way_tells(
        isn in isn(),
        handshake in prop::bool::weighted(0.8),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let told = |long_way_only: bool| {
            let mut table = Table::new(&Limits::default());
            table.long_way_only = long_way_only;
            let mut recorder = Recorder::default();
            let mut time = seconds(1e9);
            let mut next = [isn, 5000];
            let begin = [
                (true, Flags { syn: true, ..Flags::default() }, None),
                (false, Flags { syn: true, ..Flags::default() }, Some(0)),
            ];
            let begin = begin.into_iter().filter(|_| handshake).map(|(from_client, flags, ack_shift)| Step {
                from_client, shift: 0, len: 0, ack_shift, flags, cut: 0, pause: 10,
            });
            for (frame, step) in (1..).zip(begin.chain(steps.iter().cloned())) {
                time = time.plus(TimeDelta::from_nanos(step.pause * 1_000));
                let side = usize::from(!step.from_client);
                let (source, destination) = if step.from_client { (client(), server()) } else { (server(), client()) };
                let seq = next[side].wrapping_add_signed(step.shift);
                let payload = &b"abcdefghijklmnopqrst"[..step.len];
                table.push(
                    &Segment {
                        packet: PacketRef { time, frame: FrameNumber(frame) },
                        source,
                        destination,
                        seq,
                        ack: step.ack_shift.map(|shift| next[1 - side].wrapping_add_signed(shift)),
                        flags: step.flags,
                        window: 1,
                        timestamp: None,
                        payload,
                        cut: step.cut,
                        ip_len: 40,
                        hop_limit: 64,
            header: &[],
                    },
                    &mut recorder,
                );
                #[expect(clippy::cast_possible_truncation, reason = "at most 20")]
                let sent = step.len as u32 + step.cut + u32::from(step.flags.syn) + u32::from(step.flags.fin);
                if step.shift == 0 {
                    next[side] = seq.wrapping_add(sent);
                }
            }
            table.finish(&mut recorder);
            let ended: Vec<String> = recorder.ended.iter().map(|ended| format!("{ended:?}")).collect();
            (recorder.log, ended)
        };
        prop_assert_eq!(told(false), told(true));
    }
}

/// Sequence numbers that meet each other often.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => 1000..1040_u32,
        2 => 5000..5010_u32,
        1 => (u32::MAX - 3)..=u32::MAX,
        1 => any::<u32>(),
    ]
}
