//! When a capture ends by itself.

use std::time::{Duration, Instant};

/// When a capture ends by itself: whichever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// After this many packets.
    pub packets: Option<u64>,
    /// After this many sessions have ended.
    pub sessions: Option<u64>,
    /// After this long by the machine's clock.
    pub duration: Option<Duration>,
    /// After this many bytes were saved.
    pub bytes: Option<u64>,
}

/// Progress of a capture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) packets: u64,
    pub(super) sessions: u64,
    pub(super) begun: Instant,
    pub(super) bytes: u64,
}

impl Until {
    /// Whether a count was reached.
    pub(super) fn is_reached(&self, progress: Progress) -> bool {
        let reached = |limit: Option<u64>, count: u64| limit.is_some_and(|limit| count >= limit);
        reached(self.packets, progress.packets)
            || reached(self.sessions, progress.sessions)
            || reached(self.bytes, progress.bytes)
    }

    /// Whether time is up; checked less often because it reads the clock.
    pub(super) fn is_time_up(&self, progress: Progress) -> bool {
        self.duration.is_some_and(|duration| progress.begun.elapsed() >= duration)
    }

    /// The remaining time, up to `patience`.
    pub(super) fn patience(&self, begun: Instant, patience: Duration) -> Duration {
        self.duration.map_or(patience, |duration| duration.saturating_sub(begun.elapsed()).min(patience))
    }
}
