//! Which session a data connection belongs to where the dialogue can't be read.
//!
//! When a connection begins, what sessions said just before tells whose it may be. It is linked once it shows
//! that it may be a data connection at all, and TLS 1.2 may then prove whose: it resumes the TLS session of
//! its control connection.

use std::net::IpAddr;

use super::Tracker;
use super::link::Unannounced;
use crate::base::{Endpoint, TimeDelta, Timestamp};
use crate::report::{Certainty, Origin};
use crate::session::active::ActiveSession;
use crate::session::flow::{Foreseen, Shows};
use crate::session::flows::UNPRIVILEGED;
use crate::session::sessions::{HostPair, SessionId};
use crate::tcp::{Connection, ConnectionId, Onset};
use crate::tls::Lineage;

/// Announcements that are remembered, in case the connection goes elsewhere.
const ANNOUNCERS: usize = 64;

/// How long after the announcement such a connection begins at most.
const AT_ONCE: TimeDelta = TimeDelta::from_secs(1);

/// Ports above the privileged ones that belong to services which most networks have: databases, remote
/// desktops, proxies and the like.
const SERVICES: [u16; 24] = [
    1433, 1521, 1723, 1883, 2049, 3128, 3260, 3306, 3389, 5060, 5061, 5222, 5432, 5672, 5900, 5985, 5986,
    6379, 8080, 8443, 9092, 9200, 11211, 27017,
];

impl Tracker {
    /// A connection begins between the hosts of a session: it may be the data connection of one that can't be
    /// read.
    pub(super) fn foresee(&mut self, id: ConnectionId, connection: &Connection) {
        let (originator, responder) = (connection.originator, connection.responder);
        let hosts = HostPair::between(originator.ip, responder.ip);
        let now = connection.first.time;
        let Some(found) = self.sessions.foreseen(hosts, originator.ip, now) else { return };
        if self.may_be_data(found.session, [originator, responder]) {
            self.claim(id, found.session, found.is_ambiguous);
            for other in found.others {
                if let Some(session) = self.sessions.get_mut(other) {
                    session.control.unread.doubt(found.session);
                }
                if let Some(session) = self.sessions.get_mut(found.session) {
                    session.control.unread.doubt(other);
                }
            }
        }
    }

    /// Whether a connection between the hosts of a session that can't be read may be its data connection: to
    /// and from ports that no other service has.
    fn may_be_data(&self, session_id: SessionId, ends: [Endpoint; 2]) -> bool {
        let Some(server) = self.sessions.get(session_id).map(ActiveSession::server) else { return false };
        let default = server.port.checked_sub(1).map(|port| Endpoint::new(server.ip, port));
        let [_, listener] = ends;
        !SERVICES.contains(&listener.port)
            && ends.iter().all(|&end| end.port >= UNPRIVILEGED || Some(end) == default)
    }

    /// A session that can't be read may have announced a data connection.
    #[cold]
    pub(super) fn note_announcer(&mut self, session_id: SessionId, now: Timestamp) {
        self.resolve_rivals(session_id);
        if self.announcers.len() >= ANNOUNCERS {
            self.announcers.pop_front();
        }
        self.announcers.push_back((now, session_id));
    }

    /// The session whose client tries a private address right after its server may have announced one: the
    /// address translator in between could not rewrite what it could not read.
    pub(super) fn foresee_elsewhere(&mut self, connection: &Connection) -> Option<(SessionId, bool)> {
        let (originator, responder) = (connection.originator, connection.responder);
        if self.announcers.is_empty()
            || connection.onset != Onset::Handshake
            || !is_private(responder.ip)
            || responder.port < UNPRIVILEGED
            || SERVICES.contains(&responder.port)
        {
            return None;
        }
        let now = connection.first.time;
        self.announcers.retain(|&(time, _)| now.since(time) <= AT_ONCE);
        let fitting = |&(_, id): &(Timestamp, SessionId)| {
            let session = self.sessions.get(id).filter(|session| session.ended.is_none())?;
            let fits = session.client().ip == originator.ip
                && session.server().ip != responder.ip
                && session.control.unread.announced_at(now).is_some();
            fits.then_some(id)
        };
        let mut fitting = self.announcers.iter().filter_map(fitting);
        let first = fitting.next()?;
        Some((first, fitting.any(|other| other != first)))
    }

    /// A connection is taken for a session's, until it shows otherwise.
    pub(super) fn claim(&mut self, id: ConnectionId, session_id: SessionId, is_ambiguous: bool) {
        // Channels stand in the order in which their connections begin.
        let before = self.sessions.get(session_id).and_then(|session| session.control.unread.surely_busy());
        if let Some(before) = before.filter(|&before| before != id) {
            self.settle(before, true);
        }
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let (announced, is_doubtful) = session.control.unread.claim(id, is_ambiguous);
        let certainty = if is_doubtful { Certainty::Possible } else { Certainty::Likely };
        if let Some(data) = self.flows.data_mut(id) {
            data.foreseen = Some(Foreseen { session: session_id, certainty, announced });
        }
    }

