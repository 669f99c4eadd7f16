//! Time across the screen: time to column and back, ticks, zoom and pan.
//!
//! **Invariant:** pure arithmetic; the start of a column maps back to that column.

use crate::base::{TimeDelta, Timestamp};

/// The shortest window: each of the most columns a terminal can have still lasts a nanosecond.
const SHORTEST: TimeDelta = TimeDelta::from_nanos(65_536);
/// The longest window: an eighth of all time, so that no intermediate sum saturates.
const LONGEST: TimeDelta = TimeDelta::from_nanos(i64::MAX / 4);

/// The part of time that is shown, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Window {
    /// The window between two times, at least [`SHORTEST`] long.
    pub(super) fn new(from: Timestamp, to: Timestamp) -> Self {
        let span = to.since(from).clamp(SHORTEST, LONGEST);
        let from = from.min(Timestamp::MAX.minus(span));
        Self { from, to: from.plus(span) }
    }

    /// Its length.
    pub(super) const fn span(self) -> TimeDelta {
        self.to.since(self.from)
    }

    /// A window of `numerator / denominator` times the length, in which `around` keeps its place.
    #[must_use]
    pub(super) fn zoomed(self, around: Timestamp, numerator: i64, denominator: i64) -> Self {
        let scaled = |delta: TimeDelta, numerator: i64, denominator: i64| {
            let nanos = i128::from(delta.nanos()) * i128::from(numerator) / i128::from(denominator.max(1));
            i64::try_from(nanos).map_or(LONGEST, TimeDelta::from_nanos)
        };
        let around = around.clamp(self.from, self.to);
        let span = scaled(self.span(), numerator, denominator).clamp(SHORTEST, LONGEST);
        let before = scaled(around.since(self.from), span.nanos(), self.span().nanos());
        let from = around.minus(before);
        Self::new(from, from.plus(span))
    }

    /// The same length, so much later.
    #[must_use]
    pub(super) fn panned(self, delta: TimeDelta) -> Self {
        Self::new(self.from.plus(delta), self.from.plus(delta).plus(self.span()))
    }

    /// The same length, moved only as far as needed for `time` to be inside, a tenth of the length from the
    /// edge.
    #[must_use]
    pub(super) fn revealing(self, time: Timestamp) -> Self {
        let margin = self.span().part(10);
        let from = if time < self.from {
            time.minus(margin)
        } else if time > self.to {
            time.plus(margin).minus(self.span())
        } else {
            return self;
        };
        Self::new(from, from.plus(self.span()))
    }

    /// The same length, with `time` in the middle.
    #[must_use]
    pub(super) fn centred(self, time: Timestamp) -> Self {
        let from = time.minus(self.span().part(2));
        Self::new(from, from.plus(self.span()))
    }
}

/// Maps a window to columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeScale {
    window: Window,
    columns: u16,
}

/// A mark on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) column: u16,
    /// Empty for the small marks in between.
    pub(super) label: String,
}

impl TimeScale {
    pub(super) const fn new(window: Window, columns: u16) -> Self {
        Self { window, columns }
    }

    pub(super) const fn columns(self) -> u16 {
        self.columns
    }

    /// The column of a time; none outside the window.
    pub(super) fn column(self, time: Timestamp) -> Option<u16> {
        if time < self.window.from || time > self.window.to || self.columns == 0 {
            return None;
        }
        let column = i128::from(time.since(self.window.from).nanos()) * i128::from(self.columns)
            / i128::from(self.window.span().nanos().max(1));
        Some(u16::try_from(column).unwrap_or(u16::MAX).min(self.columns - 1))
    }

    /// The column of a time; outside the window the nearest one.
    pub(super) fn nearest(self, time: Timestamp) -> u16 {
        self.column(time.clamp(self.window.from, self.window.to)).unwrap_or(0)
    }

    /// The first and last column that a span touches; none where it lies outside the window.
    pub(super) fn columns_of(self, from: Timestamp, until: Timestamp) -> Option<(u16, u16)> {
        if self.columns == 0 || until < self.window.from || from > self.window.to {
            return None;
        }
        let first = self.nearest(from);
        Some((first, self.nearest(until).max(first)))
    }

    /// When a column starts. For the column after the last one, the end of the window.
    pub(super) fn start_of(self, column: u16) -> Timestamp {
        if self.columns == 0 {
            return self.window.from;
        }
        let columns = i128::from(self.columns);
        let nanos =
            (i128::from(column) * i128::from(self.window.span().nanos()) + columns - 1).div_euclid(columns);
        self.window.from.plus(i64::try_from(nanos).map_or(TimeDelta::MAX, TimeDelta::from_nanos))
    }

