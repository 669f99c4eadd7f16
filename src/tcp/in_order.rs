//! The fast path for what most segments are: the next bytes of a stream, or an acknowledgement, on a
//! connection of which nothing is in doubt (header prediction, as receivers do it too).
//!
//! Four fifths of the work on a segment went into finding out that nothing about it is unusual. The fast path
//! does what the slow path would do, or nothing: anything unusual is left to the slow path.

use super::deeds::Deed;
use super::half::{Half, PLAUSIBLE, length, offset};
use super::reassembly::{Arrival, Outlet};
use super::receive::Reception;
use super::slab::{Class, Entry};
use super::{Interest, Side, Sink};
use crate::decode::Segment;

impl<S: Sink> Reception<'_, S> {
    /// Takes in a segment that is exactly the expected next one, with nothing left to decide; otherwise does
    /// nothing and returns false.
    #[expect(clippy::inline_always, reason = "every packet goes this way, and a call is a hundredth of it")]
    #[inline(always)]
    pub(super) fn receive_next(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> bool {
        debug_assert!(!entry.track.in_order || entry.is_in_order());
        let Entry { connection, track, .. } = entry;
        let flags = segment.flags;
        if !track.in_order || (flags.syn || flags.fin || flags.rst) || segment.cut > 0 || segment.window == 0
        {
            return false;
        }
        let is_looked_at = track.is_dialogue && !segment.payload.is_empty();
        let (half, other) = track.halves(side);
        if !half.deeds.has(if segment.payload.is_empty() { Deed::Acknowledged } else { Deed::Sent }) {
            return false;
        }
        let Some(acked) = segment.ack.and_then(|ack| other.usual_acknowledgement(ack)) else { return false };
        if !half.is_next(segment.seq) || (segment.payload.is_empty() && half.is_copy(segment)) {
            return false;
        }
        if is_looked_at && half.is_suspicious(segment) {
            return false;
        }
        connection.last = segment.packet;
        half.remember(segment);
        other.acknowledge(acked);
        let stream = connection.stream_mut(side);
        stream.packets = stream.packets.saturating_add(1);
        stream.ip_bytes = stream.ip_bytes.saturating_add(u64::from(segment.ip_len));
        if !segment.payload.is_empty() {
            let start = half.highest;
            half.highest = start.saturating_add(length(segment.payload));
            half.note_in_flight();
            let arrival = Arrival {
                offset: start,
                bytes: segment.payload,
                cut: 0,
                packet: segment.packet,
                // No FIN bounds it, where all is in order.
                acked: u64::try_from(acked).ok(),
                leads: true,
                counts: true,
                was_acked: false,
                now: self.now,
            };
            let mut out =
                Outlet { id: self.id, side, connection, sink: self.sink, received: u64::MAX, sacked: None };
            half.bytes.insert(&arrival, &mut out, self.budget);
        }
        track.touched = self.now;
        true
    }
}

impl Entry {
    /// Finds out whether the next segment may take the fast path. To be called after each that took the slow
    /// path.
    pub(super) fn take_stock(&mut self) {
        self.track.in_order = self.is_in_order();
    }

    /// Whether nothing is in doubt, on either side.
    fn is_in_order(&self) -> bool {
        let Self { connection, track, class, .. } = self;
        matches!(class, Class::Followed | Class::Silent)
            && track.interest == Interest::Follow
            && track.competitor.is_none()
            && track.doubts.is_none()
            && track.previous.is_none()
            && track.syn_ack.is_none()
            && connection.established.is_some()
            && [&track.originator, &track.responder].iter().all(|half| half.is_in_order())
    }
}

impl Half {
    /// Whether this is the stream of a side without holes, end or doubt.
    fn is_in_order(&self) -> bool {
        self.fin.is_none()
            && self.doubted_fin.is_none()
            && self.highest == self.bytes.next()
            && self.bytes.first_hole().is_none()
            && self.acked.is_none_or(|acked| acked <= offset(self.highest))
            && !self.deeds.is_shut()
    }

    /// Whether this is the sequence number of what comes next, where all is in order.
    fn is_next(&self, seq: u32) -> bool {
        self.has_sent && self.offset_of(seq) == Some(offset(self.highest))
    }

    /// The offset that a number acknowledges, where that lies within what was captured and all is in order.
    fn usual_acknowledgement(&self, ack: u32) -> Option<i64> {
        let highest = offset(self.highest);
        self.offset_of(ack)
            .filter(|acked| (0..=highest).contains(acked) && highest.saturating_sub(*acked) <= PLAUSIBLE)
    }
}
