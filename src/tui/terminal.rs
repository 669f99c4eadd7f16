//! The terminal, taken and given back.
//!
//! **Invariant:** however the interface ends (by key, error, panic or signal) the terminal is as it was.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{panic, thread};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::{DefaultTerminal, Terminal, crossterm};

use super::theme::ColorDepth;

/// The terminal while the interface has it.
pub(super) struct Screen {
    pub(super) terminal: DefaultTerminal,
    signalled: Arc<AtomicBool>,
    #[cfg(unix)]
    watch: signal_hook::iterator::Handle,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: alternate screen, raw keys, a panic hook and a watch over signals that lead back.
    pub(super) fn take(depth: ColorDepth, mouse: bool) -> io::Result<Self> {
        // Under NO_COLOR crossterm would write a bare reset in the place of every colour, and with it end reversed video:
        // the selection would not be seen. So it is told to write colours; the theme's are all the terminal's own.
        if depth == ColorDepth::None {
            crossterm::style::force_color_output(true);
        }
        // A panic of this thread is told on the screen that was before; that of another one is told by its end.
        let (here, told) = (thread::current().id(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == here {
                give_back();
                told(panic);
            }
        }));
        let terminal = enter()?;
        let signalled = Arc::new(AtomicBool::new(false));
        let mut screen = Self {
            terminal,
            #[cfg(unix)]
            watch: signals::watch(Arc::clone(&signalled))?,
            signalled,
            mouse: false,
        };
        screen.set_mouse(mouse)?;
        Ok(screen)
    }

    /// Whether a signal asked to end.
    pub(super) fn is_signalled(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
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

    /// Goes behind the shell, and comes back when the shell says so.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.terminal = enter()?;
        let mouse = std::mem::take(&mut self.mouse);
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
        #[cfg(unix)]
        self.watch.close();
        give_back();
        // Back to the hook that prints; the one that was there before moved into ours.
        if !thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

/// Raw keys, and the alternate screen.
fn enter() -> io::Result<DefaultTerminal> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

/// Gives the terminal back, as far as that can be done: nothing can be done about one that is gone.
fn give_back() {
    _ = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    _ = disable_raw_mode();
    _ = io::stdout().flush();
}

#[cfg(unix)]
mod signals {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};

    /// How long the interface has to end in order after a signal.
    const GRACE: Duration = Duration::from_millis(800);

    /// Notes signals that ask to end. Where the interface does not follow in time (it may hang on a terminal that is
    /// gone, whose end of file its reader takes for a pause), gives the terminal back from here and lets the signal
    /// do what it does by default.
    pub(super) fn watch(signalled: Arc<AtomicBool>) -> io::Result<Handle> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let closed = signals.handle();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                signalled.store(true, Ordering::Relaxed);
                thread::sleep(GRACE);
                if closed.is_closed() {
                    return;
                }
                super::give_back();
                // It ends the process; where it can't, the next signal comes here again.
                _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
        Ok(handle)
    }
}
