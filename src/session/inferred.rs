//! What was probably transferred on data connections whose dialogue could not be read.

use super::active::{ActiveSession, Channel};
use crate::report::{
    Connection, DataChannel, Direction, InferredTransfer, OpaqueData, Origin, Session, StreamFacts,
};

/// By how much a session ticket of the data connection may differ in length from those of the control
/// connection: it may name another cipher or time, and padding hides up to a block.
const TICKETS_DIFFER: u64 = 32;

/// Adds to each data channel whose command could not be read what was probably transferred on it.
pub(super) fn add(session: &mut Session, facts: &ActiveSession) {
    let tickets = facts.control.unread.tickets();
    for (channel, seen) in session.data_channels.iter_mut().zip(&facts.channels) {
        if matches!(channel.origin, Origin::Unseen { .. }) {
            channel.inferred_transfer = inferred(channel, seen, tickets).map(Box::new);
        }
    }
    // What a command tells needs no guess.
    for transfer in &session.transfers {
        let known = transfer.data_channel.and_then(|index| index.of_mut(&mut session.data_channels));
        if let Some(channel) = known {
            channel.inferred_transfer = None;
        }
    }
}

fn inferred(channel: &DataChannel, seen: &Channel, tickets: [u16; 2]) -> Option<InferredTransfer> {
    let connection = channel.connected()?;
    let [client, server] = moved(channel.is_active(), connection, tickets)?;
    let (direction, (bytes, span)) = match (client.0, server.0) {
        (0, 0) => (None, (0, None)),
        (sent, received) if sent > received => (Some(Direction::Upload), client),
        _ => (Some(Direction::Download), server),
    };
    Some(InferredTransfer::new(direction, bytes, span, seen.asked))
}

type Moved = (u64, Option<crate::base::TimeDelta>);

/// How much content the client and the server sent, and how long that took; none where nothing is known of
/// it.
fn moved(active: bool, connection: &Connection, tickets: [u16; 2]) -> Option<[Moved; 2]> {
    let (originator, responder) = (&connection.from_originator, &connection.from_responder);
    let streams = if active { [responder, originator] } else { [originator, responder] };
    if !connection.tls || connection.decrypted {
        let of = |stream: &StreamFacts| (stream.content_bytes.unwrap_or(stream.bytes), stream.content_span);
        return Some(streams.map(of));
    }
    let details = connection.tls_details.as_deref()?;
    let [client, server] = &details.opaque;
    let is_tls13 = details.version.as_deref() == Some("TLS 1.3");
    // A resumed session brings one ticket, a full handshake two.
    let most = if details.resumed == Some(true) { 1 } else { 2 };
    let tickets = if is_tls13 { tickets_among(server, tickets, most) } else { 0 };
    Some([
        (client.bytes, client.duration()),
        (server.bytes.saturating_sub(tickets), server.duration().filter(|_| server.bytes > tickets)),
    ])
}

/// Bytes of the session tickets with which a server begins to send: in TLS 1.3 they look like content. They
/// are about as long as those of the control connection.
fn tickets_among(server: &OpaqueData, tickets: [u16; 2], most: usize) -> u64 {
    let is_ticket = |len: u64| {
        let like = |ticket: u16| ticket > 0 && len.abs_diff(u64::from(ticket)) <= TICKETS_DIFFER;
        tickets.into_iter().any(like)
    };
    server.leading.iter().map(|&len| u64::from(len)).take(most).take_while(|&len| is_ticket(len)).sum()
}
