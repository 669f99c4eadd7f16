//! What servers ask about their clients goes to their sessions.

use super::Tracker;
use crate::decode::NameQuery;
use crate::session::kept;
use crate::session::lookups::Seen;
use crate::session::sessions::SessionId;
use crate::tcp::Connection;

impl Tracker {
    /// A host has asked the DNS for the name of another.
    #[cold]
    pub fn looked_up(&mut self, query: &NameQuery) {
        self.note_lookup(&Seen::in_dns(query));
    }

    #[cold]
    pub(super) fn note_lookup(&mut self, seen: &Seen) {
        self.lookups.note(seen, self.options.limits.attempts);
        for session_id in self.sessions.of_server(seen.asker, seen.about) {
            let is_first = self.sessions.get(session_id).is_some_and(|session| session.lookups.is_none());
            if is_first && !self.keep(session_id, kept::LOOKUPS) {
                continue;
            }
            if let Some(session) = self.sessions.get_mut(session_id) {
                seen.note_in(session.lookups.get_or_insert_default());
            }
        }
    }

    /// What its server had asked before it said anything.
    pub(super) fn recall_lookups(&mut self, session_id: SessionId, connection: &Connection) {
        let known = self.lookups.since(connection.responder, connection.originator, connection.first.time);
        if !known.is_empty()
            && self.keep(session_id, kept::LOOKUPS)
            && let Some(session) = self.sessions.get_mut(session_id)
        {
            session.lookups = Some(Box::new(known));
        }
    }
}
