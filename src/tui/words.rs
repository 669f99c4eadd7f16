//! Formats times and rates, and cuts text at a known width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::base::{Bytes, TimeDelta, Timestamp};

pub(super) use crate::picture::words::{
    clip, clock, count, counted, date, duration, offset, raw_wire, width, wire, wrap,
};

/// How moments are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// Since the session began.
    #[default]
    Relative,
    /// Time of day, UTC.
    Clock,
    /// Date and time of day, UTC.
    Date,
}

impl TimeFormat {
    /// All of them, in the order in which a key cycles through them.
    pub const ALL: [Self; 3] = [Self::Relative, Self::Clock, Self::Date];

    /// The name in the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Clock => "clock",
            Self::Date => "date",
        }
    }

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Clock,
            Self::Clock => Self::Date,
            Self::Date => Self::Relative,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative to the session's start",
            Self::Clock => "time of day (UTC)",
            Self::Date => "date and time of day (UTC)",
        }
    }

    /// A moment, as seen from `origin`.
    pub(super) fn format(self, time: Timestamp, origin: Timestamp) -> String {
        match self {
            Self::Relative => offset(time.since(origin)),
            Self::Clock => clock(time),
            Self::Date => date(time),
        }
    }
}

/// `20.8 MiB/s`; nothing where no time passed.
pub(super) fn rate(count: u64, time: TimeDelta) -> Option<String> {
    let rate = Bytes(count).per_second(time).filter(|_| count > 0)?;
    Some(format!("{rate}/s"))
}

/// `text` cut at its beginning, for paths, whose end says more.
pub(super) fn clip_start(text: &str, limit: usize) -> Cow<'_, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    if limit == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 1;
    let mut from = text.len();
    for (at, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > limit {
            break;
        }
        from = at;
    }
    Cow::Owned(format!("…{}", text.get(from..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_clipped_at_its_beginning() {
        assert_eq!(clip_start("/pub/2026/report.zip", 11), "…report.zip");
        assert_eq!(clip_start("文字", 3), "…字");
    }
}
