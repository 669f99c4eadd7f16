//! A session as a sequence of events: what a list of them shows, and a ladder.
//!
//! **Invariant:** ascending in time; an event is small, its words are made when it is shown.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::channels::{Summary, party_of};
use super::tone::Tone;
use super::words;
use crate::base::{FrameNumber, Timestamp};
use crate::report::{
    Argument, ChannelIndex, ChannelState, Command, CommandIndex, DataChannel, FirstClose, Party, Reply,
    Session, Severity,
};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) time: Timestamp,
    pub(crate) frame: FrameNumber,
    pub(crate) kind: EventKind,
    /// The data channel that it belongs to.
    pub(crate) channel: Option<ChannelIndex>,
    pub(crate) weight: Weight,
}

/// What happened. Numbers are indexes into the session's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EventKind {
    /// The control connection's first packet.
    Began,
    Greeting(u32),
    Unsolicited(u32),
    Command(CommandIndex),
    Reply {
        command: CommandIndex,
        reply: u32,
    },
    /// The first SYN of a channel's connection, or its first packet.
    ConnectionStarted(ChannelIndex),
    /// A SYN was answered by a plain ACK.
    Challenged(ChannelIndex),
    /// A SYN was answered by RST.
    Refused(ChannelIndex),
    /// A stranger's attempt at a channel's endpoint.
    Stranger {
        channel: ChannelIndex,
        attempt: u32,
    },
    /// All payload of a channel's connection, at its last one.
    Payload(ChannelIndex),
    /// The first FIN or RST of a channel's connection.
    Closed(ChannelIndex),
    Gap(u32),
    Finding(u32),
    /// The control connection's last packet.
    Ended,
}

/// Which event is drawn where several fall into one cell: the heaviest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    Quiet,
    Usual,
    Data,
    Notable,
    Problem,
    Worst,
}

/// Which row of the timeline, or column of the event list, an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Command,
    Reply,
    Data,
    Finding,
    Session,
}

impl Event {
    pub(crate) const fn row(&self) -> Row {
        match self.kind {
            EventKind::Command(_) => Row::Command,
            EventKind::Greeting(_) | EventKind::Unsolicited(_) | EventKind::Reply { .. } => Row::Reply,
            EventKind::ConnectionStarted(_)
            | EventKind::Challenged(_)
            | EventKind::Refused(_)
            | EventKind::Stranger { .. }
            | EventKind::Payload(_)
            | EventKind::Closed(_) => Row::Data,
            EventKind::Finding(_) => Row::Finding,
            EventKind::Began | EventKind::Gap(_) | EventKind::Ended => Row::Session,
        }
    }

    /// Whether the keys for problems stop here.
    pub(crate) fn is_problem(&self) -> bool {
        self.weight >= Weight::Problem
    }
}

impl Row {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Command => "cmd",
            Self::Reply => "reply",
            Self::Data => "data",
            Self::Finding => "finding",
            Self::Session => "session",
        }
    }
}

/// All events of a session, ascending.
pub(crate) fn of(session: &Session, summary: &Summary) -> Vec<Event> {
    let mut events = Vec::with_capacity(session.commands.len().saturating_mul(2).saturating_add(16));
    events.push(event(session.start, session.frames.first, EventKind::Began, None, Weight::Quiet));
    for (index, reply) in (0..).zip(&session.greeting) {
        events.push(event(
            reply.time,
            reply.frame,
            EventKind::Greeting(index),
            None,
            reply_weight(reply, Weight::Usual),
        ));
    }
    for (index, reply) in (0..).zip(&session.unsolicited) {
        let weight = reply_weight(reply, Weight::Notable);
        events.push(event(reply.time, reply.frame, EventKind::Unsolicited(index), None, weight));
    }
    for (index, command) in CommandIndex::number(&session.commands) {
        let channel = summary.channel_of_command(index);
        let what = EventKind::Command(index);
        events.push(event(command.time, command.frame, what, channel, Weight::Usual));
        for (number, reply) in (0..).zip(&command.replies) {
            let weight = reply_weight(reply, Weight::Usual);
            let what = EventKind::Reply { command: index, reply: number };
            events.push(event(reply.time, reply.frame, what, channel, weight));
        }
    }
    for (index, channel) in ChannelIndex::number(&session.data_channels) {
        let state = summary.channel(index).map(|channel| channel.state);
        data_events(&mut events, index, channel, state);
    }
    for (index, gap) in (0..).zip(&session.gaps) {
        events.push(event(gap.time, gap.frame, EventKind::Gap(index), None, Weight::Notable));
    }
    findings(&mut events, session, summary);
    events.push(event(session.end, session.frames.last, EventKind::Ended, None, Weight::Quiet));
    events.sort_by_key(|event| (event.time, stage(event.kind), event.frame, event.kind));
    events
}

