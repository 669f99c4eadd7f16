//! What came of the data connections: unanswered, refused, never attempted, unseen.

use std::borrow::Cow;
use std::net::IpAddr;

use super::address;
use super::case::{
    Case, Progress, accepted_but_unused, announcement, connecting_side, is_private, is_public,
    listening_side, mode_name, same,
};
use super::draft::{Draft, Group, Groups, Sink, duration, excerpt, plural, ports};
use super::refusal::Refusal;
use super::software::{Setting, called};
use super::words::quote;
use crate::base::{Address, Endpoint, TimeDelta};
use crate::report::{
    Certainty, ChannelIndex, Code, Connection, DataChannel, Directions, FirstClose, Mode, Outcome, Reply,
    ReuseKind, Security, Status, Transfer, TransferIndex,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    attempts(case, sink);
    for (index, transfer) in case.transfers() {
        never_attempted(case, index, transfer, sink);
        early_close(case, index, transfer, sink);
    }
    not_captured(case, sink);
}

/// Whether the listener's address can't be reached by the connector: private here, public there.
fn out_of_reach(case: &Case<'_>, channel: &DataChannel) -> bool {
    channel
        .predicted()
        .is_some_and(|it| is_private(it.listener.ip) && is_public(case.connecting_peer(channel).ip))
}

/// Whether the very pair of a channel was still in TIME_WAIT: another pair on the same listener hinders
/// nobody.
fn in_time_wait(channel: &DataChannel) -> bool {
    channel.reuse.as_ref().is_some_and(|reuse| reuse.in_time_wait && reuse.kind == ReuseKind::FourTuple)
}

/// Data connections of one session that failed alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Alike {
    refused: bool,
    active: bool,
    listener: IpAddr,
    connector: IpAddr,
    in_time_wait: bool,
    /// The SYN came when the listener may have given up.
    late: bool,
    /// Who refused by an ICMP error, and what that says.
    icmp: Option<(IpAddr, &'static str)>,
}

fn attempts(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(it) = channel.connection() else { continue };
        let refused = match channel.outcome() {
            Some(Outcome::Unanswered) if is_settled(case, index, channel, it) => false,
            Some(Outcome::Refused) => true,
            Some(Outcome::Unanswered | Outcome::Connected | Outcome::Unused) | None => continue,
        };
        let (negotiated, _) = case.negotiated(channel);
        let waited = it.start.elapsed_since(negotiated);
        let alike = Alike {
            refused,
            active: channel.is_active(),
            listener: it.responder.ip,
            connector: it.originator.ip,
            in_time_wait: in_time_wait(channel),
            icmp: it.unreachable().map(|error| (error.from, error.message.meaning())),
            late: refused && waited >= case.options.thresholds.listener,
        };
        let Some(group) = groups.add(alike, index, it.start) else { continue };
        let transfer = case.transfers_on(index).next();
        let reply = transfer.and_then(|(_, transfer)| case.final_reply(transfer));
        group.transfer = group.transfer.or(transfer.map(|(transfer, _)| transfer));
        group.port(it.responder.port);
        group.prove(case.negotiation_frames(channel));
        group.prove(it.syn_frames.iter().copied());
        group.prove(it.refused_frame);
        group.prove(it.icmp.iter().map(|error| error.frame));
        group.prove([it.frames.first, it.frames.last]);
        group.prove(reply.filter(|reply| reply.is_negative()).map(|reply| reply.frame));
    }
    for (alike, group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some(it) = channel.connection() else { continue };
        let draft = match alike.icmp {
            Some(error) if alike.refused => rejected(case, alike, &group, channel, it, error),
            _ if alike.refused => refused(case, alike, &group, channel, it),
            _ => unanswered(case, alike, &group, channel, it),
        };
        sink.push(draft.command(channel.command()).transfer(group.transfer));
    }
}

/// Whether no answer can be expected any more.
fn is_settled(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, it: &Connection) -> bool {
    let thresholds = &case.options.thresholds;
    let failed = || case.transfers_on(index).any(|(_, transfer)| transfer.status == Status::Failed);
    let gave_up =
        || case.moved_on(channel).is_some_and(|next| next.elapsed_since(it.start) >= thresholds.gave_up);
    it.syn_attempts >= 2 || case.time_after(it.start) >= thresholds.answer || failed() || gave_up()
}

