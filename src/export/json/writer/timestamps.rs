//! Timestamps as JSON strings.

use serde::de::value::Error;
use serde::ser::{Impossible, Serializer};

use crate::base::{Short, TIME_LENGTH, Timestamp, digits, refuse_other_values, refuse_values};

/// Formats timestamps that are close to each other, in quotes and followed by a comma. The last text is kept:
/// within the same second only its fraction changes.
#[derive(Debug)]
pub(super) struct TimestampCache {
    /// Start of the last timestamp's second, in nanoseconds since the epoch.
    second: Option<i64>,
    text: Short<{ TIME_LENGTH + 3 }>,
}

impl Default for TimestampCache {
    fn default() -> Self {
        Self { second: None, text: Short::new() }
    }
}

impl TimestampCache {
    /// The timestamp as ASCII text.
    pub(super) fn text(&mut self, time: Timestamp) -> &[u8] {
        const SECOND: i64 = 1_000_000_000;
        /// Where the text has its fraction, behind the opening quote.
        const FRACTION: std::ops::Range<usize> = TIME_LENGTH - 9..TIME_LENGTH;
        let nanos = time.nanos();
        let fraction = self
            .second
            .and_then(|second| u32::try_from(nanos.checked_sub(second)?).ok())
            .filter(|&fraction| i64::from(fraction) < SECOND);
        if let Some(fraction) = fraction {
            if let Some(slots) = self.text.as_bytes_mut().get_mut(FRACTION) {
                digits(slots, fraction);
            }
        } else {
            self.second = nanos.checked_sub(nanos.rem_euclid(SECOND));
            self.text = Short::new();
            self.text.byte(b'"');
            self.text.ascii(time.text().as_bytes());
            self.text.ascii(b"\",");
        }
        self.text.as_bytes()
    }
}

/// Gets the nanoseconds out of a [`Timestamp`], which it passes to serializers of binary formats.
pub(super) struct Nanos;

impl Serializer for Nanos {
    type Ok = i64;
    type Error = Error;
    type SerializeSeq = Impossible<i64, Error>;
    type SerializeTuple = Impossible<i64, Error>;
    type SerializeTupleStruct = Impossible<i64, Error>;
    type SerializeTupleVariant = Impossible<i64, Error>;
    type SerializeMap = Impossible<i64, Error>;
    type SerializeStruct = Impossible<i64, Error>;
    type SerializeStructVariant = Impossible<i64, Error>;

    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_i64(self, nanos: i64) -> Result<i64, Error> {
        Ok(nanos)
    }

    refuse_values! { serialize_struct(&'static str, usize) -> Self::SerializeStruct; }
    refuse_other_values!();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_timestamp_has_the_same_text_after_any_other(one: i64, other: i64, close in -2_000_000_000..2_000_000_000_i64) {
            let mut cache = TimestampCache::default();
            for nanos in [one, other, other.saturating_add(close), one.saturating_add(close)] {
                let time = Timestamp::from_nanos(nanos);
                let text = cache.text(time);
                prop_assert_eq!(std::str::from_utf8(text).unwrap(), format!("\"{time}\","));
            }
        }
    }
}
