//! What the user sees and has set: no packet, no terminal, no clock.
//!
//! **Invariant:** changed by `update` alone; the view only reads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::data::Data;
use super::events::{self, Event, EventKind, Weight};
use super::keymap::Keymap;
use super::line_editor::Input;
use super::message::{Action, Screen};
use super::row_filter::RowFilter;
use super::scale::Window;
use super::screens::findings::list::FindingList;
use super::screens::ports::list::PortList;
use super::screens::timeline::lanes::{self, Lane, LaneOrder};
use super::screens::transfers::list::TransferList;
use super::summary::Summary;
use super::theme::{ColorDepth, Theme, ThemeName};
use super::words::{self, TimeFormat};
use crate::base::Timestamp;
use crate::filter::FilterError;

/// Idle times from here on get a row of their own in the ladder, in nanoseconds.
const IDLE: i64 = words::SECOND;

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
    pub(super) list: Cursor,
    /// The session under the cursor, by its index in the data, which never changes.
    pub(super) selected: Option<u32>,
    pub(super) marked: BTreeSet<u32>,
    pub(super) opened: Option<Opened>,
    pub(super) timeline: Timeline,
    pub(super) ladder_top: usize,
    /// Whether the ladder leaves out idle times.
    pub(super) compressed: bool,
    pub(super) transfers: TransferList,
    pub(super) findings: FindingList,
    pub(super) ports: PortList,
    /// When it was last looked what each of these lists should be made from, and what that was.
    pub(super) made: HashMap<Screen, (Duration, (u64, u64))>,
    pub(super) flash: Option<Flash>,
    pub(super) find: Option<String>,
    pub(super) paused: bool,
    pub(super) follow: bool,
    pub(super) stopping: bool,
    /// Whether a live capture goes on.
    pub(super) live: bool,
    /// Rows of the overview: the modes that occur, and the problems.
    pub(super) overview_rows: u16,
    pub(super) dragged_from: Option<super::message::Spot>,
    pub(super) last_click: Option<(super::message::Spot, Duration)>,
}

/// A place in a list: the row, and the first row that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: usize,
    pub(super) top: usize,
}

impl Cursor {
    /// Keeps the row inside the list, and in sight.
    pub(super) fn settle(&mut self, len: usize, height: u16) {
        let height = usize::from(height).max(1);
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        self.top = self.top.min(len.saturating_sub(height).max(self.at.saturating_sub(height - 1)));
    }

    /// Moves as an action says; whether it was one that moves.
    pub(super) fn act(&mut self, action: Action, len: usize, height: u16) -> bool {
        let page = usize::from(height).max(1);
        let last = len.saturating_sub(1);
        let to = match action {
            Action::Down => self.at.saturating_add(1),
            Action::Up => self.at.saturating_sub(1),
            Action::PageDown => self.at.saturating_add(page),
            Action::PageUp => self.at.saturating_sub(page),
            Action::HalfDown => self.at.saturating_add(page / 2),
            Action::HalfUp => self.at.saturating_sub(page / 2),
            Action::First => 0,
            Action::Last => last,
            _ => return false,
        };
        self.at = to.min(last);
        true
    }
}

/// What lies over the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Overlay {
    #[default]
    None,
    Help {
        top: u16,
    },
    Prompt(Prompt),
    Recent {
        at: usize,
    },
    Confirm(Question),
}

/// A question that wants a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Reading goes on.
    QuitWhileLive,
}

/// A line that is being typed, and what for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prompt {
    pub(super) purpose: Purpose,
    pub(super) input: Input,
    /// What is wrong with it so far.
    pub(super) error: Option<FilterError>,
    pub(super) completions: Vec<Completion>,
    /// Which of them was put in, and the line before that.
    pub(super) chosen: Option<(usize, Input)>,
    /// How far back in the history, and the line that was being typed.
    pub(super) older: Option<(usize, String)>,
}

/// Something that can be put in for what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// The bytes that it replaces.
    pub(super) range: std::ops::Range<usize>,
    pub(super) text: String,
    /// What it is.
    pub(super) help: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Filter,
    Command,
    Find,
    Frame,
}

impl Prompt {
    pub(super) fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text),
            error: None,
            completions: Vec::new(),
            chosen: None,
            older: None,
        }
    }
}

/// The first key of two was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// `g`: another `g`, or a frame number.
    Go,
    SetMark,
    JumpToMark,
}

/// A word to the user, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flash {
    pub(super) text: String,
    pub(super) bad: bool,
    pub(super) until: Duration,
}

/// The session that timeline and ladder show, taken apart.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) index: u32,
    /// Whether the session has changed since.
    stale: bool,
    pub(super) origin: Timestamp,
    pub(super) summary: Summary,
    pub(super) events: Vec<Event>,
    pub(super) lanes: Vec<Lane>,
    pub(super) steps: Vec<Step>,
    /// When each data connection began, ascending, with its channel.
    dials: Vec<(Timestamp, u32)>,
}

/// A row of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The event of that index.
    Event(usize),
    /// Nothing happens for so many nanoseconds.
    Idle(i64),
}

/// Where the timeline stands.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) window: Window,
    pub(super) cursor: Timestamp,
    /// The event at the cursor.
    pub(super) at: usize,
    pub(super) lanes_top: usize,
    pub(super) events_top: usize,
    pub(super) order: LaneOrder,
    pub(super) marks: BTreeMap<char, (u32, Timestamp)>,
    /// Where `''` goes.
    pub(super) back: Option<Timestamp>,
    /// Whether the window is the whole session, and grows with it.
    pub(super) fitted: bool,
}

impl Opened {
    pub(super) fn event(&self, at: usize) -> Option<&Event> {
        self.events.get(at)
    }

