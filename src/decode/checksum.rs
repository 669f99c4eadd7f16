//! Whether a segment's checksum is right.

use std::net::IpAddr;

use super::segment::Segment;

/// Where the checksum stands in a TCP header.
const PLACE: std::ops::Range<usize> = 16..18;

/// TCP among IP's protocols.
const PROTOCOL_TCP: u64 = 6;

/// What a segment's checksum (RFC 9293 section 3.1) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It is right.
    Right,
    /// It is what a host leaves to the network card to complete, or to nobody: the sum of the addresses, or 0.
    /// Hosts show their own packets so, and those that they have merged.
    Unfinished,
    /// Its receiver throws the segment away.
    Wrong,
    /// The capture lacks a part of the segment.
    Unknown,
}

/// Ones' complement sums: of numbers that stand at even places, in any size.
#[derive(Clone, Copy, Default)]
struct Sum(u64);

impl Sum {
    #[inline]
    fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut sum = self.0;
        // A segment has far fewer words than would fill 64 bits.
        for word in words {
            sum = sum.wrapping_add(u64::from(u32::from_be_bytes(*word)));
        }
        let mut last = [0; 4];
        if let Some(place) = last.get_mut(..rest.len()) {
            place.copy_from_slice(rest);
        }
        Self(sum.wrapping_add(u64::from(u32::from_be_bytes(last))))
    }

    fn number(self, number: u64) -> Self {
        Self(self.0.wrapping_add(number))
    }

    fn address(self, ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => self.bytes(&ip.octets()),
            IpAddr::V6(ip) => self.bytes(&ip.octets()),
        }
    }

    /// In 16 bits.
    const fn folded(self) -> u16 {
        let sum = (self.0 >> 32) + (self.0 & 0xffff_ffff);
        let sum = (sum >> 16) + (sum & 0xffff);
        let sum = (sum >> 16) + (sum & 0xffff);
        let sum = (sum >> 16) + (sum & 0xffff);
        #[expect(clippy::cast_possible_truncation, reason = "what was carried was added")]
        let folded = sum as u16;
        folded
    }
}

impl Segment<'_> {
    /// What its checksum says.
    pub fn checksum(&self) -> Checksum {
        let length = self.header.len().saturating_add(self.payload.len());
        let Some(&[high, low]) = self.header.get(PLACE).filter(|_| self.is_whole()) else {
            return Checksum::Unknown;
        };
        let addresses = Sum::default().address(self.source.ip).address(self.destination.ip);
        let addresses = addresses.number(PROTOCOL_TCP);
        let with_length = addresses.number(length.try_into().unwrap_or(0));
        if with_length.bytes(self.header).bytes(self.payload).folded() == 0xffff {
            return Checksum::Right;
        }
        let stated = u16::from_be_bytes([high, low]);
        let is_unfinished = stated == 0 || stated == with_length.folded() || stated == addresses.folded();
        if is_unfinished { Checksum::Unfinished } else { Checksum::Wrong }
    }

    /// A checksum that is right, unfinished or wrong behind this header, the checksum of which is 0.
    #[cfg(test)]
    pub(crate) fn checksum_that_says(&self, header: &[u8], says: Checksum) -> [u8; 2] {
        let length = u64::try_from(header.len() + self.payload.len()).unwrap_or(0);
        let addresses = Sum::default().address(self.source.ip).address(self.destination.ip);
        let pseudo = addresses.number(PROTOCOL_TCP).number(length);
        let right = !pseudo.bytes(header).bytes(self.payload).folded();
        match says {
            Checksum::Unfinished => pseudo.folded(),
            Checksum::Wrong => right.wrapping_add(1),
            Checksum::Right | Checksum::Unknown => right,
        }
        .to_be_bytes()
    }

    /// Whether the capture kept all of it.
    fn is_whole(&self) -> bool {
        let words = self.header.get(12).map_or(0, |offset| usize::from(offset >> 4));
        self.cut == 0 && self.header.len() == words.saturating_mul(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Endpoint, FrameNumber, PacketRef, Timestamp};
    use crate::decode::Flags;

    /// The checksum of a segment by the book, two bytes at a time.
    fn by_the_book(bytes: &[u8]) -> u16 {
        let mut sum = 0_u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
            sum = (sum >> 16) + (sum & 0xffff);
        }
        !(u16::try_from(sum).unwrap())
    }

    fn says(source: &str, destination: &str, header: &[u8], payload: &[u8], cut: u32) -> Checksum {
        let end = |ip: &str| Endpoint::new(ip.parse().unwrap(), 21);
        let segment = Segment {
            packet: PacketRef { time: Timestamp::from_nanos(0), frame: FrameNumber(1) },
            source: end(source),
            destination: end(destination),
            seq: 0,
            ack: None,
            flags: Flags::default(),
            window: 0,
            timestamp: None,
            payload,
            cut,
            ip_len: 0,
            hop_limit: 64,
            header,
        };
        segment.checksum()
    }

    #[test]
    fn it_is_right_unfinished_wrong_or_unknown() {
        let v4 = ("192.0.2.1", "198.51.100.255", vec![192, 0, 2, 1, 198, 51, 100, 255]);
        let octets = |ip: &str| ip.parse::<std::net::Ipv6Addr>().unwrap().octets();
        let v6 =
            ("2001:db8::ffff", "2001:db8::2", [octets("2001:db8::ffff"), octets("2001:db8::2")].concat());
        for (source, destination, addresses) in [v4, v6] {
            for payload in [&b""[..], b"Q", b"QUIT\r\n", &[0xff; 1461], &[0; 64]] {
                let mut header =
                    [7, 9, 0xff, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0x60, 0x18, 1, 0, 0, 0, 0, 0, 2, 4, 5, 1];
                let length = u16::try_from(header.len() + payload.len()).unwrap().to_be_bytes();
                let pseudo = [&addresses[..], &[0, 6], &length].concat();
                let right = by_the_book(&[&pseudo, &header[..], payload].concat());
                let bare = !by_the_book(&[&addresses[..], &[0, 6]].concat());
                let cases = [
                    (right, Checksum::Right),
                    (right ^ 0x0100, Checksum::Wrong),
                    (!by_the_book(&pseudo), Checksum::Unfinished),
                    (bare, Checksum::Unfinished),
                    (0, Checksum::Unfinished),
                ];
                for (stated, expected) in cases {
                    header[16..18].copy_from_slice(&stated.to_be_bytes());
                    assert_eq!(
                        says(source, destination, &header, payload, 0),
                        expected,
                        "{stated:x} {payload:?}"
                    );
                }
                assert_eq!(says(source, destination, &header, payload, 1), Checksum::Unknown);
                assert_eq!(says(source, destination, &header[..16], payload, 0), Checksum::Unknown);
            }
        }
    }
}
