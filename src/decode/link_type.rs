//! Link types, by their numbers in the registry of pcap and pcapng (LINKTYPE_ values).

use std::fmt;

use super::layer::Layer;

/// A link type by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

/// Declares the link types that can be decoded: constant, number, name in the registry, and the layer that a
/// frame begins with. A new one is a line here, plus a [`Layer`] if none of the existing ones fits.
macro_rules! link_types {
    ($($(#[doc = $doc:literal])+ $constant:ident = $number:literal, $name:literal, $layer:expr;)+) => {
        impl LinkType {
            $($(#[doc = $doc])+ pub const $constant: Self = Self($number);)+

            /// The link types that can be decoded.
            pub const ALL: &[Self] = &[$(Self::$constant),+];

            /// The name in the registry; none where ftpscope can't decode it.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)+
                    _ => None,
                }
            }

            /// The layer that frames of this type begin with.
            #[inline]
            pub(super) const fn first_layer(self) -> Option<Layer> {
                match self {
                    $(Self::$constant => Some($layer),)+
                    _ => None,
                }
            }
        }
    };
}

link_types! {
    /// BSD loopback: four bytes of address family in the byte order of the machine that captured.
    NULL = 0, "NULL", Layer::Loopback;
    /// Ethernet.
    ETHERNET = 1, "ETHERNET", Layer::Ethernet;
    /// PPP.
    PPP = 9, "PPP", Layer::Ppp;
    /// IP without any link header, by the number that some BSDs wrote.
    RAW_BSD = 12, "RAW", Layer::Ip;
    /// IP without any link header, by the number that OpenBSD writes.
    RAW_OPENBSD = 14, "RAW", Layer::Ip;
    /// PPP in HDLC-like framing.
    PPP_HDLC = 50, "PPP_HDLC", Layer::Ppp;
    /// PPP over Ethernet, without the Ethernet header.
    PPP_ETHER = 51, "PPP_ETHER", Layer::Pppoe;
    /// IP without any link header.
    RAW = 101, "RAW", Layer::Ip;
    /// Cisco's HDLC.
    C_HDLC = 104, "C_HDLC", Layer::Ppp;
    /// IEEE 802.11.
    IEEE802_11 = 105, "IEEE802_11", Layer::Wlan { padded: false };
    /// OpenBSD loopback: four bytes of address family in network byte order.
    LOOP = 108, "LOOP", Layer::Loopback;
    /// Packets that a BSD hands to or takes from IPsec.
    ENC = 109, "ENC", Layer::DecryptedIpsec;
    /// Linux cooked capture, version 1.
    LINUX_SLL = 113, "LINUX_SLL", Layer::LinuxCooked;
    /// Log of the packet filter of OpenBSD and FreeBSD.
    PFLOG = 117, "PFLOG", Layer::PacketFilterLog;
    /// IEEE 802.11 behind a radiotap header.
    IEEE802_11_RADIOTAP = 127, "IEEE802_11_RADIOTAP", Layer::Radiotap;
    /// IPv4 without any link header.
    IPV4 = 228, "IPV4", Layer::Ipv4;
    /// IPv6 without any link header.
    IPV6 = 229, "IPV6", Layer::Ipv6;
    /// Log of Linux's packet filter.
    NFLOG = 239, "NFLOG", Layer::NetfilterLog;
    /// Linux cooked capture, version 2.
    LINUX_SLL2 = 276, "LINUX_SLL2", Layer::LinuxCooked2;
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "LINKTYPE_{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Limits, PacketRef};
    use crate::decode::{Decoded, Decoder, Frame};

    #[test]
    fn a_link_type_has_a_name_exactly_where_the_decoder_takes_it() {
        let mut decoder = Decoder::new(&Limits::default());
        for number in 0..=u16::MAX {
            let link = LinkType(number);
            let packet = PacketRef::default();
            let frame = Frame { packet, link, bytes: &[], wire_len: 0, source: 0, quick: None };
            let is_unknown = matches!(decoder.decode(&frame), Decoded::Ignored("unknown link type"));
            assert_eq!(link.name().is_none(), is_unknown, "{link}");
            assert_eq!(LinkType::ALL.contains(&link), !is_unknown, "{link}");
        }
    }
}
