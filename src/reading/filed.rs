//! Files put together from the transfers of the sessions that pass by.

use super::SessionObserver;
use crate::base::FrameNumber;
use crate::filter::Filter;
use crate::report::Session;
use crate::session::Files;
use crate::store::{Error, FileShelf, Queue, Scratch};

/// Puts files together, and gives an observer each session with the numbers of its files, as soon as none can follow
/// that began earlier.
#[derive(Debug)]
pub struct Filed<'o, O> {
    observer: &'o mut O,
    files: Files,
    shelf: FileShelf,
    /// None where sessions are passed on as they come: then their files have no numbers yet.
    queue: Option<Queue>,
    filter: Option<&'o Filter>,
}

impl<'o, O> Filed<'o, O> {
    /// Lets sessions wait in `queue`, and files in a temporary file; of sessions that `filter` leaves out nothing
    /// becomes a file.
    pub fn new(
        observer: &'o mut O,
        scratch: Scratch,
        queue: Option<Queue>,
        filter: Option<&'o Filter>,
    ) -> Self {
        let files = if queue.is_some() { Files::default() } else { Files::unnumbered() };
        Self { observer, files, shelf: FileShelf::new(scratch), queue, filter }
    }

    /// All files, once all sessions have come.
    pub fn into_files(mut self) -> Result<FileShelf, Error> {
        self.files.finish();
        shelve(&mut self.files, &mut self.shelf)?;
        Ok(self.shelf)
    }
}

fn shelve(files: &mut Files, shelf: &mut FileShelf) -> Result<(), Error> {
    files.take_closed().try_for_each(|file| shelf.add(file))
}

impl<O: SessionObserver<Error: From<Error>>> SessionObserver for Filed<'_, O> {
    type Error = O::Error;

    fn session(&mut self, mut session: Box<Session>) -> Result<(), Self::Error> {
        let is_wanted = self.filter.is_none_or(|filter| filter.matches(&session));
        let last = if is_wanted { self.files.add(&mut session) } else { session.frames.first };
        match &mut self.queue {
            Some(queue) => Ok(queue.add_until(session, last)?),
            None => self.observer.session(session),
        }
    }

    fn settled(&mut self, before: FrameNumber) -> Result<(), Self::Error> {
        let Self { observer, files, shelf, queue, .. } = self;
        files.settle(before);
        shelve(files, shelf)?;
        if let Some(queue) = queue {
            while let Some(mut session) = queue.next_before(before)? {
                files.number(&mut session);
                observer.session(session)?;
            }
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Self::Error> {
        self.observer.pause()
    }
}
