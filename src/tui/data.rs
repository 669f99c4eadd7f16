//! Everything read so far: for each session a row with what the lists show of it, and a handle by which the
//! whole of it is read from the store when it is looked at.
//!
//! **Invariant:** a session never changes its index; a newer snapshot of it replaces the older one. In memory
//! are rows, the sessions that still go on in a live capture, and a few that were looked at last.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::chosen::{Chosen, Entry, Place};
use super::overview::{Count, Overview};
use super::recent::Recent;
use super::rows::{FindingRow, SessionRow};
use super::source::{Feed, Kept, LiveStatus, Progress};
use crate::base::Timestamp;
use crate::report::{Capture, Finding, Session, Uid};

/// How much is kept of sessions that are over: all, unless something is said here. The oldest go first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many.
    pub sessions: Option<usize>,
    /// As many as fit into so many bytes of memory with what is shown of them; what is more of them lies in
    /// the store.
    pub memory: Option<usize>,
}

impl Keep {
    /// Whether so many, which take so much, are more than that.
    fn is_exceeded(self, sessions: usize, memory: usize) -> bool {
        self.sessions.is_some_and(|most| sessions > most) || self.memory.is_some_and(|most| memory > most)
    }
}

/// Everything the screens are drawn from.
#[derive(Debug, Default)]
pub(super) struct Data {
    /// The sessions by index, from the index `base` on; none where one was let go.
    entries: VecDeque<Option<Box<Entry>>>,
    base: u32,
    /// Those that go on; one that is over is never replaced.
    active: HashMap<Uid, u32>,
    /// Those that are over, in the order of their ends.
    over: VecDeque<u32>,
    /// What these take, in bytes of memory, and how much of that is kept.
    taken: usize,
    keep: Keep,
    /// How many were let go.
    gone: u32,
    /// How many could not be kept when they were over.
    lost: u64,
    /// Those that were looked at last: reading one again is all that depends on what is in here.
    recent: RefCell<Recent>,
    /// Indexes by first packet.
    order: Vec<u32>,
    /// The place in `order` of each index, from the index `ranked_from` on.
    rank: Vec<u32>,
    ranked_from: u32,
    overview: Overview,
    capture: Option<Capture>,
    findings: Vec<Finding>,
    finding_rows: Vec<FindingRow>,
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

/// What a message from the source changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Sessions replaced by a newer snapshot.
    pub(super) replaced: Vec<u32>,
    /// Sessions that were let go.
    pub(super) removed: Vec<u32>,
    /// Whether reading has ended.
    pub(super) finished: bool,
    /// A note for the status line.
    pub(super) note: Option<String>,
}

impl Data {
    /// Data of which nothing was read yet.
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Keeps no more sessions than so many once they are over.
    #[cfg(test)]
    pub(super) const fn limit(&mut self, keep: usize) {
        self.keep.sessions = Some(keep);
    }

    fn set_findings(&mut self, findings: Vec<Finding>) {
        self.finding_rows = findings.iter().map(FindingRow::of).collect();
        self.findings = findings;
    }

    /// Applies a message from the source.
    pub(super) fn take(&mut self, feed: Feed) -> Changed {
        self.unsettled = true;
        let mut changed = Changed::default();
        match feed {
            Feed::Sessions(sessions) => {
                for Kept(entry) in sessions {
                    self.add(entry, &mut changed);
                }
                self.let_go(&mut changed);
            }
            Feed::Lost(uid) => self.lose(&uid, &mut changed),
            Feed::Progress(progress) => self.progress = progress,
            Feed::Note(note) => changed.note = Some(note),
            Feed::Live(status) => {
                let mut status = *status;
                let sessions = std::mem::take(&mut status.sessions);
                for session in sessions {
                    let (row, place) = (SessionRow::of(&session, true), Place::Here(Arc::new(session)));
                    self.add(Box::new(Entry { row, place }), &mut changed);
                }
                self.live = Some(status);
            }
            Feed::Findings(findings) => self.set_findings(findings),
            Feed::Finished { capture, findings } => {
                self.capture = Some(*capture);
                self.set_findings(findings);
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

    fn add(&mut self, entry: Box<Entry>, changed: &mut Changed) {
        let row = &entry.row;
        let (first, last) = self.span.unwrap_or((row.first, row.last));
        self.span = Some((first.min(row.first), last.max(row.last)));
        count(&mut self.overview, row, Overview::add);
        let is_live = row.live;
        let known = if is_live { self.active.get(&row.uid).copied() } else { self.active.remove(&row.uid) };
        let Some(index) = known.or_else(|| self.end()) else { return };
        if !is_live {
            self.over.push_back(index);
            self.taken = self.taken.saturating_add(entry.memory());
        } else if known.is_none() {
            self.active.insert(row.uid.clone(), index);
        }
        if known.is_none() {
            self.entries.push_back(Some(entry));
            self.order.push(index);
            return;
        }
        if let Some(slot) = self.slot(index).and_then(|at| self.entries.get_mut(at))
            && let Some(before) = slot.replace(entry)
        {
            count(&mut self.overview, &before.row, Overview::subtract);
        }
        self.recent.get_mut().forget(index);
        changed.replaced.push(index);
    }

    /// Lets the oldest sessions go where there are more than are to be kept.
    fn let_go(&mut self, changed: &mut Changed) {
        while self.keep.is_exceeded(self.over.len(), self.taken)
            && let Some(index) = self.over.pop_front()
        {
            if let Some(before) = self.remove(index, changed) {
                self.taken = self.taken.saturating_sub(before.memory());
                self.gone = self.gone.saturating_add(1);
            }
        }
    }

    /// A session is over and could not be kept: what was shown of it while it went on goes as well.
    fn lose(&mut self, uid: &Uid, changed: &mut Changed) {
        self.lost = self.lost.saturating_add(1);
        if let Some(index) = self.active.remove(uid) {
            self.remove(index, changed);
        }
    }

    fn remove(&mut self, index: u32, changed: &mut Changed) -> Option<Box<Entry>> {
        let slot = self.slot(index).and_then(|at| self.entries.get_mut(at));
        let before = slot.and_then(Option::take);
        if let Some(before) = &before {
            count(&mut self.overview, &before.row, Overview::subtract);
        }
        self.recent.get_mut().forget(index);
        changed.removed.push(index);
        while self.entries.front().is_some_and(Option::is_none) {
            self.entries.pop_front();
            self.base = self.base.saturating_add(1);
        }
        before
    }

    /// The index that the next session gets, unless there are too many.
    fn end(&self) -> Option<u32> {
        self.base.checked_add(u32::try_from(self.entries.len()).ok()?)
    }

    fn slot(&self, index: u32) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base)?).ok()
    }

    fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(self.slot(index)?)?.as_deref()
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

    /// Orders the sessions by first packet: a single pass if they are in order already.
    fn rank(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        let first = |index| self.entry(index).map(|entry| (entry.row.start, entry.row.frames.first));
        order.retain(|&index| first(index).is_some());
        order.sort_by_key(|&index| first(index));
        self.rank.clear();
        self.rank.resize(self.entries.len(), 0);
        self.ranked_from = self.base;
        for (rank, &index) in (0..).zip(&order) {
            if let Some(slot) = self.slot(index).and_then(|at| self.rank.get_mut(at)) {
                *slot = rank;
            }
        }
        self.order = order;
    }

    /// How many sessions there are.
    pub(super) fn len(&self) -> usize {
        self.active.len().saturating_add(self.over.len())
    }

    /// Whether there is no session (yet).
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The indexes from the first to the last one; there may be none of some.
    pub(super) fn indexes(&self) -> std::ops::Range<u32> {
        self.base..self.end().unwrap_or(u32::MAX)
    }

    /// How many sessions were let go, because only so many are kept.
    pub(super) const fn gone(&self) -> u32 {
        self.gone
    }

    /// How many sessions could not be kept when they were over.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// A session by its index: from the store, unless it was looked at a moment ago.
    pub(super) fn session(&self, index: u32) -> Option<Arc<Session>> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        self.recent.borrow_mut().get(index, &self.entry(index)?.place)
    }

    /// A session that is read for once, as by a search through all of them.
    pub(super) fn in_passing(&self, index: u32) -> Option<Arc<Session>> {
        self.recent.borrow_mut().in_passing(index, &self.entry(index)?.place)
    }

    /// How much is to be read to get a session, in bytes.
    pub(super) fn cost(&self, index: u32) -> usize {
        self.entry(index).map_or(0, |entry| entry.place.cost())
    }

    /// Sessions for another thread to read.
    pub(super) fn chosen(&self, indexes: &[u32]) -> Chosen {
        let entries = indexes.iter().filter_map(|&index| self.entry(index));
        Chosen::new(entries.map(|entry| (entry.row.uid.clone(), entry.place.clone())).collect())
    }

    /// Why a session could not be read since this was last asked.
    pub(super) fn trouble(&mut self) -> Option<String> {
        self.recent.get_mut().trouble()
    }

    pub(super) fn row(&self, index: u32) -> Option<&SessionRow> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        Some(&self.entry(index)?.row)
    }

    /// The number shown for a session: its place by first packet, from 1.
    pub(super) fn number(&self, index: u32) -> u32 {
        let at = index.checked_sub(self.ranked_from).and_then(|at| usize::try_from(at).ok());
        let rank = at.and_then(|at| self.rank.get(at));
        rank.map_or(0, |rank| rank.saturating_add(1).saturating_add(self.gone))
    }

    /// Indexes by first packet.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The index of a session that goes on.
    pub(super) fn index_of(&self, uid: &Uid) -> Option<u32> {
        self.active.get(uid).copied()
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

    /// The same as the lists show them.
    pub(super) fn finding_rows(&self) -> &[FindingRow] {
        &self.finding_rows
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

fn count(overview: &mut Overview, row: &SessionRow, each: impl Fn(&mut Overview, Timestamp, Count)) {
    each(overview, row.start, Count::Session);
    for channel in &row.channels {
        each(overview, channel.announced, Count::Mode(channel.mode));
        if channel.state.is_problem() {
            each(overview, channel.settled, Count::Problem);
        }
    }
}
