//! Writes what was transferred into a folder, with a manifest.
//!
//! Contents come through a [`Feeder`] as they stream by, before it is known whose they are, and wait. A finished
//! session names what it moved: then each content gets its name below the folder, or is dropped.
//!
//! **Invariant:** nothing outside of the folder is touched, whatever peers call their files and whatever is laid
//! in the folder meanwhile: every name is one harmless component, opened below the handle of its folder, never
//! through a link, and always new.

mod contents;
mod digests;
mod facts;
mod folder;
mod glob;
mod names;
mod places;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::base::{Bytes, Endpoint, Printable, Text, Timestamp, choices};
use crate::export::{FileState, Manifest, ManifestEntry, ManifestForm};
use crate::report::{self, Session};
use contents::{Content, Contents};
use facts::Facts;
use folder::Folder;
use places::Places;

pub use contents::Feeder;
pub use glob::Glob;

choices! {
    /// Which contents are wanted.
    #[derive(Default)]
    pub enum Wanted {
        /// Files.
        #[default]
        Files => "files",
        /// Listings.
        Listings => "listings",
        /// Both.
        All => "all",
    }
}

choices! {
    /// By what files are called.
    #[derive(Default)]
    pub enum Layout {
        /// Server, user and the path on the server.
        #[default]
        Path => "path",
        /// The SHA-256 of their content.
        Hash => "hash",
    }
}

/// What is extracted, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files or listings.
    pub wanted: Wanted,
    /// What the names on the server are like.
    pub name: Option<Glob>,
    /// The least size.
    pub min_size: u64,
    /// The most that is kept of one content.
    pub max_file: Option<u64>,
    /// The most that is kept of all.
    pub max_total: Option<u64>,
    /// How the media type begins; any where there is none.
    pub mime: Vec<String>,
    /// By what files are called.
    pub layout: Layout,
    /// Whether the same content is written each time.
    pub keep_duplicates: bool,
    /// Whether SHA-1 and MD5 are computed.
    pub old_digests: bool,
    /// How the manifest is written.
    pub form: ManifestForm,
}

/// What was extracted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files written.
    pub files: u64,
    /// How long they are together.
    pub bytes: u64,
    /// Those of them that lack something.
    pub incomplete: u64,
    /// Contents that had been written before.
    pub duplicates: u64,
    /// Contents that could not be read because they are encrypted.
    pub encrypted: u64,
    /// Contents that could not be written, or not in full.
    pub not_kept: u64,
    /// Why nothing more could be written from some time on.
    pub full: Option<String>,
}

/// Whether all that was transferred is there.
const fn is_all(state: FileState) -> bool {
    matches!(state, FileState::Complete | FileState::Rest)
}

/// What was extracted, in words.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, bytes, incomplete, duplicates, encrypted, not_kept, full } = self;
        let noun = if *files == 1 { "file" } else { "files" };
        write!(f, "extracted {files} {noun} ({})", Bytes(*bytes))?;
        for (count, what) in [
            (incomplete, "incomplete (.part)"),
            (duplicates, "the same as another"),
            (encrypted, "encrypted"),
            (not_kept, "not kept"),
        ] {
            if *count > 0 {
                write!(f, "; {count} {what}")?;
            }
        }
        match full {
            Some(why) => write!(f, "; nothing more could be written: {}", Printable(why)),
            None => Ok(()),
        }
    }
}

/// Manifest lines that are written at a time, in bytes.
const LINES: usize = 64 * 1024;

/// Contents of which it is known where they are.
const SEEN: usize = 4_000_000;

/// An extraction under way.
#[derive(Debug)]
pub struct Extraction {
    options: Options,
    contents: Contents,
    places: Places,
    manifest: Manifest,
    list: List,
    /// Where complete contents are, by their digests.
    seen: HashMap<[u8; 32], Arc<str>>,
    summary: Summary,
}

/// What became of a content.
#[derive(Default)]
struct Kept {
    file: Option<Arc<str>>,
    is_duplicate: bool,
    error: Option<String>,
    digests: Option<(String, String)>,
}

