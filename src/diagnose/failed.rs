//! Transfers that the server refused or failed, in its own words.

use super::address;
use super::case::{Case, accepted_but_unused};
use super::data;
use super::draft::{Draft, Groups, Sink, excerpt, times};
use super::path;
use super::refusal::Refusal;
use super::tls;
use super::words::{list, quote};
use crate::report::{
    Code, DataChannel, EndState, Negotiation, Outcome, Reply, Severity, Status, Transfer, TransferIndex,
};

/// The rule: equal refusals are one finding.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, transfer) in case.transfers() {
        let Some(reply) = failure(case, transfer).filter(|reply| !is_explained(case, index, transfer, reply))
        else {
            continue;
        };
        let Some(command) = case.transfer_command(transfer) else { continue };
        let key = (reply.code, masked(reply, command.text().map_or("", |text| text.raw())));
        let channel = transfer.data_channel.unwrap_or_default();
        if let Some(group) = groups.add(key, channel, reply.time) {
            group.prove([command.frame, reply.frame]);
            group.name(command.verb.name());
            group.transfer.get_or_insert(index);
        }
    }
    for (_, group) in groups.into_iter() {
        let Some(index) = group.transfer else { continue };
        let Some(transfer) = case.session.transfer(index) else { continue };
        let Some(reply) = case.final_reply(transfer) else { continue };
        let refusal = Refusal::of(reply);
        let verbs: Vec<_> = group.names.iter().map(|name| excerpt(name)).collect();
        let what = if group.count == 1 { case.name(transfer) } else { list(&verbs) };
        let bytes = transfer.bytes.filter(|bytes| *bytes > 0);
        let verb = if bytes.is_some() || refusal == Refusal::LocalBind { "failed" } else { "refused" };
        let after = bytes.map(|bytes| format!(" after {bytes} bytes")).unwrap_or_default();
        let summary = format!(
            "The server {} {verb} {what} of the client {}{}{after} with {}{}",
            case.session.server,
            case.session.client,
            times(group.count),
            quote(reply),
            if refusal == Refusal::LocalBind { "; it never sent a SYN" } else { "" },
        );
        let refused_before = refusal == Refusal::NoNegotiation && negotiation_was_refused(case, transfer);
        let reset = case.connection(transfer).is_some_and(|it| it.end_state == EndState::Rst);
        let draft = if wants_reuse(case, transfer, reply) {
            Draft::of_group(Code::TlsReuseRequired, &group, summary + &full_handshake(case, transfer))
                .advice(tls::reuse::advice(case))
        } else {
            Draft::of_group(Code::TransferFailed, &group, summary)
                .severity(severity(reply, refusal))
                .advice(if refused_before { REFUSED_BEFORE } else { advice(refusal, reset) })
        };
        let mut draft =
            draft.command(Some(transfer.command)).channel(transfer.data_channel).transfer(Some(index));
        if transfer.data_channel.is_none() {
            draft.channels.clear();
        }
        sink.push(draft);
    }
}

/// The reply of 4yz or 5yz that ended a transfer; an abort and the end of the session have findings of their
/// own.
fn failure<'a>(case: &Case<'a>, transfer: &Transfer) -> Option<&'a Reply> {
    let reply = case.final_reply(transfer)?;
    (transfer.status == Status::Failed && reply.is_negative() && !matches!(reply.code, 421 | 426))
        .then_some(reply)
}

/// Whether the server refused a data connection for its TLS session: by its words, or since it carried
/// nothing but a full handshake.
pub(super) fn wants_reuse(case: &Case<'_>, transfer: &Transfer, reply: &Reply) -> bool {
    let channel = transfer.data_channel.and_then(|number| case.session.data_channel(number));
    let bare = || channel.is_some_and(tls::reuse::is_bare_full_handshake);
    Refusal::of(reply) == Refusal::WantsReuse || matches!(reply.code, 425 | 522 | 534) && bare()
}

/// What the TLS session of the data connection was.
fn full_handshake(case: &Case<'_>, transfer: &Transfer) -> String {
    let channel = transfer.data_channel.and_then(|number| case.session.data_channel(number));
    match channel
        .filter(|channel| tls::reuse::is_bare_full_handshake(channel))
        .and_then(DataChannel::connection)
    {
        Some(connection) => format!(
            "; the data connection to {} made a full TLS handshake instead of resuming the session of the control connection",
            connection.responder,
        ),
        None => String::new(),
    }
}

/// Whether another finding tells why.
fn is_explained(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, reply: &Reply) -> bool {
    let Some(channel) = transfer.data_channel.and_then(|number| case.session.data_channel(number)) else {
        return false;
    };
    if wants_reuse(case, transfer, reply) {
        return false;
    }
    let unreached = matches!(channel.outcome(), Some(Outcome::Refused | Outcome::Unanswered));
    let about_data = reply.code == 425;
    unreached
        || tls::failed::of_channel(channel).is_some()
        || tls::truncated::explains(case, index)
        || path::half_open_at(case, channel).is_some()
        || data::closed_early(case, transfer).is_some()
        || accepted_but_unused(channel) && data::is_never_attempted(case, index, transfer)
        || about_data && (address::is_mismatch(case, channel) || address::has_stranger(case, channel))
}

const REFUSED_BEFORE: &str = "The negotiation before it had been refused, so the server had nothing to connect to: see why it was refused.";

/// Whether the last negotiation before a transfer was refused.
fn negotiation_was_refused(case: &Case<'_>, transfer: &Transfer) -> bool {
    let before = |(_, channel): &(_, &DataChannel)| {
        channel.command().is_some_and(|command| command < transfer.command)
    };
    let last = case.channels().take_while(before).last();
    last.is_some_and(|(_, channel)| channel.negotiation() == Some(Negotiation::Rejected))
}

/// The words of a reply without what differs from file to file.
fn masked(reply: &Reply, argument: &str) -> String {
    let text = excerpt(reply.text.raw()).into_owned();
    let text = if argument.is_empty() { text } else { text.replace(argument, "…") };
    text.chars().map(|character| if character.is_ascii_digit() { '#' } else { character }).collect()
}

fn severity(reply: &Reply, refusal: Refusal) -> Severity {
    match reply.code {
        450 if refusal == Refusal::NotFound => Severity::Notice,
        400..=499 | 532 | 552 => Severity::Warning,
        _ => Severity::Notice,
    }
}

const fn advice(refusal: Refusal, reset: bool) -> &'static str {
    match refusal {
        Refusal::NotFound => "The file does not exist or may not be read.",
        Refusal::Permission => {
            "The permissions of the file or directory forbid it: change them, or use another place."
        }
        Refusal::DiskFull if reset => {
            "Free space or raise the quota on the server. The reset of the data connection followed from it."
        }
        Refusal::DiskFull => "Free space or raise the quota on the server.",
        Refusal::NoNegotiation => "The client sent no PASV or PORT before the transfer: correct the client.",
        Refusal::LocalBind => {
            "The server could not open its own side of the data connection. Correct the server, or use passive mode; \
             nothing on the client's side is to blame."
        }
        Refusal::WantsTls => {
            "The server wants protected data connections: set the client to explicit FTPS with PROT P."
        }
        Refusal::Busy => "Try again later; see what locks the file.",
        Refusal::HomeDirectory
        | Refusal::WritableRoot
        | Refusal::AnonymousOnly
        | Refusal::Banned
        | Refusal::ShuttingDown
        | Refusal::BadCredentials
        | Refusal::Limit
        | Refusal::WantsReuse
        | Refusal::Other => "See the server's log.",
    }
}
