//! Where moments stand on a line: in proportion to time, with long idle times cut.

use crate::base::{TimeDelta, Timestamp};

/// Idle times are cut that are so many times as long as all that are not.
const LONGER: i64 = 3;

/// Idle times that are cut at most.
const CUTS: usize = 40;

/// What is left of a cut: at most one part in so many of what the rest takes.
const LEFT: i64 = 16;

/// Moments on a line from 0 to 1.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    first: Timestamp,
    last: Timestamp,
    /// Ascending, apart from each other.
    cuts: Vec<Cut>,
    /// How long the line is with its cuts.
    length: TimeDelta,
}

/// An idle time of which only a part is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where it begins.
    pub(crate) from: Timestamp,
    /// Where it ends.
    pub(crate) until: Timestamp,
    /// How much of it is shown.
    left: TimeDelta,
}

impl Cut {
    /// How long it is in truth.
    pub(crate) fn duration(&self) -> TimeDelta {
        self.until.since(self.from)
    }
}

impl Axis {
    /// A line on which all these moments stand.
    pub(crate) fn of(mut moments: Vec<Timestamp>) -> Self {
        moments.sort_unstable();
        moments.dedup();
        let first = moments.first().copied().unwrap_or_default();
        let last = moments.last().copied().unwrap_or_default();
        let mut gaps: Vec<(TimeDelta, Timestamp, Timestamp)> = moments
            .iter()
            .zip(moments.iter().skip(1))
            .map(|(&from, &until)| (until.since(from), from, until))
            .collect();
        gaps.sort_unstable_by(|one, other| other.cmp(one));
        let all = last.since(first);
        let crushing = gaps.get(..crushing(&gaps, all)).unwrap_or_default();
        let rest = crushing.iter().fold(all, |rest, gap| rest.plus(-gap.0));
        let parts = i64::try_from(crushing.len()).unwrap_or(LEFT).saturating_mul(2).max(LEFT);
        let left = rest.part(parts);
        let mut length = rest;
        let mut cuts = Vec::with_capacity(crushing.len());
        for &(gap, from, until) in crushing {
            let left = left.min(gap);
            length = length.plus(left);
            cuts.push(Cut { from, until, left });
        }
        cuts.sort_unstable_by_key(|cut| cut.from);
        Self { first, last, cuts, length }
    }

    /// The first and the last moment.
    pub(crate) const fn ends(&self) -> (Timestamp, Timestamp) {
        (self.first, self.last)
    }

    /// The idle times that are cut.
    pub(crate) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// Where a moment stands, from 0 to 1; those outside stand at the ends.
    pub(crate) fn place(&self, time: Timestamp) -> f64 {
        if self.length <= TimeDelta::ZERO {
            return 0.0;
        }
        let time = time.clamp(self.first, self.last);
        let mut passed = time.since(self.first).seconds();
        for cut in self.cuts.iter().take_while(|cut| cut.from < time) {
            let inside = time.min(cut.until).since(cut.from).seconds();
            let shown = inside / cut.duration().seconds() * cut.left.seconds();
            passed -= inside - shown;
        }
        (passed / self.length.seconds()).clamp(0.0, 1.0)
    }

    /// Round times from the first moment on, at most about `many`, with a cut's end among them.
    pub(crate) fn ticks(&self, many: i64) -> Vec<Timestamp> {
        let step = step(self.length.part(many.max(1)));
        let mut ticks = Vec::new();
        let mut next = self.first;
        let mut cuts = self.cuts.iter().peekable();
        while next <= self.last && ticks.len() < 100 {
            if let Some(cut) = cuts.next_if(|cut| next > cut.from) {
                // The first round time behind the cut.
                let steps = cut.until.since(self.first).nanos().checked_div(step.nanos()).unwrap_or(0);
                next = next.max(self.first.plus(step.times(steps.saturating_add(1))));
                continue;
            }
            ticks.push(next);
            let following = next.plus(step);
            if following <= next {
                break;
            }
            next = following;
        }
        ticks
    }
}

/// How many of the times between moments, the longest first, crush all the others: those before a drop in
/// length, if together they take most of all the time.
fn crushing(gaps: &[(TimeDelta, Timestamp, Timestamp)], all: TimeDelta) -> usize {
    let mut rest = all;
    let mut many = 0;
    for (index, pair) in gaps.windows(2).enumerate().take(CUTS) {
        let [(gap, ..), (next, ..)] = pair else { break };
        rest = rest.plus(-*gap);
        if *gap >= next.times(LONGER) && gap.times(LONGER) >= rest {
            many = index.saturating_add(1);
        }
    }
    many
}

/// The next of 1, 2, 5, 10, … nanoseconds from `least` on, and above a minute what clocks have.
fn step(least: TimeDelta) -> TimeDelta {
    const SECOND: i64 = 1_000_000_000;
    let clock = [60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map(|it| it * SECOND);
    let decimal = (0..11).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let steps = decimal.filter(|step| *step <= 30 * SECOND).chain(clock);
    let days = TimeDelta::from_secs(86_400);
    steps
        .map(TimeDelta::from_nanos)
        .find(|step| *step >= least)
        .unwrap_or_else(|| days.times(least.nanos() / days.nanos() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn without_long_idle_times_places_are_in_proportion_to_time() {
        let axis = Axis::of(vec![at(0), at(1000), at(2000), at(3000), at(4000)]);
        assert!(axis.cuts().is_empty());
        assert!((axis.place(at(1000)) - 0.25).abs() < 1e-9);
        assert_eq!((axis.place(at(-5)), axis.place(at(9999))), (0.0, 1.0));
    }

    #[test]
    fn an_hour_of_silence_does_not_crush_what_happened() {
        let axis = Axis::of(vec![at(0), at(400), at(800), at(1200), at(3_600_000), at(3_600_600)]);
        let [cut] = axis.cuts() else { panic!("{axis:?}") };
        assert_eq!((cut.from, cut.until), (at(1200), at(3_600_000)));
        assert!(axis.place(at(1200)) > 0.5, "{axis:?}");
        assert!(axis.place(at(3_600_000)) > axis.place(at(1200)));
        assert!((axis.place(at(3_600_600)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn places_never_go_back_in_time() {
        let axis = Axis::of([0, 1, 2, 50_000, 50_010, 900_000, 900_001, 900_500].map(at).to_vec());
        let places: Vec<f64> = (0..9010).map(|tenth| axis.place(at(tenth * 100))).collect();
        assert!(places.is_sorted(), "{:?}", axis.cuts());
    }

    #[test]
    fn ticks_are_round_and_few_and_skip_what_is_cut() {
        let axis = Axis::of([0, 400, 800, 1200, 3_600_000, 3_600_600].map(at).to_vec());
        let ticks = axis.ticks(8);
        assert!((4..=10).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.iter().all(|tick| tick.nanos() % 100_000_000 == 0), "{ticks:?}");
        assert!(!ticks.iter().any(|&tick| tick > at(1200) && tick < at(3_600_000)), "{ticks:?}");
        assert!(ticks.iter().any(|&tick| tick >= at(3_600_000)), "{ticks:?}");
    }

    #[test]
    fn one_moment_and_none_are_a_line_too() {
        for moments in [vec![], vec![at(5)]] {
            let axis = Axis::of(moments);
            assert!(axis.place(at(5)) < 1e-9);
            assert!(axis.ticks(8).len() <= 1);
        }
        let all_of_time = Axis::of(vec![Timestamp::MIN, Timestamp::MAX]);
        assert!(all_of_time.ticks(8).len() < 100);
    }
}
