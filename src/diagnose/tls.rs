//! Protection: what should have been under TLS and was not, and TLS that failed.

pub(super) mod failed;
mod mode;
pub(super) mod reuse;
pub(super) mod truncated;
mod unread;

use super::case::{Case, argument, failed};
use super::draft::{Draft, Sink, excerpt, plural};
use crate::ftp::Verb;
use crate::report::{Code, Command, MatchedBy, Protection, Security, StreamFacts};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    refused(case, sink);
    unprotected(case, sink);
    failed::rules(case, sink);
    reuse::rules(case, sink);
    mode::rules(case, sink);
    truncated::rules(case, sink);
    unread::rules(case, sink);
}

/// 234 and 334 take AUTH up, whatever comes of it.
fn is_accepted(auth: &Command) -> bool {
    auth.completion().is_some_and(|reply| matches!(reply.code, 200..=399))
}

fn refused(case: &Case<'_>, sink: &mut Sink) {
    let mut refused: Vec<&Command> = Vec::new();
    for (index, command) in case.commands() {
        match command.verb {
            Verb::Auth if is_accepted(command) => refused.clear(),
            Verb::Auth if failed(command) && refused.len() < 4 => refused.push(command),
            Verb::User | Verb::Pass if command.line.protection == Protection::Clear => {
                let goes_on = command.verb == Verb::Pass
                    || command.completion().is_some_and(|reply| matches!(reply.code, 230 | 232));
                let Some(auth) = refused.first().filter(|_| goes_on) else { continue };
                let summary = format!(
                    "The server {} refused AUTH {} ({}), and the client {} went on to log in in the clear",
                    case.session.server,
                    excerpt(argument(auth)),
                    auth.completion().map_or(0, |reply| reply.code),
                    case.session.client,
                );
                sink.push(
                    Draft::new(Code::TlsRefused, command.time, summary)
                        .frames(refused.iter().map(|auth| auth.frame))
                        .frames(refused.iter().filter_map(|auth| auth.completion()).map(|reply| reply.frame))
                        .frames([command.frame])
                        .command(Some(index)),
                );
                return;
            }
            _ => {}
        }
    }
}

fn unprotected(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    if !matches!(session.security, Security::ExplicitTls | Security::ImplicitTls) {
        return;
    }
    let accepted = session.commands.iter().find(|command| command.verb == Verb::Auth && is_accepted(command));
    let since = accepted.map_or(session.start, |auth| auth.time);
    // Whether a stream is TLS shows in its first bytes; without those nothing is known of it.
    let clear = |stream: &StreamFacts| stream.bytes > 0 && stream.start_seen;
    let mut count = 0_u64;
    let mut bytes = 0_u64;
    let mut first = None;
    let mut frames = Vec::new();
    for (index, channel) in case.channels() {
        let Some(connection) = channel.connected() else { continue };
        let moved = clear(&connection.from_originator) || clear(&connection.from_responder);
        // What lies near in time and goes to another service of the same host is no data connection.
        let guessed = channel.matched_by() == Some(MatchedBy::Inferred) && connection.responder.port < 1024;
        if guessed || connection.tls || connection.decrypted || !moved || connection.start < since {
            continue;
        }
        count += 1;
        bytes = bytes.saturating_add(connection.bytes());
        first = first.or(Some((index, channel, connection)));
        if frames.len() < 8 {
            frames.push(connection.frames.first);
        }
    }
    let Some((index, channel, connection)) = first else { return };
    let summary = format!(
        "The control connection of {} to {} is under TLS, but {} carried {bytes} bytes in the clear, first {} to {} (PROT C)",
        session.client,
        session.server,
        plural(count, "data connection"),
        connection.originator,
        connection.responder,
    );
    sink.push(
        Draft::new(Code::DataUnprotected, connection.start, summary)
            .frames(accepted.map(|auth| auth.frame))
            .frames(frames)
            .command(channel.command())
            .channel(Some(index))
            .transfer(case.transfers_on(index).next().map(|(transfer, _)| transfer)),
    );
}