    /// A connection that nobody owns has carried something, or is over: it is linked as soon as it shows what
    /// it is.
    #[cold]
    pub(super) fn settle(&mut self, id: ConnectionId, is_over: bool) {
        let Some(data) = self.flows.data_mut(id).filter(|data| data.owners.is_empty()) else { return };
        let foreseen = data.foreseen.as_ref().map(|foreseen| foreseen.session);
        let resumes = match data.shows() {
            Shows::Another => return self.disclaim(id),
            Shows::Nothing if is_over => None,
            Shows::Nothing => return,
            Shows::Data(resumes) => resumes,
        };
        data.is_settled = true;
        if let Some(owner) = resumes.and_then(|lineage| self.of_lineage(id, lineage)) {
            if foreseen != Some(owner) {
                self.disclaim(id);
                self.claim(id, owner, false);
            }
            self.link_foreseen(id, Some(Certainty::Proven));
        } else {
            self.link_foreseen(id, None);
        }
    }

    /// A session goes on to its next data connection, so that the one before is over: of several sessions whose
    /// that may have been, it was this one's if all that the others got are under way.
    fn resolve_rivals(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let is_busy = session.control.unread.busy().is_some();
        let rivals = session.control.unread.take_rivals();
        if is_busy {
            // Its own was what another session got; the next one is in doubt as well.
            session.control.unread.stay_doubtful();
        }
        let is_own = !is_busy && !rivals.is_empty() && rivals.iter().all(|&rival| self.is_surely_busy(rival));
        if is_own {
            self.make_likely(session_id);
        }
        for rival in rivals {
            let Some(session) = self.sessions.get_mut(rival) else { continue };
            let has_others = session.control.unread.dismiss(session_id, is_own);
            if is_own && !has_others {
                self.make_likely(rival);
            }
        }
    }

    /// Whether a data connection of a session is under way, and carries TLS of both sides or other data.
    fn is_surely_busy(&self, session_id: SessionId) -> bool {
        let busy = self.sessions.get(session_id).and_then(|session| session.control.unread.busy());
        let data = busy.and_then(|id| self.flows.data(id));
        data.is_some_and(|data| data.is_settled && data.owners.iter().any(|&(owner, _)| owner == session_id))
    }

    /// The newest data connection of a session turns out to be no other's.
    fn make_likely(&mut self, session_id: SessionId) {
        let newest = self.sessions.get_mut(session_id).and_then(|session| session.channels.last_mut());
        if let Some(Origin::Unseen { certainty, .. }) = newest.map(|channel| &mut channel.origin)
            && *certainty == Certainty::Possible
        {
            *certainty = Certainty::Likely;
        }
    }

    fn link_foreseen(&mut self, id: ConnectionId, proof: Option<Certainty>) {
        let Some(foreseen) = self.flows.data_mut(id).and_then(|data| data.foreseen.take()) else { return };
        let certainty = proof.unwrap_or(foreseen.certainty);
        self.link_new_channel(foreseen.session, id, Unannounced::OutOfSight(certainty));
    }

    /// A connection is not what it was taken for: the session may still get what it announced.
    fn disclaim(&mut self, id: ConnectionId) {
        let Some(foreseen) = self.flows.data_mut(id).and_then(|data| data.foreseen.take()) else { return };
        if let Some(session) = self.sessions.get_mut(foreseen.session) {
            session.control.unread.release(id);
            session.control.unread.reopen(foreseen.announced);
        }
    }

    /// The one session between the connection's hosts whose TLS session is of this lineage.
    fn of_lineage(&self, id: ConnectionId, lineage: Lineage) -> Option<SessionId> {
        let flow = self.flows.get(id)?;
        self.sessions.of_lineage(HostPair::between(flow.originator.ip, flow.responder.ip), lineage)
    }

    /// A data connection has ended, or begun to: its sessions may open another.
    pub(super) fn release_claim(&mut self, id: ConnectionId) {
        let Some(data) = self.flows.data(id) else { return };
        for &(session_id, index) in &data.owners {
            let Some(session) = self.sessions.get_mut(session_id) else { continue };
            session.control.unread.release(id);
            // While a transfer is under way a client says nothing else.
            let command = session.control.unread.last_command();
            if let Some(channel) = session.channel_mut(index) {
                channel.asked = channel.asked.or(command);
            }
        }
        if let Some(session) = data.foreseen.and_then(|foreseen| self.sessions.get_mut(foreseen.session)) {
            session.control.unread.release(id);
        }
    }
}

/// Whether an address is for networks of one's own.
const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}
