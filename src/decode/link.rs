//! Link layers: from the first header of a frame to the network layer.

use std::ops::ControlFlow::Continue;

use etherparse::{Ethernet2Header, Ethernet2HeaderSlice, SingleVlanHeader, SingleVlanHeaderSlice};

use super::layer::Layer;
use super::span::{Peel, Span, ignored, other};

/// EtherTypes (IANA "IEEE 802 Numbers"), as they stand in Ethernet, SNAP, GRE, Geneve and cooked headers.
pub(super) mod ether_type {
    /// Values from here on are types; below stand lengths of IEEE 802.3 frames.
    pub(in crate::decode) const FIRST: u16 = 0x0600;
    pub(in crate::decode) const IPV4: u16 = 0x0800;
    pub(in crate::decode) const BRIDGED_ETHERNET: u16 = 0x6558;
    pub(in crate::decode) const VLAN: u16 = 0x8100;
    pub(in crate::decode) const IPV6: u16 = 0x86dd;
    pub(in crate::decode) const PPP: u16 = 0x880b;
    pub(in crate::decode) const MPLS: u16 = 0x8847;
    pub(in crate::decode) const MPLS_UPSTREAM: u16 = 0x8848;
    pub(in crate::decode) const PPPOE_SESSION: u16 = 0x8864;
    pub(in crate::decode) const SERVICE_VLAN: u16 = 0x88a8;
    pub(in crate::decode) const BACKBONE_SERVICE: u16 = 0x88e7;
    pub(in crate::decode) const VN_TAG: u16 = 0x8926;
    pub(in crate::decode) const OLD_QINQ: u16 = 0x9100;
    pub(in crate::decode) const OLD_QINQ_SECOND: u16 = 0x9200;
}

/// What follows an EtherType.
#[inline]
pub(super) fn by_ether_type(ether_type: u16) -> Peel<Layer> {
    Continue(match ether_type {
        ether_type::IPV4 => Layer::Ipv4,
        ether_type::IPV6 => Layer::Ipv6,
        ether_type::VLAN | ether_type::SERVICE_VLAN | ether_type::OLD_QINQ | ether_type::OLD_QINQ_SECOND => {
            Layer::Vlan
        }
        ether_type::MPLS | ether_type::MPLS_UPSTREAM => Layer::Mpls,
        ether_type::PPPOE_SESSION => Layer::Pppoe,
        ether_type::PPP => Layer::Ppp,
        ether_type::BRIDGED_ETHERNET => Layer::Ethernet,
        ether_type::BACKBONE_SERVICE => Layer::BackboneService,
        ether_type::VN_TAG => Layer::VnTag,
        _ => return other(),
    })
}

/// Ethernet II and IEEE 802.3: two addresses and a type, or the length of an LLC frame.
#[inline]
pub(super) fn ethernet(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed Ethernet header";
    let header = span.take_as(Ethernet2HeaderSlice::from_slice, Ethernet2Header::LEN, MALFORMED)?;
    by_type_or_length(header.ether_type().0, span)
}

/// IEEE 802.1Q and 802.1ad: two bytes of tag, then the type or length that it pushed aside.
pub(super) fn vlan(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed VLAN tag";
    let tag = span.take_as(SingleVlanHeaderSlice::from_slice, SingleVlanHeader::LEN, MALFORMED)?;
    by_type_or_length(tag.ether_type().0, span)
}

/// Cisco's VN-Tag: four bytes of tag, then the type or length that it pushed aside.
pub(super) fn vn_tag(span: &mut Span<'_>) -> Peel<Layer> {
    let &[.., high, low] = span.take::<6>("malformed VN-Tag")?;
    by_type_or_length(u16::from_be_bytes([high, low]), span)
}

/// IEEE 802.1ah: a service tag of four bytes, then the customer's Ethernet frame.
pub(super) fn backbone_service(span: &mut Span<'_>) -> Peel<Layer> {
    span.take::<4>("malformed service tag")?;
    Continue(Layer::Ethernet)
}

fn by_type_or_length(value: u16, span: &mut Span<'_>) -> Peel<Layer> {
    if value >= ether_type::FIRST {
        return by_ether_type(value);
    }
    span.clip(usize::from(value));
    Continue(Layer::Llc)
}

