//! The terminal interface: sessions, their mode timelines, ladders, transfers, findings and ports.
//!
//! In come sessions from a [`Source`] on a thread of its own, and keys; out come screens. Keys become
//! messages (`input`, `keymap`), messages change the state (`update`), the state is drawn (`draw`,
//! `screens`); what is to be done outside comes back from `update` as an effect, and is performed here.
//!
//! **Invariant:** `update`, `draw` and the screens know no clock, thread, file or terminal; only `run` does.

mod canvas;
mod chosen;
mod commands;
mod cursor;
mod data;
mod details;
mod draw;
mod effect;
mod evidence;
mod glyphs;
mod input;
mod interface;
mod keymap;
mod layout;
mod line_editor;
mod message;
mod overlays;
mod overview;
mod palette;
mod perform;
mod recent;
mod row_filter;
mod rows;
mod scale;
mod screen;
mod screens;
mod sorting;
mod source;
mod state;
mod tabs;
mod terminal;
mod theme;
mod update;
mod words;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ratatui::crossterm::event as terminal_event;

pub use chosen::Chosen;
pub use data::Keep;
pub use effect::{ExportRequest, Exporter, Flow, SaveRequest, Saver};
pub use keymap::Keymap;
pub use screen::Screen;
pub use source::{Feed, Kept, LiveStatus, Outlet, Progress, Source, Waiting};
pub use state::Settings;
pub use theme::{ColorDepth, ThemeName};
pub use words::TimeFormat;

use crate::store::{Scratch, Shelf};
use data::Data;
use interface::Interface;
use message::Message;
use perform::Performer;

/// Batches that may wait between the source and the screen.
const QUEUE: usize = 16;
/// How long batches are taken in before the screen is drawn again.
const INTAKE: Duration = Duration::from_millis(12);
/// Between two frames while something moves.
const FRAME: Duration = Duration::from_millis(33);
/// Between two looks at signals while nothing moves.
const IDLE: Duration = Duration::from_millis(200);

/// How long a source may take to end in order.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// No wait at all would find no key either.
const AT_ONCE: Duration = Duration::from_millis(1);

/// What the interface needs besides its source.
pub struct Options {
    /// Where sessions are kept.
    pub scratch: Scratch,
    /// How many of those that are over are kept.
    pub keep: Keep,
    /// How it looks and behaves.
    pub settings: Settings,
    /// The capture files, for Wireshark.
    pub files: Vec<PathBuf>,
    /// Writes packets of sessions to a file.
    pub saver: Option<Arc<dyn Saver>>,
    /// Writes reports.
    pub exporter: Option<Arc<dyn Exporter>>,
}

/// Why the interface could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal can't be used.
    #[error("terminal: {0}")]
    Terminal(#[from] io::Error),
    /// The filter to begin with is none.
    #[error("filter: {0}")]
    Filter(String),
}

/// What is left to tell when the interface has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The last screen as text, where the user wanted it to stay.
    pub screen: Option<String>,
    /// The filters used, the newest last.
    pub history: Vec<String>,
    /// What came of files that were still being written.
    pub late: Vec<Result<String, String>>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Shows what a source finds, until the user leaves.
pub fn run(source: Box<dyn Source>, mut options: Options) -> Result<Ended, Error> {
    if let Some(exporter) = &options.exporter {
        options.settings.formats = exporter.formats();
    }
    let (sender, receiver) = sync_channel(QUEUE);
    let stop = Arc::new(AtomicBool::new(false));
    let mut screen = terminal::Screen::take(options.settings.depth, options.settings.mouse)?;
    let outlet = Outlet::new(sender, Arc::clone(&stop), Shelf::new(options.scratch));
    // It ends with the outlet: when the receiver is gone, the next thing it tells is answered by `Break`.
    let has_last_words = source.has_last_words();
    let reader = thread::Builder::new().name("source".into()).spawn(move || source.run(&outlet))?;
    let size = screen.terminal.size()?;
    let filter = options.settings.filter.clone();
    let mut interface = Interface::new(options.settings, (size.width, size.height));
    if !filter.is_empty() && !update::apply_filter(&mut interface.state, &filter) {
        let message = interface.state.flash.take().map(|flash| flash.text).unwrap_or_default();
        return Err(Error::Filter(message));
    }
    let performer = Performer::new(options.files, options.saver, options.exporter, Arc::clone(&stop));
    let (reader, data) = (Some(reader), Data::new(options.keep));
    let mut around = Loop {
        interface,
        data,
        receiver,
        reader,
        performer,
        started: Instant::now(),
        settled: (Instant::now(), Duration::ZERO),
    };
    let left = around.run(&mut screen);
    stop.store(true, Ordering::Relaxed);
    // The terminal is given back before anything is waited for.
    drop(screen);
    if has_last_words {
        around.leave_reader();
    }
    let mut ended = left?;
    if ended.signal.is_none() {
        ended.late = around.performer.wait();
    }
    ended.history = around.interface.state.settings.history;
    Ok(ended)
}

/// Everything that the loop turns around.
struct Loop {
    interface: Interface,
    data: Data,
    receiver: Receiver<Feed>,
    /// The source's thread, until it was seen to end.
    reader: Option<JoinHandle<()>>,
    performer: Performer,
    started: Instant,
    /// When the sessions were last put in order, and how long to leave them after that.
    settled: (Instant, Duration),
}

