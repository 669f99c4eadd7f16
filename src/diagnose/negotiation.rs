//! How the peers agreed on data connections: violations, refusals, what can't be read, second tries.

use super::case::{Case, accepted_but_unused, argument, succeeded};
use super::draft::{Draft, Sink, excerpt};
use crate::base::Timestamp;
use crate::ftp::Verb;
use crate::report::{AttemptResult, ChannelIndex, Code, Command, DataChannel, LineEnd, Negotiation, Party};

/// A negotiation that was replaced unused counts as having led to nothing only if it had this long a chance, in
/// seconds: TCP's first retransmission of a SYN comes after one.
const CHANCE_S: f64 = 1.0;

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    epsv_all(case, sink);
    protocol_unsupported(case, sink);
    malformed(case, sink);
    second_tries(case, sink);
}

/// RFC 2428 section 4: after EPSV ALL the server must refuse every other way to set up a data connection.
fn epsv_all(case: &Case<'_>, sink: &mut Sink) {
    let mut promise: Option<&Command> = None;
    for (index, command) in case.commands() {
        match command.verb {
            Verb::Epsv if is_all(command) && succeeded(command) => promise = promise.or(Some(command)),
            Verb::Port | Verb::Pasv | Verb::Eprt | Verb::Lprt | Verb::Lpsv => {
                let Some(promise) = promise else { continue };
                let answer = match command.completion() {
                    Some(reply) if reply.is_negative() => {
                        format!("which the server refused ({})", reply.code)
                    }
                    Some(reply) => format!("and the server agreed ({})", reply.code),
                    None => "and no reply was seen".to_owned(),
                };
                let summary = format!(
                    "The client {} sent {} to the server {} after it had promised EPSV ALL, {answer}",
                    case.session.client, command.verb, case.session.server,
                );
                sink.push(
                    Draft::new(Code::EpsvAllViolation, command.time, summary)
                        .frames([promise.frame])
                        .frames(promise.completion().map(|reply| reply.frame))
                        .frames([command.frame])
                        .frames(command.completion().map(|reply| reply.frame))
                        .command(Some(index))
                        .channel(case.channel_of(index)),
                );
            }
            // REIN flushes all that was agreed on (RFC 959 section 4.1.1).
            Verb::Rein if succeeded(command) => promise = None,
            _ => {}
        }
    }
}

fn is_all(command: &Command) -> bool {
    argument(command).trim().eq_ignore_ascii_case("ALL")
}

/// RFC 2428 section 2: 522 refuses the network protocol and lists those that will do. A 522 to a transfer command is
/// about data protection (RFC 4217) and not meant here.
fn protocol_unsupported(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        let Some(command) = case.negotiator(channel) else { continue };
        let Some(reply) = command.completion().filter(|reply| reply.code == 522) else { continue };
        let offered = offered_protocols(reply.text.raw());
        let instead = if offered.is_empty() {
            "without saying what it takes".to_owned()
        } else {
            format!("and takes {}", offered.join(" or "))
        };
        let summary = format!(
            "The server {} refused the network protocol of {} from the client {} (522) {instead}",
            case.session.server,
            format!("{} {}", command.verb, excerpt(argument(command))).trim_end(),
            case.session.client,
        );
        sink.push(
            Draft::new(Code::ProtocolUnsupported, reply.time, summary)
                .frames([command.frame, reply.frame])
                .command(channel.command())
                .channel(Some(index)),
        );
    }
}

/// The protocols in a 522's list, `(1,2)` by the RFC, `(use 1)` in the wild.
fn offered_protocols(text: &str) -> Vec<String> {
    let list = text.rsplit_once('(').map_or("", |(_, list)| list.split(')').next().unwrap_or_default());
    list.split(|character: char| !character.is_ascii_digit())
        .filter(|number| matches!(number.len(), 1..=5))
        .take(8)
        .map(|number| match number {
            "1" => "IPv4 (1)".to_owned(),
            "2" => "IPv6 (2)".to_owned(),
            other => format!("protocol {other}"),
        })
        .collect()
}

fn malformed(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        if channel.negotiation() != Some(Negotiation::Malformed) {
            continue;
        }
        let Some(command) = case.negotiator(channel) else { continue };
        let reply = command.completion();
        // In active mode the client's argument carries the endpoint, in passive mode the server's reply.
        let carrier = if channel.is_active() { None } else { reply };
        let line = carrier.map_or(command.line, |reply| reply.line);
        let from = if channel.is_active() { Party::Client } else { Party::Server };
        let cut_by_capture =
            line.end == LineEnd::None && case.session.gaps.iter().any(|gap| gap.from == from);
        if cut_by_capture {
            continue;
        }
        let said = if let Some(reply) = carrier {
            let text = excerpt(reply.text.raw());
            format!(
                "The server {} answered {} with {} “{text}”",
                case.session.server, command.verb, reply.code
            )
        } else {
            let text = excerpt(argument(command));
            format!(
                "The client {} sent {} “{text}” to {}",
                case.session.client, command.verb, case.session.server
            )
        };
        let time = carrier.map_or(command.time, |reply| reply.time);
        sink.push(
            Draft::new(
                Code::MalformedEndpoint,
                time,
                format!("{said}, which contains no valid address and port"),
            )
            .frames([command.frame])
            .frames(reply.map(|reply| reply.frame))
            .command(channel.command())
            .channel(Some(index)),
        );
    }
}

