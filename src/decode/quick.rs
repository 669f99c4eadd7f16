//! The fast path for almost all frames: Ethernet, then IPv4 or IPv6 without options, extension headers or
//! fragments, then TCP, with nothing cut off.
//!
//! Parsing these three headers one by one took a third of the time for an irrelevant packet. The fast path finds
//! the same segment as the slow path, or none: anything unusual is left to the slow path.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::segment::{Flags, Segment};
use super::tcp_header::timestamp;
use super::{Frame, LinkType};
use crate::base::Endpoint;

/// Number of headers on the fast path, as the slow path counts them.
pub(super) const HEADERS: usize = 3;

/// Length of an Ethernet header and an IPv4 header without options.
const WITH_V4: usize = 34;
/// Length of an Ethernet header and an IPv6 header.
const WITH_V6: usize = 54;
/// Length of an Ethernet header.
const BEFORE_IP: u32 = 14;
/// TCP among IP's protocols.
const PROTOCOL_TCP: u8 = 6;
/// Length of a TCP header without options.
const TCP: usize = 20;

/// The header fields of a plain frame that holds a whole TCP segment. A reader on another thread may decode
/// them ahead of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuickDecode {
    /// Sender of the segment.
    pub source: Endpoint,
    /// Its receiver.
    pub destination: Endpoint,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number, whether or not its bit is set.
    pub ack: u32,
    /// TSval of the timestamps option (RFC 7323).
    pub timestamp: Option<u32>,
    /// Window, unscaled.
    pub window: u16,
    /// Bytes of payload.
    pub payload_len: u16,
    /// Offset of the payload in the frame: the headers before it are always shorter than 256 bytes.
    pub payload_start: u8,
    /// The control bits (RFC 9293, section 3.1), FIN being the lowest.
    pub control: u8,
    /// Hop limit, or time to live.
    pub hop_limit: u8,
}

// One cache line, and less than any TCP segment takes in a file with all its headers, so that the decoded
// headers of a batch take no more memory than its bytes.
const _: () = assert!(size_of::<QuickDecode>() <= 64);

/// The segment in a plain frame.
#[inline]
pub(super) fn segment<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    match frame.quick {
        Some(quick) => segment_of(frame, quick),
        None => segment_of(frame, &quick_decode(frame.link, frame.bytes, frame.wire_len)?),
    }
}

/// Decodes the headers of a plain frame; none of any other. A frame that carries the result
/// ([`Frame::quick`]) spares [`Decoder`](super::Decoder) from reading its headers again.
#[doc(hidden)]
#[inline]
pub fn quick_decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Option<QuickDecode> {
    if link != LinkType::ETHERNET || usize::try_from(wire_len).ok()? != bytes.len() {
        return None;
    }
    let (headers, rest) = bytes.split_first_chunk::<WITH_V4>()?;
    match [headers[12], headers[13]] {
        // Five words of header, and not a fragment.
        [0x08, 0x00]
            if headers[14] == 0x45
                && matches!([headers[20], headers[21]], [0 | 0x40, 0])
                && headers[23] == PROTOCOL_TCP =>
        {
            let length = u16::from_be_bytes([headers[16], headers[17]]).checked_sub(20)?;
            let (addresses, _) = headers.last_chunk::<8>()?.as_chunks::<4>();
            let &[source, destination] = addresses else { return None };
            tcp_fields(
                (WITH_V4, headers[22]),
                (Ipv4Addr::from(source).into(), Ipv4Addr::from(destination).into()),
                rest.get(..usize::from(length))?,
            )
        }
        [0x86, 0xdd] if headers[14] >> 4 == 6 && headers[20] == PROTOCOL_TCP => {
            let (headers, rest) = bytes.split_first_chunk::<WITH_V6>()?;
            let length = u16::from_be_bytes([headers[18], headers[19]]);
            let (addresses, _) = headers.last_chunk::<32>()?.as_chunks::<16>();
            let &[source, destination] = addresses else { return None };
            tcp_fields(
                (WITH_V6, headers[21]),
                (Ipv6Addr::from(source).into(), Ipv6Addr::from(destination).into()),
                rest.get(..usize::from(length))?,
            )
        }
        _ => None,
    }
}