/// `port 5060 of the server 203.0.113.40`, `203.0.113.40:5060` where that is nobody known.
fn target(case: &Case<'_>, alike: Alike, group: &Group, channel: &DataChannel) -> String {
    let own = case.listening_peer(channel).ip;
    let side = listening_side(channel);
    match (same(alike.listener, own), group.ports.as_slice()) {
        (true, [port]) => format!("the {side} {}", Endpoint::new(alike.listener, *port)),
        (true, _) => format!("{} of the {side} {}", ports(group), Address(alike.listener)),
        (false, [port]) => Endpoint::new(alike.listener, *port).to_string(),
        (false, _) => format!("{} of {}", ports(group), Address(alike.listener)),
    }
}

/// Who sent the SYNs, by its side where it is the control peer.
fn source(case: &Case<'_>, channel: &DataChannel, it: &Connection) -> String {
    let known = same(it.originator.ip, case.connecting_peer(channel).ip);
    let who =
        if channel.is_active() { it.originator.to_string() } else { Address(it.originator.ip).to_string() };
    if known { format!("the {} {who}", connecting_side(channel)) } else { who }
}

/// How many other listening ports of the same side worked in this session, and the range that they span.
fn others_worked(case: &Case<'_>, alike: Alike) -> Option<(usize, u16, u16)> {
    let mut worked: Vec<u16> = case
        .channels()
        .filter(|(_, channel)| channel.is_active() == alike.active)
        .filter_map(|(_, channel)| channel.connected())
        .filter(|it| same(it.responder.ip, alike.listener))
        .map(|it| it.responder.port)
        .collect();
    worked.sort_unstable();
    worked.dedup();
    Some((worked.len(), *worked.first()?, *worked.last()?))
}

