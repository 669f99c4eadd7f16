//! The pcap file format: one header, then packets, each preceded by its own header.
//!
//! The format is draft-ietf-opsawg-pcap; older variants are read if libpcap and Wireshark read them.

mod variant;

use crate::base::{Limits, Timestamp};
use crate::decode::LinkType;

use super::bytes::ByteOrder;
use super::record::{Contents, Fault, Piece, Record, Scan, Stop};

const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;

/// Reads a pcap file piece by piece.
#[derive(Debug)]
pub(super) struct PcapScanner {
    header: Option<Header>,
    packet_bytes: u32,
}

/// What the file header says.
#[derive(Clone, Copy, Debug)]
struct Header {
    order: ByteOrder,
    /// Whether the magic number is that of Kuznetzov's patch, which made packet headers longer.
    modified: bool,
    /// Bytes before each packet.
    record_start: usize,
    /// Nanoseconds in one unit of a packet time's fraction.
    fraction_unit: i64,
    /// Before version 2.4 some writers swapped the two lengths of a packet.
    lengths_may_be_swapped: bool,
    link: LinkType,
}

/// The byte order and kind of a file that begins with these bytes.
fn magic(first: [u8; 4]) -> Option<(ByteOrder, u32)> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .map(|order| (order, order.u32(first)))
        .find(|&(_, magic)| matches!(magic, MICROSECONDS | NANOSECONDS | MODIFIED))
}

impl PcapScanner {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { header: None, packet_bytes: u32::try_from(limits.packet_bytes).unwrap_or(u32::MAX) }
    }

    /// Whether a file that begins so is a pcap file.
    pub(super) fn recognises(first: &[u8]) -> bool {
        first.first_chunk().is_some_and(|&first| magic(first).is_some())
    }

    pub(super) const fn has_started(&self) -> bool {
        self.header.is_some()
    }

    /// Finds the packets in `bytes` from byte `from`.
    pub(super) fn scan(&mut self, bytes: &[u8], from: usize, contents: &mut Contents) -> Scan {
        if let Some(header) = self.header {
            return scan_packets(&header, self.packet_bytes, bytes, from, contents);
        }
        let Some(first) = bytes.get(from..).and_then(<[u8]>::first_chunk::<FILE_HEADER>) else {
            return Scan { used: from, stop: Stop::Needs(FILE_HEADER, Piece::FileHeader) };
        };
        match Header::read(first) {
            Ok(mut header) => {
                let packets = from.saturating_add(FILE_HEADER);
                let at_hand = bytes.get(packets..).unwrap_or_default();
                header.record_start = variant::header_length(&header, self.packet_bytes, at_hand);
                contents.links.push(header.link);
                self.header = Some(header);
                scan_packets(&header, self.packet_bytes, bytes, packets, contents)
            }
            Err(fault) => Scan { used: from, stop: Stop::Broken(fault) },
        }
    }
}

impl Header {
    fn read(bytes: &[u8; FILE_HEADER]) -> Result<Self, Fault> {
        let [m0, m1, m2, m3, a0, a1, i0, i1, .., l0, l1, l2, l3] = *bytes;
        let (order, magic) = magic([m0, m1, m2, m3]).ok_or(Fault::ByteOrder)?;
        let (major, minor) = (order.u16([a0, a1]), order.u16([i0, i1]));
        // An old writer put 543.0 here by mistake; libpcap accepts it too.
        if !(major == 2 && minor <= 4 || major == 543 && minor == 0) {
            return Err(Fault::PcapVersion { major, minor });
        }
        let [.., high, low] = order.u32([l0, l1, l2, l3]).to_be_bytes();
        Ok(Self {
            order,
            modified: magic == MODIFIED,
            record_start: PACKET_HEADER,
            fraction_unit: if magic == NANOSECONDS { 1 } else { 1000 },
            lengths_may_be_swapped: major == 2 && minor < 4,
            // The upper half of the field describes frame check sequences, which are not needed here.
            link: LinkType(u16::from_be_bytes([high, low])),
        })
    }
}

/// The loop that every packet goes through.
fn scan_packets(header: &Header, limit: u32, bytes: &[u8], from: usize, contents: &mut Contents) -> Scan {
    let order = header.order;
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3]) =
            rest.first_chunk::<PACKET_HEADER>()
        else {
            return Scan { used: at, stop: Stop::Needs(header.record_start, Piece::PacketHeader) };
        };
        let mut captured = order.u32([c0, c1, c2, c3]);
        let mut wire_len = order.u32([w0, w1, w2, w3]);
        if header.lengths_may_be_swapped && captured > wire_len {
            (captured, wire_len) = (wire_len, captured);
        }
        if captured > limit {
            let fault = Fault::PacketTooLong { claimed: captured.into(), limit: limit.into() };
            return Scan { used: at, stop: Stop::Broken(fault) };
        }
        let length = header.record_start.saturating_add(captured as usize);
        if rest.len() < length {
            return Scan { used: at, stop: Stop::Needs(length, Piece::Packet) };
        }
        let seconds = i64::from(order.u32([s0, s1, s2, s3]));
        let fraction = i64::from(order.u32([f0, f1, f2, f3]));
        let nanos = seconds.saturating_mul(1_000_000_000);
        contents.records.push(Record {
            time: Timestamp::from_nanos(nanos.saturating_add(fraction.saturating_mul(header.fraction_unit))),
            start: at.saturating_add(header.record_start),
            captured,
            wire_len: wire_len.max(captured),
            link: header.link,
            has_quick: false,
        });
        at = at.saturating_add(length);
    }
}

#[cfg(test)]
mod tests;
