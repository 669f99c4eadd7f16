//! Whose addresses: NAT without a helper, bounces, server-to-server transfers, strangers, ports below 1024.

use std::borrow::Cow;
use std::net::IpAddr;

use super::case::{
    Case, connecting_side, is_loopback_or_link_local, is_private, is_public, listening_side, mode_name, same,
    same_family, same_network,
};
use super::draft::{Draft, Group, Groups, Sink, plural, ports, times};
use super::elsewhere;
use super::software::{Setting, called};
use super::words::{list, quote};
use crate::base::{Address, Endpoint};
use crate::report::{
    ChannelIndex, Code, Command, Connection, DataChannel, EndState, MatchedBy, Mode, Negotiation, Outcome,
    Party, Reply, Security, Severity,
};

/// Ports below this are the system's services.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// What an advertised address means; like cases of a session are reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Mismatch {
        active: bool,
        advertised: IpAddr,
        met: Met,
    },
    Translated {
        advertised: IpAddr,
    },
    Private {
        active: bool,
        advertised: IpAddr,
        reached: bool,
    },
    Bounce {
        mode: Option<Mode>,
        advertised: IpAddr,
        met: Met,
        grave: bool,
    },
    /// PORT names what another server announced.
    Partner {
        listener: Endpoint,
    },
    /// What the server announced is named in PORT to another one.
    Listener {
        listener: Endpoint,
    },
}

/// What came of an announced address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Met {
    /// The data connection was made with this address.
    With(IpAddr),
    Unanswered,
    Refused,
    /// The negotiation was refused.
    Rejected,
    Nothing,
}

/// What an announced address that is not its sender's means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Mismatch,
    Translated,
    Bounce,
}

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    advertised_addresses(case, sink);
    privileged_ports(case, sink);
    strangers(case, sink);
}

fn advertised_addresses(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    // Room of their own, so that no flood of wrong addresses hides a bounce.
    let mut bounces = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let (time, _) = case.negotiated(channel);
        if let Some(listener) = named_to_partner(case, channel)
            && let Some(group) = groups.add(Kind::Listener { listener }, index, time)
        {
            group.prove(case.negotiation_frames(channel));
        }
        let Some(advertised) = advertised_address(channel) else { continue };
        let port = channel.advertised().map_or(0, |it| it.port);
        let mut note = |kind: Kind| {
            let groups = if matches!(kind, Kind::Bounce { .. }) { &mut bounces } else { &mut groups };
            if let Some(group) = groups.add(kind, index, time) {
                group.prove(case.negotiation_frames(channel));
                group.prove(channel.connection().iter().map(|it| it.frames.first));
                group.port(port);
                group.name(mode_name(channel));
            }
        };
        let met = met(channel);
        let verdict = verdict(case, channel, advertised);
        match verdict {
            Some(Verdict::Mismatch) => note(Kind::Mismatch { active: channel.is_active(), advertised, met }),
            Some(Verdict::Translated) => note(Kind::Translated { advertised }),
            Some(Verdict::Bounce) => {
                let grave = port < FIRST_UNPRIVILEGED_PORT || is_obeyed(case, index, channel);
                note(Kind::Bounce { mode: channel.mode(), advertised, met, grave });
            }
            None if names_a_partner(case, channel, advertised)
                && channel.is_active()
                && channel.connection().is_none() =>
            {
                note(Kind::Partner { listener: Endpoint::new(advertised, port) });
            }
            None => {}
        }
        let own = case.listening_peer(channel).ip;
        // Where the address is wrong, that it is private says nothing more.
        if is_private(advertised) && is_public(case.connecting_peer(channel).ip) && verdict.is_none() {
            // A SYN to the address as announced, at the host that announced it: nobody translates at this
            // point.
            let reached = same(advertised, own)
                && channel.connection().is_some_and(|it| same(it.responder.ip, advertised));
            note(Kind::Private { active: channel.is_active(), advertised, reached });
        }
    }
    for (kind, group) in groups.into_iter().chain(bounces.into_iter()) {
        sink.push(draft(case, kind, &group));
    }
}

