//! When a capture ends by itself.

use std::time::{Duration, Instant};

/// When a capture ends by itself: whichever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// After so many packets.
    pub packets: Option<u64>,
    /// After so many sessions have ended.
    pub sessions: Option<u64>,
    /// After so long by the machine's clock.
    pub duration: Option<Duration>,
    /// After so many bytes were saved.
    pub bytes: Option<u64>,
}

/// How far a capture has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) packets: u64,
    pub(super) sessions: u64,
    pub(super) begun: Instant,
    pub(super) bytes: u64,
}

impl Until {
    /// Whether it is enough.
    pub(super) fn is_reached(&self, progress: Progress) -> bool {
        let reached = |limit: Option<u64>, count: u64| limit.is_some_and(|limit| count >= limit);
        reached(self.packets, progress.packets)
            || reached(self.sessions, progress.sessions)
            || reached(self.bytes, progress.bytes)
    }

    /// Whether time is up; asked less often, because it needs the clock.
    pub(super) fn is_time_up(&self, progress: Progress) -> bool {
        self.duration.is_some_and(|duration| progress.begun.elapsed() >= duration)
    }

    /// How long there is still time, up to `patience`.
    pub(super) fn patience(&self, begun: Instant, patience: Duration) -> Duration {
        self.duration.map_or(patience, |duration| duration.saturating_sub(begun.elapsed()).min(patience))
    }
}
