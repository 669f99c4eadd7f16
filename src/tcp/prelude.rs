//! Acknowledgements of flows that nobody knows: each shows that a connection is there, and none what it is.
//!
//! Where a capture begins in the middle of a connection that is silent, they are its first packets. They are
//! counted until its payload comes, and its numbers are learnt from that: an acknowledgement may be a
//! keep-alive's, which stands before the next byte.

use std::collections::VecDeque;

use super::flow::Fingerprint;
use super::half::COPY;
use super::slab::Entry;
use super::{Connection, Onset, Side};
use crate::base::{Endpoint, FrameNumber, KeyedMap, PacketRef, TimeDelta, Timestamp, cost};
use crate::decode::Segment;

/// Flows that are remembered.
const MOST: usize = 1024;

/// For how long: as an undecided connection.
const PATIENCE: TimeDelta = TimeDelta::from_secs(300);

// Far less than what counts as memory.
const _: () = assert!(
    MOST * (cost::in_hash_table(size_of::<(Fingerprint, Prelude)>()) + 4 * size_of::<Place>()) <= 1 << 20
);

/// What was seen of a flow so far.
#[derive(Clone, Copy, Debug)]
struct Prelude {
    first: PacketRef,
    since: Timestamp,
    opening: u32,
    source: Endpoint,
    destination: Endpoint,
    /// What the sender of the first packet sent, and what the other side did.
    sent: [Sent; 2],
}

/// How much one side sent.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    packets: u64,
    ip_bytes: u64,
    /// The last one's time and numbers, by which a copy is known.
    last: Option<(Timestamp, u32, Option<u32>)>,
}

impl Sent {
    fn count(&mut self, segment: &Segment<'_>) {
        let time = segment.packet.time;
        let is_copy = self.last.is_some_and(|(before, seq, ack)| {
            (seq, ack) == (segment.seq, segment.ack) && time.since(before).abs() <= COPY
        });
        self.last = Some((time, segment.seq, segment.ack));
        if !is_copy {
            self.packets = self.packets.saturating_add(1);
            self.ip_bytes = self.ip_bytes.saturating_add(u64::from(segment.ip_len));
        }
    }
}

/// A flow in order of age.
#[derive(Clone, Copy, Debug)]
struct Place {
    flow: Fingerprint,
    first: FrameNumber,
}

/// All such flows.
#[derive(Debug, Default)]
pub(super) struct Preludes {
    by_flow: KeyedMap<Fingerprint, Prelude>,
    /// The oldest first; among them such as have begun since.
    in_order: VecDeque<Place>,
}

impl Preludes {
    /// A segment of a flow that is not known and does not begin with it.
    #[cold]
    pub(super) fn note(&mut self, flow: Fingerprint, segment: &Segment<'_>, now: Timestamp) {
        if segment.ack.is_none() || segment.flags.fin || segment.flags.rst {
            return;
        }
        if self.by_flow.get(&flow).is_none_or(|prelude| now.since(prelude.since) >= PATIENCE) {
            self.by_flow.remove(&flow);
            self.forget(now);
            self.in_order.push_back(Place { flow, first: segment.packet.frame });
        }
        let prelude = self.by_flow.entry(flow).or_insert_with(|| Prelude {
            first: segment.packet,
            since: now,
            opening: segment.seq,
            source: segment.source,
            destination: segment.destination,
            sent: Default::default(),
        });
        let [first, other] = &mut prelude.sent;
        let sent = if segment.source == prelude.source { first } else { other };
        sent.count(segment);
    }

    /// Makes room for one more.
    fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.in_order.front()
            && (self.in_order.len() >= MOST
                || self.waiting(oldest).is_none_or(|prelude| now.since(prelude.since) >= PATIENCE))
        {
            let oldest = *oldest;
            if self.waiting(&oldest).is_some() {
                self.by_flow.remove(&oldest.flow);
            }
            self.in_order.pop_front();
        }
    }

    fn waiting(&self, place: &Place) -> Option<&Prelude> {
        self.by_flow.get(&place.flow).filter(|prelude| prelude.first.frame == place.first)
    }

    /// The first frame of all flows that may yet begin.
    pub(super) fn first(&mut self, now: Timestamp) -> Option<FrameNumber> {
        self.forget(now);
        self.in_order.front().map(|oldest| oldest.first)
    }

    /// A connection begins: in the middle it has begun with what was seen of its flow before.
    #[cold]
    pub(super) fn lead_into(&mut self, flow: Fingerprint, entry: &mut Entry, now: Timestamp) {
        let Some(prelude) = self.by_flow.remove(&flow) else { return };
        let Connection { originator, responder, onset, .. } = entry.connection;
        let ends = (prelude.source, prelude.destination);
        let first = if ends == (originator, responder) { Side::Originator } else { Side::Responder };
        let is_another = first == Side::Responder && ends != (responder, originator);
        if onset != Onset::MidStream || is_another || now.since(prelude.since) >= PATIENCE {
            return;
        }
        entry.connection.first = prelude.first;
        entry.connection.opening = prelude.opening;
        for (side, sent) in [first, first.other()].into_iter().zip(prelude.sent) {
            entry.note_acknowledgements(side, sent.packets, sent.ip_bytes);
        }
    }
}