/// The fields of the TCP header that `bytes` begin with, at offset `before` in the frame.
#[inline]
fn tcp_fields(
    (before, hop_limit): (usize, u8),
    (source, destination): (IpAddr, IpAddr),
    bytes: &[u8],
) -> Option<QuickDecode> {
    let header = bytes.first_chunk::<TCP>()?;
    let (words, _) = header.as_chunks::<4>();
    let &[ports, seq, ack, [offset, control, window @ ..], _] = words else { return None };
    let [source_port, destination_port] =
        [[ports[0], ports[1]], [ports[2], ports[3]]].map(u16::from_be_bytes);
    let length = usize::from(offset >> 4) * 4;
    let options = bytes.get(TCP..length)?;
    Some(QuickDecode {
        source: Endpoint::new(source, source_port),
        destination: Endpoint::new(destination, destination_port),
        seq: u32::from_be_bytes(seq),
        ack: u32::from_be_bytes(ack),
        timestamp: timestamp(options),
        window: u16::from_be_bytes(window),
        payload_len: u16::try_from(bytes.len().checked_sub(length)?).ok()?,
        payload_start: u8::try_from(before.checked_add(length)?).ok()?,
        control,
        hop_limit,
    })
}

/// The segment in a frame whose headers were decoded.
#[inline]
fn segment_of<'a>(frame: &Frame<'a>, quick: &QuickDecode) -> Option<Segment<'a>> {
    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const RST: u8 = 4;
    const ACK: u8 = 16;
    let has = |bit: u8| quick.control & bit != 0;
    let start = usize::from(quick.payload_start);
    Some(Segment {
        packet: frame.packet,
        source: quick.source,
        destination: quick.destination,
        seq: quick.seq,
        ack: has(ACK).then_some(quick.ack),
        flags: Flags { syn: has(SYN), fin: has(FIN), rst: has(RST) },
        window: quick.window,
        timestamp: quick.timestamp,
        payload: frame.bytes.get(start..start.checked_add(usize::from(quick.payload_len))?)?,
        cut: 0,
        ip_len: (u32::from(quick.payload_start) + u32::from(quick.payload_len)).saturating_sub(BEFORE_IP),
        hop_limit: quick.hop_limit,
        header: frame.bytes.get(before_tcp(quick)..start)?,
    })
}

/// Offset of the TCP header in a frame whose headers were decoded.
#[inline]
const fn before_tcp(quick: &QuickDecode) -> usize {
    if quick.source.ip.is_ipv4() { WITH_V4 } else { WITH_V6 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Decoded, Decoder};
    use super::*;
    use crate::base::{FrameNumber, Limits, PacketRef, Timestamp};

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

    /// What the fast path finds, whether or not the headers were decoded ahead, and what the slow path finds.
    fn both_paths(bytes: &[u8], cut: u32) -> (Option<String>, String) {
        let mut frame = Frame {
            packet: PacketRef { time: Timestamp::from_nanos(5), frame: FrameNumber(9) },
            link: LinkType::ETHERNET,
            bytes,
            wire_len: u32::try_from(bytes.len()).unwrap() + cut,
            source: 0,
            quick: None,
        };
        let in_words = |segment: Option<Segment<'_>>| segment.map(|segment| format!("{segment:?}"));
        let fast = in_words(segment(&frame));
        let quick = quick_decode(frame.link, frame.bytes, frame.wire_len);
        assert_eq!(quick.is_some(), fast.is_some());
        frame.quick = quick.as_ref();
        assert_eq!(in_words(segment(&frame)), fast);
        frame.quick = None;
        let slow = match Decoder::new(&Limits::default()).decode_slow(&frame) {
            Decoded::Segment(segment) => format!("{segment:?}"),
            other => format!("{other:?}"),
        };
        (fast, slow)
    }

    proptest! {
        #[test]
        fn whatever_the_fast_path_finds_the_slow_path_finds_too(
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
            let (fast, slow) = both_paths(&bytes, cut);
            if let Some(fast) = fast {
                prop_assert_eq!(fast, slow);
            }
        }
    }

    #[test]
    fn plain_frames_take_the_fast_path() {
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
            let (fast, slow) = both_paths(&bytes, 0);
            assert_eq!(fast, Some(slow));
        }
    }
}
