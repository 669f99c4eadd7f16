//! Text from the wire, and the one way to show it to people.

use std::fmt;

use ascii::AsAsciiStr as _;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::cost;

/// Text that a peer sent: UTF-8 where it is valid, otherwise every byte read as Latin-1. It still contains
/// control characters.
///
/// It has no `Display`: show it through [`Text::printable`]; [`Text::raw`] is for formats that do their own
/// escaping.
///
/// Texts shorter than 24 bytes, such as most commands, take no memory of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
#[serde(transparent)]
pub struct Text(CompactString);

impl Text {
    /// Decodes bytes that a peer sent.
    pub fn from_wire(bytes: &[u8]) -> Self {
        match bytes.as_ascii_str() {
            Ok(text) => Self(text.as_str().into()),
            Err(_) => Self::beyond_ascii(bytes),
        }
    }

    #[cold]
    fn beyond_ascii(bytes: &[u8]) -> Self {
        Self(match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
        })
    }

    /// The text unchanged, control characters included.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text made harmless for a terminal.
    pub fn printable(&self) -> Printable<'_> {
        Printable(&self.0)
    }

    /// Bytes of memory that it takes on the heap.
    pub fn memory(&self) -> usize {
        if self.0.is_heap_allocated() { self.0.capacity().saturating_add(cost::ALLOCATION) } else { 0 }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Untrusted text on its way to a person: nothing in it moves a cursor, changes a colour or reverses the
/// reading order.
///
/// C0 and C1 controls and DEL become `\xNN`, bidirectional and other invisible format characters become
/// `\u{NNNN}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

/// Characters that change how their neighbours are drawn, or that can't be seen at all.
const fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character must not reach a terminal: a control, or one that changes how its neighbours are
/// drawn, or that can't be seen at all.
pub fn is_unprintable(character: char) -> bool {
    character.is_control() || is_deceptive(character)
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "\\x{:02x}", u32::from(character))?;
            } else if is_deceptive(character) {
                write!(f, "\\u{{{:04x}}}", u32::from(character))?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Whether every byte is printable ASCII and neither a quote nor a backslash, as in almost all that is ever
/// said: such text stands for itself wherever it is written.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    // The last eight, or four: some of them may be looked at again, so that nothing is left over.
    if let Some(&last) = bytes.last_chunk::<8>() {
        bytes.as_chunks::<8>().0.iter().fold(odd(last), |found, &word| found | odd(word)) == 0
    } else if let (Some(&[a, b, c, d]), Some(&[e, f, g, h])) = (bytes.first_chunk(), bytes.last_chunk()) {
        odd([a, b, c, d, e, f, g, h]) == 0
    } else {
        bytes.iter().all(|&byte| is_plain_byte(byte))
    }
}

/// How many bytes there are before the first that is not plain, in the sense of [`is_plain`].
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, &word) in words.iter().enumerate() {
        let found = odd(word);
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8 + rest.iter().take_while(|&&byte| is_plain_byte(byte)).count()
}

const fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Sets the top bit of the first byte that is not plain, and perhaps of others behind it; no bit if all are
/// plain.
const fn odd(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    /// Sets the top bit of a byte that is zero, and perhaps of others behind it: a borrow propagates only in
    /// that direction.
    const fn zero(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let word = u64::from_le_bytes(word);
    let control = word.wrapping_sub(ONES * 0x20);
    let named = zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | zero(word ^ (ONES * 0x7f));
    (word | control | named) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of plain, one byte at a time.
    fn stands_for_itself(byte: u8) -> bool {
        matches!(byte, 0x20..=0x7e) && !b"\"\\".contains(&byte)
    }

    #[test]
    fn any_one_byte_that_is_not_plain_is_found_at_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'~'; length];
                    bytes[place] = byte;
                    let plain = stands_for_itself(byte);
                    assert_eq!(is_plain(&bytes), plain, "{byte:#x} at {place} of {length}");
                    assert_eq!(
                        plain_length(&bytes),
                        if plain { length } else { place },
                        "{byte:#x} of {length}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_that_is_not_plain_is_found_whatever_comes_behind(
            bytes in prop::collection::vec(prop_oneof![9 => b' '..=b'~', 1 => any::<u8>()], 0..40),
        ) {
            let length = bytes.iter().take_while(|&&byte| stands_for_itself(byte)).count();
            prop_assert_eq!(plain_length(&bytes), length);
            prop_assert_eq!(is_plain(&bytes), length == bytes.len());
        }
    }

    #[test]
    fn valid_utf_8_stays_and_anything_else_reads_as_latin_1() {
        assert_eq!(Text::from_wire("café".as_bytes()).raw(), "café");
        assert_eq!(Text::from_wire(b"caf\xe9").raw(), "café");
        assert_eq!(Text::from_wire(b"\xff\xc3").raw(), "ÿÃ");
    }

    #[test]
    fn nothing_printable_moves_a_cursor_or_turns_the_reading_order() {
        let evil = Text::from("a\x1b[31mb\r\n\u{9b}c\u{202e}d\u{7f}\u{feff}é");
        assert_eq!(evil.printable().to_string(), r"a\x1b[31mb\x0d\x0a\x9bc\u{202e}d\x7f\u{feff}é");
    }
}
