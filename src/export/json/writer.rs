//! Compact JSON, straight into a buffer.
//!
//! What it does for speed, since a large report holds millions of values: every value is written with a comma behind it,
//! which the end of its list or object takes back, names of members are copied as they stand in the source, and strings
//! are looked at eight bytes at a time, for what has to be escaped is rare.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use crate::base::{Text, Timestamp, digits, is_plain, is_unprintable, plain_length};
use crate::export::values::{Addresses, Hex, Moments};
use crate::report::{
    Allocation, Code, Content, Differs, Direction, EndState, FirstClose, Holder, Login, MatchedBy, Mode,
    Negotiation, Outcome, Party, ReuseKind, ReuseOutcome, Security, Severity, Status,
};

/// What can be written as JSON.
pub(in crate::export) trait Json {
    /// Writes itself as one value.
    fn write(&self, json: &mut Writer);
}

/// Writes an object: `object!(json, { "name": value, … })`.
macro_rules! object {
    ($json:expr, { $($members:tt)* }) => {{
        let json: &mut $crate::export::json::Writer = $json;
        json.open(b'{');
        $crate::export::json::members!(json, { $($members)* });
        json.close(b'{', b'}');
    }};
}

/// Writes members of an object that was opened: they may go on in another call.
macro_rules! members {
    ($json:expr, { $($name:literal: $value:expr),* $(,)? }) => {{
        let json: &mut $crate::export::json::Writer = $json;
        $(
            json.name(concat!("\"", $name, "\":"));
            $crate::export::json::Json::write(&$value, json);
        )*
    }};
}

pub(in crate::export) use {members, object};

/// The items of a list, whatever gives them.
pub(in crate::export) struct List<I>(pub(in crate::export) I);

/// An item of a list, with its number.
pub(in crate::export) struct Numbered<T>(pub(in crate::export) usize, pub(in crate::export) T);

/// The items of a slice with their numbers.
pub(in crate::export) fn numbered<T>(items: &[T]) -> List<impl Iterator<Item = Numbered<&T>> + Clone> {
    List(items.iter().enumerate().map(|(index, item)| Numbered(index, item)))
}

/// JSON on its way into a buffer.
#[derive(Debug, Default)]
pub(in crate::export) struct Writer {
    bytes: Vec<u8>,
    moments: Moments,
    addresses: Addresses,
}

impl Writer {
    /// Writes one value without the comma behind it.
    pub(in crate::export) fn value(&mut self, value: &(impl Json + ?Sized)) {
        value.write(self);
        self.bytes.pop();
    }

    /// Writes text that is JSON already.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    /// What was written and not yet taken.
    pub(in crate::export) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins anew, in the same memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    #[inline]
    pub(in crate::export) fn open(&mut self, bracket: u8) {
        self.bytes.push(bracket);
    }

    /// Ends what `open` began.
    #[inline]
    pub(in crate::export) fn close(&mut self, open: u8, close: u8) {
        // The comma behind the last value, or the opening bracket where there was none.
        if self.bytes.last() != Some(&open) {
            self.bytes.pop();
        }
        self.bytes.extend_from_slice(&[close, b',']);
    }

    /// The name of a member, with its quotes and its colon.
    #[inline]
    pub(in crate::export) fn name(&mut self, name: &'static str) {
        self.bytes.extend_from_slice(name.as_bytes());
    }

    /// A member whose name is not known in the source.
    pub(in crate::export) fn member(&mut self, name: &str, value: &impl Json) {
        self.string(name);
        self.bytes.pop();
        self.bytes.push(b':');
        value.write(self);
    }

    /// A value as it stands in JSON, with the comma behind it.
    #[inline]
    pub(in crate::export) fn literal(&mut self, literal: &'static str) {
        self.bytes.extend_from_slice(literal.as_bytes());
    }

    fn integer(&mut self, number: impl itoa::Integer) {
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.bytes.push(b',');
    }

    /// Text in which nothing has to be escaped.
    pub(in crate::export) fn plain(&mut self, text: &[u8]) {
        self.bytes.reserve(text.len() + 3);
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(b"\",");
    }

    fn string(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.plain(text.as_bytes());
        } else {
            self.bytes.push(b'"');
            escaped(&mut self.bytes, text);
            self.bytes.extend_from_slice(b"\",");
        }
    }
}

/// What JSON wants escaped, and what must not reach a terminal: a report may be looked at on one.
fn is_escaped(character: char) -> bool {
    matches!(character, '"' | '\\') || is_unprintable(character)
}

