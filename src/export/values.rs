//! Times and hashes as text, written without an allocation or the formatting machinery: a large report
//! holds millions of them.

use std::fmt;

use crate::base::{Short, Timestamp, digits};

/// A moment as RFC 3339 text in UTC with nine fractional digits.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

/// Length of the text of every moment that a [`Timestamp`] can hold: its years are 1677 to 2262.
const TIME_LENGTH: usize = "2026-03-01T12:00:00.123456789Z".len();

impl Time {
    pub(super) fn text(self) -> Short<TIME_LENGTH> {
        let (year, month, day) = self.0.date();
        let (hour, minute, second, nanos) = self.0.time_of_day();
        let mut text = Short::new();
        text.digits(u32::try_from(year).unwrap_or_default(), 4);
        for (separator, number) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)]
        {
            text.byte(separator);
            text.digits(number.into(), 2);
        }
        text.byte(b'.');
        text.digits(nanos, 9);
        text.byte(b'Z');
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

/// Moments that come one soon after the other, as the same text as [`Time`]: the date and the time of day are worked out
/// once for each second.
#[derive(Debug, Default)]
pub(super) struct Moments {
    second: Option<i64>,
    text: [u8; TIME_LENGTH],
}

impl Moments {
    /// The moment's text, all of it ASCII.
    pub(super) fn text(&mut self, time: Timestamp) -> [u8; TIME_LENGTH] {
        const FRACTION: std::ops::Range<usize> = TIME_LENGTH - 10..TIME_LENGTH - 1;
        let second = time.nanos().div_euclid(1_000_000_000);
        if self.second == Some(second) {
            if let Some(slots) = self.text.get_mut(FRACTION) {
                digits(slots, u32::try_from(time.nanos().rem_euclid(1_000_000_000)).unwrap_or_default());
            }
        } else {
            self.second = Some(second);
            self.text = Time(time).text().as_bytes().try_into().unwrap_or(self.text);
        }
        self.text
    }
}

/// Bytes in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub(super) struct Hex<'a>(pub(super) &'a [u8; 32]);

impl Hex<'_> {
    pub(super) fn text(self) -> Short<64> {
        let mut text = Short::new();
        for &byte in self.0 {
            for nibble in [byte >> 4, byte & 0xf] {
                text.nibble(nibble);
            }
        }
        text
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_moment_reads_as_the_timestamp_itself_says(nanos: i64) {
            let time = Timestamp::from_nanos(nanos);
            let text = Time(time).text();
            prop_assert_eq!(text.as_str(), time.to_string());
        }

        #[test]
        fn a_moment_reads_the_same_after_any_other(one: i64, other: i64, close in -2_000_000_000..2_000_000_000_i64) {
            let mut moments = Moments::default();
            for nanos in [one, other, other.saturating_add(close), one.saturating_add(close)] {
                let time = Timestamp::from_nanos(nanos);
                let text = moments.text(time);
                prop_assert_eq!(std::str::from_utf8(&text).unwrap(), time.to_string());
            }
        }

        #[test]
        fn any_hash_reads_as_hexadecimal(hash: [u8; 32]) {
            let mut want = String::new();
            for byte in hash {
                write!(want, "{byte:02x}").unwrap();
            }
            let text = Hex(&hash).text();
            prop_assert_eq!(text.as_str(), want);
        }
    }
}
