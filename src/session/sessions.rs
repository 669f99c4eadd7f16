//! The sessions under way, and how one is found: by its number, its uid, its client, or the two hosts that it
//! is between.

mod aside;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;

use slotmap::SlotMap;
use smallvec::SmallVec;

use super::active::{ActiveSession, Channel};
use super::control::Fit;
use super::twins::{Numbers, Twin};
#[cfg(feature = "store")]
use crate::base::encode;
use crate::base::{Endpoint, FrameNumber, KeyedMap, TimeDelta, Timestamp, cost};
use crate::report::{ChannelIndex, Uid};
use crate::tls::Lineage;
pub(super) use aside::PutAside;
use aside::{Aside, Asides};

/// Sessions that are examined for one to evict.
const EXAMINED: usize = 64;

/// Of very many sessions between two hosts only the newest are considered.
const NEWEST: usize = 256;

/// Sessions between two hosts that are counted.
const COUNTED: usize = 32;

/// Sessions that may have gone from the order of examination before it is swept.
const SLACK: usize = 64;

slotmap::new_key_type! {
    /// The number of a session under way. It names no other session once this one has gone.
    pub(super) struct SessionId;
}

#[cfg(feature = "store")]
encode::key!(SessionId);

/// Two hosts, whichever is named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HostPair(IpAddr, IpAddr);

impl HostPair {
    pub(super) fn between(one: IpAddr, other: IpAddr) -> Self {
        if one <= other { Self(one, other) } else { Self(other, one) }
    }
}

// What a session takes whatever is said in it: itself, its place, by client, by uid, by its numbers, its twin, in its pair's two lists,
// among those that linger, and twice in the order of examination.
const _: () = assert!(
    size_of::<ActiveSession>()
        + 2 * (size_of::<Box<ActiveSession>>() + size_of::<FrameNumber>())
        + cost::in_hash_table(size_of::<(Endpoint, SessionId)>())
        + cost::in_hash_table(size_of::<(Uid, SessionId)>())
        + cost::in_hash_table(size_of::<(Numbers, SessionId)>())
        + size_of::<Twin>()
        + cost::in_hash_table(size_of::<HostPair>() + 48)
        + cost::in_tree(size_of::<FrameNumber>())
        + 2 * 2 * size_of::<SessionId>()
        + 7 * cost::ALLOCATION
        <= cost::SESSION
);

/// All sessions under way, and control connections that may become one.
#[derive(Default)]
pub(super) struct Sessions {
    all: SlotMap<SessionId, Place>,
    by_client: KeyedMap<Endpoint, SessionId>,
    by_uid: KeyedMap<Uid, SessionId>,
    /// Of each two hosts the sessions by their first frames.
    by_hosts: KeyedMap<HostPair, BTreeSet<(FrameNumber, SessionId)>>,
    /// First frames of sessions that wait for their data connections to end: their own connection has.
    lingering: BTreeSet<FrameNumber>,
    /// In which order sessions are examined for one to evict, among them such as have gone since.
    to_examine: VecDeque<SessionId>,
    /// Those of the last examination that are to be evicted next, the last one first.
    to_evict: Vec<(Missed, SessionId)>,
    aside: Asides,
}

/// Where a session is.
enum Place {
    Here(Box<ActiveSession>),
    Aside(Box<Aside>),
}

/// How long a session must have been silent to count as left.
const LEFT: TimeDelta = TimeDelta::from_secs(300);

/// How much a session would be missed; what is compared first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Missed {
    worth: Worth,
    last: FrameNumber,
}

/// What a session is worth keeping, from least to most. One that has been silent for long counts as left: a client that
/// leaves many sessions behind must not keep room from later ones, whatever it negotiated in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// Left without any negotiation.
    LeftIdle,
    /// Left with negotiations that no data connection came of.
    LeftUnmet,
    /// Alive, without any negotiation.
    Begun,
    /// Left after data connections.
    LeftServed,
    /// Alive, with negotiations.
    Negotiated,
    /// With a data connection that is open.
    Busy,
}

impl Missed {
    /// Channels looked at, the newest first.
    const CHANNELS: usize = 8;

    fn of(session: &ActiveSession, now: Timestamp) -> Self {
        let is_left = now.since(session.last.time) >= LEFT;
        let has_channels = !session.channels.is_empty();
        let is_served = || session.channels.iter().rev().take(Self::CHANNELS).any(Channel::is_linked);
        let worth = match (is_left, has_channels) {
            _ if session.open_flows > 0 => Worth::Busy,
            (true, false) => Worth::LeftIdle,
            (true, true) if is_served() => Worth::LeftServed,
            (true, true) => Worth::LeftUnmet,
            (false, false) => Worth::Begun,
            (false, true) => Worth::Negotiated,
        };
        Self { worth, last: session.last.frame }
    }