    /// How long a column lasts.
    pub(super) fn of_column(self) -> TimeDelta {
        self.window.span().part(i64::from(self.columns))
    }

    /// Marks at round distances from `origin`, labelled ones at least `apart` columns from each other.
    pub(super) fn ticks(self, origin: Timestamp, apart: u16) -> Vec<Tick> {
        let column = self.of_column().nanos();
        let least = column.saturating_mul(i64::from(apart.max(1)));
        let step = round_step(least.max(1));
        let parts = if column.saturating_mul(10) <= step { 5 } else { 2 };
        let minor = (step / parts).max(1);
        let offset = self.window.from.since(origin);
        let mut number = offset.nanos().div_euclid(minor);
        let mut ticks = Vec::new();
        // A step is at least half of `apart` columns wide, so there are never more ticks than columns.
        while ticks.len() <= usize::from(self.columns) {
            let nanos = number.saturating_mul(minor);
            let time = origin.plus(TimeDelta::from_nanos(nanos));
            if time > self.window.to || nanos == i64::MAX {
                break;
            }
            if let Some(column) = self.column(time) {
                let major = number.rem_euclid(parts) == 0;
                ticks.push(Tick {
                    column,
                    label: if major { tick_label(nanos, step) } else { String::new() },
                });
            }
            number = number.saturating_add(1);
        }
        ticks
    }
}

/// The smallest round step that is not below `least` nanoseconds.
fn round_step(least: i64) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    const STEPS: [i64; 20] = [
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
        60 * SECOND,
        120 * SECOND,
        300 * SECOND,
        600 * SECOND,
        1200 * SECOND,
        1800 * SECOND,
        3600 * SECOND,
        7200 * SECOND,
        4 * 3600 * SECOND,
        6 * 3600 * SECOND,
        12 * 3600 * SECOND,
        86_400 * SECOND,
        2 * 86_400 * SECOND,
        7 * 86_400 * SECOND,
    ];
    if least < SECOND {
        let mut decade = 1_i64;
        loop {
            for factor in [1, 2, 5] {
                if decade.saturating_mul(factor) >= least {
                    return decade.saturating_mul(factor);
                }
            }
            decade = decade.saturating_mul(10);
        }
    }
    STEPS.into_iter().find(|&step| step >= least).unwrap_or_else(|| {
        let week = 7 * 86_400 * SECOND;
        least.div_euclid(week).saturating_add(1).saturating_mul(week)
    })
}

