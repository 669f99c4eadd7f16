//! Formats times and rates, and cuts text at a known width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::base::{Bytes, TimeDelta, Timestamp};

pub(super) use crate::picture::words::{
    clip, clock, count, counted, date, duration, offset, raw_wire, width, wire,
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

/// Breaks `text` at spaces into lines of at most `limit` cells; a longer word is broken where it must.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if limit == 0 {
        return lines;
    }
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let cells = width(word);
        let gap = usize::from(!line.is_empty());
        if used + gap + cells <= limit {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + cells;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        used = 0;
        for character in word.chars() {
            let cells = character.width().unwrap_or(0);
            if used + cells > limit {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += cells;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_clipped_at_its_beginning() {
        assert_eq!(clip_start("/pub/2026/report.zip", 11), "…report.zip");
        assert_eq!(clip_start("文字", 3), "…字");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_inside_words_only_where_it_must() {
        assert_eq!(wrap("a firewall drops them", 10), ["a firewall", "drops them"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert!(wrap("anything", 0).is_empty());
    }
}
