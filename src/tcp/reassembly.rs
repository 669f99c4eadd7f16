//! One direction: bytes in any order become chunks and gaps in order.

use super::half::length;
use super::out_of_order::{Covered, OutOfOrderQueue, part};
use super::sack::Sacked;
use super::sink::Absence;
use super::slab::ENTRIES_FOR_TROUBLE;
use super::{Chunk, Connection, ConnectionId, Gap, Side, Sink, Stream};
use crate::base::{FrameNumber, LimitCounts, LimitName, Limits, PacketRef, TimeDelta, Timestamp};

/// How long a hole is waited for.
pub(super) const PATIENCE: TimeDelta = TimeDelta::from_secs(1);

/// What may be held of out-of-order bytes, and how much is.
#[derive(Debug)]
pub(super) struct Budget {
    pub per_stream: usize,
    pub total: usize,
    pub pieces: usize,
    /// What is held of all streams, in bytes.
    pub held: usize,
    /// What may be remembered of given-up ranges, and what is, in bytes.
    pub given_up_total: usize,
    pub given_up: usize,
    /// How many pieces of memory may tell what went wrong on the way, and how many do.
    pub trouble_total: usize,
    pub trouble: usize,
    /// How often each cap was reached.
    pub counts: LimitCounts,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            per_stream: limits.reassembly_per_stream,
            total: limits.reassembly_total.saturating_sub(limits.reassembly_total / 8),
            pieces: limits.pieces_per_stream,
            held: 0,
            given_up_total: limits.reassembly_total / 8,
            given_up: 0,
            trouble_total: (limits.connections / ENTRIES_FOR_TROUBLE).saturating_mul(2).max(2),
            trouble: 0,
            counts: LimitCounts::default(),
        }
    }

    /// Asks for room to tell what went wrong on the way of a connection.
    pub(super) const fn take_trouble(&mut self) -> bool {
        let is_room = self.trouble < self.trouble_total;
        self.trouble += is_room as usize;
        is_room
    }
}

/// Where bytes go: a sink, and which connection and side they are of.
pub(super) struct Outlet<'a, S> {
    pub id: ConnectionId,
    pub side: Side,
    pub connection: &'a mut Connection,
    pub sink: &'a mut S,
    /// Up to where the receiver has the bytes, as far as is known.
    pub received: u64,
    /// What it has beyond that.
    pub sacked: Option<&'a Sacked>,
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
    /// Whether they had been acknowledged before they came: the capture brings packets late.
    pub was_acked: bool,
    /// Now, by the clock that timers run by.
    pub now: Timestamp,
}

