//! Rows put in order a part at a time, so that keys are never blocked by a long list.
//!
//! **Invariant:** a step adds or takes out a bounded number of rows, each of which costs at most
//! [`COST`] bytes until it is taken out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Endpoint, TimeDelta, Timestamp, cost};
use crate::report::Severity;

/// Rows that are added or taken out in one step, however many there are.
pub(super) const STEP: usize = 12_000;

/// What a row costs that is as large as those of the largest list.
pub(super) const COST: usize = cost::in_tree(size_of::<(Key, u32, u32)>() + LARGEST);

/// The largest row.
pub(super) const LARGEST: usize = 8;

/// How far work is that goes on while keys are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// In one word.
    pub(super) doing: &'static str,
    pub(super) done: usize,
    pub(super) all: usize,
}

/// What a row is sorted by. Within one list all are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Moment(Option<Timestamp>),
    Duration(TimeDelta),
    /// An endpoint, and when it was used.
    Endpoint(Endpoint, Timestamp),
    Text(Option<Arc<str>>),
    Number(Option<u64>),
    /// The weightiest finding, and how many there are.
    Severity(Option<Severity>, u32),
    /// The second decides where the first are equal.
    Numbers(u64, u64),
}

/// Rows on their way to be in order. Where two are equal, the one that was added first comes first.
#[derive(Debug)]
pub(super) struct Sorting<T> {
    rows: BTreeMap<(Key, u32, u32), T>,
    added: u32,
    descends: bool,
}

impl<T> Sorting<T> {
    /// No rows yet; whether the largest are to come first.
    pub(super) const fn new(descends: bool) -> Self {
        Self { rows: BTreeMap::new(), added: 0, descends }
    }

    pub(super) fn add(&mut self, key: Key, row: T) {
        self.add_numbered(key, 0, row);
    }

    /// Adds a row that comes before those with an equal key and a larger number.
    pub(super) fn add_numbered(&mut self, key: Key, number: u32, row: T) {
        // From the other end they come out the other way round.
        let turned = |number: u32| if self.descends { u32::MAX - number } else { number };
        self.rows.insert((key, turned(number), turned(self.added)), row);
        self.added = self.added.saturating_add(1);
    }

    /// Takes out the row that comes next.
    pub(super) fn next(&mut self) -> Option<(Key, T)> {
        let next = if self.descends { self.rows.pop_last() } else { self.rows.pop_first() };
        next.map(|((key, ..), row)| (key, row))
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Drops rows.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.rows.retain(|_, row| keep(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(keys: &[u64], descends: bool) -> Vec<(u64, usize)> {
        let mut sorting = Sorting::new(descends);
        for (at, &key) in keys.iter().enumerate() {
            sorting.add(Key::Numbers(key, 0), (key, at));
        }
        std::iter::from_fn(|| sorting.next()).map(|(_, row)| row).collect()
    }

    #[test]
    fn rows_come_out_in_order_and_equal_ones_as_they_came() {
        let keys = [2, 1, 2, 3, 1];
        assert_eq!(sorted(&keys, false), [(1, 1), (1, 4), (2, 0), (2, 2), (3, 3)]);
        assert_eq!(sorted(&keys, true), [(3, 3), (2, 0), (2, 2), (1, 1), (1, 4)]);
    }

    #[test]
    fn a_row_without_a_key_comes_before_all_that_have_one() {
        assert!(Key::Moment(None) < Key::Moment(Some(Timestamp::MIN)));
        assert!(Key::Text(None) < Key::Text(Some("".into())));
        assert!(Key::Number(None) < Key::Number(Some(0)));
    }
}