/// The address as written, where there is one that names a host.
fn advertised_address(channel: &DataChannel) -> Option<IpAddr> {
    let advertised = channel.advertised()?.ip?;
    (!advertised.is_unspecified()).then_some(advertised)
}

fn met(channel: &DataChannel) -> Met {
    match (channel.outcome(), channel.connection()) {
        (Some(Outcome::Connected), Some(connection)) => Met::With(connection.responder.ip),
        (Some(Outcome::Unanswered), _) => Met::Unanswered,
        (Some(Outcome::Refused), _) => Met::Refused,
        _ if channel.negotiation() == Some(Negotiation::Rejected) => Met::Rejected,
        _ => Met::Nothing,
    }
}

/// Whether a channel's announced address can't lead to its sender.
pub(super) fn is_mismatch(case: &Case<'_>, channel: &DataChannel) -> bool {
    advertised_address(channel)
        .is_some_and(|advertised| verdict(case, channel, advertised) == Some(Verdict::Mismatch))
        || elsewhere::is_elsewhere(case, channel)
}

/// Whether an address that is not its sender's is meant: that of a server behind NAT, or of a partner server.
pub(super) fn is_meant(case: &Case<'_>, channel: &DataChannel) -> bool {
    advertised_address(channel).is_some_and(|advertised| {
        names_a_partner(case, channel, advertised)
            || verdict(case, channel, advertised) == Some(Verdict::Translated)
    })
}

/// Whether an address was announced that is not its sender's, whatever it means.
pub(super) fn is_foreign(case: &Case<'_>, channel: &DataChannel) -> bool {
    advertised_address(channel).is_some_and(|advertised| !same(advertised, case.listening_peer(channel).ip))
}

/// By who talks to whom, not by the ranges of addresses: the first rule that fits counts.
fn verdict(case: &Case<'_>, channel: &DataChannel, advertised: IpAddr) -> Option<Verdict> {
    let own = case.listening_peer(channel).ip;
    if same(advertised, own) || names_a_partner(case, channel, advertised) {
        return None;
    }
    let reached = channel.connected().map(|it| it.responder);
    let arrived = reached.is_some_and(|it| same(it.ip, own));
    // Of two families it may well be the same, dual-stacked host.
    if !same_family(advertised, own) && !arrived {
        return None;
    }
    let port = channel.advertised().map_or(0, |it| it.port);
    let is_there = reached.is_some_and(|it| same(it.ip, advertised));
    if !channel.is_active() {
        let behind_nat =
            is_public(advertised) && is_private(own) && reached.is_some_and(|it| it.port == port);
        return match (is_there, arrived && behind_nat) {
            // Another machine was announced, and is there.
            (true, _) => None,
            (false, true) => Some(Verdict::Translated),
            (false, false) => Some(Verdict::Mismatch),
        };
    }
    let inner = is_inner(case, channel, advertised) && port >= FIRST_UNPRIVILEGED_PORT && !is_there;
    Some(if arrived || inner { Verdict::Mismatch } else { Verdict::Bounce })
}

/// Whether PORT names what a server announced to this client: a transfer between the two servers (FXP).
fn names_a_partner(case: &Case<'_>, channel: &DataChannel, advertised: IpAddr) -> bool {
    let port = channel.advertised().map_or(0, |it| it.port);
    channel.peer_session.is_some()
        || channel.matched_by() == Some(MatchedBy::ThirdParty)
        || channel.is_active()
            && case.announced.contains(case.session.client.ip, Endpoint::new(advertised, port), Party::Server)
}

