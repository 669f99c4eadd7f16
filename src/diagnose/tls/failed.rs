//! TLS handshakes that failed: who ended them, and why.

use std::borrow::Cow;

use crate::base::{Address, Endpoint, FrameNumber};
use crate::diagnose::case::{Case, first_closer};
use crate::diagnose::draft::{Draft, Groups, Sink, times};
use crate::diagnose::software::{Setting, called};
use crate::diagnose::words::quote;
use crate::report::{
    Certainty, ChannelIndex, Code, DataChannel, Party, Reply, Security, Status, TlsAlert, TlsDetails,
    TlsHandshake,
};

/// The rules of this family.
pub(in crate::diagnose) fn rules(case: &Case<'_>, sink: &mut Sink) {
    control(case, sink);
    data(case, sink);
}

/// Whether the handshake of the control connection failed.
pub(in crate::diagnose) fn of_control<'a>(case: &Case<'a>) -> Option<&'a TlsDetails> {
    let details = case.session.tls_details.as_deref()?;
    // A client that nobody had asked for TLS failed for that.
    (details.handshake == TlsHandshake::Failed && case.session.security != Security::None).then_some(details)
}

/// Whether the handshake of a data connection failed.
pub(in crate::diagnose) fn of_channel(channel: &DataChannel) -> Option<&TlsDetails> {
    let details = channel.connected()?.tls_details.as_deref()?;
    (details.handshake == TlsHandshake::Failed).then_some(details)
}

fn control(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let Some(details) = of_control(case).filter(|it| it.offered.is_some() || it.version.is_some()) else {
        return;
    };
    let after = reply_after(case, details);
    let said = after.map(|reply| format!(", then {} in the clear", quote(reply))).unwrap_or_default();
    let summary = format!(
        "The TLS handshake of the control connection failed: {}{said}",
        ended_by(details, session.client, session.server, session.closed_by),
    );
    let accepted = session.commands.iter().find(|command| command.verb == crate::ftp::Verb::Auth);
    let time = after.map_or(session.end, |reply| reply.time);
    sink.push(
        Draft::new(Code::TlsFailed, time, summary)
            .advice(advice(case, details))
            .certainty(certainty(details))
            .frames(accepted.map(|command| command.frame))
            .frames(details.alert.as_ref().map(|alert| alert.frame))
            .frames(after.map(|reply| reply.frame))
            .frames([session.frames.last]),
    );
}

/// What the server said in the clear once the handshake had failed.
fn reply_after<'a>(case: &Case<'a>, details: &TlsDetails) -> Option<&'a Reply> {
    let alert = details.alert.as_ref().map_or(FrameNumber::NONE, |alert| alert.frame);
    let answers = case.session.commands.iter().flat_map(|command| command.replies.iter());
    case.session.unsolicited.iter().chain(answers).find(|reply| reply.is_negative() && reply.frame >= alert)
}

/// Data connections of one session that failed alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Alike {
    active: bool,
    from: Option<Party>,
    description: Option<String>,
}

fn data(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let (Some(details), Some(connection)) = (of_channel(channel), channel.connected()) else { continue };
        // A connection that its client gave up with its transfer did not fail for TLS.
        let counts = details.alert.is_some() || has_failed(case, index);
        if !counts || wants_reuse(case, index) {
            continue;
        }
        let alike = Alike {
            active: channel.is_active(),
            from: details.alert.as_ref().map(|alert| alert.from),
            description: details
                .alert
                .as_ref()
                .and_then(|alert| alert.description.as_deref())
                .map(str::to_owned),
        };
        let Some(group) = groups.add(alike, index, connection.start) else { continue };
        group.transfer = group.transfer.or(case.transfers_on(index).next().map(|(transfer, _)| transfer));
        group.prove([connection.frames.first]);
        group.prove(details.alert.as_ref().map(|alert| alert.frame));
        group.prove([connection.frames.last]);
    }
    for (_, group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let (Some(details), Some(connection)) = (of_channel(channel), channel.connected()) else { continue };
        let closed_by = first_closer(channel, connection);
        let transfer = group.transfer.and_then(|index| case.session.transfer(index));
        let reply = transfer.and_then(|it| case.final_reply(it)).filter(|reply| reply.is_negative());
        let said =
            reply.map(|reply| format!("; the transfer failed with {}", quote(reply))).unwrap_or_default();
        let summary = format!(
            "The TLS handshake of the data connection {} to {} failed{}: {}{said}",
            connection.originator,
            connection.responder,
            times(group.count),
            ended_by(details, case.session.client, case.session.server, closed_by),
        );
        sink.push(
            Draft::of_group(Code::TlsFailed, &group, summary)
                .advice(advice(case, details))
                .certainty(certainty(details))
                .command(channel.command())
                .transfer(group.transfer),
        );
    }
}