/// The findings, each at its own time and with that of its frames whose event is nearest.
fn findings(events: &mut Vec<Event>, session: &Session, summary: &Summary) {
    let wanted: HashSet<FrameNumber> =
        session.findings.iter().flat_map(|finding| &finding.frames).copied().collect();
    let seen: HashMap<FrameNumber, Timestamp> = events
        .iter()
        .filter(|event| wanted.contains(&event.frame))
        .map(|event| (event.frame, event.time))
        .collect();
    for (index, finding) in (0..).zip(&session.findings) {
        let weight = match finding.severity {
            Severity::Info => Weight::Quiet,
            Severity::Notice => Weight::Notable,
            Severity::Warning | Severity::Alert => Weight::Worst,
        };
        let distance = |frame: &FrameNumber| seen.get(frame).map(|time| time.since(finding.time).abs());
        let nearest = finding
            .frames
            .iter()
            .rev()
            .filter(|frame| seen.contains_key(frame))
            .min_by_key(|frame| distance(frame));
        let frame = nearest.or(finding.frames.last()).copied().unwrap_or_default();
        let of_transfer = finding.transfer.and_then(|index| session.transfer(index)?.data_channel);
        let of_command = finding.command.and_then(|index| summary.channel_of_command(index));
        let channel = finding.data_channel.or(of_transfer).or(of_command);
        events.push(event(finding.time, frame, EventKind::Finding(index), channel, weight));
    }
}

/// The order of events with the same time.
const fn stage(kind: EventKind) -> u8 {
    match kind {
        EventKind::Began => 0,
        EventKind::Greeting(_)
        | EventKind::Unsolicited(_)
        | EventKind::Command(_)
        | EventKind::Reply { .. }
        | EventKind::ConnectionStarted(_)
        | EventKind::Challenged(_)
        | EventKind::Refused(_)
        | EventKind::Stranger { .. }
        | EventKind::Payload(_)
        | EventKind::Closed(_)
        | EventKind::Gap(_) => 1,
        EventKind::Finding(_) => 2,
        EventKind::Ended => 3,
    }
}

const fn event(
    time: Timestamp,
    frame: FrameNumber,
    kind: EventKind,
    channel: Option<ChannelIndex>,
    weight: Weight,
) -> Event {
    Event { time, frame, kind, channel, weight }
}

const fn reply_weight(reply: &Reply, usual: Weight) -> Weight {
    if reply.is_negative() { Weight::Problem } else { usual }
}

fn data_events(
    events: &mut Vec<Event>,
    index: ChannelIndex,
    channel: &DataChannel,
    state: Option<ChannelState>,
) {
    let here = Some(index);
    for (attempt, stranger) in (0..).zip(&channel.other_attempts) {
        let what = EventKind::Stranger { channel: index, attempt };
        events.push(event(stranger.start, stranger.frames.first, what, here, Weight::Notable));
    }
    let Some(connection) = channel.connection() else { return };
    let is_failed = state.is_some_and(ChannelState::is_failed_attempt);
    let weight = if is_failed { Weight::Problem } else { Weight::Data };
    events.push(event(
        connection.start,
        connection.frames.first,
        EventKind::ConnectionStarted(index),
        here,
        weight,
    ));
    if let Some(frame) = connection.challenge_frame {
        events.push(event(connection.start, frame, EventKind::Challenged(index), here, Weight::Notable));
    }
    let by_reset = connection.refused_frame.map(|frame| (connection.end, frame));
    let by_icmp = || connection.unreachable().map(|error| (error.time, error.frame));
    if let Some((time, frame)) = by_reset.or_else(by_icmp) {
        events.push(event(time, frame, EventKind::Refused(index), here, Weight::Problem));
        return;
    }
    let last = [&connection.from_originator, &connection.from_responder]
        .into_iter()
        .filter_map(|stream| stream.last_payload)
        .max();
    if let Some((time, frame)) = last {
        events.push(event(time, frame, EventKind::Payload(index), here, Weight::Data));
    }
    if let Some((time, frame)) = connection.close {
        events.push(event(time, frame, EventKind::Closed(index), here, Weight::Usual));
    }
}

/// A command as it was sent, with secrets masked.
pub(crate) fn command_text(command: &Command) -> String {
    let verb = words::raw_wire(command.verb.name());
    match &command.argument {
        None => verb,
        Some(Argument::Text(text)) => format!("{verb} {}", words::wire(text)),
        Some(Argument::Secret(secret)) => match secret.reveal() {
            Some(text) => format!("{verb} {}", words::wire(text)),
            None => format!("{verb} ***"),
        },
    }
}

/// A reply in one line.
pub(crate) fn reply_text(reply: &Reply) -> String {
    let mut lines = reply.text.raw().split('\n');
    let first = lines.next().unwrap_or_default();
    let more = lines.count();
    let first = words::raw_wire(first);
    if more > 0 {
        format!("{} {first} (+{more} lines)", reply.code)
    } else {
        format!("{} {first}", reply.code)
    }
}

