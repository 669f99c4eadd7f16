//! Layer after layer, down to TCP.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;

use etherparse::IpNumber;

use super::span::{Span, Stop};
use super::{ip, link, pseudo, tunnel, wlan};
use crate::report::IcmpVersion;

/// What begins where a span begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Ethernet,
    Vlan,
    VnTag,
    BackboneService,
    Llc,
    Mpls,
    Pseudowire,
    Pppoe,
    Ppp,
    Loopback,
    LinuxCooked,
    LinuxCooked2,
    NetfilterLog,
    PacketFilterLog,
    DecryptedIpsec,
    Radiotap,
    Wlan {
        padded: bool,
    },
    /// IP of the version that its first nibble says.
    Ip,
    Ipv4,
    Ipv6,
    /// An IPv6 extension header of this type.
    Ipv6Extension(IpNumber),
    Tcp,
    Icmp(IcmpVersion),
    /// A DNS message over UDP.
    Dns,
    /// UDP, or a tunnel with a header of its own, by its protocol number.
    Payload(IpNumber),
    /// A piece of an IP datagram's payload, which [`Trail::fragment`] places.
    Fragment,
}

/// Where a piece of an IP datagram belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// The identification that the sender gave the datagram.
    pub(super) identification: u32,
    /// Bytes of the datagram's payload before this piece.
    pub(super) offset: usize,
    /// Whether more pieces follow.
    pub(super) more: bool,
    /// What the payload is: a protocol, or a further IPv6 extension header.
    pub(super) protocol: IpNumber,
    /// Whether it is IPv6, where the protocol is taken from the first piece (RFC 8200 section 4.5).
    pub(super) is_v6: bool,
}

impl Fragment {
    /// Whether it begins with a TCP header.
    pub(super) fn is_first_of_tcp(&self) -> bool {
        self.offset == 0 && self.protocol == IpNumber::TCP
    }
}

/// What the headers parsed so far contain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trail {
    /// How many more headers may be parsed.
    pub(super) depth_left: usize,
    /// Source address of the innermost IP header so far.
    pub(super) source: IpAddr,
    /// Destination address of the innermost IP header so far.
    pub(super) destination: IpAddr,
    /// Length of that header, with its options or extension headers.
    pub(super) ip_header: u16,
    /// Its hop limit.
    pub(super) hop_limit: u8,
    /// The piece of a datagram that the innermost IP header announced, if it did.
    pub(super) fragment: Fragment,
}

impl Trail {
    /// A trail at the beginning of a frame.
    pub(super) const fn new(depth: usize) -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let fragment =
            Fragment { identification: 0, offset: 0, more: false, protocol: IpNumber(0), is_v6: false };
        Self {
            depth_left: depth,
            source: nowhere,
            destination: nowhere,
            ip_header: 0,
            hop_limit: 0,
            fragment,
        }
    }
}

/// Where parsing ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// At a TCP header.
    Tcp(Span<'a>),
    /// At an ICMP header.
    Icmp(Span<'a>, IcmpVersion),
    /// At a DNS message.
    Dns(Span<'a>),
    /// At a piece of an IP datagram.
    Fragment(Span<'a>),
    /// Before any of these.
    Stop(Stop),
}

/// Parses headers down to the innermost TCP header.
#[inline]
pub(super) fn walk<'a>(mut span: Span<'a>, mut layer: Layer, trail: &mut Trail) -> Step<'a> {
    loop {
        let Some(depth_left) = trail.depth_left.checked_sub(1) else { return Step::Stop(Stop::TooDeep) };
        trail.depth_left = depth_left;
        let peeled = match layer {
            Layer::Ethernet => link::ethernet(&mut span),
            Layer::Ipv4 => ip::v4(&mut span, trail),
            Layer::Ipv6 => ip::v6(&mut span, trail),
            Layer::Tcp => return Step::Tcp(span),
            Layer::Fragment => return Step::Fragment(span),
            Layer::Icmp(version) => return Step::Icmp(span, version),
            Layer::Dns => return Step::Dns(span),
            Layer::Ip => ip::either(&mut span, trail),
            Layer::Ipv6Extension(header) => ip::extension(header, &mut span, trail),
            Layer::Payload(protocol) => tunnel::payload(protocol, &mut span),
            Layer::Vlan => link::vlan(&mut span),
            Layer::VnTag => link::vn_tag(&mut span),
            Layer::BackboneService => link::backbone_service(&mut span),
            Layer::Llc => link::llc(&mut span),
            Layer::Mpls => link::mpls(&mut span),
            Layer::Pseudowire => link::pseudowire(&mut span),
            Layer::Pppoe => link::pppoe(&mut span),
            Layer::Ppp => link::ppp(&mut span),
            Layer::Loopback => pseudo::loopback(&mut span),
            Layer::LinuxCooked => pseudo::linux_cooked(&mut span),
            Layer::LinuxCooked2 => pseudo::linux_cooked_2(&mut span),
            Layer::NetfilterLog => pseudo::netfilter_log(&mut span),
            Layer::PacketFilterLog => pseudo::packet_filter_log(&mut span),
            Layer::DecryptedIpsec => pseudo::decrypted_ipsec(&mut span),
            Layer::Radiotap => wlan::radiotap(&mut span),
            Layer::Wlan { padded } => wlan::wlan(&mut span, padded),
        };
        match peeled {
            ControlFlow::Continue(next) => layer = next,
            ControlFlow::Break(stop) => return Step::Stop(stop),
        }
    }
}
