//! Sessions that several threads store and read, by a handle for each.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::spool::{Place, Spool};
use super::{Error, Scratch, codec};
use crate::report::Session;

/// A store of sessions that threads share.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Locked only while bytes are copied, never while a session is encoded or decoded.
    spool: Arc<Mutex<Spool>>,
}

/// A session on a [`Shelf`]; its room is reused once the last handle is gone.
#[derive(Clone, Debug)]
pub struct Stored(Arc<Piece>);

struct Piece {
    spool: Arc<Mutex<Spool>>,
    place: Place,
}

impl Shelf {
    /// A shelf without sessions.
    pub fn new(scratch: Scratch) -> Self {
        Self { spool: Arc::new(Mutex::new(Spool::new(scratch))) }
    }

    /// Stores a session.
    pub fn put(&self, session: &Session) -> Result<Stored, Error> {
        let (mut plain, mut compressed) = (Vec::new(), Vec::new());
        let encoded = codec::encode(session, &mut plain, &mut compressed);
        drop(plain);
        let mut spool = locked(&self.spool);
        encoded.map_err(|error| spool.unreadable(error))?;
        let place = spool.append(&compressed)?;
        drop(spool);
        Ok(Stored(Arc::new(Piece { spool: Arc::clone(&self.spool), place })))
    }
}

impl Stored {
    /// The session.
    pub fn get(&self) -> Result<Box<Session>, Error> {
        let Piece { spool, place } = &*self.0;
        let mut compressed = Vec::new();
        locked(spool).read(*place, &mut compressed)?;
        codec::decode(&compressed, &mut Vec::new()).map_err(|error| locked(spool).unreadable(error))
    }

    /// Bytes that must be read to get it: a measure of the time that takes.
    pub fn size(&self) -> usize {
        self.0.place.size()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        locked(&self.spool).forget(self.place);
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// A panicked thread does no harm here: a piece is added as a whole or not at all.
fn locked(spool: &Mutex<Spool>) -> MutexGuard<'_, Spool> {
    spool.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::report::testing::silent_session;

    fn session(number: usize) -> Session {
        let start = Timestamp::from_nanos(0);
        silent_session(&number.to_string(), "192.0.2.1:50000", "192.0.2.2:21", start)
    }

    #[test]
    fn a_thread_reads_what_another_one_puts_down() {
        let shelf = Shelf::new(Scratch::open(None));
        let stored: Vec<Stored> = (0..100).map(|number| shelf.put(&session(number)).unwrap()).collect();
        let reader = std::thread::spawn(move || {
            stored.iter().map(|stored| stored.get().unwrap().uid.to_string()).collect::<Vec<_>>()
        });
        for number in 100..200 {
            shelf.put(&session(number)).unwrap();
        }
        let names: Vec<String> = (0..100).map(|number: usize| number.to_string()).collect();
        assert_eq!(reader.join().unwrap(), names);
    }

    #[test]
    fn the_file_does_not_grow_while_old_sessions_are_let_go() {
        let spool = Arc::new(Mutex::new(Spool::with_memory(Scratch::open(None), 2000)));
        let shelf = Shelf { spool: Arc::clone(&spool) };
        let mut kept = std::collections::VecDeque::new();
        let first = shelf.put(&session(1_000_000)).unwrap();
        let mut extents = Vec::new();
        for number in 0..2000 {
            kept.push_back((number, shelf.put(&session(number)).unwrap()));
            if kept.len() > 100 {
                kept.pop_front();
            }
            extents.push(locked(&spool).extent());
        }
        assert!(extents[300] > 0);
        assert!(extents[1999] < extents[300] * 5 / 4, "the file grows: {} {}", extents[300], extents[1999]);
        for (number, stored) in kept {
            assert_eq!(stored.get().unwrap().uid.to_string(), number.to_string());
        }
        assert_eq!(first.get().unwrap().uid.to_string(), "1000000");
    }

    #[test]
    fn without_room_on_the_disk_the_rest_can_still_be_read() {
        let shelf = Shelf { spool: Arc::new(Mutex::new(Spool::with_memory(Scratch::none(), 2000))) };
        let mut stored = Vec::new();
        let failed = loop {
            match shelf.put(&session(stored.len())) {
                Ok(one) => stored.push(one),
                Err(error) => break error,
            }
        };
        assert!(matches!(failed, Error::Write { .. }), "{failed}");
        assert!(stored.len() > 3);
        for (number, stored) in stored.iter().enumerate() {
            assert_eq!(stored.get().unwrap().uid.to_string(), number.to_string());
        }
    }
}
