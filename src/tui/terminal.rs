//! The terminal, taken and given back.
//!
//! **Invariant:** however the interface ends (by key, error, panic or signal) the terminal is as it was.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::{panic, thread};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::{Position, Rect};
use ratatui::{Terminal, crossterm};

use super::palette::Palette;
use super::theme::ColorDepth;

/// What the interface is drawn on.
pub(super) type Canvas = Terminal<CrosstermBackend<Palette<io::Stdout>>>;

/// The terminal while the interface has it.
pub(super) struct Screen {
    pub(super) terminal: Canvas,
    depth: ColorDepth,
    asked: Arc<Asked>,
    mouse: bool,
}

/// What signals asked for, and whether they still have to.
#[derive(Debug, Default)]
struct Asked {
    /// The signal that asked to end; 0 while none has.
    ending: AtomicI32,
    suspension: Arc<AtomicBool>,
    resumption: Arc<AtomicBool>,
    /// From then on signals do again what they do by default.
    given_back: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal: alternate screen, raw keys, a panic hook and a watch over signals that lead back.
    pub(super) fn take(depth: ColorDepth, mouse: bool) -> io::Result<Self> {
        // Under NO_COLOR crossterm would write a bare reset in the place of every colour, and with it end
        // reversed video: the selection would not be seen. So colours are forced on; the theme then only uses
        // the terminal's own.
        if depth == ColorDepth::None {
            crossterm::style::force_color_output(true);
        }
        // A panic of this thread is reported on the normal screen; that of another thread when it is joined.
        let (here, previous_hook) = (thread::current().id(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == here {
                give_back();
                previous_hook(panic);
            }
        }));
        let terminal = enter(depth)?;
        let asked = Arc::new(Asked::default());
        let mut screen = Self { terminal, depth, asked: Arc::clone(&asked), mouse: false };
        #[cfg(unix)]
        signals::watch(&asked)?;
        screen.set_mouse(mouse)?;
        Ok(screen)
    }

    /// The signal that asked to end.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.asked.ending.load(Ordering::Relaxed)).filter(|&signal| signal > 0)
    }

    /// Whether a signal asked to go behind the shell; asked once for each time.
    pub(super) fn take_suspension(&self) -> bool {
        self.asked.suspension.swap(false, Ordering::Relaxed)
    }

    /// Whether somebody let the process go on, and may have drawn on the terminal meanwhile; asked once for
    /// each time.
    pub(super) fn take_resumption(&self) -> bool {
        self.asked.resumption.swap(false, Ordering::Relaxed)
    }

    /// Redraws everything next time. Asks the terminal nothing: one that does not answer is waited for, for
    /// seconds.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
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

    /// Suspends the process, and resumes when the shell continues it.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.terminal = enter(self.depth)?;
        let mouse = std::mem::take(&mut self.mouse);
        self.set_mouse(mouse)?;
        self.redraw()
    }

    #[cfg(not(unix))]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.redraw()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        #[cfg(unix)]
        self.asked.given_back.store(true, Ordering::Relaxed);
        // Back to the hook that prints; the one that was there before moved into ours.
        if !thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

/// Raw keys, and the alternate screen.
fn enter(depth: ColorDepth) -> io::Result<Canvas> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    Terminal::new(CrosstermBackend::new(Palette::new(io::stdout(), depth == ColorDepth::Sixteen)))
}

/// Gives the terminal back, as far as that can be done: nothing can be done about one that is gone.
fn give_back() {
    // First what must not block: writing may, where nobody reads the terminal's output.
    _ = disable_raw_mode();
    _ = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    _ = io::stdout().flush();
}

#[cfg(unix)]
mod signals {
    use std::fs::File;
    use std::io::{self, IsTerminal as _};
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;

    use super::Asked;

