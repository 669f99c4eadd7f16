//! Pretty-printing: breaks compact JSON into indented lines.

use std::io::{self, Write};

/// Where in a document the last byte was.
#[derive(Debug, Default)]
pub(super) struct Indentation {
    depth: usize,
    in_string: bool,
    after_backslash: bool,
    /// The last byte was an opening bracket.
    just_opened: bool,
    /// What is written at a time; kept for its memory.
    text: Vec<u8>,
}

impl Indentation {
    /// Indents the compact JSON that is written to it, and writes that to `out`.
    pub(super) fn on<'i>(&'i mut self, out: &'i mut dyn Write) -> Indented<'i> {
        Indented { state: self, out }
    }

    fn new_line(&mut self) {
        self.text.push(b'\n');
        for _ in 0..self.depth {
            self.text.extend_from_slice(b"  ");
        }
    }

    /// Takes as much of a string's inside as stands for itself, and gives the rest.
    fn inside<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
        let (plain, rest) = bytes.split_at(end);
        self.text.extend_from_slice(plain);
        rest
    }

    fn byte(&mut self, byte: u8) {
        if self.in_string {
            self.in_string = byte != b'"' || self.after_backslash;
            self.after_backslash = byte == b'\\' && !self.after_backslash;
            self.text.push(byte);
            return;
        }
        let just_opened = std::mem::take(&mut self.just_opened);
        if matches!(byte, b'}' | b']') {
            self.depth = self.depth.saturating_sub(1);
            if !just_opened {
                self.new_line();
            }
        } else if just_opened {
            self.new_line();
        }
        match byte {
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.just_opened = true;
                self.text.push(byte);
            }
            b':' => self.text.extend_from_slice(b": "),
            b',' => {
                self.text.push(b',');
                self.new_line();
            }
            _ => {
                self.in_string = byte == b'"';
                self.text.push(byte);
            }
        }
    }
}

/// Indents what is written to it.
pub(super) struct Indented<'i> {
    state: &'i mut Indentation,
    out: &'i mut dyn Write,
}

impl Write for Indented<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            self.state.byte(byte);
            rest = behind;
            if self.state.in_string && !self.state.after_backslash {
                rest = self.state.inside(rest);
            }
        }
        let written = self.out.write_all(&self.state.text);
        self.state.text.clear();
        written.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compact_json_is_indented_as_serde_json_does_it() {
        for value in [
            json!({}),
            json!([]),
            json!({"a": 1, "b": [], "c": {}, "d": [1, [2, {"e": null}], "x"], "f": "quote \" [1,2] \\"}),
        ] {
            let text = value.to_string();
            for at_a_time in [1, 2, 7, text.len()] {
                let (mut ours, mut indentation) = (Vec::new(), Indentation::default());
                for part in text.as_bytes().chunks(at_a_time) {
                    indentation.on(&mut ours).write_all(part).unwrap();
                }
                assert_eq!(String::from_utf8(ours).unwrap(), serde_json::to_string_pretty(&value).unwrap());
            }
        }
    }
}
