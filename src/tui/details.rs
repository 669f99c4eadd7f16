//! The story of a data channel in a few lines: what was predicted, what came of it, what is wrong, what to do.
//!
//! **Invariant:** only tells what the report says; the most telling line stands first, since there may be room for few.

mod session;

use std::fmt::Write as _;

use super::events::{self, Event, EventKind};
use super::glyphs;
use super::summary::{self, Summary, short_endpoint};
use super::theme::Ink;
use super::words;
use crate::base::Timestamp;
use crate::report::{
    ChannelState, Connection, DataChannel, EndState, Finding, FirstClose, MatchedBy, Negotiation, Outcome,
    Reuse, ReuseKind, ReuseOutcome, Session, Severity, Status, Transfer,
};

use session::ending;
pub(super) use session::{next_port, parties, session};

/// One line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) mark: &'static str,
    pub(super) ink: Ink,
    pub(super) label: String,
    pub(super) text: String,
}

fn fact(mark: &'static str, ink: Ink, label: &str, text: String) -> Fact {
    Fact { mark, ink, label: label.to_owned(), text }
}

/// What stands in the panel at the cursor: the title, and the story.
pub(super) fn at_event(session: &Session, summary: &Summary, event: &Event) -> (String, Vec<Fact>) {
    let (_, what) = events::describe(session, event);
    let title = match event.kind {
        EventKind::Reply { command, .. } => {
            let to = session.command(command).map(events::command_text).unwrap_or_default();
            format!("{what} to {to}")
        }
        EventKind::Finding(_) => "finding".into(),
        _ => what,
    };
    let title =
        if event.frame > 0 { format!("{title} {} frame {}", glyphs::DOT, event.frame) } else { title };
    let mut facts = Vec::new();
    if let EventKind::Finding(index) = event.kind
        && let Some(finding) = usize::try_from(index).ok().and_then(|index| session.findings.get(index))
    {
        facts.extend(finding_facts(finding));
    }
    match event.channel {
        Some(index) => {
            for line in channel(session, summary, index) {
                if !facts.contains(&line) {
                    facts.push(line);
                }
            }
        }
        None => facts.extend(of_command(session, event)),
    }
    (title, facts)
}

/// What is to tell where no data channel is concerned.
fn of_command(session: &Session, event: &Event) -> Vec<Fact> {
    let mut facts = Vec::new();
    let index = match event.kind {
        EventKind::Command(index) | EventKind::Reply { command: index, .. } => Some(index),
        EventKind::Began | EventKind::Ended => {
            facts.push(ending(session, false));
            None
        }
        _ => None,
    };
    if let Some((index, command)) = index.and_then(|index| Some((index, session.command(index)?))) {
        facts.push(fact(
            glyphs::MORE_RIGHT,
            Ink::Command,
            "command",
            format!("{}  (frame {})", events::command_text(command), command.frame),
        ));
        for reply in &command.replies {
            let after = words::duration(reply.time.since(command.time));
            let text = format!("{}  (frame {}, after {after})", events::reply_text(reply), reply.frame);
            facts.push(fact(glyphs::MORE_LEFT, Ink::Reply(reply.code), "reply", text));
        }
        if command.replies.is_empty() {
            facts.push(fact(glyphs::NEVER, Ink::Never, "reply", "none in the capture".into()));
        }
        for finding in session.findings.iter().filter(|finding| finding.command == Some(index)) {
            facts.extend(finding_facts(finding));
        }
    }
    facts
}

/// A finding: what is wrong, what to do, what proves it.
pub(super) fn finding_facts(finding: &Finding) -> Vec<Fact> {
    let ink = Ink::Severity(finding.severity);
    let mark = if finding.severity >= Severity::Warning { glyphs::PROBLEM } else { glyphs::DOT };
    let mut facts = vec![fact(mark, ink, finding.code.name(), words::raw_wire(&finding.summary))];
    if let Some(advice) = &finding.advice {
        facts.push(fact(glyphs::ARROW, Ink::Text, "advice", words::raw_wire(advice)));
    }
    facts
}