/// The endpoint that a server listens on and that the client named to another one, where the connection between
/// the two was not captured.
fn named_to_partner(case: &Case<'_>, channel: &DataChannel) -> Option<Endpoint> {
    let is_unseen = !channel.is_active() && channel.connection().is_none();
    let listener = channel.predicted().filter(|_| is_unseen)?.listener;
    case.announced.contains(case.session.client.ip, listener, Party::Client).then_some(listener)
}

/// Whether an address is one that a client knows itself by behind NAT, in a container or in an emulator. A
/// client that names many of them searches for something.
fn is_inner(case: &Case<'_>, channel: &DataChannel, advertised: IpAddr) -> bool {
    let near = |other: IpAddr| same_network(advertised, other);
    let only_here = is_loopback_or_link_local(advertised);
    let elsewhere = is_private(advertised)
        && !near(case.listening_peer(channel).ip)
        && !near(case.connecting_peer(channel).ip);
    only_here || elsewhere && !case.scans
}

/// Whether the server did what PORT told it.
fn is_obeyed(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel) -> bool {
    let tried =
        matches!(channel.outcome(), Some(Outcome::Connected | Outcome::Refused | Outcome::Unanswered));
    let went_on = || {
        case.transfers_on(index).any(|(_, transfer)| {
            let command = case.transfer_command(transfer);
            let mut replies = command.into_iter().flat_map(|command| command.replies.iter());
            replies.any(|reply| reply.is_preliminary() || reply.is_completion())
        })
    };
    tried || channel.negotiation() == Some(Negotiation::Accepted) && went_on()
}

fn draft(case: &Case<'_>, kind: Kind, group: &Group) -> Draft {
    let (client, server) = (case.session.client, case.session.server);
    let first = case.session.data_channel(group.channel);
    let side = |active| if active { ("client", client) } else { ("server", server) };
    let draft = match kind {
        Kind::Mismatch { active, advertised, met } => {
            let summary = mismatch(case, group, active, advertised, met);
            Draft::of_group(Code::AddressMismatch, group, summary)
                .advice(mismatch_advice(case, active, advertised))
        }
        Kind::Translated { advertised } => {
            let summary = format!(
                "The server {server} is behind NAT and announced its outer address {}{} ({}); the connection arrived there \
                 as intended",
                Address(advertised),
                times(group.count),
                ports(group),
            );
            Draft::of_group(Code::AddressTranslated, group, summary).without_advice()
        }
        Kind::Private { active, advertised, reached } => {
            let (who, own) = side(active);
            let (other, peer) = side(!active);
            let summary = format!(
                "The {who} {own} announced{} its private address {} ({}) to the {other} {} at a public address",
                times(group.count),
                Address(advertised),
                ports(group),
                Address(peer.ip),
            );
            let advice = if reached { REACHED_ADVICE } else { PRIVATE_ADVICE };
            Draft::of_group(Code::PrivateAddressAdvertised, group, summary).advice(advice)
        }
        Kind::Bounce { mode, advertised, met, grave } => {
            let draft =
                Draft::of_group(Code::BounceAttempt, group, bounce(case, mode, advertised, met, group));
            if grave {
                draft
            } else {
                draft
                    .severity(Severity::Warning)
                    .advice("The server refused, as it should. Find out why the client named another host.")
            }
        }
        Kind::Partner { listener } => {
            let summary = format!(
                "The client {} had two servers exchange data directly{}: PORT to the server {server} names {listener}, \
                 which another server announced; the data connection is not in the capture",
                client.ip,
                times(group.count),
            );
            Draft::of_group(Code::FxpTransfer, group, summary)
        }
        Kind::Listener { listener } => {
            let summary = format!(
                "The client {} had two servers exchange data directly{}: the server {server} announced {listener}, which PORT \
                 to another server names; the data connection is not in the capture",
                client.ip,
                times(group.count),
            );
            Draft::of_group(Code::FxpTransfer, group, summary)
        }
    };
    draft.command(first.and_then(DataChannel::command))
}

