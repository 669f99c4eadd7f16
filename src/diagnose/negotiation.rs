//! How the peers agreed on data connections: violations, refusals, what can't be read, second tries.

use std::borrow::Cow;
use std::net::IpAddr;

use super::address;
use super::case::{Case, accepted_but_unused, argument, same, succeeded};
use super::draft::{Draft, Groups, Sink, excerpt, plural, ports, times};
use super::software::{Setting, called};
use super::words::quote;
use crate::base::Address;
use crate::ftp::Verb;
use crate::report::{
    Certainty, ChannelIndex, Code, Command, CommandIndex, DataChannel, LineEnd, MatchedBy, Mode, Negotiation,
    Outcome, Party, Reply, Severity,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    epsv_all(case, sink);
    protocol_unsupported(case, sink);
    malformed(case, sink);
    unexpected(case, sink);
    other_port(case, sink);
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

/// RFC 2428 section 2: 522 refuses the network protocol and lists those that will do. A 522 to a transfer
/// command is about data protection (RFC 4217) and not meant here. PASV and PORT carry IPv4 addresses only:
/// over IPv6 a refusal of them is about the protocol too.
fn protocol_unsupported(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    let over_ipv6 = !case.session.server.ip.to_canonical().is_ipv4();
    for (index, channel) in case.channels() {
        let Some(command) = case.negotiator(channel) else { continue };
        let Some(reply) = command.completion() else { continue };
        let only_ipv4 = over_ipv6
            && reply.is_negative()
            && matches!(command.verb, Verb::Pasv | Verb::Port)
            && !matches!(reply.code, 421 | 530);
        if reply.code != 522 && !only_ipv4 {
            continue;
        }
        let key = (command.verb.name(), reply.code, reply.text.raw());
        if let Some(group) = groups.add(key, index, reply.time) {
            group.prove([command.frame, reply.frame]);
        }
    }
    for (_, group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some(command) = case.negotiator(channel) else { continue };
        let Some(reply) = command.completion() else { continue };
        let offered = offered_protocols(reply.text.raw());
        let instead = match (reply.code, offered.as_slice()) {
            (522, []) => String::new(),
            (522, offered) => format!("; it takes {}", offered.join(" or ")),
            _ => " over IPv6".to_owned(),
        };
        let nat64 = if is_nat64(case.session.server.ip) {
            "; the server's address is a NAT64 address (prefix 64:ff9b::/96), so the server itself speaks IPv4"
        } else {
            ""
        };
        let summary = format!(
            "The server {} refused {} of the client {}{} with {}{instead}{nat64}",
            case.session.server,
            format!("{} {}", command.verb, excerpt(argument(command))).trim_end(),
            case.session.client,
            times(group.count),
            quote(reply),
        );
        let draft = Draft::of_group(Code::ProtocolUnsupported, &group, summary).command(channel.command());
        sink.push(draft.advice(protocol_advice(reply, &offered, case.session.server.ip)));
    }
}

/// What to do about a protocol that the server refuses.
fn protocol_advice(reply: &Reply, offered: &[String], server: IpAddr) -> Cow<'static, str> {
    if reply.code != 522 {
        "PASV and PORT carry IPv4 addresses only: set the client to EPSV.".into()
    } else if is_nat64(server) {
        "Have the client send EPSV without a protocol number: it then connects through the translator, to the address \
         that the control connection goes to."
            .into()
    } else if offered.is_empty() {
        "Have the client send EPSV without a protocol number, or enable the protocol on the server.".into()
    } else {
        format!("Have the client use {}, or enable the other protocol on the server.", offered.join(" or "))
            .into()
    }
}

/// RFC 6052: the well-known prefix behind which IPv4 hosts are reached from IPv6.
fn is_nat64(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if matches!(v6.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..]))
}

/// 229 to PASV, 227 to EPSV: readable, but not what strict clients take.
fn unexpected(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(command) = case.negotiator(channel) else { continue };
        let Some(reply) = command.completion() else { continue };
        let odd = matches!((&command.verb, reply.code), (Verb::Pasv, 228 | 229) | (Verb::Epsv, 227 | 228));
        let readable = channel.negotiation() == Some(Negotiation::Accepted);
        if !odd || !readable {
            continue;
        }
        if let Some(group) = groups.add((command.verb.name(), reply.code), index, reply.time) {
            group.prove([command.frame, reply.frame]);
            group.port(channel.advertised().map_or(0, |it| it.port));
        }
    }
    for ((verb, code), group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let belongs = match code {
            227 => "PASV",
            228 => "LPSV",
            _ => "EPSV",
        };
        let unused = if accepted_but_unused(channel) {
            format!(", and the client {} made no data connection", case.session.client)
        } else {
            String::new()
        };
        let summary = format!(
            "The server {} answered {verb}{} with {code} ({}), the reply to {belongs}; strict clients do not accept it{unused}",
            case.session.server,
            times(group.count),
            ports(&group),
        );
        sink.push(
            Draft::of_group(Code::UnexpectedReply, &group, summary)
                .advice(format!("Set the client to {belongs}, or update the server."))
                .command(channel.command()),
        );
    }
}