/// A mode that worked, where the one of this channel did not.
fn other_mode(case: &Case<'_>, active: bool) -> Option<&'static str> {
    let mut others =
        case.channels().filter(|(_, channel)| channel.is_active() != active && channel.connected().is_some());
    others.next().map(|(_, channel)| mode_name(channel))
}

fn unanswered(case: &Case<'_>, alike: Alike, group: &Group, channel: &DataChannel, it: &Connection) -> Draft {
    let mismatch = address::is_mismatch(case, channel);
    let foreign = address::has_stranger(case, channel);
    let worked = others_worked(case, alike);
    let (tail, advice) = if mismatch {
        (
            String::new(),
            Cow::Borrowed("See the announced address: it is not where the other side can be reached."),
        )
    } else if foreign {
        (String::new(), "See the related finding: the data connection comes from another address.".into())
    } else if alike.in_time_wait {
        (
            "; the same pair served an earlier connection and is in TIME_WAIT, where the peer may leave a SYN unanswered, \
             or a firewall drops it"
                .to_owned(),
            "Use a new port for every data connection, or widen the port range; if other ports fail too, look for the \
             firewall that drops the SYNs."
                .into(),
        )
    } else if out_of_reach(case, channel) {
        (
            "; the address is private and can't be reached from a public one".to_owned(),
            "Have the listening side announce the address that it is reached by, or use the other mode (EPSV carries \
             no address at all)."
                .into(),
        )
    } else if let Some((count, low, high)) = worked {
        let what = if alike.active { "port" } else { "passive port" };
        let tail = format!(
            "; {} of this {} worked",
            plural(count as u64, &format!("other {what}")),
            listening_side(channel)
        );
        (tail, selective_advice(group, low, high).into())
    } else {
        let tail =
            format!("; a firewall in front of the {} is probably dropping them", listening_side(channel));
        (tail, (firewall_advice(case, alike.active) + &other_source_port(case, alike, it)).into())
    };
    let connections = group.channels.iter().filter_map(|&at| case.session.data_channel(at)?.connection());
    let (syns, longest) = connections.fold((0_u64, TimeDelta::ZERO), |(syns, longest), it| {
        let lasted = it.end.elapsed_since(it.start);
        (syns.saturating_add(it.syn_attempts.max(1).into()), longest.max(lasted))
    });
    let tls = if is_under_tls(case) { ", under TLS" } else { "" };
    let text = format!(
        "{} from {} to {} ({}) went unanswered for {}{}{tls}{tail}",
        plural(syns, "SYN"),
        source(case, channel, it),
        target(case, alike, group, channel),
        announcement(channel, group.count),
        if group.count > 1 { "up to " } else { "" },
        duration(longest),
    );
    let certainty = if mismatch || foreign { Certainty::Proven } else { Certainty::Likely };
    Draft::of_group(Code::DataUnanswered, group, text).advice(advice).certainty(certainty)
}

fn is_under_tls(case: &Case<'_>) -> bool {
    matches!(case.session.security, Security::ExplicitTls | Security::ImplicitTls)
}

/// Where other ports of the same listener worked, no firewall blocks them all.
fn selective_advice(group: &Group, low: u16, high: u16) -> String {
    let outside = group.ports.iter().all(|port| !(low..=high).contains(port));
    match (outside, group.ports.len()) {
        (true, 1) => format!(
            "This port lies outside the range that worked ({low} to {high}): see why it was used, or what treats it specially."
        ),
        (true, _) => format!("They lie outside the range that worked ({low} to {high}): see why they were used."),
        (false, 1) => "Something on the path drops this port: leave it out of the port range, or find the device that \
                       treats it specially."
            .to_owned(),
        (false, _) => "Something on the path drops these ports: leave them out of the port range, or find the device that \
                       treats them specially."
            .to_owned(),
    }
}

/// What is added to the advice on an active data connection that does not come from the port below the control
/// port.
fn other_source_port(case: &Case<'_>, alike: Alike, it: &Connection) -> String {
    let usual = case.session.server.port.saturating_sub(1);
    if !alike.active || it.originator.port == usual {
        return String::new();
    }
    format!(
        " The server's SYNs come from port {}: a firewall that expects active FTP from port {usual} drops them, so have \
         the server use that port{}.",
        it.originator.port,
        called(Setting::ActiveFromPort20, case.session)
    )
}

fn firewall_advice(case: &Case<'_>, active: bool) -> String {
    let worked = other_mode(case, active);
    match (active, worked) {
        (true, Some(mode)) => format!("Use passive mode; {mode} worked here."),
        (true, None) => {
            "Use passive mode, or let the client's firewall accept the server's connections to the ports it \
                         announces."
                .to_owned()
        }
        (false, _) if is_under_tls(case) => {
            format!(
                "Give the server a fixed passive port range{} and open it on the firewall; no FTP helper works under TLS.",
                called(Setting::PassivePorts, case.session)
            )
        }
        (false, worked) => {
            let worked = worked.map(|mode| format!(" {mode} worked here.")).unwrap_or_default();
            format!(
                "Open the server's passive port range{} on the firewall in front of it, or turn on its FTP helper.{worked}",
                called(Setting::PassivePorts, case.session)
            )
        }
    }
}

fn refused(case: &Case<'_>, alike: Alike, group: &Group, channel: &DataChannel, it: &Connection) -> Draft {
    let worked = others_worked(case, alike);
    let (negotiated, _) = case.negotiated(channel);
    let tail = if alike.in_time_wait {
        "; the same pair served an earlier connection and is in TIME_WAIT, or nothing listens there"
            .to_owned()
    } else if alike.late {
        format!("; the SYN came {} after the negotiation", duration(it.start.elapsed_since(negotiated)))
    } else if let Some((count, ..)) = worked {
        format!("; {} to this {} worked", plural(count as u64, "other port"), listening_side(channel))
    } else {
        String::new()
    };
    let (what, verb) = if group.count > 1 {
        (format!("{} SYNs", group.count), "were")
    } else {
        ("The SYN".to_owned(), "was")
    };
    let other = epsv_alternative(case, alike, channel);
    let text = format!(
        "{what} from {} to {} ({}) {verb} answered by RST{}{tail}",
        source(case, channel, it),
        target(case, alike, group, channel),
        announcement(channel, group.count),
        other
            .map(|ip| format!(", all by EPSV; PASV then named {}, which worked", Address(ip)))
            .unwrap_or_default(),
    );
    let advice: Cow<'static, str> = if let Some(ip) = other {
        format!(
            "EPSV implies the address of the control connection, which probably is a load balancer that forwards the \
             control port only: turn EPSV off on the server or in the client, or forward the data ports (PASV names {}).",
            Address(ip)
        )
        .into()
    } else if worked.is_some() {
        "Nothing listened there although other ports work: see whether several machines answer behind the address, or what \
         treats these ports specially."
            .into()
    } else {
        "Nothing listened there, or a firewall answered for it: compare with a capture at the listener."
            .into()
    };
    Draft::of_group(Code::DataRefused, group, text).advice(advice)
}

/// The other address that PASV led to, where EPSV was refused at that of the control connection.
fn epsv_alternative(case: &Case<'_>, alike: Alike, channel: &DataChannel) -> Option<IpAddr> {
    if channel.mode() != Some(Mode::Epsv) {
        return None;
    }
    let mut others = case.channels().filter(|(_, other)| other.mode() == Some(Mode::Pasv));
    others.find_map(|(_, other)| {
        other.connected().map(|it| it.responder.ip).filter(|&ip| !same(ip, alike.listener))
    })
}

