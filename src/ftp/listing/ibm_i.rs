//! IBM i (AS/400).
//!
//! ```text
//! OWNER           45056 04/12/06 14:19:31 *FILE      NAME.FILE
//! OWNER                                   *MEM       NAME.FILE/NAME.MBR
//! ```

use super::words::{Words, number};
use super::{Entry, EntryKind, EntryTime, when};

pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    let words = Words::of(line);
    let at = words.position(|word| {
        word.strip_prefix('*').is_some_and(|kind| {
            (2..=9).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_uppercase())
        })
    })?;
    let kind = match words.at(at) {
        "*DIR" | "*DDIR" | "*LIB" | "*FLR" => EntryKind::Directory,
        "*FILE" | "*MEM" | "*STMF" | "*DSTMF" | "*DOC" => EntryKind::File,
        "*SYMLNK" => EntryKind::Link,
        _ => EntryKind::Other,
    };
    // Whether the day, the month or the year comes first is as the system is set up.
    let (size, time) = match at {
        1 => (None, None),
        4 if when::clock(words.at(3)).is_some() => {
            let time = EntryTime { told: words.span(2, 3), moment: None };
            (Some(number(words.at(1))?), Some(time))
        }
        _ => return None,
    };
    // What a *FILE or a directory takes is not the size of what it holds.
    let size = size.filter(|_| matches!(words.at(at), "*STMF" | "*DSTMF"));
    let name = words.behind(at)?.trim_start_matches(' ');
    let name = if kind == EntryKind::Directory { name.strip_suffix('/').unwrap_or(name) } else { name };
    (!name.is_empty()).then_some(Entry { name, size, time, kind: Some(kind), target: None })
}
