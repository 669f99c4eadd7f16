//! How transfers ended: short, aborted, stalled, unfinished, damaged.

use smallvec::SmallVec;

use super::case::Case;
use super::draft::{Draft, Sink, duration, excerpt};
use crate::base::Timestamp;
use crate::report::{
    Code, Connection, Content, Direction, EndState, Party, Session, Status, StreamFacts, Transfer,
    TransferIndex,
};

/// No payload for this long is a stall, in seconds.
const STALL_S: f64 = 5.0;

/// A final reply that has not come this long after the data connection closed is missing, in seconds.
const REPLY_S: f64 = 5.0;

/// A control connection that was silent for this long may have been forgotten by a NAT or firewall, in seconds.
const IDLE_S: f64 = 60.0;

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, transfer) in case.transfers() {
        aborted(case, index, transfer, sink);
        let connection = transfer
            .data_channel
            .and_then(|number| case.session.data_channel(number))
            .and_then(|channel| Some((channel.is_active(), channel.connected()?)));
        let Some((active, connection)) = connection else { continue };
        let stream = sent(transfer, active, connection);
        truncated(case, index, transfer, connection, stream, sink);
        stalled(case, index, transfer, connection, stream, sink);
        completion_missing(case, index, transfer, connection, sink);
        ascii_damage(case, index, transfer, connection, stream, sink);
    }
}

/// What moved in the transfer's direction.
const fn sent<'a>(transfer: &Transfer, active: bool, connection: &'a Connection) -> &'a StreamFacts {
    // The server is the originator in active mode.
    if matches!(transfer.direction, Direction::Download) == active {
        &connection.from_originator
    } else {
        &connection.from_responder
    }
}

/// `RETR /pub/a.bin`, as far as the name is known.
fn name(case: &Case<'_>, transfer: &Transfer) -> String {
    let command = case.transfer_command(transfer);
    let verb = command.map_or("The transfer".into(), |command| excerpt(command.verb.name()));
    match transfer.path.as_ref().or_else(|| command.and_then(|command| command.text())) {
        Some(path) => [&*verb, " ", &*excerpt(path.raw())].concat(),
        None => verb.into_owned(),
    }
}

fn pair(connection: &Connection) -> String {
    [connection.originator.text().as_str(), " to ", connection.responder.text().as_str()].concat()
}

fn draft(
    case: &Case<'_>,
    code: Code,
    time: Timestamp,
    index: TransferIndex,
    transfer: &Transfer,
    text: String,
) -> Draft {
    let command = case.transfer_command(transfer);
    Draft::new(code, time, text)
        .frames(command.map(|command| command.frame))
        .frames(command.into_iter().flat_map(|command| command.replies.iter().map(|reply| reply.frame)))
        .command(Some(transfer.command))
        .channel(transfer.data_channel)
        .transfer(Some(index))
}

fn aborted(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    if transfer.status != Status::Aborted {
        return;
    }
    let reply = case.final_reply(transfer);
    let command = case.transfer_command(transfer);
    let abor = case
        .session
        .commands
        .iter()
        .skip(transfer.command.position().saturating_add(1))
        .take(1)
        .find(|next| next.verb == crate::ftp::Verb::Abor);
    let who = match (abor, case.connection(transfer)) {
        (Some(_), _) => "by the client's ABOR".to_owned(),
        (None, Some(connection)) if connection.end_state == EndState::Rst => {
            format!("when the data connection {} was reset", pair(connection))
        }
        (None, _) => "without an ABOR in the capture".to_owned(),
    };
    let bytes = transfer.bytes.map(|bytes| format!(" after {bytes} bytes")).unwrap_or_default();
    let code = transfer.reply_code.map(|code| format!(" ({code})")).unwrap_or_default();
    let text = format!(
        "{} between the client {} and the server {} was aborted{bytes} {who}{code}",
        name(case, transfer),
        case.session.client,
        case.session.server,
    );
    let time = reply.map(|reply| reply.time).or_else(|| command.map(|command| command.time));
    sink.push(
        draft(case, Code::TransferAborted, time.unwrap_or(case.session.start), index, transfer, text)
            .frames(abor.map(|command| command.frame))
            .frames(case.connection(transfer).and_then(|it| it.close).map(|(_, frame)| frame)),
    );
}

