//! What IP carries besides TCP: tunnels in their own protocols, and over UDP.
//!
//! A UDP port alone proves nothing: where the content doesn't match it, the packet is ignored.

use std::ops::ControlFlow::Continue;

use etherparse::{IpNumber, UdpHeader, UdpHeaderSlice};

use super::ip;
use super::layer::Layer;
use super::link::{self, ether_type};
use super::name_query;
use super::span::{Peel, Span, ignored, other};

/// UDP ports of tunnels (IANA "Service Name and Transport Protocol Port Number Registry").
mod port {
    pub(super) const GTP_U: u16 = 2152;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const GENEVE: u16 = 6081;
    /// VXLAN before it had a port of its own; still Linux's default.
    pub(super) const VXLAN_LINUX: u16 = 8472;
}

/// The payload of an IP packet, by its protocol number, where that has a header of its own.
pub(super) fn payload(protocol: IpNumber, span: &mut Span<'_>) -> Peel<Layer> {
    match protocol {
        IpNumber::UDP => udp(span),
        IpNumber::GRE => gre(span),
        IpNumber::AUTHENTICATION_HEADER => authentication(span),
        IpNumber::ETHER_IP => {
            // RFC 3378: the version, 3, and reserved bits.
            let header = span.take::<2>("malformed EtherIP header")?;
            if *header == [0x30, 0] { Continue(Layer::Ethernet) } else { other() }
        }
        _ => other(),
    }
}

/// Whether a UDP datagram may be a tunnel's, as far as its first bytes show.
pub(super) fn has_tunnel_port(datagram: &[u8]) -> bool {
    match datagram {
        &[s0, s1, d0, d1, ..] => is_tunnel_port(u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])),
        _ => false,
    }
}

const fn is_tunnel_port(source: u16, destination: u16) -> bool {
    matches!(destination, port::VXLAN | port::VXLAN_LINUX | port::GENEVE | port::GTP_U | port::TEREDO)
        || matches!(source, port::GTP_U | port::TEREDO)
}

/// IPsec's authentication header (RFC 4302): it does not encrypt.
///
/// Parsed here, as IPv6's extension headers are.
fn authentication(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed authentication header";
    let &[next, length] = span.take::<2>(MALFORMED)?;
    span.skip(usize::from(length).saturating_mul(4).saturating_add(6), MALFORMED)?;
    ip::by_next_header(IpNumber(next))
}

/// Generic Routing Encapsulation: version 0 (RFC 2784, RFC 2890) and PPTP's version 1 (RFC 2637).
fn gre(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed GRE header";
    const ERSPAN: u16 = 0x88be;
    const ERSPAN_3: u16 = 0x22eb;
    let &[flags, version, high, low] = span.take::<4>(MALFORMED)?;
    let [checksum, routing, key, sequence] = [0x80, 0x40, 0x20, 0x10].map(|bit| flags & bit != 0);
    let acknowledgement = version & 0x80 != 0;
    let optional_words = match version & 7 {
        0 if routing => return other(),
        0 => [checksum, key, sequence],
        1 => [key, sequence, acknowledgement],
        _ => return other(),
    };
    for _ in optional_words.iter().filter(|&&present| present) {
        span.take::<4>(MALFORMED)?;
    }
    match u16::from_be_bytes([high, low]) {
        ERSPAN if !sequence => Continue(Layer::Ethernet),
        ERSPAN => {
            span.take::<8>("malformed ERSPAN header")?;
            Continue(Layer::Ethernet)
        }
        ERSPAN_3 => {
            let &[.., last] = span.take::<12>("malformed ERSPAN header")?;
            let has_subheader = last & 1 != 0;
            if has_subheader {
                span.take::<8>("malformed ERSPAN header")?;
            }
            Continue(Layer::Ethernet)
        }
        ether_type => link::by_ether_type(ether_type),
    }
}

