//! Contents that are not what the server says of them.

use super::case::Case;
use super::draft::{Draft, Sink};
use crate::report::{Code, Direction, Reply, Transfer, TransferIndex, Verification};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, transfer) in case.transfers() {
        if let Some(verification) = transfer.verification.as_deref().filter(|found| !found.matches()) {
            differs(case, index, transfer, verification, sink);
        }
    }
}

fn differs(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    verification: &Verification,
    sink: &mut Sink,
) {
    let Verification { algorithm, claimed, computed, command } = verification;
    let Some(asked) = case.session.command(*command) else { return };
    let reply = asked.completion();
    let moved = case.transfer_command(transfer);
    let length = transfer.decoded.as_ref().map_or(transfer.bytes, |decoded| Some(decoded.bytes));
    let way = match transfer.direction {
        Direction::Download => "sent by",
        Direction::Upload => "sent to",
    };
    let text = format!(
        "{} is not what the server {} says it has: {} of the {} bytes {way} it is {computed}, and its answer to {} is {claimed}",
        case.name(transfer),
        case.session.server,
        algorithm.name(),
        length.unwrap_or_default(),
        asked.verb.name(),
    );
    let time = reply.map_or(asked.time, |reply| reply.time).max(transfer.end.unwrap_or(case.session.start));
    let replies = |replies: &[Reply]| replies.iter().map(|reply| reply.frame).collect::<Vec<_>>();
    sink.push(
        Draft::new(Code::IntegrityMismatch, time, text)
            .frames(moved.map(|moved| moved.frame))
            .frames(moved.into_iter().flat_map(|moved| replies(&moved.replies)))
            .frames([asked.frame])
            .frames(replies(&asked.replies))
            .advice(advice(case, transfer))
            .command(Some(transfer.command))
            .channel(transfer.data_channel)
            .transfer(Some(index)),
    );
}

fn advice(case: &Case<'_>, transfer: &Transfer) -> &'static str {
    let is_text = transfer.representation.raw().starts_with('A');
    let is_short = transfer.expected_size.zip(transfer.bytes).is_some_and(|(size, bytes)| {
        transfer.mode == 'S'
            && transfer.direction == Direction::Download
            && transfer.offset.saturating_add(bytes) < size
    });
    if is_text {
        "Set the client to TYPE I (binary) and transfer the file again: in TYPE A line ends are converted."
    } else if is_short {
        "The transfer was cut short although the server reported success: transfer the file again."
    } else if transfer.offset > 0 {
        "The part that was moved is not that part of the server's file: remove what was moved before, and transfer the \
         whole file again."
    } else if case.connection(transfer).is_some_and(|connection| {
        connection.from_originator.conflicting > 0 || connection.from_responder.conflicting > 0
    }) {
        "Segments were sent again with other bytes: look for a device on the path that alters traffic, and transfer the \
         file again over TLS."
    } else {
        match transfer.direction {
            Direction::Download => {
                "Transfer the file again. If it differs again, it changes while it is read, or something between the server \
                 and this capture point alters it: capture at the server, or transfer over TLS."
            }
            Direction::Upload => {
                "Transfer the file again. If it differs again, the server's disk or a process there alters it, or something \
                 between this capture point and the server does: capture at the server, or transfer over TLS."
            }
        }
    }
}
