//! All sources as one capture, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;

use crate::base::{FrameNumber, LimitCounts, LimitName, Limits, Timestamp, cost};
use crate::decode::Frame;
use crate::report;

use super::error::Error;
use super::run::{Run, Turn};
use super::source::Source;

/// The most threads that read ahead at a time; further files are read when their turn comes.
const MOST_THREADS: usize = 4;
/// More sources than this get small buffers.
const FEW_SOURCES: usize = 16;

/// Opens capture files, `-` being standard input, to be read as one capture in order of time.
pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Frames, Error> {
    if paths.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Error::StandardInputTwice);
    }
    check_count(paths.len())?;
    let each = shared_among(paths.len(), limits);
    let sources = paths.iter().map(|path| Source::open(path, &each)).collect::<Result<_, _>>()?;
    Ok(Frames::over(sources, limits))
}

/// The limits of each of several files, which share those of one. Each gets at least what usual files need, so
/// that very many files may take more in total.
fn shared_among(count: usize, limits: &Limits) -> Limits {
    const USUAL_WINDOW: usize = 8 << 20;
    const USUAL_PACKET: usize = 256 << 10;
    // Batches of a file that may exist at a time.
    const BATCHES: usize = 5;
    let share = |limit: usize, of: usize, usual: usize| {
        let share = limit.saturating_mul(of).checked_div(count.saturating_mul(BATCHES)).unwrap_or(limit);
        share.clamp(usual.min(limit), limit.max(usual.min(limit)))
    };
    Limits {
        packet_bytes: share(limits.packet_bytes, cost::PACKET_BUFFERS, USUAL_PACKET),
        decompression_window: share(limits.decompression_window, BATCHES, USUAL_WINDOW),
        ..limits.clone()
    }
}

fn check_count(count: usize) -> Result<(), Error> {
    match u16::try_from(count) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::TooMany { count }),
    }
}

/// The packets of all sources, merged by time.
///
/// Within one source the order is that of the file, even where its clock went back.
pub struct Frames {
    sources: Vec<Source>,
    /// Sources with a packet at hand, except the current one.
    waiting: BinaryHeap<Reverse<Turn>>,
    /// The source whose turn it is, and until when.
    current: Option<(u16, Turn)>,
    begun: bool,
    /// Number of the frame delivered last.
    number: FrameNumber,
    /// How many more threads may read ahead.
    threads: usize,
    /// Whether they decode the headers of plain frames.
    decodes: bool,
    secrets: Vec<u8>,
    secrets_cap: usize,
    counts: LimitCounts,
}

impl Frames {
    /// Reads captures from any readers, each with a name.
    pub fn from_readers(
        readers: Vec<(String, Box<dyn Read + Send>)>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        check_count(readers.len())?;
        let sources = readers
            .into_iter()
            .map(|(name, reader)| Source::begin(name, reader, None, limits))
            .collect::<Result<_, _>>()?;
        Ok(Self::over(sources, limits))
    }

    fn over(mut sources: Vec<Source>, limits: &Limits) -> Self {
        if sources.len() > FEW_SOURCES {
            sources.iter_mut().for_each(Source::save_memory);
        }
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut frames = Self {
            sources,
            waiting: BinaryHeap::new(),
            current: None,
            begun: false,
            number: FrameNumber(0),
            threads: if cores > 1 { MOST_THREADS } else { 0 },
            decodes: false,
            secrets: Vec::new(),
            secrets_cap: limits.tls_secret_bytes,
            counts: LimitCounts::default(),
        };
        for index in 0..frames.sources.len() {
            frames.keep_secrets(index);
        }
        frames
    }

    /// Reads everything on the calling thread: the same frames, without a second core.
    #[must_use]
    pub fn without_threads(mut self) -> Self {
        self.threads = 0;
        self
    }

