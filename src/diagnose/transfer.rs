//! How transfers ended: short, aborted, stalled, unfinished, damaged.

use smallvec::SmallVec;

use super::case::{Case, argument, succeeded};
use super::draft::{Draft, Sink, duration, plural};
use super::words::quote;
use super::{path, slow};
use crate::base::{Address, FrameNumber, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Certainty, Code, Command, Connection, Content, DataChannel, Direction, EndState, FirstClose, Party,
    Reply, Session, Status, StreamFacts, Transfer, TransferIndex, Unheard,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for (index, transfer) in case.transfers() {
        aborted(case, index, transfer, sink);
        warned_of_ascii(case, index, transfer, sink);
        let connection = transfer
            .data_channel
            .and_then(|number| case.session.data_channel(number))
            .and_then(|channel| Some((channel.is_active(), channel.connected()?)));
        let Some((active, connection)) = connection else { continue };
        let stream = sent(transfer, active, connection);
        truncated(case, index, transfer, connection, stream, sink);
        stalled(case, index, transfer, connection, stream, sink);
        completion_missing(case, index, transfer, active, connection, sink);
        ascii_damage(case, index, transfer, connection, stream, sink);
    }
}

/// What moved in the transfer's direction.
const fn sent<'a>(transfer: &Transfer, active: bool, connection: &'a Connection) -> &'a StreamFacts {
    if is_sent_by_originator(transfer, active) {
        &connection.from_originator
    } else {
        &connection.from_responder
    }
}

/// Whether a transfer's sender is the originator of its data connection: the server is that in active mode.
const fn is_sent_by_originator(transfer: &Transfer, active: bool) -> bool {
    matches!(transfer.direction, Direction::Download) == active
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
    let abor = abor_after(case, transfer);
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
        case.name(transfer),
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

/// The ABOR that is the next command after a transfer's.
fn abor_after<'a>(case: &Case<'a>, transfer: &Transfer) -> Option<&'a Command> {
    let next = case.session.commands.get(transfer.command.position().saturating_add(1));
    next.filter(|next| next.verb == Verb::Abor)
}

/// Whether the size that SIZE announced is that of the representation that was transferred: line ends count
/// differently in TYPE A and TYPE I.
fn is_size_of_representation(case: &Case<'_>, transfer: &Transfer) -> bool {
    let before = case.session.commands.iter().take(transfer.command.position()).rev();
    let mut asked = before.skip_while(|command| command.verb != Verb::Size);
    // Another source than SIZE counts octets of the file.
    let is_binary = !transfer.representation.raw().starts_with('A');
    if asked.next().is_none() {
        return is_binary;
    }
    let kind = asked.find(|command| command.verb == Verb::Type && succeeded(command));
    let was_ascii = kind.is_none_or(|kind| argument(kind).starts_with(['A', 'a']));
    was_ascii != is_binary
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
    let Some(bytes) = transfer.bytes.filter(|_| abor_after(case, transfer).is_none()) else { return };
    // The size that SIZE returns before an upload is that of the file that it replaces.
    let announced = transfer
        .expected_size
        .filter(|_| comparable && transfer.direction == Direction::Download)
        .and_then(|size| size.checked_sub(transfer.offset))
        .filter(|announced| bytes >= *announced || is_size_of_representation(case, transfer));
    // TLS marks the end of a stream itself (close_notify): many close with RST after that.
    let reset = connection.end_state == EndState::Rst && !stream.end_seen && !connection.tls;
    let closed = stream.end_seen || reset;
    let who = closer(case, transfer, connection);
    let verb = if reset { "reset" } else { "closed" };
    let early = case.final_reply(transfer).filter(|reply| {
        stream.last_payload.is_some_and(|(last, _)| reply.time < last)
            && transfer.direction == Direction::Download
    });
    let text = match (announced, early) {
        (Some(announced), Some(reply)) if bytes < announced && closed => format!(
            "{} delivered {bytes} of {announced} bytes: {who} {verb} the data connection {} after an early {} of the server, \
             with data still in flight",
            case.name(transfer),
            pair(connection),
            reply.code,
        ),
        (Some(announced), None) if bytes < announced && closed => format!(
            "{} delivered {bytes} of {announced} bytes: {who} {verb} the data connection {}, yet the server reported success",
            case.name(transfer),
            pair(connection),
        ),
        (None, _) if reset && transfer.direction == Direction::Upload => format!(
            "{} is probably cut short: {who} reset the data connection {} after {bytes} bytes, and the server took that for \
             the end of the file ({})",
            case.name(transfer),
            pair(connection),
            transfer.reply_code.unwrap_or_default(),
        ),
        // What was acknowledged has arrived, whatever the reset.
        (None, _) if reset && stream.unacknowledged > 0 => format!(
            "{} may be cut short: {who} reset the data connection {} after {bytes} bytes, yet the server reported success",
            case.name(transfer),
            pair(connection),
        ),
        _ => return,
    };
    let draft = draft(case, Code::TransferTruncated, connection.end, index, transfer, text);
    let draft = if early.is_some() { draft.advice(EARLY_REPLY) } else { draft };
    sink.push(draft.frames(connection.close.map(|(_, frame)| frame)).frames([connection.frames.last]));
}

