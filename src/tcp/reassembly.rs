//! One direction: bytes in any order become chunks and gaps in order.

use std::collections::BTreeMap;

use super::half::length;
use super::{Chunk, Connection, ConnectionId, Gap, Side, Sink, Stream};
use crate::base::{LimitCounts, LimitName, Limits, PacketRef, Timestamp};

/// What a piece costs beside its bytes: its entry in the tree, and what the allocator adds.
const PIECE_COST: usize = 128;

/// How many given-up ranges of a stream are remembered, so that bytes that come late are told from retransmissions.
const GIVEN_UP: usize = 1024;

/// How long a hole is waited for.
pub(super) const PATIENCE: i64 = 1_000_000_000;

/// What may be held of out-of-order bytes, and how much is.
#[derive(Debug)]
pub(super) struct Budget {
    per_stream: usize,
    total: usize,
    pieces: usize,
    held: usize,
    /// How often each cap was reached.
    pub counts: LimitCounts,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            per_stream: limits.reassembly_per_stream,
            total: limits.reassembly_total,
            pieces: limits.pieces_per_stream,
            held: 0,
            counts: LimitCounts::default(),
        }
    }
}

/// Where bytes go: a sink, and which connection and side they are of.
pub(super) struct Outlet<'a, S> {
    pub id: ConnectionId,
    pub side: Side,
    pub connection: &'a mut Connection,
    pub sink: &'a mut S,
}

impl<S: Sink> Outlet<'_, S> {
    fn stream(&mut self) -> &mut Stream {
        self.connection.stream_mut(self.side)
    }
}

/// The payload of one segment, by its offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub offset: u64,
    pub bytes: &'a [u8],
    /// Bytes behind them that the capture cut off.
    pub cut: u64,
    pub packet: PacketRef,
    pub acked: Option<u64>,
    /// Whether the bytes begin with the first one of their segment.
    pub leads: bool,
    /// Whether bytes that were delivered before count as sent again (a keep-alive's don't).
    pub counts: bool,
    /// Now, by the clock that timers run by.
    pub now: Timestamp,
}

/// Bytes that wait for those before them.
#[derive(Debug)]
struct Piece {
    bytes: Box<[u8]>,
    cut: u64,
    packet: PacketRef,
    acked: Option<u64>,
    leads: bool,
    noticed: Timestamp,
}

/// What only a stream with a hole needs.
#[derive(Debug, Default)]
struct Held {
    /// By offset; they overlap neither each other nor what was delivered, and never touch the latter.
    pieces: BTreeMap<u64, Piece>,
    /// What they cost.
    cost: usize,
    /// Start and length of what was given up.
    given_up: BTreeMap<u64, u64>,
}

/// The bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// Offset of the next byte to deliver: all before it were delivered or given up.
    next: u64,
    /// Frame that carried the last bytes delivered.
    last_frame: Option<u64>,
    held: Option<Box<Held>>,
}

