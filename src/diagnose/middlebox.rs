//! What a middlebox would make of the negotiations: Linux's nf_conntrack_ftp, which firewalls and NAT rely
//! on.

use super::case::{Case, argument, same};
use super::conntrack::{Flaw, eprt, port, reply_227, reply_229};
use super::draft::{Draft, Groups, Sink, excerpt, times};
use crate::base::Timestamp;
use crate::ftp::Verb;
use crate::report::{
    Code, Command, DataChannel, LineEnd, LineFacts, MatchedBy, Negotiation, Protection, Reply, Security,
};

/// Why connection tracking misses a negotiation. Like cases of a session are reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Blind {
    /// The control port is none of those that it watches.
    Port,
    /// The negotiation lies under TLS.
    Tls,
    /// The line begins in the middle of a segment.
    Inside,
    /// The reply has several lines.
    Lines,
    /// The line lies in several segments.
    Split,
    /// The address is not that of its sender.
    Address,
    /// The line doesn't read as the helper wants it.
    Flaw(Flaw),
}

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some((blind, time)) = blind(case, channel) else { continue };
        if let Some(group) = groups.add(blind, index, time) {
            group.prove(case.negotiation_frames(channel));
            if channel.command().is_none() {
                group.prove(channel.connection().iter().map(|it| it.frames.first));
            }
        }
    }
    for (blind, group) in groups.into_iter() {
        let channel = case.session.data_channel(group.channel);
        let summary = format!(
            "Linux's nf_conntrack_ftp would{} {} between the client {} and the server {}: {}",
            times(group.count),
            effect(blind, line(case, channel).as_deref()),
            case.session.client,
            case.session.server,
            reason(blind),
        );
        let draft = Draft::of_group(Code::MiddleboxBlind, &group, summary)
            .advice(advice(blind))
            .command(channel.and_then(DataChannel::command));
        // Only a wrong address explains that a helper misses the line that carries it.
        sink.push(if blind == Blind::Address { draft } else { draft.caused_by(&[]) });
    }
}

/// Why the helper would miss or drop the negotiation of a channel; none if it wouldn't.
fn blind(case: &Case<'_>, channel: &DataChannel) -> Option<(Blind, Timestamp)> {
    let Some(command) = case.negotiator(channel) else {
        // Nothing of it was seen, neither here nor by a middlebox.
        let under_tls = matches!(case.session.security, Security::ExplicitTls | Security::ImplicitTls)
            && channel.mode().is_none()
            && channel.matched_by() == Some(MatchedBy::Inferred);
        let connection = channel.connection().filter(|_| under_tls)?;
        return Some((Blind::Tls, connection.start));
    };
    // What was rejected or is no endpoint leaves nothing to track.
    if !matches!(channel.negotiation(), Some(Negotiation::Accepted | Negotiation::Unanswered)) {
        return None;
    }
    let (line, carrier) = carrier(channel, command)?;
    // If we need keys to read it, a middlebox can't.
    if line.protection == Protection::Tls || line.end == LineEnd::None {
        return None;
    }
    let time = carrier.map_or(command.time, |reply| reply.time);
    if !case.options.conntrack_ports.contains(&case.session.server.port) {
        return Some((Blind::Port, time));
    }
    position(line, carrier)
        .or_else(|| text(case, command, carrier))
        .or_else(|| address(case, channel))
        .map(|blind| (blind, time))
}

/// The line that carries the endpoint: the command in active mode, its reply in passive mode.
fn carrier<'a>(channel: &DataChannel, command: &'a Command) -> Option<(LineFacts, Option<&'a Reply>)> {
    if channel.is_active() {
        return Some((command.line, None));
    }
    let reply = command.completion()?;
    Some((reply.line, Some(reply)))
}

fn position(line: LineFacts, carrier: Option<&Reply>) -> Option<Blind> {
    if carrier.is_some_and(|reply| reply.text.raw().contains('\n')) && !line.leads_segment {
        Some(Blind::Lines)
    } else if !line.leads_segment {
        Some(Blind::Inside)
    } else if line.split {
        Some(Blind::Split)
    } else {
        None
    }
}

