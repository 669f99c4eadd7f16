//! Batches of copied packets, sent from one thread to another.

use crate::base::Timestamp;
use crate::decode::{Frame, LinkType};

use super::record::Record;

/// Bytes after which a parcel is full: large enough that sending costs little.
const FULL_BYTES: usize = 512 * 1024;
/// Packets after which a parcel is full: small ones should not wait for long.
const FULL_PACKETS: usize = 4096;

/// Packets in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    bytes: Vec<u8>,
    records: Vec<(Record, u16)>,
}

impl Parcel {
    /// Copies a packet into it.
    pub(super) fn push(&mut self, time: Timestamp, link: LinkType, wire_len: u32, bytes: &[u8], source: u16) {
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let record =
            Record { time, start, captured, wire_len: wire_len.max(captured), link, has_quick: false };
        self.records.push((record, source));
    }

    /// Copies a frame into it.
    pub(super) fn push_frame(&mut self, frame: &Frame<'_>) {
        self.push(frame.packet.time, frame.link, frame.wire_len, frame.bytes, frame.source);
    }

    /// Packet number `index`, from 0 on, and the source that it came from.
    pub(super) fn get(&self, index: usize) -> Option<(Record, u16)> {
        self.records.get(index).copied()
    }

    /// The bytes of one of its packets.
    pub(super) fn bytes(&self, record: &Record) -> &[u8] {
        record.bytes(&self.bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether it should be sent before more is added.
    pub(super) const fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.records.len() >= FULL_PACKETS
    }

    /// Removes all packets; keeps the memory for the next ones, unless huge packets enlarged it.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(2 * FULL_BYTES);
        self.records.clear();
    }
}
