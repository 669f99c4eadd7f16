//! A serializer for the report's views: compact JSON straight into a buffer.
//!
//! What it does for speed: names of fields are copied as they are, and strings are looked at eight bytes at a time, for
//! what has to be escaped is rare. What the views don't hold (enums, tuples, bytes) it refuses.

use std::fmt;
use std::io::Write as _;

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use crate::base::is_unprintable;

/// Appends a value as compact JSON.
pub(super) fn append(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), fmt::Error> {
    value.serialize(Json(out))
}

/// Writes one value at the end of a buffer.
struct Json<'a>(&'a mut Vec<u8>);

/// Writes the items of a list or the members of an object.
pub(super) struct Items<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    close: u8,
}

type Unheard = Impossible<(), fmt::Error>;

fn integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a string with its quotes.
fn string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    if needs_escape(bytes) {
        escape(out, text);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

/// Whether there may be something to escape: a control character, a quote, a backslash, or anything beyond ASCII, among
/// which there are controls too.
fn needs_escape(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const TOPS: u64 = ONES << 7;
    /// Sets the top bit of the lowest byte that is zero, and of none if none is.
    const fn zero(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    // What the words leave over is in the last eight bytes too.
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().any(|&byte| byte >= 0x7f || is_escaped(char::from(byte)));
    };
    let (words, _) = bytes.as_chunks::<8>();
    let found = words.iter().chain([last]).fold(0, |found, word| {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        found
            | word
            | control
            | zero(word ^ (ONES * 0x22))
            | zero(word ^ (ONES * 0x5c))
            | zero(word ^ (ONES * 0x7f))
    });
    found & TOPS != 0
}

/// What JSON wants escaped, and what must not reach a terminal: a report may be looked at on one.
fn is_escaped(character: char) -> bool {
    matches!(character, '"' | '\\') || is_unprintable(character)
}

/// RFC 8259 section 7: the short forms where there are such, else `\uNNNN`.
pub(super) fn escape(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some((at, character)) = rest.char_indices().find(|&(_, character)| is_escaped(character)) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let short = match character {
            '"' => Some(b'"'),
            '\\' => Some(b'\\'),
            '\u{8}' => Some(b'b'),
            '\t' => Some(b't'),
            '\n' => Some(b'n'),
            '\u{c}' => Some(b'f'),
            '\r' => Some(b'r'),
            _ => None,
        };
        match short {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a vector can't fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
        let (_, behind) = from.split_at(character.len_utf8());
        rest = behind;
    }
    out.extend_from_slice(rest.as_bytes());
}

impl<'a> Json<'a> {
    fn open(self, open: u8, close: u8) -> Items<'a> {
        self.0.push(open);
        Items { out: self.0, is_first: true, close }
    }
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Unheard;
    type SerializeTupleStruct = Unheard;
    type SerializeTupleVariant = Unheard;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Unheard;

    fn serialize_bool(self, value: bool) -> Result<(), fmt::Error> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), fmt::Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), fmt::Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), fmt::Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), fmt::Error> {
        integer(self.0, value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), fmt::Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), fmt::Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), fmt::Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), fmt::Error> {
        integer(self.0, value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), fmt::Error> {
        self.serialize_f64(value.into())
    }

    /// The shortest digits that read back as the same number; null where JSON has no such number.
    fn serialize_f64(self, value: f64) -> Result<(), fmt::Error> {
        if value.is_finite() {
            write!(self.0, "{value:?}").map_err(|_in_memory| fmt::Error)
        } else {
            self.serialize_unit()
        }
    }

    fn serialize_char(self, value: char) -> Result<(), fmt::Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), fmt::Error> {
        string(self.0, value);
        Ok(())
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), fmt::Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), fmt::Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Items<'a>, fmt::Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Unheard, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Unheard, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Unheard, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Items<'a>, fmt::Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Items<'a>, fmt::Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Unheard, fmt::Error> {
        Err(fmt::Error)
    }
}

impl Items<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
    }

    fn close(self) {
        self.out.push(self.close);
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.separate();
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Items<'_> {
    type Ok = ();
    type Error = fmt::Error;

    /// The views' keys are strings.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.separate();
        key.serialize(Json(self.out))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.out.push(b':');
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Items<'_> {
    type Ok = ();
    type Error = fmt::Error;

    /// Names of fields are Rust identifiers: nothing in them has to be escaped.
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.out.reserve(name.len() + 4);
        self.out.extend_from_slice(if std::mem::take(&mut self.is_first) { b"\"" } else { b",\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Serialize)]
    struct Sample<'a> {
        text: &'a str,
        letter: char,
        number: u64,
        signed: i64,
        fraction: f64,
        maybe: Option<bool>,
        list: &'a [String],
        map: &'a BTreeMap<String, u16>,
    }

    proptest! {
        #[test]
        fn anything_reads_back_as_what_serde_json_writes(
            text in "(?s)[\\x00-\\x7f]{0,24}|.{0,24}",
            letter: char,
            number: u64,
            signed: i64,
            fraction: f64,
            maybe: Option<bool>,
            list in prop::collection::vec("(?s).{0,12}", 0..4),
            map in prop::collection::btree_map("(?s).{0,12}", 0..9_u16, 0..4),
        ) {
            let sample =
                Sample { text: &text, letter, number, signed, fraction, maybe, list: &list, map: &map };
            let mut ours = Vec::new();
            append(&mut ours, &sample).unwrap();
            let theirs = serde_json::to_vec(&sample).unwrap();
            let parse = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
            prop_assert_eq!(parse(&ours), parse(&theirs));
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
                    let mut ours = Vec::new();
                    append(&mut ours, text.as_str()).unwrap();
                    assert_eq!(ours, serde_json::to_vec(&text).unwrap(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_must_not_reach_a_terminal_is_escaped_and_means_the_same() {
        for text in ["\u{7f}", "a\u{9b}31m", "\u{202e}cba", "\u{2066}", "é\u{e0041}", "12345678\u{200f}"] {
            let mut ours = Vec::new();
            append(&mut ours, text).unwrap();
            let ours = String::from_utf8(ours).unwrap();
            assert!(!ours.contains(is_unprintable), "{ours}");
            assert_eq!(serde_json::from_str::<String>(&ours).unwrap(), text);
        }
        let mut ours = Vec::new();
        append(&mut ours, "é→漢字🦀 stays").unwrap();
        assert_eq!(String::from_utf8(ours).unwrap(), "\"é→漢字🦀 stays\"");
    }

    #[test]
    fn numbers_that_json_lacks_are_null() {
        let mut ours = Vec::new();
        append(&mut ours, [f64::NAN, f64::INFINITY].as_slice()).unwrap();
        assert_eq!(ours, b"[null,null]");
    }
}
