//! Lengths of time.

use std::fmt;
use std::ops::Neg;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time from one moment of a capture to another, in nanoseconds; negative where the capture's clock went
/// back.
///
/// All arithmetic saturates, as with [`Timestamp`](super::Timestamp). Reports show it in seconds.
///
/// People read `0.4 ms`, `36 ms`, `82.3 s`, `3 min 10 s`, `2 h 14 min` or `6 d 2 h`. The alternate form
/// (`{:#}`) keeps the seconds that timeouts are configured in: `3 min (190.2 s)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct TimeDelta(i64);

impl TimeDelta {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest one.
    pub const MAX: Self = Self(i64::MAX);

    /// This many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// This many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(MILLISECOND))
    }

    /// This many whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND))
    }

    /// This many seconds, rounded to nanoseconds.
    pub fn from_seconds(seconds: f64) -> Self {
        // The fraction apart: with whole seconds before it, the product would be rounded once more.
        let (whole, fraction) = (seconds.trunc(), (seconds.fract() * SECOND as f64).round());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the casts saturate, as all arithmetic here does"
        )]
        Self((whole as i64).saturating_mul(SECOND).saturating_add(fraction as i64))
    }

    /// In nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Its absolute value.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The sum of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// One of this many equal parts; all of it where there are none.
    #[must_use]
    pub const fn part(self, parts: i64) -> Self {
        match self.0.checked_div(parts) {
            Some(nanos) => Self(nanos),
            None => self,
        }
    }

    /// This many times as long.
    #[must_use]
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Neg for TimeDelta {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for TimeDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From here on milliseconds would be rounded to a whole second.
        const ALMOST: i64 = SECOND - MILLISECOND / 2;
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.saturating_abs();
        let seconds = nanos as f64 / SECOND as f64;
        match nanos {
            0..ALMOST => {
                let milliseconds = seconds * 1000.0;
                let decimals = usize::from(milliseconds < 10.0);
                write!(f, "{sign}{milliseconds:.decimals$} ms")
            }
            ALMOST..120_000_000_000 => write!(f, "{sign}{seconds:.1} s"),
            _ if f.alternate() => write!(f, "{sign}{:.0} min ({seconds:.1} s)", seconds / 60.0),
            ..HOUR => write!(f, "{sign}{} min {} s", nanos / MINUTE, nanos / SECOND % 60),
            HOUR..DAY => write!(f, "{sign}{} h {} min", nanos / HOUR, nanos / MINUTE % 60),
            DAY.. => write!(f, "{sign}{} d {} h", nanos / DAY, nanos / HOUR % 24),
        }
    }
}

impl Serialize for TimeDelta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.seconds().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TimeDelta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NINETY_DAYS: i64 = 90 * DAY;

    proptest! {
        #[test]
        fn up_to_ninety_days_keep_their_nanoseconds_in_a_report(nanos in -NINETY_DAYS..NINETY_DAYS) {
            let json = serde_json::to_string(&TimeDelta(nanos)).unwrap();
            prop_assert_eq!(serde_json::from_str::<TimeDelta>(&json).unwrap(), TimeDelta(nanos));
        }
    }

    #[test]
    fn people_read_the_unit_that_fits() {
        for (nanos, text) in [
            (0, "0.0 ms"),
            (430_000, "0.4 ms"),
            (9_940_000, "9.9 ms"),
            (35_782_000, "36 ms"),
            (999_499_999, "999 ms"),
            (999_500_000, "1.0 s"),
            (9_500_000_000, "9.5 s"),
            (119_900_000_000, "119.9 s"),
            (190_000_000_000, "3 min 10 s"),
            (8_040_000_000_000, "2 h 14 min"),
            (180_000_000_000_000, "2 d 2 h"),
            (-3_000_000_000, "-3.0 s"),
            (-5_000_000, "-5.0 ms"),
            (i64::MIN, "-106751 d 23 h"),
        ] {
            assert_eq!(TimeDelta(nanos).to_string(), text);
        }
    }

    #[test]
    fn the_alternate_form_keeps_the_seconds_beside_minutes() {
        for (nanos, text) in [
            (12_300_000, "12 ms"),
            (119_900_000_000, "119.9 s"),
            (120_000_000_000, "2 min (120.0 s)"),
            (7_245_000_000_000, "121 min (7245.0 s)"),
        ] {
            assert_eq!(format!("{:#}", TimeDelta(nanos)), text);
        }
    }

    #[test]
    fn no_number_of_seconds_is_too_large() {
        assert_eq!(TimeDelta::from_seconds(1e300), TimeDelta::MAX);
        assert_eq!(TimeDelta::from_seconds(f64::NAN), TimeDelta::ZERO);
        assert_eq!(TimeDelta::from_secs(i64::MAX), TimeDelta::MAX);
        assert_eq!(TimeDelta::from_millis(-1500).seconds().to_string(), "-1.5");
    }
}
