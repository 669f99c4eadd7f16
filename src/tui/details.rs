//! The lines of the detail panels: for a data channel what was predicted, what happened, what is wrong, what
//! to do.
//!
//! **Invariant:** says nothing that the report does not; the most important line comes first, since a panel
//! may have room for only a few.

mod session;

use std::fmt::Write as _;

use super::glyphs;
use super::theme::Role;
use super::words;
use crate::base::{FrameNumber, Timestamp};
use crate::picture::channels::{self, Summary, short_endpoint};
use crate::picture::events::{self, Event, EventKind};
use crate::report::{
    Answer, AttemptResult, ChannelIndex, ChannelState, Connection, DataChannel, EndState, Finding,
    FirstClose, MatchedBy, Reuse, ReuseKind, ReuseOutcome, Session, Severity, Status, Transfer,
};

use session::ending;
pub(super) use session::{next_port, parties, session};

/// One line of a detail panel; it is wrapped where it is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DetailLine {
    pub(super) mark: &'static str,
    pub(super) role: Role,
    pub(super) label: String,
    pub(super) text: String,
}

fn line(mark: &'static str, role: Role, label: &str, text: String) -> DetailLine {
    DetailLine { mark, role, label: label.to_owned(), text }
}

/// The title and the lines of the panel for the event at the cursor.
pub(super) fn at_event(session: &Session, summary: &Summary, event: &Event) -> (String, Vec<DetailLine>) {
    let (_, what) = events::describe(session, event);
    let title = match event.kind {
        EventKind::Reply { command, .. } => {
            let to = session.command(command).map(events::command_text).unwrap_or_default();
            format!("{what} to {to}")
        }
        EventKind::Finding(_) => "finding".into(),
        _ => what,
    };
    let title = if event.frame > FrameNumber::NONE {
        format!("{title} {} frame {}", glyphs::DOT, event.frame)
    } else {
        title
    };
    let mut lines = Vec::new();
    if let EventKind::Finding(index) = event.kind
        && let Some(finding) = usize::try_from(index).ok().and_then(|index| session.findings.get(index))
    {
        lines.extend(finding_lines(finding));
    }
    match event.channel {
        Some(index) => {
            for detail in channel(session, summary, index) {
                if !lines.contains(&detail) {
                    lines.push(detail);
                }
            }
        }
        None => lines.extend(of_command(session, event)),
    }
    (title, lines)
}

/// The lines of an event that concerns no data channel.
fn of_command(session: &Session, event: &Event) -> Vec<DetailLine> {
    let mut lines = Vec::new();
    let index = match event.kind {
        EventKind::Command(index) | EventKind::Reply { command: index, .. } => Some(index),
        EventKind::Began | EventKind::Ended => {
            lines.push(ending(session, false));
            None
        }
        _ => None,
    };
    if let Some((index, command)) = index.and_then(|index| Some((index, session.command(index)?))) {
        lines.push(line(
            glyphs::MORE_RIGHT,
            Role::Command,
            "command",
            format!("{}  (frame {})", events::command_text(command), command.frame),
        ));
        for reply in &command.replies {
            let after = words::duration(reply.time.since(command.time));
            let text = format!("{}  (frame {}, after {after})", events::reply_text(reply), reply.frame);
            lines.push(line(glyphs::MORE_LEFT, Role::Reply(reply.code), "reply", text));
        }
        if command.replies.is_empty() {
            lines.push(line(glyphs::NEVER, Role::Never, "reply", "none in the capture".into()));
        }
        for finding in session.findings.iter().filter(|finding| finding.command == Some(index)) {
            lines.extend(finding_lines(finding));
        }
    }
    lines
}

/// The lines of a finding: what is wrong, and what to do about it.
pub(super) fn finding_lines(finding: &Finding) -> Vec<DetailLine> {
    let role = Role::Severity(finding.severity);
    let mark = if finding.severity >= Severity::Warning { glyphs::PROBLEM } else { glyphs::DOT };
    let mut lines = vec![line(mark, role, finding.code.name(), words::raw_wire(&finding.summary))];
    if let Some(advice) = &finding.advice {
        lines.push(line(glyphs::ARROW, Role::Text, "advice", words::raw_wire(advice)));
    }
    lines
}

