//! Sessions in the order of their first packets, rather than of their ends.

use super::SessionObserver;
use crate::base::FrameNumber;
use crate::report::Session;
use crate::store::{Error, Queue};

/// Gives an observer each session as soon as none can follow that began earlier. Those that there is no room
/// for in memory wait in a temporary file, however many they are.
#[derive(Debug)]
pub struct InOrder<'o, O> {
    observer: &'o mut O,
    queue: Queue,
}

impl<'o, O> InOrder<'o, O> {
    /// Lets sessions wait in `queue`.
    pub const fn new(observer: &'o mut O, queue: Queue) -> Self {
        Self { observer, queue }
    }
}

impl<O: SessionObserver<Error: From<Error>>> SessionObserver for InOrder<'_, O> {
    type Error = O::Error;

    fn session(&mut self, session: Box<Session>) -> Result<(), Self::Error> {
        Ok(self.queue.add(session)?)
    }

    fn settled(&mut self, before: FrameNumber) -> Result<(), Self::Error> {
        while let Some(session) = self.queue.next_before(before)? {
            self.observer.session(session)?;
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Self::Error> {
        self.observer.pause()
    }
}
