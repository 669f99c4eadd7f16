//! The session that timeline and ladder show, and moving through it.

use std::collections::BTreeMap;

use super::State;
use crate::base::{FrameNumber, Timestamp};
use crate::picture::channels::{self, Summary};
use crate::picture::events::{self, Event, EventKind, Weight};
use crate::report::{ChannelIndex, Session, Severity};
use crate::tui::cursor::seek;
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::scale::{TimeScale, Window};
use crate::tui::screen::Screen;

/// The session that timeline and ladder show, taken apart.
#[derive(Debug)]
pub(in crate::tui) struct Opened {
    pub(in crate::tui) index: u32,
    /// Whether the session has changed since.
    stale: bool,
    /// Differs each time that a session is taken apart.
    pub(in crate::tui) version: u64,
    pub(in crate::tui) origin: Timestamp,
    pub(in crate::tui) summary: Summary,
    pub(in crate::tui) events: Vec<Event>,
    /// When each data connection began, ascending, with its channel.
    starts: Vec<(Timestamp, ChannelIndex)>,
    /// From the first to the last event, data included, with some air at the end for words.
    pub(in crate::tui) extent: Window,
}

/// Where timeline and ladder stand in the opened session.
#[derive(Debug)]
pub(in crate::tui) struct Position {
    pub(in crate::tui) window: Window,
    pub(in crate::tui) cursor: Timestamp,
    /// The event at the cursor.
    pub(in crate::tui) at: usize,
    pub(in crate::tui) marks: BTreeMap<char, (u32, Timestamp)>,
    /// Where `''` jumps to.
    pub(in crate::tui) back: Option<Timestamp>,
    /// Whether the window is the whole session, and grows with it.
    pub(in crate::tui) fitted: bool,
}

impl Position {
    pub(super) fn new() -> Self {
        let zero = Timestamp::from_nanos(0);
        Self {
            window: Window::new(zero, zero),
            cursor: zero,
            at: 0,
            marks: BTreeMap::new(),
            back: None,
            fitted: true,
        }
    }
}

/// What to go to in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Target {
    /// The event that a person should see first.
    Start,
    /// The event of a frame, or the last one before it.
    Frame(FrameNumber),
    Finding(u32),
    /// What says most about a channel.
    Channel(ChannelIndex),
}

impl Opened {
    fn new(index: u32, session: &Session, version: u64) -> Self {
        let summary = Summary::of(session);
        let events = events::of(session, &summary);
        let starts = events
            .iter()
            .filter_map(|event| match event.kind {
                EventKind::ConnectionStarted(channel) => Some((event.time, channel)),
                _ => None,
            })
            .collect();
        let extent = extent(session, &summary, &events);
        Self { index, stale: false, version, origin: session.start, summary, events, starts, extent }
    }

    pub(in crate::tui) fn event(&self, at: usize) -> Option<&Event> {
        self.events.get(at)
    }

    /// The event that a person should see first: the worst, else the first data connection, else the first.
    fn first_to_see(&self) -> usize {
        let worst = self.events.iter().map(|event| event.weight).max();
        let found = match worst {
            Some(weight) if weight >= Weight::Problem => {
                self.events.iter().position(|event| event.weight == weight)
            }
            _ => self.events.iter().position(|event| matches!(event.kind, EventKind::ConnectionStarted(_))),
        };
        found.unwrap_or(0)
    }

    /// The last event that is not after `time`, else the first.
    fn at_or_before(&self, time: Timestamp) -> usize {
        self.events.partition_point(|event| event.time <= time).saturating_sub(1)
    }

    /// The channel whose data connection began last before a time.
    pub(in crate::tui) fn last_started(&self, time: Timestamp) -> Option<ChannelIndex> {
        let behind = self.starts.partition_point(|(start, _)| *start <= time);
        self.starts.get(behind.checked_sub(1)?).map(|(_, channel)| *channel)
    }

    fn find(&self, target: Target) -> Option<usize> {
        match target {
            Target::Start => None,
            Target::Frame(frame) => self
                .events
                .iter()
                .position(|event| event.frame == frame && !matches!(event.kind, EventKind::Finding(_)))
                .or_else(|| self.events.iter().rposition(|event| event.frame <= frame)),
            Target::Finding(finding) => {
                self.events.iter().position(|event| event.kind == EventKind::Finding(finding))
            }
            Target::Channel(channel) => {
                let time = details::notable_time(&self.summary, channel);
                let of_channel = |event: &Event| event.channel == Some(channel);
                self.events
                    .iter()
                    .position(|event| of_channel(event) && time.is_some_and(|time| event.time >= time))
                    .or_else(|| self.events.iter().rposition(of_channel))
            }
        }
    }
}

