//! Files of a report, to be read once in order of their numbers.

use super::codec::Codec;
use super::spool::{Place, Spool};
use super::{Error, Scratch};
use crate::report::File;

/// Keeps files of a report.
#[derive(Debug)]
pub struct FileShelf {
    codec: Codec,
    /// By number; they come almost in order.
    places: Vec<(u32, Place)>,
}

impl FileShelf {
    /// A shelf without files.
    pub const fn new(scratch: Scratch) -> Self {
        Self { codec: Codec::new(Spool::new(scratch)), places: Vec::new() }
    }

    /// Adds a file.
    pub fn add(&mut self, number: u32, file: &File) -> Result<(), Error> {
        let place = self.codec.put(file)?;
        self.places.push((number, place));
        Ok(())
    }

    /// Passes all files to `each`, in order of their numbers; stops at its first error.
    pub fn each<E: From<Error>>(mut self, mut each: impl FnMut(&File) -> Result<(), E>) -> Result<(), E> {
        self.places.sort_unstable_by_key(|&(number, _)| number);
        let Self { codec, places } = &mut self;
        places.iter().try_for_each(|&(_, place)| each(&*codec.get::<File>(place)?))
    }
}
