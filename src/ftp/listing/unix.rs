//! Unix: `ls -l` of GNU, BSD and BusyBox, and the many servers that write like it, NetWare among them.
//!
//! ```text
//! drwxr-xr-x   2 owner    group        4096 Jan 12 13:05 name
//! lrwxrwxrwx   1 0        0              11 Jan 12  2024 name -> target
//! crw-rw----   1 root     tty       5,    0 Jan 12 13:05 name
//! d [RWCEAFMS] owner                    512 Jan 12 13:05 name      (NetWare)
//! ```
//!
//! Owners may have spaces in them or be left out: the date tells where the other columns are.

use super::words::{Words, number};
use super::{Entry, EntryKind, when};

pub(super) fn entry(line: &str) -> Option<Entry<'_>> {
    let line = line.trim_start_matches(' ');
    let kind = kind(line)?;
    let words = Words::of(line);
    let (at, time, last) = (2..words.len()).find_map(|at| {
        let is_size = words.at(at.checked_sub(1)?).starts_with(|first: char| first.is_ascii_digit());
        let (time, last) = is_size.then(|| when::unix(&words, at)).flatten()?;
        Some((at, time, last))
    })?;
    // One space parts the name from the date: further ones are its own.
    let name = words.behind(last)?.get(1..)?;
    let (name, target) = match (kind, name.split_once(" -> ")) {
        (EntryKind::Link, Some((name, target))) => (name, Some(target)),
        (EntryKind::Directory, _) => (name.strip_suffix('/').unwrap_or(name), None),
        _ => (name, None),
    };
    // Devices have two numbers instead.
    let size = number(words.at(at.checked_sub(1)?)).filter(|_| kind != EntryKind::Other);
    (!name.is_empty()).then_some(Entry { name, size, time: Some(time), kind: Some(kind), target })
}

/// What the first column says, if it is one of permissions or of NetWare's rights.
fn kind(line: &str) -> Option<EntryKind> {
    let mut letters = line.chars();
    let kind = match letters.next()? {
        '-' => EntryKind::File,
        'd' => EntryKind::Directory,
        'l' => EntryKind::Link,
        'b' | 'c' | 'p' | 's' | 'D' | 'n' | '?' => EntryKind::Other,
        _ => return None,
    };
    let rest = letters.as_str();
    let rights = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix('[');
    if let Some(rights) = rights {
        let (rights, _) = rights.split_once(']')?;
        let is_rights = rights.bytes().all(|byte| matches!(byte, b'-' | b' ' | b'A'..=b'Z'));
        return is_rights.then_some(kind);
    }
    let permissions = rest.as_bytes().first_chunk::<9>()?;
    let is_permission =
        |byte: &u8| matches!(byte, b'-' | b'r' | b'w' | b'x' | b's' | b'S' | b't' | b'T' | b'l');
    let ends = matches!(rest.as_bytes().get(9), Some(b' ' | b'+' | b'.' | b'@'));
    (permissions.iter().all(is_permission) && ends).then_some(kind)
}
