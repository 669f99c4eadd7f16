//! Files of a report, which come in order and are read once.

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::report::File;

/// Files that are written together: compressing each by itself would cost more than making it.
const BUNDLE: usize = 64;

/// Keeps files of a report.
#[derive(Debug)]
pub struct FileShelf {
    codec: Codec,
    /// Those that are not written yet.
    waiting: Vec<File>,
    /// Where bundles of files are, in order.
    places: Vec<Place>,
}

impl FileShelf {
    /// A shelf without files.
    pub const fn new(scratch: Scratch) -> Self {
        Self { codec: Codec::new(Spool::new(scratch)), waiting: Vec::new(), places: Vec::new() }
    }

    /// Adds the file that comes next.
    pub fn add(&mut self, file: File) -> Result<(), Error> {
        self.waiting.push(file);
        if self.waiting.len() < BUNDLE { Ok(()) } else { self.put() }
    }

    fn put(&mut self) -> Result<(), Error> {
        self.places.push(self.codec.put(&self.waiting)?);
        self.waiting.clear();
        Ok(())
    }

    /// Passes all files to `each`, in their order; stops at its first error.
    pub fn each<E: From<Error>>(mut self, mut each: impl FnMut(&File) -> Result<(), E>) -> Result<(), E> {
        if !self.waiting.is_empty() {
            self.put()?;
        }
        let Self { codec, places, .. } = &mut self;
        for &place in &*places {
            codec.get::<Vec<File>>(place)?.iter().try_for_each(&mut each)?;
        }
        Ok(())
    }
}
