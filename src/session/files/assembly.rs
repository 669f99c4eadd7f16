//! One file in the making.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::part::{Name, Part, Place};
use crate::base::FrameNumber;
use crate::report::{Direction, File, FilePart};

/// Parts of one file that are listed.
const PARTS: usize = 4096;

/// A file of which some parts are known.
pub(super) struct Assembly {
    file: File,
    name: Option<Name>,
    /// What is covered, in order and apart from each other: first byte, and the one behind the last.
    covered: BTreeMap<u64, u64>,
    /// Whether bytes are missing within a part.
    has_holes: bool,
    /// Whether it is not known where a part begins.
    is_unplaced: bool,
    /// The last frame of its connections.
    last: FrameNumber,
    /// Digests of parts, by what they cover.
    digests: BTreeMap<(u64, u64), [u8; 32]>,
    whole: Whole,
}

/// The digest of the whole, as far as its beginning is known.
#[derive(Default)]
struct Whole {
    digest: Sha256,
    until: u64,
    /// Parts that don't follow yet, by their offsets.
    pieces: BTreeMap<u64, Arc<Vec<u8>>>,
}

impl Assembly {
    /// The file that this is the first part of, which is still to be added.
    pub(super) fn of(part: &Part) -> Self {
        Self {
            file: File {
                server: part.server,
                path: part.path.clone(),
                direction: part.direction,
                size: None,
                bytes: 0,
                complete: false,
                sha256: None,
                mime: None,
                parts: Vec::new(),
                start: part.start,
                end: part.end,
            },
            name: part.name.clone(),
            covered: BTreeMap::new(),
            has_holes: false,
            is_unplaced: false,
            last: part.frames.last,
            digests: BTreeMap::new(),
            whole: Whole::default(),
        }
    }

    pub(super) const fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Bytes kept of its parts.
    pub(super) fn kept(&self) -> usize {
        self.whole.pieces.values().map(|piece| piece.len()).sum()
    }

    /// How far it is covered.
    fn end(&self) -> u64 {
        self.covered.last_key_value().map_or(0, |(_, &end)| end)
    }

    fn is_complete(&self) -> bool {
        let size = self.file.size.filter(|_| !self.has_holes && !self.is_unplaced);
        size.is_some_and(|size| size == 0 || self.covered.len() == 1 && self.covered.get(&0) == Some(&size))
    }

    /// Where a part begins.
    fn offset(&self, part: &Part) -> u64 {
        match part.place {
            Place::At(offset) => offset,
            Place::End => self.end(),
        }
    }

    /// Whether a part is of this file, and of the same content.
    pub(super) fn takes(&self, part: &Part) -> bool {
        if self.file.parts.len() >= PARTS || self.is_unplaced || self.contradicts(part) {
            return false;
        }
        let is_at_once = part.frames.first < self.last;
        match (part.place, part.direction) {
            // What begins anew is another attempt, unless the beginning is just what was lacking.
            (Place::At(0), _) => !self.covered.contains_key(&0),
            (Place::At(offset), Direction::Upload) => offset <= self.end() && offset > 0,
            (Place::At(_), Direction::Download) => is_at_once || !self.is_complete(),
            (Place::End, _) => !self.is_complete(),
        }
    }

    fn contradicts(&self, part: &Part) -> bool {
        let offset = self.offset(part);
        let range = (offset, offset.saturating_add(part.length));
        let other = self.digests.get(&range).zip(part.sha256);
        let is_download = part.direction == Direction::Download;
        let sizes = self.file.size.zip(part.size).filter(|_| is_download);
        other.is_some_and(|(known, new)| *known != new)
            || sizes.is_some_and(|(known, new)| known != new)
            || is_download && self.file.size.is_some_and(|size| range.1 > size)
            || is_download && part.size.is_some_and(|size| self.end() > size)
    }

    pub(super) fn add(&mut self, part: Part) {
        let offset = self.offset(&part);
        self.is_unplaced |= part.place == Place::End && self.file.parts.is_empty();
        self.has_holes |= part.missing > 0;
        let end = offset.saturating_add(part.length);
        // Where it begins was not known before.
        let reached = (part.place == Place::End && part.reaches_end && !self.is_unplaced).then_some(end);
        self.file.size = self.file.size.max(part.size).max(reached);
        let news = self.cover(offset, end);
        self.file.bytes = self.file.bytes.saturating_add(news.saturating_sub(part.missing));
        if offset == 0 && part.mime.is_some() {
            self.file.mime = part.mime;
        }
        self.file.start = self.file.start.min(part.start).or(part.start);
        self.file.end = self.file.end.max(part.end);
        self.last = self.last.max(part.frames.last);
        if let Some(sha256) = part.sha256 {
            self.digests.insert((offset, end), sha256);
        }
        if let Some(piece) = part.piece {
            self.whole.add(offset, piece);
        }
        let bytes = part.length.saturating_sub(part.missing);
        self.file.parts.push(FilePart { session: part.session, transfer: part.transfer, offset, bytes });
    }

    /// Covers these bytes; tells how many of them were not covered before.
    fn cover(&mut self, mut start: u64, mut end: u64) -> u64 {
        let mut news = end.saturating_sub(start);
        if news == 0 {
            return 0;
        }
        let touching: Vec<(u64, u64)> = self
            .covered
            .range(..=end)
            .rev()
            .map(|(&from, &until)| (from, until))
            .take_while(|&(_, until)| until >= start)
            .collect();
        let (first, last) = (start, end);
        for (from, until) in touching {
            self.covered.remove(&from);
            news = news.saturating_sub(until.min(last).saturating_sub(from.max(first)));
            start = start.min(from);
            end = end.max(until);
        }
        self.covered.insert(start, end);
        news
    }

    /// The file as it is reported.
    pub(super) fn finish(mut self) -> File {
        self.file.complete = self.is_complete();
        let size = self.file.size.filter(|_| self.file.complete);
        self.file.sha256 = size.and_then(|size| {
            let in_one = self.digests.get(&(0, size)).copied();
            in_one.or_else(|| (self.whole.until == size).then(|| self.whole.digest.finalize().into()))
        });
        self.file.parts.sort_by_key(|part| part.offset);
        self.file
    }
}

impl Whole {
    /// Takes a part, and digests what follows now.
    fn add(&mut self, offset: u64, piece: Arc<Vec<u8>>) {
        if self.pieces.get(&offset).is_none_or(|known| known.len() < piece.len()) {
            self.pieces.insert(offset, piece);
        }
        while let Some(first) = self.pieces.first_entry().filter(|first| *first.key() <= self.until) {
            let (offset, piece) = first.remove_entry();
            let known = usize::try_from(self.until.saturating_sub(offset)).unwrap_or(usize::MAX);
            if let Some(news) = piece.get(known..) {
                self.digest.update(news);
                self.until = self.until.saturating_add(news.len() as u64);
            }
        }
    }
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembly")
            .field("file", &self.file)
            .field("covered", &self.covered)
            .finish_non_exhaustive()
    }
}
