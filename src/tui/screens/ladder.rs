//! One session as a sequence diagram: client, server, and the data connection beside them.

use ratatui::layout::Rect;

use super::{View, of_session};
use crate::base::Timestamp;
use crate::report::{Direction, Party, Session};
use crate::tui::canvas::{Canvas, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::effect::Table;
use crate::tui::events::{self, Event, EventKind};
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height};
use crate::tui::message::Action;
use crate::tui::screen::Screen;
use crate::tui::state::{Opened, State};
use crate::tui::summary;
use crate::tui::theme::Ink;
use crate::tui::words;

/// Idle times from here on get a row of their own, in nanoseconds.
const IDLE: i64 = words::SECOND;

/// What the ladder remembers, but for the place in the session, which it shares with the timeline.
#[derive(Debug, Default)]
pub(in crate::tui) struct Ladder {
    steps: Vec<Step>,
    /// Whether idle times are left out.
    compressed: bool,
    /// What the steps were made from.
    made_from: Option<(u64, bool)>,
    /// Whose steps they are.
    session: Option<u32>,
    top: usize,
}

/// A row of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The event of that index.
    Event(usize),
    /// Nothing happens for so many nanoseconds.
    Idle(i64),
}

impl View for Ladder {
    fn table(&self) -> Table {
        Table::Commands
    }

    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes) {
        layout::with_detail(panes, rest, by_height(state.size.1, [4, 6, 6, 10]), self.steps.len());
    }

    fn renew(&mut self, state: &mut State, data: &Data) {
        state.open(data);
        let Some(opened) = &state.opened else {
            self.steps.clear();
            self.made_from = None;
            return;
        };
        let made_from = Some((opened.version, self.compressed));
        if self.made_from != made_from {
            self.steps = steps(&opened.events, self.compressed);
            self.made_from = made_from;
        }
    }

    fn settle(&mut self, state: &mut State, panes: &Panes) {
        let height = usize::from(panes.rows.height).max(1);
        let index = state.opened.as_ref().map(|opened| opened.index);
        if self.session != index {
            // A session opens with its event a third down, so that what led to it is in sight.
            self.session = index;
            self.top = self.step_of(state.position.at).saturating_sub(height / 3);
        }
        self.top = of_session::keep(self.top, self.step_of(state.position.at), height, self.steps.len());
    }

    fn draw(&self, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw(self, state, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: Action) {
        if action == Action::Order {
            self.compressed = !self.compressed;
            state.say(if self.compressed { "idle times are left out" } else { "idle times are shown" });
        } else {
            of_session::act(state, data, action, panes.rows.height);
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        state.show(data, Screen::Timeline);
    }

    fn find(&mut self, state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        of_session::find(state, data, wanted, forward)
    }

    fn current(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn only(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn evidence(&self, state: &State, data: &Data) -> Option<(u64, String)> {
        of_session::evidence(state, data)
    }

    fn click(&mut self, state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        if !spot.is_in(panes.rows) {
            return false;
        }
        let row = usize::from(spot.y - panes.rows.y);
        if let Some(Step::Event(at)) = self.steps.get(self.top + row).copied() {
            state.go_to_event(at);
        }
        true
    }
}

impl Ladder {
    /// The row that shows an event.
    fn step_of(&self, at: usize) -> usize {
        // Rows are events in order with idle rows between: never before the event's own index.
        let rest = self.steps.get(at.min(self.steps.len())..).unwrap_or_default();
        at + rest.iter().position(|step| *step == Step::Event(at)).unwrap_or(0)
    }
}

fn steps(events: &[Event], compressed: bool) -> Vec<Step> {
    let mut steps = Vec::with_capacity(events.len());
    let mut before: Option<Timestamp> = None;
    for (at, event) in events.iter().enumerate() {
        if let Some(before) = before
            && !compressed
            && event.time.since(before) >= IDLE
        {
            steps.push(Step::Idle(event.time.since(before)));
        }
        steps.push(Step::Event(at));
        before = Some(event.time);
    }
    steps
}

fn draw(ladder: &Ladder, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
    let Some((opened, session)) = opened else {
        canvas.panel(panes.main, &[span("Ladder", Ink::Title)], &[]);
        canvas.put(panes.rows.x + 1, panes.rows.y, "no session is selected", panes.rows.width, Ink::Dim);
        return;
    };
    let user = session.user.as_ref().map(words::wire).unwrap_or_default();
    let title = [
        span(format!("#{} {} ", data.number(opened.index), words::clip(&user, 24)), Ink::Title),
        span(format!("frames {}-{}", session.frames.first, session.frames.last), Ink::Dim),
        span(format!("  {}/{}", state.position.at + 1, opened.events.len()), Ink::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let rungs = Rungs::of(panes.rows);
    heads(session, canvas, panes.head, &rungs);
    let seen = ladder.steps.iter().skip(ladder.top).take(usize::from(panes.rows.height));
    for (y, step) in (panes.rows.y..).zip(seen) {
        let area = Rect { y, height: 1, ..panes.rows };
        match *step {
            Step::Idle(nanos) => idle(canvas, area, &rungs, nanos),
            Step::Event(at) => {
                let Some(event) = opened.event(at) else { continue };
                rungs.lifelines(session, opened, canvas, y, event.time);
                Rung { state, session, opened, rungs: &rungs, area }.draw(canvas, event);
                if at == state.position.at {
                    canvas.over(Rect { width: rungs.client.saturating_sub(area.x), ..area }, Ink::Selected);
                    canvas.put(area.x, y, glyphs::SELECTED, 1, Ink::Selected);
                }
            }
        }
    }
    canvas.scrollbar(panes.rows, ladder.top, ladder.steps.len());
    of_session::draw_at_cursor(state, opened, session, canvas, panes.detail);
}

/// Where frame numbers begin; times stand before them.
const FRAME: u16 = 12;

/// Where the three lifelines stand.
struct Rungs {
    client: u16,
    server: u16,
    data: u16,
    right: u16,
}

impl Rungs {
    fn of(area: Rect) -> Self {
        let client = area.x + if area.width < 96 { FRAME + 11 } else { FRAME + 14 };
        let free = area.right().saturating_sub(client);
        let between = (free * 12 / 25).clamp(18, 50);
        let server = client + between;
        Self { client, server, data: server + (free / 8).clamp(8, 14), right: area.right() }
    }

    /// Client and server live throughout; the data connection from its SYN to its close, then in TIME_WAIT.
    fn lifelines(
        &self,
        session: &Session,
        opened: &Opened,
        canvas: &mut Canvas<'_>,
        y: u16,
        time: Timestamp,
    ) {
        canvas.cell(self.client, y, glyphs::CURSOR, Ink::Dim);
        canvas.cell(self.server, y, glyphs::CURSOR, Ink::Dim);
        let latest = opened.last_started(time).and_then(|channel| session.data_channel(channel));
        let Some(channel) = latest else { return };
        if channel.connection.as_ref().is_some_and(|connection| time <= connection.end) {
            canvas.cell(self.data, y, glyphs::DATA_LIFELINE, Ink::Mode(channel.mode));
        } else if channel.time_wait.is_some_and(|wait| time >= wait.from && time <= wait.until) {
            canvas.cell(self.data, y, glyphs::WAIT_LIFELINE, Ink::TimeWait);
        }
    }
}

fn heads(session: &Session, canvas: &mut Canvas<'_>, area: Rect, rungs: &Rungs) {
    canvas.put_right(area.x + 1, area.y, "time", FRAME - 2, Ink::Dim);
    canvas.put_right(area.x + FRAME, area.y, "frame", 8, Ink::Dim);
    let half = (rungs.server - rungs.client) / 2;
    let from = rungs.client.saturating_sub(2);
    let room = rungs.server.saturating_sub(from + 6).max(half);
    let whole = format!("client {}", session.client);
    // A part of an address says less than its port.
    let fits = words::width(&whole) <= usize::from(room);
    let client = if fits { whole } else { format!("client :{}", session.client.port) };
    canvas.put(from, area.y, &client, room, Ink::Strong);
    let server = format!("server :{}", session.server.port);
    canvas.put(rungs.server.saturating_sub(4), area.y, &server, 13, Ink::Strong);
    let x = rungs.server + 10;
    canvas.put(x, area.y, "data connection", rungs.right.saturating_sub(x), Ink::Strong);
}

fn idle(canvas: &mut Canvas<'_>, area: Rect, rungs: &Rungs, nanos: i64) {
    canvas.cell(rungs.client, area.y, glyphs::IDLE, Ink::Dim);
    canvas.cell(rungs.server, area.y, glyphs::IDLE, Ink::Dim);
    let text = format!("{} idle", words::duration(nanos));
    canvas.put(rungs.client + 2, area.y, &text, rungs.server.saturating_sub(rungs.client + 3), Ink::Dim);
}

/// One row of the ladder.
struct Rung<'a> {
    state: &'a State,
    session: &'a Session,
    opened: &'a Opened,
    rungs: &'a Rungs,
    area: Rect,
}

impl Rung<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, event: &Event) {
        let y = self.area.y;
        let time = self.state.settings.time_format.format(event.time, self.session.start);
        canvas.put_right(self.area.x + 1, y, &words::clip_start(&time, 12), FRAME - 2, Ink::Text);
        if event.frame > 0 {
            canvas.put_right(self.area.x + FRAME, y, &event.frame.to_string(), 8, Ink::Dim);
        }
        let (ink, text) = events::describe(self.session, event);
        match event.kind {
            EventKind::Command(_) => self.arrow(canvas, &text, ink, true),
            EventKind::Greeting(_) | EventKind::Unsolicited(_) => self.arrow(canvas, &text, ink, false),
            EventKind::Reply { command, .. } => {
                self.arrow(canvas, &text, ink, false);
                self.announced(canvas, event, command);
            }
            EventKind::Dialled(channel) => self.dialled(canvas, channel, ink),
            EventKind::Payload(channel) => self.payload(canvas, channel, &text, ink),
            EventKind::Closed(channel) => self.closed(canvas, channel, &text, ink),
            EventKind::Refused(_) => {
                canvas.cell(self.rungs.data, y, glyphs::FAILED, Ink::Failed);
                self.beside(canvas, "RST: refused", Ink::Failed);
            }
            EventKind::Challenged(_) | EventKind::Stranger { .. } => {
                canvas.cell(self.rungs.data, y, glyphs::PROBLEM, ink);
                self.beside(canvas, &text, ink);
            }
            EventKind::Finding(_) => self.across(canvas, &format!("{} {text}", glyphs::PROBLEM), ink),
            EventKind::Began | EventKind::Ended | EventKind::Gap(_) => self.across(canvas, &text, ink),
        }
    }

    /// Words across everything.
    fn across(&self, canvas: &mut Canvas<'_>, text: &str, ink: Ink) {
        let x = self.rungs.client + 2;
        canvas.put(x, self.area.y, text, self.rungs.right.saturating_sub(x), ink);
    }

    /// Words beside the data connection.
    fn beside(&self, canvas: &mut Canvas<'_>, text: &str, ink: Ink) {
        let x = self.rungs.data + 2;
        canvas.put(x, self.area.y, text, self.rungs.right.saturating_sub(x), ink);
    }

    /// A line of the dialogue, with the words on its shaft.
    fn arrow(&self, canvas: &mut Canvas<'_>, text: &str, ink: Ink, to_server: bool) {
        let (y, from, to) = (self.area.y, self.rungs.client, self.rungs.server);
        for x in from + 1..to {
            canvas.cell(x, y, "─", Ink::Dim);
        }
        if to_server {
            canvas.cell(from, y, "├", Ink::Dim);
            canvas.cell(to - 1, y, glyphs::TO_RIGHT, ink);
        } else {
            canvas.cell(to, y, "┤", Ink::Dim);
            canvas.cell(from + 1, y, glyphs::TO_LEFT, ink);
        }
        let room = to.saturating_sub(from + 6);
        let end = canvas.put(from + 3, y, " ", 1, ink);
        let end = canvas.put(end, y, text, room, ink);
        if end < to - 1 {
            canvas.put(end, y, " ", 1, ink);
        }
    }

    /// What the reply to a negotiation lets expect.
    fn announced(&self, canvas: &mut Canvas<'_>, event: &Event, command: u32) {
        let Some(index) = event.channel else { return };
        let Some((channel, rounded)) =
            self.session.data_channel(index).zip(self.opened.summary.channel(index))
        else {
            return;
        };
        if channel.command != Some(command) {
            return;
        }
        let x = self.rungs.server + 2;
        let room = self.rungs.right.saturating_sub(x);
        let met = channel.outcome == Some(crate::report::Outcome::Connected);
        match (details::place(self.session, &self.opened.summary, index), rounded.state.is_problem()) {
            (Some(place), _) => {
                let (mark, ink) =
                    if met { (glyphs::MATCHED, Ink::Matched) } else { (glyphs::PREDICTED, Ink::Never) };
                let text = format!("{mark} {} expects {place}", glyphs::mode_name(channel.mode));
                canvas.put(x, self.area.y, &text, room, ink);
            }
            (None, true) => {
                let text = format!(
                    "{} {} {}",
                    glyphs::FAILED,
                    glyphs::mode_name(channel.mode),
                    rounded.state.phrase()
                );
                canvas.put(x, self.area.y, &text, room, Ink::Failed);
            }
            (None, false) => {}
        }
    }

    /// A heavy line from the client to the data connection, its head where the packet goes.
    fn heavy(&self, canvas: &mut Canvas<'_>, text: &str, ink: Ink, to_client: bool) {
        let (y, from, to) = (self.area.y, self.rungs.client, self.rungs.data);
        for x in from + 1..to {
            if x != self.rungs.server {
                canvas.cell(x, y, glyphs::DATA_LINE, ink);
            }
        }
        if to_client {
            canvas.cell(from + 1, y, glyphs::TO_LEFT, ink);
        } else {
            canvas.cell(to - 1, y, glyphs::TO_RIGHT, ink);
        }
        let room = self.rungs.server.saturating_sub(from + 6);
        let end = canvas.put(from + 3, y, " ", 1, ink);
        let end = canvas.put(end, y, text, room, ink);
        if end < self.rungs.server {
            canvas.put(end, y, " ", 1, ink);
        }
    }

    fn dialled(&self, canvas: &mut Canvas<'_>, index: u32, ink: Ink) {
        let Some((channel, connection)) = self
            .session
            .data_channel(index)
            .and_then(|channel| Some((channel, channel.connection.as_deref()?)))
        else {
            return;
        };
        canvas.put(
            self.rungs.client.saturating_sub(2),
            self.area.y,
            glyphs::letter(channel.mode),
            1,
            Ink::Mode(channel.mode),
        );
        let from = summary::short_endpoint(self.session, connection.originator);
        let what = if connection.handshake { "SYN" } else { "data" };
        self.heavy(canvas, &format!("{what} from {from}"), ink, channel.active);
        canvas.cell(self.rungs.data, self.area.y, "┓", ink);
        let rounded = self.opened.summary.channel(index);
        let after = rounded.map(|rounded| words::duration(connection.start.since(rounded.announced)));
        match channel.outcome {
            Some(crate::report::Outcome::Connected) => {
                let tries = if connection.syn_attempts > 1 {
                    format!(", {} SYNs", connection.syn_attempts)
                } else {
                    String::new()
                };
                self.beside(
                    canvas,
                    &format!("connected {} later{tries}", after.unwrap_or_default()),
                    Ink::Matched,
                );
            }
            Some(crate::report::Outcome::Unanswered) => {
                self.beside(
                    canvas,
                    &format!("no answer, {} SYNs", connection.syn_attempts.max(1)),
                    Ink::Failed,
                );
            }
            Some(crate::report::Outcome::Refused) => self.beside(canvas, "refused", Ink::Failed),
            Some(crate::report::Outcome::Unused) | None => {}
        }
    }

    fn payload(&self, canvas: &mut Canvas<'_>, index: u32, text: &str, ink: Ink) {
        let transfer =
            self.opened.summary.channel(index).and_then(|rounded| self.session.transfer(rounded.transfer?));
        let to_client = transfer.is_none_or(|transfer| transfer.direction == Direction::Download);
        self.heavy(canvas, text, ink, to_client);
        canvas.cell(self.rungs.data, self.area.y, "┨", ink);
    }

    fn closed(&self, canvas: &mut Canvas<'_>, index: u32, text: &str, ink: Ink) {
        let wait = self.session.data_channel(index).and_then(|channel| channel.time_wait);
        let mark = if wait.is_some() { glyphs::WAIT_LIFELINE } else { glyphs::DOT };
        canvas.cell(self.rungs.data, self.area.y, mark, Ink::TimeWait);
        let word = text.split(':').next().unwrap_or_default();
        let room = self.rungs.data.saturating_sub(self.rungs.server + 2);
        canvas.put_right(self.rungs.server + 1, self.area.y, word, room, ink);
        let closer = self.session.data_channel(index).and_then(events::closer);
        let who = closer.map_or("both", Party::name);
        match wait {
            Some(wait) => {
                let until = words::duration(wait.until.since(wait.from));
                self.beside(canvas, &format!("{who} closes, TIME_WAIT {until}"), Ink::TimeWait);
            }
            None => self.beside(canvas, &format!("{who} closes"), ink),
        }
    }
}
