//! Data connections over the whole capture, counted in bins that widen as the capture grows.
//!
//! **Invariant:** never more than [`MOST`] bins, however long the capture and in whatever order sessions
//! come.

use std::collections::VecDeque;

use super::scale::Window;
use crate::base::{TimeDelta, Timestamp};
use crate::report::Mode;

/// The most bins kept: several for each column of the widest terminal.
const MOST: usize = 16_384;
/// The width of a bin at first, as a power of two in nanoseconds: 65 µs.
const NARROWEST: u32 = 16;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Mode(Option<Mode>),
    /// A channel with a problem.
    Problem,
    Session,
}

/// How many rows there are.
pub(super) const ROWS: usize = 7;
/// The first of them are modes: PASV, EPSV, PORT, EPRT, all others.
const MODES: usize = 5;

impl Count {
    /// The row of the overview.
    pub(super) const fn row(self) -> usize {
        match self {
            Self::Mode(Some(Mode::Pasv)) => 0,
            Self::Mode(Some(Mode::Epsv)) => 1,
            Self::Mode(Some(Mode::Port)) => 2,
            Self::Mode(Some(Mode::Eprt)) => 3,
            Self::Mode(Some(Mode::Lprt | Mode::Lpsv | Mode::Default) | None) => 4,
            Self::Problem => 5,
            Self::Session => 6,
        }
    }
}

/// Counts over time.
#[derive(Clone, Debug)]
pub(super) struct Overview {
    /// The width of a bin is two to this power, in nanoseconds.
    shift: u32,
    /// The number of the first bin: its first moment divided by the width.
    base: i64,
    bins: VecDeque<[i32; ROWS]>,
    totals: [u64; ROWS],
}

impl Default for Overview {
    fn default() -> Self {
        Self { shift: NARROWEST, base: 0, bins: VecDeque::new(), totals: [0; ROWS] }
    }
}

impl Overview {
    /// Counts one more.
    pub(super) fn add(&mut self, time: Timestamp, count: Count) {
        self.change(time, count, 1);
        if let Some(total) = self.totals.get_mut(count.row()) {
            *total = total.saturating_add(1);
        }
    }

    /// Removes what was counted before.
    pub(super) fn subtract(&mut self, time: Timestamp, count: Count) {
        self.change(time, count, -1);
        if let Some(total) = self.totals.get_mut(count.row()) {
            *total = total.saturating_sub(1);
        }
    }

    /// The rows of modes that occur.
    pub(super) fn modes(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MODES).filter(|&row| self.total(row) > 0)
    }

    /// The total of a row.
    pub(super) fn total(&self, row: usize) -> u64 {
        self.totals.get(row).copied().unwrap_or(0)
    }

    fn change(&mut self, time: Timestamp, count: Count, by: i32) {
        let at = self.make_room(time);
        if let Some(slot) = self.bins.get_mut(at).and_then(|bin| bin.get_mut(count.row())) {
            *slot = slot.saturating_add(by);
        }
    }

    /// The index of the bin for a moment, made if it is not there.
    fn make_room(&mut self, time: Timestamp) -> usize {
        loop {
            let number = time.nanos() >> self.shift;
            if self.bins.is_empty() {
                self.base = number;
                self.bins.push_back([0; ROWS]);
            }
            let last = self.base.saturating_add(i64::try_from(self.bins.len()).unwrap_or(i64::MAX) - 1);
            let span = last.max(number).saturating_sub(self.base.min(number));
            if usize::try_from(span).is_ok_and(|span| span < MOST) {
                while number < self.base {
                    self.bins.push_front([0; ROWS]);
                    self.base -= 1;
                }
                let at = usize::try_from(number - self.base).unwrap_or(0);
                while self.bins.len() <= at {
                    self.bins.push_back([0; ROWS]);
                }
                return at;
            }
            self.widen();
        }
    }

    fn widen(&mut self) {
        let mut wider: VecDeque<[i32; ROWS]> = VecDeque::with_capacity(self.bins.len() / 2 + 1);
        let base = self.base >> 1;
        for (number, bin) in (self.base..).zip(self.bins.drain(..)) {
            let at = usize::try_from((number >> 1) - base).unwrap_or(0);
            while wider.len() <= at {
                wider.push_back([0; ROWS]);
            }
            if let Some(target) = wider.get_mut(at) {
                for (sum, more) in target.iter_mut().zip(bin) {
                    *sum = sum.saturating_add(more);
                }
            }
        }
        self.bins = wider;
        self.base = base;
        self.shift += 1;
    }

    /// The sums over equal parts of a window, one for each column.
    pub(super) fn columns(&self, window: Window, columns: u16) -> Vec<[u32; ROWS]> {
        let mut sums = vec![[0_u32; ROWS]; usize::from(columns)];
        let scale = super::scale::TimeScale::new(window, columns);
        let width = TimeDelta::from_nanos(1 << self.shift);
        for (number, bin) in (self.base..).zip(&self.bins) {
            // A bin counts where its middle lies; one that reaches over an edge, at that edge.
            let middle = Timestamp::from_nanos(number.saturating_mul(1 << self.shift)).plus(width.part(2));
            if middle.plus(width) < window.from || middle.minus(width) > window.to {
                continue;
            }
            if let Some(sum) = sums.get_mut(usize::from(scale.nearest(middle))) {
                for (sum, &more) in sum.iter_mut().zip(bin) {
                    *sum = sum.saturating_add(u32::try_from(more).unwrap_or(0));
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_is_lost_however_far_apart_and_in_whatever_order(times in prop::collection::vec(any::<i64>(), 1..200)) {
            let mut overview = Overview::default();
            for &time in &times {
                overview.add(Timestamp::from_nanos(time), Count::Problem);
                prop_assert!(overview.bins.len() <= MOST);
            }
            let row = Count::Problem.row();
            prop_assert_eq!(overview.bins.iter().map(|bin| bin[row]).sum::<i32>(), i32::try_from(times.len()).unwrap());
            prop_assert_eq!(overview.total(row), times.len() as u64);
        }

        #[test]
        fn columns_sum_up_to_what_the_window_holds(times in prop::collection::vec(0..1_000_000_000_000_i64, 1..100), columns in 1..200_u16) {
            let mut overview = Overview::default();
            for &time in &times {
                overview.add(Timestamp::from_nanos(time), Count::Mode(Some(Mode::Port)));
            }
            let window = Window::new(Timestamp::from_nanos(0), Timestamp::from_nanos(1_000_000_000_000));
            let sum: u32 = overview.columns(window, columns).iter().map(|column| column[2]).sum();
            prop_assert_eq!(sum as usize, times.len());
        }
    }

    #[test]
    fn what_was_counted_can_be_taken_back() {
        let mut overview = Overview::default();
        let at = Timestamp::from_nanos(5);
        overview.add(at, Count::Session);
        overview.add(at, Count::Session);
        overview.subtract(at, Count::Session);
        assert_eq!(overview.total(Count::Session.row()), 1);
        let window = Window::new(Timestamp::from_nanos(0), Timestamp::from_nanos(1_000_000));
        assert_eq!(overview.columns(window, 1)[0][Count::Session.row()], 1);
    }
}