fn truncated(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    connection: &Connection,
    stream: &StreamFacts,
    sink: &mut Sink,
) {
    let whole =
        transfer.missing_bytes == 0 && stream.missing == 0 && stream.start_seen && connection.handshake;
    let comparable = !transfer.encrypted && transfer.content == Content::File && transfer.mode == 'S';
    if transfer.status != Status::Complete || !whole {
        return;
    }
    let Some(bytes) = transfer.bytes else { return };
    // The size that SIZE returns before an upload is that of the file that it replaces.
    let announced = transfer
        .expected_size
        .filter(|_| comparable && transfer.direction == Direction::Download)
        .and_then(|size| size.checked_sub(transfer.offset));
    // TLS marks the end of a stream itself (close_notify): many close with RST after that.
    let reset = connection.end_state == EndState::Rst && !stream.end_seen && !connection.tls;
    let closed = stream.end_seen || reset;
    let text = match announced {
        Some(announced) if bytes < announced && closed => format!(
            "{} carried {bytes} of {announced} announced bytes: the data connection {} {}, yet the server reported success",
            name(case, transfer),
            pair(connection),
            if reset { "was reset" } else { "was closed early" },
        ),
        None if reset => format!(
            "The data connection {} of {} was reset after {bytes} bytes, yet the server reported success",
            pair(connection),
            name(case, transfer),
        ),
        Some(_) | None => return,
    };
    sink.push(
        draft(case, Code::TransferTruncated, connection.end, index, transfer, text)
            .frames(connection.close.map(|(_, frame)| frame))
            .frames([connection.frames.last]),
    );
}

/// A time without payload.
struct Silence {
    from: Timestamp,
    until: Timestamp,
    frames: [u64; 2],
    when: &'static str,
}

fn stalled(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    connection: &Connection,
    stream: &StreamFacts,
    sink: &mut Sink,
) {
    let Some(command) = case.transfer_command(transfer) else { return };
    let final_reply = case.final_reply(transfer).map(|reply| (reply.time, reply.frame));
    let close = connection.close;
    let begun = command.replies.first().filter(|reply| reply.is_preliminary());
    let mut silences: SmallVec<[Silence; 3]> = SmallVec::new();
    if let Some(stall) = connection.stall {
        let frames = [stall.frames.first, stall.frames.last];
        silences.push(Silence { from: stall.from, until: stall.until, frames, when: "in the middle" });
    }
    if let (Some(established), Some(begun), Some((first, frame))) =
        (connection.established, begun, stream.first_payload)
    {
        let (from, before) = if begun.time > established {
            (begun.time, begun.frame)
        } else {
            (established, connection.frames.first)
        };
        silences.push(Silence { from, until: first, frames: [before, frame], when: "before the first byte" });
    }
    if let Some((last, frame)) = stream.last_payload {
        let end = match (close, final_reply) {
            (Some(close), Some(reply)) => Some(close.min(reply)),
            (close, reply) => close.or(reply),
        };
        if let Some((until, after)) = end {
            silences.push(Silence { from: last, until, frames: [frame, after], when: "after the last byte" });
        }
    }
    // Several transfers may share one connection: only what lies inside this one counts.
    let inside = |silence: &Silence| {
        let until = final_reply.map_or(silence.until, |(time, _)| time.min(silence.until));
        until.seconds_since(silence.from.max(command.time))
    };
    let longest = silences.iter().max_by(|one, other| inside(one).total_cmp(&inside(other)));
    let Some(silence) = longest.filter(|silence| inside(silence) >= STALL_S) else { return };
    let sender = match transfer.direction {
        Direction::Download => "server",
        Direction::Upload => "client",
    };
    let text = format!(
        "{} stood still for {} {}: no payload from the {sender} on {}",
        name(case, transfer),
        duration(inside(silence)),
        silence.when,
        pair(connection),
    );
    sink.push(draft(case, Code::TransferStalled, silence.from, index, transfer, text).frames(silence.frames));
}

