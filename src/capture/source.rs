//! One source: a file or pipe that is being read.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::{FrameNumber, Limits};
use crate::decode::LinkType;
use crate::report::{self, CaptureFormat};

use super::ahead::Ahead;
use super::batch::{Batch, Batcher};
use super::compression::Compression;
use super::error::{Error, name, other_kind};
use super::record::Record;
use super::run::{Run, Turn};
use super::scanner::Scanner;
use super::tally::Count;

/// Bytes read to find out what a file is.
const SNIFF: usize = 512;
/// Fewest bytes that identify any capture or compression format.
const SNIFF_AT_LEAST: usize = 8;
/// A file compressed twice is still read; more than that is never intended.
const MOST_LAYERS: usize = 2;
/// The zstd window of an inner layer, in bytes: that of the highest level without --ultra.
const INNER_WINDOW: usize = 8 << 20;
/// Files smaller than this are read without a thread: starting one would cost more than it saves.
const WORTH_A_THREAD: u64 = 1024 * 1024;

/// A file or pipe that is being read.
pub(super) struct Source {
    path: String,
    format: CaptureFormat,
    compression: Option<Compression>,
    links: Vec<LinkType>,
    links_seen: HashSet<LinkType>,
    /// Packets delivered, without those of the current batch.
    count: Count,
    damage: Option<String>,
    /// The current batch, and the index of its next record.
    batch: Batch,
    next: usize,
    /// The index of its next decoded headers.
    next_quick: usize,
    supply: Supply,
    /// Bytes of the file read so far, and in all where that is known.
    read: Arc<AtomicU64>,
    size: Option<u64>,
}

/// Where the next batch comes from.
enum Supply {
    Here(Box<Batcher>),
    Ahead(Ahead),
    Exhausted,
}

