//! Whose addresses: NAT without a helper, bounces, server-to-server transfers, strangers, ports below 1024.

use std::net::IpAddr;

use super::case::{
    Case, connecting_side, is_private, is_public, listening_side, mode_name, same, same_family,
};
use super::draft::{Draft, Group, Groups, Sink, ports, times};
use crate::base::{Address, Endpoint};
use crate::report::{ChannelIndex, Code, DataChannel, EndState, MatchedBy, Mode, Negotiation, Outcome, Uid};

/// Ports below this are the system's services.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// What an advertised address means; like cases of a session are reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Mismatch { active: bool, advertised: IpAddr, used: Option<IpAddr> },
    Private { active: bool, advertised: IpAddr, reached: bool },
    Bounce { mode: Option<Mode>, advertised: IpAddr },
}

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    advertised_addresses(case, sink);
    privileged_ports(case, sink);
    server_to_server(case, sink);
    for (index, channel) in case.channels() {
        foreign_peer(case, index, channel, sink);
    }
}

fn advertised_addresses(case: &Case<'_>, sink: &mut Sink) {
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(advertised) = advertised_address(channel) else { continue };
        let (time, _) = case.negotiated(channel);
        let port = channel.advertised().map_or(0, |it| it.port);
        let mut note = |kind: Kind| {
            if let Some(group) = groups.add(kind, index, time) {
                group.prove(case.negotiation_frames(channel));
                group.prove(channel.connection().iter().map(|it| it.frames.first));
                group.port(port);
            }
        };
        let own = case.listening_peer(channel).ip;
        let mismatch = mismatch(channel, advertised, own);
        if mismatch {
            let used = channel.connected().map(|it| it.responder.ip);
            note(Kind::Mismatch { active: channel.is_active(), advertised, used });
        } else if is_bounce(case, channel, advertised) {
            note(Kind::Bounce { mode: channel.mode(), advertised });
        }
        if is_private(advertised) && is_public(case.connecting_peer(channel).ip) {
            // A SYN to the address as announced, at the host that announced it: there is no NAT at this point.
            let reached = same(advertised, own)
                && channel.connection().is_some_and(|it| same(it.responder.ip, advertised));
            note(Kind::Private { active: channel.is_active(), advertised, reached });
        }
    }
    for (kind, group) in groups.into_iter() {
        sink.push(draft(case, kind, &group));
    }
}

/// The address as written, where there is one that names a host.
fn advertised_address(channel: &DataChannel) -> Option<IpAddr> {
    let advertised = channel.advertised()?.ip?;
    (!advertised.is_unspecified()).then_some(advertised)
}

/// The advertised address isn't its sender's, and was either not used or could not be.
fn mismatch(channel: &DataChannel, advertised: IpAddr, own: IpAddr) -> bool {
    if same(advertised, own) {
        return false;
    }
    match channel.connected().map(|it| it.responder.ip) {
        Some(listener) if same(listener, own) => true,
        Some(listener) if same(listener, advertised) => false,
        // Nobody reaches a private address from outside. In passive mode it means as much where the server's own address
        // is the private one: it was configured with its public one, and this is the inside.
        Some(_) | None => {
            let (sent, real) = (is_private(advertised), is_private(own));
            sent && !real || !channel.is_active() && real && !sent
        }
    }
}

/// PORT or EPRT names another host. Where the families differ it may be the same, dual-stacked host.
fn is_bounce(case: &Case<'_>, channel: &DataChannel, advertised: IpAddr) -> bool {
    let own = case.session.client.ip;
    let port = channel.advertised().map_or(0, |it| it.port);
    channel.is_active()
        && !case.announced.contains(own, Endpoint::new(advertised, port))
        && !same(advertised, own)
        && same_family(advertised, own)
        && channel.peer_session.is_none()
        && channel.matched_by() != Some(MatchedBy::ThirdParty)
}

