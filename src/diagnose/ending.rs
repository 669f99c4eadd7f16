//! Sessions that the server ended or would not begin: 421, idle timeouts, limits of connections.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::case::{Case, ended_with};
use super::draft::{Draft, Sink, duration, excerpt, plural};
use super::refusal::Refusal;
use super::software::{Setting, called};
use super::tls;
use super::words::quote;
use crate::base::{FrameNumber, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Code, Command, CommandIndex, EndState, Party, Reply, Severity, Status, Transfer, TransferIndex,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    limit(case, sink);
    timeout(case, sink);
}

/// Replies that a session's commands, or nobody, asked for, with the command that they answer.
fn replies<'a>(case: &Case<'a>) -> impl Iterator<Item = (Option<CommandIndex>, &'a Reply)> {
    let unsolicited = case.session.unsolicited.iter().map(|reply| (None, reply));
    let answers = case
        .commands()
        .flat_map(|(index, command)| command.replies.iter().map(move |reply| (Some(index), reply)));
    unsolicited.chain(answers)
}

fn limit(case: &Case<'_>, sink: &mut Sink) {
    let greeting = case.session.greeting.iter().find(|reply| reply.code == 421);
    let mut refused = replies(case).filter(|(_, reply)| Refusal::is_limit(reply));
    let (command, reply, count) = match (greeting, refused.next()) {
        (Some(reply), _) => (None, reply, 1),
        (None, Some((command, reply))) => (command, reply, 1 + refused.count() as u64),
        (None, None) => return,
    };
    let asked = command.and_then(|index| case.session.command(index));
    let login = asked.is_some_and(|command| matches!(command.verb, Verb::User | Verb::Pass | Verb::Acct));
    let user = case.session.user.as_ref().filter(|_| login);
    let what = match user {
        Some(user) => {
            format!("refused the login of the client {} as “{}”", case.session.client.ip, excerpt(user.raw()))
        }
        None => format!("turned the client {} away", case.session.client.ip),
    };
    let beside = match case.session.others_open {
        0 => String::new(),
        open => format!("; this client had {} open", plural(u64::from(open), "other session")),
    };
    let summary = format!("The server {} {what} with {}{beside}", case.session.server, quote(reply));
    let mut raise = format!(
        "Lower the number of parallel connections in the client, or raise the limit on the server{}.",
        called(Setting::SessionLimit, case.session)
    );
    let advice = match Refusal::of(reply) {
        Refusal::Banned => "The server shuts this client out: see its access rules and ban list.",
        Refusal::ShuttingDown => "The server is going down: try again later.",
        _ => {
            raise.push_str(if login { " The password was not judged." } else { "" });
            &raise
        }
    };
    sink.push(
        Draft::new(Code::ConnectionLimit, reply.time, summary)
            .advice(advice.to_owned())
            .count(count)
            .frames(asked.map(|command| command.frame))
            .frames([reply.frame])
            .command(command),
    );
}

/// How the server ended the session.
struct Ending<'a> {
    time: Timestamp,
    frame: FrameNumber,
    reply: Option<&'a Reply>,
    /// The command that the reply answers.
    command: Option<CommandIndex>,
}

fn ending<'a>(case: &Case<'a>) -> Option<Ending<'a>> {
    let said = replies(case).find(|(_, reply)| reply.code == 421);
    if let Some((command, reply)) = said {
        let other =
            matches!(Refusal::of(reply), Refusal::Limit | Refusal::WantsTls) || is_about_handshake(reply);
        return (!other).then_some(Ending {
            time: reply.time,
            frame: reply.frame,
            reply: Some(reply),
            command,
        });
    }
    let session = case.session;
    let closed = session.closed_by == Some(Party::Server)
        && matches!(session.end_state, EndState::Fin | EndState::Rst);
    let said_goodbye =
        ended_with(case.session, &[Verb::Quit]) || session.unsolicited.iter().any(|it| it.code == 221);
    let idle = session.end.elapsed_since(last_line(case, session.end));
    let begun = !session.commands.is_empty();
    (closed && begun && !said_goodbye && !case.replies_may_be_lost() && idle >= case.options.thresholds.idle)
        .then_some(Ending { time: session.end, frame: session.frames.last, reply: None, command: None })
}

/// 421 after a TLS handshake that failed tells of the handshake, not of an idle client.
fn is_about_handshake(reply: &Reply) -> bool {
    let text = reply.text.raw().to_ascii_lowercase();
    text.contains("handshake") || text.contains("tls") || text.contains("ssl")
}

