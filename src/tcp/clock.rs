//! Capture time that never goes back.

use crate::base::{TimeDelta, Timestamp};

/// A clock may be set back while a capture runs; smaller steps are packets out of order.
const STEP_BACK: TimeDelta = TimeDelta::from_secs(60);

/// The longest step forward: longer than anything is waited for, and so short that steps don't soon add up to
/// the end of what a timestamp can hold, however often the clock of a capture swings.
const STEP_FORWARD: TimeDelta = TimeDelta::from_secs(48 * 3600);

/// The time that timers run by, which begins at 0: it goes on as the packets' times do, stands still where
/// they go back a little, goes on from where it was after they went back a lot, and takes no leaps. What
/// comes back from a step back, as after a few packets without a time, has taken no time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Timestamp,
    /// The packets' time that it is.
    last: Option<Timestamp>,
    /// The packets' time that it was before they went back a lot.
    before_step: Option<Timestamp>,
}

impl Clock {
    /// The time now.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A packet, or the owner, says that it is `time`.
    pub(super) fn tick(&mut self, time: Timestamp) -> Timestamp {
        let Some(at) = self.last else {
            self.last = Some(time);
            return self.now;
        };
        let step = time.since(at);
        if step > TimeDelta::ZERO {
            let returned =
                self.before_step.filter(|&before| step > STEP_BACK && time.since(before) >= -STEP_BACK);
            let taken = returned.map_or(step, |before| time.since(before).max(TimeDelta::ZERO));
            if returned.is_some() {
                self.before_step = None;
            }
            self.now = self.now.plus(taken.min(STEP_FORWARD));
            self.last = Some(time);
        } else if step < -STEP_BACK {
            self.before_step = self.before_step.max(self.last);
            self.last = Some(time);
        }
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000))
    }

    #[test]
    fn a_clock_that_was_set_back_goes_on_from_where_it_was() {
        let mut clock = Clock::default();
        for (stamped, shown) in [(100, 0), (99, 0), (101, 1), (-3499, 1), (-3498, 2), (-3490, 10)] {
            assert_eq!(clock.tick(at(stamped)), at(shown), "stamped {stamped}");
        }
    }

    #[test]
    fn packets_without_a_time_take_none() {
        let mut clock = Clock::default();
        for (stamped, shown) in
            [(1000, 0), (1001, 1), (0, 1), (1002, 2), (0, 2), (0, 2), (1005, 5), (1006, 6)]
        {
            assert_eq!(clock.tick(at(stamped)), at(shown), "stamped {stamped}");
        }
    }

    #[test]
    fn a_clock_that_swings_between_the_ends_of_time_goes_on_in_steps_and_never_back() {
        let mut clock = Clock::default();
        let mut before = clock.tick(at(0));
        for swing in 0..1000 {
            let now = clock.tick(if swing % 2 == 0 { Timestamp::MAX } else { Timestamp::MIN });
            assert!(now >= before && now < at(1000 * 48 * 3600), "{now}");
            before = now;
        }
        assert_eq!(
            clock.tick(Timestamp::MIN.plus(TimeDelta::from_secs(1))),
            before.plus(TimeDelta::from_secs(1))
        );
    }
}