impl Reassembly {
    /// Offset of the next byte to deliver.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Begins at this offset, where nothing was delivered so far.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.next = self.next.max(offset);
    }

    /// Takes in a segment's payload: delivers what is in order, holds what isn't.
    pub(super) fn insert<S: Sink>(
        &mut self,
        arrival: &Arrival<'_>,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        let end = arrival.offset.saturating_add(length(arrival.bytes));
        if arrival.offset == self.next && self.first_hole().is_none() {
            out.stream().bytes = out.stream().bytes.saturating_add(length(arrival.bytes));
            self.deliver(arrival, out);
        } else {
            self.insert_out_of_order(arrival, end, out, budget);
        }
        if arrival.cut > 0 {
            self.cut(end, arrival, out, budget);
        }
    }

    /// Counts a segment's payload and passes over it: nobody wants it so far.
    pub(super) fn pass_over(&mut self, arrival: &Arrival<'_>, stream: &mut Stream) {
        let len = length(arrival.bytes);
        let end = arrival.offset.saturating_add(len);
        let fresh = end.saturating_sub(self.next.max(arrival.offset));
        stream.bytes = stream.bytes.saturating_add(fresh);
        if arrival.counts {
            stream.retransmitted = stream.retransmitted.saturating_add(len.saturating_sub(fresh));
        }
        self.next = self.next.max(end.saturating_add(arrival.cut));
    }

    /// Where the first hole ends and since when it is known.
    pub(super) fn first_hole(&self) -> Option<(u64, Timestamp)> {
        self.held.as_ref()?.pieces.first_key_value().map(|(&start, piece)| (start, piece.noticed))
    }

    /// Gives up the first hole and delivers what waits behind it.
    pub(super) fn give_up_first_hole<S: Sink>(&mut self, out: &mut Outlet<'_, S>, budget: &mut Budget) {
        let Some((start, piece)) = self.held.as_ref().and_then(|held| held.pieces.first_key_value()) else {
            return;
        };
        let (start, packet) = (*start, piece.packet);
        self.give_up_to(start, packet, out);
        self.drain(out, budget);
    }

    /// Gives up all that is missing before `end`, and delivers all that is held.
    pub(super) fn flush<S: Sink>(
        &mut self,
        end: Option<(u64, PacketRef)>,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        while self.first_hole().is_some() {
            self.give_up_first_hole(out, budget);
        }
        if let Some((end, packet)) = end {
            self.give_up_to(end, packet, out);
        }
        self.held = None;
    }

    /// Forgets what is held.
    pub(super) fn discard(&mut self, budget: &mut Budget) {
        if let Some(held) = self.held.take() {
            budget.held = budget.held.saturating_sub(held.cost);
        }
    }

    fn deliver<S: Sink>(&mut self, arrival: &Arrival<'_>, out: &mut Outlet<'_, S>) {
        self.next = arrival.offset.saturating_add(length(arrival.bytes));
        self.last_frame = Some(arrival.packet.frame);
        if arrival.bytes.is_empty() {
            return;
        }
        let chunk = Chunk {
            side: out.side,
            offset: arrival.offset,
            bytes: arrival.bytes,
            packet: arrival.packet,
            acked: arrival.acked,
            leads_segment: arrival.leads,
        };
        out.sink.data(out.id, out.connection, chunk);
    }

    fn insert_out_of_order<S: Sink>(
        &mut self,
        arrival: &Arrival<'_>,
        end: u64,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        self.count_delivered(arrival, end, out.stream());
        self.count_held(arrival, end, out.stream());
        let mut cursor = arrival.offset.max(self.next);
        while cursor < end {
            let free_until = match self.covered(cursor) {
                Covered::Until(piece_end) => {
                    cursor = piece_end;
                    continue;
                }
                Covered::NotBefore(start) => start.min(end),
            };
            let bytes =
                part(arrival.bytes, cursor.saturating_sub(arrival.offset), free_until.saturating_sub(cursor));
            let leads = arrival.leads && cursor == arrival.offset;
            let run = Arrival { offset: cursor, bytes, leads, cut: 0, ..*arrival };
            out.stream().bytes = out.stream().bytes.saturating_add(length(bytes));
            if cursor == self.next {
                self.deliver(&run, out);
                self.drain(out, budget);
            } else {
                self.hold(&run, budget);
            }
            cursor = free_until.max(self.next);
        }
        while self.is_over(budget) {
            budget.counts.reached(LimitName::Reassembly);
            self.give_up_first_hole(out, budget);
        }
    }

    /// Counts the part of a segment that lies before what is to come next: given-up bytes that came after all, or bytes
    /// sent again.
    fn count_delivered(&mut self, arrival: &Arrival<'_>, end: u64, stream: &mut Stream) {
        let old_end = end.min(self.next);
        let old = old_end.saturating_sub(arrival.offset);
        if old == 0 {
            return;
        }
        let late = self.reclaim(arrival.offset, old_end);
        stream.bytes = stream.bytes.saturating_add(late);
        stream.missing = stream.missing.saturating_sub(late);
        if arrival.counts {
            stream.retransmitted = stream.retransmitted.saturating_add(old.saturating_sub(late));
        }
    }

    /// Counts the part of a segment that other segments brought before it and that is still held.
    fn count_held(&self, arrival: &Arrival<'_>, end: u64, stream: &mut Stream) {
        let Some(held) = &self.held else { return };
        for (&start, piece) in held.overlapping(arrival.offset, end) {
            let from = start.max(arrival.offset);
            let to = start.saturating_add(length(&piece.bytes)).min(end);
            let len = to.saturating_sub(from);
            let first = part(&piece.bytes, from.saturating_sub(start), len);
            let second = part(arrival.bytes, from.saturating_sub(arrival.offset), len);
            let differing = first.iter().zip(second).filter(|(one, other)| one != other).count();
            stream.retransmitted = stream.retransmitted.saturating_add(len);
            stream.conflicting =
                stream.conflicting.saturating_add(u64::try_from(differing).unwrap_or(u64::MAX));
        }
    }

    fn covered(&self, offset: u64) -> Covered {
        let Some(held) = &self.held else { return Covered::NotBefore(u64::MAX) };
        if let Some((&start, piece)) = held.pieces.range(..=offset).next_back() {
            let end = start.saturating_add(length(&piece.bytes));
            if offset < end {
                return Covered::Until(end);
            }
        }
        let later = held.pieces.range(offset.saturating_add(1)..).next();
        Covered::NotBefore(later.map_or(u64::MAX, |(&start, _)| start))
    }

    /// Copies bytes that can't be delivered yet: the one copy on the way through this module.
    fn hold(&mut self, run: &Arrival<'_>, budget: &mut Budget) {
        let held = self.held.get_or_insert_default();
        let cost = run.bytes.len().saturating_add(PIECE_COST);
        held.cost = held.cost.saturating_add(cost);
        budget.held = budget.held.saturating_add(cost);
        let piece = Piece {
            bytes: run.bytes.into(),
            cut: 0,
            packet: run.packet,
            acked: run.acked,
            leads: run.leads,
            noticed: run.now,
        };
        held.pieces.insert(run.offset, piece);
    }

    fn is_over(&self, budget: &Budget) -> bool {
        self.held.as_ref().is_some_and(|held| {
            !held.pieces.is_empty()
                && (held.pieces.len() > budget.pieces
                    || held.cost > budget.per_stream
                    || budget.held > budget.total)
        })
    }

    /// The capture cut off bytes at `start`: nothing will bring them but a retransmission that is cut elsewhere, so
    /// they are given up as soon as all before them is delivered.
    fn cut<S: Sink>(
        &mut self,
        start: u64,
        arrival: &Arrival<'_>,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        if start == self.next {
            self.give_up_cut(start, arrival.cut, arrival.packet, out);
            self.drain(out, budget);
        } else if let Some(held) = &mut self.held
            && let Some((&piece_start, piece)) = held.pieces.range_mut(..start).next_back()
            && piece_start.saturating_add(length(&piece.bytes)) == start
        {
            piece.cut = arrival.cut;
        }
    }

    fn give_up_cut<S: Sink>(&mut self, start: u64, cut: u64, packet: PacketRef, out: &mut Outlet<'_, S>) {
        let end = start.saturating_add(cut);
        let end = self.first_hole().map_or(end, |(piece, _)| piece.min(end));
        self.give_up_to(end, packet, out);
    }

    /// Delivers all that is held and now in order.
    fn drain<S: Sink>(&mut self, out: &mut Outlet<'_, S>, budget: &mut Budget) {
        while let Some(held) = &mut self.held {
            match held.pieces.first_entry() {
                Some(first) if *first.key() == self.next => {
                    let piece = first.remove();
                    let cost = piece.bytes.len().saturating_add(PIECE_COST);
                    held.cost = held.cost.saturating_sub(cost);
                    budget.held = budget.held.saturating_sub(cost);
                    self.deliver(&piece.as_arrival(self.next), out);
                    if piece.cut > 0 {
                        self.give_up_cut(self.next, piece.cut, piece.packet, out);
                    }
                }
                None if held.given_up.is_empty() => self.held = None,
                _ => return,
            }
        }
    }

    /// Gives up everything from what is to come next up to `end`.
    fn give_up_to<S: Sink>(&mut self, end: u64, packet: PacketRef, out: &mut Outlet<'_, S>) {
        let start = self.next;
        let len = end.saturating_sub(start);
        if len == 0 {
            return;
        }
        self.next = end;
        let held = self.held.get_or_insert_default();
        if held.given_up.len() >= GIVEN_UP {
            held.given_up.pop_first();
        }
        held.given_up.insert(start, len);
        let frame = self.last_frame.unwrap_or(out.connection.first.frame);
        let stream = out.stream();
        stream.missing = stream.missing.saturating_add(len);
        stream.gap_frame.get_or_insert(frame);
        if start == 0 {
            stream.start_seen = false;
        }
        out.sink.gap(out.id, out.connection, Gap { side: out.side, offset: start, len, packet });
    }

    /// Strikes a range off what was given up; tells how much of it that was.
    fn reclaim(&mut self, from: u64, to: u64) -> u64 {
        let Some(held) = &mut self.held else { return 0 };
        let mut reclaimed = 0_u64;
        while let Some((&start, &len)) = held.given_up.range(..to).next_back() {
            let end = start.saturating_add(len);
            if end <= from {
                break;
            }
            held.given_up.remove(&start);
            if end > to {
                held.given_up.insert(to, end.saturating_sub(to));
            }
            reclaimed = reclaimed.saturating_add(end.min(to).saturating_sub(start.max(from)));
            if start < from {
                held.given_up.insert(start, from.saturating_sub(start));
                break;
            }
        }
        reclaimed
    }
}

/// What of the held bytes is at an offset.
enum Covered {
    /// A piece that ends there.
    Until(u64),
    /// None, and the next one starts there.
    NotBefore(u64),
}

impl Held {
    /// The pieces that share bytes with a range.
    fn overlapping(&self, from: u64, to: u64) -> impl Iterator<Item = (&u64, &Piece)> {
        let before = self
            .pieces
            .range(..from)
            .next_back()
            .filter(|(start, piece)| start.saturating_add(length(&piece.bytes)) > from);
        // A range whose start lies behind its end would panic.
        before.into_iter().chain(self.pieces.range(from..to.max(from)))
    }
}

impl Piece {
    fn as_arrival(&self, offset: u64) -> Arrival<'_> {
        Arrival {
            offset,
            bytes: &self.bytes,
            cut: 0,
            packet: self.packet,
            acked: self.acked,
            leads: self.leads,
            counts: true,
            now: self.noticed,
        }
    }
}

/// `len` bytes from `from`, or as many as there are.
fn part(bytes: &[u8], from: u64, len: u64) -> &[u8] {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let rest = bytes.get(from..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}
