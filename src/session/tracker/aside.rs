//! Idle sessions are put aside where there is little room, and called back when something concerns them.
//!
//! **Invariant:** whatever a packet may change of a session is called back before: by the connection that the
//! packet belongs to, by what it is expected to be, by name. What is found by its hosts alone and may be put
//! aside has nothing to be found for: its dialogue can be read.

use super::Tracker;
use crate::base::{LimitName, Timestamp};
use crate::report::Uid;
use crate::session::active::ActiveSession;
use crate::session::flow::Role;
use crate::session::sessions::{PutAside, SessionId};
use crate::session::swap::Swap;
use crate::tcp::ConnectionId;

/// Sessions that are looked at for one that can be put aside.
const LOOKED_AT: usize = 8;

impl Tracker {
    /// From now on idle sessions are put aside where there is little room.
    pub fn put_aside_in(&mut self, swap: Box<dyn Swap>) {
        self.sessions.put_aside_in(swap);
    }

    /// How many sessions are put aside.
    pub const fn aside(&self) -> usize {
        self.sessions.aside()
    }

    /// Puts all sessions aside for which nothing is going on, whatever room there is.
    pub fn put_all_aside(&mut self) {
        let all: Vec<SessionId> = self.sessions.ids().collect();
        for session_id in all {
            self.put_aside(session_id);
        }
    }

    /// Calls a session back, if it is put aside.
    #[inline]
    pub(super) fn call_back(&mut self, session_id: SessionId) {
        if self.sessions.aside() > 0 {
            self.call_back_now(session_id);
        }
    }

    #[cold]
    fn call_back_now(&mut self, session_id: SessionId) -> Option<&ActiveSession> {
        let session = self.sessions.call_back(session_id)?;
        let kept = session.control.weight().saturating_add(session.state_cost);
        self.kept.change(0, kept);
        Some(session)
    }

    /// Something concerns a connection: calls back the sessions that it belongs to, or may, once there is room.
    #[inline]
    pub(super) fn call_back_for(&mut self, id: ConnectionId) {
        if self.sessions.aside() > 0 {
            self.call_back_all_of(id);
        }
    }

    #[cold]
    fn call_back_all_of(&mut self, id: ConnectionId) {
        let Some(flow) = self.flows.get(id) else { return };
        let mut concerned: smallvec::SmallVec<[SessionId; 4]> = smallvec::SmallVec::new();
        match &flow.role {
            Role::Control(session_id) => concerned.push(*session_id),
            Role::Data(data) => {
                concerned.extend(data.owners.iter().map(|&(owner, _)| owner));
                concerned.extend(data.attempt.as_ref().map(|attempt| attempt.session));
            }
            Role::Undecided | Role::Suspect => {}
        }
        for session_id in concerned {
            let Some(aside) = self.sessions.get_aside(session_id) else { continue };
            let now = aside.last.time;
            if self.sessions.len() >= self.options.limits.sessions {
                self.put_one_aside(now, None);
            }
            self.call_back_now(session_id);
        }
    }

    /// Calls back the session of this name.
    pub(super) fn call_back_named(&mut self, uid: &Uid) -> Option<SessionId> {
        let session_id = self.sessions.by_uid(uid)?;
        self.call_back(session_id);
        Some(session_id)
    }

    /// Puts one of the sessions aside that would be missed least; false where none can be.
    #[cold]
    pub(super) fn put_one_aside(&mut self, now: Timestamp, asking: Option<SessionId>) -> bool {
        if !self.sessions.can_put_aside() {
            return false;
        }
        for _ in 0..LOOKED_AT {
            let Some(session_id) = self.sessions.most_idle(now) else { return false };
            if Some(session_id) != asking && self.put_aside(session_id) {
                return true;
            }
        }
        false
    }

    /// Puts a session aside, if nothing is going on in it. Where there is no room, whatever has been aside for
    /// longest ends early.
    fn put_aside(&mut self, session_id: SessionId) -> bool {
        let Some(session) = self.sessions.get(session_id) else { return false };
        let kept = session.control.weight().saturating_add(session.state_cost);
        if self.sessions.aside() >= self.options.limits.sessions_aside && !self.end_longest_aside() {
            return false;
        }
        let mut done = self.sessions.put_aside(session_id);
        if done == PutAside::Full && self.end_longest_aside() {
            done = self.sessions.put_aside(session_id);
        }
        if done == PutAside::Done {
            self.kept.change(kept, 0);
        }
        done == PutAside::Done
    }

    /// Ends the session early that has been aside for longest; false where there is none.
    #[cold]
    fn end_longest_aside(&mut self) -> bool {
        let Some(session_id) = self.sessions.longest_aside() else { return false };
        self.counts.reached(LimitName::Sessions);
        self.call_back(session_id);
        self.end_early(session_id, LimitName::Sessions);
        true
    }

    /// The capture is over: calls some sessions back that are aside, in the order of their first packets, and
    /// gives their connections, which are to end now. Nothing where none is left.
    pub fn call_some_back(&mut self) -> Vec<ConnectionId> {
        const AT_ONCE: usize = 64;
        if self.sessions.aside() == 0 {
            return Vec::new();
        }
        if self.to_call_back.is_empty() {
            let mut aside: Vec<_> = self.sessions.asides().map(|(id, aside)| (aside.first, id)).collect();
            aside.sort_unstable_by(|one, other| other.cmp(one));
            self.to_call_back = aside.into_iter().map(|(_, id)| id).collect();
        }
        let mut connections = Vec::new();
        while let Some(session_id) = self.to_call_back.pop() {
            let Some(session) = self.call_back_now(session_id) else { continue };
            connections.push(session.connection);
            connections.extend(session.channels.iter().filter_map(|channel| channel.link.open()));
            self.infer_one_way(session_id);
            if connections.len() >= AT_ONCE {
                break;
            }
        }
        connections
    }
}
