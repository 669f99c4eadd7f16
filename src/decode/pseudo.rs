//! Pseudo-headers: what systems put in front of packets that they captured internally.

use std::ops::ControlFlow::Continue;

use super::layer::Layer;
use super::link::by_ether_type;
use super::span::{Peel, Span, ignored, other};

/// BSD loopback: the address family in four bytes, in a byte order that the small values reveal.
pub(super) fn loopback(span: &mut Span<'_>) -> Peel<Layer> {
    let header = span.take::<4>("malformed loopback header")?;
    by_family(u32_of_either_order(*header))
}

/// What OpenBSD's and FreeBSD's packet filter logs: a header of its own length, padded to four bytes.
pub(super) fn packet_filter_log(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed PFLOG header";
    let &[length, family] = span.take::<2>(MALFORMED)?;
    let Some(rest) = usize::from(length).next_multiple_of(4).checked_sub(2) else {
        return ignored(MALFORMED);
    };
    span.skip(rest, MALFORMED)?;
    by_family(u32::from(family))
}

/// What a BSD hands to or takes from IPsec, in the clear: address family, security parameters, flags.
pub(super) fn decrypted_ipsec(span: &mut Span<'_>) -> Peel<Layer> {
    let &[a, b, c, d, ..] = span.take::<12>("malformed ENC header")?;
    by_family(u32_of_either_order([a, b, c, d]))
}

/// What Linux's packet filter logs: attributes in the byte order of the machine that captured, one of them
/// the packet.
pub(super) fn netfilter_log(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed NFLOG header";
    const PAYLOAD: u16 = 9;
    let &[family, version, _, _] = span.take::<4>(MALFORMED)?;
    if version != 0 {
        return ignored(MALFORMED);
    }
    let next = by_family(u32::from(family))?;
    loop {
        let &[l0, l1, t0, t1] = span.take::<4>(MALFORMED)?;
        // Attributes have small numbers, which reveals the byte order; the two highest bits are flags.
        let is_big_endian = (t0 & 0x3f) < (t1 & 0x3f);
        let of_order = if is_big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
        let Some(length) = usize::from(of_order([l0, l1])).checked_sub(4) else { return ignored(MALFORMED) };
        if of_order([t0, t1]) & 0x3fff == PAYLOAD {
            span.clip(length);
            return Continue(next);
        }
        span.skip(length.next_multiple_of(4), MALFORMED)?;
    }
}

/// What follows an address family, by its number on any of the systems that write captures.
fn by_family(family: u32) -> Peel<Layer> {
    Continue(match family {
        2 => Layer::Ipv4,
        // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 23 | 24 | 28 | 30 => Layer::Ipv6,
        _ => return other(),
    })
}

/// A small number in an unknown byte order.
fn u32_of_either_order(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes))
}

/// Linux cooked capture, version 1.
///
/// Parsed here, as version 2 is: etherparse refuses devices and packet types that it does not know.
pub(super) fn linux_cooked(span: &mut Span<'_>) -> Peel<Layer> {
    let &[_, _, device_high, device_low, .., high, low] = span.take::<16>("malformed Linux cooked header")?;
    cooked(u16::from_be_bytes([device_high, device_low]), u16::from_be_bytes([high, low]))
}

/// Linux cooked capture, version 2.
pub(super) fn linux_cooked_2(span: &mut Span<'_>) -> Peel<Layer> {
    let &[high, low, _, _, _, _, _, _, device_high, device_low, ..] =
        span.take::<20>("malformed Linux cooked header")?;
    cooked(u16::from_be_bytes([device_high, device_low]), u16::from_be_bytes([high, low]))
}

/// What a cooked header announces: mostly an EtherType, unless the device (an ARPHRD_ value) gives it another
/// meaning.
fn cooked(device: u16, protocol: u16) -> Peel<Layer> {
    const WLAN: u16 = 801;
    const RADIOTAP: u16 = 803;
    const NETLINK: u16 = 824;
    const LLC: u16 = 0x0004;
    match (device, protocol) {
        (NETLINK, _) => other(),
        (WLAN, _) => Continue(Layer::Wlan { padded: false }),
        (RADIOTAP, _) => Continue(Layer::Radiotap),
        (_, LLC) => Continue(Layer::Llc),
        (_, ether_type) => by_ether_type(ether_type),
    }
}
