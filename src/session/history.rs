//! Which pairs and listening endpoints the capture's earlier data channels used.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::base::{Endpoint, FastKeys, LimitCounts, LimitName, Limits, Timestamp, cost};
use crate::report::{ChannelIndex, ReuseKind, Uid};

/// One data connection that was made, for those that come after it on the same endpoints.
#[derive(Clone, Debug)]
pub(super) struct EndpointUse {
    pub(super) session: Uid,
    pub(super) channel: ChannelIndex,
    pub(super) connector: Endpoint,
    pub(super) listener: Endpoint,
    /// Last packet seen so far.
    pub(super) last: Timestamp,
    /// Whether it came about.
    pub(super) made: bool,
    /// When TIME_WAIT began, where it did.
    pub(super) time_wait_from: Option<Timestamp>,
    /// The use before it of the same pair or listening endpoint; [`History::add`] finds it.
    pub(super) before: Option<EndpointUseId>,
}

/// The number of a [`EndpointUse`]: it grows by one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct EndpointUseId(u64);

/// Where the latest use of a pair or listening endpoint is found. The key itself is read from the use: with
/// keys in them the tables would not stay in the processor's cache.
#[derive(Clone, Copy, Debug)]
struct Latest {
    hash: u64,
    id: EndpointUseId,
}

const _: () = assert!(
    2 * size_of::<EndpointUse>()
        + 2 * cost::in_hash_table(size_of::<Latest>())
        + cost::ANNOUNCEMENT
        + cost::PORT_USE
        <= cost::HISTORY
);

/// All uses that are remembered, the oldest forgotten first.
#[derive(Default)]
pub(super) struct History {
    uses: VecDeque<EndpointUse>,
    first: u64,
    keys: FastKeys,
    by_pair: HashTable<Latest>,
    by_listener: HashTable<Latest>,
}

impl History {
    pub(super) fn get(&self, id: EndpointUseId) -> Option<&EndpointUse> {
        self.uses.get(self.place(id)?)
    }

    pub(super) fn get_mut(&mut self, id: EndpointUseId) -> Option<&mut EndpointUse> {
        let place = self.place(id)?;
        self.uses.get_mut(place)
    }

    fn place(&self, id: EndpointUseId) -> Option<usize> {
        usize::try_from(id.0.checked_sub(self.first)?).ok()
    }

    /// The latest use of this pair.
    pub(super) fn of_pair(&self, connector: Endpoint, listener: Endpoint) -> Option<EndpointUseId> {
        self.find_pair(self.keys.hash_one((connector, listener)), connector, listener)
    }

    fn find_pair(&self, hash: u64, connector: Endpoint, listener: Endpoint) -> Option<EndpointUseId> {
        let is_it = |one: &EndpointUse| one.connector == connector && one.listener == listener;
        self.by_pair.find(hash, self.finder(hash, is_it)).map(|latest| latest.id)
    }

    fn find_listener(&self, hash: u64, listener: Endpoint) -> Option<EndpointUseId> {
        self.by_listener.find(hash, self.finder(hash, |one| one.listener == listener)).map(|latest| latest.id)
    }

    /// Distinguishes entries with the same hash by their uses.
    fn finder(&self, hash: u64, is_it: impl Fn(&EndpointUse) -> bool) -> impl FnMut(&Latest) -> bool {
        move |latest| latest.hash == hash && self.get(latest.id).is_some_and(&is_it)
    }

    /// Remembers a new use; gives its number, and the latest use before it of the same pair, or else of the
    /// same listening endpoint.
    pub(super) fn add(
        &mut self,
        one: EndpointUse,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> (EndpointUseId, Option<(ReuseKind, EndpointUseId)>) {
        let id = EndpointUseId(self.first.saturating_add(self.uses.len() as u64));
        let (connector, listener) = (one.connector, one.listener);
        let (pair, end) = (self.keys.hash_one((connector, listener)), self.keys.hash_one(listener));
        let of_listener = self.find_listener(end, listener);
        // A pair was used only where its listening endpoint was.
        let of_pair = of_listener.and_then(|_| self.find_pair(pair, connector, listener));
        note(&mut self.by_pair, pair, of_pair, id);
        note(&mut self.by_listener, end, of_listener, id);
        let before = match of_pair {
            Some(of_pair) => Some((ReuseKind::FourTuple, of_pair)),
            None => of_listener.map(|of_listener| (ReuseKind::Listener, of_listener)),
        };
        self.uses.push_back(EndpointUse { before: before.map(|(_, id)| id), ..one });
        if self.uses.len() > limits.history {
            counts.reached(LimitName::History);
            self.forget_oldest();
        }
        (id, before)
    }

    fn forget_oldest(&mut self) {
        let id = EndpointUseId(self.first);
        if let Some(old) = self.uses.pop_front() {
            self.first = self.first.saturating_add(1);
            forget(&mut self.by_pair, self.keys.hash_one((old.connector, old.listener)), id);
            forget(&mut self.by_listener, self.keys.hash_one(old.listener), id);
        }
    }
}

/// Puts a use into a table, in place of the one before it, if there is one.
fn note(table: &mut HashTable<Latest>, hash: u64, before: Option<EndpointUseId>, id: EndpointUseId) {
    match before.and_then(|before| table.find_mut(hash, |latest| latest.id == before)) {
        Some(latest) => latest.id = id,
        None => {
            table.insert_unique(hash, Latest { hash, id }, |latest| latest.hash);
        }
    }
}

/// Takes a use out of a table, unless another has taken its place.
fn forget(table: &mut HashTable<Latest>, hash: u64, id: EndpointUseId) {
    if let Ok(entry) = table.find_entry(hash, |latest| latest.id == id) {
        entry.remove();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, 1].into(), port)
    }

    proptest! {
        #[test]
        fn the_latest_use_is_found_unless_it_is_among_those_forgotten(
            ports in prop::collection::vec((0..4_u16, 0..6_u16), 0..60),
            history in 1..20_usize,
        ) {
            let limits = Limits { history, ..Limits::default() };
            let (mut remembered, mut counts) = (History::default(), LimitCounts::default());
            for (connector, listener) in &ports {
                let one = EndpointUse {
                    session: Uid::default(),
                    channel: ChannelIndex(0),
                    connector: endpoint(*connector),
                    listener: endpoint(*listener),
                    last: Timestamp::MIN,
                    made: true,
                    time_wait_from: None,
                    before: None,
                };
                remembered.add(one, &limits, &mut counts);
            }
            let oldest = ports.len().saturating_sub(history);
            let latest = |is_it: &dyn Fn(&(u16, u16)) -> bool| {
                let place = ports.iter().rposition(is_it).filter(|&place| place >= oldest);
                place.map(|place| EndpointUseId(place as u64))
            };
            for listener in 0..6 {
                let listens = endpoint(listener);
                let found = remembered.find_listener(remembered.keys.hash_one(listens), listens);
                prop_assert_eq!(found, latest(&|&(_, one)| one == listener));
                for connector in 0..4 {
                    prop_assert_eq!(
                        remembered.of_pair(endpoint(connector), endpoint(listener)),
                        latest(&|&one| one == (connector, listener))
                    );
                }
            }
            prop_assert!(remembered.by_pair.len() <= history && remembered.by_listener.len() <= history);
        }
    }
}
