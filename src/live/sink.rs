//! Output of lines: standard output, or a file that is appended to and reopened after log rotation.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Read as _, Seek as _, SeekFrom, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::confine::{self, folder_of};

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
    /// Nowhere, because packets go to standard output.
    Nowhere,
}

impl Target {
    /// Its name in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdout | Self::Nowhere => "standard output".to_owned(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

/// An open target.
pub(super) struct Sink {
    output: Output,
    /// Whether to flush after every line.
    is_line_buffered: bool,
}

enum Output {
    Stdout(BufWriter<Stdout>),
    File(PathBuf, BufWriter<File>),
    Nowhere,
}

impl Sink {
    /// Opens the target.
    pub(super) fn open(target: &Target, is_line_buffered: bool) -> io::Result<Self> {
        let is_terminal = matches!(target, Target::Stdout) && io::stdout().is_terminal();
        let output = match target {
            Target::Stdout => Output::Stdout(BufWriter::new(io::stdout())),
            Target::File(path) => Output::File(path.clone(), append_to(path)?),
            Target::Nowhere => Output::Nowhere,
        };
        Ok(Self { output, is_line_buffered: is_line_buffered || is_terminal })
    }

    /// The folder in which it may create the file again, if any.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match &self.output {
            Output::File(path, _) => Some(folder_of(path)),
            Output::Stdout(_) | Output::Nowhere => None,
        }
    }

    /// Writes one line or several, whole.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match &mut self.output {
            Output::Stdout(output) => output.write_all(lines)?,
            Output::File(_, output) => output.write_all(lines)?,
            Output::Nowhere => {}
        }
        if self.is_line_buffered { self.flush() } else { Ok(()) }
    }

    /// Flushes everything written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.output {
            Output::Stdout(output) => output.flush(),
            Output::File(_, output) => output.flush(),
            Output::Nowhere => Ok(()),
        }
    }

    /// Reopens a file by its name, after log rotation moved it away.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Output::File(path, output) = &mut self.output {
            *output = append_to(path)?;
        }
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<BufWriter<File>> {
    confine::may_write(path)?;
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if ends_within_a_line(path, &file) {
        file.write_all(b"\n")?;
    }
    Ok(BufWriter::new(file))
}

/// Whether a file ends in the middle of a line, as on a disk that was full: nothing is to be added to that
/// line. Where it can't be read it is taken to be whole.
fn ends_within_a_line(path: &Path, file: &File) -> bool {
    let last = || -> io::Result<u8> {
        let mut last = [0];
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok(last[0])
    };
    let has_end = file.metadata().is_ok_and(|it| it.is_file() && it.len() > 0);
    has_end && last().is_ok_and(|last| last != b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_added_to_and_follows_its_name_when_reopened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "before\n").unwrap();
        let mut sink = Sink::open(&Target::File(path.clone()), false).unwrap();
        sink.write(b"one\n").unwrap();
        let moved = directory.path().join("log.1");
        fs::rename(&path, &moved).unwrap();
        sink.write(b"two\n").unwrap();
        sink.reopen().unwrap();
        sink.write(b"three\n").unwrap();
        sink.flush().unwrap();
        assert_eq!(fs::read_to_string(moved).unwrap(), "before\none\ntwo\n");
        assert_eq!(fs::read_to_string(path).unwrap(), "three\n");
    }

    #[test]
    fn half_a_line_is_completed_before_anything_is_added() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        for (before, after) in [("", "one\n"), ("whole\n", "whole\none\n"), ("{\"half", "{\"half\none\n")] {
            fs::write(&path, before).unwrap();
            let mut sink = Sink::open(&Target::File(path.clone()), true).unwrap();
            sink.write(b"one\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }
}
