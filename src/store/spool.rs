//! Pieces of bytes, in memory as long as there are few, then in a temporary file.

use super::{Error, Scratch};

/// Bytes that are kept in memory before they are written to the file.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// Where a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    at: u64,
    length: u32,
}

/// Pieces one behind the other; each is read by its place.
#[derive(Debug)]
pub(super) struct Spool {
    scratch: Scratch,
    /// Bytes in the file.
    written: u64,
    /// The bytes behind them.
    tail: Vec<u8>,
    /// How long that may get.
    in_memory: usize,
}

impl Spool {
    pub(super) const fn new(scratch: Scratch) -> Self {
        Self { scratch, written: 0, tail: Vec::new(), in_memory: IN_MEMORY }
    }

    /// The same that writes to the file as soon as there are so many bytes.
    #[cfg(test)]
    pub(super) const fn with_memory(scratch: Scratch, in_memory: usize) -> Self {
        Self { scratch, written: 0, tail: Vec::new(), in_memory }
    }

    /// Adds a piece.
    pub(super) fn append(&mut self, piece: &[u8]) -> Result<Place, Error> {
        let at = self.written.saturating_add(self.tail.len() as u64);
        self.tail.extend_from_slice(piece);
        if self.tail.len() > self.in_memory {
            self.scratch.write(self.written, &self.tail)?;
            self.written = self.written.saturating_add(self.tail.len() as u64);
            self.tail.clear();
        }
        Ok(Place { at, length: u32::try_from(piece.len()).unwrap_or(u32::MAX) })
    }

    /// Reads a piece into `piece`.
    pub(super) fn read(&mut self, place: Place, piece: &mut Vec<u8>) -> Result<(), Error> {
        let length = place.length as usize;
        piece.clear();
        if let Some(start) = place.at.checked_sub(self.written) {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let kept = self.tail.get(start..start.saturating_add(length)).unwrap_or_default();
            piece.extend_from_slice(kept);
            return Ok(());
        }
        piece.resize(length, 0);
        self.scratch.read(place.at, piece)
    }

    /// Forgets all pieces.
    pub(super) fn clear(&mut self) {
        self.tail.clear();
        if self.written > 0 {
            self.written = 0;
            self.scratch.clear();
        }
    }

    /// What was read is not what was written.
    pub(super) fn unreadable(&self, source: std::io::Error) -> Error {
        self.scratch.unreadable(source)
    }

    /// Bytes in the file.
    #[cfg(test)]
    pub(super) const fn written(&self) -> u64 {
        self.written
    }
}