fn completion_missing(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    connection: &Connection,
    sink: &mut Sink,
) {
    let closed = matches!(connection.end_state, EndState::Fin | EndState::Rst);
    if transfer.status != Status::Unfinished || transfer.reply_code.is_some() || !closed {
        return;
    }
    if case.replies_may_be_lost() || !case.server_was_heard() {
        return;
    }
    let session = case.session;
    let control_ended = matches!(session.end_state, EndState::Fin | EndState::Rst);
    let waited = case.seconds_after(connection.end);
    if !control_ended && session.closed_by.is_none() && waited < REPLY_S {
        return;
    }
    let (cause, advice) = silence_cause(session, connection);
    let text = format!(
        "{} moved {} bytes over {} until the data connection closed, but the server {} never sent the final reply: {cause}",
        name(case, transfer),
        transfer.bytes.unwrap_or_default(),
        pair(connection),
        session.server,
    );
    sink.push(
        draft(case, Code::CompletionMissing, connection.end, index, transfer, text).advice(advice).frames([
            connection.frames.first,
            connection.frames.last,
            session.frames.last,
        ]),
    );
}

/// Why the final reply never came, as far as the capture shows.
fn silence_cause(session: &Session, connection: &Connection) -> (String, &'static str) {
    let lasted = connection.end.seconds_since(connection.start);
    let closed = matches!(session.end_state, EndState::Fin | EndState::Rst);
    match session.closed_by {
        Some(Party::Server) => (
            "the server closed the control connection instead".to_owned(),
            "Look in the server's log: its process ended, or it shut the session down.",
        ),
        Some(Party::Client) if closed && session.end <= connection.end => (
            "the client had closed the control connection before the transfer ended".to_owned(),
            "Have the client wait for the final reply before it quits.",
        ),
        _ if lasted >= IDLE_S => (
            format!(
                "the control connection had been idle for {} meanwhile, and a NAT or firewall may have forgotten it",
                duration(lasted)
            ),
            "Turn on TCP keep-alive for control connections, or raise the idle timeout of NAT and firewall above the \
             longest transfer; the file itself may be whole.",
        ),
        Some(Party::Client) if !closed => (
            "the client's FIN on the control connection went unanswered too, so its path was cut".to_owned(),
            "Look for the firewall or NAT that dropped the control connection; the file itself may be whole.",
        ),
        Some(Party::Client) | None => (
            "the server stopped responding, or the control connection was cut".to_owned(),
            "Check the server's log and the control connection's path; the file itself may be whole.",
        ),
    }
}

fn ascii_damage(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    connection: &Connection,
    stream: &StreamFacts,
    sink: &mut Sink,
) {
    let ascii = transfer.representation.raw().starts_with('A');
    let readable = !transfer.encrypted && matches!(transfer.mode, 'S' | 'B');
    if !ascii || !stream.binary || transfer.content != Content::File || !readable || stream.bytes == 0 {
        return;
    }
    let what = transfer.mime.as_deref().map(|mime| [" (", mime, ")"].concat()).unwrap_or_default();
    let damage = if stream.bare_line_feeds {
        "the sender left line ends unchanged, but a receiver that converts them damages it"
    } else {
        "every line feed in it was sent as CR LF, or will be read as one"
    };
    // Joined, not formatted: in some captures every transfer gets this finding.
    let (name, pair) = (name(case, transfer), pair(connection));
    let text = [&*name, " moved a binary file", &*what, " in TYPE A over ", &*pair, ": ", damage].concat();
    let time = stream.first_payload.map_or(connection.start, |(time, _)| time);
    sink.push(
        draft(case, Code::AsciiDamage, time, index, transfer, text)
            .frames(stream.first_payload.map(|(_, frame)| frame)),
    );
}
