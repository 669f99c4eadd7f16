//! Ctrl-C and other signals while a report is made.
//!
//! If standard input is read, its writer gets the same signal and ends, which ends the capture, and the report
//! covers what was captured. Otherwise the signal stops reading, and there is no report. A second signal ends the
//! program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::ExitStatus;

/// Whether SIGHUP is ignored, as under nohup: then it must not be caught.
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set >> SIGHUP.saturating_sub(1) & 1 == 1)
}

/// Whether the user wants to stop.
pub(super) struct Interrupts {
    raised: Arc<AtomicBool>,
    /// Whether the input ends on the same signal.
    awaits_end_of_input: bool,
}

impl Interrupts {
    /// Listens for signals from now on.
    pub(super) fn watch(reads_standard_input: bool) -> io::Result<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        let hang_up = (!is_hang_up_ignored()).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up) {
            flag::register_conditional_shutdown(signal, ExitStatus::Interrupted as i32, Arc::clone(&raised))?;
            flag::register(signal, Arc::clone(&raised))?;
        }
        Ok(Self { raised, awaits_end_of_input: reads_standard_input })
    }

    /// Whether to stop now.
    pub(super) fn stop(&self) -> bool {
        !self.awaits_end_of_input && self.raised.load(Ordering::Relaxed)
    }
}
