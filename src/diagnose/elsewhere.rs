//! A data connection under TLS that goes to another address than the server's.

use super::case::{Case, same};
use super::draft::{Draft, Groups, Sink, times};
use super::software::{Setting, called};
use crate::base::Address;
use crate::report::{Certainty, Code, DataChannel, Outcome};

/// The rule: what the server announced can't be read, but where the client then went can be seen.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels().filter(|(_, channel)| is_elsewhere(case, channel)) {
        let Some(connection) = channel.connection() else { continue };
        if let Some(group) = groups.add((connection.responder.ip, channel.outcome()), index, connection.start)
        {
            group.prove([connection.frames.first]);
        }
    }
    for ((address, outcome), group) in groups.into_iter() {
        let came = match outcome {
            Some(Outcome::Connected) => "and succeeded",
            Some(Outcome::Refused) => "and was refused",
            Some(Outcome::Unanswered | Outcome::Unused) | None => "and got no answer",
        };
        let summary = format!(
            "Right after control traffic under TLS the client {} tried{} to connect to {}, which is not the server's address \
             {}, {came}: the server probably announces its private address",
            Address(case.session.client.ip),
            times(group.count),
            Address(address),
            Address(case.session.server.ip),
        );
        sink.push(
            Draft::of_group(Code::AddressMismatch, &group, summary)
                .certainty(Certainty::Likely)
                .advice(format!(
                    "Nobody can rewrite the address under TLS: have the server announce its public one{}, or have the \
                     client use EPSV or the control connection's address.",
                    called(Setting::PassiveAddress, case.session)
                )),
        );
    }
}

/// Whether a channel's connection, which nobody could read the announcement of, goes to a host that is no
/// control peer.
pub(super) fn is_elsewhere(case: &Case<'_>, channel: &DataChannel) -> bool {
    let (client, server) = (case.session.client.ip, case.session.server.ip);
    channel.mode().is_none()
        && channel.connection().is_some_and(|it| {
            same(it.originator.ip, client) && !same(it.responder.ip, server) && !same(it.responder.ip, client)
        })
}
