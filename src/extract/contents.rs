//! Contents from their first byte until their session names them: small ones in memory as long as there is
//! room, the others in files without a name of their own.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::folder::{Folder, is_full};
use crate::analyzer::ContentSink;
use crate::base::PacketRef;
use crate::report::ContentId;

/// Bytes of one content that are written at a time; what is smaller stays in memory.
const PIECE: usize = 128 * 1024;

/// Bytes of all contents that may be in memory before smaller pieces are written.
const MEMORY: usize = 48 * 1024 * 1024;

/// The size of pieces then.
const SMALL_PIECE: usize = 16 * 1024;

/// Contents that may have such a piece in memory then.
const SMALL_PIECES: usize = 1024;

/// Missing ranges that are told apart; further ones are one with the last.
const RANGES: usize = 256;

/// What both threads know: the one that follows packets, and the one that names contents.
#[derive(Debug)]
struct Shared {
    scratch: Scratch,
    ended: Mutex<HashMap<ContentId, Content>>,
    /// Bytes in memory.
    memory: AtomicUsize,
    /// Why nothing more is kept.
    full: OnceLock<String>,
}

/// The folder for files without a name.
#[derive(Debug)]
struct Scratch {
    root: Arc<Folder>,
    folder: Folder,
    name: String,
}

/// Room on the disk that is given back when it is full, so that the manifest can tell.
const RESERVE: &str = "reserve";
const RESERVED: usize = 256 * 1024;

impl Scratch {
    fn make(root: Arc<Folder>) -> io::Result<Self> {
        let mut number = std::process::id();
        let (folder, name) = loop {
            let name = format!(".ftpscope-{number:x}");
            match root.make(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number = number.wrapping_add(0x0100_0000);
                }
                made => break (made?, name),
            }
        };
        let scratch = Self { root, folder, name };
        scratch.folder.create(RESERVE)?.write_all_at(&vec![0; RESERVED], 0)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = self.folder.remove(RESERVE);
        let _ = self.root.remove_folder(&self.name);
    }
}

impl Shared {
    fn ended(&self) -> std::sync::MutexGuard<'_, HashMap<ContentId, Content>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing could be written: no more is tried, and what was reserved is for the manifest.
    fn failed(&self, error: &io::Error) -> String {
        let said = error.to_string();
        if is_full(error) && self.full.set(said.clone()).is_ok() {
            let _ = self.scratch.folder.remove(RESERVE);
        }
        said
    }

    fn is_crowded(&self) -> bool {
        self.memory.load(Ordering::Relaxed) > MEMORY
    }
}

/// Contents that have ended, for whoever names them.
#[derive(Clone, Debug)]
pub(super) struct Contents(Arc<Shared>);

impl Contents {
    /// No contents yet; files go to a folder in this one.
    pub(super) fn begin(root: Arc<Folder>) -> io::Result<Self> {
        let scratch = Scratch::make(root)?;
        Ok(Self(Arc::new(Shared {
            scratch,
            ended: Mutex::default(),
            memory: AtomicUsize::new(0),
            full: OnceLock::new(),
        })))
    }

    /// What takes contents as they stream by, at most so much of each.
    pub(super) fn feeder(&self, longest: Option<u64>) -> Feeder {
        Feeder { shared: Arc::clone(&self.0), open: HashMap::new(), next: NonZeroU64::MIN, longest }
    }

    /// Takes a content that has ended.
    pub(super) fn take(&self, id: ContentId) -> Option<Content> {
        self.0.ended().remove(&id)
    }

    /// Why nothing more is kept.
    pub(super) fn full(&self) -> Option<&str> {
        self.0.full.get().map(String::as_str)
    }

    /// Notes that something could not be written; says why.
    pub(super) fn failed(&self, error: &io::Error) -> String {
        self.0.failed(error)
    }
}

/// What is kept of one content.
#[derive(Debug)]
pub(super) struct Content {
    shared: Arc<Shared>,
    /// Bytes that are in no file yet, and where they begin.
    buffer: Vec<u8>,
    from: u64,
    /// The name of its file.
    file: Option<String>,
    /// How far it goes, what is missing included.
    pub(super) len: u64,
    /// First and last byte of what is missing.
    pub(super) missing: Vec<(u64, u64)>,
    /// Whether there was more of it than may be kept.
    pub(super) is_cut: bool,
    /// Why it could not be kept.
    pub(super) failed: Option<String>,
}