/// Why a negotiation was followed by another one.
enum Failure {
    Rejected(u16),
    Nothing(&'static str),
}

fn second_tries(case: &Case<'_>, sink: &mut Sink) {
    let mut previous: Option<(ChannelIndex, &DataChannel)> = None;
    for (index, channel) in case.channels() {
        // Further connections on the same negotiation are no second try.
        let Some(number) = channel.command() else { continue };
        if let Some((_, before)) = previous
            && before.command() == Some(number)
        {
            continue;
        }
        let first = previous.replace((index, channel));
        let (Some((first_index, first)), Some(command)) = (first, case.negotiator(channel)) else { continue };
        let (Some(first_mode), Some(mode)) = (first.mode(), channel.mode()) else { continue };
        let Some(failure) = failure(case, first_index, first, command.time) else { continue };
        let retried = mode == first_mode;
        let code = if retried { Code::NegotiationRetried } else { Code::ModeFallback };
        let why = match failure {
            // The same mode again after a plain refusal is no new endpoint for one that failed.
            Failure::Rejected(_) if retried => continue,
            Failure::Rejected(code) => format!("the server rejected {first_mode} ({code})"),
            Failure::Nothing(what) => what.to_owned(),
        };
        let (client, server) = (case.session.client, case.session.server);
        let endpoint = first.predicted().map(|it| format!(" at {}", it.listener)).unwrap_or_default();
        let summary = if retried {
            format!("The client {client} negotiated {mode} with the server {server} again: {why}{endpoint}")
        } else {
            format!(
                "The client {client} fell back from {first_mode} to {mode} with the server {server}: {why}{endpoint}"
            )
        };
        sink.push(
            Draft::new(code, command.time, summary)
                .frames(case.negotiation_frames(first))
                .frames(first.connection().iter().map(|it| it.frames.first))
                .frames([command.frame])
                .command(channel.command())
                .channel(Some(index)),
        );
    }
}

/// How a negotiation failed, if it did, by the time the next one began.
fn failure(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, next: Timestamp) -> Option<Failure> {
    let reply = case.negotiator(channel).and_then(Command::completion);
    let refused = reply.filter(|reply| reply.is_negative());
    match channel.negotiation()? {
        Negotiation::Rejected | Negotiation::Malformed if refused.is_some() => {
            // "Log in first" says nothing about the mode.
            refused
                .filter(|reply| !matches!(reply.code, 421 | 530))
                .map(|reply| Failure::Rejected(reply.code))
        }
        Negotiation::Rejected => None,
        Negotiation::Malformed => Some(Failure::Nothing("the first contained no valid address and port")),
        Negotiation::Unanswered if case.replies_may_be_lost() || !case.server_was_heard() => None,
        Negotiation::Unanswered => Some(Failure::Nothing("the server did not answer the first")),
        Negotiation::Accepted => match channel.attempt.as_ref().map(|attempt| attempt.result) {
            Some(AttemptResult::Refused) => Some(Failure::Nothing("the data connection was refused")),
            Some(AttemptResult::Unanswered) => {
                Some(Failure::Nothing("the data connection's SYN went unanswered"))
            }
            Some(AttemptResult::Connected { .. }) => None,
            None => unused(case, index, channel, next).map(Failure::Nothing),
        },
    }
}

fn unused(
    case: &Case<'_>,
    index: ChannelIndex,
    channel: &DataChannel,
    next: Timestamp,
) -> Option<&'static str> {
    if !accepted_but_unused(channel) {
        return None;
    }
    let mut transfers = case.transfers_on(index).peekable();
    if transfers.peek().is_some() {
        // A 550 is about the file, not about the endpoint.
        return transfers
            .any(|(_, transfer)| matches!(transfer.reply_code, Some(425 | 426 | 421) | None))
            .then_some("the transfer failed without a data connection");
    }
    let answer = case.negotiator(channel)?.completion()?;
    (next.seconds_since(answer.time) >= CHANCE_S).then_some("no data connection was seen")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_protocols_are_read_from_the_last_parentheses() {
        for (text, expected) in [
            ("Network protocol not supported, use (1)", "IPv4 (1)"),
            ("Network protocol not supported (use 1).", "IPv4 (1)"),
            ("Use (1,2)", "IPv4 (1), IPv6 (2)"),
            ("Extended (sic) port failure, use (2", "IPv6 (2)"),
            ("Use (1,7)", "IPv4 (1), protocol 7"),
            ("no", ""),
        ] {
            assert_eq!(offered_protocols(text).join(", "), expected, "{text}");
        }
    }
}
