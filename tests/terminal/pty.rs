//! A terminal without a window: the program runs in a pseudo-terminal, and what it draws is read off a screen
//! in memory.
//!
//! Nothing here sleeps for a fixed time: a test waits until the screen shows what it should, for as long as a
//! loaded machine may take.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take that should take a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, in a terminal.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Shown>,
    /// How the terminal was set up before the program began, as text.
    before: String,
}

/// What the terminal shows.
struct Shown {
    parser: Mutex<vt100::Parser>,
    changed: Condvar,
    /// Whether the window is being closed.
    closing: AtomicBool,
    /// Whether nobody reads any more.
    deaf: AtomicBool,
}

impl Terminal {
    /// Runs ftpscope in a terminal of this size.
    pub(crate) fn open(size: (u16, u16), arguments: &[&str]) -> Self {
        let mut command = ftpscope();
        command.args(arguments);
        Self::run(size, command)
    }

    /// Runs a command in a terminal of this size.
    pub(crate) fn run((columns, rows): (u16, u16), command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = format!("{:?}", pair.master.get_termios().unwrap());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shown = Arc::new(Shown {
            parser: Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 1000)),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
        });
        let mut reader = pair.master.try_clone_reader().unwrap();
        let read = Arc::clone(&shown);
        thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut bytes)
                && !read.closing.load(Ordering::Relaxed)
            {
                read.parser.lock().unwrap().process(&bytes[..count]);
                read.changed.notify_all();
                while read.deaf.load(Ordering::Relaxed) {
                    thread::park();
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { master: Some(pair.master), writer: Some(writer), child, shown, before }
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.ask(vt100::Screen::contents)
    }

    /// Asks something of the screen.
    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&vt100::Screen) -> T) -> T {
        ask(self.shown.parser.lock().unwrap().screen())
    }

    /// Waits until something is so on the screen; how long that took.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> Duration {
        let begun = Instant::now();
        let mut parser = self.shown.parser.lock().unwrap();
        while !is_so(parser.screen()) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let contents = parser.screen().contents();
                drop(parser);
                panic!("waited in vain for {what}; on the screen:\n{contents}");
            }
            parser = self.shown.changed.wait_timeout(parser, left).unwrap().0;
        }
        begun.elapsed()
    }

    /// Waits until the screen shows a text; how long that took.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> Duration {
        self.wait(&format!("{text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until the screen does not show a text any more; how long that took.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> Duration {
        self.wait(&format!("no {text:?}"), |screen| !screen.contents().contains(text))
    }

    /// Whether something becomes so on the screen within a time.
    pub(crate) fn changes(&self, patience: Duration, is_so: impl Fn(&vt100::Screen) -> bool) -> bool {
        let parser = self.shown.parser.lock().unwrap();
        let waited =
            self.shown.changed.wait_timeout_while(parser, patience, |parser| !is_so(parser.screen()));
        !waited.unwrap().1.timed_out()
    }

    /// Makes the window larger or smaller.
    pub(crate) fn resize(&self, (columns, rows): (u16, u16)) {
        self.shown.parser.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    /// From now on nobody reads what the program writes.
    pub(crate) fn stop_reading(&self) {
        self.shown.deaf.store(true, Ordering::Relaxed);
    }

    /// Closes the window.
    pub(crate) fn close(&mut self) {
        self.shown.closing.store(true, Ordering::Relaxed);
        // The reader waits for bytes; so that it sees that it is over, the program draws once more.
        self.press("\x0c");
        self.writer = None;
        self.master = None;
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// Lets the program go on as `fg` does, until it is back: it may not have stopped yet when it is told to
    /// go on.
    #[track_caller]
    pub(crate) fn resume(&self) {
        let begun = Instant::now();
        while !self.changes(Duration::from_millis(20), vt100::Screen::alternate_screen) {
            assert!(begun.elapsed() < PATIENCE, "it does not come back; on the screen:\n{}", self.text());
            self.signal(Signal::SIGCONT);
        }
    }

    /// Waits until the program has ended by itself.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.end_within(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn end_within(&mut self, patience: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < patience, "it does not end; on the screen:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Expects that the terminal is as it was before the program began.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        // What the program wrote last may still be on its way through the reader.
        self.wait("the terminal to be given back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        self.keys_are_given_back();
    }

    /// Expects that keys do again what they did before the program began.
    #[track_caller]
    pub(crate) fn keys_are_given_back(&self) {
        if let Some(master) = &self.master {
            assert_eq!(format!("{:?}", master.get_termios().unwrap()), self.before);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, in surroundings where nothing of the caller's decides how it behaves.
pub(crate) fn ftpscope() -> CommandBuilder {
    usual(CommandBuilder::new(env!("CARGO_BIN_EXE_ftpscope")))
}

/// A command in the usual surroundings.
pub(crate) fn usual(mut command: CommandBuilder) -> CommandBuilder {
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "COLORTERM", "LC_CTYPE", "SSLKEYLOGFILE", "DISPLAY"] {
        command.env_remove(variable);
    }
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// A sample's path.
pub(crate) fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).to_string_lossy().into_owned()
}
