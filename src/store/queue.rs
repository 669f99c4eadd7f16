//! Sessions that wait for their turn: until none can follow that began earlier.

use std::collections::BTreeMap;

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::base::FrameNumber;
use crate::report::Session;

/// Puts sessions in the order of their first packets, whatever the order of their ends. Those that there is
/// no room for in memory wait in the temporary file.
#[derive(Debug)]
pub struct Queue {
    codec: Codec,
    /// By first frame, and by a number of their own.
    waiting: BTreeMap<(FrameNumber, u64), Waiting>,
    count: u64,
    /// Bytes that the sessions in memory take.
    taken: usize,
    /// How many they may take.
    room: usize,
    /// Sessions in the file.
    spooled: usize,
}

/// A session that waits.
#[derive(Debug)]
enum Waiting {
    /// In memory, of which it takes so many bytes.
    Here(Box<Session>, usize),
    There(Place),
}

impl Queue {
    /// A queue that keeps no more than `room` bytes of sessions in memory.
    pub const fn new(scratch: Scratch, room: usize) -> Self {
        Self {
            codec: Codec::new(Spool::new(scratch)),
            waiting: BTreeMap::new(),
            count: 0,
            taken: 0,
            room,
            spooled: 0,
        }
    }

    /// Adds a session.
    pub fn add(&mut self, session: Box<Session>) -> Result<(), Error> {
        let key = (session.frames.first, self.count);
        self.count = self.count.saturating_add(1);
        let size = session.memory();
        let waiting = if self.taken.saturating_add(size) > self.room {
            let place = self.codec.put(&session)?;
            self.spooled = self.spooled.saturating_add(1);
            Waiting::There(place)
        } else {
            self.taken = self.taken.saturating_add(size);
            Waiting::Here(session, size)
        };
        self.waiting.insert(key, waiting);
        Ok(())
    }

    /// The next session, if it began before this frame: no other can then precede it.
    pub fn next_before(&mut self, frame: FrameNumber) -> Result<Option<Box<Session>>, Error> {
        let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 < frame) else {
            return Ok(None);
        };
        match first.remove() {
            Waiting::Here(session, size) => {
                self.taken = self.taken.saturating_sub(size);
                Ok(Some(session))
            }
            Waiting::There(place) => {
                let session = self.codec.get(place)?;
                self.spooled = self.spooled.saturating_sub(1);
                if self.spooled == 0 {
                    self.codec.spool.clear();
                }
                Ok(Some(session))
            }
        }
    }
}
