//! IPv4 and IPv6 headers.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::ControlFlow::Continue;

use etherparse::err::{ipv4, ipv6};
use etherparse::{
    IpNumber, Ipv4Header, Ipv4HeaderSlice, Ipv6FragmentHeader, Ipv6FragmentHeaderSlice, Ipv6Header,
    Ipv6HeaderSlice,
};

use super::layer::{Fragment, Layer, Trail};
use super::span::{Peel, Span, ignored, other};
use crate::report::IcmpVersion;

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
#[inline]
pub(super) fn v4(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    match Ipv4HeaderSlice::from_slice(span.kept()) {
        Ok(header) => below_v4(header, span, trail),
        Err(ipv4::HeaderSliceError::Len(_)) => v4_cut_short(span, trail),
        Err(ipv4::HeaderSliceError::Content(_)) => ignored(MALFORMED_V4),
    }
}

/// A header whose options the capture may have cut off: they don't matter.
#[cold]
fn v4_cut_short(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    span.see::<{ Ipv4Header::MIN_LEN }>(MALFORMED_V4)?;
    match Ipv4HeaderSlice::from_slice(&span.padded::<{ Ipv4Header::MAX_LEN }>()) {
        Ok(header) => below_v4(header, span, trail),
        Err(_) => ignored(MALFORMED_V4),
    }
}

/// What is below an IPv4 header, with which `span` begins.
///
/// A total length of 0 appears in captures on the sender itself, for packets that the network card has yet to
/// segment (TSO): then the frame's length counts.
#[inline]
fn below_v4(header: Ipv4HeaderSlice<'_>, span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let next = by_protocol(header.protocol())?;
    let (total, header_length) = (usize::from(header.total_len()), header.slice().len());
    if total != 0 {
        if total < header_length {
            return ignored(MALFORMED_V4);
        }
        span.clip(total);
    }
    span.skip(header_length, MALFORMED_V4)?;
    trail.ip_header = u16::from(header.ihl()) * 4;
    trail.hop_limit = header.ttl();
    trail.source = IpAddr::V4(header.source_addr());
    trail.destination = IpAddr::V4(header.destination_addr());
    if !header.is_fragmenting_payload() {
        return Continue(next);
    }
    if matches!(next, Layer::Icmp(_)) {
        // Errors are small enough to be sent in one piece (RFC 1122 3.2.2, RFC 4443 2.4).
        return other();
    }
    trail.fragment = Fragment {
        identification: u32::from(header.identification()),
        offset: usize::from(header.fragments_offset().byte_offset()),
        more: header.more_fragments(),
        protocol: header.protocol(),
        is_v6: false,
    };
    Continue(Layer::Fragment)
}

/// IPv6 (RFC 8200). A payload length of 0 is a jumbogram (RFC 2675), or what IPv4's total length of 0 is.
#[inline]
pub(super) fn v6(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let header = match Ipv6HeaderSlice::from_slice(span.kept()) {
        Ok(header) => header,
        Err(ipv6::HeaderSliceError::Len(_)) => return v6_cut_short(span),
        Err(ipv6::HeaderSliceError::Content(_)) => return ignored(MALFORMED_V6),
    };
    let next = by_next_header(header.next_header())?;
    span.skip(Ipv6Header::LEN, MALFORMED_V6)?;
    trail.ip_header = 40;
    trail.hop_limit = header.hop_limit();
    trail.source = IpAddr::V6(header.source_addr());
    trail.destination = IpAddr::V6(header.destination_addr());
    let length = usize::from(header.payload_length());
    if length != 0 {
        span.clip(length);
    }
    Continue(next)
}

