//! Capture time that never goes back, whatever times the packets carry.

use crate::base::{TimeDelta, Timestamp};

/// Packets may be captured out of order, but not by more than this.
const OUT_OF_ORDER: TimeDelta = TimeDelta::from_secs(60);

/// Few captures are silent for longer; what is further ahead may be a broken time.
const LEAP: TimeDelta = TimeDelta::from_secs(3600);

/// As much of a leap as counts: more than any timer waits.
const MOST: TimeDelta = LEAP.times(24);

/// The time that timers run by.
///
/// It begins at 0 and follows the packets' times. A packet whose time is far from all others does not move it, since broken
/// writers and merged files produce such packets. Where the next packet agrees with it, the capture's clock was set, or
/// nothing was captured for a long time: after a step back the clock goes on from where it was, and a leap ahead counts as a
/// day at most. So it never goes back, and a few packets can't drive it to the last moment there is, where no deadline
/// would lie ahead: that takes some hundred thousand leaps.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Timestamp,
    /// What the packets' clock showed at that time.
    shown: Timestamp,
    started: bool,
    /// The same of the clock that the packets went by before it was set: they may go back to that.
    former: Option<Reading>,
    /// The time of the last packet, where that was far from all others.
    doubtful: Option<Timestamp>,
}

/// What a packet's clock showed at a time.
#[derive(Clone, Copy, Debug)]
struct Reading {
    now: Timestamp,
    shown: Timestamp,
}

impl Clock {
    /// The time now.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The owner says that it is `time`, which is believed at once.
    pub(super) fn advance(&mut self, time: Timestamp) -> Timestamp {
        self.doubtful = Some(time);
        self.tick(time)
    }

    /// A packet says that it is `time`.
    #[inline]
    pub(super) fn tick(&mut self, time: Timestamp) -> Timestamp {
        let ahead = time.since(self.shown);
        if (TimeDelta::ZERO..LEAP).contains(&ahead) {
            self.move_on(time, ahead);
            self.started = true;
            self.doubtful = None;
        } else if !(-OUT_OF_ORDER..TimeDelta::ZERO).contains(&ahead) {
            self.set(time);
        }
        self.now
    }

    fn move_on(&mut self, shown: Timestamp, ahead: TimeDelta) {
        self.now = self.now.plus(ahead);
        self.shown = shown;
    }

    /// The packets' clock was set, or this is a broken time.
    #[cold]
    fn set(&mut self, time: Timestamp) {
        if !self.started {
            self.started = true;
            self.shown = time;
            return;
        }
        if let Some(former) = self.former {
            let ahead = time.since(former.shown).plus(-self.now.since(former.now));
            if (-OUT_OF_ORDER..LEAP).contains(&ahead) {
                self.former = Some(Reading { now: self.now, shown: self.shown });
                self.doubtful = None;
                self.move_on(time, ahead.max(TimeDelta::ZERO));
                return;
            }
        }
        let Some(before) = self.doubtful.replace(time) else { return };
        let since = time.since(before);
        if (-OUT_OF_ORDER..LEAP).contains(&since) {
            self.former = Some(Reading { now: self.now, shown: self.shown });
            self.doubtful = None;
            let leap = before.since(self.shown).clamp(TimeDelta::ZERO, MOST);
            self.move_on(time, leap.plus(since.max(TimeDelta::ZERO)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const DAY: i64 = 86_400;

    /// What the clock shows after packets with these times, in seconds, since the first one.
    fn shows(table: &[(i64, i64)]) {
        let mut clock = Clock::default();
        let at = |seconds: i64| Timestamp::from_nanos(seconds * SECOND);
        for &(stamped, shown) in table {
            assert_eq!(clock.tick(at(stamped)), at(shown), "stamped {stamped} in {table:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_goes_on_from_where_it_was() {
        shows(&[(9000, 0), (8999, 0), (9001, 1), (100, 1), (101, 2), (102, 3), (110, 11)]);
    }

    #[test]
    fn a_lone_packet_of_another_time_does_not_move_it() {
        for lone in [0, 9_000_000_000, -9_000_000_000] {
            shows(&[(1_000_000, 0), (1_000_001, 1), (lone, 1), (1_000_002, 2), (lone, 2), (1_000_003, 3)]);
        }
    }

    #[test]
    fn a_long_silence_ends_with_the_second_packet_and_counts_as_a_day_at_most() {
        shows(&[(0, 0), (7200, 0), (7201, 7201), (10 * DAY, 7201), (10 * DAY + 2, 7201 + DAY + 2)]);
    }

    #[test]
    fn packets_of_two_clocks_in_turns_move_it_by_what_passes() {
        let ago = -1_000_000;
        shows(&[(0, 0), (1, 1), (ago, 1), (ago + 1, 2), (2, 2), (3, 3), (ago + 3, 4), (4, 4), (5, 5)]);
    }

    #[test]
    fn the_last_instant_is_as_good_a_beginning_as_any() {
        let mut clock = Clock::default();
        for _ in 0..3 {
            assert_eq!(clock.tick(Timestamp::MAX), Timestamp::default());
        }
        assert_eq!(clock.tick(Timestamp::MIN), Timestamp::default());
    }

    proptest! {
        #[test]
        fn it_never_goes_back_and_no_packet_moves_it_by_more_than_a_day(
            times in prop::collection::vec(prop_oneof![any::<i64>(), 0..1_000_000_i64], 1..200),
        ) {
            let mut clock = Clock::default();
            let mut before = clock.now();
            for time in times {
                let now = clock.tick(Timestamp::from_nanos(time));
                prop_assert!(now >= before);
                prop_assert!(now.since(before) <= MOST.plus(LEAP));
                before = now;
            }
        }
    }
}
