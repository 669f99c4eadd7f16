//! IPv4 and IPv6 headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow::Continue;

use super::layer::{Fragment, Layer, Trail};
use super::span::{Peel, Span, ignored, other};

/// Protocol numbers (IANA "Protocol Numbers") that lead to TCP.
pub(super) mod protocol {
    pub(in crate::decode) const HOP_BY_HOP: u8 = 0;
    pub(in crate::decode) const IPV4: u8 = 4;
    pub(in crate::decode) const TCP: u8 = 6;
    pub(in crate::decode) const UDP: u8 = 17;
    pub(in crate::decode) const IPV6: u8 = 41;
    pub(in crate::decode) const ROUTING: u8 = 43;
    pub(in crate::decode) const FRAGMENT: u8 = 44;
    pub(in crate::decode) const GRE: u8 = 47;
    pub(in crate::decode) const AUTHENTICATION: u8 = 51;
    pub(in crate::decode) const DESTINATION_OPTIONS: u8 = 60;
    pub(in crate::decode) const ETHER_IP: u8 = 97;
    pub(in crate::decode) const MOBILITY: u8 = 135;
    pub(in crate::decode) const MPLS: u8 = 137;
    pub(in crate::decode) const HOST_IDENTITY: u8 = 139;
    pub(in crate::decode) const SHIM6: u8 = 140;
}

const MALFORMED_V4: &str = "malformed IPv4 header";
const MALFORMED_V6: &str = "malformed IPv6 header";
const MALFORMED_EXTENSION: &str = "malformed IPv6 extension header";

/// IP of the version that its first nibble says.
pub(super) fn either(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    const MALFORMED: &str = "malformed IP header";
    let &[first] = span.see::<1>(MALFORMED)?;
    match first >> 4 {
        4 => v4(span, trail),
        6 => v6(span, trail),
        _ => ignored(MALFORMED),
    }
}

/// IPv4 (RFC 791).
///
/// A total length of 0 is what a sender's own capture shows of packets that the network card has yet to cut up: then
/// the frame's length is the truth.
#[inline]
pub(super) fn v4(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let whole = *span;
    let header = span.take::<20>(MALFORMED_V4)?;
    let &[version_length, _, total_high, total_low, id_high, id_low, ..] = header;
    let &[.., fragment_high, fragment_low, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = header;
    let header_length = usize::from(version_length & 0xf).saturating_mul(4);
    if version_length >> 4 != 4 || header_length < 20 {
        return ignored(MALFORMED_V4);
    }
    let next = by_protocol(protocol)?;
    let total = usize::from(u16::from_be_bytes([total_high, total_low]));
    if total != 0 {
        if total < header_length {
            return ignored(MALFORMED_V4);
        }
        *span = whole;
        span.clip(total);
        span.skip(header_length, MALFORMED_V4)?;
    } else if header_length > 20 {
        span.skip(header_length.saturating_sub(20), MALFORMED_V4)?;
    }
    trail.source = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
    trail.destination = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));

    let flags_offset = u16::from_be_bytes([fragment_high, fragment_low]);
    let (more, offset) = (flags_offset & 0x2000 != 0, flags_offset & 0x1fff);
    if !more && offset == 0 {
        return Continue(next);
    }
    trail.fragment = Fragment {
        identification: u32::from(u16::from_be_bytes([id_high, id_low])),
        offset: usize::from(offset).saturating_mul(8),
        more,
        protocol,
        is_v6: false,
    };
    Continue(Layer::Fragment)
}

/// IPv6 (RFC 8200). A payload length of 0 is a jumbogram (RFC 2675), or what IPv4's total length of 0 is.
#[inline]
pub(super) fn v6(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let &[version, _, _, _, length_high, length_low, next, _] = span.take::<8>(MALFORMED_V6)?;
    if version >> 4 != 6 {
        return ignored(MALFORMED_V6);
    }
    let next = by_next_header(next)?;
    trail.source = IpAddr::V6(Ipv6Addr::from(*span.take::<16>(MALFORMED_V6)?));
    trail.destination = IpAddr::V6(Ipv6Addr::from(*span.take::<16>(MALFORMED_V6)?));
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    if length != 0 {
        span.clip(length);
    }
    Continue(next)
}

/// What an IPv4 protocol number leads to; most that do not lead to TCP end here.
#[inline]
pub(super) fn by_protocol(protocol: u8) -> Peel<Layer> {
    match protocol {
        protocol::TCP => Continue(Layer::Tcp),
        protocol::IPV4 => Continue(Layer::Ipv4),
        protocol::IPV6 => Continue(Layer::Ipv6),
        protocol::MPLS => Continue(Layer::Mpls),
        protocol::UDP | protocol::GRE | protocol::AUTHENTICATION | protocol::ETHER_IP => {
            Continue(Layer::Payload(protocol))
        }
        _ => other(),
    }
}

/// What an IPv6 next header leads to.
#[inline]
pub(super) fn by_next_header(header: u8) -> Peel<Layer> {
    match header {
        protocol::HOP_BY_HOP
        | protocol::ROUTING
        | protocol::FRAGMENT
        | protocol::DESTINATION_OPTIONS
        | protocol::MOBILITY
        | protocol::HOST_IDENTITY
        | protocol::SHIM6 => Continue(Layer::Ipv6Extension(header)),
        _ => by_protocol(header),
    }
}

/// One IPv6 extension header of type `header`.
pub(super) fn extension(header: u8, span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    if header == protocol::FRAGMENT {
        return fragment(span, trail);
    }
    let &[next, length] = span.see::<2>(MALFORMED_EXTENSION)?;
    let length = usize::from(length).saturating_add(1).saturating_mul(8);
    if header == protocol::ROUTING
        && let Some(last) = final_destination(span.kept().get(..length).unwrap_or(span.kept()))
    {
        trail.destination = IpAddr::V6(last);
    }
    span.skip(length, MALFORMED_EXTENSION)?;
    by_next_header(next)
}

/// IPv6's fragment header. One that is both the first and the last piece fragments nothing (RFC 6946).
fn fragment(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let &[next, _, offset_high, offset_low, a, b, c, d] = span.take::<8>(MALFORMED_EXTENSION)?;
    let offset_more = u16::from_be_bytes([offset_high, offset_low]);
    let (offset, more) = (usize::from(offset_more & 0xfff8), offset_more & 1 != 0);
    if offset == 0 && !more {
        return by_next_header(next);
    }
    by_next_header(next)?;
    trail.fragment = Fragment {
        identification: u32::from_be_bytes([a, b, c, d]),
        offset,
        more,
        protocol: next,
        is_v6: true,
    };
    Continue(Layer::Fragment)
}

/// The last address of a routing header with hops to go: TCP's own endpoint (RFC 8200 section 8.1), while the IPv6
/// header names the next hop.
fn final_destination(header: &[u8]) -> Option<Ipv6Addr> {
    let &[_, _, kind, hops_left, ..] = header else { return None };
    if hops_left == 0 {
        return None;
    }
    let (addresses, _) = header.get(8..)?.as_chunks::<16>();
    let last = match kind {
        // Source route (RFC 2460), in order of travel.
        0 => addresses.last(),
        // A mobile node's home address (RFC 6275); a segment list (RFC 8754), in reverse order of travel.
        2 | 4 => addresses.first(),
        _ => None,
    };
    last.copied().map(Ipv6Addr::from)
}
