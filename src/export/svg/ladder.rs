//! One session as a sequence diagram: client, server, and the data connection to the right of them.

use super::paper::{Anchor, Paper};
use super::{Figure, class_of_mode, class_of_tone};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::picture::channels::{Summary, party_of, settling_reply, short_endpoint};
use crate::picture::events::{self, Event, EventKind};
use crate::picture::{mode_name, words};
use crate::report::{ChannelIndex, CommandIndex, Direction, Party, Session};

const WIDTH: f64 = 1000.0;
/// Height of a step.
const STEP: f64 = 18.0;
/// Where times and frame numbers end.
const TIME: f64 = 86.0;
const FRAME: f64 = 148.0;
/// The lifelines.
const CLIENT: f64 = 172.0;
const SERVER: f64 = 592.0;
const DATA: f64 = 660.0;
const RIGHT: f64 = WIDTH - 8.0;
/// Steps that are drawn; what is beyond is counted.
const STEPS: usize = 300;
/// The shortest idle time that gets a row of its own.
const IDLE: TimeDelta = TimeDelta::from_secs(1);

/// Draws a session as a ladder.
pub(crate) fn draw(session: &Session) -> Figure {
    let summary = Summary::of(session);
    let events = events::of(session, &summary);
    let shown = events.get(..STEPS).unwrap_or(&events);
    let mut drawing = Drawing { session, summary: &summary, paper: Paper::default(), y: STEP * 2.0 };
    drawing.heads();
    let mut before: Option<Timestamp> = None;
    for event in shown {
        let idle = before.map_or(TimeDelta::ZERO, |before| event.time.since(before));
        if idle >= IDLE {
            drawing.idle(idle);
        }
        drawing.step(event);
        before = Some(event.time);
    }
    let more = events.len().saturating_sub(shown.len());
    if more > 0 {
        let text = format!("{more} more steps");
        drawing.paper.text("dim", (CLIENT + 8.0, drawing.y), Anchor::Start, text, None);
        drawing.y += STEP;
    }
    let height = drawing.y;
    drawing.lifelines(shown, height);
    let title = format!("Sequence of the session {} to {}", session.client, session.server);
    Figure { title, width: WIDTH, height, elements: drawing.paper.elements().to_owned() }
}

struct Drawing<'a> {
    session: &'a Session,
    summary: &'a Summary,
    paper: Paper,
    /// The baseline of the next step.
    y: f64,
}