/// The bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// Offset of the next byte to deliver: all before it were delivered or given up.
    next: u64,
    /// Frame that carried the last bytes delivered.
    last_frame: Option<FrameNumber>,
    out_of_order: Option<Box<OutOfOrderQueue>>,
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
    #[expect(clippy::inline_always, reason = "every packet goes this way, and a call is a hundredth of it")]
    #[inline(always)]
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
        self.out_of_order.as_ref()?.first().map(|(start, piece)| (start, piece.noticed))
    }

    /// Whether the bytes behind the first hole had been acknowledged before they came.
    pub(super) fn comes_late(&self) -> bool {
        self.out_of_order.as_ref().and_then(|queue| queue.first()).is_some_and(|(_, piece)| piece.was_acked)
    }

    /// Gives up the first hole and delivers what waits behind it.
    #[cold]
    pub(super) fn give_up_first_hole<S: Sink>(&mut self, out: &mut Outlet<'_, S>, budget: &mut Budget) {
        let Some((start, piece)) = self.out_of_order.as_ref().and_then(|queue| queue.first()) else { return };
        let packet = piece.packet;
        self.give_up_to(start, packet, out, budget);
        self.drain(out, budget);
    }

    /// Gives up all that is missing before `end`, and delivers all that is held. Only now is it known which
    /// of the gaps the receiver never had.
    pub(super) fn flush<S: Sink>(
        &mut self,
        end: Option<(u64, PacketRef)>,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        while self.first_hole().is_some() {
            self.give_up_first_hole(out, budget);
        }
        if let Some((end, packet)) = end.filter(|&(end, _)| end > self.next) {
            self.give_up_to(end, packet, out, budget);
        }
        if let Some(mut queue) = self.out_of_order.take() {
            let lost = queue.never_received(out.received);
            queue.forget_given_up(budget);
            let stream = out.stream();
            stream.lost = lost;
            stream.missing = stream.missing.saturating_sub(lost);
        }
    }

    /// The stream ends at `end`: forgets what is held from there on, which can't be the stream's.
    pub(super) fn truncate(&mut self, end: u64, stream: &mut Stream, budget: &mut Budget) {
        if let Some(queue) = &mut self.out_of_order {
            let forgotten = queue.truncate(end.max(self.next), budget);
            stream.bytes = stream.bytes.saturating_sub(forgotten);
        }
    }

    /// Forgets what is held.
    pub(super) fn discard(&mut self, budget: &mut Budget) {
        if let Some(mut queue) = self.out_of_order.take() {
            queue.discard(budget);
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

    #[cold]
    fn insert_out_of_order<S: Sink>(
        &mut self,
        arrival: &Arrival<'_>,
        end: u64,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        self.count_delivered(arrival, end, out.stream(), budget);
        if let Some(queue) = &self.out_of_order {
            queue.count_again(arrival, end, out.stream());
        }
        let mut cursor = arrival.offset.max(self.next);
        while cursor < end {
            let queue = self.out_of_order.as_ref();
            let free_until = match queue.map_or(Covered::NotBefore(u64::MAX), |queue| queue.covered(cursor)) {
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
                self.out_of_order.get_or_insert_default().hold(&run, budget);
            }
            cursor = free_until.max(self.next);
        }
        while self.out_of_order.as_ref().is_some_and(|queue| queue.is_over(budget)) {
            budget.counts.reached(LimitName::Reassembly);
            out.stream().limited = true;
            self.give_up_first_hole(out, budget);
        }
    }

    /// Counts the part of a segment that lies before what is to come next: given-up bytes that came after
    /// all, or bytes sent again.
    fn count_delivered(&mut self, arrival: &Arrival<'_>, end: u64, stream: &mut Stream, budget: &mut Budget) {
        let old_end = end.min(self.next);
        let old = old_end.saturating_sub(arrival.offset);
        if old == 0 {
            return;
        }
        let late =
            self.out_of_order.as_mut().map_or(0, |queue| queue.reclaim(arrival.offset, old_end, budget));
        stream.bytes = stream.bytes.saturating_add(late);
        stream.missing = stream.missing.saturating_sub(late);
        if arrival.counts {
            stream.retransmitted = stream.retransmitted.saturating_add(old.saturating_sub(late));
        }
    }

    /// The capture cut off bytes at `start`: nothing will bring them but a retransmission that is cut
    /// elsewhere, so they are given up as soon as all before them is delivered.
    #[cold]
    fn cut<S: Sink>(
        &mut self,
        start: u64,
        arrival: &Arrival<'_>,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        if start == self.next {
            self.give_up_cut(start, arrival.cut, arrival.packet, out, budget);
            self.drain(out, budget);
        } else if let Some(queue) = &mut self.out_of_order {
            queue.cut_behind(start, arrival.cut);
        }
    }

    fn give_up_cut<S: Sink>(
        &mut self,
        start: u64,
        cut: u64,
        packet: PacketRef,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        let end = start.saturating_add(cut);
        let end = self.first_hole().map_or(end, |(piece, _)| piece.min(end));
        self.give_up_part(end, Absence::Cut, packet, out, budget);
    }

    /// Delivers all that is held and now in order.
    fn drain<S: Sink>(&mut self, out: &mut Outlet<'_, S>, budget: &mut Budget) {
        while let Some((start, piece)) =
            self.out_of_order.as_mut().and_then(|queue| queue.take_at(self.next, budget))
        {
            debug_assert_eq!(start, self.next, "pieces don't overlap what was delivered");
            let known = self.next.saturating_sub(start);
            self.deliver(&piece.as_arrival(start, known), out);
            if piece.cut > 0 {
                self.give_up_cut(self.next, piece.cut, piece.packet, out, budget);
            }
        }
        if self.out_of_order.as_ref().is_some_and(|queue| queue.is_empty()) {
            self.out_of_order = None;
        }
    }

    /// Gives up everything from what is to come next up to `end`: what the receiver has apart from what it
    /// hasn't.
    #[cold]
    fn give_up_to<S: Sink>(
        &mut self,
        end: u64,
        packet: PacketRef,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        self.give_up_part(end.min(out.received), Absence::Gap, packet, out, budget);
        self.give_up_part(end, Absence::Gap, packet, out, budget);
    }

    fn give_up_part<S: Sink>(
        &mut self,
        end: u64,
        absence: Absence,
        packet: PacketRef,
        out: &mut Outlet<'_, S>,
        budget: &mut Budget,
    ) {
        let start = self.next;
        let len = end.saturating_sub(start);
        if len == 0 {
            return;
        }
        self.next = end;
        self.out_of_order.get_or_insert_default().give_up(start, len, absence, budget);
        let frame = self.last_frame.unwrap_or(out.connection.first.frame);
        let stream = out.stream();
        stream.missing = stream.missing.saturating_add(len);
        stream.gap_frame.get_or_insert(frame);
        if start == 0 {
            stream.start_seen = false;
        }
        if absence == Absence::Gap {
            out.connection.history.push_once(if out.side == Side::Originator { b'G' } else { b'g' });
        }
        let is_sacked = || out.sacked.is_some_and(|sacked| sacked.covers(start, end));
        let is_received = absence == Absence::Cut || end <= out.received || is_sacked();
        out.sink.gap(
            out.id,
            out.connection,
            Gap { side: out.side, offset: start, len, packet, is_received, absence },
        );
    }
}