/// RFC 8259 section 7: the short forms where there are such, else `\uNNNN`.
fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    // How much of the rest is copied as it stands.
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

fn escape(out: &mut Vec<u8>, character: char) {
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
                // Writing to a vector can't fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

impl<T: Json + ?Sized> Json for &T {
    #[inline]
    fn write(&self, json: &mut Writer) {
        (**self).write(json);
    }
}

impl<T: Json> Json for Option<T> {
    #[inline]
    fn write(&self, json: &mut Writer) {
        match self {
            Some(value) => value.write(json),
            None => json.literal("null,"),
        }
    }
}

impl<T: Json> Json for [T] {
    fn write(&self, json: &mut Writer) {
        List(self.iter()).write(json);
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, json: &mut Writer) {
        self.as_slice().write(json);
    }
}

impl<I: Iterator<Item: Json> + Clone> Json for List<I> {
    fn write(&self, json: &mut Writer) {
        json.open(b'[');
        for item in self.0.clone() {
            item.write(json);
        }
        json.close(b'[', b']');
    }
}

macro_rules! choices {
    ($($choice:ident)*) => {
        $(impl Json for $choice {
            fn write(&self, json: &mut Writer) {
                json.plain(self.name().as_bytes());
            }
        })*
    };
}

choices! {
    Allocation Code Content Differs Direction EndState FirstClose Holder Login MatchedBy Mode Negotiation Outcome Party
    ReuseKind ReuseOutcome Security Severity Status
}

impl Json for bool {
    #[inline]
    fn write(&self, json: &mut Writer) {
        json.literal(if *self { "true," } else { "false," });
    }
}

macro_rules! integers {
    ($($number:ty),*) => {
        $(impl Json for $number {
            fn write(&self, json: &mut Writer) {
                json.integer(*self);
            }
        })*
    };
}

integers!(u16, u32, u64, usize);

/// The shortest digits that read back as the same number; null where JSON has no such number.
impl Json for f64 {
    fn write(&self, json: &mut Writer) {
        if let Some((whole, fraction)) = nanoseconds(*self) {
            json.bytes.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
            let mut text = *b".000000000";
            let (_, slots) = text.split_at_mut(1);
            digits(slots, fraction);
            let zeros = slots.iter().skip(1).rev().take_while(|&&digit| digit == b'0').count();
            json.bytes.extend_from_slice(text.get(..text.len() - zeros).unwrap_or_default());
            json.bytes.push(b',');
        } else if self.is_finite() {
            // Writing to memory does not fail.
            write!(json.bytes, "{self:?},").unwrap_or_default();
        } else {
            json.literal("null,");
        }
    }
}

/// Seconds and nanoseconds, where a number is closest to just so many, as all times are that were measured in
/// nanoseconds.
///
/// The decimal number is then the shortest that reads back as the same: with 15 digits no two of them are closest to
/// the same number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is cast is in the range")]
fn nanoseconds(number: f64) -> Option<(u32, u32)> {
    const SECOND: u64 = 1_000_000_000;
    // Smaller ones are written with an exponent.
    if !(number == 0.0 && number.is_sign_positive() || (0.001..1e6).contains(&number)) {
        return None;
    }
    let nanoseconds = (number * 1e9).round() as u64;
    #[expect(clippy::float_cmp, reason = "only the very same number is meant")]
    let is_same = nanoseconds as f64 / 1e9 == number;
    is_same.then_some(((nanoseconds / SECOND) as u32, (nanoseconds % SECOND) as u32))
}

impl Json for char {
    fn write(&self, json: &mut Writer) {
        json.string(self.encode_utf8(&mut [0; 4]));
    }
}

impl Json for str {
    fn write(&self, json: &mut Writer) {
        json.string(self);
    }
}

impl Json for String {
    fn write(&self, json: &mut Writer) {
        json.string(self);
    }
}

impl Json for Cow<'_, str> {
    fn write(&self, json: &mut Writer) {
        json.string(self);
    }
}

impl Json for Text {
    fn write(&self, json: &mut Writer) {
        json.string(self.raw());
    }
}

/// RFC 3339 text in UTC with nine fractional digits.
impl Json for Timestamp {
    fn write(&self, json: &mut Writer) {
        json.bytes.extend_from_slice(json.moments.text(*self));
    }
}

impl Json for IpAddr {
    fn write(&self, json: &mut Writer) {
        json.bytes.extend_from_slice(json.addresses.text(*self));
    }
}