/// The story of a channel.
pub(super) fn channel(session: &Session, summary: &Summary, index: u32) -> Vec<Fact> {
    let (Some(channel), Some(rounded)) = (session.data_channel(index), summary.channel(index)) else {
        return Vec::new();
    };
    let transfer = rounded.transfer.and_then(|index| session.transfer(index));
    let mut facts = vec![predicted(session, channel, rounded.state)];
    facts.push(outcome(session, channel, rounded, transfer));
    let of_transfer = |finding: &&Finding| {
        finding.data_channel == Some(index)
            || finding.transfer.is_some() && finding.transfer == rounded.transfer
            || finding.data_channel.is_none()
                && finding.transfer.is_none()
                && finding.command.is_some()
                && finding.command == channel.command
    };
    let mut findings: Vec<&Finding> = session.findings.iter().filter(of_transfer).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let (loud, quiet): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| finding.severity >= Severity::Warning);
    for finding in loud {
        facts.extend(finding_facts(finding));
    }
    facts.extend(transfer.and_then(|transfer| moved(session, transfer)));
    facts.extend(channel.connection.as_deref().and_then(|connection| closed(session, channel, connection)));
    facts.extend(channel.reuse.as_ref().map(|reuse| reused(session, reuse)));
    for stranger in &channel.other_attempts {
        let text = format!("{} tried this endpoint and was rejected", stranger.originator);
        facts.push(fact(glyphs::PROBLEM, Ink::Bad, "stranger", text));
    }
    for finding in quiet {
        facts.extend(finding_facts(finding));
    }
    facts
}

fn predicted(session: &Session, channel: &DataChannel, state: ChannelState) -> Fact {
    let mode = glyphs::mode_name(channel.mode);
    let command = channel.command.and_then(|index| session.command(index));
    let frames = match (command, summary::settling_reply(session, channel)) {
        (Some(command), Some(reply)) => format!("  (frames {}, {})", command.frame, reply.frame),
        (Some(command), None) => format!("  (frame {})", command.frame),
        (None, _) => String::new(),
    };
    let mark = if state == ChannelState::Connected || state == ChannelState::CutShort {
        glyphs::MATCHED
    } else {
        glyphs::PREDICTED
    };
    match (channel.predicted, channel.negotiation) {
        (Some(prediction), _) => {
            let port = prediction.connector.port.map(|port| format!(":{port}")).unwrap_or_default();
            let mut text = format!(
                "{mode}: {}{port} is expected to connect to {}",
                prediction.connector.ip, prediction.listener
            );
            if let Some(ip) = channel.advertised.and_then(|endpoint| endpoint.ip)
                && ip != prediction.listener.ip
            {
                _ = write!(text, ", announced as {ip}");
            }
            fact(mark, Ink::Predicted, "predicted", text + &frames)
        }
        (None, Some(Negotiation::Rejected)) => {
            let reply = summary::settling_reply(session, channel).map(events::reply_text).unwrap_or_default();
            fact(glyphs::FAILED, Ink::Failed, "rejected", format!("{mode}: {reply}{frames}"))
        }
        (None, Some(Negotiation::Malformed)) => {
            let said = command.map(events::command_text).unwrap_or_default();
            let reply = summary::settling_reply(session, channel).map(events::reply_text).unwrap_or_default();
            fact(glyphs::NEVER, Ink::Bad, "unreadable", format!("{said} / {reply}{frames}"))
        }
        (None, Some(Negotiation::Unanswered)) => {
            fact(glyphs::NEVER, Ink::Bad, "no reply", format!("{mode} was never answered{frames}"))
        }
        (None, Some(Negotiation::Accepted) | None) => {
            let text = match channel.mode {
                Some(mode) => format!("{mode}: no endpoint was announced"),
                None => "negotiated under TLS, out of sight".into(),
            };
            fact(glyphs::DOT, Ink::Dim, "predicted", text + &frames)
        }
    }
}