/// RFC 959: the server's end of an active data connection is the port below its control port.
fn other_port(case: &Case<'_>, sink: &mut Sink) {
    let (client, server) = (case.session.client, case.session.server);
    let usual = server.port.saturating_sub(1);
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(connection) = channel.connection() else { continue };
        let partner = channel.peer_session.is_some() || channel.matched_by() == Some(MatchedBy::ThirdParty);
        let from_server = same(connection.originator.ip, server.ip);
        let negotiated = channel.is_active() && channel.command().is_some();
        if !negotiated || partner || !from_server || connection.originator.port == usual {
            continue;
        }
        let made = channel.outcome() == Some(Outcome::Connected);
        if let Some(group) = groups.add(made, index, connection.start) {
            group.port(connection.originator.port);
            group.prove([connection.frames.first]);
        }
    }
    for (made, group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some(connection) = channel.connection() else { continue };
        let draft = if made {
            let summary = format!(
                "The server {server} made {} to the client {} from {} instead of {usual}",
                plural(group.count, "data connection"),
                Address(client.ip),
                ports(&group),
            );
            Draft::of_group(Code::NotFromPort20, &group, summary).advice(format!(
                "No action while it works; firewalls that expect port {usual} would drop it."
            ))
        } else {
            let syns = plural(u64::from(connection.syn_attempts.max(1)), "SYN");
            let end = match channel.outcome() {
                Some(Outcome::Refused) => "its SYN was refused".to_owned(),
                _ => format!("its {syns} went unanswered"),
            };
            let summary = format!(
                "The server {server} opened the data connection to {}{} from {}, not from {usual}, and {end}",
                connection.responder,
                times(group.count),
                ports(&group),
            );
            Draft::of_group(Code::NotFromPort20, &group, summary)
                .severity(Severity::Notice)
                .certainty(Certainty::Possible)
                .advice(format!(
                    "Firewalls that expect active FTP from port {usual} drop it: set the server to use port {usual}{}, or \
                     use passive mode.",
                    called(Setting::ActiveFromPort20, case.session)
                ))
        };
        sink.push(draft.command(channel.command()));
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
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        if channel.negotiation() != Some(Negotiation::Malformed) {
            continue;
        }
        let Some(command) = case.negotiator(channel) else { continue };
        let carrier = carrier(case, channel);
        let line = carrier.map_or(command.line, |reply| reply.line);
        let from = if channel.is_active() { Party::Client } else { Party::Server };
        let cut_by_capture =
            line.end == LineEnd::None && case.session.gaps.iter().any(|gap| gap.from == from);
        if cut_by_capture {
            continue;
        }
        let said = carrier.map(|reply| (reply.code, reply.text.raw()));
        let key = (command.verb.name(), said.unwrap_or((0, argument(command))));
        let time = carrier.map_or(command.time, |reply| reply.time);
        if let Some(group) = groups.add(key, index, time) {
            group.prove(case.negotiation_frames(channel));
        }
    }
    for ((verb, (_, text)), group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let (client, server) = (case.session.client, case.session.server);
        let times = times(group.count);
        let said = match carrier(case, channel) {
            Some(reply) => format!("The server {server} answered {verb}{times} with {}", quote(reply)),
            None => format!("The client {client} sent {verb} “{}” to {server}{times}", excerpt(text)),
        };
        let summary = format!("{said}, which contains no valid address and port");
        sink.push(
            Draft::of_group(Code::MalformedEndpoint, &group, summary)
                .advice(malformed_advice(channel))
                .command(channel.command()),
        );
    }
}

/// The reply that carries the endpoint: in active mode the client's argument does.
fn carrier<'a>(case: &Case<'a>, channel: &DataChannel) -> Option<&'a Reply> {
    case.negotiator(channel)?.completion().filter(|_| !channel.is_active())
}

fn malformed_advice(channel: &DataChannel) -> &'static str {
    match channel.mode() {
        Some(Mode::Pasv) => "No client can read this reply: correct or replace the server, or use EPSV.",
        Some(Mode::Epsv | Mode::Lpsv) => {
            "No client can read this reply: correct or replace the server, or use PASV."
        }
        Some(Mode::Port | Mode::Eprt | Mode::Lprt | Mode::Default) | None => {
            "Correct or replace the client, or use passive mode."
        }
    }
}

/// Why a negotiation was followed by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Failure {
    Rejected(u16),
    Malformed,
    NoReply,
    Refused,
    Unanswered,
    /// The transfer failed, and no connection was seen.
    Failed,
    /// Nothing was seen.
    Unseen,
    /// Nothing was seen, and the client turned away before a SYN could have been repeated.
    AtOnce,
}