/// A header that the capture cut short: it matters only if TCP may follow.
#[cold]
fn v6_cut_short(span: &Span<'_>) -> Peel<Layer> {
    const UP_TO_NEXT_HEADER: usize = 8;
    span.see::<UP_TO_NEXT_HEADER>(MALFORMED_V6)?;
    let padded = span.padded::<{ Ipv6Header::LEN }>();
    let Ok(header) = Ipv6HeaderSlice::from_slice(&padded) else { return ignored(MALFORMED_V6) };
    if matches!(by_next_header(header.next_header())?, Layer::Icmp(_)) {
        // What it quoted was not kept.
        return other();
    }
    span.too_short(Ipv6Header::LEN, MALFORMED_V6)
}

/// What an IPv4 protocol number leads to; most that do not lead to TCP end here.
#[inline]
pub(super) fn by_protocol(protocol: IpNumber) -> Peel<Layer> {
    match protocol {
        IpNumber::TCP => Continue(Layer::Tcp),
        IpNumber::IPV4 => Continue(Layer::Ipv4),
        IpNumber::IPV6 => Continue(Layer::Ipv6),
        IpNumber::MPLS_IN_IP => Continue(Layer::Mpls),
        IpNumber::ICMP => Continue(Layer::Icmp(IcmpVersion::V4)),
        IpNumber::IPV6_ICMP => Continue(Layer::Icmp(IcmpVersion::V6)),
        IpNumber::UDP | IpNumber::GRE | IpNumber::AUTHENTICATION_HEADER | IpNumber::ETHER_IP => {
            Continue(Layer::Payload(protocol))
        }
        _ => other(),
    }
}

/// What an IPv6 next header leads to.
#[inline]
pub(super) fn by_next_header(header: IpNumber) -> Peel<Layer> {
    match header {
        IpNumber::IPV6_HEADER_HOP_BY_HOP
        | IpNumber::IPV6_ROUTE_HEADER
        | IpNumber::IPV6_FRAGMENTATION_HEADER
        | IpNumber::IPV6_DESTINATION_OPTIONS
        | IpNumber::MOBILITY_HEADER
        | IpNumber::HIP
        | IpNumber::SHIM6 => Continue(Layer::Ipv6Extension(header)),
        _ => by_protocol(header),
    }
}

/// One IPv6 extension header of type `header`.
///
/// Parsed here because etherparse needs all of it, while the next header is known from the first byte even if the
/// rest was cut off.
pub(super) fn extension(header: IpNumber, span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    if header == IpNumber::IPV6_FRAGMENTATION_HEADER {
        return fragment(span, trail);
    }
    let &[next, length] = span.see::<2>(MALFORMED_EXTENSION)?;
    let length = usize::from(length).saturating_add(1).saturating_mul(8);
    if header == IpNumber::IPV6_ROUTE_HEADER
        && let Some(last) = final_destination(span.kept().get(..length).unwrap_or(span.kept()))
    {
        trail.destination = IpAddr::V6(last);
    }
    span.skip(length, MALFORMED_EXTENSION)?;
    trail.ip_header = trail.ip_header.saturating_add(u16::try_from(length).unwrap_or(u16::MAX));
    by_next_header(IpNumber(next))
}

/// IPv6's fragment header. One that is both the first and the last piece fragments nothing (RFC 6946).
fn fragment(span: &mut Span<'_>, trail: &mut Trail) -> Peel<Layer> {
    let read = Ipv6FragmentHeaderSlice::from_slice;
    let header = span.take_as(read, Ipv6FragmentHeader::LEN, MALFORMED_EXTENSION)?;
    let next = by_next_header(header.next_header())?;
    if !header.is_fragmenting_payload() {
        trail.ip_header = trail.ip_header.saturating_add(8);
        return Continue(next);
    }
    if matches!(next, Layer::Icmp(_)) {
        return other();
    }
    trail.fragment = Fragment {
        identification: header.identification(),
        offset: usize::from(header.fragment_offset().byte_offset()),
        more: header.more_fragments(),
        protocol: header.next_header(),
        is_v6: true,
    };
    Continue(Layer::Fragment)
}

/// The last address of a routing header with hops to go: TCP's own endpoint (RFC 8200 section 8.1), while the
/// IPv6 header names the next hop.
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