impl Source {
    /// Opens a file, or standard input by the name `-`.
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self, Error> {
        let shown = name(path);
        if shown == "-" {
            if io::stdin().is_terminal() {
                return Err(Error::Terminal);
            }
            return Self::begin(shown, Box::new(io::stdin()), None, limits);
        }
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok(opened) => opened,
            // Some systems do not even open a directory.
            Err(_) if path.is_dir() => return Err(Error::Directory { path: shown }),
            Err(source) => return Err(Error::Open { path: shown, source }),
        };
        if metadata.is_dir() {
            return Err(Error::Directory { path: shown });
        }
        let size = metadata.is_file().then_some(metadata.len());
        Self::begin(shown, Box::new(file), size, limits)
    }

    /// Finds out what `input` is and reads its header. Only regular files have a `size`.
    pub(super) fn begin(
        path: String,
        input: Box<dyn Read + Send>,
        size: Option<u64>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let read = Arc::new(AtomicU64::new(0));
        let mut input: Box<dyn Read + Send> = Box::new(Counted { input, count: Arc::clone(&read) });
        let mut compression = None;
        let mut layers = 0_usize;
        let scanner = loop {
            let first = match sniff(&mut input) {
                Ok(first) => first,
                Err(error) if compression.is_some() => {
                    return Err(Error::Broken { path, why: error.to_string() });
                }
                Err(source) => return Err(Error::Open { path, source }),
            };
            let known = Compression::recognise(&first);
            let scanner = Scanner::for_file(&first, limits);
            if first.is_empty() {
                return Err(Error::Empty { path });
            }
            if known.is_none() && scanner.is_none() {
                // As many bytes as there are, however they arrive: the message must not depend on that.
                let mut more = first;
                let missing = SNIFF.saturating_sub(more.len()) as u64;
                // Even if reading failed, the bytes read before may identify the file.
                let _ = input.take(missing).read_to_end(&mut more);
                return Err(Error::NotACapture { path, kind: other_kind(&more) });
            }
            input = Box::new(Cursor::new(first).chain(input));
            if let Some(scanner) = scanner {
                break scanner;
            }
            if let Some(known) = known {
                layers = layers.saturating_add(1);
                if layers > MOST_LAYERS {
                    return Err(Error::TooManyLayers { path, layers: MOST_LAYERS });
                }
                compression.get_or_insert(known);
                // An inner layer gets no second large window.
                let window = if layers > 1 { INNER_WINDOW } else { usize::MAX };
                let window = limits.decompression_window.min(window);
                let within = Limits { decompression_window: window, ..limits.clone() };
                input = known
                    .unpack(input, &read, &within)
                    .map_err(|error| Error::Broken { path: path.clone(), why: error.to_string() })?;
            }
        };
        let mut batcher = Box::new(Batcher::new(input, scanner, size.is_none(), compression.is_some()));
        let batch = match batcher.begin() {
            Ok(batch) => batch,
            Err(fault) => return Err(Error::Broken { path, why: fault.to_string() }),
        };
        let format = batcher.format();
        let mut source = Self {
            path,
            format,
            compression,
            links: Vec::new(),
            links_seen: HashSet::new(),
            count: Count::default(),
            damage: None,
            batch: Batch::default(),
            next: 0,
            next_quick: 0,
            supply: Supply::Here(batcher),
            read,
            size,
        };
        source.take_in(batch);
        match source.links.first() {
            Some(&link) if format == CaptureFormat::Pcap && link.name().is_none() => {
                Err(Error::LinkType { path: source.path, link })
            }
            _ => Ok(source),
        }
    }

    /// Keeps the buffers small, for one of many sources.
    pub(super) fn save_memory(&mut self) {
        if let Supply::Here(batcher) = &mut self.supply {
            batcher.save_memory();
        }
    }

    /// The next packet of the current batch, if any.
    pub(super) fn head(&self) -> Option<&Record> {
        self.batch.contents.records.get(self.next)
    }

    /// The current batch's packets from the [`head`](Self::head) up to the turn of another source, as those of source
    /// `index`; `number` is that of the previous packet.
    #[inline]
    pub(super) fn run<'a>(
        &'a mut self,
        number: &'a mut FrameNumber,
        index: u16,
        until: Turn,
        secrets: &'a [u8],
    ) -> Run<'a> {
        let Self { batch: Batch { contents, bytes, .. }, next, next_quick, .. } = self;
        Run {
            records: contents.records.get(*next..).unwrap_or_default(),
            quick: contents.quick.get(*next_quick..).unwrap_or_default().iter(),
            bytes,
            source: index,
            until,
            secrets,
            number,
            next,
            next_quick,
        }
    }

    /// Fetches the next batch; false if there is none. `threads` is how many more may read ahead, and
    /// `decodes` says whether they decode headers as well.
    pub(super) fn refill(&mut self, threads: &mut usize, decodes: bool) -> bool {
        self.count.merge(&mem::take(&mut self.batch.count));
        if self.batch.last {
            if matches!(self.supply, Supply::Ahead(_)) {
                *threads = threads.saturating_add(1);
            }
            self.supply = Supply::Exhausted;
            self.take_in(Batch { last: true, ..Batch::default() });
            return false;
        }
        let worth_it = self.size.is_none_or(|size| size >= WORTH_A_THREAD);
        self.supply = match mem::replace(&mut self.supply, Supply::Exhausted) {
            Supply::Here(mut batcher) if *threads > 0 && worth_it => {
                if decodes {
                    batcher.decode_ahead();
                }
                match Ahead::start(batcher, self.size.is_some()) {
                    Ok(ahead) => {
                        *threads = threads.saturating_sub(1);
                        Supply::Ahead(ahead)
                    }
                    Err(batcher) => Supply::Here(batcher),
                }
            }
            other => other,
        };
        let done = mem::take(&mut self.batch);
        let batch = match &mut self.supply {
            Supply::Here(batcher) => {
                let mut batch = done;
                batcher.refill(&mut batch);
                batch
            }
            Supply::Ahead(ahead) => ahead.exchange(done),
            Supply::Exhausted => Batch { last: true, ..Batch::default() },
        };
        self.take_in(batch);
        true
    }

    /// The TLS secrets of the current batch, returned once.
    pub(super) fn take_secrets(&mut self) -> Vec<u8> {
        mem::take(&mut self.batch.contents.secrets)
    }

    /// What is known of it so far.
    pub(super) fn report(&self) -> report::Source {
        let mut count = self.count;
        count.merge(&Count::of(self.batch.contents.records.get(..self.next).unwrap_or_default()));
        report::Source {
            path: self.path.clone(),
            format: self.format,
            compression: self.compression,
            link_types: self.links.iter().map(ToString::to_string).collect(),
            packets: count.packets,
            bytes: count.bytes,
            first: count.span.map(|(first, _)| first),
            last: count.span.map(|(_, last)| last),
            truncated_packets: count.truncated,
            damage: self.damage.clone(),
        }
    }

    /// Bytes of the file read so far, and in all where that is known.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        (self.read.load(Ordering::Relaxed), self.size)
    }

    fn take_in(&mut self, mut batch: Batch) {
        for link in batch.contents.links.drain(..) {
            if self.links_seen.insert(link) {
                self.links.push(link);
            }
        }
        if let Some(damage) = batch.damage.take() {
            self.damage = Some(damage);
        }
        self.batch = batch;
        self.next = 0;
        self.next_quick = 0;
    }
}

/// Counts the bytes that come through.
struct Counted {
    input: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The first bytes of `input`: enough to tell what it is, or all.
fn sniff(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut first = vec![0; SNIFF];
    let mut there = 0_usize;
    while there < SNIFF_AT_LEAST {
        let room = first.get_mut(there..).unwrap_or_default();
        match input.read(room) {
            Ok(0) => break,
            Ok(count) => there = there.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    first.truncate(there);
    Ok(first)
}
