//! Connected, and yet nothing or little gets through: packets too large for the path, handshakes that stay half
//! open, slow transfers.

use super::case::{Case, Channel, connecting_side, listening_side};
use super::draft::{Draft, Sink, duration, plural};
use super::words::quote;
use crate::base::{Address, Endpoint, FrameNumber, Timestamp};
use crate::report::{
    Certainty, Code, Connection, DataChannel, IcmpError, Mark, Status, StreamFacts, SynAcks, Unheard,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        mtu(case, (index, channel), sink);
        half_open(case, (index, channel), sink);
    }
}

/// Payload that makes a packet a large one: with it, it does not fit into the least MTU that is common.
const LARGE: u64 = 1000;

/// Large segments that do not get through.
enum BlackHole<'a> {
    /// They were sent again and again, and never acknowledged.
    Sent { from: Endpoint, to: Endpoint, unheard: Unheard, too_big: Option<&'a IcmpError> },
    /// They never arrived, while a smaller one that was sent after them did.
    Missing { from: Endpoint, to: Endpoint, lost: u64, arrived: u64, last: Mark },
}

fn black_hole<'a>(case: &Case<'_>, connection: &'a Connection) -> Option<BlackHole<'a>> {
    connection.established.filter(|_| connection.handshake)?;
    let (one, other) = (connection.originator, connection.responder);
    let sent = |from: Endpoint, to: Endpoint, unheard: Option<Unheard>, stream: &StreamFacts| {
        let too_big =
            connection.icmp.iter().find(|error| error.message.is_too_big() && error.quoted_sender == from);
        let unheard = unheard.filter(|it| is_too_large(case, *it, too_big.is_some()));
        let sent = unheard.map(|unheard| BlackHole::Sent { from, to, unheard, too_big });
        sent.or_else(|| missing(case, connection.end, from, to, stream))
    };
    let [of_one, of_other] = connection.trouble.as_ref().map(|trouble| trouble.unheard).unwrap_or_default();
    sent(one, other, of_one, &connection.from_originator)
        .or_else(|| sent(other, one, of_other, &connection.from_responder))
}

/// Whether what was sent again was large, and nothing as large had been acknowledged before.
fn is_too_large(case: &Case<'_>, unheard: Unheard, was_told: bool) -> bool {
    let thresholds = &case.options.thresholds;
    let lasted = unheard.last.0.elapsed_since(unheard.first.0);
    let often = f64::from(unheard.times) >= thresholds.retransmissions || lasted >= thresholds.stall;
    let large = u64::from(unheard.len) >= LARGE && unheard.acknowledged < u64::from(unheard.len);
    was_told && unheard.times >= 2 || often && large
}

/// Whether the beginning of a stream never arrived, and what did was small.
fn missing<'a>(
    case: &Case<'_>,
    until: Timestamp,
    from: Endpoint,
    to: Endpoint,
    stream: &StreamFacts,
) -> Option<BlackHole<'a>> {
    let last = stream.last_payload?;
    let nothing_acknowledged = stream.unacknowledged == stream.bytes.saturating_add(stream.lost);
    let waited = case.until.max(until).elapsed_since(last.0);
    let hole = stream.lost >= LARGE && stream.bytes < LARGE && nothing_acknowledged && stream.missing == 0;
    (hole && waited >= case.options.thresholds.stall).then_some(BlackHole::Missing {
        from,
        to,
        lost: stream.lost,
        arrived: stream.bytes,
        last,
    })
}

/// Whether large segments of a data connection do not get through.
pub(super) fn is_black_hole(case: &Case<'_>, connection: &Connection) -> bool {
    black_hole(case, connection).is_some()
}