const EARLY_REPLY: &str = "Have the client read the data connection to its end, even if the final reply arrives first: update or \
     replace the client. Then transfer the file again.";

const AFTER: &str = "after the last byte";
const SO_FAR: &str = "so far";

/// Who ended a data connection.
fn closer(case: &Case<'_>, transfer: &Transfer, connection: &Connection) -> String {
    let session = case.session;
    let channel = transfer.data_channel.and_then(|number| session.data_channel(number));
    let active = channel.is_some_and(DataChannel::is_active);
    let (originator, responder) = if active {
        (("server", session.server), ("client", session.client))
    } else {
        (("client", session.client), ("server", session.server))
    };
    match connection.first_close {
        Some(FirstClose::Originator) => format!("the {} {}", originator.0, Address(originator.1.ip)),
        Some(FirstClose::Responder) => format!("the {} {}", responder.0, Address(responder.1.ip)),
        Some(FirstClose::Both) | None => "one side".to_owned(),
    }
}

/// A time without payload.
struct Silence {
    from: Timestamp,
    until: Timestamp,
    frames: [FrameNumber; 2],
    when: &'static str,
}

impl Silence {
    /// How long something lasted within it.
    fn shared_with(&self, (from, until): (Timestamp, Timestamp)) -> TimeDelta {
        until.min(self.until).elapsed_since(from.max(self.from))
    }
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
            silences.push(Silence { from: last, until, frames: [frame, after], when: AFTER });
        }
    }
    silences.extend(silence_so_far(case, connection, stream, begun, final_reply.is_some()));
    // Several transfers may share one connection: only what lies inside this one counts.
    let inside = |silence: &Silence| {
        let until = final_reply.map_or(silence.until, |(time, _)| time.min(silence.until));
        until.elapsed_since(silence.from.max(command.time))
    };
    let longest = silences.iter().max_by_key(|silence| inside(silence));
    let Some(silence) = longest.filter(|silence| inside(silence) >= case.options.thresholds.stall) else {
        return;
    };
    // What does not get through was sent.
    if path::is_black_hole(case, connection) {
        return;
    }
    let ended = silence.when == AFTER;
    let held_up = HeldUp::of(case, transfer, connection, silence);
    let text = format!(
        "{} stood still for {} {}: {} ({})",
        case.name(transfer),
        duration(inside(silence)),
        silence.when,
        why(case, transfer, &held_up, ended),
        pair(connection),
    );
    sink.push(
        draft(case, Code::TransferStalled, silence.from, index, transfer, text)
            .certainty(if held_up == HeldUp::Sender { Certainty::Likely } else { Certainty::Proven })
            .advice(stall_advice(transfer.direction, &held_up, ended))
            .frames(silence.frames),
    );
}