/// The lines of a data channel.
pub(super) fn channel(session: &Session, summary: &Summary, index: ChannelIndex) -> Vec<DetailLine> {
    let (Some(channel), Some(channel_summary)) = (session.data_channel(index), summary.channel(index)) else {
        return Vec::new();
    };
    let transfer = channel_summary.transfer.and_then(|index| session.transfer(index));
    let mut lines = vec![predicted(session, channel, channel_summary.state)];
    lines.push(outcome(session, channel, channel_summary, transfer));
    let of_transfer = |finding: &&Finding| {
        finding.data_channel == Some(index)
            || finding.transfer.is_some() && finding.transfer == channel_summary.transfer
            || finding.data_channel.is_none()
                && finding.transfer.is_none()
                && finding.command.is_some()
                && finding.command == channel.command()
    };
    let mut findings: Vec<&Finding> = session.findings.iter().filter(of_transfer).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let (loud, quiet): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| finding.severity >= Severity::Warning);
    for finding in loud {
        lines.extend(finding_lines(finding));
    }
    lines.extend(transfer.and_then(|transfer| moved(session, transfer)));
    let of_tls = channel.connection().and_then(|connection| connection.tls_details.as_deref());
    lines.extend(of_tls.map(|details| tls(&details.facts_beside(session.tls_details.as_deref()))));
    let inferred = channel.inferred_transfer.as_ref();
    lines.extend(inferred.map(|inferred| line(glyphs::DOT, Role::Dim, "inferred", inferred.to_string())));
    lines.extend(channel.connected().and_then(|connection| closed(session, channel, connection)));
    lines.extend(channel.reuse.as_ref().map(|reuse| reused(session, reuse)));
    for stranger in &channel.other_attempts {
        let text = format!("{} tried this endpoint and was rejected", stranger.originator);
        lines.push(line(glyphs::PROBLEM, Role::Bad, "stranger", text));
    }
    for finding in quiet {
        lines.extend(finding_lines(finding));
    }
    lines
}

/// The line about a connection's TLS.
fn tls(facts: &[String]) -> DetailLine {
    line(glyphs::DOT, Role::Dim, "TLS", words::raw_wire(&facts.join(", ")))
}

fn predicted(session: &Session, channel: &DataChannel, state: ChannelState) -> DetailLine {
    let mode = glyphs::mode_name(channel.mode());
    let command = channel.command().and_then(|index| session.command(index));
    let frames = match (command, channels::settling_reply(session, channel)) {
        (Some(command), Some(reply)) => format!("  (frames {}, {})", command.frame, reply.frame),
        (Some(command), None) => format!("  (frame {})", command.frame),
        (None, _) => String::new(),
    };
    let mark = if state.is_connected() { glyphs::MATCHED } else { glyphs::PREDICTED };
    match channel.origin.negotiated().map(|negotiated| negotiated.answer) {
        Some(Answer::Accepted { advertised, predicted: prediction }) => {
            let port = prediction.connector.port.map(|port| format!(":{port}")).unwrap_or_default();
            let mut text = format!(
                "{mode}: {}{port} is expected to connect to {}",
                prediction.connector.ip, prediction.listener
            );
            if let Some(ip) = advertised.ip.filter(|ip| *ip != prediction.listener.ip) {
                _ = write!(text, ", announced as {ip}");
            }
            line(mark, Role::Predicted, "predicted", text + &frames)
        }
        Some(Answer::Rejected(_)) => {
            let reply =
                channels::settling_reply(session, channel).map(events::reply_text).unwrap_or_default();
            line(glyphs::FAILED, Role::Failed, "rejected", format!("{mode}: {reply}{frames}"))
        }
        Some(Answer::Malformed) => {
            let sent = command.map(events::command_text).unwrap_or_default();
            let reply =
                channels::settling_reply(session, channel).map(events::reply_text).unwrap_or_default();
            line(glyphs::NEVER, Role::Bad, "unreadable", format!("{sent} / {reply}{frames}"))
        }
        Some(Answer::Unanswered(_)) => {
            line(glyphs::NEVER, Role::Bad, "no reply", format!("{mode} was never answered{frames}"))
        }
        None => {
            let text = match channel.mode() {
                Some(mode) => format!("{mode}: no endpoint was announced"),
                None => "negotiated under TLS, out of sight".into(),
            };
            line(glyphs::DOT, Role::Dim, "predicted", text + &frames)
        }
    }
}

