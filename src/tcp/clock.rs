//! Capture time that never goes back.

use crate::base::Timestamp;

/// A clock may be set back while a capture runs; smaller steps are packets out of order.
const STEP_BACK: i64 = 60_000_000_000;

/// The time that timers run by: it follows the packets' times, stands still where they go back a little, and goes on
/// from where it was after they went back a lot.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Timestamp,
    /// What is added to a packet's time.
    shift: i64,
    started: bool,
}

impl Clock {
    /// The time now.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A packet, or the owner, says that it is `time`.
    pub(super) fn tick(&mut self, time: Timestamp) -> Timestamp {
        let shifted = time.plus(self.shift);
        if !self.started {
            self.started = true;
            self.now = shifted;
        } else if shifted > self.now {
            self.now = shifted;
        } else {
            let back = self.now.since(shifted);
            if back > STEP_BACK {
                self.shift = self.shift.saturating_add(back);
            }
        }
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_goes_on_from_where_it_was() {
        const SECOND: i64 = 1_000_000_000;
        let mut clock = Clock::default();
        let at = |seconds: i64| Timestamp::from_nanos(seconds * SECOND);
        for (stamped, shown) in [(100, 100), (99, 100), (101, 101), (-3499, 101), (-3498, 102), (-3490, 110)]
        {
            assert_eq!(clock.tick(at(stamped)), at(shown), "stamped {stamped}");
        }
    }
}
