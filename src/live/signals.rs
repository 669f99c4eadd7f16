//! Signals: Ctrl-C and SIGTERM end the capture, a second one ends the program, SIGHUP reopens the output.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status after a second Ctrl-C, as shells have it.
const INTERRUPTED: i32 = 130;

/// What signals asked for.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    stop: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Catches signals from now on.
    pub fn catch() -> io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag;
        let signals = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag unset, the second does not.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&signals.stop))?;
            flag::register(signal, Arc::clone(&signals.stop))?;
        }
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGHUP, Arc::clone(&signals.reopen))?;
        Ok(signals)
    }

    /// Whether the capture is to end.
    pub(super) fn is_stop_wanted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether the output should be reopened; true once per signal.
    pub(super) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
