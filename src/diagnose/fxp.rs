//! Data connections between two servers, steered by one client (FXP).

use super::case::Case;
use super::draft::{Draft, Groups, Sink, times};
use crate::report::{Code, Uid};

/// The rule.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut groups: Groups<&Uid> = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let (Some(partner), Some(connection)) = (&channel.peer_session, channel.connection()) else {
            continue;
        };
        if let Some(group) = groups.add(partner, index, connection.start) {
            group.prove(case.negotiation_frames(channel));
            group.prove([connection.frames.first, connection.frames.last]);
        }
    }
    for (partner, group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some(connection) = channel.connection() else { continue };
        let summary = format!(
            "The client {} had two servers exchange data directly{}: {} to {}, agreed on with the server {} here and in \
             session {partner}",
            case.session.client.ip,
            times(group.count),
            connection.originator,
            connection.responder,
            case.session.server,
        );
        sink.push(
            Draft::new(Code::FxpTransfer, group.time, summary)
                .frames(group.frames.iter().copied())
                .command(channel.command())
                .channel(Some(group.channel))
                .transfer(case.transfers_on(group.channel).next().map(|(transfer, _)| transfer)),
        );
    }
}
