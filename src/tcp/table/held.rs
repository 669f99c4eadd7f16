//! Segments that were held, and are taken after all.

use super::super::receive::{Outcome, Reception};
use super::super::{Side, Sink};
use super::Table;
use crate::decode::Segment;

impl Table {
    /// A segment decides about those that were held: the connection takes what its ends have taken. Returns
    /// whether it is still there.
    #[cold]
    pub(super) fn take_what_was_held(
        &mut self,
        slot: u32,
        segment: &Segment<'_>,
        side: Side,
        sink: &mut impl Sink,
    ) -> bool {
        let now = self.clock.now();
        loop {
            let Some(entry) = self.slab.get_mut(slot) else { return false };
            let Some(decided) = entry.decide(segment, side, &mut self.budget, &mut self.forged) else {
                return true;
            };
            let mut reception = Reception { id: entry.id(slot), sink, budget: &mut self.budget, now };
            let outcome = reception.receive(entry, &decided.segment(), decided.side());
            self.settle(slot, outcome, &decided.segment(), sink);
            if outcome != Outcome::Kept {
                return false;
            }
        }
    }
}