/// `+10s`, `+1m30`, `+250ms`, `+2h15`: as precise as the step requires.
fn tick_label(nanos: i64, step: i64) -> String {
    let sign = if nanos < 0 { '-' } else { '+' };
    let nanos = nanos.unsigned_abs();
    let step = step.unsigned_abs();
    let seconds = nanos / 1_000_000_000;
    if nanos == 0 {
        return "0".into();
    }
    if step < 1_000 {
        return format!("{sign}{nanos}ns");
    }
    if step < 1_000_000 {
        return match nanos {
            0..10_000_000 => format!("{sign}{}µs", nanos / 1000),
            _ => format!("{sign}{}.{:06}s", seconds, nanos / 1000 % 1_000_000),
        };
    }
    if step < 1_000_000_000 {
        // As many decimals as the step needs.
        let decimals = if step >= 100_000_000 {
            1
        } else if step >= 10_000_000 {
            2
        } else {
            3
        };
        let fraction = format!("{:03}", nanos / 1_000_000 % 1000);
        let fraction = fraction.get(..decimals).unwrap_or_default();
        return match seconds {
            0 => format!("{sign}{}ms", nanos / 1_000_000),
            1..60 => format!("{sign}{seconds}.{fraction}s"),
            _ => format!("{sign}{}m{:02}.{fraction}", seconds / 60, seconds % 60),
        };
    }
    match seconds {
        0..60 => format!("{sign}{seconds}s"),
        60..3600 => format!("{sign}{}m{:02}", seconds / 60, seconds % 60),
        3600..172_800 if step < 60_000_000_000 => {
            format!("{sign}{}h{:02}m{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        3600..172_800 => format!("{sign}{}h{:02}", seconds / 3600, seconds / 60 % 60),
        _ if step < 3_600_000_000_000 => {
            format!("{sign}{}d{:02}h{:02}", seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
        }
        _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn labels(window: Window, columns: u16) -> Vec<String> {
        let ticks = TimeScale::new(window, columns).ticks(window.from, 10);
        ticks.into_iter().map(|tick| tick.label).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn ticks_stand_at_round_distances() {
        let second = 1_000_000_000;
        assert_eq!(
            labels(Window::new(at(0), at(80 * second)), 80),
            ["0", "+10s", "+20s", "+30s", "+40s", "+50s", "+1m00", "+1m10", "+1m20"]
        );
        assert_eq!(
            labels(Window::new(at(0), at(second / 2)), 60),
            ["0", "+100ms", "+200ms", "+300ms", "+400ms", "+500ms"]
        );
        assert_eq!(
            labels(Window::new(at(0), at(5 * 3600 * second)), 60),
            ["0", "+1h00", "+2h00", "+3h00", "+4h00", "+5h00"]
        );
    }

    #[test]
    fn a_window_of_nothing_is_widened_and_one_at_the_end_of_time_moved() {
        assert_eq!(Window::new(at(5), at(5)).span(), SHORTEST);
        assert_eq!(Window::new(Timestamp::MAX, Timestamp::MAX).span(), SHORTEST);
        assert_eq!(Window::new(Timestamp::MIN, Timestamp::MAX).span(), LONGEST);
    }

    fn windows() -> impl Strategy<Value = Window> {
        (any::<i64>(), any::<i64>(), 0..63_u32).prop_map(|(from, span, shift)| {
            Window::new(
                at(from),
                at(from.saturating_add(span.unsigned_abs().unbounded_shr(shift).cast_signed())),
            )
        })
    }

    proptest! {
        #[test]
        fn columns_grow_with_time_and_cover_both_ends(window in windows(), columns in 1..500_u16, a in any::<i64>(), b in any::<i64>()) {
            let scale = TimeScale::new(window, columns);
            let inside = |seed: i64| window.from.plus(TimeDelta::from_nanos(seed.rem_euclid(window.span().nanos())));
            let (earlier, later) = (inside(a).min(inside(b)), inside(a).max(inside(b)));
            prop_assert!(scale.column(earlier).unwrap() <= scale.column(later).unwrap());
            prop_assert_eq!(scale.column(window.from), Some(0));
            prop_assert_eq!(scale.column(window.to), Some(columns - 1));
            prop_assert_eq!(scale.column(window.from.minus(TimeDelta::from_nanos(1))).is_some(), window.from == Timestamp::MIN);
        }

        #[test]
        fn a_columns_first_moment_lies_in_that_column(window in windows(), columns in 1..500_u16, column in 0..500_u16) {
            let scale = TimeScale::new(window, columns);
            let column = column % columns;
            let start = scale.start_of(column);
            prop_assert_eq!(scale.column(start), Some(column));
            if column > 0 {
                prop_assert_eq!(scale.column(start.minus(TimeDelta::from_nanos(1))), Some(column - 1));
            }
        }

        #[test]
        fn spans_cover_at_least_a_column(window in windows(), columns in 1..500_u16, from in any::<i64>(), len in 0..i64::MAX) {
            let scale = TimeScale::new(window, columns);
            let until = at(from).plus(TimeDelta::from_nanos(len));
            match scale.columns_of(at(from), until) {
                Some((first, last)) => prop_assert!(first <= last && last < columns),
                None => prop_assert!(until < window.from || at(from) > window.to),
            }
        }

        #[test]
        fn zooming_keeps_the_moment_under_the_cursor(
            from in i64::MIN / 2..i64::MAX / 2, span in 16 * SHORTEST.nanos()..LONGEST.nanos() / 4,
            columns in 2..300_u16, place in 0..300_u16, out in any::<bool>(),
        ) {
            let (window, column) = (Window::new(at(from), at(from.saturating_add(span))), place % columns);
            let around = TimeScale::new(window, columns).start_of(column);
            let zoomed = if out { window.zoomed(around, 2, 1) } else { window.zoomed(around, 1, 2) };
            let there = TimeScale::new(zoomed, columns).column(around).unwrap();
            prop_assert!(there.abs_diff(column) <= 1, "{there} {column}");
        }

        #[test]
        fn there_are_never_more_ticks_than_columns_and_they_ascend(window in windows(), columns in 1..300_u16, apart in 1..20_u16, origin in any::<i64>()) {
            let ticks = TimeScale::new(window, columns).ticks(at(origin), apart);
            prop_assert!(ticks.len() <= usize::from(columns) + 1);
            prop_assert!(ticks.windows(2).all(|pair| pair[0].column <= pair[1].column));
        }

        #[test]
        fn revealing_brings_a_moment_into_the_window(
            window in windows().prop_filter("no room to move in", |window| window.span() < LONGEST.part(4)),
            time in any::<i64>(),
        ) {
            let moved = window.revealing(at(time));
            prop_assert_eq!(moved.span(), window.span());
            prop_assert!(moved.from <= at(time) && at(time) <= moved.to);
        }
    }
}
