//! Which pairs and listening endpoints the capture's earlier data channels used.

use std::collections::VecDeque;

use crate::base::{Endpoint, KeyedMap, LimitCounts, LimitName, Limits, Timestamp, cost};
use crate::report::Uid;

/// One data connection that was made, for those that come after it on the same endpoints.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) session: Uid,
    pub(super) channel: u32,
    pub(super) connector: Endpoint,
    pub(super) listener: Endpoint,
    /// Last packet seen so far.
    pub(super) last: Timestamp,
    /// Whether it came about.
    pub(super) made: bool,
    /// When TIME_WAIT began, where it did.
    pub(super) time_wait_from: Option<Timestamp>,
    /// The use before it of the same pair or listening endpoint.
    pub(super) before: Option<UseId>,
}

/// The number of a [`Use`]: it grows by one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UseId(u64);

const _: () = assert!(
    2 * size_of::<Use>()
        + cost::in_hash_table(size_of::<((Endpoint, Endpoint), UseId)>())
        + cost::in_hash_table(size_of::<(Endpoint, UseId)>())
        + cost::ANNOUNCEMENT
        + cost::PORT_USE
        <= cost::HISTORY
);

/// All uses that are remembered, the oldest forgotten first.
#[derive(Default)]
pub(super) struct History {
    uses: VecDeque<Use>,
    first: u64,
    by_pair: KeyedMap<(Endpoint, Endpoint), UseId>,
    by_listener: KeyedMap<Endpoint, UseId>,
}

impl History {
    pub(super) fn get(&self, id: UseId) -> Option<&Use> {
        self.uses.get(usize::try_from(id.0.checked_sub(self.first)?).ok()?)
    }

    pub(super) fn get_mut(&mut self, id: UseId) -> Option<&mut Use> {
        self.uses.get_mut(usize::try_from(id.0.checked_sub(self.first)?).ok()?)
    }

    /// The latest use of this pair.
    pub(super) fn of_pair(&self, connector: Endpoint, listener: Endpoint) -> Option<UseId> {
        self.by_pair.get(&(connector, listener)).copied().filter(|&id| self.get(id).is_some())
    }

    /// The latest use of this listening endpoint.
    pub(super) fn of_listener(&self, listener: Endpoint) -> Option<UseId> {
        self.by_listener.get(&listener).copied().filter(|&id| self.get(id).is_some())
    }

    /// Remembers a new use.
    pub(super) fn add(&mut self, one: Use, limits: &Limits, counts: &mut LimitCounts) -> UseId {
        let id = UseId(self.first.saturating_add(self.uses.len() as u64));
        self.by_pair.insert((one.connector, one.listener), id);
        self.by_listener.insert(one.listener, id);
        self.uses.push_back(one);
        if self.uses.len() > limits.history {
            counts.reached(LimitName::History);
            self.forget_oldest();
        }
        id
    }

    fn forget_oldest(&mut self) {
        let id = UseId(self.first);
        if let Some(old) = self.uses.pop_front() {
            self.first = self.first.saturating_add(1);
            let pair = (old.connector, old.listener);
            if self.by_pair.get(&pair) == Some(&id) {
                self.by_pair.remove(&pair);
            }
            if self.by_listener.get(&old.listener) == Some(&id) {
                self.by_listener.remove(&old.listener);
            }
        }
    }
}