impl Failure {
    fn words(self, mode: Mode) -> String {
        match self {
            Self::Rejected(code) => format!("the server rejected {mode} ({code})"),
            Self::Malformed => "the reply or argument contained no valid address and port".to_owned(),
            Self::NoReply => format!("the server did not answer {mode}"),
            Self::Refused => "the data connection was refused".to_owned(),
            Self::Unanswered => "the SYN of the data connection went unanswered".to_owned(),
            Self::Failed => "the transfer failed without a data connection".to_owned(),
            Self::Unseen => "no data connection was seen".to_owned(),
            Self::AtOnce => {
                "no SYN was seen; the client's own stack or a local proxy probably refused at once".to_owned()
            }
        }
    }
}

fn second_tries(case: &Case<'_>, sink: &mut Sink) {
    let mut groups: Groups<(Mode, Mode, Failure)> = Groups::new(case.options.findings);
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
        let retried = mode == first_mode;
        let Some(failure) = failure(case, first_index, first, command, retried) else { continue };
        // The same mode again after a plain refusal is no new endpoint for one that failed.
        if retried && matches!(failure, Failure::Rejected(_)) {
            continue;
        }
        // The group's channels are those that failed: on them its cause is to be found.
        if let Some(group) = groups.add((first_mode, mode, failure), first_index, command.time) {
            group.prove(case.negotiation_frames(first));
            group.prove(first.connection().iter().map(|it| it.frames.first));
            group.prove([command.frame]);
            group.command.get_or_insert(number);
        }
    }
    for ((first_mode, mode, failure), group) in groups.into_iter() {
        let retried = mode == first_mode;
        let code = if retried { Code::NegotiationRetried } else { Code::ModeFallback };
        let (client, server) = (case.session.client, case.session.server);
        let first = case.session.data_channel(group.channel).and_then(DataChannel::predicted);
        let endpoint = match (group.count, first) {
            (1, Some(prediction)) => format!(" ({})", prediction.listener),
            _ => String::new(),
        };
        let (why, times) = (failure.words(first_mode), times(group.count));
        let summary = if retried {
            format!(
                "The client {client} negotiated {mode} with the server {server} again{times}: {why}{endpoint}"
            )
        } else {
            format!(
                "The client {client} fell back from {first_mode} to {mode} with the server {server}{times}: {why}{endpoint}"
            )
        };
        let second = group.command.and_then(|command| case.channel_of(command));
        let worked = second
            .and_then(|index| case.session.data_channel(index))
            .is_some_and(|it| it.connected().is_some());
        let draft = Draft::of_group(code, &group, summary).command(group.command).channel(second);
        sink.push(if retried {
            draft.advice("See the related finding for why the first attempt failed.")
        } else {
            draft.advice(fallback_advice(first_mode, mode, worked))
        });
    }
}

/// A mode that led to nothing either is no advice.
fn fallback_advice(first: Mode, second: Mode, worked: bool) -> String {
    if worked {
        format!(
            "Set the client to {second}, or mend what keeps {first} from working: every attempt adds a delay."
        )
    } else {
        format!("{second} led to no data connection either: mend what keeps {first} from working.")
    }
}

/// How a negotiation failed, if it did, by the time the next one began.
fn failure(
    case: &Case<'_>,
    index: ChannelIndex,
    channel: &DataChannel,
    next: &Command,
    retried: bool,
) -> Option<Failure> {
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
        Negotiation::Malformed => Some(Failure::Malformed),
        Negotiation::Unanswered if case.replies_may_be_lost() || !case.server_was_heard() => None,
        Negotiation::Unanswered => Some(Failure::NoReply),
        Negotiation::Accepted => match channel.outcome()? {
            Outcome::Refused => Some(Failure::Refused),
            Outcome::Unanswered => Some(Failure::Unanswered),
            Outcome::Unused => unused(case, index, channel, next, retried),
            Outcome::Connected => None,
        },
    }
}

fn unused(
    case: &Case<'_>,
    index: ChannelIndex,
    channel: &DataChannel,
    next: &Command,
    retried: bool,
) -> Option<Failure> {
    if !accepted_but_unused(channel) {
        return None;
    }
    let mut transfers = case.transfers_on(index).peekable();
    if transfers.peek().is_some() {
        // A 550 is about the file, not about the endpoint.
        return transfers
            .any(|(_, transfer)| matches!(transfer.reply_code, Some(425 | 426 | 421) | None))
            .then_some(Failure::Failed);
    }
    let number = channel.command()?;
    let answer = case.negotiator(channel)?.completion()?;
    if next.time.elapsed_since(answer.time) >= case.options.thresholds.gave_up {
        return Some(Failure::Unseen);
    }
    // Another mode at once, with nothing said in between, and none between the two servers of a transfer.
    let follows =
        case.session.command(CommandIndex(number.0.checked_add(1)?)).is_some_and(|it| it.frame == next.frame);
    let partner = channel.peer_session.is_some() || address::is_foreign(case, channel);
    (follows && !retried && !partner).then_some(Failure::AtOnce)
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
