//! What a control connection keeps, in bytes of memory, and what it gives up where that is too much.

use super::{Control, Conversation, Notes};
use crate::base::{LimitCounts, LimitName};
use crate::ftp::Assembled;
use crate::tls;

impl Control {
    /// What is kept of the session, and of lines and records that have not ended, in bytes of memory.
    pub(in crate::session) const fn weight(&self) -> usize {
        self.conversation.kept.saturating_add(self.unfinished)
    }

    /// Reckons what lines and records that have not ended take.
    pub(super) fn reckon(&mut self) {
        let lines = self.splitters.as_ref();
        let lines = lines.map_or(0, |both| both.client.memory().saturating_add(both.server.memory()));
        let tls = self.tls.as_ref().map_or(0, |tls| size_of::<tls::Session>().saturating_add(tls.memory()));
        self.unfinished = lines
            .saturating_add(self.conversation.assembler.memory())
            .saturating_add(tls)
            .saturating_add(self.first_bytes.capacity())
            .saturating_add(self.conversation.assembled.capacity().saturating_mul(size_of::<Assembled>()));
    }

    /// Adds what is kept of the session elsewhere.
    pub(in crate::session) const fn add_kept(&mut self, cost: usize) {
        self.conversation.kept = self.conversation.kept.saturating_add(cost);
    }

    /// Gives up what has not ended.
    pub(in crate::session) fn relieve(&mut self, counts: &mut LimitCounts) {
        counts.reached(LimitName::KeptBytes);
        if let Some(both) = &mut self.splitters {
            both.client.forget_text();
            both.server.forget_text();
        }
        self.conversation.assembler.forget_text();
        self.first_bytes = Vec::new();
        self.conversation.assembled = Vec::new();
        // What follows can't be read any more, as without keys.
        self.tls = None;
        self.take_stock();
    }
}

impl Conversation {
    /// Takes room for more, if there is enough.
    pub(super) fn keep(&mut self, cost: usize, notes: &mut Notes<'_>) -> bool {
        let kept = self.kept.saturating_add(cost);
        let is_room = kept <= notes.room;
        if is_room {
            self.kept = kept;
        } else {
            notes.counts.reached(LimitName::KeptBytes);
        }
        is_room
    }
}
