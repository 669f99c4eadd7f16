//! The control connection that died on the way: lines that were sent again and again, or answered by a RST
//! after a pause.

use std::fmt::Write as _;

use super::case::Case;
use super::draft::{Draft, Sink, duration, excerpt, plural};
use super::interference;
use super::words::quote;
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Code, Command, CommandIndex, EndState, Party, Reply, Status, Transfer, TransferIndex, Unheard,
};

/// A RST this soon after a command is the answer to it.
const RIGHT_AFTER: TimeDelta = TimeDelta::from_secs(10);

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    // Whoever lacks lines can't say which one was lost; a device that changes numbers is told of instead.
    if !case.session.gaps.is_empty() || !case.server_was_heard() || interference::has_changed_lengths(case) {
        return;
    }
    for party in [Party::Client, Party::Server] {
        if let Some(unheard) = unheard(case, party) {
            unacknowledged(case, party, unheard, sink);
            return;
        }
    }
    reset_after_pause(case, sink);
}

/// What a side sent again and again, and never saw acknowledged.
fn unheard(case: &Case<'_>, party: Party) -> Option<Unheard> {
    let [client, server] = case.session.trouble.as_ref()?.unheard;
    let unheard = match party {
        Party::Client => client,
        Party::Server => server,
    }?;
    let thresholds = &case.options.thresholds;
    let lasted = unheard.last.0.elapsed_since(unheard.first.0);
    let often = f64::from(unheard.times) >= thresholds.retransmissions;
    // A RST shows that the other side was there.
    let answered = case.session.end_state == EndState::Rst && case.session.closed_by == Some(party.other());
    ((often || unheard.times >= 2 && lasted >= thresholds.unheard) && !answered).then_some(unheard)
}

/// The line that was sent first and not heard.
struct Line<'a> {
    time: Timestamp,
    frame: FrameNumber,
    command: Option<(CommandIndex, &'a Command)>,
    reply: Option<&'a Reply>,
}

fn last_line<'a>(case: &Case<'a>, party: Party, before: FrameNumber) -> Option<Line<'a>> {
    let commands = case.commands().take_while(|(_, command)| command.frame <= before);
    match party {
        Party::Client => commands.last().map(|(index, command)| Line {
            time: command.time,
            frame: command.frame,
            command: Some((index, command)),
            reply: None,
        }),
        Party::Server => {
            let answers = commands.flat_map(|(index, command)| {
                command.replies.iter().map(move |reply| (Some((index, command)), reply))
            });
            let others =
                case.session.greeting.iter().chain(&case.session.unsolicited).map(|reply| (None, reply));
            let said = answers.chain(others).filter(|(_, reply)| reply.frame <= before);
            let (command, reply) = said.max_by_key(|(_, reply)| reply.frame)?;
            Some(Line { time: reply.time, frame: reply.frame, command, reply: Some(reply) })
        }
    }
}

/// How long nothing was said before a line.
fn pause_before(case: &Case<'_>, line: &Line<'_>) -> TimeDelta {
    let commands = case.session.commands.iter().map(|command| (command.time, command.frame));
    let replies = case.session.commands.iter().flat_map(|command| command.replies.iter());
    let replies = replies.chain(&case.session.greeting).chain(&case.session.unsolicited);
    let replies = replies.map(|reply| (reply.time, reply.frame));
    let before = commands.chain(replies).filter(|&(_, frame)| frame < line.frame).map(|(time, _)| time).max();
    line.time.elapsed_since(before.unwrap_or(case.session.start))
}

/// The transfer that a line belongs to: its command, or its reply.
fn transfer<'a>(case: &Case<'a>, line: &Line<'_>) -> Option<(TransferIndex, &'a Transfer)> {
    let (index, _) = line.command?;
    case.transfers().find(|(_, transfer)| transfer.command == index)
}

