//! Room for what sessions keep, and what goes where there is none.

use super::Tracker;
use crate::base::{LimitName, Timestamp};
use crate::session::kept;
use crate::session::sessions::SessionId;

impl Tracker {
    /// Takes room for something that is kept of a session; says so in the report where there is not enough.
    pub(super) fn keep(&mut self, session_id: SessionId, cost: usize) -> bool {
        let is_room = self.take_room(session_id, cost);
        if !is_room {
            self.limit(session_id, LimitName::KeptBytes);
        }
        is_room
    }

    /// A cap has taken something from a session, if that is still there.
    #[cold]
    pub(super) fn limit(&mut self, session_id: SessionId, name: LimitName) {
        if self.sessions.limit(session_id, name) {
            self.counts.reached(name);
        }
    }

    /// Takes room for something that is kept of a session, if there is enough.
    pub(super) fn take_room(&mut self, session_id: SessionId, cost: usize) -> bool {
        let allowed = self.kept.allowed();
        let Some(session) = self.sessions.get_mut(session_id) else { return false };
        let is_room = session.control.weight().saturating_add(cost) <= allowed;
        if is_room {
            session.control.add_kept(cost);
            self.kept.change(0, cost);
        }
        is_room
    }

    /// Where sessions that are over are let go of soon, and there is little room for one that keeps little:
    /// ends one that keeps much, or some that no data connection came of, but not the one that asks.
    pub(super) fn make_room(&mut self, now: Timestamp, asking: Option<SessionId>) {
        /// Such keep little each.
        const AT_ONCE: usize = 64;
        for _ in 0..AT_ONCE {
            if self.kept.allowed() >= kept::MODEST {
                return;
            }
            if self.put_one_aside(now, asking) {
                continue;
            }
            let frees_at_once = self.is_streaming && self.kept.frees_at_once();
            if !frees_at_once || !self.evict_for_room(now, asking) {
                return;
            }
        }
    }
}