/// The reply, or its lack, that says of a transfer that no data connection came about, where no SYN of one
/// was seen.
enum Unattempted<'a> {
    Said(&'a Reply),
    Silent,
}

/// Whether a transfer failed for want of a data connection of which nothing was seen.
pub(super) fn is_never_attempted(case: &Case<'_>, _index: TransferIndex, transfer: &Transfer) -> bool {
    unattempted(case, transfer).is_some()
}

fn unattempted<'a>(case: &Case<'a>, transfer: &Transfer) -> Option<Unattempted<'a>> {
    let channel = case.session.data_channel(transfer.data_channel?).filter(|it| accepted_but_unused(it))?;
    let command = case.transfer_command(transfer)?;
    // What was left out of the capture may well have been there.
    if channel.peer_session.is_some() || case.progress.is_filtered() {
        return None;
    }
    if let Some(reply) = case.final_reply(transfer).filter(|_| transfer.reply_code.is_some()) {
        let local = matches!(Refusal::of(reply), Refusal::LocalBind | Refusal::NoNegotiation);
        return (matches!(reply.code, 421 | 425 | 426) && !local).then_some(Unattempted::Said(reply));
    }
    let hangs = transfer.status == Status::Unfinished
        && case.time_after(command.time) >= case.options.thresholds.hang
        && !case.replies_may_be_lost()
        && case.server_was_heard()
        && case.progress.connections > 0;
    hangs.then_some(Unattempted::Silent)
}

/// A data connection that an ICMP error ended, and who sent that.
fn rejected(
    case: &Case<'_>,
    alike: Alike,
    group: &Group,
    channel: &DataChannel,
    it: &Connection,
    (from, meaning): (IpAddr, &str),
) -> Draft {
    let is_host = same(from, it.responder.ip);
    let who = if is_host {
        format!("The {}'s host {}", listening_side(channel), Address(from))
    } else {
        format!("The router or firewall {}", Address(from))
    };
    let what = if group.count > 1 {
        format!("{} data connections", group.count)
    } else {
        "the data connection".to_owned()
    };
    let tls = if is_under_tls(case) { ", under TLS" } else { "" };
    let text = format!(
        "{who} rejected {what} of {} to {} ({}) with ICMP “{meaning}”{tls}",
        source(case, channel, it),
        target(case, alike, group, channel),
        announcement(channel, group.count),
    );
    let ports =
        if channel.is_active() { "the client's data ports" } else { "the server's passive port range" };
    let advice = match (is_host, is_under_tls(case)) {
        (true, _) => "Its own packet filter rejects the data ports: open them there.".to_owned(),
        (false, true) => format!("Open {ports} on {}; no FTP helper works under TLS.", Address(from)),
        (false, false) => format!("Open {ports} on {}, or turn on its FTP helper.", Address(from)),
    };
    Draft::of_group(Code::DataRefused, group, text).advice(advice)
}

