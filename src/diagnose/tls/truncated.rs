//! TLS data connections that were closed without saying so in TLS.

use std::borrow::Cow;

use crate::base::{Address, TimeDelta};
use crate::diagnose::case::Case;
use crate::diagnose::draft::{Draft, Groups, Sink, excerpt, plural};
use crate::diagnose::software::{Setting, called};
use crate::diagnose::words::{list, quote};
use crate::report::{
    ChannelIndex, Code, Connection, DataChannel, EndState, Party, Reply, Severity, Status, StreamFacts,
    TlsDetails, TlsHandshake, Transfer, TransferIndex,
};

/// The rule: like closes of a session are one finding.
pub(in crate::diagnose) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some((sender, connection)) = cut_short(channel) else { continue };
        let transfer = case.transfers_on(index).next();
        let failed = failure(case, transfer.map(|(_, transfer)| transfer));
        let ended = failed.is_none() && transfer.is_none() && ended_session(case, connection);
        let Some(group) = groups.add((sender, failed.is_some(), ended), index, connection.start) else {
            continue;
        };
        group.prove([connection.frames.first]);
        group.prove(connection.close.map(|(_, frame)| frame));
        group.prove(failed.map(|reply| reply.frame));
        group.transfer = group.transfer.or(transfer.map(|(index, _)| index));
        if let Some(command) = transfer.and_then(|(_, transfer)| case.transfer_command(transfer)) {
            group.name(command.verb.name());
        }
    }
    for ((sender, failed, ended), group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some((_, connection)) = cut_short(channel) else { continue };
        let who = match sender {
            Party::Client => format!("The client {}", Address(case.session.client.ip)),
            Party::Server => format!("The server {}", Address(case.session.server.ip)),
        };
        let verbs: Vec<_> = group.names.iter().map(|name| excerpt(name)).collect();
        let of = if verbs.is_empty() { String::new() } else { format!(" of {}", list(&verbs)) };
        let what = match group.count {
            1 => format!("the TLS data connection{of} to {}", connection.responder),
            count => format!(
                "{}{of}, the first to {},",
                plural(count, "TLS data connection"),
                connection.responder
            ),
        };
        let transfer = group.transfer.and_then(|index| case.session.transfer(index));
        let then = match failure(case, transfer).filter(|_| failed) {
            Some(reply) => format!(", and the server failed the transfer with {}", quote(reply)),
            None if ended => ", and the session ended right after it".to_owned(),
            None => String::new(),
        };
        let severity = if failed || ended { Severity::Warning } else { Severity::Notice };
        sink.push(
            Draft::of_group(
                Code::TlsTruncated,
                &group,
                format!("{who} closed {what} without close_notify{then}"),
            )
            .severity(severity)
            .advice(advice(case, sender))
            .command(transfer.map(|transfer| transfer.command).or(channel.command()))
            .transfer(group.transfer),
        );
    }
}

fn advice(case: &Case<'_>, sender: Party) -> Cow<'static, str> {
    match sender {
        Party::Client => format!(
            "Update the client's TLS library, or have the server accept an end without close_notify{}.",
            called(Setting::LenientTlsEnd, case.session)
        )
        .into(),
        Party::Server => {
            "Some clients take this for a cut transfer: update the server or its TLS library, or have the client accept it."
                .into()
        }
    }
}

/// Whether a data connection was cut short in TLS's eyes.
pub(in crate::diagnose) fn is_cut_short(case: &Case<'_>, channel: ChannelIndex) -> bool {
    case.session.data_channel(channel).is_some_and(|channel| cut_short(channel).is_some())
}

/// The side that sent content and closed without an alert, and the connection.
fn cut_short(channel: &DataChannel) -> Option<(Party, &Connection)> {
    let connection =
        channel.connected().filter(|it| matches!(it.end_state, EndState::Fin | EndState::Rst))?;
    let details: &TlsDetails = connection.tls_details.as_deref().filter(|it| it.shows_alerts)?;
    let sender = match details.records {
        [0, 0] => return None,
        [client, server] if client > server => Party::Client,
        [..] => Party::Server,
    };
    let stream = stream_of(channel, connection, sender);
    let is_whole = stream.missing == 0 && stream.lost == 0 && stream.start_seen && stream.end_seen;
    // What the other side says of it proves it only.
    let said = details.alert.as_ref().is_some_and(|alert| alert.from == sender);
    let silent = details.handshake == TlsHandshake::Complete && !said;
    (is_whole && silent && !details.has_closed(sender)).then_some((sender, connection))
}

/// What a party sent over a data connection.
const fn stream_of<'a>(channel: &DataChannel, connection: &'a Connection, party: Party) -> &'a StreamFacts {
    // The server is the originator in active mode.
    if channel.is_active() == matches!(party, Party::Server) {
        &connection.from_originator
    } else {
        &connection.from_responder
    }
}

/// The reply by which the server failed a transfer.
fn failure<'a>(case: &Case<'a>, transfer: Option<&Transfer>) -> Option<&'a Reply> {
    let transfer = transfer.filter(|it| matches!(it.status, Status::Failed | Status::Aborted))?;
    case.final_reply(transfer).filter(|reply| reply.is_negative())
}

/// Whether the control connection, which can't be read, ended right after a data connection.
fn ended_session(case: &Case<'_>, connection: &Connection) -> bool {
    const RIGHT_AFTER: TimeDelta = TimeDelta::from_secs(1);
    let after = case.session.end.since(connection.end);
    case.session.end_state != EndState::Open
        && (TimeDelta::ZERO..=RIGHT_AFTER).contains(&after)
        && case.is_unread()
}

/// The transfer that a cut-short connection belongs to.
pub(in crate::diagnose) fn explains(case: &Case<'_>, index: TransferIndex) -> bool {
    let channel = case.session.transfer(index).and_then(|transfer| transfer.data_channel);
    channel.is_some_and(|channel| is_cut_short(case, channel))
}
