//! What came of the data connections: unanswered, refused, never attempted, unseen.

use super::case::{
    Case, accepted_but_unused, announcement, connecting_side, is_private, is_public, listening_side,
};
use super::draft::{Draft, Sink, duration, excerpt, plural};
use crate::report::{
    AttemptResult, ChannelIndex, Code, Connection, DataChannel, IcmpError, Status, Transfer, TransferIndex,
};

/// A single SYN at the end of a capture may yet be answered for this long, in seconds: the first retransmission comes
/// after one.
const ANSWER_S: f64 = 1.0;

/// A transfer command without any reply hangs once this long has passed, in seconds.
const HANG_S: f64 = 5.0;

/// A reply that reports failure this soon was not preceded by a timeout, in seconds.
const AT_ONCE_S: f64 = 1.0;

/// A listener may have given up after this long, in seconds.
const LISTENER_S: f64 = 20.0;

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        let Some(attempt) = &channel.attempt else { continue };
        match attempt.result {
            AttemptResult::Unanswered => unanswered(case, index, channel, &attempt.connection, sink),
            AttemptResult::Refused => refused(case, index, channel, &attempt.connection, sink),
            AttemptResult::Connected { .. } => {}
        }
    }
    for (index, transfer) in case.transfers() {
        never_attempted(case, index, transfer, sink);
    }
    not_captured(case, sink);
}

/// Whether the listener's address can't be reached by the connector: private here, public there.
fn out_of_reach(case: &Case<'_>, channel: &DataChannel) -> bool {
    channel
        .predicted()
        .is_some_and(|it| is_private(it.listener.ip) && is_public(case.connecting_peer(channel).ip))
}

fn in_time_wait(channel: &DataChannel) -> bool {
    channel.reuse.as_ref().is_some_and(|reuse| reuse.in_time_wait)
}

fn attempt(
    case: &Case<'_>,
    code: Code,
    index: ChannelIndex,
    channel: &DataChannel,
    it: &Connection,
    text: String,
) -> Draft {
    let transfer = case.transfers_on(index).next();
    let reply = transfer.and_then(|(_, transfer)| case.final_reply(transfer));
    Draft::new(code, it.start, text)
        .frames(case.negotiation_frames(channel))
        .frames(it.syn_frames.iter().copied())
        .frames(it.refused_frame)
        .frames(it.icmp.iter().map(|error| error.frame))
        .frames([it.frames.first, it.frames.last])
        .frames(reply.filter(|reply| reply.is_negative()).map(|reply| reply.frame))
        .command(channel.command())
        .channel(Some(index))
        .transfer(transfer.map(|(transfer, _)| transfer))
}

fn unanswered(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, it: &Connection, sink: &mut Sink) {
    let failed = case.transfers_on(index).any(|(_, transfer)| transfer.status == Status::Failed);
    if it.syn_attempts < 2 && !failed && case.seconds_after(it.start) < ANSWER_S {
        return;
    }
    let (cause, advice) = if in_time_wait(channel) {
        (
            "the same pair served an earlier connection and is in TIME_WAIT, where the peer may leave a SYN unanswered, \
             or a firewall drops it",
            "Use a new port for every data connection, or widen the port range; if other ports fail too, look for the \
             firewall that drops the SYNs.",
        )
    } else if out_of_reach(case, channel) {
        (
            "the address is private and can't be reached from a public one; NAT without an FTP helper, or a wrong \
             address in the server's configuration",
            "Have the listening side announce the address that it is reached by, or use the other mode (EPSV carries \
             no address at all).",
        )
    } else if channel.is_active() {
        (
            "a firewall in front of the client is probably dropping them (or the replies)",
            "Use passive mode, or let the client's firewall accept the server's connections to the ports it announces.",
        )
    } else {
        (
            "a firewall in front of the server is probably dropping them (or the replies)",
            "Open the server's passive port range in the firewall, or turn on its FTP helper.",
        )
    };
    let text = format!(
        "{} from the {} {} to the {} {} ({}) went unanswered for {}; {cause}",
        plural(u64::from(it.syn_attempts.max(1)), "SYN"),
        connecting_side(channel),
        it.originator,
        listening_side(channel),
        it.responder,
        announcement(channel),
        duration(it.end.seconds_since(it.start).max(0.0)),
    );
    sink.push(attempt(case, Code::DataUnanswered, index, channel, it, text).advice(advice));
}

fn refused(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, it: &Connection, sink: &mut Sink) {
    let (negotiated, _) = case.negotiated(channel);
    let waited = it.start.seconds_since(negotiated);
    let cause = if in_time_wait(channel) {
        "the same pair served an earlier connection and is in TIME_WAIT, or nobody listens there".to_owned()
    } else if waited >= LISTENER_S {
        format!(
            "the SYN came {} after the negotiation, when nobody listened there any more",
            duration(waited)
        )
    } else {
        "nobody listens there, or a firewall rejects the connection".to_owned()
    };
    let (answer, cause) = match it.unreachable() {
        Some(error) => rejected_by(error, it),
        None => ("RST".to_owned(), cause),
    };
    let text = format!(
        "The SYN from the {} {} to the {} {} ({}) was answered by {answer}: {cause}",
        connecting_side(channel),
        it.originator,
        listening_side(channel),
        it.responder,
        announcement(channel),
    );
    sink.push(attempt(case, Code::DataRefused, index, channel, it, text));
}