fn outcome(
    session: &Session,
    channel: &DataChannel,
    channel_summary: &channels::Channel,
    transfer: Option<&Transfer>,
) -> DetailLine {
    let waited = words::duration(channel_summary.settled.since(channel_summary.announced));
    let listener = channel_summary.listener.map(|listener| listener.to_string()).unwrap_or_default();
    let then = transfer
        .and_then(|transfer| session.command(transfer.command)?.completion())
        .filter(|reply| reply.is_negative())
        .map(|reply| format!("; then {}", events::reply_text(reply)))
        .unwrap_or_default();
    let attempt = channel.attempt.as_ref().map(|attempt| (attempt.result, &*attempt.connection));
    match attempt {
        Some((AttemptResult::Connected { .. }, connection)) => {
            let remark = channel.matched_by().and_then(|matched_by| matched_by.remark(channel.differs()));
            let how = remark.map(|remark| format!(", {remark}")).unwrap_or_default();
            let inferred = channel.matched_by() == Some(MatchedBy::Inferred);
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
            line(glyphs::MATCHED, Role::Matched, "matched", text)
        }
        Some((AttemptResult::Refused, connection)) => {
            let (answer, frame) = match connection.unreachable() {
                Some(error) => (format!("ICMP {} from {}", error.message.meaning(), error.from), error.frame),
                None => ("RST".to_owned(), connection.refused_frame.unwrap_or(connection.frames.last)),
            };
            let text = format!(
                "{} sent a SYN to {}, answered by {answer}{then}  (frame {frame})",
                connection.originator, connection.responder
            );
            line(glyphs::FAILED, Role::Failed, channel_summary.state.phrase(), text)
        }
        Some((AttemptResult::Unanswered, connection)) => {
            let text = format!(
                "{} {} to {} over {}{then}  (frame {})",
                connection.syn_attempts.max(1),
                if connection.syn_attempts > 1 { "SYNs" } else { "SYN" },
                connection.responder,
                words::duration(connection.end.max(channel_summary.settled).since(connection.start)),
                connection.frames.first
            );
            line(glyphs::NEVER, Role::Never, channel_summary.state.phrase(), text)
        }
        None if channel.predicted().is_some() => {
            let (mark, role) = if channel_summary.state == ChannelState::NeverTried {
                (glyphs::NEVER, Role::Never)
            } else {
                (glyphs::DOT, Role::Dim)
            };
            let text = format!("no SYN to {listener} in {waited}{then}");
            line(mark, role, channel_summary.state.phrase(), text)
        }
        None => line(glyphs::DOT, Role::Dim, "outcome", format!("no data connection{then}")),
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

fn moved(session: &Session, transfer: &Transfer) -> Option<DetailLine> {
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
    if let Some(duration) = transfer.duration() {
        _ = write!(text, " in {}", words::duration(duration));
        if let Some(rate) = transfer.bytes.and_then(|bytes| words::rate(bytes, duration)) {
            _ = write!(text, " ({rate})");
        }
    }
    if transfer.encrypted {
        text.push_str(", encrypted");
    }
    let (mark, role) = match transfer.status {
        Status::Complete => (glyphs::DOT, Role::Good),
        Status::Aborted | Status::Failed => (glyphs::FAILED, Role::Failed),
        Status::Unfinished => (glyphs::NEVER, Role::Never),
    };
    _ = write!(text, "  {}", status(transfer));
    Some(line(mark, role, "transfer", text))
}

/// How a transfer ended, with its reply code.
pub(super) fn status(transfer: &Transfer) -> String {
    let word = transfer.status.phrase();
    match transfer.reply_code {
        Some(code) => format!("{word} ({code})"),
        None => word.into(),
    }
}

fn closed(session: &Session, channel: &DataChannel, connection: &Connection) -> Option<DetailLine> {
    let (time, frame) = connection.close?;
    let who = match connection.first_close {
        Some(FirstClose::Originator) => channels::party_of(channel, true).name(),
        Some(FirstClose::Responder) => channels::party_of(channel, false).name(),
        Some(FirstClose::Both) => "both sides at once",
        None => "nobody seen",
    };
    let how = if connection.end_state == EndState::Rst { "reset" } else { "closed first" };
    let mut text = format!("{how} by {who} at {}  (frame {frame})", words::offset(time.since(session.start)));
    if let Some(wait) = channel.time_wait() {
        let holder = wait.holder.phrase();
        let until = words::offset(wait.until.since(session.start));
        _ = write!(text, " {} TIME_WAIT at the {holder} until {until}", glyphs::ARROW);
    }
    let role = if connection.end_state == EndState::Rst { Role::Failed } else { Role::TimeWait };
    Some(line(glyphs::TIME_WAIT, role, "closed", text))
}

fn reused(session: &Session, reuse: &Reuse) -> DetailLine {
    let what = reuse.kind.phrase();
    let whose = if reuse.previous.session == session.uid {
        format!("channel {} of this session", reuse.previous.data_channel)
    } else {
        format!("channel {} of session {}", reuse.previous.data_channel, reuse.previous.session)
    };
    let when = match reuse.gap {
        Some(gap) => format!("{} later", words::duration(gap)),
        None => "while it was open".to_owned(),
    };
    let still = if reuse.in_time_wait { ", still in TIME_WAIT" } else { "" };
    let came = reuse.outcome.phrase();
    let bad = reuse.in_time_wait && reuse.outcome != ReuseOutcome::Accepted;
    let mark = if reuse.kind == ReuseKind::FourTuple && reuse.in_time_wait {
        glyphs::PAIR_REUSED
    } else {
        glyphs::LISTENER_REUSED
    };
    line(
        mark,
        if bad { Role::Bad } else { Role::Reused },
        "reuse",
        format!("same {what} as {whose}, {when}{still}: {came}"),
    )
}

/// When a channel went wrong, or when it was announced if it did not.
pub(super) fn notable_time(summary: &Summary, index: ChannelIndex) -> Option<Timestamp> {
    let channel = summary.channel(index)?;
    Some(if channel.state.is_problem() { channel.settled } else { channel.announced })
}

/// The endpoint of a channel's listener, in short.
pub(super) fn place(session: &Session, summary: &Summary, index: ChannelIndex) -> Option<String> {
    Some(short_endpoint(session, summary.channel(index)?.listener?))
}

/// The line about a transfer's content: representation, media type, hash.
pub(super) fn content(transfer: &Transfer) -> DetailLine {
    let mut text = format!("type {}", words::wire(&transfer.representation));
    if transfer.structure != 'F' || transfer.mode != 'S' {
        _ = write!(text, ", structure {}, mode {}", transfer.structure, transfer.mode);
    }
    if let Some(mime) = &transfer.mime {
        _ = write!(text, ", {mime}");
    }
    if let Some(kind) = transfer.kind {
        _ = write!(text, " ({})", kind.phrase());
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
    if let Some(verification) = &transfer.verification {
        _ = write!(text, ", {}", verification.phrase());
    }
    line(glyphs::DOT, Role::Dim, "content", text)
}

/// The line that lists a finding's frames.
pub(super) fn frames(frames: &[FrameNumber]) -> DetailLine {
    let list: Vec<String> = frames.iter().take(40).map(FrameNumber::to_string).collect();
    let more = if frames.len() > 40 { " …" } else { "" };
    line(glyphs::DOT, Role::Dim, "frames", format!("{}{more}", list.join(", ")))
}