fn mismatch(case: &Case<'_>, group: &Group, active: bool, advertised: IpAddr, met: Met) -> String {
    let (client, server) = (case.session.client, case.session.server);
    let first = case.session.data_channel(group.channel);
    let port = group.ports.first().copied().unwrap_or_default();
    let endpoint = match group.ports.as_slice() {
        [_] => Endpoint::new(advertised, port).to_string(),
        _ => format!("{} ({})", Address(advertised), ports(group)),
    };
    let loopback = advertised.to_canonical().is_loopback();
    let kind = if loopback { "the loopback address " } else { "" };
    let told = if active {
        format!(
            "The client {client} announced {kind}{endpoint} in {}, but its packets come from {}",
            list(&group.names),
            Address(client.ip),
        )
    } else {
        let why = if loopback {
            "which only the server's own host can reach".to_owned()
        } else {
            format!("which is not the address the client talks to ({})", Address(server.ip))
        };
        let code =
            first.and_then(|it| case.negotiator(it)).and_then(Command::completion).map_or(227, |it| it.code);
        let replies = if group.count > 1 { "replies" } else { "reply" };
        format!("The server {server} announced {kind}{endpoint} in its {code} {replies}, {why}")
    };
    let peer = if active { ("server", server.ip) } else { ("client", client.ip) };
    format!("{told}{}", mismatch_outcome(case, group, met, peer))
}

fn mismatch_outcome(case: &Case<'_>, group: &Group, met: Met, (who, peer): (&str, IpAddr)) -> String {
    let peer = Address(peer);
    let connections =
        group.channels.iter().filter_map(|&index| case.session.data_channel(index)?.connection());
    let syns = connections.fold(0_u64, |sum, it| sum.saturating_add(it.syn_attempts.max(1).into()));
    match met {
        Met::With(ip) => format!("; the data connection was made with {} instead", Address(ip)),
        Met::Unanswered => format!("; {} of the {who} {peer} to it went unanswered", plural(syns, "SYN")),
        Met::Refused => {
            let channel = case.session.data_channel(group.channel);
            match channel.and_then(DataChannel::connection).and_then(Connection::unreachable) {
                Some(error) => format!(
                    "; {} answered the {who}'s SYN with “{}” (ICMP)",
                    Address(error.from),
                    error.message.meaning(),
                ),
                None => format!("; the SYN of the {who} {peer} to it was answered by RST"),
            }
        }
        Met::Rejected => {
            let channel = case.session.data_channel(group.channel);
            let reply = channel.and_then(|channel| case.negotiator(channel)).and_then(Command::completion);
            reply.map(|reply| format!("; the server refused with {}", quote(reply))).unwrap_or_default()
        }
        Met::Nothing => format!("; the {who} {peer} made no connection"),
    }
}

const REACHED_ADVICE: &str = "It was reached there, so either nothing translates between the two hosts or an FTP helper does its work. Where that \
     is missing, use passive mode, or announce the public address.";

const PRIVATE_ADVICE: &str = "It works only if a NAT helper on the path rewrites it; otherwise use passive mode, or announce the public address.";

fn mismatch_advice(case: &Case<'_>, active: bool, advertised: IpAddr) -> String {
    let mut advice = String::new();
    let under_tls = case.session.security != Security::None;
    if active {
        advice.push_str(
            "Use passive mode. In active mode the client announces the address it knows itself by; behind NAT, in a \
             container or in an emulator that is not the one the server sees.",
        );
        if !under_tls && is_public(case.session.server.ip) {
            advice.push_str(
                " Otherwise have the NAT device rewrite PORT (its FTP helper), or set the client's public address.",
            );
        }
        return advice;
    }
    let container =
        matches!(advertised.to_canonical(), IpAddr::V4(v4) if matches!(v4.octets(), [172, 16..=31, ..]));
    if container && is_private(case.session.server.ip) {
        advice.push_str("The server probably runs in a container and announces its inner address. ");
    } else if is_public(advertised) {
        advice.push_str("The configured passive address is probably out of date. ");
    } else if under_tls {
        advice.push_str("A NAT device cannot rewrite the 227 reply under TLS. ");
    }
    advice.push_str("Set the address that clients can reach in the server's configuration");
    advice.push_str(&called(Setting::PassiveAddress, case.session));
    advice.push_str(", or use EPSV, which carries no address.");
    advice
}