    /// Whether it makes room for others whenever that is scarce.
    fn makes_room(self) -> bool {
        self.worth <= Worth::Begun
    }
}

/// Whose data connection a new connection may be.
pub(super) struct Foreseen {
    pub(super) session: SessionId,
    /// Whether it may as well be another's.
    pub(super) is_ambiguous: bool,
    /// Those others.
    pub(super) others: SmallVec<[SessionId; 4]>,
}

/// A session that has left.
pub(super) struct Removed {
    pub(super) session: Box<ActiveSession>,
    /// The hosts that it was between, if it was the last one between them.
    pub(super) last_between: Option<HostPair>,
}

impl Sessions {
    /// How many there are, without those that are put aside.
    pub(super) fn len(&self) -> usize {
        self.all.len().saturating_sub(self.aside.count())
    }

    #[inline]
    pub(super) fn get(&self, id: SessionId) -> Option<&ActiveSession> {
        match self.all.get(id)? {
            Place::Here(session) => Some(session),
            Place::Aside(_) => None,
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut ActiveSession> {
        match self.all.get_mut(id)? {
            Place::Here(session) => Some(session),
            Place::Aside(_) => None,
        }
    }

    /// All that are not put aside.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ActiveSession> {
        self.all.values().filter_map(|place| match place {
            Place::Here(session) => Some(&**session),
            Place::Aside(_) => None,
        })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.all.keys()
    }

    /// Adds a control connection; until it is [confirmed](Self::confirm) it is found by its number alone.
    pub(super) fn insert(&mut self, session: Box<ActiveSession>) -> SessionId {
        let id = self.all.insert(Place::Here(session));
        if self.to_examine.len() > self.all.len().saturating_mul(2).saturating_add(SLACK) {
            let Self { all, to_examine, .. } = self;
            to_examine.retain(|&one| all.contains_key(one));
        }
        self.to_examine.push_back(id);
        id
    }

    /// FTP is spoken on it: from now on it is found by all that it is known by.
    pub(super) fn confirm(&mut self, id: SessionId) -> Option<&ActiveSession> {
        let session = self.get(id)?;
        let (client, server) = (session.client(), session.server());
        let (uid, first) = (session.uid.clone(), session.first.frame);
        let others = self.open_of(client.ip, server.ip);
        self.by_client.insert(client, id);
        self.by_uid.insert(uid, id);
        let hosts = HostPair::between(client.ip, server.ip);
        self.by_hosts.entry(hosts).or_default().insert((first, id));
        let session = self.get_mut(id)?;
        session.others_open = others;
        Some(session)
    }

    /// How many sessions of a client with a server are open, as far as that is worth counting.
    fn open_of(&self, client: IpAddr, server: IpAddr) -> u32 {
        let between = self.by_hosts.get(&HostPair::between(client, server));
        let newest = between.into_iter().flat_map(|between| between.iter().rev().take(COUNTED));
        let open = newest.filter(|(_, id)| match self.all.get(*id) {
            Some(Place::Here(session)) => session.is_open() && session.client().ip == client,
            Some(Place::Aside(aside)) => aside.client.ip == client,
            None => false,
        });
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }

    /// The sessions of a client with a server that are open, the newest ones.
    pub(super) fn of_server(&self, server: IpAddr, client: IpAddr) -> SmallVec<[SessionId; 4]> {
        let between = self.by_hosts.get(&HostPair::between(client, server));
        let newest = between.into_iter().flat_map(|between| between.iter().rev().take(COUNTED));
        let is_one = |id: &SessionId| {
            self.get(*id).is_some_and(|session| session.is_open() && session.client().ip == client)
        };
        newest.map(|&(_, id)| id).filter(is_one).collect()
    }

    /// The control connection has ended; data connections are waited for.
    pub(super) fn linger(&mut self, id: SessionId) {
        if let Some(first) = self.get(id).map(|session| session.first.frame) {
            self.lingering.insert(first);
        }
    }

    /// Whether there are owners, and none of them is asked for.
    pub(super) fn are_unwanted(&self, owners: &[(SessionId, ChannelIndex)]) -> bool {
        !owners.is_empty()
            && owners.iter().all(|&(owner, _)| match self.all.get(owner) {
                Some(Place::Here(session)) => session.is_unwanted,
                Some(Place::Aside(aside)) => aside.is_unwanted,
                None => false,
            })
    }

    /// The first frame of all sessions that linger.
    pub(super) fn first_lingering(&self) -> Option<FrameNumber> {
        self.lingering.first().copied()
    }

    /// Takes a session out of all that it is found by.
    pub(super) fn remove(&mut self, id: SessionId) -> Option<Removed> {
        self.get(id)?;
        let Some(Place::Here(session)) = self.all.remove(id) else { return None };
        self.lingering.remove(&session.first.frame);
        let (client, server) = (session.client(), session.server());
        // A newer session may have taken over the client's endpoint.
        if self.by_client.get(&client) == Some(&id) {
            self.by_client.remove(&client);
        }
        if self.by_uid.get(&session.uid) == Some(&id) {
            self.by_uid.remove(&session.uid);
        }
        let hosts = HostPair::between(client.ip, server.ip);
        let mut last_between = None;
        if let Entry::Occupied(mut between) = self.by_hosts.entry(hosts) {
            between.get_mut().remove(&(session.first.frame, id));
            if between.get().is_empty() {
                between.remove();
                last_between = Some(hosts);
            }
        }
        Some(Removed { session, last_between })
    }

    /// The session of this uid.
    pub(super) fn by_uid(&self, uid: &Uid) -> Option<SessionId> {
        self.by_uid.get(uid).copied()
    }

    /// Whether there is a session between two hosts.
    pub(super) fn are_between(&self, hosts: HostPair) -> bool {
        self.by_hosts.contains_key(&hosts)
    }

    /// Whether a session between two hosts has its server at this endpoint.
    pub(super) fn is_served_at(&self, hosts: HostPair, server: Endpoint) -> bool {
        let newest =
            self.by_hosts.get(&hosts).into_iter().flat_map(|between| between.iter().rev().take(COUNTED));
        newest.filter_map(|&(_, id)| self.ends(id)).any(|(_, at)| at == server)
    }

    /// The client and the server of a session.
    pub(super) fn ends(&self, id: SessionId) -> Option<(Endpoint, Endpoint)> {
        match self.all.get(id)? {
            Place::Here(session) => Some((session.client(), session.server())),
            Place::Aside(aside) => Some((aside.client, aside.server)),
        }
    }

    /// Whether there is just one session between two hosts.
    pub(super) fn are_alone_between(&self, hosts: HostPair) -> bool {
        self.by_hosts.get(&hosts).is_some_and(|between| between.len() == 1)
    }

    /// The session between two hosts, its dialogue unread, that a connection which begins now fits best; those
    /// that it fits as well are told.
    pub(super) fn foreseen(&self, hosts: HostPair, originator: IpAddr, now: Timestamp) -> Option<Foreseen> {
        let newest = self.by_hosts.get(&hosts)?.iter().rev().take(NEWEST);
        let mut fitting: SmallVec<[(Fit, Timestamp, SessionId); 4]> = newest
            .filter_map(|&(_, id)| {
                let session = self.get(id).filter(|session| session.ended.is_none())?;
                let unread = session.control.is_opaque().then_some(&session.control.unread)?;
                let fit = unread.fit(session.client().ip == originator, now)?;
                let since = unread.announced_at(now).filter(|_| fit == Fit::Announced);
                Some((fit, since.or(unread.last_said())?, id))
            })
            .collect();
        let best = fitting.iter().map(|&(fit, ..)| fit).max()?;
        // Whose own may have been taken for another's is a rival still.
        fitting.retain(|(fit, ..)| *fit == best || *fit == Fit::PerhapsMet);
        // Of those that it fits equally well, whoever spoke last.
        fitting.sort_by_key(|&(fit, since, id)| (fit, since, id));
        let mut equal = fitting.iter().filter(|(fit, ..)| *fit == best);
        let &(.., session) = equal.next_back()?;
        let others: SmallVec<[SessionId; 4]> =
            fitting.iter().map(|&(.., id)| id).filter(|&id| id != session).collect();
        Some(Foreseen { session, is_ambiguous: !others.is_empty(), others })
    }

    /// The one session between two hosts, its dialogue unread, whose TLS session is of this lineage.
    pub(super) fn of_lineage(&self, hosts: HostPair, lineage: Lineage) -> Option<SessionId> {
        let newest = self.by_hosts.get(&hosts)?.iter().rev().take(NEWEST);
        let mut of = newest.map(|&(_, id)| id).filter(|&id| {
            self.get(id).is_some_and(|session| {
                session.control.is_opaque() && session.control.lineage() == Some(lineage)
            })
        });
        let first = of.next()?;
        of.next().is_none().then_some(first)
    }

    /// The session whose default data ports (RFC 959 section 3.2) these are.
    pub(super) fn of_default_ports(&self, originator: Endpoint, responder: Endpoint) -> Option<SessionId> {
        let id = *self.by_client.get(&responder)?;
        let (_, server) = self.ends(id)?;
        let default_port = server.port.checked_sub(1)?;
        (originator == Endpoint::new(server.ip, default_port)).then_some(id)
    }

    /// Of some sessions, others each time, the one that would be missed least, in the order of [`Worth`]; of equals the one
    /// that was silent for longest.
    #[cold]
    pub(super) fn most_idle(&mut self, now: Timestamp) -> Option<SessionId> {
        self.least_missed(now).map(|(_, id)| id)
    }

    /// Of some sessions, others each time, one that no data connection came of: that was left, or negotiated nothing.
    #[cold]
    pub(super) fn unserved(&mut self, now: Timestamp) -> Option<SessionId> {
        self.least_missed(now).filter(|(missed, _)| missed.makes_room()).map(|(_, id)| id)
    }

    fn least_missed(&mut self, now: Timestamp) -> Option<(Missed, SessionId)> {
        // A look at a session costs a miss of the cache, so that one examination serves many evictions.
        while let Some((as_examined, id)) = self.to_evict.pop() {
            if self.get(id).map(|session| Missed::of(session, now)) == Some(as_examined) {
                return Some((as_examined, id));
            }
        }
        let mut examined = self.examine(|session| Missed::of(session, now));
        examined.sort_unstable_by(|one, other| other.cmp(one));
        let least = examined.pop()?;
        self.to_evict = examined.split_off(examined.len() / 2);
        Some(least)
    }

    /// Of some sessions, others each time, the one that keeps most, and how much that is.
    #[cold]
    pub(super) fn largest(&mut self) -> Option<(usize, SessionId)> {
        self.examine(|session| session.control.weight()).into_iter().max()
    }

    /// What `measure` says of the sessions whose turn it is.
    fn examine<T>(&mut self, measure: impl Fn(&ActiveSession) -> T) -> Vec<(T, SessionId)> {
        let mut examined = Vec::new();
        for _ in 0..self.to_examine.len() {
            if examined.len() >= EXAMINED {
                break;
            }
            let Some(id) = self.to_examine.pop_front() else { break };
            match self.get(id) {
                Some(session) => {
                    examined.push((measure(session), id));
                    self.to_examine.push_back(id);
                }
                None => self.leave_queue(id),
            }
        }
        examined
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PacketRef;
    use crate::session::Options;
    use crate::session::control::Control;
    use crate::tcp::{Connection, ConnectionId, Onset};

    fn endpoint(host: u8, port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, host].into(), port)
    }

