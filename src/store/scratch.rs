//! The temporary file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::Error;

/// An unnamed temporary file: it disappears with the program, however that ends.
///
/// It is opened even if it may not be needed, because no file can be opened after privileges were dropped. If that
/// fails, it matters only once something must be written.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    file: Result<File, io::Error>,
}

impl Scratch {
    /// A file in this folder, by default in the system's folder for temporary files.
    pub fn open(folder: Option<&Path>) -> Self {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        Self { file: tempfile::tempfile_in(&folder), folder }
    }

    /// No file: sessions are kept in memory or not at all.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { folder: PathBuf::from("nowhere"), file: Err(io::ErrorKind::StorageFull.into()) }
    }

    /// Writes at this position.
    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.file {
            Ok(file) => file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(bytes)),
            Err(error) => Err(copy(error)),
        };
        written.map_err(|source| Error::Write { folder: self.folder.clone(), source })
    }

    /// Fills `bytes` from this position on.
    pub(super) fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let read = match &mut self.file {
            Ok(file) => file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes)),
            Err(error) => Err(copy(error)),
        };
        read.map_err(|source| self.unreadable(source))
    }

    /// Frees the disk space.
    pub(super) fn clear(&mut self) {
        if let Ok(file) = &mut self.file {
            // If that fails, the file keeps its size and is overwritten.
            let _ = file.set_len(0);
        }
    }

    /// The error for data that can't be read back.
    pub(super) fn unreadable(&self, source: io::Error) -> Error {
        Error::Read { folder: self.folder.clone(), source }
    }
}

/// The same error again.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