fn has_failed(case: &Case<'_>, channel: ChannelIndex) -> bool {
    case.transfers_on(channel).any(|(_, transfer)| transfer.status == Status::Failed)
}

/// Whether the server said that it wants another TLS session.
fn wants_reuse(case: &Case<'_>, channel: ChannelIndex) -> bool {
    case.transfers_on(channel).any(|(_, transfer)| {
        case.final_reply(transfer)
            .is_some_and(|reply| crate::diagnose::failed::wants_reuse(case, transfer, reply))
    })
}

fn certainty(details: &TlsDetails) -> Certainty {
    if details.alert.is_some() { Certainty::Proven } else { Certainty::Likely }
}

/// Whether an alert is about the other side's certificate (RFC 8446 section 6.2).
fn is_about_certificate(description: &str) -> bool {
    matches!(
        description,
        "bad_certificate"
            | "unsupported_certificate"
            | "certificate_revoked"
            | "certificate_expired"
            | "certificate_unknown"
            | "unknown_ca"
            | "certificate_required"
            | "no_certificate"
    )
}

/// Who ended the handshake, and by what.
fn ended_by(details: &TlsDetails, client: Endpoint, server: Endpoint, closed_by: Option<Party>) -> String {
    let name = |party| match party {
        Party::Client => format!("the client {client}"),
        Party::Server => format!("the server {server}"),
    };
    let offered = details
        .offered
        .as_deref()
        .filter(|offered| details.version.is_none() && *offered < "TLS 1.2")
        .map(|offered| format!(" to a client that offers {offered} at most"))
        .unwrap_or_default();
    match (&details.alert, closed_by) {
        (Some(TlsAlert { from: Party::Client, description: Some(text), .. }), _)
            if is_about_certificate(text) =>
        {
            format!(
                "{} refused the certificate of the server {} with the fatal alert {text}",
                name(Party::Client),
                Address(server.ip),
            )
        }
        (Some(TlsAlert { from, description: Some(text), .. }), _) => {
            format!("{} sent the fatal alert {text}{offered}", name(*from))
        }
        (Some(TlsAlert { from, description: None, .. }), _) => {
            format!("{} ended it with an encrypted alert", name(*from))
        }
        (None, Some(party)) => format!("{} closed the connection during the handshake{offered}", name(party)),
        (None, None) => format!("the connection was closed during the handshake{offered}"),
    }
}

fn advice(case: &Case<'_>, details: &TlsDetails) -> Cow<'static, str> {
    let description = details.alert.as_ref().and_then(|alert| alert.description.as_deref());
    let from = details.alert.as_ref().map(|alert| alert.from);
    match (from, description) {
        (Some(Party::Client), Some("certificate_expired")) => {
            "Renew the server's certificate, and check the client's clock.".into()
        }
        (Some(Party::Client), Some(text)) if is_about_certificate(text) => {
            "Have the client trust the server's certificate or the authority that issued it, or install one from an \
             authority that the client knows."
                .into()
        }
        (Some(Party::Server), Some(text)) if is_about_certificate(text) => {
            "The server wants a client certificate that it can verify: give the client one, or turn the demand off.".into()
        }
        (_, Some("handshake_failure" | "insufficient_security")) => format!(
            "Client and server have no cipher suite in common, or the server wants a client certificate: widen the cipher \
             list on one side{}, or give the client its certificate.",
            called(Setting::Ciphers, case.session)
        )
        .into(),
        (_, Some("protocol_version" | "internal_error" | "inappropriate_fallback")) => {
            "Client and server have no TLS version in common: let the client use TLS 1.2 or later, or enable its version on \
             the server only if there is no other way."
                .into()
        }
        (_, Some("unrecognized_name")) => "The server knows no certificate for the name that the client asked for.".into(),
        _ => "See the TLS messages in the logs of the side that ended the handshake; a firewall that inspects TLS is \
              another possible cause."
            .into(),
    }
}
