//! Whether bytes are the beginning of JSON.

use crate::report::ContentKind;

/// Deeper ones are no files that people move.
const DEEPEST: u32 = 64;

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A value, or the end of an array that is empty.
    Value {
        may_end: bool,
    },
    /// A member's name, or the end of an object that is empty.
    Name {
        may_end: bool,
    },
    Colon,
    /// A comma, or the end of what encloses it.
    End,
}

/// The kind of a text that begins as JSON does: one value, or one a line. What is not refuted by its first
/// bytes has a name and a colon, or more than one element.
pub(super) fn kind(text: &[u8]) -> Option<ContentKind> {
    let mut rest = text;
    let mut next = Next::Value { may_end: false };
    // One bit for each value that encloses this one: whether it is an object.
    let (mut enclosing, mut depth, mut separators, mut texts) = (0_u64, 0_u32, 0_u32, 0_u32);
    loop {
        rest = rest.trim_ascii_start();
        let Some((&first, behind)) = rest.split_first() else { break };
        if depth == 0 && texts > 0 {
            // Another text on a line of its own.
            if !matches!(first, b'{' | b'[') {
                return None;
            }
            next = Next::Value { may_end: false };
        }
        match (first, next) {
            (b'{' | b'[', Next::Value { .. }) => {
                depth = depth.checked_add(1).filter(|&depth| depth <= DEEPEST)?;
                enclosing = enclosing << 1 | u64::from(first == b'{');
                next =
                    if first == b'{' { Next::Name { may_end: true } } else { Next::Value { may_end: true } };
            }
            (b'}', Next::Name { may_end: true } | Next::End) if enclosing & 1 == 1 => {
                (enclosing, depth, next) = (enclosing >> 1, depth.checked_sub(1)?, Next::End);
                texts = texts.saturating_add(u32::from(depth == 0));
            }
            (b']', Next::Value { may_end: true } | Next::End) if enclosing & 1 == 0 => {
                (enclosing, depth, next) = (enclosing >> 1, depth.checked_sub(1)?, Next::End);
                texts = texts.saturating_add(u32::from(depth == 0));
            }
            (b',', Next::End) => {
                separators = separators.saturating_add(1);
                let is_object = enclosing & 1 == 1;
                next = if is_object { Next::Name { may_end: false } } else { Next::Value { may_end: false } };
            }
            (b':', Next::Colon) => {
                separators = separators.saturating_add(1);
                next = Next::Value { may_end: false };
            }
            (b'"', Next::Name { .. } | Next::Value { .. }) => {
                let Some(after) = behind_string(behind) else { break };
                rest = after;
                next = if matches!(next, Next::Name { .. }) { Next::Colon } else { Next::End };
                continue;
            }
            (_, Next::Value { .. }) => {
                rest = behind_word(rest)?;
                next = Next::End;
                continue;
            }
            _ => return None,
        }
        rest = behind;
    }
    match (separators > 0, texts) {
        (false, _) => None,
        (true, 0 | 1) => Some(ContentKind::Json),
        (true, _) => Some(ContentKind::JsonLines),
    }
}

/// What follows a string whose first quote is read; none where its end is not there.
fn behind_string(text: &[u8]) -> Option<&[u8]> {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    text.get(end.saturating_add(1)..)
}

/// What follows a number, `true`, `false` or `null`; none where it is none of these.
fn behind_word(text: &[u8]) -> Option<&[u8]> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = text.iter().position(|byte| !is_of_word(byte)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(length)?;
    let is_number = matches!(word, [b'-' | b'0'..=b'9', digits @ ..]
        if digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+')));
    // The last one may go on.
    let is_name = [&b"true"[..], b"false", b"null"]
        .iter()
        .any(|&name| name == word || rest.is_empty() && !word.is_empty() && name.starts_with(word));
    (is_number || is_name).then_some(rest)
}
