//! Byte strings: a few in memory, the rest in a temporary file.

use super::blocks::Blocks;
use super::{Error, Scratch};

/// Bytes kept in memory before they are written to the file.
const IN_MEMORY: usize = 4 * 1024 * 1024;
/// Bytes of the file that are reused together, once none of them is needed.
const BLOCK: usize = 64 * 1024;

/// Where a piece is in the stream of all pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) length: u32,
}

impl Place {
    /// Its length in bytes.
    pub(super) const fn size(self) -> usize {
        self.length as usize
    }
}

/// A stream of pieces; each is read by its place.
#[derive(Debug)]
pub(super) struct Spool {
    scratch: Scratch,
    /// What was written, and where in the file it is.
    blocks: Blocks,
    /// The bytes after that.
    tail: Vec<u8>,
    /// The most that may be in the tail.
    in_memory: usize,
}

impl Spool {
    pub(super) const fn new(scratch: Scratch) -> Self {
        Self { scratch, blocks: Blocks::new(BLOCK), tail: Vec::new(), in_memory: IN_MEMORY }
    }

    /// The same that writes to the file as soon as there are so many bytes.
    #[cfg(test)]
    pub(super) fn with_memory(scratch: Scratch, in_memory: usize) -> Self {
        let blocks = Blocks::new((in_memory / 4).max(1));
        Self { scratch, blocks, tail: Vec::new(), in_memory }
    }

    /// Adds a piece.
    pub(super) fn append(&mut self, piece: &[u8]) -> Result<Place, Error> {
        let at = self.blocks.written().saturating_add(self.tail.len() as u64);
        let place = Place { at, length: u32::try_from(piece.len()).unwrap_or(u32::MAX) };
        self.tail.extend_from_slice(piece);
        self.blocks.hold(at, piece.len());
        if self.tail.len() > self.in_memory
            && let Err(error) = self.flush()
        {
            // A piece for which there is no room is not kept.
            self.forget(place);
            let start = usize::try_from(at.saturating_sub(self.blocks.written())).unwrap_or(0);
            self.tail.truncate(start);
            return Err(error);
        }
        Ok(place)
    }

    /// Writes all whole blocks to the file.
    fn flush(&mut self) -> Result<(), Error> {
        let mut done = 0_usize;
        let mut failed = Ok(());
        while let Some(rest) = self.tail.get(done..).filter(|rest| rest.len() >= self.blocks.size()) {
            let (at, length) = self.blocks.next(rest.len());
            let written = rest.get(..length).map_or(Ok(()), |bytes| self.scratch.write(at, bytes));
            if written.is_err() {
                failed = written;
                break;
            }
            self.blocks.was_written(length);
            done = done.saturating_add(length);
        }
        self.tail.drain(..done);
        failed
    }

    /// Reads a piece into `piece`.
    pub(super) fn read(&mut self, place: Place, piece: &mut Vec<u8>) -> Result<(), Error> {
        piece.clear();
        piece.resize(place.size(), 0);
        let (mut at, mut left) = (place.at, piece.as_mut_slice());
        while !left.is_empty() {
            let Some(found) = self.blocks.find(at) else {
                let start = usize::try_from(at.saturating_sub(self.blocks.written())).unwrap_or(usize::MAX);
                let kept = self.tail.get(start..start.saturating_add(left.len())).unwrap_or_default();
                if kept.len() == left.len() {
                    left.copy_from_slice(kept);
                }
                return Ok(());
            };
            let (here, rest) = left.split_at_mut(left.len().min(found.length));
            self.scratch.read(found.at, here)?;
            at = at.saturating_add(here.len() as u64);
            left = rest;
        }
        Ok(())
    }

    /// Drops a piece; its room is reused.
    pub(super) fn forget(&mut self, place: Place) {
        self.blocks.release(place.at, place.size());
    }

    /// Drops all pieces.
    pub(super) fn clear(&mut self) {
        self.tail.clear();
        if self.blocks.clear() {
            self.scratch.clear();
        }
    }

    /// The error for data that can't be read back.
    pub(super) fn unreadable(&self, source: std::io::Error) -> Error {
        self.scratch.unreadable(source)
    }

    /// Bytes in the file.
    #[cfg(test)]
    pub(super) const fn written(&self) -> u64 {
        self.blocks.written()
    }

    /// How large the file has become.
    #[cfg(test)]
    pub(super) fn extent(&self) -> u64 {
        self.blocks.extent()
    }
}