    /// How long the interface has to end in order after a signal.
    const GRACE: Duration = Duration::from_millis(800);
    /// How long the terminal has to take what gives it back.
    const LAST_WORDS: Duration = Duration::from_millis(200);
    /// Between two looks at whether anybody still asks for the terminal, in milliseconds.
    const LOOK: u16 = 1000;

    /// Notes signals.
    pub(super) fn watch(asked: &Arc<Asked>) -> io::Result<()> {
        const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
        for signal in ENDING {
            flag::register_conditional_default(signal, Arc::clone(&asked.given_back))?;
        }
        flag::register(SIGTSTP, Arc::clone(&asked.suspension))?;
        flag::register(SIGCONT, Arc::clone(&asked.resumption))?;
        let mut signals = Signals::new(ENDING)?;
        let noted = Arc::clone(asked);
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                end(&noted, signal);
            }
        })?;
        let noted = Arc::clone(asked);
        thread::Builder::new().name("hangup".into()).spawn(move || {
            if hangs_up(&noted) {
                end(&noted, SIGHUP);
            }
        })?;
        Ok(())
    }

    /// Asks the interface to end. Where it does not follow in time (it may hang on a terminal that is gone,
    /// whose end of file its reader takes for a pause, or that takes no more bytes), gives the terminal back
    /// from here and lets the signal do what it does by default.
    fn end(asked: &Asked, signal: i32) {
        asked.ending.store(signal, Ordering::Relaxed);
        thread::sleep(GRACE);
        if asked.given_back.load(Ordering::Relaxed) {
            return;
        }
        // A thread that hangs may hold a lock that this needs.
        let (sender, receiver) = channel();
        _ = thread::Builder::new().name("give back".into()).spawn(move || {
            super::give_back();
            _ = sender.send(());
        });
        _ = receiver.recv_timeout(LAST_WORDS);
        // It ends the process; where it can't, the next signal comes here again.
        _ = signal_hook::low_level::emulate_default_handler(signal);
    }

    /// Waits until the terminal is gone; false where that can't be seen, or matters no more.
    fn hangs_up(asked: &Asked) -> bool {
        let stdin = io::stdin();
        let terminal = if stdin.is_terminal() { None } else { File::open("/dev/tty").ok() };
        let fd = terminal.as_ref().map_or_else(|| stdin.as_fd(), AsFd::as_fd);
        while !asked.given_back.load(Ordering::Relaxed) {
            // POLLHUP is reported without being requested.
            let mut fds = [PollFd::new(fd, PollFlags::empty())];
            match poll(&mut fds, PollTimeout::from(LOOK)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => {}
                Ok(_) => {
                    let reported = fds.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
                    return reported.contains(PollFlags::POLLHUP);
                }
                Err(_) => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Set where this program is the one in the pseudo-terminal.
    const INSIDE: &str = "FTPSCOPE_TEST_PANIC";

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_told_after_that() {
        if std::env::var_os(INSIDE).is_some() {
            let _screen = Screen::take(ColorDepth::Sixteen, true).unwrap();
            panic!("out of ideas");
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let before = format!("{:?}", pair.master.get_termios().unwrap());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", "--test-threads=1"]);
        command.arg("tui::terminal::tests::a_panic_gives_the_terminal_back_and_is_told_after_that");
        command.env(INSIDE, "1");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut written = Vec::new();
        // Where the other end is gone, some systems have an error for the end.
        _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut written);
        assert!(!child.wait().unwrap().success());
        assert_eq!(format!("{:?}", pair.master.get_termios().unwrap()), before);
        let written = String::from_utf8_lossy(&written);
        let place = |text: &str| written.find(text).unwrap_or_else(|| panic!("no {text:?} in {written:?}"));
        let (entered, left) = (place("\x1b[?1049h"), place("\x1b[?1049l"));
        assert!(entered < left && left < place("out of ideas"), "{written:?}");
        for mode in ["\x1b[?1000l", "\x1b[?2004l", "\x1b[?25h"] {
            assert!(place(mode) < place("out of ideas"), "{written:?}");
        }
    }
}
