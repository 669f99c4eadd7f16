//! Sessions that wait until no earlier one can follow.

use std::collections::BTreeMap;

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::base::FrameNumber;
use crate::report::Session;

/// Puts sessions in order of first packets, whatever the order of their ends. Those that don't fit into memory wait
/// in the temporary file.
#[derive(Debug)]
pub struct Queue {
    codec: Codec,
    /// By first frame and serial number, with the frame before which nothing may begin any more.
    waiting: BTreeMap<(FrameNumber, u64), (FrameNumber, Waiting)>,
    /// The next serial number.
    count: u64,
    /// Bytes taken by the sessions in memory.
    taken: usize,
    /// Bytes that they may take.
    room: usize,
    /// Sessions in the file.
    spooled: usize,
}

/// A session that waits.
#[derive(Debug)]
enum Waiting {
    /// In memory, with its size in bytes.
    InMemory(Box<Session>, usize),
    /// In the temporary file.
    InFile(Place),
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
        let first = session.frames.first;
        self.add_until(session, first)
    }

    /// Adds a session that waits until none can follow that began before this frame.
    pub fn add_until(&mut self, session: Box<Session>, until: FrameNumber) -> Result<(), Error> {
        let key = (session.frames.first, self.count);
        self.count = self.count.saturating_add(1);
        let size = session.memory();
        let waiting = if self.taken.saturating_add(size) > self.room {
            let place = self.codec.put(&session)?;
            self.spooled = self.spooled.saturating_add(1);
            Waiting::InFile(place)
        } else {
            self.taken = self.taken.saturating_add(size);
            Waiting::InMemory(session, size)
        };
        self.waiting.insert(key, (until, waiting));
        Ok(())
    }

    /// The next session, if it began before this frame, as did what it waits for: then no other can precede it.
    pub fn next_before(&mut self, frame: FrameNumber) -> Result<Option<Box<Session>>, Error> {
        let is_due = |until: FrameNumber| until < frame;
        let Some(first) = self.waiting.first_entry().filter(|first| is_due(first.key().0.max(first.get().0)))
        else {
            return Ok(None);
        };
        match first.remove().1 {
            Waiting::InMemory(session, size) => {
                self.taken = self.taken.saturating_sub(size);
                Ok(Some(session))
            }
            Waiting::InFile(place) => {
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
