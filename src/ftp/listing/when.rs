//! Dates and times in listings, as exact as they were told.

use std::borrow::Cow;
use std::fmt;

use super::words::{Words, number};

/// When an entry was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTime<'t> {
    /// The server's words.
    pub told: &'t str,
    /// What they mean; none where that depends on the server's settings.
    pub moment: Option<Moment>,
}

impl<'t> EntryTime<'t> {
    /// In the form of ISO 8601, as exact as it was told; else in the server's words.
    pub fn text(self) -> Cow<'t, str> {
        self.moment.map_or(Cow::Borrowed(self.told), |moment| Cow::Owned(moment.to_string()))
    }
}

/// A date, perhaps with a time of day, in the server's time zone unless it says another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Not told of recent files by most servers.
    pub year: Option<u16>,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// The time of day.
    pub clock: Option<Clock>,
    /// Whether it is in UTC.
    pub utc: bool,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// From 0 to 23.
    pub hour: u8,
    /// From 0.
    pub minute: u8,
    /// From 0, where it is told.
    pub second: Option<u8>,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.year {
            Some(year) => write!(f, "{year:04}-{:02}-{:02}", self.month, self.day)?,
            None => write!(f, "--{:02}-{:02}", self.month, self.day)?,
        }
        if let Some(clock) = self.clock {
            write!(f, "T{:02}:{:02}", clock.hour, clock.minute)?;
            if let Some(second) = clock.second {
                write!(f, ":{second:02}")?;
            }
        }
        f.write_str(if self.utc { "Z" } else { "" })
    }
}

/// A day of the calendar, without a time.
pub(super) fn day(year: Option<u16>, month: u8, day: u8) -> Option<Moment> {
    let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then_some(Moment { year, month, day, clock: None, utc: false })
}

/// `13:05`, `13:05:59`, `13:05:59.5`, `1:05PM`.
pub(super) fn clock(text: &str) -> Option<Clock> {
    let (text, afternoon) = match half(text) {
        Some((text, afternoon)) => (text, Some(afternoon)),
        None => (text, None),
    };
    let mut parts = text.split(':');
    let (hour, minute) = (number::<u8>(parts.next()?)?, parts.next()?);
    let second = match parts.next() {
        Some(second) => Some(number::<u8>(second.split(['.', ',']).next()?)?),
        None => None,
    };
    let hour = match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => (hour % 12).saturating_add(if afternoon { 12 } else { 0 }),
        None => hour,
    };
    let minute = if minute.len() == 2 { number::<u8>(minute)? } else { return None };
    let is_time = hour < 24 && minute < 60 && second.is_none_or(|second| second <= 60);
    (is_time && parts.next().is_none()).then_some(Clock { hour, minute, second })
}

/// A time without its `AM` or `PM`, and whether it was the latter.
pub(super) fn half(text: &str) -> Option<(&str, bool)> {
    let (time, half) = text.split_at_checked(text.len().checked_sub(2)?)?;
    match half {
        "AM" | "am" => Some((time, false)),
        "PM" | "pm" => Some((time, true)),
        _ => None,
    }
}

/// `2024-01-12`, `2024/01/12`.
pub(super) fn year_first(text: &str) -> Option<Moment> {
    let mut parts = text.split(['-', '/']);
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = year.len() == 4 && parts.next().is_none();
    if is_date { day(Some(number(year)?), number(month)?, number(date)?) } else { None }
}

/// The year that two digits stand for.
pub(super) const fn full_year(year: u16) -> u16 {
    match year {
        0..70 => year.saturating_add(2000),
        70..100 => year.saturating_add(1900),
        _ => year,
    }
}

/// The date that begins with the word at `at` of a Unix listing, and the index of its last word.
///
/// ```text
/// month day ( year | hour:minute [ :second [ year ] ] )    and with day and month the other way round
/// year-month-day hour:minute [ :second [ zone ] ]
/// ```
pub(super) fn unix<'t>(words: &Words<'t>, at: usize) -> Option<(EntryTime<'t>, usize)> {
    let next = at.saturating_add(1);
    if let Some(date) = year_first(words.at(at)) {
        let clock = clock(words.at(next))?;
        let zone = next.saturating_add(1);
        let is_zone = |text: &str| {
            text.strip_prefix(['+', '-']).is_some_and(|zone| zone.len() == 4 && number::<u16>(zone).is_some())
        };
        let last = if clock.second.is_some() && is_zone(words.at(zone)) { zone } else { next };
        let moment = Moment { clock: Some(clock), ..date };
        return Some((EntryTime { told: words.span(at, last), moment: Some(moment) }, last));
    }
    let (month_word, date) = match (day_of_month(words.at(at)), day_of_month(words.at(next))) {
        (None, Some(date)) => (words.at(at), date),
        (Some(date), None) => (words.at(next), date),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let is_month =
        |word: &str| (2..=6).contains(&word.chars().count()) && word.chars().any(char::is_alphabetic);
    if !is_month(month_word) {
        return None;
    }
    let third = next.saturating_add(1);
    let (year, clock, last) = match (year(words.at(third)), clock(words.at(third))) {
        (Some(year), _) => (Some(year), None, third),
        (None, Some(clock)) => match year(words.at(third.saturating_add(1))) {
            Some(year) if clock.second.is_some() => (Some(year), Some(clock), third.saturating_add(1)),
            _ => (None, Some(clock), third),
        },
        (None, None) => return None,
    };
    let moment = month(month_word).and_then(|month| day(year, month, date));
    let moment = moment.map(|moment| Moment { clock, ..moment });
    Some((EntryTime { told: words.span(at, last), moment }, last))
}

fn year(text: &str) -> Option<u16> {
    number::<u16>(text).filter(|year| text.len() == 4 && (1900..=2200).contains(year))
}

fn day_of_month(text: &str) -> Option<u8> {
    let digits = text.strip_suffix(['.', '日']).unwrap_or(text);
    number::<u8>(digits).filter(|day| (1..=31).contains(day) && digits.len() <= 2)
}

/// A month's name or its beginning, in English and the languages that servers are set up in most.
pub(super) fn month(word: &str) -> Option<u8> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "ene", "gen", "janv", "styc"],
        &["feb", "fév", "fev", "févr", "lut"],
        &["mar", "mär", "mrz", "mrt", "mars", "märz"],
        &["apr", "avr", "abr", "kwi"],
        &["may", "mai", "mag", "mei", "maj"],
        &["jun", "giu", "juin", "juni", "cze"],
        &["jul", "lug", "juil", "juli", "lip"],
        &["aug", "ago", "aoû", "août", "sie"],
        &["sep", "sept", "set", "wrz"],
        &["oct", "okt", "ott", "out", "paź"],
        &["nov", "lis"],
        &["dec", "dez", "dic", "déc", "gru"],
    ];
    let word = word.trim_end_matches('.').to_lowercase();
    if let Some(digits) = word.strip_suffix('月') {
        return number::<u8>(digits).filter(|month| (1..=12).contains(month));
    }
    let found = NAMES.iter().position(|names| names.contains(&word.as_str()))?;
    u8::try_from(found).ok()?.checked_add(1)
}
