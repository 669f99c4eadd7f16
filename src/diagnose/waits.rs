//! Who waited for whom: greetings and replies that took seconds, or never came.

use super::case::Case;
use super::draft::{Draft, Sink, duration, excerpt, times};
use super::software::{Setting, called};
use crate::base::{Address, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Code, Command, CommandIndex, Direction, EndState, Lookup, LookupKind, Outcome, Party, Reply, Severity,
    Transfer,
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
    let asked = asked_meanwhile(case, session.start, first.time);
    let summary = format!(
        "The greeting {} of the server {} took {}{}{left}",
        first.code,
        session.server,
        duration(waited),
        told(&asked, first.time),
    );
    let severity = if gave_up { Severity::Warning } else { Severity::Notice };
    sink.push(
        Draft::new(Code::SlowReply, first.time, summary)
            .severity(severity)
            .advice(lookup_advice(case, &asked).unwrap_or_else(|| {
                "Find what delays the greeting: look-ups of the client's name or user (reverse DNS, ident) that are not \
                 answered, or load."
                    .to_owned()
            }))
            .frames([session.frames.first, first.frame])
            .frames(asked.iter().map(|lookup| lookup.frame)),
    );
}

/// What the server asked about the client while that waited, and was not told for half of that time.
fn asked_meanwhile<'a>(case: &Case<'a>, begun: Timestamp, until: Timestamp) -> Vec<&'a Lookup> {
    let half = until.since(begun).seconds() / 2.0;
    let delays = |lookup: &&Lookup| {
        let answered = lookup.answered.map_or(until, |answered| answered.min(until));
        lookup.time >= begun && lookup.time < until && answered.since(lookup.time).seconds() >= half
    };
    case.session.lookups.iter().filter(delays).collect()
}

/// What was asked of whom, as a clause.
fn told(asked: &[&Lookup], until: Timestamp) -> String {
    let clauses: Vec<String> = asked.iter().map(|lookup| clause(lookup, until)).collect();
    if clauses.is_empty() { String::new() } else { format!("; meanwhile it {}", clauses.join(", and it ")) }
}

fn clause(lookup: &Lookup, until: Timestamp) -> String {
    let whom = Address(lookup.whom);
    let question = match lookup.kind {
        LookupKind::User => format!("asked the client's ident service (port 113 of {whom})"),
        LookupKind::Name => {
            let times = times(u64::from(lookup.count));
            format!("asked the DNS server {whom}{times} for the client's name (reverse look-up)")
        }
    };
    match lookup.answered.filter(|&answered| answered <= until) {
        Some(answered) => {
            format!("{question} and was answered after {}", duration(answered.elapsed_since(lookup.time)))
        }
        None => format!("{question} and got no answer"),
    }
}

fn lookup_advice(case: &Case<'_>, asked: &[&Lookup]) -> Option<String> {
    let advice: Vec<String> = asked
        .iter()
        .map(|lookup| match lookup.kind {
            LookupKind::User => format!(
                "Turn ident look-ups off on the server{}, or have the client's firewall reject port 113 instead of \
                 dropping it.",
                called(Setting::NoIdent, case.session)
            ),
            LookupKind::Name => format!(
                "Turn reverse look-ups of clients off on the server{}, or see why {} does not answer it.",
                called(Setting::NoReverseDns, case.session),
                Address(lookup.whom)
            ),
        })
        .collect();
    (!advice.is_empty()).then(|| advice.join(" "))
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
    let asked = asked_meanwhile(case, reply.time.minus(waited), reply.time);
    let (client, server) = (case.session.client, case.session.server);
    let more = if count > 1 { format!(", the slowest of {count} replies") } else { String::new() };
    let summary = format!(
        "The server {server} sent {} for {} of the client {client} after {}{more}{}",
        reply.code,
        excerpt(command.verb.name()),
        duration(waited),
        told(&asked, reply.time),
    );
    let advice = lookup_advice(case, &asked).unwrap_or_else(|| match command.verb {
        Verb::User | Verb::Pass => {
            "The server delays logins: look-ups of the client's name, an authentication service that is slow, or a delay \
             after wrong passwords that is meant."
                .to_owned()
        }
        _ => "See the server's log and load for what it does in that time.".to_owned(),
    });
    sink.push(
        Draft::new(Code::SlowReply, reply.time, summary)
            .advice(advice)
            .count(count)
            .frames([command.frame, reply.frame])
            .frames(asked.iter().map(|lookup| lookup.frame))
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