impl Content {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            buffer: Vec::new(),
            from: 0,
            file: None,
            len: 0,
            missing: Vec::new(),
            is_cut: false,
            failed: None,
        }
    }

    /// The whole of it, where it is in memory.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        (self.file.is_none() && self.from == 0).then_some(&self.buffer)
    }

    /// Its file.
    pub(super) fn open(&self) -> io::Result<File> {
        self.shared.scratch.folder.reopen(self.file.as_deref().unwrap_or_default())
    }

    /// Gives its file a name.
    pub(super) fn hand_over(&mut self, to: &Folder, name: &str) -> io::Result<()> {
        self.shared.scratch.folder.hand_over(self.file.as_deref().unwrap_or_default(), to, name)?;
        self.file = None;
        Ok(())
    }

    fn add(&mut self, id: ContentId, offset: u64, bytes: &[u8], is_modest: bool) {
        if offset != self.from.saturating_add(self.buffer.len() as u64) {
            self.flush(id);
            self.from = offset;
        }
        let before = self.buffer.capacity();
        self.buffer.extend_from_slice(bytes);
        self.len = offset.saturating_add(bytes.len() as u64);
        self.account(before);
        let most = match (self.shared.is_crowded(), is_modest) {
            (false, _) => PIECE,
            (true, true) => SMALL_PIECE,
            (true, false) => 0,
        };
        if self.buffer.len() >= most {
            self.flush(id);
        }
    }

    fn account(&self, before: usize) {
        let memory = &self.shared.memory;
        memory.fetch_add(self.buffer.capacity(), Ordering::Relaxed);
        memory.fetch_sub(before, Ordering::Relaxed);
    }

    fn lose(&mut self, offset: u64, len: u64) {
        let Some(last) = len.checked_sub(1).map(|more| offset.saturating_add(more)) else { return };
        let is_full = self.missing.len() >= RANGES;
        match self.missing.last_mut() {
            Some(range) if is_full || range.1.saturating_add(1) == offset => range.1 = last,
            Some(_) | None => self.missing.push((offset, last)),
        }
        self.len = last.saturating_add(1);
    }

    /// Writes what is in memory.
    fn flush(&mut self, id: ContentId) {
        if self.failed.is_some() {
            return;
        }
        if let Err(error) = self.write(id) {
            self.failed = Some(self.shared.failed(&error));
            self.drop_file();
        }
        let before = self.buffer.capacity();
        self.from = self.from.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        // One that goes on needs it again.
        if self.shared.is_crowded() || self.failed.is_some() {
            self.buffer = Vec::new();
        }
        self.account(before);
    }

    fn write(&mut self, id: ContentId) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let folder = &self.shared.scratch.folder;
        let file = match &self.file {
            Some(name) => folder.reopen(name)?,
            None => {
                let name = id.0.to_string();
                let file = folder.create(&name)?;
                self.file = Some(name);
                file
            }
        };
        file.write_all_at(&self.buffer, self.from)
    }

    /// Nothing more comes: a file gets what is left and its length.
    fn end(&mut self, id: ContentId) {
        if self.file.is_some() || !self.missing.is_empty() || self.shared.is_crowded() {
            self.flush(id);
        }
        if self.file.is_some()
            && let Err(error) = self.open().and_then(|file| file.set_len(self.len))
        {
            self.failed = Some(self.shared.failed(&error));
        }
        let before = self.buffer.capacity();
        self.buffer.shrink_to_fit();
        self.account(before);
    }

    fn drop_file(&mut self) {
        if let Some(name) = self.file.take() {
            let _ = self.shared.scratch.folder.remove(&name);
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.drop_file();
        self.shared.memory.fetch_sub(self.buffer.capacity(), Ordering::Relaxed);
    }
}

/// Takes contents as they stream by.
#[derive(Debug)]
pub struct Feeder {
    shared: Arc<Shared>,
    open: HashMap<ContentId, Content>,
    next: NonZeroU64,
    longest: Option<u64>,
}

impl Feeder {
    /// The part of some bytes that may be kept.
    fn room(&self, offset: u64, len: u64) -> u64 {
        self.longest.map_or(len, |longest| longest.saturating_sub(offset).min(len))
    }
}

impl ContentSink for Feeder {
    fn begin(&mut self, _at: PacketRef) -> Option<ContentId> {
        if self.shared.full.get().is_some() {
            return None;
        }
        let id = ContentId(self.next);
        self.next = self.next.saturating_add(1);
        self.open.insert(id, Content::new(Arc::clone(&self.shared)));
        Some(id)
    }

    fn bytes(&mut self, id: ContentId, offset: u64, bytes: &[u8]) {
        let room = self.room(offset, bytes.len() as u64);
        let is_modest = self.open.len() <= SMALL_PIECES;
        let Some(content) = self.open.get_mut(&id).filter(|content| content.failed.is_none()) else { return };
        let kept = usize::try_from(room).ok().and_then(|room| bytes.get(..room)).unwrap_or(bytes);
        content.is_cut |= kept.len() < bytes.len();
        if !kept.is_empty() {
            content.add(id, offset, kept, is_modest);
        }
    }

    fn gap(&mut self, id: ContentId, offset: u64, len: u64) {
        let room = self.room(offset, len);
        if let Some(content) = self.open.get_mut(&id) {
            content.is_cut |= room < len;
            content.lose(offset, room);
        }
    }

    fn end(&mut self, id: ContentId) {
        if let Some(mut content) = self.open.remove(&id) {
            content.end(id);
            self.shared.ended().insert(id, content);
        }
    }

    fn forget(&mut self, id: ContentId) {
        self.open.remove(&id);
        // Its drop needs no lock.
        let ended = self.shared.ended().remove(&id);
        drop(ended);
    }
}