    /// From the first to the last event, data included, with some air at the end for words.
    pub(super) fn extent(&self) -> Window {
        let first = self.events.first().map_or(self.origin, |event| event.time);
        let last = self.events.last().map_or(first, |event| event.time);
        let last = self
            .lanes
            .iter()
            .flat_map(|lane| &lane.bars)
            .map(|bar| bar.open.map_or(bar.settled, |(_, until)| until))
            .fold(last, Timestamp::max);
        let span = last.since(first);
        Window::new(first.plus(-(span / 100)), last.plus(span / 25))
    }

    /// The event that a person should see first: the worst, else the first data connection, else the first.
    fn telling(&self) -> usize {
        let worst = self.events.iter().map(|event| event.weight).max();
        let found = match worst {
            Some(weight) if weight >= Weight::Problem => {
                self.events.iter().position(|event| event.weight == weight)
            }
            _ => self.events.iter().position(|event| matches!(event.kind, EventKind::Dialled(_))),
        };
        found.unwrap_or(0)
    }

    /// The last event that is not after `time`, else the first.
    pub(super) fn at_or_before(&self, time: Timestamp) -> usize {
        self.events.partition_point(|event| event.time <= time).saturating_sub(1)
    }

    /// The channel whose data connection began last before a time.
    pub(super) fn last_dialled(&self, time: Timestamp) -> Option<u32> {
        let behind = self.dials.partition_point(|(dialled, _)| *dialled <= time);
        self.dials.get(behind.checked_sub(1)?).map(|(_, channel)| *channel)
    }

    /// The row of the ladder that shows an event.
    pub(super) fn step_of(&self, at: usize) -> usize {
        // Rows are events in order with idle rows between: never before the event's own index.
        let rest = self.steps.get(at.min(self.steps.len())..).unwrap_or_default();
        at + rest.iter().position(|step| *step == Step::Event(at)).unwrap_or(0)
    }
}

fn steps(events: &[Event], compressed: bool) -> Vec<Step> {
    let mut steps = Vec::with_capacity(events.len());
    let mut before: Option<Timestamp> = None;
    for (at, event) in events.iter().enumerate() {
        if let Some(before) = before
            && !compressed
            && event.time.since(before) >= IDLE
        {
            steps.push(Step::Idle(event.time.since(before)));
        }
        steps.push(Step::Event(at));
        before = Some(event.time);
    }
    steps
}

impl State {
    pub(super) fn new(settings: Settings, size: (u16, u16)) -> Self {
        let zero = Timestamp::from_nanos(0);
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
            timeline: Timeline {
                window: Window::new(zero, zero),
                cursor: zero,
                at: 0,
                lanes_top: 0,
                events_top: 0,
                order: LaneOrder::default(),
                marks: BTreeMap::new(),
                back: None,
                fitted: true,
            },
            ladder_top: 0,
            compressed: false,
            transfers: TransferList::default(),
            findings: FindingList::default(),
            ports: PortList::default(),
            made: HashMap::new(),
            flash: None,
            find: None,
            paused: false,
            follow: false,
            stopping: false,
            live: false,
            overview_rows: 2,
            dragged_from: None,
            last_click: None,
        }
    }

    pub(super) const fn theme(&self) -> Theme {
        Theme::new(self.settings.theme, self.settings.depth)
    }

    /// Whether a row tells of a filter or a time range.
    pub(super) fn shows_filter(&self) -> bool {
        !self.row_filter.text().is_empty() || self.row_filter.range().is_some()
    }

    pub(super) fn lane_count(&self) -> usize {
        self.opened.as_ref().map_or(0, |opened| opened.lanes.len())
    }

    /// Says something for a few seconds.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.flash = Some(Flash { text: text.into(), bad: false, until: self.now + Duration::from_secs(6) });
    }

    /// Says that something went wrong.
    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.flash = Some(Flash { text: text.into(), bad: true, until: self.now + Duration::from_secs(10) });
    }

    /// Takes the selected session apart, if that was not done yet or it has changed.
    pub(super) fn open(&mut self, data: &Data) {
        let Some(index) = self.selected else {
            self.opened = None;
            return;
        };
        let same = self.opened.as_ref().filter(|opened| opened.index == index);
        if same.is_some_and(|opened| !opened.stale) {
            return;
        }
        let fresh = same.is_none();
        let Some(session) = data.session(index) else { return };
        let summary = Summary::of(session);
        let events = events::of(session, &summary);
        let opened = Opened {
            index,
            stale: false,
            origin: session.start,
            lanes: lanes::of(session, &summary, self.timeline.order),
            steps: steps(&events, self.compressed),
            dials: events
                .iter()
                .filter_map(|event| match event.kind {
                    EventKind::Dialled(channel) => Some((event.time, channel)),
                    _ => None,
                })
                .collect(),
            events,
            summary,
        };
        if fresh {
            self.timeline.at = opened.telling();
            self.timeline.cursor = opened.event(self.timeline.at).map_or(opened.origin, |event| event.time);
            self.timeline.lanes_top = 0;
            self.timeline.events_top = 0;
            self.timeline.fitted = true;
            self.ladder_top = 0;
        }
        if self.timeline.fitted {
            self.timeline.window = opened.extent();
        }
        self.opened = Some(opened);
    }

    /// Forgets what was made of the opened session, because it is another now.
    pub(super) fn refresh(&mut self, index: u32) {
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.index == index) {
            opened.stale = true;
        }
    }

    /// Makes lanes and steps anew after their order has changed.
    pub(super) fn reorder(&mut self, data: &Data) {
        if let Some(opened) = &mut self.opened
            && let Some(session) = data.session(opened.index)
        {
            opened.lanes = lanes::of(session, &opened.summary, self.timeline.order);
            opened.steps = steps(&opened.events, self.compressed);
        }
    }
}