/// The silence that lasts while nothing has ended: neither connection, nor the transfer by a reply.
fn silence_so_far(
    case: &Case<'_>,
    connection: &Connection,
    stream: &StreamFacts,
    begun: Option<&Reply>,
    is_over: bool,
) -> Option<Silence> {
    let is_open = connection.end_state == EndState::Open && case.session.end_state == EndState::Open;
    let begun = begun.filter(|_| is_open && !is_over)?;
    let established = connection.established.map(|at| (at, connection.frames.first));
    let (from, frame) =
        stream.last_payload.into_iter().chain(established).chain([(begun.time, begun.frame)]).max()?;
    let frames = [frame, connection.frames.last];
    Some(Silence { from, until: case.until, frames, when: SO_FAR })
}

/// Who held up a transfer that stood still.
#[derive(PartialEq)]
enum HeldUp {
    /// The receiver: its window was zero for so long.
    Receiver(TimeDelta),
    /// The path: what was sent so often again did not arrive.
    Path { times: u32, lasted: TimeDelta },
    /// The sender: it sent nothing.
    Sender,
}

impl HeldUp {
    fn of(case: &Case<'_>, transfer: &Transfer, connection: &Connection, silence: &Silence) -> Self {
        let shut =
            connection.path.longest_zero_window.map_or(TimeDelta::ZERO, |shut| silence.shared_with(shut));
        if shut >= silence.until.elapsed_since(silence.from).part(2) {
            return Self::Receiver(shut);
        }
        let channel = transfer.data_channel.and_then(|number| case.session.data_channel(number));
        let active = channel.is_some_and(DataChannel::is_active);
        let unheard = connection.trouble.as_ref().and_then(|trouble| {
            let [originator, responder] = trouble.unheard;
            if is_sent_by_originator(transfer, active) { originator } else { responder }
        });
        let is_then = |unheard: &Unheard| unheard.last.0 >= silence.from && unheard.first.0 <= silence.until;
        match unheard.filter(|unheard| unheard.times >= 2 && is_then(unheard)) {
            Some(unheard) => {
                let lasted = unheard.last.0.elapsed_since(unheard.first.0);
                Self::Path { times: unheard.times, lasted }
            }
            None => Self::Sender,
        }
    }
}

/// Why a transfer stood still, as far as the packets show it.
fn why(case: &Case<'_>, transfer: &Transfer, held_up: &HeldUp, ended: bool) -> String {
    let ((sender, sender_at), (receiver, receiver_at)) = slow::ends(case, transfer);
    match held_up {
        HeldUp::Receiver(shut) => format!(
            "the {receiver} {receiver_at} announced a receive window of zero for {}, so it did not read",
            duration(*shut),
        ),
        HeldUp::Path { times, lasted } => format!(
            "a segment of the {sender} {sender_at} was sent again {} in {} and never acknowledged",
            plural(u64::from(*times), "time"),
            duration(*lasted),
        ),
        HeldUp::Sender if ended => {
            format!("the {sender} {sender_at} sent nothing more and did not close the data connection")
        }
        HeldUp::Sender => {
            format!(
                "the {sender} {sender_at} sent nothing new, and no zero window or retransmission explains it"
            )
        }
    }
}

const fn stall_advice(direction: Direction, held_up: &HeldUp, ended: bool) -> &'static str {
    match (held_up, direction, ended) {
        (HeldUp::Receiver(_), Direction::Upload, _) => {
            "The server, not the path, was slow: look at its disk and load."
        }
        (HeldUp::Receiver(_), Direction::Download, _) => {
            "The client, not the path, was slow: look at its disk and load."
        }
        (HeldUp::Path { .. }, ..) => {
            "The path lost them: look for loss, or an outage, between the two hosts."
        }
        (HeldUp::Sender, Direction::Upload, true) => {
            "Have the client close the data connection when the file is sent."
        }
        (HeldUp::Sender, Direction::Download, true) => {
            "See why the server keeps the data connection open after the last byte."
        }
        (HeldUp::Sender, Direction::Upload, false) => {
            "The client had nothing to send: look at where it reads the file."
        }
        (HeldUp::Sender, Direction::Download, false) => {
            "The server or a gateway in front of it held the data back (virus scan, tape, slow storage)."
        }
    }
}

