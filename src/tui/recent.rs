//! The sessions that were looked at last, so that drawing does not read them again and again.
//!
//! **Invariant:** a few at most, and of large ones fewer still.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use super::chosen::Place;
use crate::report::Session;

/// The most that are kept: more than any screen shows at a time.
const MOST: usize = 64;
/// The most memory that they may take together, but for the last one.
const ROOM: usize = 32 * 1024 * 1024;

/// Sessions by index, the last one looked at in front.
#[derive(Debug, Default)]
pub(super) struct Recent {
    sessions: VecDeque<(u32, Arc<Session>, usize)>,
    trouble: Option<String>,
}

impl Recent {
    /// A session: one that is here, else from its place.
    pub(super) fn get(&mut self, index: u32, place: &Place) -> Option<Arc<Session>> {
        if let Some(at) = self.sessions.iter().position(|(other, ..)| *other == index) {
            let found = self.sessions.remove(at)?;
            let session = Arc::clone(&found.1);
            self.sessions.push_front(found);
            return Some(session);
        }
        let session = self.read(place)?;
        if let Place::Stored(_) = place {
            self.sessions.push_front((index, Arc::clone(&session), session.memory()));
            self.shrink();
        }
        Some(session)
    }

    /// The same, but it will not be looked at again soon.
    pub(super) fn in_passing(&mut self, index: u32, place: &Place) -> Option<Arc<Session>> {
        match self.sessions.iter().find(|(other, ..)| *other == index) {
            Some((_, session, _)) => Some(Arc::clone(session)),
            None => self.read(place),
        }
    }

    /// It is another one now.
    pub(super) fn forget(&mut self, index: u32) {
        self.sessions.retain(|(other, ..)| *other != index);
    }

    /// Why a session could not be read since this was last asked.
    pub(super) fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    fn read(&mut self, place: &Place) -> Option<Arc<Session>> {
        match place.get() {
            Ok(session) => Some(session),
            Err(error) => {
                let mut text = error.to_string();
                if let Some(source) = std::error::Error::source(&error) {
                    _ = write!(text, ": {source}");
                }
                self.trouble = Some(text);
                None
            }
        }
    }

    fn shrink(&mut self) {
        let mut taken = 0_usize;
        let fitting = self.sessions.iter().take(MOST).take_while(|(_, _, size)| {
            taken = taken.saturating_add(*size);
            taken <= ROOM
        });
        let count = fitting.count().max(1);
        self.sessions.truncate(count);
    }
}