    /// Has the threads that read ahead decode the headers of plain frames ([`Frame::quick`]). To be called
    /// before the first frame is asked for.
    #[doc(hidden)]
    pub const fn decode_ahead(&mut self) {
        self.decodes = true;
    }

    /// The next packet; none at the end of all sources, or where their damage begins.
    #[expect(clippy::should_implement_trait, reason = "an iterator can't lend what it gives")]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        self.run()?.next()
    }

    /// The next packets, as many as are at hand: at least one, but none at the end of all sources, or where
    /// their damage begins. What is left of them comes with the next call.
    #[inline]
    pub fn run(&mut self) -> Option<Run<'_>> {
        self.advance()?;
        let (index, until) = self.current?;
        Some(self.sources.get_mut(usize::from(index))?.run(&mut self.number, index, until, &self.secrets))
    }

    /// How many frames were delivered so far.
    pub const fn delivered(&self) -> u64 {
        self.number.0
    }

    /// Whether the next packet is certainly at hand: otherwise [`Self::next`] may block on a pipe.
    pub(super) fn is_next_at_hand(&self) -> bool {
        let current = self.current.and_then(|(index, _)| self.sources.get(usize::from(index)));
        current.is_some_and(|source| source.head().is_some())
    }

    /// What is known of each source, counting the packets delivered so far.
    pub fn sources(&self) -> Vec<report::Source> {
        self.sources.iter().map(Source::report).collect()
    }

    /// Bytes of the files, as they are on disk, that were read so far, and in all where that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        self.sources.iter().map(Source::progress).fold((0, Some(0)), |(read, total), (more, size)| {
            let total = total.zip(size).map(|(total, size)| u64::saturating_add(total, size));
            (read.saturating_add(more), total)
        })
    }

    /// TLS key log lines that pcapng files carry, of all that was read so far: it only ever grows.
    pub fn tls_secrets(&self) -> &[u8] {
        &self.secrets
    }

    /// Limits that were reached.
    pub const fn limits(&self) -> &LimitCounts {
        &self.counts
    }

    /// Makes the source with the next packet the current one; none at the end.
    fn advance(&mut self) -> Option<()> {
        if !self.begun {
            self.begin();
        }
        loop {
            if let Some((index, until)) = self.current {
                if let Some(record) = self.sources.get(usize::from(index))?.head() {
                    if (record.time, index) <= until {
                        return Some(());
                    }
                    self.waiting.push(Reverse((record.time, index)));
                    self.current = None;
                } else if !self.refill(index) {
                    self.current = None;
                }
            } else {
                let Reverse((_, index)) = self.waiting.pop()?;
                let until = self.waiting.peek().map_or((Timestamp::MAX, u16::MAX), |&Reverse(turn)| turn);
                self.current = Some((index, until));
            }
        }
    }

    /// Orders the sources by their first packets.
    fn begin(&mut self) {
        self.begun = true;
        for index in 0..u16::try_from(self.sources.len()).unwrap_or(u16::MAX) {
            while let Some(source) = self.sources.get(usize::from(index)) {
                if let Some(record) = source.head() {
                    self.waiting.push(Reverse((record.time, index)));
                    break;
                }
                if !self.refill(index) {
                    break;
                }
            }
        }
    }

    /// Fetches a source's next batch; false if there is none.
    fn refill(&mut self, index: u16) -> bool {
        let index = usize::from(index);
        let more =
            self.sources.get_mut(index).is_some_and(|source| source.refill(&mut self.threads, self.decodes));
        self.keep_secrets(index);
        more
    }

    fn keep_secrets(&mut self, index: usize) {
        let secrets = self.sources.get_mut(index).map(Source::take_secrets).unwrap_or_default();
        if secrets.is_empty() {
            return;
        }
        if self.secrets.len().saturating_add(secrets.len()) > self.secrets_cap {
            self.counts.reached(LimitName::TlsSecrets);
            return;
        }
        self.secrets.extend_from_slice(&secrets);
    }
}

#[cfg(test)]
mod tests;
