//! One captured packet.

use std::fmt;

use crate::base::PacketRef;

use super::Glance;

/// One captured packet, valid until the next one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured and its number in the whole capture.
    pub packet: PacketRef,
    /// What its first header is.
    pub link: LinkType,
    /// The bytes that the capture kept.
    pub bytes: &'a [u8],
    /// How many bytes there were on the wire; never less than were kept.
    pub wire_len: u32,
    /// Index of the source (file or interface) that it came from.
    pub source: u16,
    /// What its headers say, where whoever read it has glanced at them: nothing that the bytes don't tell.
    pub glance: Option<&'a Glance>,
}

/// A link type by its number in the registry of pcap and pcapng (LINKTYPE_ values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: four bytes of address family in the byte order of the machine that captured.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// IP without any link header, by the number that some BSDs wrote.
    pub const RAW_BSD: Self = Self(12);
    /// IP without any link header, by the number that OpenBSD writes.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet, without the Ethernet header.
    pub const PPP_ETHER: Self = Self(51);
    /// IP without any link header.
    pub const RAW: Self = Self(101);
    /// Cisco's HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// OpenBSD loopback: four bytes of address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// What a BSD hands to or takes from IPsec.
    pub const ENC: Self = Self(109);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// What the packet filter of OpenBSD and FreeBSD logs.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 behind a radiotap header.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// IPv4 without any link header.
    pub const IPV4: Self = Self(228);
    /// IPv6 without any link header.
    pub const IPV6: Self = Self(229);
    /// What Linux's packet filter logs.
    pub const NFLOG: Self = Self(239);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The name in the registry, where ftpscope can decode it.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NULL => "NULL",
            Self::ETHERNET => "ETHERNET",
            Self::PPP => "PPP",
            Self::PPP_HDLC => "PPP_HDLC",
            Self::RAW | Self::RAW_BSD | Self::RAW_OPENBSD => "RAW",
            Self::PPP_ETHER => "PPP_ETHER",
            Self::C_HDLC => "C_HDLC",
            Self::ENC => "ENC",
            Self::PFLOG => "PFLOG",
            Self::NFLOG => "NFLOG",
            Self::IEEE802_11 => "IEEE802_11",
            Self::LOOP => "LOOP",
            Self::LINUX_SLL => "LINUX_SLL",
            Self::IEEE802_11_RADIOTAP => "IEEE802_11_RADIOTAP",
            Self::IPV4 => "IPV4",
            Self::IPV6 => "IPV6",
            Self::LINUX_SLL2 => "LINUX_SLL2",
            _ => return None,
        })
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "LINKTYPE_{}", self.0),
        }
    }
}