/// What answered a SYN, and why, where that was an ICMP error.
fn rejected_by(error: &IcmpError, it: &Connection) -> (String, String) {
    let answer = format!("ICMP \"{}\"", error.message.meaning());
    let cause = if error.from == it.responder.ip {
        "the host itself, or a firewall that speaks for it, rejects the connection".to_owned()
    } else {
        format!("the router or firewall at {} rejects the connection", error.from)
    };
    (answer, cause)
}

fn never_attempted(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    let Some(number) = transfer.data_channel else { return };
    let Some(channel) = case.session.data_channel(number).filter(|it| accepted_but_unused(it)) else {
        return;
    };
    let Some(command) = case.transfer_command(transfer) else { return };
    let answer = match transfer.reply_code {
        Some(code @ (421 | 425 | 426)) => format!("failed with {code}"),
        Some(_) => return,
        None if case.replies_may_be_lost() || !case.server_was_heard() => return,
        None if transfer.status != Status::Unfinished || case.seconds_after(command.time) < HANG_S => return,
        None => "got no final reply".to_owned(),
    };
    let Some(prediction) = channel.predicted() else { return };
    let reply = case.final_reply(transfer);
    let waited = reply.map(|reply| reply.time.seconds_since(command.time));
    let (cause, advice) = unseen_cause(case, channel, waited);
    let text = format!(
        "{} {answer}, and no SYN from the {} {} to the {} {} ({}) was seen: {cause}",
        excerpt(command.verb.name()),
        connecting_side(channel),
        prediction.connector.ip,
        listening_side(channel),
        prediction.listener,
        announcement(channel),
    );
    sink.push(
        Draft::new(Code::DataNeverAttempted, reply.map_or(command.time, |reply| reply.time), text)
            .advice(advice)
            .frames(case.negotiation_frames(channel))
            .frames([command.frame])
            .frames(command.replies.iter().map(|reply| reply.frame))
            .command(Some(transfer.command))
            .channel(Some(number))
            .transfer(Some(index)),
    );
}

/// Why no SYN was seen, as far as the capture shows.
fn unseen_cause(case: &Case<'_>, channel: &DataChannel, waited: Option<f64>) -> (String, &'static str) {
    let reached =
        "Capture on the connecting side as well: if the SYN shows there, something on the way blocks it.";
    if in_time_wait(channel) {
        let holder = connecting_side(channel);
        let cause = format!(
            "the same pair served an earlier connection and is in TIME_WAIT, which keeps the {holder} from connecting"
        );
        return (cause, "Use a new port for every data connection, as PASV, EPSV and most clients' PORT do.");
    }
    if out_of_reach(case, channel) {
        let cause = format!("the {} can't reach that private address across NAT", connecting_side(channel));
        return (
            cause,
            "Have the listening side announce its public address, or use passive mode with EPSV.",
        );
    }
    let waited_s = waited.unwrap_or(f64::INFINITY);
    let cause = match (channel.is_active(), waited) {
        (true, Some(_)) if waited_s < AT_ONCE_S => format!(
            "the server gave up after {}, so its attempt was rejected before this capture point, or could not even start",
            duration(waited_s)
        ),
        (true, Some(_)) => format!(
            "the server tried for {}; its SYNs were dropped before they reached this capture point, or never left it",
            duration(waited_s)
        ),
        (true, None) => {
            "the server's SYNs were dropped before this capture point, or it never sent any".to_owned()
        }
        (false, _) => {
            "the client's SYNs were dropped before they reached this capture point, or it never sent any"
                .to_owned()
        }
    };
    let advice = if channel.is_active() {
        "Use passive mode, or let the client's firewall accept the server's connections to the ports it announces."
    } else {
        reached
    };
    (cause, advice)
}

/// All in one: whatever hides one data connection hides most.
fn not_captured(case: &Case<'_>, sink: &mut Sink) {
    let mut unseen = case
        .transfers()
        .filter(|(_, transfer)| transfer.status == Status::Complete && transfer.bytes.is_none())
        .peekable();
    let Some((index, transfer)) = unseen.peek().copied() else { return };
    let Some(command) = case.transfer_command(transfer) else { return };
    let count = unseen.count() as u64;
    let channel = transfer.data_channel.and_then(|number| case.session.data_channel(number));
    let expected = match channel.and_then(DataChannel::predicted) {
        Some(prediction) => format!("the data connection to {}", prediction.listener),
        None => "the data connection".to_owned(),
    };
    let more = if count > 1 { format!(", as are those of {count} transfers in all") } else { String::new() };
    let text = format!(
        "{} of the client {} at the server {} completed ({}), but {expected} is missing from the capture{more}: a \
         capture filter, another path, or packets lost",
        excerpt(command.verb.name()),
        case.session.client,
        case.session.server,
        transfer.reply_code.unwrap_or_default(),
    );
    let reply = case.final_reply(transfer);
    sink.push(
        Draft::new(Code::DataNotCaptured, reply.map_or(command.time, |reply| reply.time), text)
            .frames(channel.into_iter().flat_map(|channel| case.negotiation_frames(channel)))
            .frames([command.frame])
            .frames(command.replies.iter().map(|reply| reply.frame))
            .command(Some(transfer.command))
            .channel(transfer.data_channel)
            .transfer(Some(index)),
    );
}
