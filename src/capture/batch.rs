//! Reads a source batch by batch: many packets in one buffer, found but not copied.

use std::io::{self, Read};
use std::mem;

use crate::report::CaptureFormat;

use super::record::{Contents, Fault, Stop};
use super::scanner::Scanner;
use super::tally::Count;

/// Usual size of a batch, in bytes: large enough that reading costs little, small enough for a processor's
/// cache.
const BATCH: usize = 512 * 1024;
/// Size of a source's first batch, and of all batches if there are many sources: merging a thousand files must not
/// take a thousand large buffers.
const SMALL_BATCH: usize = 64 * 1024;

/// A piece of a file and the packets in it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) contents: Contents,
    /// Counts of its packets.
    pub(super) count: Count,
    /// Whether it is the last one.
    pub(super) last: bool,
    /// Damage of the file, as a sentence.
    pub(super) damage: Option<String>,
}

/// Fills batches from a source.
pub(super) struct Batcher {
    input: Box<dyn Read + Send>,
    scanner: Scanner,
    /// Bytes that a batch usually has.
    size: usize,
    /// Bytes of an incomplete packet, carried over to the next batch.
    carry: Vec<u8>,
    /// Where in the unpacked data the next batch begins.
    offset: u64,
    /// Packets found so far.
    packets: u64,
    /// Whether to return packets as soon as they arrive instead of filling batches, because the input is a pipe.
    prompt: bool,
    /// Whether offsets are those of decompressed data.
    unpacked: bool,
    /// Whether to decode the headers of plain frames.
    decodes: bool,
    damage: Option<String>,
}

impl Batcher {
    pub(super) fn new(input: Box<dyn Read + Send>, scanner: Scanner, prompt: bool, unpacked: bool) -> Self {
        Self {
            input,
            scanner,
            size: BATCH,
            carry: Vec::new(),
            offset: 0,
            packets: 0,
            prompt,
            unpacked,
            decodes: false,
            damage: None,
        }
    }

    /// Keeps all batches small.
    pub(super) const fn save_memory(&mut self) {
        self.size = SMALL_BATCH;
    }

    /// From now on the headers of plain frames are decoded.
    pub(super) const fn decode_ahead(&mut self) {
        self.decodes = true;
    }

    pub(super) const fn format(&self) -> CaptureFormat {
        self.scanner.format()
    }

    /// Reads the file's header and perhaps some packets.
    pub(super) fn begin(&mut self) -> Result<Batch, Fault> {
        let mut batch = Batch::default();
        match self.fill(&mut batch, SMALL_BATCH) {
            Some(fault) if !self.scanner.has_started() => Err(fault),
            _ => Ok(batch),
        }
    }

    /// Replaces the contents of `batch` with the next packets; the last batch is marked.
    pub(super) fn refill(&mut self, batch: &mut Batch) {
        self.fill(batch, self.size);
        if self.decodes {
            // What was just read is still in the processor's cache.
            batch.contents.decode_headers(&batch.bytes);
        }
    }

    /// Fills `batch` from about `size` bytes; returns the fault that ended the file, if any.
    fn fill(&mut self, batch: &mut Batch, size: usize) -> Option<Fault> {
        batch.contents.clear();
        batch.last = false;
        batch.damage = None;
        // A buffer enlarged by one huge packet returns to its usual size.
        batch.bytes.resize(size.max(self.carry.len()), 0);
        batch.bytes.shrink_to(BATCH);
        let mut filled = self.carry.len();
        if let Some(front) = batch.bytes.get_mut(..filled) {
            front.copy_from_slice(&self.carry);
        }
        self.carry.clear();
        self.carry.shrink_to(BATCH);
        let mut goal = batch.bytes.len();
        let mut used = 0;
        let ending = loop {
            let end = self.read(&mut batch.bytes, &mut filled, goal);
            let there = batch.bytes.get(..filled).unwrap_or_default();
            let scan = self.scanner.scan(there, used, &mut batch.contents);
            used = scan.used;
            match (scan.stop, end) {
                (Stop::Broken(fault), _) | (_, Some(Err(fault))) => break Some(Some(fault)),
                (Stop::Needs(needed, piece), Some(Ok(()))) => {
                    let there = filled.saturating_sub(used);
                    break Some((there > 0).then_some(Fault::Cut { piece, there, needed }));
                }
                (Stop::Needs(..), None) if used > 0 => break None,
                (Stop::Needs(needed, _), None) => goal = goal.max(needed),
            }
            if goal > batch.bytes.len() {
                batch.bytes.resize(goal, 0);
            }
        };
        self.note_oddity(batch);
        batch.count = Count::of(&batch.contents.records);
        self.packets = self.packets.saturating_add(batch.count.packets);
        self.offset = self.offset.saturating_add(used as u64);
        if let Some(end) = ending {
            batch.last = true;
            if let Some(fault) = &end {
                self.note(&format!("reading stopped {}: {fault}", self.place(self.packets, self.offset)));
            }
            batch.damage = self.damage.take();
            return end;
        }
        self.carry.extend_from_slice(batch.bytes.get(used..filled).unwrap_or_default());
        None
    }

    /// Reads until `goal` bytes are there, or only once if packets are wanted promptly; says how the input
    /// ended if it did.
    fn read(&mut self, bytes: &mut [u8], filled: &mut usize, goal: usize) -> Option<Result<(), Fault>> {
        while let Some(room) = bytes.get_mut(*filled..goal).filter(|room| !room.is_empty()) {
            match self.input.read(room) {
                Ok(0) => return Some(Ok(())),
                Ok(count) => *filled = filled.saturating_add(count).min(goal),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Some(Err(Fault::Read(error))),
            }
            if self.prompt {
                break;
            }
        }
        None
    }

    fn note_oddity(&mut self, batch: &mut Batch) {
        if self.damage.is_some() {
            return;
        }
        if let Some(oddity) = mem::take(&mut batch.contents.oddity) {
            let packets = self.packets.saturating_add(oddity.packets_before as u64);
            let place = self.place(packets, self.offset.saturating_add(oddity.at as u64));
            self.note(&format!("passed over a block {place}: {}", oddity.fault));
        }
    }

    fn note(&mut self, sentence: &str) {
        self.damage = Some(match self.damage.take() {
            Some(before) => format!("{before}; {sentence}"),
            None => sentence.to_owned(),
        });
    }

    /// Where in the file: `after packet 54, at byte 14787`.
    fn place(&self, packets: u64, offset: u64) -> String {
        let packets = match packets {
            0 => "before the first packet".to_owned(),
            count => format!("after packet {count}"),
        };
        format!("{packets}, at byte {offset}{}", if self.unpacked { " of the unpacked data" } else { "" })
    }
}
