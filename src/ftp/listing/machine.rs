//! MLSD and MLST: facts and names, as RFC 3659 section 7.2 has them.
//!
//! ```text
//! type=file;size=1024;modify=20240112130500.123;UNIX.mode=0644; name
//! ```

use super::when::{self, Clock, Moment};
use super::words::number;
use super::{Entry, EntryKind, EntryTime};

pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    let (facts, name) = line.strip_prefix(' ').unwrap_or(line).split_once(' ')?;
    let mut entry = Entry { name, size: None, time: None, kind: None, target: None };
    for fact in facts.split_terminator(';') {
        let (key, value) = fact.split_once('=')?;
        if key.eq_ignore_ascii_case("size") {
            entry.size = number(value);
        } else if key.eq_ignore_ascii_case("modify") && !value.is_empty() {
            entry.time = Some(EntryTime { told: value, moment: time_val(value) });
        } else if key.eq_ignore_ascii_case("type") {
            (entry.kind, entry.target) = kind(value);
        }
    }
    (!facts.is_empty() && !name.is_empty()).then_some(entry)
}

/// What the fact `type` says, and what a link leads to: `file`, `dir`, `cdir`, `pdir`, `OS.unix=slink:/target`.
fn kind(value: &str) -> (Option<EntryKind>, Option<&str>) {
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "file" => (Some(EntryKind::File), None),
        "dir" | "cdir" | "pdir" => (Some(EntryKind::Directory), None),
        lower if lower.starts_with("os.unix=slink") || lower.starts_with("os.unix=symlink") => {
            (Some(EntryKind::Link), value.split_once(':').map(|(_, target)| target))
        }
        _ => (Some(EntryKind::Other), None),
    }
}

/// `YYYYMMDDHHMMSS[.sss]`, in UTC (RFC 3659 section 2.3).
fn time_val(value: &str) -> Option<Moment> {
    let digits = value.split('.').next()?;
    let part = |from: usize, to: usize| number(digits.get(from..to)?);
    let date = when::day(Some(number(digits.get(..4)?)?), part(4, 6)?, part(6, 8)?)?;
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let is_time = digits.len() == 14 && hour < 24 && minute < 60 && second <= 60;
    let clock = Some(Clock { hour, minute, second: Some(second) });
    is_time.then_some(Moment { clock, utc: true, ..date })
}