/// IEEE 802.2: IP stands behind SNAP (RFC 1042, and 00-00-F8 of IEEE 802.1H), or behind its own access point.
pub(super) fn llc(span: &mut Span<'_>) -> Peel<Layer> {
    match span.take::<3>("malformed LLC header")? {
        [0xaa, 0xaa, 0x03] => {
            let &[a, b, c, high, low] = span.take::<5>("malformed SNAP header")?;
            match [a, b, c] {
                [0, 0, 0 | 0xf8] => by_ether_type(u16::from_be_bytes([high, low])),
                _ => other(),
            }
        }
        [0x06, 0x06, 0x03] => Continue(Layer::Ipv4),
        _ => other(),
    }
}

/// One entry of an MPLS label stack (RFC 3032); behind the last one the first nibble says what it is (RFC
/// 4928).
pub(super) fn mpls(span: &mut Span<'_>) -> Peel<Layer> {
    let &[_, _, label_end, _] = span.take::<4>("malformed MPLS label")?;
    let bottom_of_stack = label_end & 1 == 1;
    if !bottom_of_stack {
        return Continue(Layer::Mpls);
    }
    Continue(if is_ip(span) { Layer::Ip } else { Layer::Pseudowire })
}

/// Ethernet over MPLS (RFC 4448), with a control word or without; a known type in its place decides.
pub(super) fn pseudowire(span: &mut Span<'_>) -> Peel<Layer> {
    const CONTROL_WORD: usize = 4;
    let has_type_behind = |skipped: usize| {
        let bytes = span.kept().get(skipped.saturating_add(12)..).and_then(<[u8]>::first_chunk::<2>);
        bytes.is_some_and(|&bytes| by_ether_type(u16::from_be_bytes(bytes)).is_continue())
    };
    let may_be_control_word = span.peek_byte().is_some_and(|byte| byte >> 4 == 0);
    if may_be_control_word && has_type_behind(CONTROL_WORD) {
        span.skip(CONTROL_WORD, "malformed pseudowire")?;
        Continue(Layer::Ethernet)
    } else if has_type_behind(0) {
        Continue(Layer::Ethernet)
    } else {
        other()
    }
}

/// Whether an IP header with a credible length begins here.
pub(super) fn is_ip(span: &Span<'_>) -> bool {
    match *span.kept() {
        [first, _, high, low, ..] if first >> 4 == 4 => {
            let total = usize::from(u16::from_be_bytes([high, low]));
            first & 0xf >= 5 && total <= span.wire()
        }
        [first, _, _, _, high, low, ..] if first >> 4 == 6 => {
            usize::from(u16::from_be_bytes([high, low])).saturating_add(40) <= span.wire()
        }
        _ => false,
    }
}

/// PPPoE session stage (RFC 2516): its length leaves off Ethernet's padding.
pub(super) fn pppoe(span: &mut Span<'_>) -> Peel<Layer> {
    let &[version_type, code, _, _, high, low] = span.take::<6>("malformed PPPoE header")?;
    if version_type != 0x11 {
        return ignored("malformed PPPoE header");
    }
    if code != 0 {
        return other();
    }
    span.clip(usize::from(u16::from_be_bytes([high, low])));
    Continue(Layer::Ppp)
}

/// PPP (RFC 1661), with address and control (RFC 1662) or without, its protocol in one byte or two; also
/// Cisco's HDLC, which shares the link type.
pub(super) fn ppp(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed PPP header";
    match span.peek::<2>() {
        Some([0xff, 0x03]) => span.skip(2, MALFORMED)?,
        Some([0x0f | 0x8f, 0x00]) => {
            let &[_, _, high, low] = span.take::<4>(MALFORMED)?;
            return by_ether_type(u16::from_be_bytes([high, low]));
        }
        _ => {}
    }
    let &[first] = span.take::<1>(MALFORMED)?;
    let is_compressed = first & 1 == 1;
    let protocol = if is_compressed {
        u16::from(first)
    } else {
        let &[second] = span.take::<1>(MALFORMED)?;
        u16::from_be_bytes([first, second])
    };
    Continue(match protocol {
        0x0021 => Layer::Ipv4,
        0x0057 => Layer::Ipv6,
        0x0281 | 0x0283 => Layer::Mpls,
        _ => return other(),
    })
}
