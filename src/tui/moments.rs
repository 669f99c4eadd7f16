//! A session as a sequence of moments: what the event list shows, and what the cursor steps through.
//!
//! **Invariant:** ascending in time; a moment is small, its words are made when it is shown.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::roundup::Roundup;
use super::theme::Ink;
use super::words;
use crate::base::Timestamp;
use crate::report::{Argument, Command, DataChannel, FirstClose, Outcome, Party, Reply, Session, Severity};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Timestamp,
    pub(super) frame: u64,
    pub(super) what: What,
    /// The data channel that it belongs to.
    pub(super) channel: Option<u32>,
    pub(super) weight: Weight,
}

/// What happened. Numbers are indexes into the session's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The control connection's first packet.
    Began,
    Greeting(u32),
    Unsolicited(u32),
    Command(u32),
    Reply {
        command: u32,
        reply: u32,
    },
    /// The first SYN of a channel's connection, or its first packet.
    Dialled(u32),
    /// A SYN was answered by a plain ACK.
    Challenged(u32),
    /// A SYN was answered by RST.
    Refused(u32),
    /// A stranger's attempt at a channel's endpoint.
    Stranger {
        channel: u32,
        attempt: u32,
    },
    /// All payload of a channel's connection, at its last one.
    Payload(u32),
    /// The first FIN or RST of a channel's connection.
    Closed(u32),
    Gap(u32),
    Finding(u32),
    /// The control connection's last packet.
    Ended,
}

/// What must not be hidden by what, when several things fall into one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Quiet,
    Usual,
    Data,
    Notable,
    Problem,
    Worst,
}

/// Which row of the timeline, or column of the event list, a moment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Command,
    Reply,
    Data,
    Finding,
    Session,
}

impl Moment {
    pub(super) const fn row(&self) -> Row {
        match self.what {
            What::Command(_) => Row::Command,
            What::Greeting(_) | What::Unsolicited(_) | What::Reply { .. } => Row::Reply,
            What::Dialled(_)
            | What::Challenged(_)
            | What::Refused(_)
            | What::Stranger { .. }
            | What::Payload(_)
            | What::Closed(_) => Row::Data,
            What::Finding(_) => Row::Finding,
            What::Began | What::Gap(_) | What::Ended => Row::Session,
        }
    }

    /// Whether `e` stops here.
    pub(super) fn is_problem(&self) -> bool {
        self.weight >= Weight::Problem
    }
}

impl Row {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Command => "cmd",
            Self::Reply => "reply",
            Self::Data => "data",
            Self::Finding => "finding",
            Self::Session => "session",
        }
    }
}

/// All moments of a session, ascending.
pub(super) fn of(session: &Session, roundup: &Roundup) -> Vec<Moment> {
    let mut moments = Vec::with_capacity(session.commands.len().saturating_mul(2).saturating_add(16));
    moments.push(moment(session.start, session.frames.first, What::Began, None, Weight::Quiet));
    for (index, reply) in (0..).zip(&session.greeting) {
        moments.push(moment(
            reply.time,
            reply.frame,
            What::Greeting(index),
            None,
            reply_weight(reply, Weight::Usual),
        ));
    }
    for (index, reply) in (0..).zip(&session.unsolicited) {
        let weight = reply_weight(reply, Weight::Notable);
        moments.push(moment(reply.time, reply.frame, What::Unsolicited(index), None, weight));
    }
    for (index, command) in (0..).zip(&session.commands) {
        let channel = roundup.channel_of_command(index);
        let what = What::Command(index);
        moments.push(moment(command.time, command.frame, what, channel, Weight::Usual));
        for (number, reply) in (0..).zip(&command.replies) {
            let weight = reply_weight(reply, Weight::Usual);
            let what = What::Reply { command: index, reply: number };
            moments.push(moment(reply.time, reply.frame, what, channel, weight));
        }
    }
    for (index, channel) in (0..).zip(&session.data_channels) {
        data_moments(&mut moments, index, channel);
    }
    for (index, gap) in (0..).zip(&session.gaps) {
        moments.push(moment(gap.time, gap.frame, What::Gap(index), None, Weight::Notable));
    }
    findings(&mut moments, session, roundup);
    moments.push(moment(session.end, session.frames.last, What::Ended, None, Weight::Quiet));
    moments.sort_by_key(|moment| (moment.time, stage(moment.what), moment.frame, moment.what));
    moments
}

