//! A [`Serializer`] of compact JSON into a buffer.
//!
//! A large report holds millions of values, so speed matters here:
//! - A comma follows every value; closing a list or an object removes the last one.
//! - Member names are copied unescaped: they are identifiers.
//! - Strings are scanned eight bytes at a time, since characters to escape are rare.
//! - A date is formatted once per second of capture time.

mod escape;
mod timestamps;

use std::io::{self, Write as _};

use serde::de::value::Error;
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    SerializeTupleStruct, Serializer,
};

use crate::base::{Timestamp, digits, is_plain};
use escape::push_escaped;
use timestamps::{Nanos, TimestampCache};

/// Serializes values to a buffer.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    timestamps: TimestampCache,
}

impl Writer {
    /// Adds one value.
    pub(super) fn value(&mut self, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        value.serialize(&mut *self).map_err(io::Error::other)?;
        self.bytes.pop();
        Ok(())
    }

    /// Adds text that already is JSON.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    /// Flushes the buffer to `out` if it holds at least `threshold` bytes.
    pub(super) fn write_to(&mut self, out: &mut dyn io::Write, threshold: usize) -> io::Result<()> {
        if self.bytes.len() >= threshold {
            out.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    #[inline]
    fn open(&mut self, bracket: u8) -> &mut Self {
        self.bytes.push(bracket);
        self
    }

    /// Ends what `open` began, without the comma after its last value.
    #[inline]
    fn close(&mut self, open: u8, close: u8) {
        // An empty list or object ends in its bracket instead of a comma.
        if self.bytes.last() != Some(&open) {
            self.bytes.pop();
        }
        self.bytes.extend_from_slice(&[close, b',']);
    }

    /// The name of a struct's member, which needs no escapes.
    #[inline]
    fn name(&mut self, name: &'static str) {
        self.bytes.reserve(name.len().saturating_add(3));
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    fn integer(&mut self, number: impl itoa::Integer) {
        self.bytes.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.bytes.push(b',');
    }

    /// The shortest digits that read back as the same number; null for infinities and NaN, which JSON lacks.
    fn fraction(&mut self, number: f64) {
        if let Some((whole, fraction)) = nanoseconds(number) {
            self.bytes.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
            let mut text = *b".000000000";
            let (_, slots) = text.split_at_mut(1);
            digits(slots, fraction);
            let zeros = slots.iter().skip(1).rev().take_while(|&&digit| digit == b'0').count();
            self.bytes.extend_from_slice(text.get(..text.len().saturating_sub(zeros)).unwrap_or_default());
            self.bytes.push(b',');
        } else if number.is_finite() {
            // Writing to memory can't fail.
            write!(self.bytes, "{number:?},").unwrap_or_default();
        } else {
            self.bytes.extend_from_slice(b"null,");
        }
    }

    fn string(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.bytes.reserve(text.len().saturating_add(3));
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(text.as_bytes());
        } else {
            self.bytes.push(b'"');
            push_escaped(&mut self.bytes, text);
        }
        self.bytes.extend_from_slice(b"\",");
    }
}

/// Splits a number into seconds and nanoseconds if it is the float closest to that decimal, as every duration
/// in a report is.
///
/// That decimal is then also the shortest that reads back as the same float: it has at most 15 digits, and no
/// two decimals of 15 digits share their closest float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked above the casts"
)]
fn nanoseconds(number: f64) -> Option<(u32, u32)> {
    const SECOND: u64 = 1_000_000_000;
    // Smaller ones are written with an exponent.
    if !(number == 0.0 && number.is_sign_positive() || (0.001..1e6).contains(&number)) {
        return None;
    }
    let nanoseconds = (number * 1e9).round() as u64;
    #[expect(clippy::float_cmp, reason = "only the identical number will do")]
    let is_same = nanoseconds as f64 / 1e9 == number;
    is_same.then_some(((nanoseconds / SECOND) as u32, (nanoseconds % SECOND) as u32))
}

macro_rules! integers {
    ($($method:ident: $number:ty),*) => {
        $(#[inline]
        fn $method(self, number: $number) -> Result<(), Error> {
            self.integer(number);
            Ok(())
        })*
    };
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Error>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    }

    #[inline]
    fn serialize_bool(self, truth: bool) -> Result<(), Error> {
        self.bytes.extend_from_slice(if truth { b"true," } else { b"false," });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), Error> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Error> {
        self.fraction(number);
        Ok(())
    }

    fn serialize_char(self, character: char) -> Result<(), Error> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.string(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.collect_seq(bytes)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Error> {
        self.bytes.extend_from_slice(b"null,");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name == Timestamp::NAME {
            let text = self.timestamps.text(Timestamp::from_nanos(value.serialize(Nanos)?));
            self.bytes.extend_from_slice(text);
            return Ok(());
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut members = self.serialize_struct(variant, 1)?;
        SerializeStruct::serialize_field(&mut members, variant, value)?;
        SerializeStruct::end(members)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self.open(b'['))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unsupported(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self.open(b'{'))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self.open(b'{'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unsupported(variant))
    }
}

/// No report type has such variants, so code for them would go untested.
#[cold]
fn unsupported(variant: &str) -> Error {
    Error::custom(format_args!("unsupported kind of variant: {variant}"))
}

impl SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.name(name);
        value.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.close(b'{', b'}');
        Ok(())
    }
}

impl SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)?;
        self.bytes.pop();
        if self.bytes.last() != Some(&b'"') {
            return Err(Error::custom("member names must be strings"));
        }
        self.bytes.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        self.close(b'{', b'}');
        Ok(())
    }
}

macro_rules! lists {
    ($($list:ident::$element:ident),*) => {
        $(impl $list for &mut Writer {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.close(b'[', b']');
                Ok(())
            }
        })*
    };
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field
);

#[cfg(test)]
mod tests;
