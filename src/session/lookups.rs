//! Who asked about whom: what a server looks up of its client may be what it waits for.

use std::net::IpAddr;

use smallvec::SmallVec;

use crate::base::{Endpoint, KeyedMap, PacketRef, TimeDelta, Timestamp, cost};
use crate::decode::NameQuery;
use crate::report::{Lookup, LookupKind};
use crate::tcp::Connection;

/// Where a host tells whose a connection is (RFC 1413).
const IDENT: u16 = 113;

/// A question that comes again after so long is a new one.
const APART: TimeDelta = TimeDelta::from_secs(60);

/// Who asks about whom.
type Ends = (IpAddr, IpAddr);

// Of the room for attempts a share, as many are small.
const _: () = assert!(cost::in_hash_table(size_of::<(Ends, List)>()) + LOOKUPS <= SHARE * cost::ATTEMPT);

/// One pair of hosts for so many attempts at control connections.
const SHARE: usize = 8;

/// What a list of questions takes.
const LOOKUPS: usize = 2 * (Lookup::KEPT * size_of::<Lookup>() + cost::ALLOCATION);

/// The latest questions of one host about another.
pub(super) type List = SmallVec<[Lookup; 1]>;

/// A question, or the answer to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    kind: LookupKind,
    pub(super) asker: IpAddr,
    pub(super) about: IpAddr,
    whom: IpAddr,
    packet: PacketRef,
    is_answer: bool,
}

impl Seen {
    /// A question in the DNS.
    pub(super) const fn in_dns(query: &NameQuery) -> Self {
        let &NameQuery { packet, asker, resolver, about, is_answer } = query;
        Self { kind: LookupKind::Name, asker, about, whom: resolver, packet, is_answer }
    }

    /// A connection to a host's ident service, as it stands now.
    #[inline]
    pub(super) fn by_ident(connection: &Connection) -> Option<Self> {
        (connection.responder.port == IDENT).then(|| {
            let answer = connection.established.or(connection.refusal());
            let (asker, about) = (connection.originator.ip, connection.responder.ip);
            let packet = answer.unwrap_or(connection.first);
            let kind = LookupKind::User;
            Self { kind, asker, about, whom: about, packet, is_answer: answer.is_some() }
        })
    }

    /// Adds it to what was seen before.
    pub(super) fn note_in(&self, list: &mut List) {
        let known = list.iter_mut().rev().find(|one| one.kind == self.kind);
        if self.is_answer {
            if let Some(known) = known {
                known.answered.get_or_insert(self.packet.time);
            }
            return;
        }
        match known {
            Some(known) if known.answered.is_none() && self.packet.time.since(known.last) < APART => {
                known.last = known.last.max(self.packet.time);
                known.count = known.count.saturating_add(1);
            }
            _ => {
                if list.len() >= Lookup::KEPT {
                    list.remove(0);
                }
                list.push(self.begun());
            }
        }
    }

    fn begun(&self) -> Lookup {
        Lookup {
            kind: self.kind,
            whom: self.whom,
            time: self.packet.time,
            frame: self.packet.frame,
            last: self.packet.time,
            count: 1,
            answered: None,
        }
    }
}

/// The questions of all hosts, so many of the latest: a session is known only after its server has asked.
#[derive(Default)]
pub(super) struct AllLookups {
    recent: KeyedMap<Ends, List>,
    older: KeyedMap<Ends, List>,
}

impl AllLookups {
    /// Takes note of a question or an answer; there is room for so many pairs of hosts.
    pub(super) fn note(&mut self, seen: &Seen, room: usize) {
        let ends = (seen.asker, seen.about);
        if !self.recent.contains_key(&ends) {
            let known = self.older.remove(&ends);
            if known.is_none() && seen.is_answer {
                return;
            }
            if self.recent.len() >= room / (2 * SHARE) {
                self.older = std::mem::take(&mut self.recent);
            }
            self.recent.insert(ends, known.unwrap_or_default());
        }
        if let Some(list) = self.recent.get_mut(&ends) {
            seen.note_in(list);
        }
    }

    /// What a server has asked about a client since this moment.
    pub(super) fn since(&self, server: Endpoint, client: Endpoint, begun: Timestamp) -> List {
        let ends = (server.ip, client.ip);
        let known = self.recent.get(&ends).or_else(|| self.older.get(&ends));
        known.into_iter().flatten().filter(|one| one.last >= begun).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FrameNumber;
    use crate::report::testing::endpoint;

    fn seen(second: i64, is_answer: bool) -> Seen {
        let packet = PacketRef { time: at(second), frame: FrameNumber(second.unsigned_abs()) };
        let [asker, about, resolver] = ["203.0.113.40", "198.51.100.23", "203.0.113.53"];
        let [asker, about, resolver] = [asker, about, resolver].map(|ip| ip.parse().unwrap());
        Seen::in_dns(&NameQuery { packet, asker, resolver, about, is_answer })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_nanos(second * 1_000_000_000)
    }

    fn known(all: &AllLookups, begun: i64) -> Vec<(i64, u32, Option<i64>)> {
        let found = all.since(endpoint("203.0.113.40:21"), endpoint("198.51.100.23:5000"), at(begun));
        let seconds = |time: Timestamp| time.nanos() / 1_000_000_000;
        found.iter().map(|one| (seconds(one.time), one.count, one.answered.map(seconds))).collect()
    }

    #[test]
    fn a_question_that_is_repeated_is_one_until_it_is_answered_or_a_minute_has_passed() {
        let mut all = AllLookups::default();
        for (second, is_answer) in [(1, false), (6, false), (7, true), (9, false), (80, false), (400, true)] {
            all.note(&seen(second, is_answer), 1000);
        }
        assert_eq!(known(&all, 0), [(1, 2, Some(7)), (9, 1, None), (80, 1, Some(400))]);
        assert_eq!(known(&all, 50), [(80, 1, Some(400))]);
    }

    #[test]
    fn an_answer_to_no_question_is_no_question_and_the_latest_few_are_kept() {
        let mut all = AllLookups::default();
        all.note(&seen(1, true), 1000);
        assert!(known(&all, 0).is_empty());
        for round in 1..=6 {
            all.note(&seen(100 * round, false), 1000);
        }
        assert_eq!(known(&all, 0).len(), Lookup::KEPT);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_latest_is_among_it() {
        let mut all = AllLookups::default();
        for number in 0..1000_u32 {
            let asker = IpAddr::from(number.to_be_bytes());
            all.note(&Seen { asker, ..seen(1, false) }, 160);
            assert!(all.recent.len() + all.older.len() <= 20);
        }
        all.note(&seen(2, false), 160);
        assert_eq!(known(&all, 0).len(), 1);
    }
}
