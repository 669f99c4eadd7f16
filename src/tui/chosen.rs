//! Where sessions are, and those that were chosen to be written to a file.

use std::sync::Arc;

use super::rows::SessionRow;
use crate::report::{Session, Uid};
use crate::store::{Error, Stored};

/// Where a session is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory: it goes on.
    Here(Arc<Session>),
    Stored(Stored),
}

impl Place {
    pub(super) fn get(&self) -> Result<Arc<Session>, Error> {
        match self {
            Self::Here(session) => Ok(Arc::clone(session)),
            Self::Stored(stored) => Ok(Arc::from(stored.get()?)),
        }
    }

    /// How much is to be read to get it, in bytes.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Here(_) => 0,
            Self::Stored(stored) => stored.size(),
        }
    }
}

/// A session: what the lists show of it, and where the whole of it is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) row: SessionRow,
    pub(super) place: Place,
}

impl Entry {
    /// The bytes of memory that it takes, with its places in the order.
    pub(super) fn memory(&self) -> usize {
        // Beside its row: its place in the store, two allocations, and five lists that may be twice as long as what is in them.
        self.row.memory().saturating_add(size_of::<Place>()).saturating_add(120)
    }
}

/// Sessions that were chosen, to be read one by one.
#[derive(Clone, Debug)]
pub struct Chosen(Vec<(Uid, Place)>);

impl Chosen {
    pub(super) const fn new(sessions: Vec<(Uid, Place)>) -> Self {
        Self(sessions)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, by first packet.
    pub fn uids(&self) -> impl Iterator<Item = Uid> + '_ {
        self.0.iter().map(|(uid, _)| uid.clone())
    }

    /// Gives `each` all of them, by first packet; stops where it fails.
    pub fn each<E: From<Error>>(&self, mut each: impl FnMut(&Session) -> Result<(), E>) -> Result<(), E> {
        self.0.iter().try_for_each(|(_, place)| each(&*place.get()?))
    }
}