    /// A session between two hosts that began with this frame.
    fn session(client: Endpoint, first: u64) -> Box<ActiveSession> {
        let first = PacketRef { frame: FrameNumber(first), ..PacketRef::default() };
        let connection = Connection::begun(client, endpoint(1, 21), Onset::Handshake, first);
        let control = Control::new(&connection, &Options::default());
        Box::new(ActiveSession::new(ConnectionId::new(0, 1), &connection, control))
    }

    fn confirmed(sessions: &mut Sessions, client: Endpoint, first: u64) -> SessionId {
        let id = sessions.insert(session(client, first));
        assert!(sessions.confirm(id).is_some());
        id
    }

    #[test]
    fn a_number_names_no_other_session_once_its_own_has_gone() {
        let mut sessions = Sessions::default();
        let old = confirmed(&mut sessions, endpoint(2, 50_000), 1);
        assert!(sessions.remove(old).is_some());
        let new = confirmed(&mut sessions, endpoint(2, 50_001), 2);
        assert!(sessions.get(old).is_none() && sessions.remove(old).is_none());
        assert_eq!(sessions.get(new).map(|session| session.first.frame), Some(FrameNumber(2)));
    }

    #[test]
    fn a_session_is_found_by_its_uid_from_its_confirmation_to_its_end() {
        let mut sessions = Sessions::default();
        let id = sessions.insert(session(endpoint(2, 50_000), 1));
        let uid = sessions.get(id).map(|session| session.uid.clone()).unwrap_or_default();
        assert_eq!(sessions.by_uid(&uid), None);
        sessions.confirm(id);
        assert_eq!(sessions.by_uid(&uid), Some(id));
        sessions.remove(id);
        assert_eq!(sessions.by_uid(&uid), None);
    }