impl Extraction {
    /// Begins: makes the folder where it isn't there, and the manifest in it, which must not be there.
    pub fn begin(folder: &Path, options: Options) -> io::Result<Self> {
        let root = Arc::new(Folder::open(folder)?);
        let name = match options.form {
            ManifestForm::Jsonl => "manifest.jsonl",
            ManifestForm::Csv => "manifest.csv",
        };
        let list = List { file: root.create(name)?, lines: Vec::new(), at: 0 };
        Ok(Self {
            contents: Contents::begin(Arc::clone(&root))?,
            places: Places::below(root),
            manifest: Manifest::begin(options.form),
            list,
            seen: HashMap::new(),
            summary: Summary::default(),
            options,
        })
    }

    /// What takes contents as they stream by.
    pub fn feeder(&self) -> Feeder {
        self.contents.feeder(self.options.max_file)
    }

    /// Files what a finished session moved.
    ///
    /// # Errors
    /// Where the manifest can't be written. That a content can't be is told by the manifest.
    pub fn session(&mut self, session: &Session) -> io::Result<()> {
        for transfer in &session.transfers {
            let facts = Facts::of(session, transfer);
            let content = facts.stream.and_then(|stream| stream.kept).and_then(|id| self.contents.take(id));
            if self.is_wanted(&facts, content.as_ref()) {
                self.transfer(&facts, content)?;
            }
        }
        self.leave_out(session);
        Ok(())
    }

    /// Drops what a session moved.
    pub fn leave_out(&mut self, session: &Session) {
        for channel in &session.data_channels {
            let own = channel.attempt.iter().map(|attempt| &*attempt.connection);
            for connection in own.chain(&channel.other_attempts) {
                let kept = [connection.from_originator.kept, connection.from_responder.kept];
                kept.into_iter().flatten().for_each(|id| drop(self.contents.take(id)));
            }
        }
    }

