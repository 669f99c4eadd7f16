//! The short way for what most segments are: the next bytes of a stream, or an acknowledgement, on a connection of which
//! nothing is in doubt (header prediction, as receivers do it too).
//!
//! Four fifths of what a segment went through was to find out that nothing about it is unusual. The short way does what the
//! long one would do, or nothing: whatever is unusual is left to that.

use super::half::{Half, PLAUSIBLE, length, offset};
use super::reassembly::{Arrival, Outlet};
use super::receive::Reception;
use super::slab::{Class, Entry};
use super::{Interest, Side, Sink};
use crate::decode::Segment;

impl<S: Sink> Reception<'_, S> {
    /// Takes in a segment that is just what was to come next, with nothing left to settle; false where it isn't that, and
    /// nothing was done.
    #[inline]
    pub(super) fn receive_next(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> bool {
        let Entry { connection, track, class, .. } = entry;
        let flags = segment.flags;
        if *class != Class::Followed
            || track.interest != Interest::Follow
            || track.rival.is_some()
            || track.ancestor.is_some()
            || connection.established.is_none()
            || (flags.syn || flags.fin || flags.rst)
            || segment.cut > 0
        {
            return false;
        }
        let (half, other) = track.halves(side);
        let Some(acked) = segment.ack.and_then(|ack| other.usual_acknowledgement(ack)) else { return false };
        if !half.is_next(segment.seq) || (segment.payload.is_empty() && half.is_copy(segment)) {
            return false;
        }
        connection.last = segment.packet;
        half.remember(segment);
        other.acknowledge(acked);
        if !segment.payload.is_empty() {
            let start = half.highest;
            half.highest = start.saturating_add(length(segment.payload));
            let arrival = Arrival {
                offset: start,
                bytes: segment.payload,
                cut: 0,
                packet: segment.packet,
                acked: Some(other.clamp(acked)),
                leads: true,
                counts: true,
                now: self.now,
            };
            let mut out = Outlet { id: self.id, side, connection, sink: self.sink };
            half.bytes.insert(&arrival, &mut out, self.budget);
        }
        track.touched = self.now;
        true
    }
}

impl Half {
    /// Whether this is the sequence number of what comes next in a stream without holes, end or doubt.
    fn is_next(&self, seq: u32) -> bool {
        self.heard
            && self.fin.is_none()
            && self.doubted_fin.is_none()
            && self.highest == self.bytes.next()
            && self.bytes.first_hole().is_none()
            && self.acked.is_none_or(|acked| acked <= offset(self.highest))
            && self.offset_of(seq) == Some(offset(self.highest))
    }

    /// The offset that a number acknowledges, where that lies within what was captured of a stream without doubt.
    fn usual_acknowledgement(&self, ack: u32) -> Option<i64> {
        let highest = offset(self.highest);
        let is_usual = self.doubted_fin.is_none() && self.acked.is_none_or(|acked| acked <= highest);
        let acked = self.offset_of(ack).filter(|_| is_usual)?;
        (0..=highest)
            .contains(&acked)
            .then_some(acked)
            .filter(|acked| highest.saturating_sub(*acked) <= PLAUSIBLE)
    }
}
