//! A listing that is looked at, made ready to be shown.

use std::borrow::Cow;

use crate::ftp::listing::{Entry, EntryKind, EntryTime, Line};
use crate::report::Told;
use crate::tui::cursor::Cursor;
use crate::tui::message::Motion;
use crate::tui::words;

/// Lines that are shown of a listing; it may have more only if its names are very short.
const MOST: usize = 20_000;

/// A listing over the screen. All text in it is harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct OpenedListing {
    /// What was listed.
    pub(in crate::tui) title: String,
    pub(in crate::tui) lines: Vec<ListingLine>,
    /// How many of them are entries.
    pub(in crate::tui) entries: usize,
    /// Whether there is more, or was in between.
    pub(in crate::tui) is_cut: bool,
    pub(in crate::tui) cursor: Cursor,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum ListingLine {
    Entry {
        kind: Option<EntryKind>,
        size: Option<u64>,
        time: String,
        /// With what it leads to.
        name: String,
    },
    /// The directory of what follows.
    Directory(String),
}

impl OpenedListing {
    pub(in crate::tui) fn new(title: String, told: Told<'_>) -> Self {
        let mut found = told.lines().filter_map(line);
        let lines: Vec<ListingLine> = found.by_ref().take(MOST).collect();
        let is_cut = told.is_cut || found.next().is_some();
        let entries = lines.iter().filter(|line| matches!(line, ListingLine::Entry { .. })).count();
        Self { title, lines, entries, is_cut, cursor: Cursor::default() }
    }

    /// Moves within it, of which so many lines are shown.
    pub(in crate::tui) fn step(&mut self, motion: Motion, height: u16) {
        self.cursor.step(motion, self.lines.len(), height);
        self.cursor.settle(self.lines.len(), height);
    }
}

fn line(line: Line<'_>) -> Option<ListingLine> {
    match line {
        Line::Entry(Entry { name, size, time, kind, target }) => {
            let mut shown = words::raw_wire(name);
            if let Some(target) = target {
                shown.push_str(" -> ");
                shown.push_str(&words::raw_wire(target));
            }
            let time = time.map_or(Cow::Borrowed(""), EntryTime::text);
            Some(ListingLine::Entry { kind, size, time: words::raw_wire(&time), name: shown })
        }
        Line::Directory(name) => Some(ListingLine::Directory(words::raw_wire(name))),
        Line::Continued | Line::Heading | Line::Unknown => None,
    }
}
