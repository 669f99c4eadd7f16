//! Everything read so far: the sessions, and for each a row with what the lists show of it, so that scrolling
//! through a large capture does not go through whole sessions again.
//!
//! **Invariant:** a session never changes its index; a newer snapshot of it replaces the older one.

use std::collections::HashMap;
use std::sync::Arc;

use super::glyphs;
use super::overview::{Count, Overview};
use super::source::{Feed, LiveStatus, Progress};
use super::summary::Summary;
use crate::base::Timestamp;
use crate::report::{Capture, ChannelState, Finding, Mode, Session, Severity, Status, Uid};

/// Cells of the miniature timeline in the session list.
pub(super) const CELLS: usize = 10;
const COLUMNS: u16 = 10;

/// Everything the screens are drawn from.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// Shared, since a thread may be writing them to a file while more arrive.
    sessions: Vec<Arc<Session>>,
    rows: Vec<SessionRow>,
    by_uid: HashMap<Uid, u32>,
    /// Indexes by first packet.
    order: Vec<u32>,
    /// The place in `order` of each index.
    rank: Vec<u32>,
    overview: Overview,
    capture: Option<Capture>,
    findings: Vec<Finding>,
    progress: Progress,
    live: Option<LiveStatus>,
    failure: Option<String>,
    /// The first and the last time of any session.
    span: Option<(Timestamp, Timestamp)>,
    /// Whether sessions arrived since they were last put in order.
    unsettled: bool,
    /// Grows each time they are put in order.
    settlement: u64,
    /// How often a session was looked at.
    #[cfg(test)]
    pub(super) looks: std::cell::Cell<u64>,
}

/// What the lists show of a session, sort by and filter by.
#[derive(Clone, Debug)]
pub(super) struct SessionRow {
    /// Its data channels over time, in tenths of its duration.
    pub(super) cells: [Cell; CELLS],
    pub(super) transfers: u32,
    pub(super) failed: u32,
    /// Payload of its data connections, both directions.
    pub(super) bytes: u64,
    /// Findings of severity notice and above.
    pub(super) findings: u32,
    pub(super) worst: Option<Severity>,
    /// The first and the last packet of it and its data connections.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Whether it is still open in a live capture.
    pub(super) live: bool,
}

/// What a tenth of a session shows: the most important of what happened in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell {
    #[default]
    Nothing,
    Carried(Option<Mode>),
    /// Predicted; no connection came, and no command needed one.
    Unused,
    /// Predicted; a command needed a connection that did not come.
    Unmet,
    /// Refused, rejected, cut short.
    Failed,
}

impl Cell {
    const fn weight(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Unused => 1,
            Self::Carried(_) => 2,
            Self::Unmet => 3,
            Self::Failed => 4,
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Nothing => glyphs::DOT,
            Self::Carried(mode) => glyphs::letter(mode),
            Self::Unused | Self::Unmet => glyphs::NEVER,
            Self::Failed => glyphs::FAILED,
        }
    }
}

/// What a message from the source changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Sessions replaced by a newer snapshot.
    pub(super) replaced: Vec<u32>,
    /// Whether reading has ended.
    pub(super) finished: bool,
    /// A note for the status line.
    pub(super) note: Option<String>,
}

impl Data {
    /// Data of which nothing was read yet.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Applies a message from the source.
    pub(super) fn take(&mut self, feed: Feed) -> Changed {
        self.unsettled = true;
        let mut changed = Changed::default();
        match feed {
            Feed::Sessions(sessions) => self.add(sessions, false, &mut changed),
            Feed::Progress(progress) => self.progress = progress,
            Feed::Note(note) => changed.note = Some(note),
            Feed::Live(status) => {
                let mut status = *status;
                let sessions = std::mem::take(&mut status.sessions);
                self.add(sessions, true, &mut changed);
                self.live = Some(status);
            }
            Feed::Finished { capture, findings } => {
                self.capture = Some(*capture);
                self.findings = findings;
                self.progress.finished = true;
                changed.finished = true;
            }
            Feed::Failed(message) => {
                self.failure = Some(message);
                self.progress.finished = true;
                changed.finished = true;
            }
        }
        changed
    }

    fn add(&mut self, sessions: Vec<Session>, live: bool, changed: &mut Changed) {
        for session in sessions {
            let summary = Summary::of(&session);
            let row = row(&session, &summary, live);
            let (first, last) = self.span.unwrap_or((row.first, row.last));
            self.span = Some((first.min(row.first), last.max(row.last)));
            count(&mut self.overview, &session, &summary, Overview::add);
            let Ok(index) = u32::try_from(self.sessions.len()) else { return };
            if let Some(&known) = self.by_uid.get(&session.uid) {
                self.replace(known, session, row);
                changed.replaced.push(known);
            } else {
                self.by_uid.insert(session.uid.clone(), index);
                self.sessions.push(Arc::new(session));
                self.rows.push(row);
                self.order.push(index);
            }
        }
    }

    /// Puts the sessions in order. That takes time in proportion to their number, so the loop does it only
    /// now and then while reading goes on.
    pub(super) fn settle(&mut self) {
        if self.unsettled {
            self.rank();
            self.unsettled = false;
            self.settlement = self.settlement.saturating_add(1);
        }
    }

    /// Whether all sessions are in order.
    pub(super) const fn is_settled(&self) -> bool {
        !self.unsettled
    }