/// An event in one line, and what its colour should tell.
pub(crate) fn describe(session: &Session, event: &Event) -> (Tone, String) {
    try_describe(session, event).unwrap_or((Tone::Dim, String::new()))
}

fn try_describe(session: &Session, event: &Event) -> Option<(Tone, String)> {
    let reply = |reply: &Reply| (Tone::Reply(reply.code), reply_text(reply));
    Some(match event.kind {
        EventKind::Began => {
            let how = if session.handshake {
                "control connection opens"
            } else {
                "capture begins in the middle of the session"
            };
            (Tone::Dim, how.into())
        }
        EventKind::Greeting(index) => reply(session.greeting.get(usize::try_from(index).ok()?)?),
        EventKind::Unsolicited(index) => {
            let (role, text) = reply(session.unsolicited.get(usize::try_from(index).ok()?)?);
            (role, format!("{text}  (answers no command)"))
        }
        EventKind::Command(index) => (Tone::Command, command_text(session.command(index)?)),
        EventKind::Reply { command, reply: number } => {
            reply(session.command(command)?.replies.get(usize::try_from(number).ok()?)?)
        }
        EventKind::ConnectionStarted(index) => {
            connection_started(session.data_channel(index)?, event.is_problem())?
        }
        EventKind::Challenged(_) => {
            (Tone::Reused, "SYN answered by a plain ACK: the old connection is remembered".into())
        }
        EventKind::Refused(index) => {
            let connection = session.data_channel(index)?.connection()?;
            let text = match connection.unreachable() {
                Some(error) => format!("ICMP from {}: {}", error.from, error.message.meaning()),
                None => format!("RST from {}: connection refused", connection.responder),
            };
            (Tone::Failed, text)
        }
        EventKind::Stranger { channel, attempt } => {
            let strangers = &session.data_channel(channel)?.other_attempts;
            let stranger = strangers.get(usize::try_from(attempt).ok()?)?;
            (Tone::Bad, format!("{} tries the announced port and is rejected", stranger.originator))
        }
        EventKind::Payload(index) => {
            let channel = session.data_channel(index)?;
            let connection = channel.connection()?;
            let bytes = connection.bytes();
            let missing = connection.missing_bytes();
            let mut text = format!("{} bytes carried", words::count(bytes));
            if missing > 0 {
                _ = write!(text, ", {} not in the capture", words::count(missing));
            }
            (Tone::Mode(channel.mode()), text)
        }
        EventKind::Closed(index) => closed(session.data_channel(index)?)?,
        EventKind::Gap(index) => {
            let gap = session.gaps.get(usize::try_from(index).ok()?)?;
            let whose = gap.from;
            (
                Tone::Reused,
                format!("{} of the {whose}'s control bytes are not in the capture", words::count(gap.bytes)),
            )
        }
        EventKind::Finding(index) => {
            let finding = session.findings.get(usize::try_from(index).ok()?)?;
            (
                Tone::Severity(finding.severity),
                format!("{}: {}", finding.code, words::raw_wire(&finding.summary)),
            )
        }
        EventKind::Ended => (Tone::Dim, "last packet of the control connection".into()),
    })
}

fn connection_started(channel: &DataChannel, is_failed: bool) -> Option<(Tone, String)> {
    let connection = channel.connection()?;
    let tries = match connection.syn_attempts {
        0 | 1 => String::new(),
        tries => format!(", {tries} tries"),
    };
    let what = if connection.handshake { "SYN" } else { "data (its start was not captured)" };
    let role = if is_failed { Tone::Failed } else { Tone::Mode(channel.mode()) };
    Some((role, format!("{what} {} → {}{tries}", connection.originator, connection.responder)))
}

fn closed(channel: &DataChannel) -> Option<(Tone, String)> {
    let connection = channel.connection()?;
    if connection.first_close == Some(FirstClose::Both) {
        return Some((Tone::Dim, "both close at once".into()));
    }
    let Some(who) = closer(channel) else { return Some((Tone::Dim, "closed".into())) };
    let who = who.name();
    Some(match connection.end_state {
        crate::report::EndState::Rst => (Tone::Failed, format!("RST: the {who} resets the data connection")),
        crate::report::EndState::Fin | crate::report::EndState::Open | crate::report::EndState::Idle => {
            (Tone::Dim, format!("FIN: the {who} closes first"))
        }
    })
}

/// Who sent the first FIN or RST of a data connection; none where nobody did, or both at once.
pub(crate) fn closer(channel: &DataChannel) -> Option<Party> {
    match channel.connection()?.first_close? {
        FirstClose::Originator => Some(party_of(channel, true)),
        FirstClose::Responder => Some(party_of(channel, false)),
        FirstClose::Both => None,
    }
}