fn outcome(
    session: &Session,
    channel: &DataChannel,
    rounded: &summary::Channel,
    transfer: Option<&Transfer>,
) -> Fact {
    let waited = words::duration(rounded.settled.since(rounded.announced));
    let listener = rounded.listener.map(|listener| listener.to_string()).unwrap_or_default();
    let then = transfer
        .and_then(|transfer| session.command(transfer.command)?.completion())
        .filter(|reply| reply.is_negative())
        .map(|reply| format!("; then {}", events::reply_text(reply)))
        .unwrap_or_default();
    match (channel.outcome, channel.connection.as_deref()) {
        (Some(Outcome::Connected), Some(connection)) => {
            let remark = channel.matched_by.and_then(|matched_by| matched_by.remark(channel.differs()));
            let how = remark.map(|remark| format!(", {remark}")).unwrap_or_default();
            let inferred = channel.matched_by == Some(MatchedBy::Inferred);
            let after = if inferred { String::new() } else { format!(", {waited} later") };
            let tries = if connection.syn_attempts > 1 {
                format!(" at the {} SYN", ordinal(connection.syn_attempts))
            } else {
                String::new()
            };
            let text = format!(
                "{} {} {}{after}{tries}{how}  (frame {})",
                connection.originator,
                glyphs::ARROW,
                connection.responder,
                connection.frames.first
            );
            fact(glyphs::MATCHED, Ink::Matched, "matched", text)
        }
        (Some(Outcome::Refused), Some(connection)) => {
            let frame = connection.refused_frame.unwrap_or(connection.frames.last);
            let text = format!(
                "{} sent a SYN to {}, answered by RST{then}  (frame {frame})",
                connection.originator, connection.responder
            );
            fact(glyphs::FAILED, Ink::Failed, "refused", text)
        }
        (Some(Outcome::Unanswered), Some(connection)) => {
            let text = format!(
                "{} {} to {}, no answer in {}{then}  (frame {})",
                connection.syn_attempts.max(1),
                if connection.syn_attempts > 1 { "SYNs" } else { "SYN" },
                connection.responder,
                words::duration(connection.end.max(rounded.settled).since(connection.start)),
                connection.frames.first
            );
            fact(glyphs::NEVER, Ink::Never, "unanswered", text)
        }
        (Some(Outcome::Unused), _) => {
            let (mark, ink) = if rounded.state == ChannelState::NeverTried {
                (glyphs::NEVER, Ink::Never)
            } else {
                (glyphs::DOT, Ink::Dim)
            };
            fact(mark, ink, "never tried", format!("no SYN to {listener} in {waited}{then}"))
        }
        (Some(Outcome::Connected | Outcome::Refused | Outcome::Unanswered) | None, _) => {
            fact(glyphs::DOT, Ink::Dim, "outcome", format!("no data connection{then}"))
        }
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn moved(session: &Session, transfer: &Transfer) -> Option<Fact> {
    let command = session.command(transfer.command)?;
    let mut text = events::command_text(command);
    match transfer.bytes {
        Some(count) => _ = write!(text, "  {} bytes", words::count(count)),
        None => text.push_str("  bytes not captured"),
    }
    if let Some(expected) = transfer.expected_size
        && transfer.bytes != Some(expected.saturating_sub(transfer.offset))
    {
        _ = write!(text, " of {}", words::count(expected));
    }
    if transfer.offset > 0 {
        _ = write!(text, " from offset {}", words::count(transfer.offset));
    }
    if transfer.missing_bytes > 0 {
        _ = write!(text, ", {} missing in the capture", words::count(transfer.missing_bytes));
    }
    if let Some(seconds) = transfer.duration() {
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and comes from nanoseconds")]
        let nanos = (seconds * 1e9) as i64;
        _ = write!(text, " in {}", words::duration(nanos));
        if let Some(rate) = transfer.bytes.and_then(|bytes| words::rate(bytes, seconds)) {
            _ = write!(text, " ({rate})");
        }
    }
    if transfer.encrypted {
        text.push_str(", encrypted");
    }
    let (mark, ink) = match transfer.status {
        Status::Complete => (glyphs::DOT, Ink::Good),
        Status::Aborted | Status::Failed => (glyphs::FAILED, Ink::Failed),
        Status::Unfinished => (glyphs::NEVER, Ink::Never),
    };
    _ = write!(text, "  {}", status(transfer));
    Some(fact(mark, ink, "transfer", text))
}

/// How a transfer ended, with its code.
pub(super) fn status(transfer: &Transfer) -> String {
    let word = transfer.status.phrase();
    match transfer.reply_code {
        Some(code) => format!("{word} ({code})"),
        None => word.into(),
    }
}

fn closed(session: &Session, channel: &DataChannel, connection: &Connection) -> Option<Fact> {
    if channel.outcome != Some(Outcome::Connected) {
        return None;
    }
    let (time, frame) = connection.close?;
    let who = match connection.first_close {
        Some(FirstClose::Originator) => summary::party_of(channel, true).name(),
        Some(FirstClose::Responder) => summary::party_of(channel, false).name(),
        Some(FirstClose::Both) => "both sides at once",
        None => "nobody seen",
    };
    let how = if connection.end_state == EndState::Rst { "reset" } else { "closed first" };
    let mut text = format!("{how} by {who} at {}  (frame {frame})", words::offset(time.since(session.start)));
    if let Some(wait) = channel.time_wait {
        let holder = wait.holder.phrase();
        let until = words::offset(wait.until.since(session.start));
        _ = write!(text, " {} TIME_WAIT at the {holder} until {until}", glyphs::ARROW);
    }
    let ink = if connection.end_state == EndState::Rst { Ink::Failed } else { Ink::TimeWait };
    Some(fact(glyphs::TIME_WAIT, ink, "closed", text))
}

fn reused(session: &Session, reuse: &Reuse) -> Fact {
    let what = reuse.kind.phrase();
    let whose = if reuse.previous.session == session.uid {
        format!("channel {} of this session", reuse.previous.data_channel)
    } else {
        format!("channel {} of session {}", reuse.previous.data_channel, reuse.previous.session)
    };
    let when = words::duration(reuse.gap);
    let still = if reuse.in_time_wait { ", still in TIME_WAIT" } else { "" };
    let came = reuse.outcome.phrase();
    let bad = reuse.in_time_wait && reuse.outcome != ReuseOutcome::Accepted;
    let mark = if reuse.kind == ReuseKind::FourTuple && reuse.in_time_wait {
        glyphs::PAIR_REUSED
    } else {
        glyphs::LISTENER_REUSED
    };
    fact(
        mark,
        if bad { Ink::Bad } else { Ink::Reused },
        "reuse",
        format!("same {what} as {whose}, {when} later{still}: {came}"),
    )
}

/// The moment of a channel that tells most: its problem if there is one, else its start.
pub(super) fn telling_time(summary: &Summary, index: u32) -> Option<Timestamp> {
    let channel = summary.channel(index)?;
    Some(if channel.state.is_problem() { channel.settled } else { channel.announced })
}

/// Where a listener stands, in short.
pub(super) fn place(session: &Session, summary: &Summary, index: u32) -> Option<String> {
    Some(short_endpoint(session, summary.channel(index)?.listener?))
}

/// What a transfer's content is.
pub(super) fn content(transfer: &Transfer) -> Fact {
    let mut text = format!("type {}", words::wire(&transfer.representation));
    if transfer.structure != 'F' || transfer.mode != 'S' {
        _ = write!(text, ", structure {}, mode {}", transfer.structure, transfer.mode);
    }
    if let Some(mime) = &transfer.mime {
        _ = write!(text, ", {mime}");
    }
    match &transfer.sha256 {
        Some(hash) => {
            text.push_str(", sha256 ");
            for byte in hash {
                _ = write!(text, "{byte:02x}");
            }
        }
        None => text.push_str(", no hash: not all of it is in the capture"),
    }
    fact(glyphs::DOT, Ink::Dim, "content", text)
}

/// Frames that prove something.
pub(super) fn frames(frames: &[u64]) -> Fact {
    let list: Vec<String> = frames.iter().take(40).map(u64::to_string).collect();
    let more = if frames.len() > 40 { " …" } else { "" };
    fact(glyphs::DOT, Ink::Dim, "frames", format!("{}{more}", list.join(", ")))
}
