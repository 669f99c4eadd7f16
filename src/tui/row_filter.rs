//! Which sessions are listed, and in which order.
//!
//! Most filters are decided by the rows that are in memory; for the others sessions are read from the store.
//!
//! **Invariant:** each step looks at a bounded amount, so that keys are never blocked by a large capture; the
//! old list stays until a new filter has gone through everything, and comes back where that is given up.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::data::Data;
use super::rows::SessionRow;
use crate::base::Timestamp;
use crate::filter::Filter;

/// What may be done in one step, in what it takes to look at a time.
const STEP: usize = 150_000;
/// What a filter takes that is decided by a row.
const BY_ROW: usize = 10;
/// What reading a session takes, and so many of its bytes.
const BY_READING: usize = 100;
const BYTES: usize = 2;

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

/// Which sessions are wanted.
#[derive(Clone, Debug, Default)]
struct Wanted {
    text: String,
    filter: Option<Filter>,
    range: Option<(Timestamp, Timestamp)>,
}

/// A new list that is being made.
#[derive(Debug)]
struct Renewal {
    rows: Vec<u32>,
    /// What the old list was made by, and how far that had come.
    before: Wanted,
    seen_before: u32,
}

/// The list of sessions.
#[derive(Debug, Default)]
pub(super) struct RowFilter {
    wanted: Wanted,
    sort: SortKey,
    reversed: bool,
    /// The index of the first session that the filter has not gone through.
    seen: u32,
    renewal: Option<Renewal>,
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
        &self.wanted.text
    }

    pub(super) const fn range(&self) -> Option<(Timestamp, Timestamp)> {
        self.wanted.range
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
        self.renewal.is_some()
    }

    /// Whether there are sessions that the filter has not gone through.
    pub(super) fn is_behind(&self, data: &Data) -> bool {
        self.seen < data.indexes().end
    }

    /// How many sessions a new filter has gone through, and of how many.
    pub(super) fn progress(&self, data: &Data) -> Option<(u32, u32)> {
        let indexes = data.indexes();
        let seen = self.seen.saturating_sub(indexes.start);
        self.renewal.as_ref().map(|_| (seen, indexes.end.saturating_sub(indexes.start)))
    }

    /// Gives up a new filter that has not gone through everything yet; whether there was one.
    pub(super) fn give_up(&mut self) -> bool {
        let Some(renewal) = self.renewal.take() else { return false };
        self.wanted = renewal.before;
        self.seen = renewal.seen_before;
        true
    }

    /// Lists the sessions that match the filter; an empty one matches all.
    pub(super) fn filter(&mut self, text: &str, filter: Option<Filter>) {
        self.renew(Wanted { text: text.to_owned(), filter, range: self.wanted.range });
    }

    /// Lists the sessions that overlap a time range.
    pub(super) fn limit(&mut self, range: Option<(Timestamp, Timestamp)>) {
        self.renew(Wanted { range, ..self.wanted.clone() });
    }

    fn renew(&mut self, wanted: Wanted) {
        let now = std::mem::replace(&mut self.wanted, wanted);
        let seen_before = std::mem::take(&mut self.seen);
        // The list that is shown is older than what is given up here.
        let (before, seen_before) = match self.renewal.take() {
            Some(renewal) => (renewal.before, renewal.seen_before),
            None => (now, seen_before),
        };
        self.renewal = Some(Renewal { rows: Vec::new(), before, seen_before });
    }

    pub(super) fn order(&mut self, sort: SortKey, reversed: bool, data: &Data) {
        self.sort = sort;
        self.reversed = reversed;
        sort_rows(&mut self.rows, sort, reversed, data);
        self.version += 1;
    }

    /// Whether a session is listed, and what it took to find out.
    fn keeps(&self, index: u32, data: &Data) -> (bool, usize) {
        let Some(row) = data.row(index) else { return (false, 1) };
        if self.wanted.range.is_some_and(|(from, to)| row.last < from || row.first > to) {
            return (false, 1);
        }
        let Some(filter) = &self.wanted.filter else { return (true, 1) };
        if let Some(decided) = filter.decides(&row.sketch(), |field| row.knows(field)) {
            return (decided, BY_ROW);
        }
        let keeps = data.in_passing(index).is_some_and(|session| filter.matches(&session));
        (keeps, BY_READING.saturating_add(data.cost(index) / BYTES))
    }

    /// Goes through some more sessions. Returns whether any are left.
    pub(super) fn step(&mut self, data: &Data) -> bool {
        let mut budget = STEP;
        let mut kept = Vec::new();
        let indexes = data.indexes();
        self.seen = self.seen.max(indexes.start);
        while self.seen < indexes.end && budget > 0 {
            let (keeps, cost) = self.keeps(self.seen, data);
            budget = budget.saturating_sub(cost);
            if keeps {
                kept.push(self.seen);
            }
            self.seen += 1;
        }
        let done = self.seen >= indexes.end;
        match &mut self.renewal {
            Some(renewal) => {
                renewal.rows.append(&mut kept);
                if done {
                    self.rows = self.renewal.take().map(|renewal| renewal.rows).unwrap_or_default();
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

    /// Takes out sessions that were let go.
    pub(super) fn remove(&mut self, removed: &[u32]) {
        let removed: HashSet<u32> = removed.iter().copied().collect();
        let before = self.rows.len();
        self.rows.retain(|index| !removed.contains(index));
        if let Some(renewal) = &mut self.renewal {
            renewal.rows.retain(|index| !removed.contains(index));
        }
        self.version += u64::from(self.rows.len() < before);
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
            let (kept, _) = self.keeps(index, data);
            match place {
                Some(at) if !kept => {
                    self.rows.remove(at);
                    changed = true;
                }
                None if kept && index < self.seen && self.renewal.is_none() => {
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
    match sort {
        // A single pass if they are in order already.
        SortKey::Start => rows.sort_by(|&a, &b| turn(data.number(a).cmp(&data.number(b)))),
        SortKey::Duration => sort_by(rows, data, turn, |row| row.end.since(row.start)),
        SortKey::Client => sort_by(rows, data, turn, |row| row.client),
        SortKey::Server => sort_by(rows, data, turn, |row| row.server),
        SortKey::User => sort_by(rows, data, turn, |row| row.user.as_deref()),
        SortKey::Transfers => sort_by(rows, data, turn, |row| row.transfers.len()),
        SortKey::Bytes => sort_by(rows, data, turn, |row| row.bytes),
        SortKey::Findings => sort_by(rows, data, turn, |row| (row.severity(), row.notable)),
    }
}

/// Sorts by a key that is looked up once for each row, not for each comparison; by number where that is
/// equal.
fn sort_by<'d, K: Ord>(
    rows: &mut [u32],
    data: &'d Data,
    turn: impl Fn(Ordering) -> Ordering,
    key: impl Fn(&'d SessionRow) -> K,
) {
    let mut keyed: Vec<(Option<K>, u32, u32)> =
        rows.iter().map(|&index| (data.row(index).map(&key), data.number(index), index)).collect();
    keyed.sort_unstable_by(|a, b| turn(a.0.cmp(&b.0)).then_with(|| a.1.cmp(&b.1)));
    for (slot, (.., index)) in rows.iter_mut().zip(keyed) {
        *slot = index;
    }
}