fn text(case: &Case<'_>, command: &Command, carrier: Option<&Reply>) -> Option<Blind> {
    let read = match (carrier.map(|reply| (reply.code, last_line(reply))), &command.verb) {
        (Some((227, line)), _) => reply_227(line),
        (Some((229, line)), _) => reply_229(line),
        (None, Verb::Port) => port(argument(command), command.line.end == LineEnd::CrLf),
        (None, Verb::Eprt) => eprt(argument(command), case.session.client.ip.is_ipv6()),
        (Some(_) | None, _) => Err(Flaw::Unknown),
    };
    read.err().map(Blind::Flaw)
}

/// The line of a reply that ends it.
fn last_line(reply: &Reply) -> &str {
    reply.text.raw().rsplit('\n').next().unwrap_or_default()
}

/// The helper expects a connection only to the address that the line came from, unless it is configured to be
/// loose.
fn address(case: &Case<'_>, channel: &DataChannel) -> Option<Blind> {
    let advertised = channel.advertised()?.ip?;
    if super::address::is_meant(case, channel) {
        return None;
    }
    (!same(advertised, case.listening_peer(channel).ip)).then_some(Blind::Address)
}

/// The negotiating line for a person.
fn line(case: &Case<'_>, channel: Option<&DataChannel>) -> Option<String> {
    let channel = channel?;
    let command = case.negotiator(channel)?;
    let (_, carrier) = carrier(channel, command)?;
    Some(if let Some(reply) = carrier {
        let port = channel.advertised().map(|it| format!(" (port {})", it.port)).unwrap_or_default();
        format!("the reply {} to {}{port}", reply.code, command.verb)
    } else {
        format!("{} {}", command.verb, excerpt(argument(command)))
    })
}

fn effect(blind: Blind, line: Option<&str>) -> String {
    let line = line.unwrap_or("the negotiation of a data connection");
    let dropped = match blind {
        Blind::Split => true,
        Blind::Flaw(flaw) => flaw != Flaw::Unknown,
        Blind::Port | Blind::Tls | Blind::Inside | Blind::Lines | Blind::Address => false,
    };
    if dropped { format!("drop the packet with {line}") } else { format!("miss {line}") }
}

const fn reason(blind: Blind) -> &'static str {
    match blind {
        Blind::Port => "it doesn't watch this control port",
        Blind::Tls => "the control connection is under TLS, which it can't read",
        Blind::Inside => {
            "the line begins in the middle of a segment, and only a segment's first line is looked at"
        }
        Blind::Lines => {
            "the endpoint is not in the first line of its segment but behind others of the same reply"
        }
        Blind::Split => "the line is split over segments, and each is looked at on its own",
        Blind::Address => {
            "the address in it is not that of its sender, for which nothing is expected unless loose=1"
        }
        Blind::Flaw(flaw) => match flaw {
            Flaw::Unknown => "it knows PORT, EPRT, 227 and 229 only",
            Flaw::Family => "its network protocol is not that of the control connection",
            Flaw::DigitsFirst => "the first digit in the text is taken for the beginning of the six numbers",
            Flaw::NoParenthesis => "it searches a 229's port behind a parenthesis",
            Flaw::Unreadable => "it wants digits and separators and nothing else between them",
            Flaw::NoCarriageReturn => {
                "the line ends in a line feed without the carriage return that it waits for"
            }
        },
    }
}

const fn advice(blind: Blind) -> &'static str {
    match blind {
        Blind::Port => {
            "Load the helper for this port too (nf_conntrack_ftp ports=, or a CT rule), or open the data ports by hand."
        }
        Blind::Tls => {
            "No helper can follow FTP under TLS: give the server a fixed passive port range and open that in the firewall."
        }
        Blind::Address => {
            "If the address is meant, set loose=1; otherwise have the sender announce the address that it is reached by."
        }
        Blind::Inside | Blind::Lines | Blind::Split | Blind::Flaw(_) => {
            "Where data connections fail behind a Linux firewall, open a fixed passive port range rather than rely on \
             the helper, or change the peer that writes such lines."
        }
    }
}