fn bounce(case: &Case<'_>, mode: Option<Mode>, advertised: IpAddr, met: Met, group: &Group) -> String {
    let (client, server) = (case.session.client, case.session.server);
    let mode = mode.map_or("A negotiation", Mode::name);
    let whom = if same(advertised, server.ip) { "the server's own address" } else { "the third host" };
    let channel = case.session.data_channel(group.channel);
    let reply = channel.and_then(|channel| case.negotiator(channel)).and_then(Command::completion);
    let outcome = match (met, reply) {
        (Met::With(_), _) => "; the server connected there".to_owned(),
        (Met::Refused | Met::Unanswered, _) => "; the server tried to connect there".to_owned(),
        (Met::Rejected, Some(reply)) => format!("; the server refused with {}", quote(reply)),
        (Met::Nothing, Some(reply)) if reply.is_completion() => {
            format!("; the server accepted with {} but no connection was seen", quote(reply))
        }
        (Met::Nothing | Met::Rejected, _) => ", and no answer was seen".to_owned(),
    };
    format!(
        "{mode} of the client {client} told the server {server}{} to connect to {whom} {} ({}){outcome}",
        times(group.count),
        Address(advertised),
        ports(group),
    )
}

fn privileged_ports(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(prediction) = channel.predicted() else { continue };
        if channel.negotiation() != Some(Negotiation::Accepted)
            || prediction.listener.port >= FIRST_UNPRIVILEGED_PORT
        {
            continue;
        }
        let (time, _) = case.negotiated(channel);
        if let Some(group) = groups.add((channel.is_active(), prediction.listener.ip), index, time) {
            group.prove(case.negotiation_frames(channel));
            group.port(prediction.listener.port);
        }
    }
    for ((_, listener), group) in groups.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let summary = format!(
            "{} between the client {} and the server {} agreed{} on the system {} of {listener} for the data connection",
            mode_name(channel),
            case.session.client,
            case.session.server,
            times(group.count),
            ports(&group),
        );
        sink.push(
            Draft::new(Code::PrivilegedPort, group.time, summary)
                .frames(group.frames.iter().copied())
                .command(channel.command())
                .channel(Some(group.channel)),
        );
    }
}

/// A host that had no business on a data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stranger {
    ip: IpAddr,
    /// Whether it connected; otherwise it was connected to.
    connects: bool,
    /// Whether the connection came about.
    connected: bool,
    /// Whether the server refused it in words, or it carried nothing.
    harmless: bool,
}

/// Whether a channel's data connection involved a host other than the control peers.
pub(super) fn has_stranger(case: &Case<'_>, channel: &DataChannel) -> bool {
    stranger(case, channel, true).is_some()
}

/// `refused`: whether the server refused the transfer for want of a data connection (425).
fn stranger(case: &Case<'_>, channel: &DataChannel, refused: bool) -> Option<Stranger> {
    let connection = channel.connection()?;
    let connected = channel.outcome() == Some(Outcome::Connected);
    let partner = channel.peer_session.is_some() || channel.matched_by() == Some(MatchedBy::ThirdParty);
    // What the listener's own stack reset at once never reached anybody.
    let reset_at_once =
        connected && connection.end_state == EndState::Rst && connection.bytes() == 0 && !refused;
    if partner || reset_at_once || !connected && !channel.is_active() {
        return None;
    }
    let (listening, connecting) = (case.listening_peer(channel).ip, case.connecting_peer(channel).ip);
    // Between two families no address can be compared: a dual-stacked control peer is as likely as a
    // stranger.
    let comparable = same_family(connection.responder.ip, listening);
    let advertised = advertised_address(channel).is_some_and(|ip| same(ip, connection.responder.ip));
    let known_listener = advertised || same(connection.responder.ip, listening);
    let known_connector = same(connection.originator.ip, connecting);
    if !comparable || known_listener && known_connector {
        return None;
    }
    let ip = if known_connector { connection.responder.ip } else { connection.originator.ip };
    let harmless = refused || connection.bytes() == 0;
    Some(Stranger { ip, connects: !known_connector, connected, harmless })
}

