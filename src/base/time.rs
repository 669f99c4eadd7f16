//! The capture's clock.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::{Short, TimeDelta};

/// A moment in capture time: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, as in pcap.
///
/// Captures carry any 64-bit value a writer cared to store, so all arithmetic saturates.
///
/// Reports show it as RFC 3339 text in UTC with nine fractional digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Timestamp(i64);

/// Length of the text of every moment that a [`Timestamp`] can hold: its years are 1677 to 2262.
pub(crate) const TIME_LENGTH: usize = "2026-03-01T12:00:00.123456789Z".len();

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// Its name in serialized data.
    pub(crate) const NAME: &str = "Timestamp";
    /// The earliest representable moment.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable moment.
    pub const MAX: Self = Self(i64::MAX);

    /// A moment by its nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this moment is; negative where the capture's clock went back.
    pub const fn since(self, earlier: Self) -> TimeDelta {
        TimeDelta::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// How long it was from `earlier` to this moment; zero where the capture's clock went back.
    pub fn elapsed_since(self, earlier: Self) -> TimeDelta {
        self.since(earlier).max(TimeDelta::ZERO)
    }

    /// The moment later by `delta`.
    #[must_use]
    pub const fn plus(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_add(delta.nanos()))
    }

    /// The moment earlier by `delta`.
    #[must_use]
    pub const fn minus(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_sub(delta.nanos()))
    }

    /// The beginning of a day, UTC; none where there is no such day, or no [`Timestamp`] for its beginning.
    pub fn midnight(year: i64, month: u8, day: u8) -> Option<Self> {
        if !(1677..=2262).contains(&year) {
            return None;
        }
        let seconds = days_since_epoch(year, month.into(), day.into()) * SECONDS_PER_DAY;
        let time = Self(seconds.checked_mul(NANOS_PER_SECOND)?);
        (time.date() == (year, month, day)).then_some(time)
    }

    /// Year, month (1 to 12) and day (1 to 31) in the proleptic Gregorian calendar, UTC.
    ///
    /// Counts days from 1 March of year 0, in eras of 400 years, so that the leap day is the last day of a
    /// year.
    pub const fn date(self) -> (i64, u8, u8) {
        let days = self.0.div_euclid(NANOS_PER_SECOND * SECONDS_PER_DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 12 and 1 to 31")]
        (year, month as u8, day as u8)
    }

    /// Hour, minute, second and nanosecond of the day, UTC.
    pub const fn time_of_day(self) -> (u8, u8, u8, u32) {
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        let second_of_day = self.0.div_euclid(NANOS_PER_SECOND).rem_euclid(SECONDS_PER_DAY);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "all are below 10^9")]
        (
            (second_of_day / 3600) as u8,
            (second_of_day / 60 % 60) as u8,
            (second_of_day % 60) as u8,
            nanos as u32,
        )
    }
}

impl Timestamp {
    /// Its text, on the stack.
    pub(crate) fn text(self) -> Short<TIME_LENGTH> {
        let (year, month, day) = self.date();
        let (hour, minute, second, nanos) = self.time_of_day();
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

/// RFC 3339 in UTC with nine fractional digits: `2026-03-01T12:00:00.123456789Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Self::NAME, &Moment(*self))
    }
}

/// The text, or the nanoseconds in formats that are not text.
struct Moment(Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.0.text().as_str())
        } else {
            serializer.serialize_i64(self.0.nanos())
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// Days from 1970-01-01 to a date; one that does not exist gives the day of another.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Counts days from 1 March of year 0, as `Timestamp::date` does.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The text is no moment, or none that a [`Timestamp`] can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a time such as 2026-03-01T12:00:00.123456789Z")]
pub struct InvalidTime;

/// Reads what `Display` writes, and nothing else.
impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let number =
            |range| text.get(range).and_then(|digits: &str| digits.parse::<i64>().ok()).ok_or(InvalidTime);
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second, nanos) =
            (number(11..13)?, number(14..16)?, number(17..19)?, number(20..29)?);
        let days = days_since_epoch(year, month, day);
        let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
        let time = Self(i64::try_from(nanos).ok().ok_or(InvalidTime)?);
        // Signs, other separators and days that no month has read back as something else.
        if time.text().as_str() == text { Ok(time) } else { Err(InvalidTime) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_moment_reads_back_from_its_text(nanos: i64) {
            let time = Timestamp::from_nanos(nanos);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            prop_assert_eq!(serde_json::to_string(&time).unwrap(), format!("\"{time}\""));
        }

        #[test]
        fn what_is_no_time_is_refused_whatever_it_is(text in "(?s).{0,40}|[-+0-9TZ:. é]{28,32}") {
            prop_assert_eq!(text.parse::<Timestamp>(), Err(InvalidTime));
        }
    }

    #[test]
    fn only_days_that_exist_and_texts_in_one_form_are_moments() {
        for text in [
            "2026-02-29T12:00:00.000000000Z",
            "2026-13-01T12:00:00.000000000Z",
            "2026-03-01T24:00:00.000000000Z",
            "2026-03-01t12:00:00.000000000Z",
            "2026-03-01T12:00:00.000000000",
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00.+00000000Z",
            "9999-03-01T12:00:00.000000000Z",
            "1677-09-21T00:12:43.145224191Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn moments_read_as_rfc_3339_with_nine_digits() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_772_366_400_123_456_789, "2026-03-01T12:00:00.123456789Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_nanos(nanos)));
        }
    }

    #[test]
    fn a_day_begins_at_its_midnight_and_days_that_do_not_exist_never() {
        let nanos = |year, month, day| Timestamp::midnight(year, month, day).map(Timestamp::nanos);
        assert_eq!(nanos(1970, 1, 1), Some(0));
        assert_eq!(nanos(2000, 2, 29), Some(951_782_400_000_000_000));
        assert_eq!(nanos(2262, 4, 11), Some(9_223_286_400_000_000_000));
        for (year, month, day) in [
            (2026, 2, 29),
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 4, 31),
            (2026, 4, 0),
            (1677, 9, 21),
            (i64::MAX, 1, 1),
        ] {
            assert_eq!(nanos(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn arithmetic_at_the_ends_of_time_saturates() {
        assert_eq!(Timestamp::MAX.plus(TimeDelta::from_nanos(1)), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(TimeDelta::from_nanos(1)), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), TimeDelta::MAX);
    }
}
