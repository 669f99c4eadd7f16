//! Draws the ladder: three lifelines, and between them an arrow or a note for each event.

use ratatui::layout::Rect;

use super::{Ladder, Step};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::picture::channels;
use crate::picture::events::{self, Event, EventKind};
use crate::report::{ChannelIndex, ChannelState, CommandIndex, DataChannel, Direction, Party, Session};
use crate::tui::canvas::{Canvas, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::glyphs;
use crate::tui::layout::Panes;
use crate::tui::screens::of_session;
use crate::tui::state::{Opened, State};
use crate::tui::theme::Role;
use crate::tui::words;

pub(super) fn draw(ladder: &Ladder, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
    let Some((opened, session)) = opened else {
        canvas.panel(panes.main, &[span("Ladder", Role::Title)], &[]);
        canvas.put(panes.rows.x + 1, panes.rows.y, "no session is selected", panes.rows.width, Role::Dim);
        return;
    };
    let session = &*session;
    let user = session.user.as_ref().map(words::wire).unwrap_or_default();
    let title = [
        span(format!("#{} {} ", data.number(opened.index), words::clip(&user, 24)), Role::Title),
        span(format!("frames {}-{}", session.frames.first, session.frames.last), Role::Dim),
        span(format!("  {}/{}", state.position.at + 1, opened.events.len()), Role::Text),
        span(if session.limited.is_empty() { "" } else { "  incomplete" }, Role::Bad),
    ];
    canvas.panel(panes.main, &title, &[]);
    let lifelines = Lifelines::of(panes.rows);
    lifeline_heads(session, canvas, panes.head, &lifelines);
    let seen = ladder.steps.iter().skip(ladder.top).take(usize::from(panes.rows.height));
    for (y, step) in (panes.rows.y..).zip(seen) {
        let area = Rect { y, height: 1, ..panes.rows };
        match *step {
            Step::Idle(time) => idle(canvas, area, &lifelines, time),
            Step::Event(at) => {
                let Some(event) = opened.event(at) else { continue };
                lifelines.draw(session, opened, canvas, y, event.time);
                Row { state, session, opened, lifelines: &lifelines, area }.draw(canvas, event);
                if at == state.position.at {
                    canvas.restyle(
                        Rect { width: lifelines.client.saturating_sub(area.x), ..area },
                        Role::Selected,
                    );
                    canvas.put(area.x, y, glyphs::SELECTED, 1, Role::Selected);
                }
            }
        }
    }
    canvas.scrollbar(panes.rows, ladder.top, ladder.steps.len());
    of_session::draw_at_cursor(state, opened, session, canvas, panes.detail);
}

/// The column where frame numbers begin, to the right of the times.
const FRAME: u16 = 12;

/// The columns of the three lifelines, and the right edge.
struct Lifelines {
    client: u16,
    server: u16,
    data: u16,
    right: u16,
}

impl Lifelines {
    fn of(area: Rect) -> Self {
        let client = area.x + if area.width < 96 { FRAME + 11 } else { FRAME + 14 };
        let free = area.right().saturating_sub(client);
        let between = (free * 12 / 25).clamp(18, 50);
        let server = client + between;
        Self { client, server, data: server + (free / 8).clamp(8, 14), right: area.right() }
    }

    /// Draws the lifelines of one row. Those of client and server never end; the data connection has one from
    /// its SYN to its close, and another while the pair is in TIME_WAIT.
    fn draw(&self, session: &Session, opened: &Opened, canvas: &mut Canvas<'_>, y: u16, time: Timestamp) {
        canvas.cell(self.client, y, glyphs::CURSOR, Role::Dim);
        canvas.cell(self.server, y, glyphs::CURSOR, Role::Dim);
        let latest = opened.last_started(time).and_then(|channel| session.data_channel(channel));
        let Some(channel) = latest else { return };
        if channel.connection().is_some_and(|connection| time <= connection.end) {
            canvas.cell(self.data, y, glyphs::DATA_LIFELINE, Role::Mode(channel.mode()));
        } else if channel.time_wait().is_some_and(|wait| time >= wait.from && time <= wait.until) {
            canvas.cell(self.data, y, glyphs::WAIT_LIFELINE, Role::TimeWait);
        }
    }
}

fn lifeline_heads(session: &Session, canvas: &mut Canvas<'_>, area: Rect, lifelines: &Lifelines) {
    canvas.put_right(area.x + 1, area.y, "time", FRAME - 2, Role::Dim);
    canvas.put_right(area.x + FRAME, area.y, "frame", 8, Role::Dim);
    let half = (lifelines.server - lifelines.client) / 2;
    let from = lifelines.client.saturating_sub(2);
    let room = lifelines.server.saturating_sub(from + 6).max(half);
    let whole = format!("client {}", session.client);
    // A clipped address would hide the port, which matters more.
    let fits = words::width(&whole) <= usize::from(room);
    let client = if fits { whole } else { format!("client :{}", session.client.port) };
    canvas.put(from, area.y, &client, room, Role::Strong);
    let server = format!("server :{}", session.server.port);
    canvas.put(lifelines.server.saturating_sub(4), area.y, &server, 13, Role::Strong);
    let x = lifelines.server + 10;
    canvas.put(x, area.y, "data connection", lifelines.right.saturating_sub(x), Role::Strong);
}

fn idle(canvas: &mut Canvas<'_>, area: Rect, lifelines: &Lifelines, time: TimeDelta) {
    canvas.cell(lifelines.client, area.y, glyphs::IDLE, Role::Dim);
    canvas.cell(lifelines.server, area.y, glyphs::IDLE, Role::Dim);
    let text = format!("{} idle", words::duration(time));
    canvas.put(
        lifelines.client + 2,
        area.y,
        &text,
        lifelines.server.saturating_sub(lifelines.client + 3),
        Role::Dim,
    );
}

/// One row of the ladder.
struct Row<'a> {
    state: &'a State,
    session: &'a Session,
    opened: &'a Opened,
    lifelines: &'a Lifelines,
    area: Rect,
}