    #[test]
    fn the_end_of_an_older_session_leaves_a_newer_one_of_the_same_client_where_it_is_looked_for() {
        let mut sessions = Sessions::default();
        let client = endpoint(2, 50_000);
        let old = confirmed(&mut sessions, client, 1);
        let new = confirmed(&mut sessions, client, 2);
        sessions.remove(old);
        assert_eq!(sessions.of_default_ports(endpoint(1, 20), client), Some(new));
        assert_eq!(sessions.of_default_ports(endpoint(1, 21), client), None);
    }

    #[test]
    fn only_the_last_session_between_two_hosts_leaves_nothing_between_them() {
        let mut sessions = Sessions::default();
        let (one, other) = (endpoint(2, 50_000), endpoint(2, 50_001));
        let hosts = HostPair::between(endpoint(1, 0).ip, one.ip);
        let (first, second) = (confirmed(&mut sessions, one, 1), confirmed(&mut sessions, other, 2));
        assert_eq!(sessions.remove(first).and_then(|removed| removed.last_between), None);
        assert!(sessions.are_between(hosts));
        assert_eq!(sessions.remove(second).and_then(|removed| removed.last_between), Some(hosts));
        assert!(!sessions.are_between(hosts));
    }

    #[test]
    fn every_session_has_its_turn_to_be_examined_and_those_that_have_gone_take_none() {
        let mut sessions = Sessions::default();
        let count = u16::try_from(3 * EXAMINED).unwrap_or(u16::MAX);
        let ids: Vec<SessionId> =
            (0..count).map(|port| sessions.insert(session(endpoint(2, port), port.into()))).collect();
        for id in ids.iter().take(EXAMINED) {
            sessions.remove(*id);
        }
        let mut turns = Vec::new();
        for _ in 0..2 {
            turns.extend(sessions.examine(|_| ()).into_iter().map(|((), id)| id));
        }
        assert_eq!(turns, ids.get(EXAMINED..).unwrap_or_default());
        assert_eq!(sessions.most_idle(Timestamp::MIN), ids.get(EXAMINED).copied());
    }