impl Json for Hex<'_> {
    fn write(&self, json: &mut Writer) {
        json.plain(self.text().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(value: &impl Json) -> String {
        let mut json = Writer::default();
        json.value(value);
        String::from_utf8(json.bytes).unwrap()
    }

    struct Sample<'a> {
        text: &'a str,
        letter: char,
        number: u64,
        fraction: f64,
        maybe: Option<bool>,
        list: &'a [String],
    }

    impl Json for Sample<'_> {
        fn write(&self, json: &mut Writer) {
            object!(json, {
                "text": self.text,
                "letter": self.letter,
                "number": self.number,
                "fraction": self.fraction,
                "maybe": self.maybe,
                "list": self.list,
            });
        }
    }

    proptest! {
        #[test]
        fn anything_reads_back_as_it_was(
            text in "(?s)[\\x00-\\x7f]{0,24}|.{0,24}",
            letter: char,
            number: u64,
            fraction: f64,
            maybe: Option<bool>,
            list in prop::collection::vec("(?s).{0,12}", 0..4),
        ) {
            let sample = Sample { text: &text, letter, number, fraction, maybe, list: &list };
            let want = serde_json::json!({
                "text": text, "letter": letter, "number": number, "fraction": fraction, "maybe": maybe, "list": list,
            });
            let want: Value = serde_json::from_str(&want.to_string()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&written(&sample)).unwrap(), want);
        }
    }

    proptest! {
        #[test]
        fn any_number_reads_as_the_standard_library_says(
            any: f64,
            nanoseconds in prop_oneof![0..2_000_000_000_000_000_u64, 0..2_000_000_000_u64],
            zeros in 0..9_u32,
        ) {
            let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
            let round = nanoseconds / 10_u64.pow(zeros) * 10_u64.pow(zeros);
            let beside = [seconds(nanoseconds).next_up(), seconds(round).next_down()];
            for number in [any, seconds(nanoseconds), seconds(round)].into_iter().chain(beside) {
                if number.is_finite() {
                    prop_assert_eq!(written(&number), format!("{number:?}"));
                }
            }
        }
    }

    #[test]
    fn numbers_at_the_edges_read_as_the_standard_library_says() {
        for number in [
            0.0,
            -0.0,
            1e-9,
            0.001,
            0.001_000_1,
            0.1,
            0.3,
            0.1 + 0.2,
            1.0,
            1.5,
            999_999.999_999_999,
            1e6,
            1e16,
            -1.5,
        ] {
            assert_eq!(written(&number), format!("{number:?}"));
        }
    }

    #[test]
    fn whatever_must_be_escaped_is_found_at_every_place() {
        for length in 1..20 {
            for place in 0..length {
                for byte in 0..0x7f_u8 {
                    let mut text = vec![b'~'; length];
                    text[place] = byte;
                    let text = String::from_utf8(text).unwrap();
                    assert_eq!(written(&text), serde_json::to_string(&text).unwrap(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_must_not_reach_a_terminal_is_escaped_and_means_the_same() {
        for text in ["\u{7f}", "a\u{9b}31m", "\u{202e}cba", "\u{2066}", "é\u{e0041}", "12345678\u{200f}"] {
            let ours = written(&text);
            assert!(!ours.contains(is_unprintable), "{ours}");
            assert_eq!(serde_json::from_str::<String>(&ours).unwrap(), text);
        }
        assert_eq!(written(&"é→漢字🦀 stays"), "\"é→漢字🦀 stays\"");
    }

    proptest! {
        #[test]
        fn each_character_is_escaped_or_copied_whatever_is_beside_it(
            characters in prop::collection::vec(prop_oneof![
                4 => prop::char::range(' ', '~'),
                2 => prop::char::range('\u{0}', '\u{a0}'),
                1 => prop::char::range('\u{2000}', '\u{2070}'),
                1 => any::<char>(),
            ], 0..40),
        ) {
            let mut want = b"\"".to_vec();
            for &character in &characters {
                if is_escaped(character) {
                    escape(&mut want, character);
                } else {
                    want.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            want.push(b'"');
            let text: String = characters.iter().collect();
            prop_assert_eq!(written(&text).into_bytes(), want);
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_null() {
        assert_eq!(written(&vec![f64::NAN, f64::INFINITY]), "[null,null]");
    }

    #[test]
    fn lists_and_objects_may_be_empty_and_nested() {
        struct Nested;
        impl Json for Nested {
            fn write(&self, json: &mut Writer) {
                object!(json, { "none": Vec::<u64>::new(), "lists": vec![vec![1_u64], Vec::new()] });
            }
        }
        assert_eq!(written(&Nested), r#"{"none":[],"lists":[[1],[]]}"#);
        assert_eq!(written(&Vec::<u64>::new()), "[]");
    }
}