fn never_attempted(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    // Of a session read with the packets of its twin, the SYN may have gone where nothing was captured.
    if case.session.directions() != Directions::Both {
        return;
    }
    let Some(unattempted) = unattempted(case, transfer) else { return };
    let Some(number) = transfer.data_channel else { return };
    let Some(channel) = case.session.data_channel(number) else { return };
    let Some(command) = case.transfer_command(transfer) else { return };
    let answer = match unattempted {
        Unattempted::Said(reply) => format!("failed with {}", quote(reply)),
        Unattempted::Silent => "got no final reply".to_owned(),
    };
    let Some(prediction) = channel.predicted() else { return };
    let reply = case.final_reply(transfer);
    let waited = reply.map(|reply| reply.time.elapsed_since(command.time));
    let (cause, advice) = unseen_cause(case, channel, waited);
    let text = format!(
        "{} {answer} and no SYN from the {} {} to {} ({}) was seen{cause}",
        case.name(transfer),
        connecting_side(channel),
        Address(prediction.connector.ip),
        prediction.listener,
        announcement(channel, 1),
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
fn unseen_cause(case: &Case<'_>, channel: &DataChannel, waited: Option<TimeDelta>) -> (String, &'static str) {
    if address::is_mismatch(case, channel) {
        return (String::new(), "See the announced address: it is not where the other side can be reached.");
    }
    if in_time_wait(channel) {
        let holder = connecting_side(channel);
        let cause = format!(
            "; the same pair served an earlier connection and is in TIME_WAIT, which keeps the {holder} from connecting"
        );
        return (cause, "Use a new port for every data connection, as PASV, EPSV and most clients' PORT do.");
    }
    if out_of_reach(case, channel) {
        let cause = format!("; the {} can't reach that private address across NAT", connecting_side(channel));
        return (
            cause,
            "Have the listening side announce its public address, or use passive mode with EPSV.",
        );
    }
    let gave_up = waited.map(|waited| format!("; the server gave up after {}", duration(waited)));
    let advice = if channel.is_active() {
        "The SYNs were dropped before this capture point, or never sent. Use passive mode, or let the client's firewall \
         accept the server's connections to the ports it announces."
    } else {
        "The SYNs were dropped before this capture point, or never sent: capture on the client's side as well, and see which."
    };
    (gave_up.unwrap_or_default(), advice)
}

/// A data connection that its listener closed before the transfer for which it was made, and the reply that
/// failed that.
pub(super) fn closed_early<'a>(case: &Case<'a>, transfer: &Transfer) -> Option<(&'a Connection, &'a Reply)> {
    let channel = case.session.data_channel(transfer.data_channel?)?;
    let connection = channel.connected().filter(|it| it.bytes() == 0 && !it.tls)?;
    let command = case.transfer_command(transfer)?;
    let reply = case.final_reply(transfer).filter(|reply| matches!(reply.code, 421 | 425 | 426))?;
    let (closed, _) = connection.close?;
    let by_listener = !channel.is_active() && connection.first_close == Some(FirstClose::Responder);
    let before = command.replies.first().is_some_and(|first| closed < first.time)
        && closed.elapsed_since(command.time) <= CLOSED_WITH;
    let early = by_listener && before && !address::has_stranger(case, channel);
    early.then_some((connection, reply))
}

/// A close this soon after the transfer command has not been caused by it.
const CLOSED_WITH: TimeDelta = TimeDelta::from_millis(50);

fn early_close(case: &Case<'_>, index: TransferIndex, transfer: &Transfer, sink: &mut Sink) {
    let Some((connection, reply)) = closed_early(case, transfer) else { return };
    let (Some(command), Some((closed, frame))) = (case.transfer_command(transfer), connection.close) else {
        return;
    };
    let verb = excerpt(command.verb.name());
    let lasted = duration(closed.elapsed_since(connection.established.unwrap_or(connection.start)));
    let before = if closed <= command.time {
        format!("before {verb} was sent; {verb} then failed")
    } else {
        format!("as {verb} was sent, which failed")
    };
    let text = format!(
        "The data connection of the client {} to {} was accepted and closed by the other side after {lasted}, {before} with {}",
        Address(connection.originator.ip),
        connection.responder,
        quote(reply),
    );
    sink.push(
        Draft::new(Code::DataClosedEarly, closed, text)
            .certainty(Certainty::Likely)
            .frames([connection.frames.first, frame, command.frame, reply.frame])
            .command(Some(transfer.command))
            .channel(transfer.data_channel)
            .transfer(Some(index)),
    );
}

/// All in one: whatever hides one data connection hides most.
fn not_captured(case: &Case<'_>, sink: &mut Sink) {
    // Where the negotiation itself may be in a gap nobody knows which connection it was.
    let is_known = |transfer: &Transfer| {
        let channel = transfer.data_channel.and_then(|number| case.session.data_channel(number));
        case.session.gaps.is_empty() || channel.is_some_and(|channel| channel.predicted().is_some())
    };
    let mut unseen = case
        .transfers()
        .filter(|(_, transfer)| transfer.status == Status::Complete && transfer.bytes.is_none())
        .filter(|(_, transfer)| is_known(transfer))
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
            .count(count)
            .frames(channel.into_iter().flat_map(|channel| case.negotiation_frames(channel)))
            .frames([command.frame])
            .frames(command.replies.iter().map(|reply| reply.frame))
            .command(Some(transfer.command))
            .channel(transfer.data_channel)
            .transfer(Some(index)),
    );
}

/// Completed transfers, and no data connection in the whole capture.
pub(super) fn capture_filtered(progress: &Progress, sink: &mut Sink) {
    let Some((time, frame)) = progress.first.filter(|_| progress.is_filtered()) else { return };
    let summary = format!(
        "No data connection is in the capture, although {} completed: a capture filter such as “port 21” probably left \
         them out",
        plural(progress.completed_without, "transfer"),
    );
    sink.push(
        Draft::new(Code::CaptureFiltered, time, summary)
            .count(progress.completed_without)
            .certainty(Certainty::Likely)
            .frames([frame]),
    );
}
