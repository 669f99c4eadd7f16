//! A TLS key log that grows during the capture: clients or servers append the keys of each connection.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::confine::folder_of;

/// Bytes read at a time; the rest is read with the next packets.
const AT_A_TIME: u64 = 16 * 1024 * 1024;

/// A key log.
pub(super) struct Keys {
    path: PathBuf,
    /// None until somebody has made it: programs do with their first connection.
    file: Option<File>,
    /// The start of a line that is not complete yet.
    rest: Vec<u8>,
}

impl Keys {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder_of(path).is_dir() => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), file, rest: Vec::new() })
    }

    /// The folder in which the key log is waited for, where it is not there yet.
    pub(super) fn awaited_in(&self) -> Option<PathBuf> {
        self.file.is_none().then(|| folder_of(&self.path))
    }

    /// The lines that were added since the last call, if there are any.
    pub(super) fn more(&mut self) -> Option<Vec<u8>> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let file = self.file.as_mut()?;
        let mut lines = std::mem::take(&mut self.rest);
        // A read that fails now may succeed with the next packets.
        let _ = file.take(AT_A_TIME).read_to_end(&mut lines);
        let end = lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last.saturating_add(1));
        self.rest = lines.split_off(end);
        // No line of a key log is that long; this is not one.
        if self.rest.len() as u64 > AT_A_TIME {
            self.rest.clear();
        }
        Some(lines).filter(|lines| !lines.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write as _;

    #[test]
    fn a_key_log_may_appear_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let mut keys = Keys::open(&path).unwrap();
        assert_eq!((keys.more(), keys.awaited_in()), (None, Some(directory.path().to_owned())));
        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(keys.more().as_deref(), Some(&b"one\n"[..]));
        assert_eq!(keys.awaited_in(), None);
        assert!(Keys::open(&directory.path().join("no/folder")).is_err());
    }

    #[test]
    fn lines_are_given_once_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let mut log = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let mut keys = Keys::open(&path).unwrap();
        for (written, given) in [
            ("", None),
            ("one\ntw", Some("one\n")),
            ("", None),
            ("o", None),
            ("\nthree\n", Some("two\nthree\n")),
            ("", None),
        ] {
            log.write_all(written.as_bytes()).unwrap();
            assert_eq!(
                keys.more().map(|lines| String::from_utf8(lines).unwrap()).as_deref(),
                given,
                "{written:?}"
            );
        }
    }
}
