//! What the user sees and has set, as far as all screens share it: no packet, no terminal, no clock.
//!
//! **Invariant:** changed by `update` and the screens that it asks; drawing only reads it.

mod listing;
mod opened;
mod overlay;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::cursor::Cursor;
use super::data::Data;
use super::keymap::Keymap;
use super::layout::Spot;
use super::row_filter::RowFilter;
use super::screen::Screen;
use super::theme::{ColorDepth, Theme, ThemeName};
use super::words::TimeFormat;
use crate::base::FrameNumber;

pub(super) use listing::{ListingLine, OpenedListing};
pub(super) use opened::{Opened, Position, Target};
pub(super) use overlay::{Completion, Overlay, Prompt, Purpose, Question};

/// How far the lists of transfers, findings and ports may be behind while reading goes on.
const BEHIND: Duration = Duration::from_secs(1);

/// How it all looks and behaves at the start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The theme.
    pub theme: ThemeName,
    /// How many colours.
    pub depth: ColorDepth,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// How moments are shown.
    pub time_format: TimeFormat,
    /// The keys.
    pub keymap: Keymap,
    /// The filter to begin with.
    pub filter: String,
    /// What is being read, for the title.
    pub title: String,
    /// Filters used before, the newest last.
    pub history: Vec<String>,
    /// The formats that can be exported; `run` asks the exporter.
    pub formats: Vec<&'static str>,
}

/// What the user sees and has set.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) size: (u16, u16),
    /// Time since the start.
    pub(super) now: Duration,
    pub(super) screen: Screen,
    /// Screens to go back to.
    pub(super) trail: Vec<Screen>,
    pub(super) overlay: Overlay,
    pub(super) pending: Option<Pending>,
    pub(super) row_filter: RowFilter,
    /// The place in the list of sessions.
    pub(super) list: Cursor,
    /// The session under the cursor, by its index in the data, which never changes.
    pub(super) selected: Option<u32>,
    pub(super) marked: BTreeSet<u32>,
    pub(super) opened: Option<Opened>,
    pub(super) position: Position,
    /// How often a session was taken apart.
    openings: u64,
    /// When each screen last looked which sessions its list should be made from, and which these were.
    made: HashMap<Screen, (Duration, Version)>,
    pub(super) flash: Option<Flash>,
    pub(super) find: Option<String>,
    /// A search through sessions that goes on.
    pub(super) search: Option<Search>,
    pub(super) paused: bool,
    pub(super) follow: bool,
    pub(super) stopping: bool,
    /// Whether a live capture is running.
    pub(super) live: bool,
    pub(super) dragged_from: Option<Spot>,
    pub(super) last_click: Option<(Spot, Duration)>,
}

/// Which sessions, as they stood when, a list is made from.
pub(super) type Version = (u64, u64);

/// The first key of two was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// `g`: another `g`, or a frame number.
    Go,
    SetMark,
    JumpToMark,
}

/// A search that reads sessions, some of them in each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) goal: Goal,
    /// The sessions to look through, in this order.
    pub(super) sessions: Vec<u32>,
    /// How many of them were looked through.
    pub(super) seen: usize,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A text, in lower case, in anything that was said.
    Text(String),
    /// An event with this frame.
    Frame(FrameNumber),
}

/// A word to the user, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    pub(super) text: String,
    pub(super) bad: bool,
    pub(super) until: Duration,
}

impl State {
    pub(super) fn new(settings: Settings, size: (u16, u16)) -> Self {
        Self {
            settings,
            size,
            now: Duration::ZERO,
            screen: Screen::default(),
            trail: Vec::new(),
            overlay: Overlay::default(),
            pending: None,
            row_filter: RowFilter::default(),
            list: Cursor::default(),
            selected: None,
            marked: BTreeSet::new(),
            opened: None,
            position: Position::new(),
            openings: 0,
            made: HashMap::new(),
            flash: None,
            find: None,
            search: None,
            paused: false,
            follow: false,
            stopping: false,
            live: false,
            dragged_from: None,
            last_click: None,
        }
    }

    pub(super) const fn theme(&self) -> Theme {
        Theme::new(self.settings.theme, self.settings.depth)
    }

    /// Whether a filter or a time range has a row of the screen.
    pub(super) fn shows_filter(&self) -> bool {
        !self.row_filter.text().is_empty() || self.row_filter.range().is_some()
    }

    /// Says something for a few seconds.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.flash = Some(Flash { text: text.into(), bad: false, until: self.now + Duration::from_secs(6) });
    }

    /// Says that something went wrong.
    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.flash = Some(Flash { text: text.into(), bad: true, until: self.now + Duration::from_secs(10) });
    }

    /// Changes the screen, and remembers the one before.
    pub(super) fn show(&mut self, data: &Data, screen: Screen) {
        if screen == self.screen {
            return;
        }
        if screen.is_of_session() && self.selected.is_none() && data.is_empty() {
            self.say("no session yet");
            return;
        }
        self.trail.retain(|&other| other != screen && other != self.screen);
        self.trail.push(self.screen);
        self.screen = screen;
    }

    /// Which sessions, as they stood when, the list of this screen is made from. While reading goes on that
    /// changes all the time, and making a list takes time in proportion to all that is in it: so it is then a
    /// little behind.
    pub(super) fn list_version(&mut self, data: &Data) -> Version {
        let recent = self.made.get(&self.screen).filter(|(since, _)| self.now < *since + BEHIND);
        if let Some((_, made_from)) = recent
            && !data.progress().finished
        {
            return *made_from;
        }
        let version = (self.row_filter.version(), data.settlement());
        self.made.insert(self.screen, (self.now, version));
        version
    }

    /// The marked sessions, by first packet; where none is marked the current one.
    pub(super) fn marked_or(&self, current: Option<u32>, data: &Data) -> Vec<u32> {
        if self.marked.is_empty() {
            return current.into_iter().collect();
        }
        let mut marked: Vec<u32> = self.marked.iter().copied().collect();
        marked.sort_by_key(|&index| data.number(index));
        marked
    }

    /// Limits a list to the selected session, or shows all again.
    pub(super) fn toggle_scope(&mut self, only: &mut Option<u32>) {
        *only = if only.is_some() { None } else { self.selected };
        self.say(if only.is_none() { "all listed sessions" } else { "this session only" });
    }
}
