//! All sessions of a report, to be read in the order of their first packets as often as needed.

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::report::{Session, Uid};

/// Keeps all sessions.
#[derive(Debug)]
pub struct Archive {
    codec: Codec,
    index: Vec<Entry>,
    is_sorted: bool,
}

/// What is known of a session without reading it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub uid: Uid,
    /// Its first frame.
    pub first: u64,
    place: Place,
}

// However many sessions there are, each may take so much.
const _: () = assert!(size_of::<Entry>() <= 300);

impl Archive {
    /// An archive without sessions.
    pub const fn new(scratch: Scratch) -> Self {
        Self { codec: Codec::new(Spool::new(scratch)), index: Vec::new(), is_sorted: true }
    }

    /// Adds a session.
    pub fn add(&mut self, session: &Session) -> Result<(), Error> {
        let place = self.codec.put(session)?;
        let first = session.frames.first;
        self.is_sorted &= self.index.last().is_none_or(|last| last.first <= first);
        self.index.push(Entry { uid: session.uid.clone(), first, place });
        Ok(())
    }

    /// What is known of all sessions, in the order of their first packets.
    pub fn index(&mut self) -> &[Entry] {
        if !std::mem::replace(&mut self.is_sorted, true) {
            self.index.sort_by_key(|entry| entry.first);
        }
        &self.index
    }

    /// Gives `each` all sessions, in the order of their first packets; stops where it fails.
    pub fn each<E: From<Error>>(
        &mut self,
        mut each: impl FnMut(Box<Session>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.index();
        let Self { codec, index, .. } = self;
        index.iter().try_for_each(|entry| each(codec.get(entry.place)?))
    }
}