impl Row<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, event: &Event) {
        let y = self.area.y;
        let time = self.state.settings.time_format.format(event.time, self.session.start);
        canvas.put_right(self.area.x + 1, y, &words::clip_start(&time, 12), FRAME - 2, Role::Text);
        if event.frame > FrameNumber::NONE {
            canvas.put_right(self.area.x + FRAME, y, &event.frame.to_string(), 8, Role::Dim);
        }
        let (tone, text) = events::describe(self.session, event);
        let role = Role::from(tone);
        match event.kind {
            EventKind::Command(_) => self.arrow(canvas, &text, role, true),
            EventKind::Greeting(_) | EventKind::Unsolicited(_) => self.arrow(canvas, &text, role, false),
            EventKind::Reply { command, .. } => {
                self.arrow(canvas, &text, role, false);
                self.announced(canvas, event, command);
            }
            EventKind::ConnectionStarted(channel) => self.connection_started(canvas, channel, role),
            EventKind::Payload(channel) => self.payload(canvas, channel, &text, role),
            EventKind::Closed(channel) => self.closed(canvas, channel, &text, role),
            EventKind::Refused(_) => {
                canvas.cell(self.lifelines.data, y, glyphs::FAILED, Role::Failed);
                self.note(canvas, &text, Role::Failed);
            }
            EventKind::Challenged(_) | EventKind::Stranger { .. } => {
                canvas.cell(self.lifelines.data, y, glyphs::PROBLEM, role);
                self.note(canvas, &text, role);
            }
            EventKind::Finding(_) => self.across(canvas, &format!("{} {text}", glyphs::PROBLEM), role),
            EventKind::Began | EventKind::Ended | EventKind::Gap(_) => self.across(canvas, &text, role),
        }
    }

    /// Text across all columns, for events that are no packet of one side.
    fn across(&self, canvas: &mut Canvas<'_>, text: &str, role: Role) {
        let x = self.lifelines.client + 2;
        canvas.put(x, self.area.y, text, self.lifelines.right.saturating_sub(x), role);
    }

    /// A note to the right of the data connection.
    fn note(&self, canvas: &mut Canvas<'_>, text: &str, role: Role) {
        let x = self.lifelines.data + 2;
        canvas.put(x, self.area.y, text, self.lifelines.right.saturating_sub(x), role);
    }

    /// A command or reply: an arrow between client and server with the text on its shaft.
    fn arrow(&self, canvas: &mut Canvas<'_>, text: &str, role: Role, to_server: bool) {
        let (y, from, to) = (self.area.y, self.lifelines.client, self.lifelines.server);
        for x in from + 1..to {
            canvas.cell(x, y, "─", Role::Dim);
        }
        if to_server {
            canvas.cell(from, y, "├", Role::Dim);
            canvas.cell(to - 1, y, glyphs::TO_RIGHT, role);
        } else {
            canvas.cell(to, y, "┤", Role::Dim);
            canvas.cell(from + 1, y, glyphs::TO_LEFT, role);
        }
        let room = to.saturating_sub(from + 6);
        let end = canvas.put(from + 3, y, " ", 1, role);
        let end = canvas.put(end, y, text, room, role);
        if end < to - 1 {
            canvas.put(end, y, " ", 1, role);
        }
    }

    /// The data connection to expect after the reply that settles a negotiation.
    fn announced(&self, canvas: &mut Canvas<'_>, event: &Event, command: CommandIndex) {
        let Some(index) = event.channel else { return };
        let Some((channel, channel_summary)) =
            self.session.data_channel(index).zip(self.opened.summary.channel(index))
        else {
            return;
        };
        if channel.command() != Some(command) {
            return;
        }
        let x = self.lifelines.server + 2;
        let room = self.lifelines.right.saturating_sub(x);
        let connected = channel_summary.state.is_connected();
        match (details::place(self.session, &self.opened.summary, index), channel_summary.state.is_problem())
        {
            (Some(place), _) => {
                let (mark, role) = if connected {
                    (glyphs::MATCHED, Role::Matched)
                } else {
                    (glyphs::PREDICTED, Role::Never)
                };
                let text = format!("{mark} {} expects {place}", glyphs::mode_name(channel.mode()));
                canvas.put(x, self.area.y, &text, room, role);
            }
            (None, true) => {
                let text = format!(
                    "{} {} {}",
                    glyphs::FAILED,
                    glyphs::mode_name(channel.mode()),
                    channel_summary.state.phrase()
                );
                canvas.put(x, self.area.y, &text, room, Role::Failed);
            }
            (None, false) => {}
        }
    }

    /// A packet of the data connection: a heavy arrow from or to the client.
    fn heavy(&self, canvas: &mut Canvas<'_>, text: &str, role: Role, to_client: bool) {
        let (y, from, to) = (self.area.y, self.lifelines.client, self.lifelines.data);
        for x in from + 1..to {
            if x != self.lifelines.server {
                canvas.cell(x, y, glyphs::DATA_LINE, role);
            }
        }
        if to_client {
            canvas.cell(from + 1, y, glyphs::TO_LEFT, role);
        } else {
            canvas.cell(to - 1, y, glyphs::TO_RIGHT, role);
        }
        let room = self.lifelines.server.saturating_sub(from + 6);
        let end = canvas.put(from + 3, y, " ", 1, role);
        let end = canvas.put(end, y, text, room, role);
        if end < self.lifelines.server {
            canvas.put(end, y, " ", 1, role);
        }
    }

    fn connection_started(&self, canvas: &mut Canvas<'_>, index: ChannelIndex, role: Role) {
        let Some((channel, connection)) =
            self.session.data_channel(index).and_then(|channel| Some((channel, channel.connection()?)))
        else {
            return;
        };
        canvas.put(
            self.lifelines.client.saturating_sub(2),
            self.area.y,
            glyphs::letter(channel.mode()),
            1,
            Role::Mode(channel.mode()),
        );
        let from = channels::short_endpoint(self.session, connection.originator);
        let what = if connection.handshake { "SYN" } else { "data" };
        self.heavy(canvas, &format!("{what} from {from}"), role, channel.is_active());
        canvas.cell(self.lifelines.data, self.area.y, "┓", role);
        let Some(channel_summary) = self.opened.summary.channel(index) else { return };
        let after = words::duration(connection.start.since(channel_summary.announced));
        match channel_summary.state {
            ChannelState::Connected | ChannelState::CutShort => {
                let tries = if connection.syn_attempts > 1 {
                    format!(", {} SYNs", connection.syn_attempts)
                } else {
                    String::new()
                };
                self.note(canvas, &format!("connected {after} later{tries}"), Role::Matched);
            }
            state @ ChannelState::Unanswered => {
                let text = format!("{}, {} SYNs", state.phrase(), connection.syn_attempts.max(1));
                self.note(canvas, &text, Role::Failed);
            }
            state @ ChannelState::Refused => self.note(canvas, state.phrase(), Role::Failed),
            ChannelState::Unused
            | ChannelState::NeverTried
            | ChannelState::Rejected
            | ChannelState::Malformed
            | ChannelState::NoReply => {}
        }
    }

    fn payload(&self, canvas: &mut Canvas<'_>, index: ChannelIndex, text: &str, role: Role) {
        let transfer = self
            .opened
            .summary
            .channel(index)
            .and_then(|channel_summary| self.session.transfer(channel_summary.transfer?));
        let to_client = transfer.is_none_or(|transfer| transfer.direction == Direction::Download);
        self.heavy(canvas, text, role, to_client);
        canvas.cell(self.lifelines.data, self.area.y, "┨", role);
    }

    fn closed(&self, canvas: &mut Canvas<'_>, index: ChannelIndex, text: &str, role: Role) {
        let wait = self.session.data_channel(index).and_then(DataChannel::time_wait);
        let mark = if wait.is_some() { glyphs::WAIT_LIFELINE } else { glyphs::DOT };
        canvas.cell(self.lifelines.data, self.area.y, mark, Role::TimeWait);
        let word = text.split(':').next().unwrap_or_default();
        let room = self.lifelines.data.saturating_sub(self.lifelines.server + 2);
        canvas.put_right(self.lifelines.server + 1, self.area.y, word, room, role);
        let closer = self.session.data_channel(index).and_then(events::closer);
        let who = closer.map_or("both", Party::name);
        match wait {
            Some(wait) => {
                let until = words::duration(wait.until.since(wait.from));
                self.note(canvas, &format!("{who} closes, TIME_WAIT {until}"), Role::TimeWait);
            }
            None => self.note(canvas, &format!("{who} closes"), role),
        }
    }
}
