//! Which sessions are listed, and in which order.
//!
//! Most filters are decided by the rows that are in memory; for the others sessions are read from the store.
//!
//! **Invariant:** each step looks at a bounded amount, so that keys are never blocked by a large capture; the
//! old list stays until a new filter has gone through everything, and comes back where that is given up.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::data::Data;
use super::rows::SessionRow;
use super::sorting::{Key, Progress, Sorting};
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

    fn key(self, row: &SessionRow) -> Key {
        match self {
            // Those are told apart by their numbers.
            Self::Start => Key::Number(None),
            Self::Duration => Key::Duration(row.end.since(row.start)),
            Self::Client => Key::Endpoint(row.client, Timestamp::MIN),
            Self::Server => Key::Endpoint(row.server, Timestamp::MIN),
            Self::User => Key::Text(row.user.clone()),
            Self::Transfers => Key::Number(Some(row.transfers.len() as u64)),
            Self::Bytes => Key::Number(Some(row.bytes)),
            Self::Findings => Key::Severity(row.severity(), row.notable),
        }
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

/// Rows on their way to be in order.
#[derive(Debug)]
struct Ordering {
    /// Those that were not looked at.
    waiting: VecDeque<u32>,
    sorting: Sorting<u32>,
    sorted: Vec<u32>,
    /// How many there are in all.
    all: usize,
}

impl Ordering {
    /// All of them, in no order.
    fn rows(mut self) -> Vec<u32> {
        let sorting = std::iter::from_fn(|| self.sorting.next());
        self.sorted.extend(sorting.map(|(_, row)| row));
        self.sorted.extend(self.waiting);
        self.sorted
    }
}

/// The list of sessions.
#[derive(Debug, Default)]
pub(super) struct RowFilter {
    wanted: Wanted,
    sort: SortKey,
    reversed: bool,
    /// The order of the list that is shown.
    shown: (SortKey, bool),
    /// The index of the first session that the filter has not gone through.
    seen: u32,
    /// Sessions that have changed since it went through them.
    changed: BTreeSet<u32>,
    renewal: Option<Renewal>,
    ordering: Option<Ordering>,
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

    /// Whether another list is on its way: a new filter has not gone through everything yet, or what is listed
    /// is not in order.
    pub(super) const fn is_renewing(&self) -> bool {
        self.renewal.is_some() || self.ordering.is_some()
    }

    /// Whether a new filter is on its way.
    pub(super) const fn is_filtering(&self) -> bool {
        self.renewal.is_some()
    }

    /// Whether there are sessions that the filter has not gone through, or not since they changed.
    pub(super) fn is_behind(&self, data: &Data) -> bool {
        self.seen < data.indexes().end || !self.changed.is_empty()
    }

    /// How many sessions a new filter has gone through, and of how many.
    pub(super) fn progress(&self, data: &Data) -> Option<(u32, u32)> {
        let indexes = data.indexes();
        let seen = self.seen.saturating_sub(indexes.start);
        self.renewal.as_ref().map(|_| (seen, indexes.end.saturating_sub(indexes.start)))
    }

    /// Whether somebody waits for the list that is on its way.
    fn is_awaited(&self) -> bool {
        self.renewal.is_some() || (self.sort, self.reversed) != self.shown
    }

    /// How far a new order is that somebody waits for.
    pub(super) fn ordering(&self) -> Option<Progress> {
        let ordering = self.ordering.as_ref().filter(|_| self.is_awaited())?;
        // Each of them is taken in once, and taken out once.
        let taken_in = ordering.all.saturating_sub(ordering.waiting.len());
        let done = taken_in.saturating_add(ordering.sorted.len()) / 2;
        Some(Progress { doing: "sorting", done, all: ordering.all })
    }

    /// Gives up a list that is on its way; whether there was one that somebody waited for.
    pub(super) fn give_up(&mut self) -> bool {
        if !self.is_awaited() {
            return false;
        }
        (self.sort, self.reversed) = self.shown;
        self.ordering = None;
        if let Some(renewal) = self.renewal.take() {
            self.wanted = renewal.before;
            self.seen = renewal.seen_before;
        }
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
        self.ordering = None;
        self.renewal = Some(Renewal { rows: Vec::new(), before, seen_before });
    }

    /// Lists the sessions in another order.
    pub(super) fn order(&mut self, sort: SortKey, reversed: bool) {
        (self.sort, self.reversed) = (sort, reversed);
        match (&self.renewal, self.ordering.take()) {
            (None, _) => self.begin_ordering(self.rows.clone()),
            // What a new filter finds is put in order once it has gone through everything.
            (Some(_), None) => {}
            (Some(_), Some(before)) => self.begin_ordering(before.rows()),
        }
    }

    fn begin_ordering(&mut self, rows: Vec<u32>) {
        let sorting = Sorting::new(self.sort.descends() != self.reversed);
        let all = rows.len();
        self.ordering = Some(Ordering { waiting: rows.into(), sorting, sorted: Vec::new(), all });
    }

    /// Goes through some more sessions. Returns whether any are left.
    pub(super) fn step(&mut self, data: &Data) -> bool {
        let mut budget = STEP;
        if let Some(ordering) = self.ordering.take() {
            self.put_in_order(ordering, data, budget);
            return self.is_renewing() || self.is_behind(data);
        }
        self.revise(data, &mut budget);
        let found = self.find(data, &mut budget);
        let done = self.seen >= data.indexes().end;
        match &mut self.renewal {
            Some(renewal) => {
                renewal.rows.extend(found);
                if done {
                    let rows = std::mem::take(&mut renewal.rows);
                    self.begin_ordering(rows);
                }
            }
            None if !found.is_empty() => {
                self.rows.extend(found);
                self.resort(data);
            }
            None => {}
        }
        // A short list is in order at once.
        if let Some(ordering) = self.ordering.take() {
            self.put_in_order(ordering, data, budget);
        }
        self.is_renewing() || self.is_behind(data)
    }

    /// Those of some more sessions that match.
    fn find(&mut self, data: &Data, budget: &mut usize) -> Vec<u32> {
        let mut found = Vec::new();
        let indexes = data.indexes();
        self.seen = self.seen.max(indexes.start);
        while self.seen < indexes.end && *budget > 0 {
            let (keeps, cost) = self.wanted.keeps(self.seen, data);
            *budget = budget.saturating_sub(cost);
            if keeps {
                found.push(self.seen);
            }
            self.seen += 1;
        }
        found
    }

    fn put_in_order(&mut self, mut ordering: Ordering, data: &Data, mut budget: usize) {
        while budget > 0
            && let Some(index) = ordering.waiting.pop_front()
        {
            if let Some(row) = data.row(index) {
                ordering.sorting.add_numbered(self.sort.key(row), data.number(index), index);
            }
            budget = budget.saturating_sub(BY_ROW);
        }
        while budget > 0 && ordering.waiting.is_empty() {
            let Some((_, index)) = ordering.sorting.next() else {
                self.rows = ordering.sorted;
                self.renewal = None;
                self.shown = (self.sort, self.reversed);
                self.version += 1;
                return;
            };
            ordering.sorted.push(index);
            budget = budget.saturating_sub(BY_ROW);
        }
        self.ordering = Some(ordering);
    }

    /// Takes out sessions that were let go.
    pub(super) fn remove(&mut self, removed: &[u32]) {
        let removed: HashSet<u32> = removed.iter().copied().collect();
        let stays = |index: &u32| !removed.contains(index);
        let before = self.rows.len();
        self.rows.retain(stays);
        self.changed.retain(stays);
        if let Some(renewal) = &mut self.renewal {
            renewal.rows.retain(stays);
        }
        if let Some(ordering) = &mut self.ordering {
            ordering.waiting.retain(stays);
            ordering.sorting.retain(stays);
            ordering.sorted.retain(stays);
        }
        self.version += u64::from(self.rows.len() < before);
    }

    /// Puts rows in order of which a few are new. By start they are almost in order, which takes a single
    /// pass.
    fn resort(&mut self, data: &Data) {
        self.version += 1;
        if self.sort == SortKey::Start {
            let turned = self.reversed;
            self.rows.sort_by(|&a, &b| {
                let order = data.number(a).cmp(&data.number(b));
                if turned { order.reverse() } else { order }
            });
        } else {
            self.begin_ordering(self.rows.clone());
        }
    }

    /// Sessions have changed: they are filtered again with the next steps.
    pub(super) fn again(&mut self, replaced: &[u32]) {
        self.changed.extend(replaced);
    }

    /// Filters some sessions again that have changed: those that a new filter has gone through for its list,
    /// and for the list that is shown by what that was made by.
    fn revise(&mut self, data: &Data, budget: &mut usize) {
        let mut revised = HashMap::new();
        while *budget > 0
            && let Some(index) = self.changed.pop_first()
        {
            let (keeps, cost) = self.wanted.keeps(index, data);
            *budget = budget.saturating_sub(cost);
            revised.insert(index, keeps);
        }
        if revised.is_empty() {
            return;
        }
        let changed = match &mut self.renewal {
            Some(renewal) => {
                let by = &renewal.before;
                let before = revised.keys().map(|&index| (index, by.keeps(index, data).0)).collect();
                revise(&mut renewal.rows, revised, self.seen);
                revise(&mut self.rows, before, renewal.seen_before)
            }
            None => revise(&mut self.rows, revised, self.seen),
        };
        if changed || self.sort != SortKey::Start {
            self.resort_shown(data);
        }
    }

    /// Puts the list that is shown in order again, unless another one is on its way.
    fn resort_shown(&mut self, data: &Data) {
        if self.renewal.is_none() || self.sort == SortKey::Start {
            self.resort(data);
        }
    }
}

/// Brings a list in line with what is known of some sessions now, of those before `seen`; whether any came or
/// went.
fn revise(rows: &mut Vec<u32>, mut keeps: HashMap<u32, bool>, seen: u32) -> bool {
    let before = rows.len();
    rows.retain(|index| keeps.remove(index).unwrap_or(true));
    let gone = before - rows.len();
    // What is left is not listed.
    let mut new: Vec<u32> = keeps.into_iter().filter_map(|(index, keeps)| keeps.then_some(index)).collect();
    new.retain(|&index| index < seen);
    new.sort_unstable();
    rows.append(&mut new);
    gone > 0 || rows.len() > before - gone
}

impl Wanted {
    /// Whether a session is listed, and what it took to find out.
    fn keeps(&self, index: u32, data: &Data) -> (bool, usize) {
        let Some(row) = data.row(index) else { return (false, 1) };
        if self.range.is_some_and(|(from, to)| row.last < from || row.first > to) {
            return (false, 1);
        }
        let Some(filter) = &self.filter else { return (true, 1) };
        if let Some(decided) = filter.decides(&row.sketch(), |field| row.knows(field)) {
            return (decided, BY_ROW);
        }
        let keeps = data.in_passing(index).is_some_and(|session| filter.matches(&session));
        (keeps, BY_READING.saturating_add(data.cost(index) / BYTES))
    }
}