fn unacknowledged(case: &Case<'_>, party: Party, unheard: Unheard, sink: &mut Sink) {
    let session = case.session;
    // Under TLS that can't be read, the last line is not the one that was sent.
    let line = last_line(case, party, unheard.first.1).filter(|_| !case.is_unread());
    let since = line.as_ref().map_or(unheard.first.0, |line| line.time);
    let times = plural(u64::from(unheard.times).saturating_add(1), "time");
    let within = duration(unheard.last.0.elapsed_since(since));
    let verb = line.as_ref().and_then(|line| line.command).map(|(_, command)| excerpt(command.verb.name()));
    let mut summary = match (party, &line, &verb) {
        (Party::Client, Some(_), Some(verb)) => format!(
            "{verb} of the client {} was sent {times} in {within} and never acknowledged by the server {}",
            session.client, session.server,
        ),
        (Party::Server, Some(Line { reply: Some(reply), .. }), _) => {
            let to = verb.as_ref().map(|verb| format!(" to {verb}")).unwrap_or_default();
            format!(
                "The server {} sent its reply {}{to} {times} in {within}, and the client {} never acknowledged it",
                session.server,
                quote(reply),
                session.client,
            )
        }
        (Party::Client, ..) => format!(
            "A packet of the client {} was sent {times} in {within} and never acknowledged by the server {}",
            session.client, session.server,
        ),
        (Party::Server, ..) => format!(
            "A packet of the server {} was sent {times} in {within} and never acknowledged by the client {}",
            session.server, session.client,
        ),
    };
    let pause = line.as_ref().map_or(TimeDelta::ZERO, |line| pause_before(case, line));
    let idle = pause >= case.options.thresholds.idle;
    let moved = line.as_ref().and_then(|line| transfer(case, line));
    let in_transfer = party == Party::Server && moved.is_some();
    if idle && in_transfer {
        _ = write!(
            summary,
            "; the control connection had carried nothing for {} while the file was transferred",
            duration(pause)
        );
    } else if idle {
        _ = write!(summary, ", after the control connection had been idle for {}", duration(pause));
    }
    let draft = Draft::new(Code::ControlLost, unheard.first.0, summary)
        .advice(advice(idle, moved.is_some_and(|(_, transfer)| transfer.status == Status::Complete)))
        .frames(line.as_ref().map(|line| line.frame))
        .frames([unheard.first.1, unheard.last.1])
        .command(line.as_ref().and_then(|line| line.command).map(|(index, _)| index));
    sink.push(
        draft
            .channel(moved.and_then(|(_, transfer)| transfer.data_channel))
            .transfer(moved.map(|(index, _)| index)),
    );
}

const fn advice(idle: bool, is_complete: bool) -> &'static str {
    match (idle, is_complete) {
        (true, true) => {
            "The path dropped the idle control connection: raise the idle timeout of the firewall or NAT on it above the \
             longest transfer, or turn on TCP keep-alive for the control connection (every 60 s or less). The file may be \
             complete: compare its size before sending it again."
        }
        (true, false) => {
            "The path dropped the idle control connection: raise the idle timeout of the firewall, NAT or load balancer on \
             it, or turn on TCP keep-alive or NOOP in the client (every 60 s or less)."
        }
        (false, _) => {
            "Something on the path, or the other host, has dropped these packets since: a firewall rule or a ban took effect, a \
             device inspects FTP, or a host is down."
        }
    }
}

/// The first command after a pause, which a RST answered: what is on the way had forgotten the connection.
fn reset_after_pause(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let Some((index, command)) = case.commands().last() else { return };
    let line =
        Line { time: command.time, frame: command.frame, command: Some((index, command)), reply: None };
    let pause = pause_before(case, &line);
    let reset_at = session.closed_at.unwrap_or(session.end);
    let follows = (TimeDelta::ZERO..=RIGHT_AFTER).contains(&reset_at.since(command.time));
    let reset = session.end_state == EndState::Rst && session.closed_by == Some(Party::Server);
    let said_goodbye = session.unsolicited.iter().any(|reply| matches!(reply.code, 221 | 421));
    if pause < case.options.thresholds.idle
        || !reset
        || !follows
        || !command.replies.is_empty()
        || said_goodbye
        || command.verb == Verb::Quit
    {
        return;
    }
    let device = session
        .trouble
        .as_ref()
        .and_then(|trouble| trouble.odd_resets[1])
        .map(|reset| {
            format!(
                " with hop limit {}, unlike the packets of the server before it ({}): another device had dropped the connection",
                reset.hop_limit, reset.usual
            )
        })
        .unwrap_or_default();
    let summary = format!(
        "{} of the client {}, sent to the server {} after the control connection had been idle for {}, was answered by \
         RST{device}",
        excerpt(command.verb.name()),
        session.client,
        session.server,
        duration(pause),
    );
    sink.push(
        Draft::new(Code::ControlLost, command.time, summary)
            .advice(advice(true, false))
            .frames([command.frame, session.frames.last])
            .command(Some(index)),
    );
}