fn strangers(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        let refusal = case
            .transfers_on(index)
            .find_map(|(_, transfer)| case.final_reply(transfer).filter(|reply| reply.code == 425));
        let Some(stranger) = stranger(case, channel, refusal.is_some()) else { continue };
        let Some(connection) = channel.connection() else { continue };
        sink.push(
            Draft::new(
                Code::ForeignDataPeer,
                connection.start,
                foreign(case, channel, connection, stranger, refusal),
            )
            .severity(if stranger.harmless { Severity::Warning } else { Severity::Alert })
            .advice(foreign_advice(case, stranger))
            .frames(case.negotiation_frames(channel))
            .frames([connection.frames.first, connection.frames.last])
            .frames(refusal.map(|reply| reply.frame))
            .command(channel.command())
            .channel(Some(index))
            .transfer(case.transfers_on(index).next().map(|(transfer, _)| transfer)),
        );
    }
}

fn foreign(
    case: &Case<'_>,
    channel: &DataChannel,
    connection: &Connection,
    stranger: Stranger,
    refusal: Option<&Reply>,
) -> String {
    let connecting = Address(case.connecting_peer(channel).ip);
    let ip = Address(stranger.ip);
    if stranger.connects && (stranger.harmless || !stranger.connected) {
        let control = if channel.is_active() { "goes to" } else { "comes from" };
        let whose = if channel.is_active() { "the client " } else { "" };
        let end = match (channel.outcome(), refusal) {
            (Some(Outcome::Unanswered), _) => {
                let syns = plural(u64::from(connection.syn_attempts.max(1)), "SYN");
                format!("; its {syns} went unanswered")
            }
            (Some(Outcome::Refused), _) => "; its SYN was refused".to_owned(),
            (_, Some(reply)) => format!("; the server refused it with {}", quote(reply)),
            (_, None) => "; it carried nothing".to_owned(),
        };
        return format!(
            "The data connection to {whose}{} came from {ip}, but the control connection {control} {connecting}{end}",
            connection.responder,
        );
    }
    let listening = Address(case.listening_peer(channel).ip);
    let (role, expected) = if stranger.connects {
        ("came from", format!("the {} {connecting}", connecting_side(channel)))
    } else {
        ("went to", format!("the {} {listening}", listening_side(channel)))
    };
    format!(
        "The data connection {} to {} {role} {ip}, which is neither {expected} nor a known FXP partner, and carried {} bytes",
        connection.originator,
        connection.responder,
        connection.bytes(),
    )
}

fn foreign_advice(case: &Case<'_>, stranger: Stranger) -> Cow<'static, str> {
    if !stranger.connected {
        return format!(
            "Stateful firewalls drop data connections from another address: have the server (or its NAT) use {} for both.",
            Address(case.session.server.ip)
        )
        .into();
    }
    if stranger.harmless {
        "Address translation probably uses several addresses for one client: make NAT or the load balancer map both \
         connections to the same address. If no NAT is involved, another host tried to take the port."
            .into()
    } else {
        "Possible port stealing: have the server accept passive connections from the control peer's address only (vsftpd \
         pasv_promiscuous=NO), and use TLS. If a proxy with several addresses is on the path, pin it to one."
            .into()
    }
}
