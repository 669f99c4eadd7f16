//! The temporary file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::Error;

/// A temporary file without a name: whatever becomes of the program, nothing of it is left.
///
/// It is opened before it is known whether it will be needed, because a program that has given up its
/// privileges can open no more files. Where it can't be opened, that matters only once something is to be
/// written.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    file: Result<File, io::Error>,
}

impl Scratch {
    /// A file in this folder, or in that which the system has for temporary files.
    pub fn open(folder: Option<&Path>) -> Self {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        Self { file: tempfile::tempfile_in(&folder), folder }
    }

    /// No file: all is kept in memory, or not at all.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { folder: PathBuf::from("nowhere"), file: Err(io::ErrorKind::StorageFull.into()) }
    }

    /// Writes at this place.
    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.file {
            Ok(file) => file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(bytes)),
            Err(error) => Err(copy(error)),
        };
        written.map_err(|source| Error::Write { folder: self.folder.clone(), source })
    }

    /// Fills `bytes` from this place on.
    pub(super) fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let read = match &mut self.file {
            Ok(file) => file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes)),
            Err(error) => Err(copy(error)),
        };
        read.map_err(|source| self.unreadable(source))
    }

    /// Gives the room back.
    pub(super) fn clear(&mut self) {
        if let Ok(file) = &mut self.file {
            // Where it fails, the file stays as large as it is, and is written over.
            let _ = file.set_len(0);
        }
    }

    /// What was read from it is not what was written.
    pub(super) fn unreadable(&self, source: io::Error) -> Error {
        Error::Read { folder: self.folder.clone(), source }
    }
}

/// The same error again.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