impl Loop {
    fn run(&mut self, screen: &mut terminal::Screen) -> Result<Ended, Error> {
        let mut dirty = true;
        loop {
            dirty |= self.take_in();
            if let Some(trouble) = self.data.trouble() {
                self.change(Message::Done(Err(trouble)));
                dirty = true;
            }
            for done in self.performer.finished() {
                self.change(Message::Done(done));
                dirty = true;
            }
            if dirty {
                self.measure(screen)?;
                let (interface, data) = (&self.interface, &self.data);
                screen.terminal.draw(|frame| draw::draw(interface, data, frame))?;
                dirty = false;
            }
            if let Some(signal) = screen.signal() {
                return Ok(Ended { signal: Some(signal), ..Ended::default() });
            }
            if screen.take_suspension() {
                screen.suspend()?;
                dirty = true;
                continue;
            }
            if screen.take_resumption() {
                screen.redraw()?;
                dirty = true;
                continue;
            }
            let busy = update::is_busy(&self.interface, &self.data);
            let wait = if busy {
                AT_ONCE
            } else if self.data.progress().finished
                && self.interface.state.flash.is_none()
                && !self.performer.is_busy()
            {
                IDLE
            } else {
                FRAME
            };
            // All that is waiting is taken before the next frame, so that a held key never lags behind.
            let mut wait = wait;
            let mut taken = 0;
            while taken < 64 && terminal_event::poll(wait)? {
                wait = AT_ONCE;
                taken += 1;
                let event = terminal_event::read()?;
                self.tick();
                let Some(message) = input::message(&self.interface.state, event) else { continue };
                dirty = true;
                if let Some(effect) = self.change(message) {
                    if let effect::Effect::Quit { keep } = effect {
                        let screen = keep.then(|| self.screen_text(screen));
                        return Ok(Ended { screen, ..Ended::default() });
                    }
                    if let Some(done) = self.performer.perform(effect, screen, &self.data)? {
                        self.change(Message::Done(done));
                    }
                }
            }
            dirty |= self.tick() || busy;
        }
    }

    /// Waits for the source to end, but not for ever.
    fn leave_reader(&mut self) {
        let begun = Instant::now();
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) && begun.elapsed() < LAST_WORDS
        {
            // What it still tells is of no use to anybody, but it must not wait for that.
            _ = self.receiver.recv_timeout(FRAME);
        }
    }

    /// Sees to it that what is laid out fits what is drawn on.
    fn measure(&mut self, screen: &terminal::Screen) -> io::Result<()> {
        let size = screen.terminal.size()?;
        if self.interface.state.size != (size.width, size.height) {
            self.change(Message::Resize { width: size.width, height: size.height });
        }
        Ok(())
    }

    fn change(&mut self, message: Message) -> Option<effect::Effect> {
        update::update(&mut self.interface, &self.data, message)
    }

    /// Takes in what the source tells, for a little while; whether there was anything.
    fn take_in(&mut self) -> bool {
        let begin = Instant::now();
        let mut any = false;
        while begin.elapsed() < INTAKE {
            match self.receiver.try_recv() {
                Ok(feed) => {
                    any = true;
                    let changed = self.data.take(feed);
                    self.change(Message::Fed(changed));
                }
                Err(TryRecvError::Disconnected) => {
                    // The source ended; where it did not say how, nothing more will come all the same.
                    let reason = self.reader.take().and_then(|reader| reader.join().err());
                    if !self.data.progress().finished {
                        let reason = reason.as_deref().map_or("no reason is known", perform::reason);
                        let changed =
                            self.data.take(Feed::Failed(format!("reading ended unexpectedly: {reason}")));
                        self.change(Message::Fed(changed));
                        any = true;
                    }
                    break;
                }
                Err(TryRecvError::Empty) => break,
            }
        }
        any | self.settle()
    }

    /// Puts the sessions in order, unless that was done a moment ago; whether it did. It may take an eighth
    /// of the time.
    fn settle(&mut self) -> bool {
        let (last, pause) = self.settled;
        if self.data.is_settled() || last.elapsed() < pause && !self.data.progress().finished {
            return false;
        }
        let begin = Instant::now();
        self.data.settle();
        self.tick();
        self.settled = (Instant::now(), (begin.elapsed() * 8).max(Duration::from_millis(100)));
        true
    }

    /// Tells the state the time; whether anything in sight goes with it.
    fn tick(&mut self) -> bool {
        let flashing = self.interface.state.flash.is_some();
        let before = self.interface.state.now.as_millis() / 200;
        self.change(Message::Tick(self.started.elapsed()));
        let turned = before != self.interface.state.now.as_millis() / 200;
        flashing != self.interface.state.flash.is_some() || turned && !self.data.progress().finished
    }

    /// The screen as plain text.
    fn screen_text(&self, screen: &mut terminal::Screen) -> String {
        let mut text = String::new();
        let (interface, data) = (&self.interface, &self.data);
        if let Ok(frame) = screen.terminal.draw(|frame| draw::draw(interface, data, frame)) {
            let area = frame.area;
            for y in area.top()..area.bottom() {
                let mut line = String::new();
                for x in area.left()..area.right() {
                    line.push_str(frame.buffer.cell((x, y)).map_or(" ", ratatui::buffer::Cell::symbol));
                }
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }
}
