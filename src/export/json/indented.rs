//! Pretty-printing: breaks compact JSON into indented lines.

use std::io::{self, Write};

/// Indents the compact JSON that is written to it.
pub(super) struct Indented<W> {
    out: W,
    depth: usize,
    in_string: bool,
    after_backslash: bool,
    /// The last byte was an opening bracket.
    just_opened: bool,
}

impl<W: Write> Indented<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, depth: 0, in_string: false, after_backslash: false, just_opened: false }
    }

    fn new_line(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        for _ in 0..self.depth {
            self.out.write_all(b"  ")?;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> io::Result<()> {
        if self.in_string {
            self.in_string = byte != b'"' || self.after_backslash;
            self.after_backslash = byte == b'\\' && !self.after_backslash;
            return self.out.write_all(&[byte]);
        }
        let just_opened = std::mem::take(&mut self.just_opened);
        if matches!(byte, b'}' | b']') {
            self.depth = self.depth.saturating_sub(1);
            if !just_opened {
                self.new_line()?;
            }
        } else if just_opened {
            self.new_line()?;
        }
        match byte {
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.just_opened = true;
                self.out.write_all(&[byte])
            }
            b':' => self.out.write_all(b": "),
            b',' => {
                self.out.write_all(b",")?;
                self.new_line()
            }
            _ => {
                self.in_string = byte == b'"';
                self.out.write_all(&[byte])
            }
        }
    }
}

impl<W: Write> Write for Indented<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn compact_json_is_indented_as_serde_json_does_it() {
        for value in [
            json!({}),
            json!([]),
            json!({"a": 1, "b": [], "c": {}, "d": [1, [2, {"e": null}], "x"], "f": "quote \" [1,2] \\"}),
        ] {
            let mut ours = Vec::new();
            Indented::new(&mut ours).write_all(value.to_string().as_bytes()).unwrap();
            assert_eq!(String::from_utf8(ours).unwrap(), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