/// When the client or the server last said something before a moment.
fn last_line(case: &Case<'_>, before: Timestamp) -> Timestamp {
    let session = case.session;
    let commands = session.commands.iter().map(|command| command.time);
    let replies = session.commands.iter().flat_map(|command| command.replies.iter().map(|reply| reply.time));
    let greeting = session.greeting.iter().map(|reply| reply.time);
    commands.chain(replies).chain(greeting).filter(|time| *time < before).max().unwrap_or(session.start)
}

fn timeout(case: &Case<'_>, sink: &mut Sink) {
    // What follows from TLS that failed is no timeout.
    let Some(ending) = ending(case).filter(|_| tls::failed::of_control(case).is_none()) else { return };
    let session = case.session;
    let running = running(case, &ending);
    let went_on = went_on(case, &ending);
    let idle = duration(ending.time.elapsed_since(last_command(case, &ending)));
    let shutting_down = ending.reply.is_some_and(|reply| Refusal::of(reply) == Refusal::ShuttingDown);
    let mut summary = match ending.reply {
        Some(reply) => {
            format!(
                "The server {} ended the session of the client {} with {}",
                session.server,
                session.client,
                quote(reply)
            )
        }
        None => format!(
            "The server {} closed the control connection of the client {} without a reply",
            session.server, session.client
        ),
    };
    match (running, ending.command) {
        _ if shutting_down => {}
        (Some((_, transfer)), _) => {
            _ = write!(summary, " {idle} after the last command, while {} was running", case.name(transfer));
            if let Some(bytes) = transfer.bytes.filter(|bytes| *bytes > 0) {
                _ = write!(summary, " ({bytes} bytes seen)");
            }
        }
        (None, None) => _ = write!(summary, " after {idle} without a command"),
        (None, Some(index)) => {
            if let Some(command) = session.command(index) {
                _ = write!(summary, " in answer to {}", excerpt(command.verb.name()));
            }
        }
    }
    if let Some((_, command)) = went_on {
        let later = duration(command.time.elapsed_since(ending.time));
        _ = write!(summary, "; the client went on with {} {later} later", excerpt(command.verb.name()));
    }
    let severity = if running.is_some() || went_on.is_some() { Severity::Warning } else { Severity::Notice };
    sink.push(
        Draft::new(Code::SessionTimeout, ending.time, summary)
            .severity(severity)
            .advice(timeout_advice(case, running.is_some(), went_on.is_some()))
            .frames([ending.frame])
            .frames(went_on.map(|(_, command)| command.frame))
            .command(ending.command.or(went_on.map(|(index, _)| index)))
            .channel(running.and_then(|(_, transfer)| transfer.data_channel))
            .transfer(running.map(|(index, _)| index)),
    );
}

fn timeout_advice(case: &Case<'_>, running: bool, went_on: bool) -> Cow<'static, str> {
    if running {
        return format!(
            "The server's idle timer does not count data. Raise it{} above the longest transfer, or have the client send \
             NOOP during transfers.",
            called(Setting::IdleTimeout, case.session)
        )
        .into();
    }
    Cow::Borrowed(if went_on {
        "Have the client read the 421 and reconnect, or send NOOP while it is idle; the server's idle timeout may be \
         raised."
    } else {
        "No action if this is intended."
    })
}

/// The last command before the end, but for the one that was answered by it.
fn last_command(case: &Case<'_>, ending: &Ending<'_>) -> Timestamp {
    let before = |(_, command): &(CommandIndex, &Command)| command.time < ending.time;
    let last = case.commands().filter(before).last().map(|(_, command)| command.time);
    last.unwrap_or(case.session.start)
}

/// The transfer that the end of the session cut off.
fn running<'a>(case: &Case<'a>, ending: &Ending<'_>) -> Option<(TransferIndex, &'a Transfer)> {
    case.transfers().find(|(_, transfer)| {
        let cut_off = transfer.status == Status::Unfinished || Some(transfer.command) == ending.command;
        let begun = case.transfer_command(transfer).is_some_and(|command| command.time < ending.time);
        cut_off && begun && case.connection(transfer).is_some()
    })
}

/// The command that the client sent after the server had ended the session.
fn went_on<'a>(case: &Case<'a>, ending: &Ending<'_>) -> Option<(CommandIndex, &'a Command)> {
    case.commands().find(|(_, command)| command.time > ending.time && command.verb != Verb::Quit)
}
