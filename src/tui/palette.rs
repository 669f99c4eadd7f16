//! Colour sequences for terminals that have only sixteen colours.
//!
//! crossterm writes even those sixteen as palette numbers (`38;5;1`), which a simple terminal may misread: 5
//! is blinking, 1 is bold. Here they become the sequences that all terminals know (`31`, ECMA-48 section
//! 8.3.117, and `91` for the bright ones).

use std::io::{self, Write};

/// Passes on what is written, with palette numbers replaced where that is wanted.
pub(super) struct Palette<W> {
    out: W,
    plain: bool,
    /// An unfinished control sequence.
    begun: Vec<u8>,
}

/// Longer than any control sequence that names colours.
const LONGEST: usize = 64;

impl<W: Write> Palette<W> {
    /// With `plain` only the sixteen colours' own sequences are written.
    pub(super) const fn new(out: W, plain: bool) -> Self {
        Self { out, plain, begun: Vec::new() }
    }

    fn byte(&mut self, byte: u8) -> io::Result<()> {
        match (self.begun.as_slice(), byte) {
            ([], 0x1b) | ([0x1b], b'[') => self.begun.push(byte),
            ([], _) => self.out.write_all(&[byte])?,
            ([0x1b, b'[', ..], b'0'..=b'?') if self.begun.len() < LONGEST => self.begun.push(byte),
            ([0x1b, b'[', parameters @ ..], b'm') => {
                let parameters = named(parameters);
                self.begun.clear();
                self.out.write_all(b"\x1b[")?;
                self.out.write_all(&parameters)?;
                self.out.write_all(b"m")?;
            }
            (begun, _) => {
                self.out.write_all(begun)?;
                self.begun.clear();
                self.out.write_all(&[byte])?;
            }
        }
        Ok(())
    }
}

/// The parameters of a control sequence, with the sixteen colours as their own sequences.
fn named(parameters: &[u8]) -> Vec<u8> {
    let parameters: Vec<&[u8]> = parameters.split(|&byte| byte == b';').collect();
    let mut named: Vec<Vec<u8>> = Vec::new();
    let mut rest = parameters.as_slice();
    while let [first, behind @ ..] = rest {
        let dark = match *first {
            b"38" => Some(30_u8),
            b"48" => Some(40),
            _ => None,
        };
        let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u8>().ok();
        match (dark, behind) {
            (Some(dark), [b"5", color, after @ ..]) if number(color).is_some_and(|number| number < 16) => {
                let number = number(color).unwrap_or_default();
                let name = if number < 8 { dark + number } else { dark + 52 + number };
                named.push(name.to_string().into_bytes());
                rest = after;
            }
            _ => {
                named.push(first.to_vec());
                rest = behind;
            }
        }
    }
    named.join(&b';')
}

impl<W: Write> Write for Palette<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.plain {
            return self.out.write(bytes);
        }
        for &byte in bytes {
            self.byte(byte)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, plain: bool) -> String {
        let mut out = Vec::new();
        let mut palette = Palette::new(&mut out, plain);
        // In small pieces, as formatting does.
        for span in text.as_bytes().chunks(3) {
            palette.write_all(span).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_sixteen_colours_are_written_as_their_own_sequences() {
        for (from, to) in [
            ("\x1b[38;5;1mred", "\x1b[31mred"),
            ("\x1b[38;5;15;48;5;0m", "\x1b[97;40m"),
            ("\x1b[48;5;8m", "\x1b[100m"),
            ("\x1b[1;38;5;10;7m", "\x1b[1;92;7m"),
            ("\x1b[0m\x1b[m", "\x1b[0m\x1b[m"),
        ] {
            assert_eq!(written(from, true), to);
            assert_eq!(written(from, false), from);
        }
    }

    #[test]
    fn everything_else_is_passed_on_unchanged() {
        for text in [
            "38;5;1",
            "\x1b[38;5;200m",
            "\x1b[38;2;1;2;3m",
            "\x1b[2;5H",
            "\x1b[?1049h",
            "\x1b]52;c;eA==\x07",
            "┌─ é",
        ] {
            assert_eq!(written(text, true), text);
        }
    }
}
