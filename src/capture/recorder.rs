//! Saves packets as they arrive, in one file or, with rotation, in several.
//!
//! **Invariant:** packets are written in the order in which they are given, so that reading the files back in
//! the order of their names gives the same frames with the same numbers.

mod classic;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::PcapngWriter;
use crate::base::{TimeDelta, Timestamp};
use crate::decode::Frame;

use classic::PcapWriter;

/// When to start a new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Once a file has this many bytes.
    pub bytes: Option<u64>,
    /// Once its packets span this much time.
    pub span: Option<TimeDelta>,
    /// How many files are kept; the oldest is removed before there is one more.
    pub files: Option<u32>,
}

impl Rotation {
    /// Whether there is ever more than one file.
    pub const fn is_wanted(&self) -> bool {
        self.bytes.is_some() || self.span.is_some()
    }
}

/// Saves packets.
pub struct Recorder {
    path: PathBuf,
    rotation: Rotation,
    /// The file that is being written; with rotation there is none before the first packet.
    current: Option<Part>,
    /// Files written before, the oldest first.
    earlier: VecDeque<PathBuf>,
    /// Number of files begun.
    begun: u64,
    /// Bytes of all earlier files.
    bytes: u64,
}

/// File names remembered for the summary, where no file is removed.
const NAMES: usize = 1024;

/// One file.
struct Part {
    path: PathBuf,
    first: Option<Timestamp>,
    writer: Writer,
}

enum Writer {
    Pcapng(PcapngWriter<Counted>),
    Pcap(PcapWriter<Counted>),
}

impl Recorder {
    /// Begins to save under this name: pcap if it ends in `.pcap`, else pcapng; `-` is standard output. With
    /// rotation, a number and the time of the first packet are put before the name's extension.
    pub fn create(path: PathBuf, rotation: Rotation) -> io::Result<Self> {
        let mut recorder =
            Self { path, rotation, current: None, earlier: VecDeque::new(), begun: 0, bytes: 0 };
        if let Some(folder) = recorder.folder() {
            // Better to fail now than with the first packet.
            if !fs::metadata(folder)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        } else {
            let path = recorder.path.clone();
            recorder.current = Some(recorder.begin(path)?);
        }
        Ok(recorder)
    }

    /// The folder in which it will create and remove files: none without rotation.
    pub fn folder(&self) -> Option<PathBuf> {
        let directory = self.path.parent().filter(|directory| !directory.as_os_str().is_empty());
        self.rotation.is_wanted().then(|| directory.unwrap_or(Path::new(".")).to_owned())
    }

    /// Saves a packet.
    pub fn packet(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        if self.is_full(frame.packet.time) {
            self.rotate()?;
        }
        let mut part = match self.current.take() {
            Some(part) => part,
            None => self.begin(self.numbered(frame.packet.time))?,
        };
        part.first.get_or_insert(frame.packet.time);
        let written = match &mut part.writer {
            Writer::Pcapng(writer) => writer.packet(frame, None),
            Writer::Pcap(writer) => writer.packet(frame),
        };
        self.current = Some(part);
        written
    }

    /// Flushes everything saved to the system, so that others can read it.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.current.as_mut().map(|part| &mut part.writer) {
            Some(Writer::Pcapng(writer)) => writer.flush(),
            Some(Writer::Pcap(writer)) => writer.flush(),
            None => Ok(()),
        }
    }

    /// Ends the file that is being written.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.current.as_mut().map(|part| &mut part.writer) {
            Some(Writer::Pcap(writer)) => writer.finish(),
            _ => self.flush(),
        }
    }

    /// Bytes saved, in all files.
    pub fn bytes(&self) -> u64 {
        self.bytes.saturating_add(self.current.as_ref().map_or(0, Part::bytes))
    }

    /// The file that is being written, or would be.
    pub fn path(&self) -> &Path {
        self.current.as_ref().map_or(&self.path, |part| &part.path)
    }

    /// The files, the oldest first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let current = self.current.as_ref().map(|part| part.path.as_path());
        self.earlier.iter().map(PathBuf::as_path).chain(current)
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let Some(part) = &self.current else { return false };
        // A file without a packet is never full.
        let Some(first) = part.first else { return false };
        self.rotation.bytes.is_some_and(|most| part.bytes() >= most)
            || self.rotation.span.is_some_and(|most| now.since(first) >= most)
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.finish()?;
        if let Some(part) = self.current.take() {
            self.bytes = self.bytes.saturating_add(part.bytes());
            self.earlier.push_back(part.path);
        }
        if self.rotation.files.is_none() && self.earlier.len() > NAMES {
            self.earlier.pop_front();
        }
        let kept = self.rotation.files.map_or(usize::MAX, |files| files.max(1) as usize);
        while self.earlier.len() >= kept {
            if let Some(oldest) = self.earlier.pop_front() {
                match fs::remove_file(&oldest) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, path: PathBuf) -> io::Result<Part> {
        let output = Counted::create(&path)?;
        self.begun = self.begun.saturating_add(1);
        let is_classic = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pcap"));
        let writer = if is_classic {
            Writer::Pcap(PcapWriter::new(output))
        } else {
            Writer::Pcapng(PcapngWriter::new(output)?)
        };
        Ok(Part { path, first: None, writer })
    }

    /// The name of the next file: `name_00001_20260301120000.pcapng`.
    fn numbered(&self, time: Timestamp) -> PathBuf {
        let (year, month, day) = time.date();
        let (hour, minute, second, _) = time.time_of_day();
        let number = self.begun.saturating_add(1);
        let mut name = OsString::from(self.path.file_stem().unwrap_or_default());
        name.push(format!("_{number:05}_{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}"));
        if let Some(extension) = self.path.extension() {
            name.push(".");
            name.push(extension);
        }
        self.path.with_file_name(name)
    }
}

impl Part {
    const fn bytes(&self) -> u64 {
        match &self.writer {
            Writer::Pcapng(writer) => writer.output().bytes,
            Writer::Pcap(writer) => writer.output().bytes,
        }
    }
}

/// A file or standard output that counts its bytes.
struct Counted {
    output: BufWriter<Box<dyn Write + Send>>,
    bytes: u64,
}

impl Counted {
    fn create(path: &Path) -> io::Result<Self> {
        const BUFFER: usize = 256 * 1024;
        let output: Box<dyn Write + Send> =
            if path.as_os_str() == "-" { Box::new(io::stdout()) } else { Box::new(File::create(path)?) };
        Ok(Self { output: BufWriter::with_capacity(BUFFER, output), bytes: 0 })
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests;
