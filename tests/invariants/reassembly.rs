//! What holds for TCP connections, whatever the segments.
//!
//! Every byte that is sent here is the low byte of its sequence number. So each stream shows by itself
//! whether a byte came at the right place, however its segments were cut, repeated, lost or mixed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use arbitrary::{Arbitrary, Result, Unstructured};
use ftpscope::base::{Endpoint, FrameNumber, Limits, PacketRef, TimeDelta, Timestamp};
use ftpscope::decode::{Flags, Segment};
use ftpscope::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Side, Sink, Table};

/// Segments of one input.
const MOST_SEGMENTS: usize = 400;

/// What the sink wants of every connection.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Wish {
    Follow,
    Probe,
    ProbeAndIgnore,
    Ignore,
}

/// How a sequence number is chosen.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    /// What comes next.
    Next,
    /// Around it.
    Near(i8),
    /// Farther away.
    Far(i16),
    /// Anywhere.
    Any(u32),
}

#[derive(Arbitrary, Debug)]
struct Step {
    flow: u8,
    from_originator: bool,
    syn: bool,
    fin: bool,
    rst: bool,
    ack: Option<Number>,
    seq: Number,
    len: u8,
    cut: u8,
    pause: u8,
    timestamp: Option<u32>,
}

/// What was delivered of one stream.
struct Stream {
    first: u64,
    next: u64,
    delivered: u64,
    missing: u64,
    /// Of every byte its value less its offset.
    shift: Option<u8>,
}

#[derive(Default)]
struct Watcher {
    wish: Option<Wish>,
    open: HashMap<ConnectionId, HashMap<Side, Stream>>,
    opened: u64,
    ended: u64,
}

impl Watcher {
    fn stream(&mut self, id: ConnectionId, side: Side, offset: u64) -> &mut Stream {
        let streams = self.open.get_mut(&id).expect("bytes come of open connections only");
        let stream = streams.entry(side).or_insert(Stream {
            first: offset,
            next: offset,
            delivered: 0,
            missing: 0,
            shift: None,
        });
        assert_eq!(stream.next, offset, "bytes and gaps follow on each other");
        stream
    }
}

impl Sink for Watcher {
    fn opened(&mut self, id: ConnectionId, _: &Connection) -> Interest {
        self.opened += 1;
        match self.wish {
            Some(Wish::Ignore) => {
                self.ended += 1;
                return Interest::Ignore;
            }
            Some(Wish::Probe | Wish::ProbeAndIgnore) => {
                assert!(self.open.insert(id, HashMap::new()).is_none(), "a number in use was given again");
                return Interest::Undecided;
            }
            Some(Wish::Follow) | None => {}
        }
        assert!(self.open.insert(id, HashMap::new()).is_none(), "a number in use was given again");
        Interest::Follow
    }

    fn probed(&mut self, id: ConnectionId, _: &Connection, _: Side, bytes: &[u8]) -> Interest {
        assert!(!bytes.is_empty());
        if matches!(self.wish, Some(Wish::ProbeAndIgnore)) {
            self.open.remove(&id);
            self.ended += 1;
            Interest::Ignore
        } else {
            Interest::Follow
        }
    }

    fn data(&mut self, id: ConnectionId, _: &Connection, chunk: Chunk<'_>) {
        assert!(!chunk.bytes.is_empty(), "an empty chunk");
        let stream = self.stream(id, chunk.side, chunk.offset);
        for (&byte, offset) in chunk.bytes.iter().zip(chunk.offset..) {
            let shift = byte.wrapping_sub((offset % 256) as u8);
            assert_eq!(*stream.shift.get_or_insert(shift), shift, "a byte at the wrong place, {offset}");
        }
        stream.next += chunk.bytes.len() as u64;
        stream.delivered += chunk.bytes.len() as u64;
    }

    fn gap(&mut self, id: ConnectionId, _: &Connection, gap: Gap) {
        assert!(gap.len > 0, "an empty gap");
        let stream = self.stream(id, gap.side, gap.offset);
        stream.next += gap.len;
        stream.missing += gap.len;
    }

    fn changed(&mut self, id: ConnectionId, _: &Connection) {
        assert!(self.open.contains_key(&id));
    }

    fn ended(&mut self, id: ConnectionId, connection: &Connection, _: Ending) {
        let streams = self.open.remove(&id).expect("each connection ends once");
        self.ended += 1;
        assert!(connection.first.frame <= connection.last.frame);
        if !matches!(self.wish, Some(Wish::Follow)) {
            return;
        }
        for side in [Side::Originator, Side::Responder] {
            let told = connection.stream(side);
            let Some(stream) = streams.get(&side) else {
                // What the other side acknowledged of a side that was never captured is missing.
                assert_eq!(told.bytes, 0, "bytes were counted and not delivered");
                continue;
            };
            let span = stream.next - stream.first;
            assert_eq!(stream.delivered + stream.missing, span);
            assert_eq!(
                told.bytes + told.missing + told.lost,
                span,
                "delivered, missing and lost bytes make the span of {side:?}"
            );
            // Bytes of a gap that came late are counted, and not delivered.
            assert!(told.bytes >= stream.delivered);
        }
    }
}