    /// Writes what the manifest has so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.list.flush(&self.contents)
    }

    /// All sessions were given.
    pub fn finish(mut self) -> io::Result<Summary> {
        std::mem::take(&mut self.manifest).end(&mut self.list.lines)?;
        self.flush()?;
        self.summary.full = self.contents.full().map(str::to_owned);
        Ok(self.summary)
    }

    fn is_wanted(&self, facts: &Facts<'_>, content: Option<&Content>) -> bool {
        let Options { wanted, name, min_size, mime, .. } = &self.options;
        let is_kind = match facts.transfer.content {
            report::Content::File => *wanted != Wanted::Listings,
            report::Content::Listing => *wanted != Wanted::Files,
        };
        let path = facts.path().map_or("", Text::raw);
        let is_named = name.as_ref().is_none_or(|name| {
            name.matches(path) || name.matches(path.rsplit('/').next().unwrap_or_default())
        });
        let size = content.map_or(facts.transfer.bytes.unwrap_or(0), |content| content.len);
        let kind = facts.transfer.mime.as_deref().unwrap_or_default();
        let is_of_kind = mime.is_empty() || mime.iter().any(|mime| kind.starts_with(mime.as_str()));
        is_kind && is_named && size >= *min_size && is_of_kind
    }

    fn transfer(&mut self, facts: &Facts<'_>, mut content: Option<Content>) -> io::Result<()> {
        let Some(mut state) = facts.state(content.as_ref()) else { return Ok(()) };
        let mut kept = self.keep(facts, &mut state, &mut content);
        if kept.error.is_none() {
            kept.error = content.as_ref().and_then(|content| content.failed.clone());
        }
        self.count(state, &kept, content.as_ref());
        self.list(facts, state, &kept, content.as_ref())
    }

    /// Writes a content, unless it is there already or may not be.
    fn keep(&mut self, facts: &Facts<'_>, state: &mut FileState, content: &mut Option<Content>) -> Kept {
        let sha256 = facts.sha256().filter(|_| is_all(*state));
        let known = sha256.and_then(|sha256| self.seen.get(&sha256).cloned());
        let is_empty = facts.stream.is_some_and(|stream| stream.bytes == 0 && stream.missing == 0);
        // Between two servers one content is two sessions', and was taken for the first.
        let is_gone = content.is_none() && !is_empty;
        if let Some(file) = known.filter(|_| is_gone || !self.options.keep_duplicates) {
            return Kept { file: Some(file), is_duplicate: true, ..Kept::default() };
        }
        let Some(content) = content.as_mut() else {
            return match *state {
                FileState::Encrypted | FileState::NotCaptured => Kept::default(),
                FileState::Complete if is_empty => self.file(facts, state, sha256, &mut Source::Empty),
                _ => {
                    *state = FileState::NotWritten;
                    let why = self.contents.full().unwrap_or("not enough memory to read it");
                    Kept { error: Some(why.to_owned()), ..Kept::default() }
                }
            };
        };
        let is_nothing = content.len == 0 && *state != FileState::Complete;
        if content.failed.is_some() || is_nothing {
            return Kept::default();
        }
        let total = self.summary.bytes.saturating_add(content.len);
        if self.options.max_total.is_some_and(|most| total > most) {
            *state = FileState::Limit;
            return Kept::default();
        }
        self.file(facts, state, sha256, &mut Source::Content(content))
    }

    /// Writes a content under its name.
    fn file(
        &mut self,
        facts: &Facts<'_>,
        state: &mut FileState,
        sha256: Option<[u8; 32]>,
        source: &mut Source<'_>,
    ) -> Kept {
        let digests = match (self.options.old_digests, *state) {
            (true, FileState::Complete | FileState::Rest) => source.digests().ok(),
            _ => None,
        };
        let path = self.path(facts, sha256);
        let ending = if *state == FileState::Complete { "" } else { ".part" };
        let modified = facts.modified();
        let written =
            self.places.place(&path, ending, &mut |folder, name| source.write(folder, name, modified));
        match written {
            Ok(file) => {
                let file: Arc<str> = file.into();
                if let Some(sha256) = sha256.filter(|_| self.seen.len() < SEEN) {
                    self.seen.insert(sha256, Arc::clone(&file));
                }
                Kept { file: Some(file), digests, ..Kept::default() }
            }
            Err(error) => {
                *state = FileState::NotWritten;
                Kept { error: Some(self.contents.failed(&error)), ..Kept::default() }
            }
        }
    }

    /// The folders and the name of a content.
    fn path(&self, facts: &Facts<'_>, sha256: Option<[u8; 32]>) -> Vec<String> {
        let Facts { session, transfer, .. } = *facts;
        if self.options.layout == Layout::Hash {
            return match sha256 {
                Some(sha256) => {
                    let name = crate::base::hex::Hex(&sha256).to_string();
                    vec![name.chars().take(2).collect(), name]
                }
                None => {
                    let name = format!("{}-{}", session.uid, u64::from(transfer.command));
                    vec!["incomplete".to_owned(), names::component(&name)]
                }
            };
        }
        let user = session.user.as_ref().filter(|user| !user.is_empty());
        let mut path = vec![
            names::component(&host(session.server)),
            names::component(user.map_or("unknown user", Text::raw)),
        ];
        path.extend(names::path(&facts.raw_path()));
        path
    }

    fn count(&mut self, state: FileState, kept: &Kept, content: Option<&Content>) {
        let Summary { files, bytes, incomplete, duplicates, encrypted, not_kept, .. } = &mut self.summary;
        let add = |count: &mut u64, is_one: bool| *count = count.saturating_add(u64::from(is_one));
        let is_written = kept.file.is_some() && !kept.is_duplicate;
        add(files, is_written);
        add(incomplete, is_written && state != FileState::Complete);
        add(duplicates, kept.is_duplicate);
        add(encrypted, state == FileState::Encrypted);
        add(not_kept, matches!(state, FileState::NotWritten | FileState::Limit));
        let len = content.map_or(0, |content| content.len);
        *bytes = bytes.saturating_add(if is_written { len } else { 0 });
    }

    /// Adds a line to the manifest.
    fn list(
        &mut self,
        facts: &Facts<'_>,
        state: FileState,
        kept: &Kept,
        content: Option<&Content>,
    ) -> io::Result<()> {
        let Facts { session, transfer, connection, .. } = *facts;
        let decoded = transfer.decoded.as_ref().map(|decoded| decoded.bytes);
        let entry = ManifestEntry {
            file: kept.file.as_deref(),
            duplicate: kept.is_duplicate,
            state,
            error: kept.error.as_deref(),
            path: facts.path(),
            verb: facts.command().map_or("", |command| command.verb.name()),
            direction: transfer.direction,
            content: transfer.content,
            session: &session.uid,
            client: session.client,
            server: session.server,
            user: session.user.as_ref(),
            frames: connection.map(|connection| connection.frames),
            start: transfer.start,
            end: transfer.end,
            modified: facts.modified(),
            status: transfer.status,
            bytes: content.map_or(decoded.or(transfer.bytes).unwrap_or(0), |content| content.len),
            missing_ranges: content.map_or(&[], |content| &content.missing),
            expected_size: transfer.expected_size,
            offset: transfer.offset,
            sha256: facts.sha256().filter(|_| is_all(state)),
            sha1: kept.digests.as_ref().map(|(sha1, _)| sha1.as_str()),
            md5: kept.digests.as_ref().map(|(_, md5)| md5.as_str()),
            mime: transfer.mime.as_deref(),
            representation: &transfer.representation,
            decoded_from: Some(transfer.mode).filter(|&mode| mode != 'S'),
        };
        self.manifest.entry(&entry, &mut self.list.lines)?;
        if self.list.lines.len() >= LINES { self.flush() } else { Ok(()) }
    }
}

