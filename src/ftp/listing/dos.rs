//! DOS, and Windows servers set up to write like it.
//!
//! ```text
//! 01-12-24  01:05PM       <DIR>          name
//! 01-12-2024  13:05              123,456 name
//! ```

use super::when::{self, Moment};
use super::words::{Words, number};
use super::{Entry, EntryKind, EntryTime};

pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    if !line.trim_start_matches(' ').starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let words = Words::of(line);
    let has_half = matches!(words.at(2), "AM" | "PM");
    let (clock, last) = if has_half {
        (when::clock(&[words.at(1), words.at(2)].concat())?, 2)
    } else {
        (when::clock(words.at(1))?, 1)
    };
    let (date, is_certain) = date(words.at(0))?;
    let moment = is_certain.then_some(Moment { clock: Some(clock), ..date });
    let (kind, size) = match words.at(last + 1) {
        "<DIR>" => (EntryKind::Directory, None),
        "<SYMLINK>" | "<SYMLINKD>" | "<JUNCTION>" => (EntryKind::Link, None),
        digits => (EntryKind::File, Some(number(&digits.replace([',', '.'], ""))?)),
    };
    let name = words.behind(last + 1)?.trim_start_matches(' ');
    let (name, target) = match (kind, name.split_once(" [")) {
        (EntryKind::Link, Some((name, target))) => (name, target.strip_suffix(']')),
        _ => (name, None),
    };
    let time = Some(EntryTime { told: words.span(0, last), moment });
    (!name.is_empty()).then_some(Entry { name, size, time, kind: Some(kind), target })
}

/// What a date means, and whether that is certain: some may be read in two ways. IIS writes the month first, but with dots or
/// slashes Windows writes as it is set up.
fn date(text: &str) -> Option<(Moment, bool)> {
    if let Some(date) = when::year_first(text) {
        return Some((date, true));
    }
    let mut parts = text.split(['-', '/', '.']);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (first, second) = (number::<u8>(first)?, number::<u8>(second)?);
    if parts.next().is_some() || !matches!(year.len(), 2 | 4) {
        return None;
    }
    let year = when::full_year(number(year)?);
    let (month_first, day_first) =
        (when::day(Some(year), first, second), when::day(Some(year), second, first));
    match (month_first, day_first) {
        (Some(date), Some(_)) => Some((date, text.contains('-') || first == second)),
        (only, None) | (None, only) => only.map(|date| (date, true)),
    }
}