fn mtu(case: &Case<'_>, (index, channel): Channel<'_>, sink: &mut Sink) {
    let Some(connection) = channel.connected() else { return };
    let Some(hole) = black_hole(case, connection) else { return };
    let transfer = case.transfers_on(index).next();
    let of = transfer.map(|(_, transfer)| format!(" of {}", case.name(transfer))).unwrap_or_default();
    let (summary, time, frames, told) = match hole {
        BlackHole::Sent { from, to, unheard, too_big } => {
            let lasted = duration(unheard.last.0.elapsed_since(unheard.first.0));
            let why = match too_big {
                Some(error) => format!(
                    ", although the router {} said “{}”{}",
                    Address(error.from),
                    error.message.meaning(),
                    error.message.mtu.map(|mtu| format!(" (MTU {mtu})")).unwrap_or_default(),
                ),
                None => ", while smaller packets get through".to_owned(),
            };
            let summary = format!(
                "Segments of {} bytes{of} from {from} to {to} were sent again {} in {lasted} and never acknowledged{why}",
                unheard.len,
                plural(u64::from(unheard.times), "time"),
            );
            let frames =
                [unheard.first.1, unheard.last.1, too_big.map_or(FrameNumber::NONE, |error| error.frame)];
            (summary, unheard.first.0, frames, too_big.is_some())
        }
        BlackHole::Missing { from, to, lost, arrived, last } => {
            let summary = format!(
                "{lost} bytes{of} in large segments from {from} to {to} never arrived, while a smaller segment sent after them \
                 ({arrived} bytes) did"
            );
            (summary, last.0, [last.1, connection.frames.last, FrameNumber::NONE], false)
        }
    };
    let advice = if told {
        "The sender ignores the router: let ICMP reach it (its own packet filter may drop it), or lower the MSS on the router \
         or VPN."
    } else {
        "The path takes only smaller packets, and the ICMP message that says so is lost on the way: lower the MSS (clamp it on \
         the router or VPN), and let ICMP “fragmentation needed” and “packet too big” through."
    };
    sink.push(
        Draft::new(Code::MtuBlackHole, time, summary)
            .advice(advice)
            .certainty(if told { Certainty::Proven } else { Certainty::Likely })
            .frames(frames)
            .command(channel.command())
            .channel(Some(index))
            .transfer(transfer.map(|(transfer, _)| transfer)),
    );
}

/// The SYN-ACKs of a data connection that stayed half open at its listener.
pub(super) fn half_open_at<'a>(
    case: &Case<'_>,
    channel: &'a DataChannel,
) -> Option<(&'a Connection, SynAcks)> {
    let connection = channel.connected().filter(|it| it.bytes() == 0)?;
    let syn_acks = connection.trouble.as_ref()?.syn_acks?;
    let thresholds = &case.options.thresholds;
    let lasted = syn_acks.last.0.elapsed_since(connection.established?);
    (f64::from(syn_acks.count) >= thresholds.retransmissions || lasted >= thresholds.answer)
        .then_some((connection, syn_acks))
}

fn half_open(case: &Case<'_>, (index, channel): Channel<'_>, sink: &mut Sink) {
    let Some((connection, syn_acks)) = half_open_at(case, channel) else { return };
    let transfer = case.transfers_on(index).next();
    if transfer.is_some_and(|(_, transfer)| transfer.status == Status::Complete) {
        return;
    }
    let (listener, connector) = (listening_side(channel), connecting_side(channel));
    let lasted = duration(syn_acks.last.0.elapsed_since(connection.established.unwrap_or(connection.start)));
    let reply = transfer.and_then(|(_, transfer)| case.final_reply(transfer));
    let failed = reply.filter(|reply| reply.is_negative()).map(|reply| format!(" ({})", quote(reply)));
    let why = if syn_acks.was_answered {
        format!(
            "although the {connector} {} had acknowledged it: the third packet of the handshake did not reach the {listener}",
            connection.originator
        )
    } else {
        format!(
            "and the {connector} {} never acknowledged it: the SYN-ACK does not reach the {connector}",
            connection.originator
        )
    };
    let summary = format!(
        "The {listener} {} sent its SYN-ACK {} times in {lasted} {why}{}",
        connection.responder,
        syn_acks.count,
        failed.unwrap_or_default(),
    );
    sink.push(
        Draft::new(Code::DataHandshakeIncomplete, syn_acks.last.0, summary)
            .certainty(Certainty::Likely)
            .frames(connection.syn_frames.iter().copied())
            .frames([connection.frames.first, syn_acks.last.1])
            .frames(reply.map(|reply| reply.frame))
            .command(channel.command())
            .channel(Some(index))
            .transfer(transfer.map(|(transfer, _)| transfer)),
    );
}
