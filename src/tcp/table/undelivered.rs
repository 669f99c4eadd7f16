//! Packets that an ICMP error says were not delivered.

use super::super::Sink;
use super::super::slab::Entry;
use super::Table;
use crate::base::TimeDelta;
use crate::decode::SegmentError;
use crate::report::IcmpError;

/// ICMP errors kept of all connections in the table: far more than come of connections that are tried at a
/// time, and less than counts as memory.
const ICMP_ERRORS: usize = 4096;

impl Table {
    /// Takes in an ICMP error: it is noted on the connection whose segment it quotes, if that segment can
    /// have been sent.
    #[cold]
    pub fn undelivered(&mut self, about: &SegmentError, sink: &mut impl Sink) {
        let SegmentError { error, destination, seq } = *about;
        let flow = self.flows.fingerprint(&error.quoted_sender, &destination);
        let Some(slot) = self.flows.live(flow) else { return };
        let Some(entry) = self.slab.get_mut(slot) else { return };
        let id = entry.id(slot);
        let Entry { connection, track, .. } = entry;
        let Some(side) = connection.sender_between(error.quoted_sender, destination) else { return };
        let is_plausible = seq.is_none_or(|seq| track.half(side).may_have_sent(seq));
        let is_copy = connection.icmp.last().is_some_and(|last| is_copy(last, &error));
        let is_full = connection.icmp.len() >= IcmpError::KEPT || self.icmp_errors >= ICMP_ERRORS;
        if !is_plausible || is_copy || is_full {
            return;
        }
        self.icmp_errors = self.icmp_errors.saturating_add(1);
        connection.icmp.push(error);
        sink.changed(id, connection);
    }
}

/// Whether an ICMP error is one that the capture holds twice.
fn is_copy(one: &IcmpError, other: &IcmpError) -> bool {
    const APART: TimeDelta = TimeDelta::from_millis(1);
    one.message == other.message
        && one.from == other.from
        && one.quoted_sender == other.quoted_sender
        && other.time.since(one.time).abs() <= APART
}
