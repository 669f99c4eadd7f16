//! The interface as a whole, without a terminal: messages in, screens out.

mod fixture;
mod screens;
mod steps;
mod walk;

/// What the fixture is written in.
mod words {
    pub(super) use crate::base::*;
    pub(super) use crate::ftp::Verb;
    pub(super) use crate::report::*;
}

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::data::{Data, Keep};
use super::effect::Effect;
use super::interface::Interface;
use super::message::Message;
use super::source::{Feed, Kept};
use super::state::Settings;
use super::{draw, input, update};
use crate::report::Session;
use crate::store::{Scratch, Shelf};

/// The interface on a terminal that is only in memory.
struct Bench {
    interface: Interface,
    data: Data,
    shelf: Shelf,
    effects: Vec<Effect>,
}

impl Bench {
    /// With the fixture's sessions, all read.
    fn new(width: u16, height: u16) -> Self {
        Self::with(&fixture::sessions(), width, height)
    }

    fn with(sessions: &[Session], width: u16, height: u16) -> Self {
        let settings = Settings { title: "incident.pcapng.zst".into(), mouse: true, ..Settings::default() };
        let mut bench = Self::empty(settings, (width, height));
        bench.add(sessions);
        let (capture, findings) = fixture::capture();
        bench.feed(Feed::Finished { capture: Box::new(capture), findings });
        bench.calm();
        bench
    }

    /// Of which nothing was read yet.
    fn empty(settings: Settings, size: (u16, u16)) -> Self {
        Self {
            interface: Interface::new(settings, size),
            data: Data::new(Keep::default()),
            shelf: Shelf::new(Scratch::open(None)),
            effects: Vec::new(),
        }
    }

    /// Sessions that are over.
    fn add(&mut self, sessions: &[Session]) {
        let kept = sessions.iter().map(|session| Kept::new(session, &self.shelf).unwrap());
        self.feed(Feed::Sessions(kept.collect()));
    }

    fn feed(&mut self, feed: Feed) {
        let changed = self.data.take(feed);
        self.data.settle();
        self.send(Message::Fed(changed));
    }

    fn send(&mut self, message: Message) {
        self.effects.extend(update::update(&mut self.interface, &self.data, message));
    }

    /// Lets time pass until nothing is left to do.
    fn calm(&mut self) {
        while update::is_busy(&self.interface, &self.data) {
            let now = self.interface.state.now + Duration::from_millis(1);
            self.send(Message::Tick(now));
        }
    }

    /// Presses keys as a person would: names for the special ones, everything else letter by letter.
    fn press(&mut self, keys: &[&str]) {
        for key in keys {
            let code = match *key {
                "Enter" => KeyCode::Enter,
                "Esc" => KeyCode::Esc,
                "Tab" => KeyCode::Tab,
                "Down" => KeyCode::Down,
                "Up" => KeyCode::Up,
                "Left" => KeyCode::Left,
                "Right" => KeyCode::Right,
                "PgDn" => KeyCode::PageDown,
                "End" => KeyCode::End,
                "F2" => KeyCode::F(2),
                "S-Right" => {
                    self.event(Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT)));
                    continue;
                }
                "C-c" | "C-f" | "C-s" | "C-z" => {
                    let letter = key.chars().last().unwrap();
                    self.event(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
                    continue;
                }
                text => {
                    for letter in text.chars() {
                        self.event(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
                    }
                    continue;
                }
            };
            self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    fn event(&mut self, event: Event) {
        if let Some(message) = input::message(&self.interface.state, event) {
            self.send(message);
        }
        self.calm();
    }

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row);
    }

    fn buffer(&self) -> Buffer {
        self.buffer_of(self.interface.state.size)
    }

    fn buffer_of(&self, (width, height): (u16, u16)) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw::draw(&self.interface, &self.data, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text.
    fn screen(&self) -> String {
        text(&self.buffer())
    }

    /// The first screen row with a text in it, and its place there.
    fn find(&self, wanted: &str) -> Option<(u16, u16)> {
        let screen = self.screen();
        let found = screen.lines().enumerate().find_map(|(y, line)| {
            let (before, _) = line.split_once(wanted)?;
            Some((before.chars().count(), y))
        });
        found.map(|(x, y)| (u16::try_from(x).unwrap(), u16::try_from(y).unwrap()))
    }

    #[track_caller]
    fn shows(&self, wanted: &str) {
        let screen = self.screen();
        assert!(screen.contains(wanted), "no '{wanted}' in\n{screen}");
    }

    #[track_caller]
    fn hides(&self, wanted: &str) {
        let screen = self.screen();
        assert!(!screen.contains(wanted), "'{wanted}' in\n{screen}");
    }
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = super::words::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
