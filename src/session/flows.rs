//! The connections that are followed or may yet be, and how one is found: by its number, its listening
//! endpoint, or as a candidate between two hosts.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::flow::{DataFlow, Flow, Role};
use super::sessions::{HostPair, SessionId};
use crate::base::{Endpoint, FrameNumber, KeyedMap, Timestamp, cost};
use crate::report::ChannelIndex;
use crate::tcp::{Connection, ConnectionId, Onset, Side};

/// Connections that are kept in one list: candidates between two hosts, and data connections to one endpoint.
const LISTED: usize = 256;

/// Settled connections that may stay in the list of the unsettled before it is swept.
const SLACK: usize = 1024;

// What is known of a connection: itself, in a list that may be twice as long; as a data connection with its
// owners, in its pair's list, under both its ends (each with a list of its own), and in the queue of what is
// not settled.
const _: () = assert!(
    2 * size_of::<Option<Flow>>()
        + size_of::<DataFlow>()
        + 4 * size_of::<(SessionId, ChannelIndex)>()
        + 2 * size_of::<ConnectionId>()
        + 2 * (cost::in_hash_table(size_of::<Endpoint>() + size_of::<SmallVec<[ConnectionId; 2]>>())
            + 4 * size_of::<ConnectionId>())
        + 2 * size_of::<(FrameNumber, ConnectionId)>()
        + 4 * cost::ALLOCATION
        <= cost::CONNECTION_IN_TRACKER
);

/// The first port that any user may listen on: those below belong to services.
pub(super) const UNPRIVILEGED: u16 = 1024;

/// All connections that the tracker knows of.
#[derive(Default)]
pub(super) struct Flows {
    /// By their places in the table.
    all: Vec<Option<Flow>>,
    /// Data connections by their listening endpoint, the last few of each.
    by_listener: KeyedMap<Endpoint, SmallVec<[ConnectionId; 2]>>,
    /// Connections between two hosts with a session, in case a negotiation turns out to be theirs.
    candidates: KeyedMap<HostPair, Vec<ConnectionId>>,
    /// By their first frames, what may yet become a session or is one; among them such as have been settled
    /// since.
    unsettled: BTreeSet<(FrameNumber, ConnectionId)>,
    /// Settled ones are swept when there are so many: at most twice as many as are not settled.
    sweep_at: usize,
}

fn position(id: ConnectionId) -> usize {
    usize::try_from(id.slot()).unwrap_or(usize::MAX)
}

/// The one thing there is; none where there are several.
fn only<T>(mut things: impl Iterator<Item = T>) -> Option<T> {
    let first = things.next()?;
    things.next().is_none().then_some(first)
}

impl Flows {
    /// Those that may become sessions.
    pub(super) fn suspects(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        let suspects = self.all.iter().flatten().filter(|flow| matches!(flow.role, Role::Suspect));
        suspects.map(|flow| flow.id)
    }

