//! Who waited for whom: greetings and replies that took seconds, or never came.

use super::case::Case;
use super::draft::{Draft, Sink, duration, excerpt};
use crate::base::{TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Code, Command, CommandIndex, Direction, EndState, Outcome, Party, Reply, Severity, Transfer,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    // Where lines are missing, nobody can say when one came.
    if !case.session.gaps.is_empty() || !case.server_was_heard() {
        return;
    }
    greeting(case, sink);
    answers(case, sink);
    completions(case, sink);
}

fn is_slow(case: &Case<'_>, waited: TimeDelta) -> bool {
    waited >= case.options.thresholds.slow_reply
}

fn greeting(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let Some(first) = session.greeting.first().filter(|_| session.handshake) else { return };
    let waited = first.time.elapsed_since(session.start);
    if !is_slow(case, waited) || session.commands.first().is_some_and(|command| command.time < first.time) {
        return;
    }
    // A client that closes without a word once the greeting is there had waited for nothing else.
    let gave_up = session.commands.is_empty() && session.closed_by == Some(Party::Client);
    let left = if gave_up {
        format!("; the client {} had given up and closed the connection", session.client)
    } else {
        String::new()
    };
    let summary = format!(
        "The greeting {} of the server {} took {}{left}",
        first.code,
        session.server,
        duration(waited)
    );
    let severity = if gave_up { Severity::Warning } else { Severity::Notice };
    sink.push(
        Draft::new(Code::SlowReply, first.time, summary)
            .severity(severity)
            .advice(
                "Find what delays the greeting: look-ups of the client's name or user (reverse DNS, ident) that are not \
                 answered, or load.",
            )
            .frames([session.frames.first, first.frame]),
    );
}

/// A command and how long its first reply took.
struct Wait<'a> {
    index: CommandIndex,
    command: &'a Command,
    reply: &'a Reply,
    waited: TimeDelta,
}

fn answers(case: &Case<'_>, sink: &mut Sink) {
    let mut free: Option<Timestamp> = None;
    let mut slowest: Option<Wait<'_>> = None;
    let mut count = 0_u64;
    for (index, command) in case.commands() {
        let begun = free.map_or(command.time, |free| free.max(command.time));
        if let Some(reply) = command.replies.first() {
            let waited = reply.time.elapsed_since(begun);
            if is_slow(case, waited) && waits_for_nobody(command, reply) {
                count += 1;
                if slowest.as_ref().is_none_or(|known| known.waited < waited) {
                    slowest = Some(Wait { index, command, reply, waited });
                }
            }
        }
        free = free.max(command.replies.last().map(|reply| reply.time));
    }
    let Some(Wait { index, command, reply, waited }) = slowest else { return };
    let (client, server) = (case.session.client, case.session.server);
    let more = if count > 1 { format!(", the slowest of {count} replies") } else { String::new() };
    let summary = format!(
        "The server {server} sent {} for {} of the client {client} after {}{more}",
        reply.code,
        excerpt(command.verb.name()),
        duration(waited),
    );
    let advice = match command.verb {
        Verb::User | Verb::Pass => {
            "The server delays logins: look-ups of the client's name, an authentication service that is slow, or a delay \
             after wrong passwords that is meant."
        }
        _ => "See the server's log and load for what it does in that time.",
    };
    sink.push(
        Draft::new(Code::SlowReply, reply.time, summary)
            .advice(advice)
            .count(count)
            .frames([command.frame, reply.frame])
            .command(Some(index))
            .channel(case.channel_of(index)),
    );
}

/// Whether only the server itself can be what a reply waits for: a transfer waits for its data connection.
const fn waits_for_nobody(command: &Command, reply: &Reply) -> bool {
    let moves = matches!(
        command.verb,
        Verb::Retr | Verb::Stor | Verb::Appe | Verb::Stou | Verb::List | Verb::Nlst | Verb::Mlsd | Verb::Abor
    );
    !moves && !reply.is_preliminary()
}

fn completions(case: &Case<'_>, sink: &mut Sink) {
    for (index, transfer) in case.transfers() {
        let Some((ended, reply)) = ended(case, transfer) else { continue };
        let waited = reply.time.elapsed_since(ended);
        if !is_slow(case, waited) {
            continue;
        }
        let session = case.session;
        // The client's own stack answers with RST what comes after its process has closed.
        let last =
            session.commands.last().is_some_and(|last| last.frame <= reply.frame && last.verb != Verb::Quit);
        let gave_up = last && session.closed_by == Some(Party::Client) && session.end_state == EndState::Rst;
        let left =
            if gave_up { "; by then the client had given up and closed the control connection" } else { "" };
        let until = match transfer.direction {
            Direction::Upload => format!("the client {} had finished sending", session.client),
            Direction::Download => "the data connection had ended".to_owned(),
        };
        let summary = format!(
            "The server {} sent {} for {} {} after {until}{left}",
            session.server,
            reply.code,
            case.name(transfer),
            duration(waited),
        );
        let advice = match transfer.direction {
            Direction::Upload => {
                "The server stored the file before it replied (slow disk, network share, virus scan). Raise the client's \
                 reply timeout above that, or speed up the server's storage."
            }
            Direction::Download => "See the server's log and load for what it does in that time.",
        };
        sink.push(
            Draft::new(Code::SlowReply, reply.time, summary)
                .severity(if gave_up { Severity::Warning } else { Severity::Notice })
                .advice(advice)
                .frames(case.connection(transfer).and_then(|it| it.close).map(|(_, frame)| frame))
                .frames([reply.frame])
                .command(Some(transfer.command))
                .channel(transfer.data_channel)
                .transfer(Some(index)),
        );
    }
}

/// When all that a transfer moves had been moved, and the reply that says so.
fn ended<'a>(case: &Case<'a>, transfer: &Transfer) -> Option<(Timestamp, &'a Reply)> {
    let reply = case.final_reply(transfer).filter(|reply| reply.is_completion())?;
    let channel = case.session.data_channel(transfer.data_channel?)?;
    let connection = channel.connected().filter(|_| channel.outcome() == Some(Outcome::Connected))?;
    let (closed, _) = connection.close?;
    let ended = match transfer.direction {
        Direction::Upload => closed,
        Direction::Download => connection.closed.unwrap_or(closed).max(closed),
    };
    Some((ended, reply))
}
