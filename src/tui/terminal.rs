//! The terminal, taken and given back.
//!
//! **Invariant:** however the interface ends (by key, error, panic or signal) the terminal is as it was.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::execute;
use ratatui::{DefaultTerminal, crossterm};

use super::theme::ColorDepth;

/// The terminal while the interface has it.
pub(super) struct Screen {
    pub(super) terminal: DefaultTerminal,
    signals: Arc<AtomicBool>,
    mouse: bool,
}

/// The signals that end the interface in order.
#[cfg(unix)]
const ENDING: [i32; 3] =
    [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const ENDING: [i32; 1] = [signal_hook::consts::SIGINT];

impl Screen {
    /// Takes the terminal: alternate screen, raw keys, a panic hook and signal flags that lead back.
    pub(super) fn take(depth: ColorDepth, mouse: bool) -> io::Result<Self> {
        // Under NO_COLOR crossterm would write a bare reset in the place of every colour, and with it end reversed video:
        // the selection would not be seen. So it is told to write colours; the theme's are all the terminal's own.
        if depth == ColorDepth::None {
            crossterm::style::force_color_output(true);
        }
        let signals = Arc::new(AtomicBool::new(false));
        for signal in ENDING {
            signal_hook::flag::register(signal, Arc::clone(&signals))?;
        }
        let terminal = ratatui::try_init()?;
        let mut screen = Self { terminal, signals, mouse: false };
        execute!(io::stdout(), EnableBracketedPaste)?;
        screen.set_mouse(mouse)?;
        Ok(screen)
    }

    /// Whether a signal asked to end.
    pub(super) fn is_signalled(&self) -> bool {
        self.signals.load(Ordering::Relaxed)
    }

    /// Listens to the mouse, or leaves it to the terminal.
    pub(super) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        if on == self.mouse {
            return Ok(());
        }
        self.mouse = on;
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back, as far as that can be done.
    pub(super) fn give_back(&mut self) {
        // Nothing can be done about a terminal that is gone.
        _ = self.set_mouse(false);
        _ = execute!(io::stdout(), DisableBracketedPaste, crossterm::cursor::Show);
        ratatui::restore();
        _ = io::stdout().flush();
    }

    /// Goes behind the shell, and comes back when the shell says so.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        let mouse = self.mouse;
        self.give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.terminal = ratatui::try_init()?;
        execute!(io::stdout(), EnableBracketedPaste)?;
        self.set_mouse(mouse)?;
        self.terminal.clear()
    }

    #[cfg(not(unix))]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}
