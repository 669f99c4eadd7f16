//! Maps the blocks of a stream to the temporary file, and reuses those that are no longer needed.
//!
//! **Invariant:** a block takes a few bytes of memory; one that is needed is never overwritten.

use std::collections::VecDeque;

/// The blocks of a stream.
#[derive(Debug)]
pub(super) struct Blocks {
    size: usize,
    /// The number of the first block that is in `known`.
    first: u64,
    /// Blocks that were written or will be.
    known: VecDeque<Block>,
    /// Bytes of the stream that were written, in whole blocks.
    written: u64,
    /// Free blocks of the file, and the first one that was never used.
    free: Vec<u32>,
    unused: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// The block of the file, while it is written and needed.
    at: Option<u32>,
    /// Pieces that are in it, at least in part.
    pieces: u32,
}

/// Bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) at: u64,
    pub(super) length: usize,
}

impl Blocks {
    pub(super) const fn new(size: usize) -> Self {
        Self { size, first: 0, known: VecDeque::new(), written: 0, free: Vec::new(), unused: 0 }
    }

    /// The size of a block.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Bytes of the stream that were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// How large the file has become.
    #[cfg(test)]
    pub(super) fn extent(&self) -> u64 {
        u64::from(self.unused).saturating_mul(self.size as u64)
    }

    /// Notes a piece at this position.
    pub(super) fn hold(&mut self, at: u64, length: usize) {
        for number in self.numbers(at, length) {
            let Some(slot) = self.slot(number) else { continue };
            while self.known.len() <= slot {
                self.known.push_back(Block::default());
            }
            if let Some(block) = self.known.get_mut(slot) {
                block.pieces = block.pieces.saturating_add(1);
            }
        }
    }

    /// Notes that a piece is no longer needed.
    pub(super) fn release(&mut self, at: u64, length: usize) {
        for number in self.numbers(at, length) {
            let Some(block) = self.slot(number).and_then(|slot| self.known.get_mut(slot)) else { continue };
            block.pieces = block.pieces.saturating_sub(1);
            if block.pieces == 0 {
                self.free.extend(block.at.take());
            }
        }
        let size = self.size as u64;
        // A block that is not written yet is still needed.
        while self.first.saturating_add(1).saturating_mul(size) <= self.written
            && self.known.front().is_some_and(|block| block.pieces == 0)
        {
            self.known.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// Where in the file the next bytes of the stream go, and how many of these `length` fit there in one piece: whole
    /// blocks.
    pub(super) fn next(&self, length: usize) -> (u64, usize) {
        if let Some(&free) = self.free.last() {
            return (self.place(free), self.size);
        }
        let whole = length.checked_div(self.size).unwrap_or(0).saturating_mul(self.size);
        (self.place(self.unused), whole)
    }

    /// Notes that this many bytes were written there.
    pub(super) fn was_written(&mut self, length: usize) {
        // Several are written at once only where no block was free: what becomes free here was not reused yet.
        let mut free = self.free.pop();
        for _ in 0..length.checked_div(self.size).unwrap_or(0) {
            let at = free.take().unwrap_or_else(|| {
                let at = self.unused;
                self.unused = self.unused.saturating_add(1);
                at
            });
            let number = self.written.checked_div(self.size as u64).unwrap_or(0);
            self.written = self.written.saturating_add(self.size as u64);
            match self.slot(number).and_then(|slot| self.known.get_mut(slot)) {
                Some(block) if block.pieces > 0 => block.at = Some(at),
                // No longer needed.
                Some(_) | None => self.free.push(at),
            }
        }
    }

    /// Where this byte of the stream is in the file, and how many follow it there; none if it was not written yet.
    pub(super) fn find(&self, at: u64) -> Option<Found> {
        let size = self.size as u64;
        let (number, within) = (at.checked_div(size)?, at.checked_rem(size)?);
        let place = self.known.get(self.slot(number)?)?.at?;
        let length = usize::try_from(size.saturating_sub(within)).ok()?;
        Some(Found { at: self.place(place).saturating_add(within), length })
    }

    /// Forgets everything; returns whether anything was written.
    pub(super) fn clear(&mut self) -> bool {
        let was_used = self.unused > 0;
        *self = Self::new(self.size);
        was_used
    }

    fn place(&self, block: u32) -> u64 {
        u64::from(block).saturating_mul(self.size as u64)
    }

    fn slot(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// The numbers of the blocks that contain these bytes.
    fn numbers(&self, at: u64, length: usize) -> std::ops::Range<u64> {
        let size = (self.size as u64).max(1);
        let end = at.saturating_add(length as u64);
        at / size..end.div_ceil(size)
    }
}
