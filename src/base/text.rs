//! Text from the wire, and the one door through which it reaches people.

use std::fmt;

use compact_str::CompactString;

/// Text that a peer sent: UTF-8 where it is valid, else every byte read as Latin-1. Control characters are still in it.
///
/// It has no `Display`: show it through [`Text::printable`]; [`Text::raw`] is for formats that escape on their own.
///
/// Most of what is said on a control connection is shorter than 24 bytes and takes no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(CompactString);

impl Text {
    /// Decodes what a peer sent.
    pub fn from_wire(bytes: &[u8]) -> Self {
        Self(match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
        })
    }

    /// The text as it is, control characters included.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text made harmless for a terminal.
    pub fn printable(&self) -> Printable<'_> {
        Printable(&self.0)
    }

    /// Whether there is no character at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Untrusted text on its way to a person: nothing in it moves a cursor, changes a colour or reverses the reading order.
///
/// C0 and C1 controls and DEL become `\xNN`, bidirectional and other invisible format characters become `\u{NNNN}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

/// Characters that change how their neighbours are drawn, or that can't be seen at all.
const fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character must not reach a terminal: a control, or one that changes how its neighbours are drawn, or that
/// can't be seen at all.
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

#[cfg(test)]
mod tests {
    use super::*;

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
