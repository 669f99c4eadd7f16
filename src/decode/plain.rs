//! The short way for what almost all frames are: Ethernet, then IPv4 or IPv6 without options, extension headers or
//! fragments, then TCP, nothing of it cut off.
//!
//! A third of the work on a packet that is of no concern went into walking through these three headers one by one. The
//! short way finds the same segment as the long one, or none: whatever is unusual is left to that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::segment::{Flags, Segment};
use super::tcp_header::timestamp;
use crate::base::Endpoint;
use crate::capture::{Frame, Glance, LinkType};

/// Headers on the short way, as the long one counts them.
pub(super) const HEADERS: usize = 3;

/// Length of an Ethernet header and an IPv4 header without options.
const WITH_V4: usize = 34;
/// Length of an Ethernet header and an IPv6 header.
const WITH_V6: usize = 54;
/// TCP among IP's protocols.
const PROTOCOL_TCP: u8 = 6;
/// Length of a TCP header without options.
const TCP: usize = 20;

/// The segment in a plain frame.
#[inline]
pub(super) fn segment<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    match frame.glance {
        Some(glance) => of(frame, glance),
        None => of(frame, &glance(frame.link, frame.bytes, frame.wire_len)?),
    }
}

/// What the headers of a plain frame say, as [`Decoder`](super::Decoder) would have it: it needs no look at the bytes of
/// a frame that carries this.
#[inline]
pub fn glance(link: LinkType, bytes: &[u8], wire_len: u32) -> Option<Glance> {
    if link != LinkType::ETHERNET || usize::try_from(wire_len).ok()? != bytes.len() {
        return None;
    }
    let (headers, rest) = bytes.split_first_chunk::<WITH_V4>()?;
    match [headers[12], headers[13]] {
        // Five words of header; neither a fragment nor more to follow.
        [0x08, 0x00]
            if headers[14] == 0x45
                && matches!([headers[20], headers[21]], [0 | 0x40, 0])
                && headers[23] == PROTOCOL_TCP =>
        {
            let length = u16::from_be_bytes([headers[16], headers[17]]).checked_sub(20)?;
            let (addresses, _) = headers.last_chunk::<8>()?.as_chunks::<4>();
            let &[source, destination] = addresses else { return None };
            behind(
                WITH_V4,
                (Ipv4Addr::from(source).into(), Ipv4Addr::from(destination).into()),
                rest.get(..usize::from(length))?,
            )
        }
        [0x86, 0xdd] if headers[14] >> 4 == 6 && headers[20] == PROTOCOL_TCP => {
            let (headers, rest) = bytes.split_first_chunk::<WITH_V6>()?;
            let length = u16::from_be_bytes([headers[18], headers[19]]);
            let (addresses, _) = headers.last_chunk::<32>()?.as_chunks::<16>();
            let &[source, destination] = addresses else { return None };
            behind(
                WITH_V6,
                (Ipv6Addr::from(source).into(), Ipv6Addr::from(destination).into()),
                rest.get(..usize::from(length))?,
            )
        }
        _ => None,
    }
}

/// What the TCP header says that these bytes begin with; `before` them are as many in the frame.
#[inline]
fn behind(before: usize, (source, destination): (IpAddr, IpAddr), bytes: &[u8]) -> Option<Glance> {
    let header = bytes.first_chunk::<TCP>()?;
    let (words, _) = header.as_chunks::<4>();
    let &[ports, seq, ack, [offset, control, window @ ..], _] = words else { return None };
    let [source_port, destination_port] =
        [[ports[0], ports[1]], [ports[2], ports[3]]].map(u16::from_be_bytes);
    let length = usize::from(offset >> 4) * 4;
    let options = bytes.get(TCP..length)?;
    Some(Glance {
        source: Endpoint::new(source, source_port),
        destination: Endpoint::new(destination, destination_port),
        seq: u32::from_be_bytes(seq),
        ack: u32::from_be_bytes(ack),
        timestamp: timestamp(options),
        window: u16::from_be_bytes(window),
        payload_len: u16::try_from(bytes.len().checked_sub(length)?).ok()?,
        payload_start: u8::try_from(before.checked_add(length)?).ok()?,
        control,
    })
}