/// The findings, each at the time when it showed, by that of its frames whose moment is nearest to it.
fn findings(moments: &mut Vec<Moment>, session: &Session, roundup: &Roundup) {
    let wanted: HashSet<u64> = session.findings.iter().flat_map(|finding| &finding.frames).copied().collect();
    let seen: HashMap<u64, Timestamp> = moments
        .iter()
        .filter(|moment| wanted.contains(&moment.frame))
        .map(|moment| (moment.frame, moment.time))
        .collect();
    for (index, finding) in (0..).zip(&session.findings) {
        let weight = match finding.severity {
            Severity::Info => Weight::Quiet,
            Severity::Notice => Weight::Notable,
            Severity::Warning | Severity::Alert => Weight::Worst,
        };
        let distance = |frame: &u64| seen.get(frame).map(|time| time.since(finding.time).unsigned_abs());
        let nearest = finding
            .frames
            .iter()
            .rev()
            .filter(|frame| seen.contains_key(frame))
            .min_by_key(|frame| distance(frame));
        let frame = nearest.or(finding.frames.last()).copied().unwrap_or(0);
        let of_transfer = finding.transfer.and_then(|index| session.transfer(index)?.data_channel);
        let of_command = finding.command.and_then(|index| roundup.channel_of_command(index));
        let channel = finding.data_channel.or(of_transfer).or(of_command);
        moments.push(moment(finding.time, frame, What::Finding(index), channel, weight));
    }
}

/// What stands first where everything else has the same time.
const fn stage(what: What) -> u8 {
    match what {
        What::Began => 0,
        What::Finding(_) => 2,
        What::Ended => 3,
        _ => 1,
    }
}

const fn moment(time: Timestamp, frame: u64, what: What, channel: Option<u32>, weight: Weight) -> Moment {
    Moment { time, frame, what, channel, weight }
}

const fn reply_weight(reply: &Reply, usual: Weight) -> Weight {
    if reply.is_negative() { Weight::Problem } else { usual }
}

fn data_moments(moments: &mut Vec<Moment>, index: u32, channel: &DataChannel) {
    let here = Some(index);
    for (attempt, stranger) in (0..).zip(&channel.other_attempts) {
        let what = What::Stranger { channel: index, attempt };
        moments.push(moment(stranger.start, stranger.frames.first, what, here, Weight::Notable));
    }
    let Some(connection) = channel.connection.as_deref() else { return };
    let weight = match channel.outcome {
        Some(Outcome::Refused | Outcome::Unanswered) => Weight::Problem,
        Some(Outcome::Connected | Outcome::Unused) | None => Weight::Data,
    };
    moments.push(moment(connection.start, connection.frames.first, What::Dialled(index), here, weight));
    if let Some(frame) = connection.challenge_frame {
        moments.push(moment(connection.start, frame, What::Challenged(index), here, Weight::Notable));
    }
    if let Some(frame) = connection.refused_frame {
        moments.push(moment(connection.end, frame, What::Refused(index), here, Weight::Problem));
        return;
    }
    let last = [&connection.from_originator, &connection.from_responder]
        .into_iter()
        .filter_map(|stream| stream.last_payload)
        .max();
    if let Some((time, frame)) = last {
        moments.push(moment(time, frame, What::Payload(index), here, Weight::Data));
    }
    if let Some((time, frame)) = connection.close {
        moments.push(moment(time, frame, What::Closed(index), here, Weight::Usual));
    }
}

