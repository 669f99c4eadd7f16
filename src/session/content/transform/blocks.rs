//! MODE B: the content is cut into blocks, each behind a header of three bytes (RFC 959 section 3.4.2).

use super::{Output, Transform, Unreadable};
use crate::session::content::Plan;

/// The block ends a record.
const END_OF_RECORD: u8 = 128;
/// The block ends the file.
const END_OF_FILE: u8 = 64;
/// The sender doubts the block's content.
const SUSPECTED_ERRORS: u8 = 32;
/// The block is a restart marker, not content.
const RESTART_MARKER: u8 = 16;

/// What a descriptor byte, here and in MODE C, says of what follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) ends_file: bool,
    pub(super) is_marker: bool,
}

impl Descriptor {
    /// Reads a descriptor; its other bits have no meaning and are never set.
    pub(super) const fn read(byte: u8) -> Option<Self> {
        if byte & !(END_OF_RECORD | END_OF_FILE | SUSPECTED_ERRORS | RESTART_MARKER) != 0 {
            return None;
        }
        Some(Self { ends_file: byte & END_OF_FILE != 0, is_marker: byte & RESTART_MARKER != 0 })
    }
}

/// Takes blocks apart.
#[derive(Default)]
struct Blocks {
    header: [u8; 3],
    /// How much of the next header is there.
    filled: usize,
    descriptor: Descriptor,
    /// How much of the block is still to come.
    left: usize,
    has_ended: bool,
}

pub(super) fn transform(_plan: Plan) -> Box<dyn Transform> {
    Box::new(Blocks::default())
}

impl Blocks {
    fn begin(&mut self) -> Result<(), Unreadable> {
        let [descriptor, high, low] = self.header;
        self.descriptor = Descriptor::read(descriptor).ok_or(Unreadable)?;
        self.left = usize::from(u16::from_be_bytes([high, low]));
        self.filled = 0;
        self.end_if_over();
        Ok(())
    }

    const fn end_if_over(&mut self) {
        self.has_ended |= self.left == 0 && self.descriptor.ends_file;
    }
}

impl Transform for Blocks {
    fn push(&mut self, mut bytes: &[u8], out: &mut Output<'_>) -> Result<(), Unreadable> {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.has_ended {
                return Err(Unreadable);
            }
            if self.left == 0 {
                let slot = self.header.get_mut(self.filled).ok_or(Unreadable)?;
                *slot = first;
                self.filled = self.filled.saturating_add(1);
                bytes = rest;
                if self.filled == self.header.len() {
                    self.begin()?;
                }
                continue;
            }
            let (content, rest) = bytes.split_at_checked(self.left).unwrap_or((bytes, &[]));
            if !self.descriptor.is_marker {
                out(content)?;
            }
            self.left = self.left.saturating_sub(content.len());
            self.end_if_over();
            bytes = rest;
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.has_ended
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::undone;
    use super::*;

    const PLAN: Plan = Plan { keep_listing: false, mode: 'B', filler: 0, ratio: 1, copy: 0 };

    #[test]
    fn blocks_are_joined_without_their_headers_and_restart_markers() {
        let wire = b"\x00\0\x05hello\x10\0\x06000005\x80\0\x01 \x40\0\x05world";
        assert_eq!(undone(PLAN, wire), Some((b"hello world".to_vec(), true)));
    }

    #[test]
    fn an_empty_last_block_ends_the_file() {
        assert_eq!(undone(PLAN, b"\x00\0\x02ab\x40\0\0"), Some((b"ab".to_vec(), true)));
        assert_eq!(undone(PLAN, b"\x40\0\0"), Some((Vec::new(), true)));
    }

    #[test]
    fn without_the_mark_of_its_end_the_file_is_not_complete() {
        assert_eq!(undone(PLAN, b"\x00\0\x02ab"), Some((b"ab".to_vec(), false)));
        assert_eq!(undone(PLAN, b"\x40\0\x03ab"), Some((b"ab".to_vec(), false)));
    }

    #[test]
    fn what_is_no_block_is_not_read() {
        assert_eq!(undone(PLAN, b"\x01\0\x01a"), None, "a descriptor with a bit that has no meaning");
        assert_eq!(undone(PLAN, b"\x40\0\x01a\x40\0\x01b"), None, "nothing follows the end of the file");
    }
}
