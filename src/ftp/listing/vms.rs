//! OpenVMS: names have versions, and sizes are in blocks.
//!
//! ```text
//! NAME.TXT;1               1/3     1-JAN-2024 12:34:56  [OWNER]  (RWED,RWED,RE,)
//! A_LONG_NAME.TXT;1
//!                          1/3     1-JAN-2024 12:34:56  [OWNER]  (RWED,RWED,RE,)
//! ```

use super::when::{self, Moment};
use super::words::{Words, number};
use super::{Entry, EntryKind, EntryTime};

pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (base, version) = name.rsplit_once(';')?;
    let is_version = !base.is_empty() && number::<u32>(version).is_some();
    let time = facts(rest);
    let is_alone = rest.trim().is_empty() || rest.trim_start().starts_with("%RMS");
    if !is_version || time.is_none() && !is_alone {
        return None;
    }
    let is_directory =
        base.get(base.len().saturating_sub(4)..).is_some_and(|it| it.eq_ignore_ascii_case(".DIR"));
    let kind = if is_directory { EntryKind::Directory } else { EntryKind::File };
    Some(Entry { name, size: None, time, kind: Some(kind), target: None })
}

/// The time in what follows a name.
pub(super) fn facts(rest: &str) -> Option<EntryTime<'_>> {
    let words = Words::of(rest);
    let is_blocks = words.at(0).split('/').all(|blocks| number::<u64>(blocks).is_some());
    let mut parts = words.at(1).split('-');
    let (date, month, year) = (number(parts.next()?)?, when::month(parts.next()?)?, number(parts.next()?)?);
    let moment = when::day(Some(year), month, date)?;
    let clock = when::clock(words.at(2));
    let told = words.span(1, if clock.is_some() { 2 } else { 1 });
    is_blocks.then_some(EntryTime { told, moment: Some(Moment { clock, ..moment }) })
}
