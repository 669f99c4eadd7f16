//! MODE C: runs of one byte and of the filler are abbreviated (RFC 959 section 3.4.3).

use super::blocks::Descriptor;
use super::{Output, Transform, Unreadable};
use crate::session::content::Plan;

/// What the next byte is.
#[derive(Clone, Copy)]
enum Next {
    /// A byte that says what follows it.
    Count,
    /// One of so many content bytes.
    Literal(u8),
    /// The byte that stands for so many.
    Repeated(u8),
    /// The descriptor behind an escape.
    Descriptor,
}

/// Writes abbreviated runs out.
struct Compressed {
    next: Next,
    filler: u8,
    /// Whether the next string is a restart marker, which is no content.
    is_marker: bool,
    /// Whether the next string is the file's last.
    ends_file: bool,
    has_ended: bool,
}

pub(super) fn transform(plan: Plan) -> Box<dyn Transform> {
    Box::new(Compressed {
        next: Next::Count,
        filler: plan.filler,
        is_marker: false,
        ends_file: false,
        has_ended: false,
    })
}

impl Compressed {
    /// A byte that says what follows: `0nnnnnnn` n content bytes, `10nnnnnn` a byte n times, `11nnnnnn` n
    /// fillers.
    fn count(&mut self, byte: u8, out: &mut Output<'_>) -> Result<(), Unreadable> {
        let run = byte & 0b11_1111;
        match byte {
            0 => self.next = Next::Descriptor,
            1..=0x7f => self.next = Next::Literal(byte),
            0x80..=0xbf => self.next = Next::Repeated(run),
            0xc0..=0xff => {
                repeat(self.filler, run, out)?;
                self.string_ended();
            }
        }
        Ok(())
    }

    const fn string_ended(&mut self) {
        self.next = Next::Count;
        self.is_marker = false;
        self.has_ended = self.ends_file;
    }

    /// Takes the content bytes that lie at the beginning; gives the rest.
    fn literal<'a>(
        &mut self,
        left: u8,
        bytes: &'a [u8],
        out: &mut Output<'_>,
    ) -> Result<&'a [u8], Unreadable> {
        let (content, rest) = bytes.split_at_checked(usize::from(left)).unwrap_or((bytes, &[]));
        if !self.is_marker {
            out(content)?;
        }
        let taken = u8::try_from(content.len()).unwrap_or(left);
        match left.saturating_sub(taken) {
            0 => self.string_ended(),
            left => self.next = Next::Literal(left),
        }
        Ok(rest)
    }
}

fn repeat(byte: u8, times: u8, out: &mut Output<'_>) -> Result<(), Unreadable> {
    let run = [byte; 63];
    out(run.get(..usize::from(times)).ok_or(Unreadable)?)
}

impl Transform for Compressed {
    fn push(&mut self, mut bytes: &[u8], out: &mut Output<'_>) -> Result<(), Unreadable> {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.has_ended {
                return Err(Unreadable);
            }
            match self.next {
                Next::Literal(left) => {
                    bytes = self.literal(left, bytes, out)?;
                    continue;
                }
                Next::Count => self.count(first, out)?,
                Next::Repeated(times) => {
                    repeat(first, times, out)?;
                    self.string_ended();
                }
                Next::Descriptor => {
                    let descriptor = Descriptor::read(first).ok_or(Unreadable)?;
                    (self.is_marker, self.ends_file) = (descriptor.is_marker, descriptor.ends_file);
                    self.next = Next::Count;
                }
            }
            bytes = rest;
        }
        Ok(())
    }

    /// The descriptor of the file's end stands before its last string, or behind it with nothing more to
    /// come.
    fn is_complete(&self) -> bool {
        self.has_ended || self.ends_file && matches!(self.next, Next::Count)
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::undone;
    use super::*;

    const PLAN: Plan = Plan { keep_listing: false, mode: 'C', filler: b' ', ratio: 1, copy: 0 };

    #[test]
    fn runs_are_written_out() {
        let wire = b"\x03abc\x85x\xc2\x00\x40\x01!";
        assert_eq!(undone(PLAN, wire), Some((b"abcxxxxx  !".to_vec(), true)));
    }

    #[test]
    fn the_filler_of_a_binary_file_is_zero() {
        let plan = Plan { filler: 0, ..PLAN };
        assert_eq!(undone(plan, b"\xc3\x00\x40"), Some((vec![0; 3], true)));
    }

    #[test]
    fn a_restart_marker_is_no_content() {
        assert_eq!(undone(PLAN, b"\x01a\x00\x10\x03123\x01b\x00\x40"), Some((b"ab".to_vec(), true)));
    }

    #[test]
    fn a_file_without_its_end_is_not_complete() {
        assert_eq!(undone(PLAN, b"\x03ab"), Some((b"ab".to_vec(), false)));
        assert_eq!(undone(PLAN, b"\x01a"), Some((b"a".to_vec(), false)));
    }

    #[test]
    fn an_unknown_descriptor_is_not_read() {
        assert_eq!(undone(PLAN, b"\x00\x01"), None);
    }
}