/// How a server's folder is called.
fn host(server: Endpoint) -> String {
    if server.port == 21 { server.ip.to_string() } else { format!("{}_{}", server.ip, server.port) }
}

/// Where a file's bytes come from.
enum Source<'c> {
    Empty,
    Content(&'c mut Content),
}

impl Source<'_> {
    /// Makes a file of it; leaves none where that fails.
    fn write(&mut self, folder: &Folder, name: &str, modified: Option<Timestamp>) -> io::Result<()> {
        let bytes = match self {
            Self::Empty => Some(&[][..]),
            Self::Content(content) => content.bytes(),
        };
        if let Some(bytes) = bytes {
            let mut file = folder.create(name)?;
            let written = file.write_all(bytes);
            if written.is_err() {
                let _ = folder.remove(name);
            }
            date(&file, modified);
            return written;
        }
        let Self::Content(content) = self else { return Ok(()) };
        if modified.is_some() {
            date(&content.open()?, modified);
        }
        content.hand_over(folder, name)
    }

    fn digests(&self) -> io::Result<(String, String)> {
        match self {
            Self::Empty => digests::of(io::empty()),
            Self::Content(content) => match content.bytes() {
                Some(bytes) => digests::of(bytes),
                None => digests::of(content.open()?),
            },
        }
    }
}

/// Gives a file the time when its content was last modified, where that is known.
fn date(file: &File, modified: Option<Timestamp>) {
    let since = modified.and_then(|time| u64::try_from(time.nanos()).ok()).map(Duration::from_nanos);
    if let Some(time) = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)) {
        // The manifest has it too.
        let _ = file.set_modified(time);
    }
}

/// The manifest's file.
#[derive(Debug)]
struct List {
    file: File,
    lines: Vec<u8>,
    at: u64,
}

impl List {
    fn flush(&mut self, contents: &Contents) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(&self.lines, self.at) {
            // Where the disk is full there is room set aside for this.
            contents.failed(&error);
            self.file.write_all_at(&self.lines, self.at)?;
        }
        self.at = self.at.saturating_add(self.lines.len() as u64);
        self.lines.clear();
        Ok(())
    }
}
