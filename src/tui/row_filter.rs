//! Which sessions are listed, and in which order.
//!
//! **Invariant:** each step looks at a bounded amount, so that keys are never blocked by a large capture; the old list
//! stays until a new filter has gone through everything.

use std::cmp::Ordering;

use super::data::Data;
use crate::base::Timestamp;
use crate::filter::Filter;

/// Commands and channels looked at in one step.
const STEP: usize = 150_000;

/// What the sessions are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SortKey {
    #[default]
    Start,
    Duration,
    Client,
    Server,
    User,
    Transfers,
    Bytes,
    Findings,
}

impl SortKey {
    pub(super) const ALL: [Self; 8] = [
        Self::Start,
        Self::Duration,
        Self::Client,
        Self::Server,
        Self::User,
        Self::Transfers,
        Self::Bytes,
        Self::Findings,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Client => "client",
            Self::Server => "server",
            Self::User => "user",
            Self::Transfers => "transfers",
            Self::Bytes => "bytes",
            Self::Findings => "findings",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().cycle().skip_while(|&key| key != self).nth(1).unwrap_or_default()
    }

    /// Whether the largest come first unless reversed, as when sorting by size or severity.
    const fn descends(self) -> bool {
        matches!(self, Self::Duration | Self::Transfers | Self::Bytes | Self::Findings)
    }
}

/// The list of sessions.
#[derive(Debug, Default)]
pub(super) struct RowFilter {
    text: String,
    filter: Option<Filter>,
    range: Option<(Timestamp, Timestamp)>,
    sort: SortKey,
    reversed: bool,
    /// How many sessions the filter has gone through.
    seen: usize,
    /// The rows of a new filter that has not gone through everything yet.
    renewing: Option<Vec<u32>>,
    rows: Vec<u32>,
    /// Version of the rows: grows with every change.
    version: u64,
}

impl RowFilter {
    /// The sessions listed, by index.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn range(&self) -> Option<(Timestamp, Timestamp)> {
        self.range
    }

    pub(super) const fn sort(&self) -> (SortKey, bool) {
        (self.sort, self.reversed)
    }

    /// Whether the smallest come first.
    pub(super) const fn ascends(&self) -> bool {
        self.sort.descends() == self.reversed
    }

    /// Whether a new filter has not gone through everything yet.
    pub(super) const fn is_renewing(&self) -> bool {
        self.renewing.is_some()
    }

    /// Whether there are sessions that the filter has not gone through.
    pub(super) fn is_behind(&self, data: &Data) -> bool {
        self.seen < data.len()
    }

    /// Lists the sessions that match the filter; an empty one matches all.
    pub(super) fn filter(&mut self, text: &str, filter: Option<Filter>) {
        text.clone_into(&mut self.text);
        self.filter = filter;
        self.renew();
    }

    /// Lists the sessions that overlap a time range.
    pub(super) fn limit(&mut self, range: Option<(Timestamp, Timestamp)>) {
        self.range = range;
        self.renew();
    }

    fn renew(&mut self) {
        self.seen = 0;
        self.renewing = Some(Vec::new());
    }

    pub(super) fn order(&mut self, sort: SortKey, reversed: bool, data: &Data) {
        self.sort = sort;
        self.reversed = reversed;
        sort_rows(&mut self.rows, sort, reversed, data);
        self.version += 1;
    }

    fn keeps(&self, index: u32, data: &Data) -> bool {
        let (Some(session), Some(row)) = (data.session(index), data.row(index)) else { return false };
        self.range.is_none_or(|(from, to)| row.last >= from && row.first <= to)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(session))
    }

    /// Goes through some more sessions. Returns whether any are left.
    pub(super) fn step(&mut self, data: &Data) -> bool {
        let mut budget = STEP;
        let mut kept = Vec::new();
        while self.seen < data.len() && budget > 0 {
            let Ok(index) = u32::try_from(self.seen) else { break };
            let cost = match (&self.filter, data.session(index)) {
                (Some(_), Some(session)) => session.commands.len() + session.data_channels.len(),
                _ => 0,
            };
            budget = budget.saturating_sub(cost + 1);
            if self.keeps(index, data) {
                kept.push(index);
            }
            self.seen += 1;
        }
        let done = self.seen >= data.len();
        match &mut self.renewing {
            Some(renewing) => {
                renewing.append(&mut kept);
                if done {
                    self.rows = self.renewing.take().unwrap_or_default();
                    self.resort(data);
                }
            }
            None if !kept.is_empty() => {
                self.rows.append(&mut kept);
                self.resort(data);
            }
            None => {}
        }
        !done
    }

    fn resort(&mut self, data: &Data) {
        sort_rows(&mut self.rows, self.sort, self.reversed, data);
        self.version += 1;
    }

    /// Filters sessions again that have changed.
    pub(super) fn again(&mut self, replaced: &[u32], data: &Data) {
        let mut changed = false;
        for &index in replaced {
            let place = self.rows.iter().position(|&row| row == index);
            let kept = self.keeps(index, data);
            match place {
                Some(at) if !kept => {
                    self.rows.remove(at);
                    changed = true;
                }
                None if kept
                    && usize::try_from(index).is_ok_and(|index| index < self.seen)
                    && self.renewing.is_none() =>
                {
                    self.rows.push(index);
                    changed = true;
                }
                Some(_) => changed |= self.sort != SortKey::Start,
                None => {}
            }
        }
        if changed {
            self.resort(data);
        }
    }
}

fn sort_rows(rows: &mut [u32], sort: SortKey, reversed: bool, data: &Data) {
    let turn = |order: Ordering| if sort.descends() == reversed { order } else { order.reverse() };
    if sort == SortKey::Start {
        // A single pass if they are in order already.
        rows.sort_by(|&a, &b| turn(data.number(a).cmp(&data.number(b))));
        return;
    }
    rows.sort_by(|&a, &b| turn(compare(a, b, sort, data)).then_with(|| data.number(a).cmp(&data.number(b))));
}

fn compare(a: u32, b: u32, sort: SortKey, data: &Data) -> Ordering {
    let rows_of_both = || data.row(a).zip(data.row(b));
    let both = || data.session(a).zip(data.session(b));
    let order = match sort {
        SortKey::Start => Some(data.number(a).cmp(&data.number(b))),
        SortKey::Duration => both().map(|(a, b)| a.end.since(a.start).cmp(&b.end.since(b.start))),
        SortKey::Client => both().map(|(a, b)| a.client.cmp(&b.client)),
        SortKey::Server => both().map(|(a, b)| a.server.cmp(&b.server)),
        SortKey::User => both().map(|(a, b)| a.user.cmp(&b.user)),
        SortKey::Transfers => rows_of_both().map(|(a, b)| a.transfers.cmp(&b.transfers)),
        SortKey::Bytes => rows_of_both().map(|(a, b)| a.bytes.cmp(&b.bytes)),
        SortKey::Findings => rows_of_both().map(|(a, b)| (a.worst, a.findings).cmp(&(b.worst, b.findings))),
    };
    order.unwrap_or(Ordering::Equal)
}
