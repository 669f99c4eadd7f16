//! Escapes in JSON strings (RFC 8259 section 7).

use std::io::Write as _;

use crate::base::{is_unprintable, plain_length};

/// Whether JSON requires the character to be escaped, or a terminal might act on it: reports are also read on
/// terminals.
pub(super) fn is_escaped(character: char) -> bool {
    matches!(character, '"' | '\\') || is_unprintable(character)
}

/// Appends the text, escaped.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    // Length of the start of `rest` that needs no escapes.
    let mut plain = 0;
    while let Some((_, from)) = rest.split_at_checked(plain) {
        plain += plain_length(from.as_bytes());
        let Some((before, from)) = rest.split_at_checked(plain) else { break };
        let mut characters = from.chars();
        let Some(character) = characters.next() else { break };
        if is_escaped(character) {
            out.extend_from_slice(before.as_bytes());
            escape(out, character);
            rest = characters.as_str();
            plain = 0;
        } else {
            plain += character.len_utf8();
        }
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Appends one escaped character: in its short form if it has one, else as `\uNNNN`.
pub(super) fn escape(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\t' => b't',
        '\n' => b'n',
        '\u{c}' => b'f',
        '\r' => b'r',
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to memory can't fail.
                write!(out, "\\u{unit:04x}").unwrap_or_default();
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
