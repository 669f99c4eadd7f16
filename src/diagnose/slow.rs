//! Transfers that were slow for a reason that the packets show.

use super::case::{Case, connecting_side, listening_side};
use super::draft::{Draft, Sink, duration};
use super::path;
use crate::base::{Address, Bytes, TimeDelta};
use crate::report::{
    Certainty, Code, Connection, DataChannel, Direction, Transfer, TransferIndex, WindowScaling,
};

/// What bounds the rate of a transfer.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// The receiver's window was zero for so long.
    ZeroWindow(TimeDelta),
    /// So much of it was sent again.
    Loss { percent: f64, again: u64 },
    /// The receiver's window was full for the whole of each round trip.
    Window { in_flight: u64, rtt: TimeDelta, scaling: WindowScaling },
}

/// The rule.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, transfer) in case.transfers() {
        slow(case, index, transfer, sink);
    }
}

fn slow(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    let Some(channel) = transfer.data_channel.and_then(|number| case.session.data_channel(number)) else {
        return;
    };
    let Some(connection) = channel.connected().filter(|_| transfer.peer_session.is_none()) else { return };
    let Some(payload) = connection.payload() else { return };
    let lasted = payload.last.elapsed_since(payload.first);
    let bytes = connection.bytes().saturating_add(connection.missing_bytes());
    let thresholds = &case.options.thresholds;
    let matters = bytes as f64 >= thresholds.slow_bytes || lasted >= thresholds.slow_time;
    if !matters || lasted <= TimeDelta::ZERO || path::is_black_hole(case, connection) {
        return;
    }
    // What stood still for most of the time has a finding of its own.
    let stood = connection.stall.map_or(TimeDelta::ZERO, |stall| stall.until.elapsed_since(stall.from));
    let Some(rate) = Bytes(bytes).per_second(lasted) else { return };
    let Some(bound) = bound(case, connection, transfer, bytes, lasted).filter(|_| stood < lasted.part(2))
    else {
        return;
    };
    let ((sender, sender_at), (receiver, receiver_at)) = ends(case, transfer);
    let why = match bound {
        Bound::ZeroWindow(shut) => format!(
            "the {receiver} {receiver_at}, which announced a receive window of zero for {} of {}",
            duration(shut),
            duration(lasted)
        ),
        Bound::Loss { percent, again } => {
            format!("loss: {percent:.1} % of the bytes ({again} of {bytes}) were sent again")
        }
        Bound::Window { in_flight, rtt, scaling } => format!(
            "the receive window of the {receiver} {receiver_at}: at most {} were in flight at a round trip of {}{}",
            Bytes(in_flight),
            duration(rtt),
            unscaled(scaling, channel),
        ),
    };
    let text =
        format!("{} from the {sender} {sender_at} was limited to {rate}/s by {why}", case.name(transfer));
    sink.push(
        Draft::new(Code::SlowTransfer, connection.start, text)
            .advice(advice(bound, receiver))
            .certainty(Certainty::Likely)
            .frames([connection.frames.first, connection.frames.last])
            .command(Some(transfer.command))
            .channel(transfer.data_channel)
            .transfer(Some(index)),
    );
}

/// Who sends, and who receives, each with its address.
pub(super) fn ends(
    case: &Case<'_>,
    transfer: &Transfer,
) -> ((&'static str, Address), (&'static str, Address)) {
    let client = ("client", Address(case.session.client.ip));
    let server = ("server", Address(case.session.server.ip));
    match transfer.direction {
        Direction::Download => (server, client),
        Direction::Upload => (client, server),
    }
}

fn advice(bound: Bound, receiver: &str) -> String {
    match bound {
        Bound::ZeroWindow(_) => {
            format!("The {receiver} did not read as fast as it was sent to: look at its disk and load.")
        }
        Bound::Loss { .. } => {
            "Look for loss on the path: a duplex mismatch, an overloaded link or a faulty cable.".to_owned()
        }
        Bound::Window { scaling: WindowScaling::Both, .. } => {
            format!("Raise the receive buffer of the {receiver}.")
        }
        Bound::Window { scaling: WindowScaling::Neither, .. } => {
            "Neither host offers window scaling (RFC 7323): turn it on at both.".to_owned()
        }
        Bound::Window { scaling: WindowScaling::OriginatorOnly | WindowScaling::ResponderOnly, .. } => {
            "Turn window scaling on at the other host, or find the firewall on the path that strips it from SYN \
             or SYN-ACK."
                .to_owned()
        }
    }
}

fn bound(
    case: &Case<'_>,
    connection: &Connection,
    transfer: &Transfer,
    bytes: u64,
    lasted: TimeDelta,
) -> Option<Bound> {
    /// The largest window without scaling (RFC 9293 section 3.1).
    const UNSCALED: f64 = 65_535.0;
    /// A shorter round trip leaves no window too small.
    const FAR: TimeDelta = TimeDelta::from_millis(10);
    let thresholds = &case.options.thresholds;
    let shut = connection.path.zero_window;
    if shut.seconds() * 100.0 > lasted.seconds() * thresholds.zero_window_share {
        return Some(Bound::ZeroWindow(shut));
    }
    let again = connection.retransmitted_bytes();
    let percent = again as f64 * 100.0 / bytes.max(1) as f64;
    if percent > thresholds.loss_share {
        return Some(Bound::Loss { percent, again });
    }
    let (rtt, scaling) = (connection.path.rtt?, connection.path.window_scaling?);
    let in_flight = connection.path.max_in_flight;
    let expected = in_flight as f64 / rtt.seconds().max(1e-6);
    let fills = scaling != WindowScaling::Both && in_flight as f64 >= UNSCALED * 0.85;
    let is_bound = (transfer.rate? - expected).abs() <= expected / 4.0;
    (fills && is_bound && rtt >= FAR).then_some(Bound::Window { in_flight, rtt, scaling })
}

/// Who offered window scaling in vain.
fn unscaled(scaling: WindowScaling, channel: &DataChannel) -> String {
    let (one, other) = (connecting_side(channel), listening_side(channel));
    match scaling {
        WindowScaling::Both => String::new(),
        WindowScaling::Neither => "; neither side offered window scaling".to_owned(),
        WindowScaling::OriginatorOnly => {
            format!("; window scaling was offered by the {one} and not by the {other}")
        }
        WindowScaling::ResponderOnly => {
            format!("; window scaling was offered by the {other} and not by the {one}")
        }
    }
}