fn completion_missing(
    case: &Case<'_>,
    index: TransferIndex,
    transfer: &Transfer,
    active: bool,
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
    let waited = case.time_after(connection.end);
    if !control_ended && session.closed_by.is_none() && waited < case.options.thresholds.completion {
        return;
    }
    let (text, advice) = if ended_by_client(session, transfer, active, connection) {
        let text = format!(
            "{} ended early: the client {} closed the data connection after {} bytes and the control connection as well, \
             and no final reply followed",
            case.name(transfer),
            Address(session.client.ip),
            transfer.bytes.unwrap_or_default(),
        );
        (text, "The client ended the transfer (it was stopped, or its user left): see the client.")
    } else {
        let (cause, advice) = silence_cause(case, connection);
        let text = format!(
            "{} moved {} bytes over {} until the data connection closed, but the server {} never sent the final reply: {cause}",
            case.name(transfer),
            transfer.bytes.unwrap_or_default(),
            pair(connection),
            session.server,
        );
        (text, advice)
    };
    sink.push(
        draft(case, Code::CompletionMissing, connection.end, index, transfer, text).advice(advice).frames([
            connection.frames.first,
            connection.frames.last,
            session.frames.last,
        ]),
    );
}

/// Whether the client closed both connections in the middle of a download.
fn ended_by_client(session: &Session, transfer: &Transfer, active: bool, connection: &Connection) -> bool {
    let client = if active { FirstClose::Responder } else { FirstClose::Originator };
    transfer.direction == Direction::Download
        && connection.first_close == Some(client)
        && session.closed_by == Some(Party::Client)
}

/// Why the final reply never came, as far as the capture can tell.
fn silence_cause(case: &Case<'_>, connection: &Connection) -> (String, &'static str) {
    let session = case.session;
    let lasted = connection.end.elapsed_since(connection.start);
    let closed = matches!(session.end_state, EndState::Fin | EndState::Rst);
    match session.closed_by {
        Some(Party::Server) => {
            let before = connection.end.since(session.end);
            let when = if before > TimeDelta::ZERO { "before" } else { "after" };
            (
                format!(
                    "the server closed the control connection instead, {} {when} the data connection ended",
                    duration(before.abs())
                ),
                "The file may be complete: compare its size. Look in the server's log for why it ended the session.",
            )
        }
        Some(Party::Client) if closed && session.end <= connection.end => (
            "the client had closed the control connection before the transfer ended".to_owned(),
            "Have the client wait for the final reply before it quits.",
        ),
        _ if lasted >= case.options.thresholds.idle => (
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
    if case.may_have_missed(&Verb::Type, transfer.command) {
        return;
    }
    let what = transfer.mime.as_deref().map(|mime| [" (", mime, ")"].concat()).unwrap_or_default();
    let damage = if stream.bare_line_feeds {
        "the sender left line ends unchanged, but a receiver that converts them damages it"
    } else {
        "every line feed in it was sent as CR LF, or will be read as one"
    };
    // Like its parts not formatted: whole captures are moved so.
    let (name, pair) = (case.name(transfer), pair(connection));
    let text = [&*name, " moved a binary file", &*what, " in TYPE A over ", &*pair, ": ", damage].concat();
    let time = stream.first_payload.map_or(connection.start, |(time, _)| time);
    sink.push(
        draft(case, Code::AsciiDamage, time, index, transfer, text)
            .frames(stream.first_payload.map(|(_, frame)| frame)),
    );
}

/// A server that counts bare line feeds tells that what it took for text is none.
fn warned_of_ascii(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    let ascii = transfer.representation.raw().starts_with('A') && transfer.direction == Direction::Upload;
    // Where the content was captured, it tells by itself.
    if case.connection(transfer).is_some() {
        return;
    }
    let Some(reply) = case.final_reply(transfer).filter(|reply| ascii && reply.is_completion()) else {
        return;
    };
    let words = reply.text.raw().to_ascii_lowercase();
    if !["bare linefeed", "bare line feed", "bare lf"].iter().any(|phrase| words.contains(phrase)) {
        return;
    }
    let text = format!(
        "{} was moved in TYPE A; the server {} warned with {}",
        case.name(transfer),
        case.session.server,
        quote(reply),
    );
    sink.push(draft(case, Code::AsciiDamage, reply.time, index, transfer, text));
}
