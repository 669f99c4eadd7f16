//! Times in front of lines, as in tshark.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::base::{TimeDelta, Timestamp};

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// `a`: time of day, by the local clock.
    #[default]
    Local,
    /// `ad`: the same with the date.
    LocalDate,
    /// `d` and `dd`: seconds since the previous line.
    Delta,
    /// `e`: seconds since 1970.
    Epoch,
    /// `r`: seconds since the first packet.
    Relative,
    /// `u`: time of day, UTC.
    Utc,
    /// `ud`: the same with the date.
    UtcDate,
}

impl FromStr for Clock {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "a" => Self::Local,
            "ad" => Self::LocalDate,
            "d" | "dd" => Self::Delta,
            "e" => Self::Epoch,
            "r" => Self::Relative,
            "u" => Self::Utc,
            "ud" => Self::UtcDate,
            _ => {
                return Err(format!(
                    "'{name}' is not a time format; use a, ad (local time), u, ud (UTC), e (epoch), r (since the first \
                     packet) or d (since the previous line)"
                ));
            }
        })
    }
}

/// Formats times in one way.
#[derive(Debug)]
pub(super) struct Stamps {
    clock: Clock,
    zone: TimeZone,
    first: Option<Timestamp>,
    previous: Option<Timestamp>,
}

/// A formatted time.
#[derive(Debug)]
pub(super) enum Stamp {
    Seconds(TimeDelta),
    Day { date: Option<(i64, u8, u8)>, time: (u8, u8, u8, u32) },
}

impl Stamps {
    pub(super) fn new(clock: Clock) -> Self {
        let zone = match clock {
            Clock::Local | Clock::LocalDate => TimeZone::system(),
            Clock::Delta | Clock::Epoch | Clock::Relative | Clock::Utc | Clock::UtcDate => TimeZone::UTC,
        };
        Self { clock, zone, first: None, previous: None }
    }

    /// The capture begins at this time.
    pub(super) fn begin(&mut self, first: Timestamp) {
        self.first.get_or_insert(first);
    }

    /// Formats the time of the next line.
    pub(super) fn next(&mut self, time: Timestamp) -> Stamp {
        let previous = self.previous.replace(time).unwrap_or(time);
        let first = *self.first.get_or_insert(time);
        match self.clock {
            Clock::Delta => Stamp::Seconds(time.since(previous)),
            Clock::Epoch => Stamp::Seconds(time.since(Timestamp::default())),
            Clock::Relative => Stamp::Seconds(time.since(first)),
            Clock::Utc => Stamp::Day { date: None, time: time.time_of_day() },
            Clock::UtcDate => Stamp::Day { date: Some(time.date()), time: time.time_of_day() },
            Clock::Local => self.local(time, false),
            Clock::LocalDate => self.local(time, true),
        }
    }

    fn local(&self, time: Timestamp, with_date: bool) -> Stamp {
        let offset = jiff::Timestamp::from_nanosecond(i128::from(time.nanos()))
            .map_or(0, |moment| self.zone.to_offset(moment).seconds());
        let local = time.plus(TimeDelta::from_secs(i64::from(offset)));
        Stamp::Day { date: with_date.then(|| local.date()), time: local.time_of_day() }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(delta) => {
                let sign = if *delta < TimeDelta::ZERO { "-" } else { "" };
                let nanos = delta.nanos().unsigned_abs();
                write!(f, "{sign}{}.{:06}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000)
            }
            Self::Day { date, time: (hour, minute, second, nanos) } => {
                if let Some((year, month, day)) = date {
                    write!(f, "{year:04}-{month:02}-{day:02} ")?;
                }
                write!(f, "{hour:02}:{minute:02}:{second:02}.{:06}", nanos / 1000)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_format_asked_for() {
        let noon = Timestamp::from_nanos(1_772_366_400_123_456_789);
        let later = noon.plus(TimeDelta::from_millis(61_500));
        for (name, first, second) in [
            ("u", "12:00:00.123456", "12:01:01.623456"),
            ("ud", "2026-03-01 12:00:00.123456", "2026-03-01 12:01:01.623456"),
            ("e", "1772366400.123456", "1772366461.623456"),
            ("r", "0.000000", "61.500000"),
            ("d", "0.000000", "61.500000"),
            ("dd", "0.000000", "61.500000"),
        ] {
            let mut stamps = Stamps::new(name.parse().unwrap());
            assert_eq!(stamps.next(noon).to_string(), first, "{name}");
            assert_eq!(stamps.next(later).to_string(), second, "{name}");
        }
        let mut delta = Stamps::new(Clock::Delta);
        delta.next(later);
        assert_eq!(delta.next(noon).to_string(), "-61.500000");
        assert!("x".parse::<Clock>().is_err());
    }

    #[test]
    fn local_time_follows_the_zone() {
        let noon = Timestamp::from_nanos(1_772_366_400_000_000_000);
        let zone = TimeZone::fixed(jiff::tz::offset(13));
        let mut stamps = Stamps { clock: Clock::LocalDate, zone, first: None, previous: None };
        assert_eq!(stamps.next(noon).to_string(), "2026-03-02 01:00:00.000000");
    }
}