    #[test]
    fn a_session_that_spoke_since_it_was_examined_is_not_evicted() {
        let mut sessions = Sessions::default();
        let ids: Vec<SessionId> =
            (0..8).map(|port| sessions.insert(session(endpoint(2, port), port.into()))).collect();
        let now = Timestamp::default();
        assert_eq!(sessions.most_idle(now), ids.first().copied());
        let spoke = ids.get(1).copied().unwrap_or_default();
        if let Some(session) = sessions.get_mut(spoke) {
            session.last.frame = FrameNumber(100);
        }
        assert_eq!(sessions.most_idle(now), ids.get(2).copied());
        assert_eq!(sessions.most_idle(now), ids.get(3).copied());
    }

    #[test]
    fn a_session_that_was_left_is_evicted_before_one_that_has_just_begun() {
        let mut sessions = Sessions::default();
        let ids: Vec<SessionId> =
            (0..4).map(|port| sessions.insert(session(endpoint(2, port), port.into()))).collect();
        let now = Timestamp::default().plus(LEFT);
        for &id in &ids {
            let Some(session) = sessions.get_mut(id) else { continue };
            session.last.time = if Some(&id) == ids.get(2) { Timestamp::default() } else { now };
        }
        assert_eq!(sessions.unserved(now), ids.get(2).copied());
        sessions.to_evict.clear();
        sessions.remove(ids.get(2).copied().unwrap_or_default());
        assert_eq!(sessions.unserved(now), ids.first().copied());
    }

    #[test]
    fn the_order_of_examination_stays_short_however_many_sessions_come_and_go() {
        let mut sessions = Sessions::default();
        for port in 0..1000 {
            let id = sessions.insert(session(endpoint(2, port), port.into()));
            sessions.linger(id);
            assert_eq!(sessions.first_lingering(), Some(FrameNumber(port.into())));
            sessions.remove(id);
        }
        assert!(sessions.to_examine.len() <= SLACK + 4, "{}", sessions.to_examine.len());
        assert_eq!((sessions.len(), sessions.first_lingering()), (0, None));
    }
}
