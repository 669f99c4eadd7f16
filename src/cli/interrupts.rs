//! Ctrl-C and its kin while a report is made.
//!
//! Where standard input is read, the one who writes to it gets the same signal, ends, and so ends the capture: the
//! report is then made of what came. Elsewhere the signal ends the work in good order. A second signal ends the program
//! at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::verdict::Verdict;

/// Whether the user wants to stop.
pub(super) struct Interrupts {
    raised: Arc<AtomicBool>,
    /// Whether the input ends by itself.
    awaits_end_of_input: bool,
}

impl Interrupts {
    /// Listens for signals from now on.
    pub(super) fn watch(reads_standard_input: bool) -> io::Result<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, Verdict::Interrupted as i32, Arc::clone(&raised))?;
            flag::register(signal, Arc::clone(&raised))?;
        }
        Ok(Self { raised, awaits_end_of_input: reads_standard_input })
    }

    /// Whether to stop now.
    pub(super) fn stop(&self) -> bool {
        !self.awaits_end_of_input && self.raised.load(Ordering::Relaxed)
    }
}
