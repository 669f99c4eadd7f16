//! Puts files together from the transfers that carried their parts: continued after a break (REST, APPE), or
//! fetched in segments by several sessions at a time.
//!
//! Sessions come in the order of their ends. Their transfers are placed in the order in which their data connections
//! began, once no earlier one can follow: so files are numbered in order, and a session's transfers have their
//! numbers as soon as it is its turn to be written.

mod assembly;
mod part;

use std::collections::BTreeMap;

use crate::base::{FrameNumber, KeyedMap};
use crate::report::{self, Session, TransferIndex};
use assembly::Assembly;
use part::{Name, Part};

/// Files that a further part may still join.
const OPEN: usize = 1024;

/// Transfers that wait for earlier ones. Beyond them the first ones are placed although earlier ones may follow.
const WAITING: usize = 131_072;

/// Bytes of parts that are kept to digest them in order.
const PIECES: usize = 32 * 1024 * 1024;

/// Files in the making.
#[derive(Debug, Default)]
pub struct Files {
    /// By the frames with which the data connection and the session began.
    waiting: BTreeMap<(FrameNumber, FrameNumber, TransferIndex), Part>,
    open: BTreeMap<u32, Assembly>,
    /// The newest file of each name.
    by_name: KeyedMap<Name, u32>,
    /// How many there are.
    count: u32,
    /// Numbers of files by session and transfer.
    placed: BTreeMap<(FrameNumber, TransferIndex), u32>,
    /// Those that nothing can join any more, in order of their numbers: the first open one is closed before others,
    /// and new ones have larger numbers.
    closed: Vec<report::File>,
    /// Bytes kept of parts.
    kept: usize,
    /// Whether nobody will ask for numbers.
    is_unnumbered: bool,
}

impl Files {
    /// For whoever asks for no numbers.
    pub fn unnumbered() -> Self {
        Self { is_unnumbered: true, ..Self::default() }
    }

    /// Takes the transfers of a session that has ended; gives the first frame of its last part, before which nothing
    /// may begin any more when its transfers are to be numbered.
    pub fn add(&mut self, session: &mut Session) -> FrameNumber {
        let mut last = session.frames.first;
        for place in 0..session.transfers.len() {
            let Some(index) = TransferIndex::from_position(place) else { break };
            let Some(mut part) = Part::of(session, index) else { continue };
            // A connection that was captured before its session is placed with that: so none comes too late.
            let begun = part.frames.first.max(session.frames.first);
            last = last.max(begun);
            let size = part.piece.as_ref().map_or(0, |piece| piece.len());
            if self.kept.saturating_add(size) > PIECES {
                part.piece = None;
            } else {
                self.kept = self.kept.saturating_add(size);
            }
            self.waiting.insert((begun, session.frames.first, index), part);
        }
        while self.waiting.len() > WAITING {
            self.place_first();
        }
        last
    }

    /// No session that began before this frame is still to come.
    pub fn settle(&mut self, before: FrameNumber) {
        while self.waiting.first_key_value().is_some_and(|(key, _)| key.0 < before) {
            self.place_first();
        }
    }

    fn place_first(&mut self) {
        let Some(((_, session, index), part)) = self.waiting.pop_first() else { return };
        let joined = part.name.as_ref().and_then(|name| self.by_name.get(name)).copied();
        let joined = joined.filter(|number| self.open.get(number).is_some_and(|file| file.takes(&part)));
        let number = joined.unwrap_or(self.count);
        if joined.is_none() {
            self.count = self.count.saturating_add(1);
            if let Some(name) = part.name.clone() {
                self.by_name.insert(name, number);
            }
        }
        if !self.is_unnumbered {
            self.placed.insert((session, index), number);
        }
        let file = self.open.entry(number).or_insert_with(|| Assembly::of(&part));
        let before = file.kept();
        let size = part.piece.as_ref().map_or(0, |piece| piece.len());
        file.add(part);
        self.kept = self.kept.saturating_sub(size.saturating_add(before)).saturating_add(file.kept());
        if self.open.len() > OPEN {
            self.close_first();
        }
    }

    fn close_first(&mut self) {
        let Some((number, file)) = self.open.pop_first() else { return };
        self.kept = self.kept.saturating_sub(file.kept());
        if let Some(name) = file.name() {
            self.by_name.remove_entry(name).filter(|(_, newest)| *newest != number).map(|(name, newest)| {
                // Another file has taken the name since.
                self.by_name.insert(name, newest)
            });
        }
        self.closed.push(file.finish());
    }

    /// Gives a session's transfers the numbers of their files, once: they are forgotten then.
    pub fn number(&mut self, session: &mut Session) {
        for (place, transfer) in session.transfers.iter_mut().enumerate() {
            let Some(index) = TransferIndex::from_position(place) else { break };
            transfer.file = self.placed.remove(&(session.frames.first, index));
        }
    }

    /// Files that nothing can join any more, in order of their numbers.
    pub fn take_closed(&mut self) -> impl Iterator<Item = report::File> + '_ {
        self.closed.drain(..)
    }

    /// Nothing more will come.
    pub fn finish(&mut self) {
        self.settle(FrameNumber::MAX);
        while !self.waiting.is_empty() {
            self.place_first();
        }
        while !self.open.is_empty() {
            self.close_first();
        }
    }
}

/// All files of these sessions, in order, whose transfers are given their numbers.
pub fn files(sessions: &mut [Session]) -> Vec<report::File> {
    let mut files = Files::default();
    for session in &mut *sessions {
        files.add(session);
    }
    files.into_list(sessions)
}

impl Files {
    /// All files of these sessions, which were added, in order; the transfers are given their numbers.
    pub fn into_list(mut self, sessions: &mut [Session]) -> Vec<report::File> {
        self.finish();
        for session in sessions {
            self.number(session);
        }
        self.closed
    }
}
