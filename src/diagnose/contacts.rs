//! When which client had a session with which server: what failed between the two before or after is read by
//! it.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::case::Case;
use crate::base::{Endpoint, Timestamp, cost};

/// Beginnings of sessions remembered of one client and server: the first, and the latest ones.
const KEPT: usize = 4;

/// What a client and a server cost.
pub(super) const CONTACT_COST: usize =
    cost::in_hash_table(size_of::<((IpAddr, Endpoint), [Timestamp; KEPT], usize)>());

/// The beginnings of sessions, by client and server.
#[derive(Clone, Debug, Default)]
pub(super) struct Contacts {
    by_ends: HashMap<(IpAddr, Endpoint), ([Timestamp; KEPT], usize)>,
}

impl Contacts {
    /// Adds a session; gives how many could not be remembered.
    pub(super) fn add(&mut self, case: &Case<'_>) -> u64 {
        let key = (case.session.client.ip, case.session.server);
        if self.by_ends.len() >= case.options.hosts && !self.by_ends.contains_key(&key) {
            return 1;
        }
        let (starts, count) = self.by_ends.entry(key).or_default();
        // The first one stays; the later ones follow each other in the other places.
        let place = count.checked_sub(1).and_then(|later| later.checked_rem(KEPT - 1)).map_or(0, |at| at + 1);
        if let Some(start) = starts.get_mut(place) {
            *start = case.session.start;
        }
        *count = count.saturating_add(1);
        0
    }

    /// What is known between these clients and servers.
    pub(super) fn of(&self, between: &BTreeSet<(IpAddr, IpAddr)>) -> Self {
        let known =
            self.by_ends.iter().filter(|((client, server), _)| between.contains(&(*client, server.ip)));
        Self { by_ends: known.map(|(ends, starts)| (*ends, *starts)).collect() }
    }

    /// The beginnings of sessions of a client with a server that are remembered.
    pub(super) fn between(&self, client: IpAddr, server: Endpoint) -> &[Timestamp] {
        let found = self.by_ends.get(&(client, server));
        found.and_then(|(starts, count)| starts.get(..(*count).min(KEPT))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Options;
    use crate::diagnose::announced::Announced;
    use crate::diagnose::case::Progress;
    use crate::report::testing::session;

    #[test]
    fn the_first_and_the_latest_sessions_are_remembered() {
        for (sessions, expected) in
            [(4, [0, 1, 2, 3]), (5, [0, 2, 3, 4]), (6, [0, 3, 4, 5]), (9, [0, 6, 7, 8])]
        {
            remembers(sessions, expected);
        }
    }

    fn remembers(sessions: i64, expected: [i64; KEPT]) {
        let (options, announced) = (Options { hosts: 1, ..Options::default() }, Announced::default());
        let mut contacts = Contacts::default();
        for number in 0..sessions {
            let told = session().but(|it| it.start = Timestamp::from_nanos(number));
            let case = Case::open(&told.session, &options, &announced, Progress::default(), told.now());
            assert_eq!(contacts.add(&case), 0);
        }
        let told = session().session;
        let mut known: Vec<i64> =
            contacts.between(told.client.ip, told.server).iter().map(|start| start.nanos()).collect();
        known.sort_unstable();
        assert_eq!(known, expected, "{sessions} sessions");
        assert!(contacts.between(told.server.ip, told.server).is_empty());
        let other = session().but(|it| it.client.ip = it.server.ip);
        let case = Case::open(&other.session, &options, &announced, Progress::default(), other.now());
        assert_eq!(contacts.add(&case), 1);
    }
}