/// A command as it was said, secrets as stars.
pub(super) fn command_text(command: &Command) -> String {
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
pub(super) fn reply_text(reply: &Reply) -> String {
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

/// What a moment is, in one line, and how it looks.
pub(super) fn describe(session: &Session, moment: &Moment) -> (Ink, String) {
    told(session, moment).unwrap_or((Ink::Dim, String::new()))
}

fn told(session: &Session, moment: &Moment) -> Option<(Ink, String)> {
    let reply = |reply: &Reply| (Ink::Reply(reply.code), reply_text(reply));
    Some(match moment.what {
        What::Began => {
            let how = if session.handshake {
                "control connection opens"
            } else {
                "capture begins amid the session"
            };
            (Ink::Dim, how.into())
        }
        What::Greeting(index) => reply(session.greeting.get(usize::try_from(index).ok()?)?),
        What::Unsolicited(index) => {
            let (ink, text) = reply(session.unsolicited.get(usize::try_from(index).ok()?)?);
            (ink, format!("{text}  (answers no command)"))
        }
        What::Command(index) => (Ink::Command, command_text(session.command(index)?)),
        What::Reply { command, reply: number } => {
            reply(session.command(command)?.replies.get(usize::try_from(number).ok()?)?)
        }
        What::Dialled(index) => dialled(session.data_channel(index)?)?,
        What::Challenged(_) => {
            (Ink::Reused, "SYN answered by a plain ACK: the old connection is remembered".into())
        }
        What::Refused(index) => {
            let connection = session.data_channel(index)?.connection.as_deref()?;
            (Ink::Failed, format!("RST from {}: connection refused", connection.responder))
        }
        What::Stranger { channel, attempt } => {
            let strangers = &session.data_channel(channel)?.other_attempts;
            let stranger = strangers.get(usize::try_from(attempt).ok()?)?;
            (Ink::Bad, format!("{} tries the announced port and is turned away", stranger.originator))
        }
        What::Payload(index) => {
            let channel = session.data_channel(index)?;
            let connection = channel.connection.as_deref()?;
            let bytes = connection.bytes();
            let missing = connection.missing_bytes();
            let mut text = format!("{} bytes carried", words::count(bytes));
            if missing > 0 {
                _ = write!(text, ", {} not in the capture", words::count(missing));
            }
            (Ink::Mode(channel.mode), text)
        }
        What::Closed(index) => closed(session.data_channel(index)?)?,
        What::Gap(index) => {
            let gap = session.gaps.get(usize::try_from(index).ok()?)?;
            let whose = match gap.from {
                Party::Client => "the client's",
                Party::Server => "the server's",
            };
            (
                Ink::Reused,
                format!("{} of {whose} control bytes are not in the capture", words::count(gap.bytes)),
            )
        }
        What::Finding(index) => {
            let finding = session.findings.get(usize::try_from(index).ok()?)?;
            (
                Ink::Severity(finding.severity),
                format!("{}: {}", finding.code, words::raw_wire(&finding.summary)),
            )
        }
        What::Ended => (Ink::Dim, "control connection's last packet".into()),
    })
}

fn dialled(channel: &DataChannel) -> Option<(Ink, String)> {
    let connection = channel.connection.as_deref()?;
    let tries = match connection.syn_attempts {
        0 | 1 => String::new(),
        tries => format!(", {tries} tries"),
    };
    let what = if connection.handshake { "SYN" } else { "data (its start was not captured)" };
    let ink = match channel.outcome {
        Some(Outcome::Refused | Outcome::Unanswered) => Ink::Failed,
        Some(Outcome::Connected | Outcome::Unused) | None => Ink::Mode(channel.mode),
    };
    Some((ink, format!("{what} {} → {}{tries}", connection.originator, connection.responder)))
}

fn closed(channel: &DataChannel) -> Option<(Ink, String)> {
    let connection = channel.connection.as_deref()?;
    if connection.first_close == Some(FirstClose::Both) {
        return Some((Ink::Dim, "both close at once".into()));
    }
    let Some(who) = closer(channel) else { return Some((Ink::Dim, "closed".into())) };
    let who = party(who);
    Some(match connection.end_state {
        crate::report::EndState::Rst => (Ink::Failed, format!("RST: the {who} resets the data connection")),
        crate::report::EndState::Fin | crate::report::EndState::Open | crate::report::EndState::Idle => {
            (Ink::Dim, format!("FIN: the {who} closes first"))
        }
    })
}

/// Who sent the first FIN or RST of a data connection; none where nobody did, or both at once.
pub(super) fn closer(channel: &DataChannel) -> Option<Party> {
    match channel.connection.as_deref()?.first_close? {
        FirstClose::Originator => Some(super::roundup::party_of(channel, true)),
        FirstClose::Responder => Some(super::roundup::party_of(channel, false)),
        FirstClose::Both => None,
    }
}

/// The name of a party.
pub(super) const fn party(party: Party) -> &'static str {
    match party {
        Party::Client => "client",
        Party::Server => "server",
    }
}