impl Drawing<'_> {
    fn heads(&mut self) {
        let y = STEP;
        self.paper.text("dim", (TIME, y), Anchor::End, "time", None);
        self.paper.text("dim", (FRAME, y), Anchor::End, "frame", None);
        let client = format!("client {}", self.session.client);
        let server = format!("server {}", self.session.server);
        self.paper.clipped("strong", (CLIENT - 8.0, y), Anchor::Start, &client, 200.0);
        self.paper.clipped("strong", (SERVER + 8.0, y), Anchor::End, &server, 200.0);
        self.paper.text("strong", (DATA - 8.0, y), Anchor::Start, "data connection", None);
    }

    /// Drawn last, but thin: arrows keep their heads.
    fn lifelines(&mut self, shown: &[Event], height: f64) {
        let top = STEP + 6.0;
        self.paper.line("life", (CLIENT, top), (CLIENT, height));
        self.paper.line("life", (SERVER, top), (SERVER, height));
        if shown.iter().any(|event| matches!(event.kind, EventKind::ConnectionStarted(_))) {
            self.paper.line("waiting", (DATA, top), (DATA, height));
        }
    }

    fn idle(&mut self, idle: TimeDelta) {
        self.paper.text("dim", (CLIENT + 12.0, self.y), Anchor::Start, format_args!("⋮ {idle} idle"), None);
        self.y += STEP;
    }

    fn step(&mut self, event: &Event) {
        let y = self.y;
        self.y += STEP;
        let time = words::offset(event.time.since(self.session.start));
        self.paper.text("dim", (TIME, y), Anchor::End, time, None);
        if event.frame > FrameNumber::NONE {
            self.paper.text("dim", (FRAME, y), Anchor::End, event.frame, None);
        }
        let (tone, text) = events::describe(self.session, event);
        let class = class_of_tone(tone);
        match event.kind {
            EventKind::Command(_) => self.arrow(class, y, &text, true),
            EventKind::Greeting(_) | EventKind::Unsolicited(_) => self.arrow(class, y, &text, false),
            EventKind::Reply { command, .. } => {
                self.arrow(class, y, &text, false);
                self.announced(event, command, y);
            }
            EventKind::ConnectionStarted(channel) => self.connection_started(channel, y),
            EventKind::Payload(channel) => {
                let transfer = self.summary.channel(channel).and_then(|found| found.transfer);
                let transfer = transfer.and_then(|index| self.session.transfer(index));
                let to_client = transfer.is_none_or(|transfer| transfer.direction == Direction::Download);
                self.heavy(class, y, &text, !to_client);
            }
            EventKind::Closed(channel) => {
                let closer = self.session.data_channel(channel).and_then(events::closer);
                let who = closer.map_or("both close", |party| match party {
                    Party::Client => "client closes",
                    Party::Server => "server closes",
                });
                self.note(class, y, who);
            }
            EventKind::Refused(_) | EventKind::Challenged(_) | EventKind::Stranger { .. } => {
                self.note(class, y, &text);
            }
            EventKind::Finding(_) => self.across(class, y, &format!("! {text}")),
            EventKind::Began | EventKind::Ended | EventKind::Gap(_) => self.across(class, y, &text),
        }
    }

    /// Text across all columns, for what is no packet of one side.
    fn across(&mut self, class: &str, y: f64, text: &str) {
        self.paper.clipped(class, (CLIENT + 12.0, y), Anchor::Start, text, RIGHT - CLIENT - 12.0);
    }

    /// A note beside the data connection.
    fn note(&mut self, class: &str, y: f64, text: &str) {
        self.paper.clipped(class, (DATA + 12.0, y), Anchor::Start, text, RIGHT - DATA - 12.0);
    }

    /// A command or reply, with the text above its shaft.
    fn arrow(&mut self, class: &str, y: f64, text: &str, to_server: bool) {
        self.shaft("shaft", y, SERVER, to_server);
        self.paper.clipped(class, (CLIENT + 12.0, y), Anchor::Start, text, SERVER - CLIENT - 24.0);
    }

    fn shaft(&mut self, class: &str, y: f64, right: f64, to_right: bool) {
        let y = y + 4.0;
        self.paper.line(class, (CLIENT, y), (right, y));
        self.paper.arrow_head(class, (if to_right { right } else { CLIENT }, y), to_right);
    }

    /// Packets of the data connection, from or to the client.
    fn heavy(&mut self, class: &str, y: f64, text: &str, to_right: bool) {
        self.shaft(&format!("{class} heavy"), y, DATA, to_right);
        self.paper.clipped(class, (CLIENT + 12.0, y), Anchor::Start, text, SERVER - CLIENT - 24.0);
    }

    /// The data connection to expect after the reply that settles a negotiation.
    fn announced(&mut self, event: &Event, command: CommandIndex, y: f64) {
        let Some(index) = event.channel else { return };
        let Some(channel) = self.session.data_channel(index) else { return };
        let settles = settling_reply(self.session, channel).is_some_and(|reply| reply.frame == event.frame);
        if channel.command() != Some(command) || !settles {
            return;
        }
        let Some(found) = self.summary.channel(index) else { return };
        let mode = mode_name(channel.mode());
        match found.listener {
            Some(listener) if found.state.is_problem() && !found.state.is_connected() => {
                let place = short_endpoint(self.session, listener);
                self.note("bad", y, &format!("◇ {mode} expects {place}: {}", found.state.phrase()));
            }
            Some(listener) => {
                let place = short_endpoint(self.session, listener);
                let mark = if found.state.is_connected() { "◆" } else { "◇" };
                self.note("good", y, &format!("{mark} {mode} expects {place}"));
            }
            None => self.note("bad", y, &format!("× {mode} {}", found.state.phrase())),
        }
    }

    fn connection_started(&mut self, index: ChannelIndex, y: f64) {
        let Some(channel) = self.session.data_channel(index) else { return };
        let Some((connection, found)) = channel.connection().zip(self.summary.channel(index)) else { return };
        let from = short_endpoint(self.session, connection.originator);
        let what = if connection.handshake { "SYN" } else { "data" };
        let tries = match connection.syn_attempts {
            0 | 1 => String::new(),
            tries => format!(", {tries} SYNs"),
        };
        let is_connected = found.state.is_connected();
        let class = if is_connected { class_of_mode(channel.mode()) } else { "bad" };
        let to_right = party_of(channel, true) == Party::Client;
        self.heavy(class, y, &format!("{what} from {from}"), to_right);
        if is_connected {
            let after = connection.start.since(found.announced);
            self.note("good", y, &format!("connected {after} later{tries}"));
        } else {
            self.note("bad", y, &format!("{}{tries}", found.state.phrase()));
        }
    }
}
