//! What is missing, and how long it is waited for.

use super::super::reassembly::{Outlet, PATIENCE};
use super::super::slab::Entry;
use super::super::{ConnectionId, Side, Sink};
use super::Table;
use crate::base::Timestamp;

/// A connection with a hole, and when to look after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub(super) due: Timestamp,
    pub(super) id: ConnectionId,
}

impl Table {
    /// Gives up the holes whose bytes the receiver has acknowledged: they are the capture's. Where the bytes
    /// behind them came after their own acknowledgement, those before them may do so as well.
    #[cold]
    pub(super) fn give_up_received(&mut self, slot: u32, sink: &mut impl Sink) {
        let Some(entry) = self.slab.get_mut(slot) else { return };
        let id = entry.id(slot);
        let Entry { connection, track, .. } = entry;
        for side in [Side::Originator, Side::Responder] {
            let (half, other) = track.halves(side);
            while let Some((end, _)) = half.bytes.first_hole()
                && other.has_sent
                && !half.bytes.comes_late()
                && half.has_been_received(end)
            {
                let mut out = Outlet { id, side, connection, sink, received: u64::MAX, sacked: None };
                half.bytes.give_up_first_hole(&mut out, &mut self.budget);
            }
        }
    }

    /// Looks after a connection's holes, if it has any.
    pub(super) fn watch(&mut self, slot: u32) {
        let due = self.clock.now().plus(PATIENCE);
        let Some(entry) = self.slab.get_mut(slot) else { return };
        if entry.track.has_hole() && !entry.track.watched {
            entry.track.watched = true;
            self.watched.push_back(Watch { due, id: entry.id(slot) });
        }
    }

    /// Gives up the holes of a connection that were waited for long enough and that the receiver didn't have.
    pub(super) fn look_after(&mut self, watch: Watch, now: Timestamp, sink: &mut impl Sink) {
        let Some(Entry { connection, track, .. }) = self.slab.named_mut(watch.id) else { return };
        track.watched = false;
        let mut is_early = false;
        for side in [Side::Originator, Side::Responder] {
            let (half, other) = track.halves(side);
            while let Some((end, noticed)) = half.bytes.first_hole() {
                let is_received = half.has_been_received(end);
                let is_too_early = now.since(noticed) < PATIENCE;
                is_early |= is_too_early;
                if is_too_early || (other.has_sent && !is_received) {
                    break;
                }
                let mut out =
                    Outlet { id: watch.id, side, connection, sink, received: u64::MAX, sacked: None };
                half.bytes.give_up_first_hole(&mut out, &mut self.budget);
            }
        }
        self.classify(watch.id.slot());
        // What the receiver lacks is not given up before it says more, and then the connection is watched
        // again: time alone changes nothing about it.
        if is_early {
            self.watch(watch.id.slot());
        }
    }
}