fn extent(session: &Session, of_session: &Summary, events: &[Event]) -> Window {
    let first = events.first().map_or(session.start, |event| event.time);
    let last = events.last().map_or(first, |event| event.time);
    let last = session
        .data_channels
        .iter()
        .zip(&of_session.channels)
        .map(|(channel, found)| channels::open_span(channel).map_or(found.settled, |(_, until)| until))
        .fold(last, Timestamp::max);
    let span = last.since(first);
    Window::new(first.minus(span.part(100)), last.plus(span.part(25)))
}

impl State {
    /// Prepares the selected session for display, unless that was done and it has not changed.
    pub(in crate::tui) fn open(&mut self, data: &Data) {
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
        self.openings = self.openings.wrapping_add(1);
        let opened = Opened::new(index, &session, self.openings);
        if fresh {
            self.position.at = opened.first_to_see();
            self.position.cursor = opened.event(self.position.at).map_or(opened.origin, |event| event.time);
            self.position.fitted = true;
        }
        if self.position.fitted {
            self.position.window = opened.extent;
        }
        self.position.at = self.position.at.min(opened.events.len().saturating_sub(1));
        self.opened = Some(opened);
    }

    /// Forgets what was made of the opened session, because it is another now.
    pub(in crate::tui) fn refresh(&mut self, index: u32) {
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.index == index) {
            opened.stale = true;
        }
    }

    /// Opens a session at something in it, on the timeline unless one session is shown already.
    pub(in crate::tui) fn go(&mut self, data: &Data, index: u32, target: Target) {
        if !self.screen.is_of_session() {
            self.show(data, Screen::Timeline);
        }
        self.selected = Some(index);
        self.open(data);
        self.jump(|opened| opened.find(target));
    }

    /// Goes to an event by its index.
    pub(in crate::tui) fn go_to_event(&mut self, at: usize) {
        let Some(opened) = &self.opened else { return };
        let at = at.min(opened.events.len().saturating_sub(1));
        if let Some(event) = opened.event(at) {
            self.position.at = at;
            self.position.cursor = event.time;
            self.position.window = self.position.window.revealing(event.time);
        }
    }

    /// Goes so many events forward, or back.
    pub(in crate::tui) fn step(&mut self, by: i64) {
        let at = i64::try_from(self.position.at).unwrap_or(i64::MAX).saturating_add(by).max(0);
        self.go_to_event(usize::try_from(at).unwrap_or(usize::MAX));
    }

    /// Goes to an event, and remembers where it came from; whether there is such an event.
    pub(in crate::tui) fn jump(&mut self, find: impl Fn(&Opened) -> Option<usize>) -> bool {
        let found = self.opened.as_ref().and_then(find);
        if let Some(at) = found {
            self.position.back = Some(self.position.cursor);
            self.go_to_event(at);
        }
        found.is_some()
    }

    /// Goes to the next event for which `holds` is true; whether there is one.
    pub(in crate::tui) fn seek_event(&mut self, forward: bool, holds: impl Fn(&Event) -> bool) -> bool {
        let found =
            self.opened.as_ref().and_then(|opened| seek(&opened.events, self.position.at, forward, holds));
        if let Some(at) = found {
            self.go_to_event(at);
        }
        found.is_some()
    }

    /// Puts the cursor on a time, with so many columns for the window; the event is the weightiest of its
    /// column, else the last one before.
    pub(in crate::tui) fn set_cursor(&mut self, time: Timestamp, columns: u16) {
        self.position.cursor = time;
        let scale = TimeScale::new(self.position.window, columns);
        let Some(opened) = &self.opened else { return };
        let column = scale.nearest(time);
        let (from, to) = (scale.start_of(column), scale.start_of(column.saturating_add(1)));
        let begin = opened.events.partition_point(|event| event.time < from);
        let end = opened.events.partition_point(|event| event.time < to);
        let here = opened.events.get(begin..end.max(begin)).unwrap_or_default();
        let heaviest = here.iter().map(|event| event.weight).max();
        self.position.at =
            match heaviest.and_then(|weight| here.iter().position(|event| event.weight == weight)) {
                Some(at) => begin + at,
                None => opened.at_or_before(time),
            };
    }

    /// Puts the cursor on a time, and the time into the window.
    pub(in crate::tui) fn go_to_time(&mut self, time: Timestamp, columns: u16) {
        self.position.window = self.position.window.revealing(time);
        self.set_cursor(time, columns);
    }

    /// Selects the next session of the list that has a problem; whether there is one.
    pub(in crate::tui) fn seek_problem_session(&mut self, data: &Data, forward: bool) -> bool {
        let has_problem =
            |index: &u32| data.row(*index).is_some_and(|row| row.severity() >= Some(Severity::Warning));
        self.seek_session(forward, has_problem)
    }

    /// Selects the next session of the list for which `holds` is true; whether there is one.
    pub(in crate::tui) fn seek_session(&mut self, forward: bool, holds: impl Fn(&u32) -> bool) -> bool {
        let found = self.list.seek(self.row_filter.rows(), forward, holds);
        if found {
            self.selected = self.row_filter.rows().get(self.list.at).copied();
        }
        found
    }
}