    fn replace(&mut self, index: u32, session: Session, row: SessionRow) {
        let Ok(at) = usize::try_from(index) else { return };
        if let Some(slot) = self.sessions.get_mut(at) {
            count(&mut self.overview, slot, &Summary::of(slot), Overview::subtract);
            *slot = Arc::new(session);
        }
        if let Some(slot) = self.rows.get_mut(at) {
            *slot = row;
        }
    }

    /// Orders the sessions by first packet: a single pass if they are in order already.
    fn rank(&mut self) {
        let sessions = &self.sessions;
        self.order.sort_by_key(|&index| {
            let session = usize::try_from(index).ok().and_then(|index| sessions.get(index));
            session.map(|session| (session.start, session.frames.first))
        });
        self.rank.resize(self.order.len(), 0);
        for (rank, &index) in (0..).zip(&self.order) {
            if let Some(slot) = usize::try_from(index).ok().and_then(|index| self.rank.get_mut(index)) {
                *slot = rank;
            }
        }
    }

    /// How many sessions there are.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no session (yet).
    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// A session by its index.
    pub(super) fn session(&self, index: u32) -> Option<&Session> {
        self.shared(index).map(|session| &**session)
    }

    /// A session that can be kept beyond the next change.
    pub(super) fn shared(&self, index: u32) -> Option<&Arc<Session>> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.sessions.get(usize::try_from(index).ok()?)
    }

    pub(super) fn row(&self, index: u32) -> Option<&SessionRow> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.rows.get(usize::try_from(index).ok()?)
    }

    /// The number shown for a session: its place by first packet, from 1.
    pub(super) fn number(&self, index: u32) -> u32 {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.rank.get(index))
            .map_or(0, |rank| rank.saturating_add(1))
    }

    /// Indexes by first packet.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn index_of(&self, uid: &Uid) -> Option<u32> {
        self.by_uid.get(uid).copied()
    }

    pub(super) const fn overview(&self) -> &Overview {
        &self.overview
    }

    /// The capture, once it was read to the end.
    pub(super) const fn capture(&self) -> Option<&Capture> {
        self.capture.as_ref()
    }

    /// Findings that belong to no single session.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) const fn live(&self) -> Option<&LiveStatus> {
        self.live.as_ref()
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How often the sessions have been put in order: a version for whoever keeps rows made from that order.
    pub(super) const fn settlement(&self) -> u64 {
        self.settlement
    }

    /// The first and the last time of the capture, as far as it was read.
    pub(super) fn extent(&self) -> Option<(Timestamp, Timestamp)> {
        if let Some((first, last)) = self.capture.as_ref().and_then(|capture| capture.first.zip(capture.last))
        {
            return Some((first, last));
        }
        let (first, last) = self.span?;
        Some((first, last.max(self.progress.time.unwrap_or(last))))
    }
}

fn count(
    overview: &mut Overview,
    session: &Session,
    summary: &Summary,
    each: impl Fn(&mut Overview, Timestamp, Count),
) {
    each(overview, session.start, Count::Session);
    for (channel, channel_summary) in session.data_channels.iter().zip(&summary.channels) {
        each(overview, channel_summary.announced, Count::Mode(channel.mode()));
        if channel_summary.state.is_problem() {
            each(overview, channel_summary.settled, Count::Problem);
        }
    }
}

fn row(session: &Session, summary: &Summary, live: bool) -> SessionRow {
    let (mut first, mut last) = (session.start, session.end.max(session.start));
    let mut bytes = 0_u64;
    for channel in &session.data_channels {
        if let Some(connection) = channel.connection() {
            first = first.min(connection.start);
            last = last.max(connection.end);
            bytes = bytes.saturating_add(connection.bytes());
        }
    }
    let failed = session.transfers.iter().filter(|transfer| transfer.status != Status::Complete).count();
    let notable = session.findings.iter().filter(|finding| finding.severity >= Severity::Notice).count();
    SessionRow {
        cells: cells(session, summary, first, last),
        transfers: u32::try_from(session.transfers.len()).unwrap_or(u32::MAX),
        failed: u32::try_from(failed).unwrap_or(u32::MAX),
        bytes,
        findings: u32::try_from(notable).unwrap_or(u32::MAX),
        worst: session.findings.iter().map(Finding::weight).max(),
        first,
        last,
        live,
    }
}

fn cells(session: &Session, summary: &Summary, first: Timestamp, last: Timestamp) -> [Cell; CELLS] {
    let scale = super::scale::TimeScale::new(super::scale::Window::new(first, last), COLUMNS);
    let mut cells = [Cell::Nothing; CELLS];
    for (channel, channel_summary) in session.data_channels.iter().zip(&summary.channels) {
        let cell = match channel_summary.state {
            ChannelState::Connected => Cell::Carried(channel.mode()),
            ChannelState::Unused => Cell::Unused,
            ChannelState::NeverTried | ChannelState::Unanswered => Cell::Unmet,
            ChannelState::Rejected
            | ChannelState::Malformed
            | ChannelState::NoReply
            | ChannelState::CutShort
            | ChannelState::Refused => Cell::Failed,
        };
        let (from, until) = match (channel.connection(), cell) {
            (Some(connection), Cell::Carried(_)) => super::summary::extents(connection),
            _ => (channel_summary.announced, channel_summary.announced),
        };
        let (from, until) = (scale.nearest(from), scale.nearest(until));
        for slot in cells.iter_mut().take(usize::from(until) + 1).skip(usize::from(from)) {
            if cell.weight() > slot.weight() {
                *slot = cell;
            }
        }
    }
    cells
}