/// UDP (RFC 768), of which only tunnels and the DNS matter.
fn udp(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed UDP header";
    let header = span.take_as(UdpHeaderSlice::from_slice, UdpHeader::LEN, MALFORMED)?;
    let (source, destination) = (header.source_port(), header.destination_port());
    if destination == name_query::PORT || source == name_query::PORT {
        return Continue(Layer::Dns);
    }
    if !is_tunnel_port(source, destination) {
        return other();
    }
    let length = usize::from(header.length());
    if length != 0 {
        let Some(payload) = length.checked_sub(UdpHeader::LEN) else { return ignored(MALFORMED) };
        span.clip(payload);
    }
    match (destination, source) {
        (port::VXLAN | port::VXLAN_LINUX, _) => vxlan(span),
        (port::GENEVE, _) => geneve(span),
        (port::GTP_U, _) | (_, port::GTP_U) => gtp_u(span),
        _ => teredo(span),
    }
}

/// VXLAN (RFC 7348), its group policy extension included.
fn vxlan(span: &mut Span<'_>) -> Peel<Layer> {
    match span.peek::<8>() {
        Some([0x08, 0, 0, 0, _, _, _, 0] | [0x88, _, _, _, _, _, _, 0]) => {
            span.skip(8, "malformed VXLAN header")?;
            Continue(Layer::Ethernet)
        }
        _ => other(),
    }
}

/// Geneve (RFC 8926).
fn geneve(span: &mut Span<'_>) -> Peel<Layer> {
    let Some(&[version_length, flags, high, low, _, _, _, 0]) = span.peek::<8>() else { return other() };
    let (version, is_control, reserved) = (version_length >> 6, flags & 0x80 != 0, flags & 0x3f);
    let options = usize::from(version_length & 0x3f).saturating_mul(4);
    let header = options.saturating_add(8);
    if version != 0 || is_control || reserved != 0 || header > span.wire() {
        return other();
    }
    span.skip(header, "malformed Geneve header")?;
    match u16::from_be_bytes([high, low]) {
        ether_type @ (ether_type::BRIDGED_ETHERNET | ether_type::IPV4 | ether_type::IPV6) => {
            link::by_ether_type(ether_type)
        }
        _ => other(),
    }
}

/// The user plane of GTP version 1 (3GPP TS 29.281 section 5): sequence number, N-PDU number and extension
/// headers are there or not.
fn gtp_u(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed GTP-U header";
    const USER_DATA: u8 = 255;
    let Some(&[flags, USER_DATA, high, low, ..]) = span.peek::<8>() else { return other() };
    let is_version_1 = flags & 0xf8 == 0x30;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !is_version_1 || length.saturating_add(8) > span.wire() {
        return other();
    }
    span.skip(8, MALFORMED)?;
    span.clip(length);
    let has_optional_fields = flags & 7 != 0;
    if has_optional_fields {
        let &[.., first_extension] = span.take::<4>(MALFORMED)?;
        let has_extensions = flags & 4 != 0;
        let mut extension = if has_extensions { first_extension } else { 0 };
        while extension != 0 {
            let Some(words @ 1..) = span.peek_byte() else { return other() };
            let length = usize::from(words).saturating_mul(4);
            let Some(&next) = span.kept().get(length.saturating_sub(1)) else { return other() };
            span.skip(length, MALFORMED)?;
            extension = next;
        }
    }
    if link::is_ip(span) { Continue(Layer::Ip) } else { other() }
}

/// Teredo (RFC 4380 section 5.1): IPv6 behind an authentication and an origin header, each there or not.
fn teredo(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed Teredo header";
    if let Some(&[0, 1, client, secret]) = span.peek::<4>() {
        let identifiers = usize::from(client).saturating_add(usize::from(secret));
        let nonce_and_confirmation = 9_usize;
        span.skip(identifiers.saturating_add(nonce_and_confirmation).saturating_add(4), MALFORMED)?;
    }
    if let Some([0, 0]) = span.peek::<2>() {
        span.skip(8, MALFORMED)?;
    }
    let is_v6 = span.peek_byte().is_some_and(|byte| byte >> 4 == 6);
    if is_v6 && link::is_ip(span) { Continue(Layer::Ipv6) } else { other() }
}
