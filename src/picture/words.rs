//! Numbers, times and text from the wire as pictures show them.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar as _;

use crate::base::{Printable, Text, TimeDelta, Timestamp};

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000 * MICRO;
const SECOND: i64 = 1_000 * MILLI;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Longest text from the wire that is made printable for one place on the screen, in characters.
const LONGEST: usize = 400;

/// `09:31:07.114`.
pub(crate) fn clock(time: Timestamp) -> String {
    let (hour, minute, second, nanos) = time.time_of_day();
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", nanos / 1_000_000)
}

/// `2026-04-12 09:31:07.114`.
pub(crate) fn date(time: Timestamp) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02} {}", clock(time))
}

/// `104 212`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 session`, `2 sessions`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `340µs`, `12.0ms`, `82.3s`, `12m04s`, `2h14m`, `6d02h`: for columns, at most six characters for a hundred
/// days.
pub(crate) fn duration(delta: TimeDelta) -> String {
    let nanos = delta.nanos();
    if nanos < 0 {
        return format!("-{}", duration(delta.abs()));
    }
    let seconds = delta.seconds();
    match nanos {
        0 => "0s".into(),
        1..MILLI => format!("{}µs", (nanos + MICRO - 1) / MICRO),
        MILLI..100_000_000 => format!("{:.1}ms", nanos as f64 / 1e6),
        100_000_000..SECOND => format!("{}ms", nanos / MILLI),
        SECOND..100_000_000_000 => format!("{seconds:.1}s"),
        100_000_000_000..6_000_000_000_000 => format!("{}m{:02}s", nanos / MINUTE, nanos / SECOND % 60),
        6_000_000_000_000..172_800_000_000_000 => format!("{}h{:02}m", nanos / HOUR, nanos / MINUTE % 60),
        _ => format!("{}d{:02}h", nanos / DAY, nanos / HOUR % 24),
    }
}

/// `13.712s`, `1:02:03.456`: since the session began, to the millisecond (to the microsecond in its first
/// tenth).
pub(crate) fn offset(delta: TimeDelta) -> String {
    let sign = if delta < TimeDelta::ZERO { "-" } else { "" };
    let nanos = delta.abs().nanos();
    match nanos {
        0..100_000_000 => format!("{sign}{:.3}ms", nanos as f64 / 1e6),
        100_000_000..3_600_000_000_000 => format!("{sign}{}.{:03}s", nanos / SECOND, nanos / MILLI % 1000),
        _ => format!(
            "{sign}{}:{:02}:{:02}.{}",
            nanos / HOUR,
            nanos / MINUTE % 60,
            nanos / SECOND % 60,
            nanos / 100_000_000 % 10
        ),
    }
}

/// Text from the wire, escaped, and cut where no screen could show the rest.
pub(crate) fn wire(text: &Text) -> String {
    raw_wire(text.raw())
}

/// The same for text from the wire that comes as a plain string: unknown verbs, summaries.
pub(crate) fn raw_wire(raw: &str) -> String {
    match raw.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            let mut cut = Printable(raw.get(..end).unwrap_or_default()).to_string();
            cut.push('…');
            cut
        }
        None => Printable(raw).to_string(),
    }
}

/// The cells that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// `text` cut to `limit` cells, the cut marked by `…`.
pub(crate) fn clip(text: &str, limit: usize) -> Cow<'_, str> {
    let mut used = 0;
    let mut last_fit = 0;
    for (at, character) in text.char_indices() {
        let cells = character.width().unwrap_or(0);
        if used + cells > limit {
            let kept = text.get(..last_fit).unwrap_or_default();
            return if limit == 0 { Cow::Borrowed("") } else { Cow::Owned(format!("{kept}…")) };
        }
        used += cells;
        if used < limit {
            last_fit = at + character.len_utf8();
        }
    }
    Cow::Borrowed(text)
}

/// Breaks `text` at spaces into lines of at most `limit` cells; a longer word is broken where it must.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
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
    fn durations_keep_about_three_digits() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1µs"),
            (340_000, "340µs"),
            (12_340_000, "12.3ms"),
            (400_000_000, "400ms"),
            (82_300_000_000, "82.3s"),
            (724_000_000_000, "12m04s"),
            (8_040_000_000_000, "2h14m"),
            (525_600_000_000_000, "6d02h"),
            (-2_000_000_000, "-2.0s"),
        ] {
            assert_eq!(duration(TimeDelta::from_nanos(nanos)), text);
        }
        duration(TimeDelta::from_nanos(i64::MIN));
        offset(TimeDelta::from_nanos(i64::MIN));
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(count(999), "999");
        assert_eq!(count(2_148_031), "2 148 031");
        assert_eq!(counted(1, "session"), "1 session");
        assert_eq!(counted(0, "session"), "0 sessions");
    }

    #[test]
    fn text_from_the_wire_is_escaped_and_bounded() {
        assert_eq!(raw_wire("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert!(raw_wire(&"x".repeat(100_000)).len() < 500);
    }

    #[test]
    fn clipping_counts_cells_and_marks_the_cut() {
        for (text, limit, clipped) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("文字文字", 8, "文字文字"),
            ("文字文字", 7, "文字文…"),
            ("文字文字", 6, "文字…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(clip(text, limit), clipped);
            assert!(width(&clip(text, limit)) <= limit);
        }
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_inside_words_only_where_it_must() {
        assert_eq!(wrap("a firewall drops them", 10), ["a firewall", "drops them"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert!(wrap("anything", 0).is_empty());
    }
}