/// One TCP connection as its two ends number it.
struct Flow {
    ends: [Endpoint; 2],
    next: [u32; 2],
}

impl Flow {
    fn new(number: u8, isn: u32) -> Self {
        let client = Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000 + u16::from(number));
        let server = Endpoint::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2)), 21);
        Self { ends: [client, server], next: [isn, isn.wrapping_mul(31).wrapping_add(7)] }
    }

    fn number(&self, side: usize, number: Number) -> u32 {
        let next = self.next[side];
        match number {
            Number::Next => next,
            Number::Near(by) => next.wrapping_add_signed(by.into()),
            Number::Far(by) => next.wrapping_add_signed(i32::from(by) * 64),
            Number::Any(number) => number,
        }
    }
}

fn limits(input: &mut Unstructured<'_>) -> Result<Limits> {
    Ok(Limits {
        connections: input.int_in_range(1..=4)?,
        half_open: input.int_in_range(1..=4)?,
        lingering: input.int_in_range(0..=3)?,
        ignored_flows: input.int_in_range(1..=4)?,
        pieces_per_stream: input.int_in_range(0..=12)?,
        reassembly_per_stream: input.int_in_range(0..=3000)?,
        reassembly_total: input.int_in_range(0..=6000)?,
        ..Limits::default()
    })
}

/// Whatever the segments: no panic, caps hold, bytes come in order and at their place, delivered and missing
/// bytes make the span, and what opens ends.
pub(crate) fn hold(input: &[u8]) {
    let mut input = Unstructured::new(input);
    // What runs out of input is over.
    let _ = play(&mut input);
}

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let limits = if input.ratio(1, 3)? { Limits::default() } else { limits(input)? };
    let mut table = Table::new(&limits);
    let mut watcher = Watcher { wish: Some(input.arbitrary()?), ..Watcher::default() };
    let mut flows = [
        Flow::new(0, input.arbitrary()?),
        Flow::new(1, u32::MAX - u32::from(input.arbitrary::<u8>()?)),
        Flow::new(2, input.arbitrary()?),
    ];
    let mut now = Timestamp::from_nanos(1_700_000_000_000_000_000);
    for frame in 1..=MOST_SEGMENTS as u64 {
        if input.is_empty() {
            break;
        }
        let Ok(step) = input.arbitrary::<Step>() else { break };
        now = now.plus(pause(step.pause));
        send(&mut flows, &step, PacketRef { time: now, frame: FrameNumber(frame) }, &mut table, &mut watcher);
        assert!(watcher.open.len() <= limits.connections, "{} connections at a time", watcher.open.len());
        if step.pause == 255 {
            table.advance(now, &mut watcher);
        }
    }
    table.finish(&mut watcher);
    assert!(watcher.open.is_empty(), "connections are left");
    assert_eq!(watcher.opened, watcher.ended, "what opens ends");
    Ok(())
}

/// Nanoseconds between two segments.
const fn pause(code: u8) -> TimeDelta {
    let nanos = match code {
        0..=127 => 1_000_000,
        128..=200 => 50_000,
        201..=235 => 600_000_000,
        236..=250 => 3_000_000_000,
        251..=253 => 400_000_000_000,
        // The clock goes back.
        _ => -5_000_000_000,
    };
    TimeDelta::from_nanos(nanos)
}

fn send(flows: &mut [Flow; 3], step: &Step, packet: PacketRef, table: &mut Table, watcher: &mut Watcher) {
    let flow = &mut flows[usize::from(step.flow % 3)];
    let side = usize::from(!step.from_originator);
    let seq = flow.number(side, step.seq);
    let syn = step.syn && step.len < 128;
    let payload: Vec<u8> =
        (0..u32::from(if syn { 0 } else { step.len })).map(|at| (seq.wrapping_add(at) % 256) as u8).collect();
    let segment = Segment {
        packet,
        source: flow.ends[side],
        destination: flow.ends[1 - side],
        seq,
        ack: step.ack.map(|ack| flow.number(1 - side, ack)),
        flags: Flags { syn, fin: step.fin && !syn, rst: step.rst && step.len < 32 },
        window: 1000,
        timestamp: step.timestamp,
        payload: &payload,
        cut: if step.cut > 200 { u32::from(step.cut - 200) } else { 0 },
        ip_len: 40,
        hop_limit: 64,
        header: &[],
    };
    let sent =
        u32::try_from(payload.len()).unwrap() + segment.cut + u32::from(syn) + u32::from(segment.flags.fin);
    if matches!(step.seq, Number::Next | Number::Any(_)) {
        flow.next[side] = seq.wrapping_add(sent);
    }
    table.push(&segment, watcher);
}