fn draft(case: &Case<'_>, kind: Kind, group: &Group) -> Draft {
    let (client, server) = (case.session.client, case.session.server);
    let first = case.session.data_channel(group.channel);
    let command = first.and_then(DataChannel::command);
    let side = |active| if active { ("client", client) } else { ("server", server) };
    let (code, summary, advice) = match kind {
        Kind::Mismatch { active, advertised, used } => {
            let (who, own) = side(active);
            let outcome = match used {
                Some(ip) => format!("the data connection was made with {} instead", Address(ip)),
                None => "no connection with that address was made".to_owned(),
            };
            let summary = format!(
                "The {who} {own} advertised{} the address {} ({}), which is not its own; {outcome}",
                times(group.count),
                Address(advertised),
                ports(group),
            );
            (Code::AddressMismatch, summary, Some(mismatch_advice(active)))
        }
        Kind::Private { active, advertised, reached } => {
            let (who, own) = side(active);
            let (other, peer) = side(!active);
            let summary = format!(
                "The {who} {own} advertised{} the private address {} ({}) to the {other} at the public address {}",
                times(group.count),
                Address(advertised),
                ports(group),
                Address(peer.ip),
            );
            let advice = if reached { REACHED_ADVICE } else { mismatch_advice(active) };
            (Code::PrivateAddressAdvertised, summary, Some(advice))
        }
        Kind::Bounce { mode, advertised } => {
            (Code::BounceAttempt, bounce(case, mode, advertised, group), None)
        }
    };
    let draft = Draft::new(code, group.time, summary)
        .frames(group.frames.iter().copied())
        .command(command)
        .channel(Some(group.channel));
    match advice {
        Some(advice) => draft.advice(advice),
        None => draft,
    }
}

const REACHED_ADVICE: &str = "It was reached there, so either nothing translates between the two hosts or an FTP helper does its work. Where that \
     is missing, use passive mode, or announce the public address.";

const fn mismatch_advice(active: bool) -> &'static str {
    if active {
        "The client sits behind NAT that has no FTP helper: use passive mode, or tell the client its public address \
         and forward its port range, or turn the NAT's FTP helper on."
    } else {
        "The server sits behind NAT: set its external address for passive mode (vsftpd pasv_address, ProFTPD \
         MasqueradeAddress, Pure-FTPd -P), forward its passive port range, or have clients use EPSV."
    }
}

fn bounce(case: &Case<'_>, mode: Option<Mode>, advertised: IpAddr, group: &Group) -> String {
    let (client, server) = (case.session.client, case.session.server);
    let mode = mode.map_or("A negotiation", Mode::name);
    let whom = if same(advertised, server.ip) { "the server's own address" } else { "the third host" };
    let channel = case.session.data_channel(group.channel);
    let outcome = match channel.map(|channel| (channel.negotiation(), channel.outcome())) {
        Some((_, Some(Outcome::Connected))) => "and the server connected there",
        Some((_, Some(Outcome::Refused | Outcome::Unanswered))) => "and the server tried to connect there",
        Some((Some(Negotiation::Rejected), _)) => "which the server rejected",
        Some((Some(Negotiation::Accepted), _)) => "which the server accepted",
        _ => "and no reply was seen",
    };
    format!(
        "{mode} of the client {client} told the server {server}{} to connect to {whom} {} ({}), {outcome}",
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

fn server_to_server(case: &Case<'_>, sink: &mut Sink) {
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

fn foreign_peer(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, sink: &mut Sink) {
    let Some(connection) = channel.connected() else { return };
    let partner = channel.peer_session.is_some() || channel.matched_by() == Some(MatchedBy::ThirdParty);
    let reset_at_once = connection.end_state == EndState::Rst && connection.bytes() == 0;
    if partner || reset_at_once {
        return;
    }
    let (listening, connecting) = (case.listening_peer(channel).ip, case.connecting_peer(channel).ip);
    // Between two families no address can be compared: a dual-stacked control peer is as likely as a stranger.
    let comparable = same_family(connection.responder.ip, listening);
    let advertised = advertised_address(channel).is_some_and(|ip| same(ip, connection.responder.ip));
    let known_listener = advertised || same(connection.responder.ip, listening);
    let known_connector = same(connection.originator.ip, connecting);
    if !comparable || known_listener && known_connector {
        return;
    }
    let (stranger, role, expected) = if known_connector {
        (connection.responder, "went to", format!("the {} at {listening}", listening_side(channel)))
    } else {
        (connection.originator, "came from", format!("the {} at {connecting}", connecting_side(channel)))
    };
    let bytes = connection.bytes();
    let summary = format!(
        "The data connection {} to {} {role} {}, which is neither {expected} nor a known FXP partner, and carried \
         {bytes} bytes",
        connection.originator, connection.responder, stranger.ip,
    );
    sink.push(
        Draft::new(Code::ForeignDataPeer, connection.start, summary)
            .frames(case.negotiation_frames(channel))
            .frames([connection.frames.first, connection.frames.last])
            .command(channel.command())
            .channel(Some(index))
            .transfer(case.transfers_on(index).next().map(|(transfer, _)| transfer)),
    );
}
