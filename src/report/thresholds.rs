//! The thresholds of findings, in one table: each can be set, and `explain` prints those of a code.

use super::Code;
use crate::base::TimeDelta;

/// What a threshold counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Things.
    Count,
}

/// One threshold, for those who list or set it.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// Its name: that of the field.
    pub name: &'static str,
    /// Its default value.
    pub default: f64,
    /// What it counts.
    pub unit: Unit,
    /// What it decides.
    pub about: &'static str,
    /// The findings that depend on it.
    pub codes: &'static [Code],
    get: fn(&Thresholds) -> f64,
    set: fn(&mut Thresholds, f64),
}

impl Threshold {
    /// The threshold of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Thresholds::ALL.iter().find(|threshold| threshold.name == name)
    }

    /// The value as it stands there.
    pub fn of(&self, thresholds: &Thresholds) -> f64 {
        (self.get)(thresholds)
    }

    /// Sets it.
    pub fn set(&self, thresholds: &mut Thresholds, value: f64) {
        (self.set)(thresholds, value);
    }

    /// The value as people read it.
    pub fn text(&self, value: f64) -> String {
        match self.unit {
            Unit::Seconds => format!("{value} s"),
            Unit::Count => format!("{value}"),
        }
    }
}

/// What a threshold is made of, and the number that people set and read.
trait Value: Copy {
    fn number(self) -> f64;
    fn of(number: f64) -> Self;
}

impl Value for TimeDelta {
    fn number(self) -> f64 {
        self.seconds()
    }

    fn of(number: f64) -> Self {
        Self::from_seconds(number)
    }
}

impl Value for f64 {
    fn number(self) -> f64 {
        self
    }

    fn of(number: f64) -> Self {
        number
    }
}

macro_rules! value {
    (Seconds) => {
        TimeDelta
    };
    (Count) => {
        f64
    };
}

macro_rules! thresholds {
    ($($(#[doc = $about:literal])+ $name:ident: $unit:ident $default:literal, [$($code:ident),+];)*) => {
        /// The thresholds of the findings.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Thresholds {
            $($(#[doc = $about])+ pub $name: value!($unit),)*
        }

        impl Thresholds {
            /// All thresholds, in the order in which they are listed.
            pub const ALL: &'static [Threshold] = &[$(Threshold {
                name: stringify!($name),
                default: $default,
                unit: Unit::$unit,
                about: concat!($($about),+),
                codes: &[$(Code::$code),+],
                get: |thresholds| thresholds.$name.number(),
                set: |thresholds, value| thresholds.$name = Value::of(value),
            },)*];
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($name: Value::of($default),)* }
            }
        }
    };
}

thresholds! {
    /// A single SYN counts as unanswered once the capture has gone on for this long.
    answer: Seconds 3.0, [DataUnanswered, ControlUnanswered, DataHandshakeIncomplete];
    /// A client that does something else this long after its SYN has given up.
    gave_up: Seconds 1.0, [DataUnanswered, NegotiationRetried, ModeFallback];
    /// A transfer command hangs if it has had no reply for this long.
    hang: Seconds 5.0, [DataNeverAttempted];
    /// A final reply is missing if it has not come this long after the data connection closed.
    completion: Seconds 5.0, [CompletionMissing];
    /// A transfer has stalled if no payload was seen for this long.
    stall: Seconds 5.0, [TransferStalled, MtuBlackHole];
    /// A reply that takes this long is slow.
    slow_reply: Seconds 5.0, [SlowReply];
    /// A reply never came if it has not come within this time, although the connection stayed open.
    no_reply: Seconds 30.0, [SlowReply];
    /// A control connection was idle if it had no command for this long.
    idle: Seconds 60.0, [SessionTimeout, CompletionMissing, ControlLost];
    /// A listener may have given up this long after it was announced.
    listener: Seconds 20.0, [DataRefused];
    /// A failure that is reported within this time was not caused by a timeout.
    at_once: Seconds 1.0, [DataNeverAttempted];
    /// A packet that was sent again this often and never acknowledged is no accident.
    retransmissions: Count 3.0, [ControlLost, MtuBlackHole, DataHandshakeIncomplete];
    /// A packet that was sent again for this long and never acknowledged was lost for good.
    unheard: Seconds 3.0, [ControlLost];
    /// The rate of a transfer of this many bytes or more is judged.
    slow_bytes: Count 1_000_000.0, [SlowTransfer];
    /// The rate of a transfer that took this long or longer is judged.
    slow_time: Seconds 5.0, [SlowTransfer];
    /// A receiver whose window was zero for more than this share of the time, in percent, limits the rate.
    zero_window_share: Count 10.0, [SlowTransfer];
    /// If more than this share of the bytes was sent again, in percent, loss limits the rate.
    loss_share: Count 1.0, [SlowTransfer];
    /// This many rejected logins are password guessing.
    guesses: Count 5.0, [BruteForce, LoginRejected];
    /// This many different private addresses in one client's PORT commands are a scan.
    scan: Count 3.0, [BounceAttempt, AddressMismatch];
    /// This many data connections to a server must have worked before failures of others form a pattern.
    outage_worked: Count 3.0, [PartialOutage];
    /// A failed control connection is not reported if a session begins within this time.
    session_after: Seconds 60.0, [ControlUnanswered, ControlRefused];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_is_set_by_its_name_and_is_no_other() {
        for threshold in Thresholds::ALL {
            let mut changed = Thresholds::default();
            assert!((threshold.of(&changed) - threshold.default).abs() < f64::EPSILON);
            Threshold::named(threshold.name).unwrap().set(&mut changed, 77.5);
            assert_ne!(changed, Thresholds::default());
            let untouched = |other: &&Threshold| (other.of(&changed) - other.default).abs() < f64::EPSILON;
            assert_eq!(Thresholds::ALL.iter().filter(untouched).count(), Thresholds::ALL.len() - 1);
            assert!(threshold.about.ends_with('.'), "{}", threshold.name);
        }
        assert!(Threshold::named("no-such-threshold").is_none());
    }
}
