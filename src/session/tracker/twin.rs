//! Sessions that are one, captured on both sides of a NAT.

use super::Tracker;
use crate::session::sessions::SessionId;
use crate::tcp::{Chunk, Connection, ConnectionId, Gap, Side};

impl Tracker {
    /// A session has begun: finds the one on the other side of a NAT, and reads what was heard there before.
    pub(super) fn find_twin(&mut self, id: ConnectionId, session_id: SessionId, connection: &Connection) {
        let Self { sessions, twins, .. } = self;
        let Some(session) = sessions.get(session_id) else { return };
        let (uid, heard) = (session.uid.clone(), session.half.heard());
        let Some(other_id) = twins.enter(&session.half, session_id) else { return };
        self.call_back(other_id);
        let Self { sessions, .. } = self;
        let Some(other) = sessions.get_mut(other_id) else { return };
        let (other_uid, other_heard) = (other.uid.clone(), other.half.heard());
        let early = other.half.join(session_id, uid, heard);
        if let Some(session) = sessions.get_mut(session_id) {
            session.half.join(other_id, other_uid, other_heard);
        }
        for early in early {
            self.read_control(id, session_id, connection, early.chunk());
        }
    }

    /// One direction of a session is heard: that may be of use to the session that hears the other one.
    #[cold]
    pub(super) fn keep_for_twin(&mut self, session_id: SessionId, chunk: &Chunk<'_>) {
        let Some(session) = self.sessions.get(session_id) else { return };
        let cost = session.half.cost_of(chunk);
        let is_kept = cost.is_some_and(|cost| self.take_room(session_id, cost));
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        if is_kept {
            session.half.keep(chunk);
        } else {
            session.half.stop_keeping();
        }
    }

    /// Lets the session on the other side read what it lacks.
    #[cold]
    pub(super) fn pass_to_twin(&mut self, session_id: SessionId, connection: &Connection, chunk: Chunk<'_>) {
        let Some((twin, id)) = self.other_side(session_id, chunk.side) else { return };
        self.feed_control(twin, |control, notes| control.data(connection, chunk, notes));
        self.react(id, twin, chunk.packet);
    }

    /// The same for what is missing.
    #[cold]
    pub(super) fn pass_gap_to_twin(&mut self, session_id: SessionId, gap: Gap) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.half.stop_keeping();
        }
        let Some((twin, id)) = self.other_side(session_id, gap.side) else { return };
        self.feed_control(twin, |control, notes| control.gap(gap, notes));
        self.react(id, twin, gap.packet);
    }

    /// The session on the other side of a NAT that lacks what this side says, as long as it goes on.
    fn other_side(&mut self, session_id: SessionId, side: Side) -> Option<(SessionId, ConnectionId)> {
        let twin = self.sessions.get(session_id)?.half.listener(side)?;
        self.call_back(twin);
        let session = self.sessions.get(twin).filter(|session| session.ended.is_none())?;
        Some((twin, session.connection))
    }
}