    /// For how many there are places.
    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    #[inline]
    pub(super) fn get(&self, id: ConnectionId) -> Option<&Flow> {
        self.all.get(position(id))?.as_ref().filter(|flow| flow.id == id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Flow> {
        self.all.get_mut(position(id))?.as_mut().filter(|flow| flow.id == id)
    }

    /// A data connection, claimed or not.
    #[inline]
    pub(super) fn data(&self, id: ConnectionId) -> Option<&DataFlow> {
        match &self.get(id)?.role {
            Role::Data(data) => Some(data),
            Role::Undecided | Role::Suspect | Role::Control(_) => None,
        }
    }

    /// A data connection, claimed or not.
    #[inline]
    pub(super) fn data_mut(&mut self, id: ConnectionId) -> Option<&mut DataFlow> {
        match &mut self.get_mut(id)?.role {
            Role::Data(data) => Some(data),
            Role::Undecided | Role::Suspect | Role::Control(_) => None,
        }
    }

    /// Enters a connection, or gives it another role.
    pub(super) fn set(&mut self, id: ConnectionId, connection: &Connection, role: Role) {
        let position = position(id);
        if self.all.len() <= position {
            self.all.resize_with(position.saturating_add(1), || None);
        }
        let listed = match (&role, connection.onset) {
            (Role::Data(_), Onset::MidStream) => 2,
            (Role::Data(_), Onset::Handshake) => 1,
            (Role::Undecided | Role::Suspect | Role::Control(_), _) => 0,
        };
        let (originator, responder) = (connection.originator, connection.responder);
        for endpoint in [responder, originator].into_iter().take(listed) {
            self.note_listener(endpoint, id);
        }
        let flow =
            Flow { id, originator, responder, first: connection.first, role, listed, candidate: false };
        if let Some(place) = self.all.get_mut(position) {
            *place = Some(flow);
        }
    }

    /// Remembers a data connection by its listening endpoint. Of those that the whole world makes to one
    /// endpoint, the last few will do for an announcement that is captured late.
    fn note_listener(&mut self, listener: Endpoint, id: ConnectionId) {
        let known = self.by_listener.entry(listener).or_default();
        if known.len() >= LISTED {
            known.remove(0);
        }
        known.push(id);
    }

    /// Enters a connection between two hosts as a data connection that nobody has announced yet, unless there
    /// are too many of those.
    pub(super) fn set_candidate(&mut self, id: ConnectionId, connection: &Connection) -> bool {
        let hosts = HostPair::between(connection.originator.ip, connection.responder.ip);
        let candidates = self.candidates.entry(hosts).or_default();
        if candidates.len() >= LISTED {
            return false;
        }
        candidates.push(id);
        self.set(id, connection, Role::Data(Box::new(DataFlow::new())));
        if let Some(flow) = self.get_mut(id) {
            flow.candidate = true;
        }
        true
    }

    /// Takes a connection out of all that it is found by.
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Flow> {
        let flow = self.all.get_mut(position(id))?.take_if(|flow| flow.id == id)?;
        for endpoint in [flow.responder, flow.originator].into_iter().take(flow.listed) {
            if let Entry::Occupied(mut known) = self.by_listener.entry(endpoint) {
                known.get_mut().retain(|one| *one != id);
                if known.get().is_empty() {
                    known.remove();
                }
            }
        }
        let hosts = HostPair::between(flow.originator.ip, flow.responder.ip);
        if flow.candidate
            && let Entry::Occupied(mut candidates) = self.candidates.entry(hosts)
        {
            candidates.get_mut().retain(|&one| one != id);
            if candidates.get().is_empty() {
                candidates.remove();
            }
        }
        Some(flow)
    }

    /// No session is left between two hosts: no more candidates are wanted there. Gives those that nobody has
    /// claimed.
    pub(super) fn dismiss_candidates(&mut self, hosts: HostPair) -> Vec<ConnectionId> {
        let mut candidates = self.candidates.remove(&hosts).unwrap_or_default();
        candidates.retain(|&id| self.data(id).is_some_and(|data| data.owners.is_empty()));
        candidates
    }

    /// Data connections to this endpoint, the oldest first.
    pub(super) fn to(&self, listener: Endpoint) -> &[ConnectionId] {
        self.by_listener.get(&listener).map_or(&[], |known| known)
    }

    /// The candidates between two hosts that nobody has claimed, the oldest first.
    fn unclaimed(
        &self,
        hosts: HostPair,
    ) -> impl DoubleEndedIterator<Item = (ConnectionId, &Flow, &DataFlow)> {
        let candidates = self.candidates.get(&hosts).map(Vec::as_slice).unwrap_or_default();
        candidates.iter().filter_map(|&id| {
            let flow = self.get(id)?;
            let data = self.data(id).filter(|data| data.owners.is_empty())?;
            Some((id, flow, data))
        })
    }

    /// The newest candidate between two hosts that was opened by `connector` since then, carried something,
    /// and that nobody has claimed.
    pub(super) fn unclaimed_between(
        &self,
        hosts: HostPair,
        connector: IpAddr,
        since: Timestamp,
    ) -> Option<ConnectionId> {
        let newest = self.unclaimed(hosts).rfind(|(_, flow, data)| {
            data.has_payload() && flow.originator.ip == connector && flow.first.time >= since
        });
        newest.map(|(id, ..)| id)
    }

    /// The connection between two hosts that began at `since` or later, that nobody owns, and on which
    /// `sender` alone sent anything; none where there are several.
    pub(super) fn only_unclaimed_between(
        &self,
        hosts: HostPair,
        sender: IpAddr,
        since: Timestamp,
    ) -> Option<ConnectionId> {
        let (id, flow, data) = only(self.unclaimed(hosts).filter(|(_, flow, _)| flow.first.time >= since))?;
        let side = if flow.originator.ip == sender { Side::Originator } else { Side::Responder };
        data.sent(side).then_some(id)
    }

    /// The oldest candidate between two hosts that was opened by `connector` since then and that nobody has
    /// claimed, whether or not it carried anything; only one between ports that no service has.
    pub(super) fn opened_between(
        &self,
        hosts: HostPair,
        connector: IpAddr,
        since: Timestamp,
    ) -> Option<ConnectionId> {
        let oldest = self.unclaimed(hosts).find(|(_, flow, _)| {
            flow.originator.ip == connector
                && flow.responder.port.min(flow.originator.port) >= UNPRIVILEGED
                && flow.first.time >= since
        });
        oldest.map(|(id, ..)| id)
    }

    /// The connection between two hosts that carried something, was under way when its first packet was
    /// captured, and that nobody has claimed; none where there are several.
    pub(super) fn under_way_between(&self, hosts: HostPair) -> Option<ConnectionId> {
        // One that was met in the middle is looked for at both of its ends.
        let fitting = self.unclaimed(hosts).filter(|(_, flow, data)| flow.listed > 1 && data.has_payload());
        only(fitting).map(|(id, ..)| id)
    }

    /// A connection has begun, which may become a session.
    pub(super) fn begun(&mut self, id: ConnectionId, first: FrameNumber) {
        if !self.is_unsettled(id) {
            return;
        }
        if self.unsettled.len() >= self.sweep_at {
            self.sweep();
        }
        self.unsettled.insert((first, id));
    }

    /// Takes settled connections off the list.
    #[cold]
    fn sweep(&mut self) {
        let mut unsettled = std::mem::take(&mut self.unsettled);
        unsettled.retain(|&(_, id)| self.is_unsettled(id));
        self.sweep_at = unsettled.len().saturating_mul(2).saturating_add(SLACK);
        self.unsettled = unsettled;
    }

    /// The first frame of all connections that may yet become a session, or are one.
    pub(super) fn first_unsettled(&mut self) -> Option<FrameNumber> {
        while let Some(&(first, id)) = self.unsettled.first() {
            if self.is_unsettled(id) {
                return Some(first);
            }
            self.unsettled.pop_first();
        }
        None
    }

    fn is_unsettled(&self, id: ConnectionId) -> bool {
        self.get(id).is_some_and(|flow| match &flow.role {
            Role::Undecided | Role::Suspect | Role::Control(_) => true,
            // One that nobody has claimed may turn out to be a control connection when it speaks.
            Role::Data(data) => data.is_unowned() && !data.has_payload(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PacketRef;

    fn endpoint(host: u8, port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, host].into(), port)
    }

    fn connection(from: Endpoint, to: Endpoint, onset: Onset, frame: u64) -> Connection {
        Connection::begun(from, to, onset, PacketRef { frame: FrameNumber(frame), ..PacketRef::default() })
    }

    fn named(slot: u32) -> ConnectionId {
        ConnectionId::new(slot, 1)
    }

    fn data() -> Role {
        Role::Data(Box::new(DataFlow::new()))
    }

    #[test]
    fn a_data_connection_is_found_by_its_listener_and_by_both_ends_where_its_handshake_was_missed() {
        let (client, server) = (endpoint(2, 40_000), endpoint(1, 1025));
        let mut flows = Flows::default();
        flows.set(named(0), &connection(client, server, Onset::Handshake, 1), data());
        flows.set(named(3), &connection(client, server, Onset::MidStream, 2), data());
        assert_eq!(flows.to(server), [named(0), named(3)]);
        assert_eq!(flows.to(client), [named(3)]);
        flows.remove(named(3));
        flows.remove(named(0));
        assert!(flows.to(server).is_empty() && flows.by_listener.is_empty());
    }

    #[test]
    fn a_name_is_of_no_use_once_another_connection_has_taken_the_place() {
        let (client, server) = (endpoint(2, 40_000), endpoint(1, 1025));
        let (old, new) = (ConnectionId::new(0, 1), ConnectionId::new(0, 2));
        let mut flows = Flows::default();
        flows.set(old, &connection(client, server, Onset::Handshake, 1), data());
        flows.remove(old);
        flows.set(new, &connection(client, server, Onset::Handshake, 2), data());
        assert!(flows.get(old).is_none() && flows.data_mut(old).is_none() && flows.remove(old).is_none());
        assert!(flows.data(new).is_some());
        assert_eq!(flows.to(server), [new]);
    }

    #[test]
    fn of_the_connections_to_one_endpoint_the_oldest_is_forgotten_first() {
        let mut flows = Flows::default();
        let listener = endpoint(1, 1025);
        for number in 0..300 {
            let from = endpoint(2, u16::try_from(number).unwrap_or_default());
            flows.set(named(number), &connection(from, listener, Onset::Handshake, 1), data());
        }
        assert_eq!(flows.to(listener).len(), LISTED);
        assert_eq!(flows.to(listener).last(), Some(&named(299)));
    }

    #[test]
    fn candidates_are_few_and_those_that_are_claimed_are_not_dismissed() {
        let mut flows = Flows::default();
        let (one, other) = (endpoint(2, 40_000), endpoint(1, 1025));
        let begun = connection(one, other, Onset::Handshake, 1);
        for number in 0..300 {
            let is_taken = flows.set_candidate(named(number), &begun);
            assert_eq!(is_taken, number < 256);
        }
        if let Some(data) = flows.data_mut(named(7)) {
            data.owners.push((SessionId::default(), ChannelIndex(0)));
        }
        let dismissed = flows.dismiss_candidates(HostPair::between(other.ip, one.ip));
        assert_eq!((dismissed.len(), dismissed.contains(&named(7))), (255, false));
        assert!(flows.candidates.is_empty());
    }

    #[test]
    fn what_may_become_a_session_is_unsettled_until_it_ends_or_is_claimed() {
        let mut flows = Flows::default();
        let (client, server) = (endpoint(2, 40_000), endpoint(1, 21));
        for (number, role) in [(0, Role::Suspect), (1, data()), (2, Role::Undecided)] {
            let frame = 10 + u64::from(number);
            flows.set(named(number), &connection(client, server, Onset::Handshake, frame), role);
            flows.begun(named(number), FrameNumber(frame));
        }
        assert_eq!(flows.first_unsettled(), Some(FrameNumber(10)));
        flows.remove(named(0));
        assert_eq!(flows.first_unsettled(), Some(FrameNumber(11)));
        if let Some(data) = flows.data_mut(named(1)) {
            data.owners.push((SessionId::default(), ChannelIndex(0)));
        }
        assert_eq!(flows.first_unsettled(), Some(FrameNumber(12)));
        flows.remove(named(2));
        assert_eq!(flows.first_unsettled(), None);
    }

    #[test]
    fn the_list_of_the_unsettled_stays_short_however_many_connections_come_and_go() {
        let mut flows = Flows::default();
        let (client, server) = (endpoint(2, 40_000), endpoint(1, 21));
        for serial in 0..5000 {
            let (id, frame) = (ConnectionId::new(0, serial), u64::from(serial));
            flows.set(id, &connection(client, server, Onset::Handshake, frame), Role::Suspect);
            flows.begun(id, FrameNumber(frame));
        }
        assert!(flows.unsettled.len() <= SLACK + 2, "{}", flows.unsettled.len());
    }
}
