//! The progress bar on standard error.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::When;

/// No bar is shown for anything shorter.
const PATIENCE: Duration = Duration::from_millis(500);

/// A progress bar that appears if reading takes long.
pub(super) struct Progress {
    state: State,
}

enum State {
    Off,
    Waiting { since: Instant },
    Shown(ProgressBar),
}

impl Progress {
    pub(super) fn new(when: When) -> Self {
        let wanted = match when {
            When::Never => false,
            // In a log file a bar would be a heap of control characters.
            When::Auto | When::Always => std::io::stderr().is_terminal(),
        };
        let state = match (wanted, when) {
            (false, _) => State::Off,
            (true, When::Always) => State::Shown(bar()),
            (true, When::Auto | When::Never) => State::Waiting { since: Instant::now() },
        };
        Self { state }
    }

    /// Shows how many bytes were read, and the total if known.
    pub(super) fn show(&mut self, (read, total): (u64, Option<u64>)) {
        if let State::Waiting { since } = self.state {
            if since.elapsed() < PATIENCE {
                return;
            }
            self.state = State::Shown(bar());
        }
        if let State::Shown(bar) = &self.state {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(read);
        }
    }

    /// Removes the bar.
    pub(super) fn clear(&mut self) {
        if let State::Shown(bar) = &self.state {
            bar.finish_and_clear();
        }
        self.state = State::Off;
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("reading {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