/// The segment that a glance at its frame told of.
#[inline]
fn of<'a>(frame: &Frame<'a>, glance: &Glance) -> Option<Segment<'a>> {
    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const RST: u8 = 4;
    const ACK: u8 = 16;
    let has = |bit: u8| glance.control & bit != 0;
    let start = usize::from(glance.payload_start);
    Some(Segment {
        packet: frame.packet,
        source: glance.source,
        destination: glance.destination,
        seq: glance.seq,
        ack: has(ACK).then_some(glance.ack),
        flags: Flags { syn: has(SYN), fin: has(FIN), rst: has(RST) },
        window: glance.window,
        timestamp: glance.timestamp,
        payload: frame.bytes.get(start..start.checked_add(usize::from(glance.payload_len))?)?,
        cut: 0,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Decoded, Decoder};
    use super::*;
    use crate::base::{Limits, PacketRef, Timestamp};

    /// The beginnings of plain frames, up to the TCP header.
    fn headers() -> impl Strategy<Value = Vec<u8>> {
        let v4 = [
            &[2; 12][..],
            &[8, 0, 0x45, 0, 0, 60, 0, 7, 0x40, 0, 64, 6, 1, 2],
            &[192, 0, 2, 1, 192, 0, 2, 2],
        ]
        .concat();
        let v6 = [&[2; 12][..], &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 6, 64], &[1; 16], &[2; 16]].concat();
        prop_oneof![Just(v4), Just(v6)]
    }

    /// What the short way finds, which is the same with a glance before it, and what the long way does.
    fn both_ways(bytes: &[u8], cut: u32) -> (Option<String>, String) {
        let mut frame = Frame {
            packet: PacketRef { time: Timestamp::from_nanos(5), frame: 9 },
            link: LinkType::ETHERNET,
            bytes,
            wire_len: u32::try_from(bytes.len()).unwrap() + cut,
            source: 0,
            glance: None,
        };
        let in_words = |segment: Option<Segment<'_>>| segment.map(|segment| format!("{segment:?}"));
        let short = in_words(segment(&frame));
        let glance = glance(frame.link, frame.bytes, frame.wire_len);
        assert_eq!(glance.is_some(), short.is_some());
        frame.glance = glance.as_ref();
        assert_eq!(in_words(segment(&frame)), short);
        frame.glance = None;
        let long = match Decoder::new(&Limits::default()).decode_the_long_way(&frame) {
            Decoded::Segment(segment) => format!("{segment:?}"),
            other => format!("{other:?}"),
        };
        (short, long)
    }

    proptest! {
        #[test]
        fn what_the_short_way_finds_the_long_way_finds_too(
            mut bytes in headers(),
            tcp in prop::collection::vec(any::<u8>(), 0..80),
            words in 0..16_u8,
            changes in prop::collection::vec((0..120_usize, any::<u8>()), 0..4),
            cut in prop_oneof![9 => Just(0_u32), 1 => 1..9_u32],
        ) {
            bytes.extend(tcp);
            let offset_byte = if bytes.get(12) == Some(&8) { 46 } else { 66 };
            if let Some(byte) = bytes.get_mut(offset_byte) {
                *byte = words << 4;
            }
            for (place, byte) in changes {
                if let Some(slot) = bytes.get_mut(place) {
                    *slot = byte;
                }
            }
            let (short, long) = both_ways(&bytes, cut);
            if let Some(short) = short {
                prop_assert_eq!(short, long);
            }
        }
    }

    #[test]
    fn plain_frames_take_the_short_way() {
        for headers in
            [&[8, 0, 0x45, 0, 0, 44, 0, 7, 0x40, 0, 64, 6, 1, 2, 192, 0, 2, 1, 192, 0, 2, 2][..], &{
                let mut v6 = [0; 42];
                v6[..10].copy_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 6, 64]);
                v6
            }]
        {
            let tcp = [
                195, 80, 0, 21, 0, 0, 0, 7, 0, 0, 0, 9, 0x50, 0x18, 1, 0, 0, 0, 0, 0, b'Q', b'U', b'I', b'T',
            ];
            let bytes = [&[2; 12][..], headers, &tcp, b"\0\0"].concat();
            let (short, long) = both_ways(&bytes, 0);
            assert_eq!(short, Some(long));
        }
    }
}
