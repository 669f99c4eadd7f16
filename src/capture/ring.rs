//! The last packets of a running capture, in memory, so that some of them can still be saved.
//!
//! **Invariant:** never more bytes than there is room for; the oldest packets go first.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::PacketRef;
use crate::decode::{Frame, LinkType};

/// Bytes that are dropped at a time.
const CHUNK: usize = 1024 * 1024;

/// The last packets.
#[derive(Debug)]
pub struct Ring {
    room: usize,
    /// Bytes taken by packets.
    taken: usize,
    /// Full chunks, the oldest first.
    full: VecDeque<Arc<Chunk>>,
    filling: Chunk,
}

/// Packets that were captured one after the other.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    bytes: Vec<u8>,
    packets: Vec<Packet>,
}

/// All of a packet but its bytes.
#[derive(Clone, Copy, Debug)]
struct Packet {
    at: PacketRef,
    link: LinkType,
    wire_len: u32,
    source: u16,
    /// Where its bytes end.
    end: usize,
}

impl Ring {
    /// A ring with room for this many bytes.
    pub fn new(room: usize) -> Self {
        Self { room, taken: 0, full: VecDeque::new(), filling: Chunk::default() }
    }

    /// Takes a packet; the oldest ones make room for it.
    pub fn push(&mut self, frame: &Frame<'_>) {
        let size = frame.bytes.len().saturating_add(size_of::<Packet>());
        if self.filling.size().saturating_add(size) > CHUNK.min(self.room / 8) {
            let mut full = std::mem::take(&mut self.filling);
            full.bytes.shrink_to_fit();
            full.packets.shrink_to_fit();
            self.full.extend((!full.packets.is_empty()).then(|| Arc::new(full)));
        }
        self.taken = self.taken.saturating_add(size);
        while self.taken > self.room
            && let Some(oldest) = self.full.pop_front()
        {
            self.taken = self.taken.saturating_sub(oldest.size());
        }
        // The packet alone is larger than the room.
        if self.taken > self.room {
            self.filling = Chunk::default();
            self.taken = 0;
            return;
        }
        self.filling.push(frame);
    }

    /// A snapshot of all packets, to be read while others come.
    pub fn chunks(&self) -> Vec<Arc<Chunk>> {
        let filling = (!self.filling.packets.is_empty()).then(|| Arc::new(self.filling.clone()));
        self.full.iter().cloned().chain(filling).collect()
    }
}

impl Chunk {
    fn size(&self) -> usize {
        self.bytes.len().saturating_add(self.packets.len().saturating_mul(size_of::<Packet>()))
    }

    fn push(&mut self, frame: &Frame<'_>) {
        self.bytes.extend_from_slice(frame.bytes);
        self.packets.push(Packet {
            at: frame.packet,
            link: frame.link,
            wire_len: frame.wire_len,
            source: frame.source,
            end: self.bytes.len(),
        });
    }

    /// Its packets, in the order in which they were captured.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let mut start = 0;
        self.packets.iter().map(move |&Packet { at, link, wire_len, source, end }| {
            let bytes = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            Frame { packet: at, link, bytes, wire_len, source, quick: None }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FrameNumber, Timestamp};

    fn push(ring: &mut Ring, number: u64, length: usize) {
        let bytes = vec![u8::try_from(number % 251).unwrap(); length];
        let packet = PacketRef { time: Timestamp::from_nanos(7), frame: FrameNumber(number) };
        let wire_len = u32::try_from(length).unwrap();
        ring.push(&Frame {
            packet,
            link: LinkType::ETHERNET,
            bytes: &bytes,
            wire_len,
            source: 0,
            quick: None,
        });
    }

    fn numbers(ring: &Ring) -> Vec<u64> {
        let chunks = ring.chunks();
        let numbers = chunks.iter().flat_map(|chunk| {
            chunk.frames().map(|frame| {
                assert!(frame.bytes.iter().all(|&byte| u64::from(byte) == frame.packet.frame.0 % 251));
                assert_eq!(frame.bytes.len(), frame.wire_len as usize);
                frame.packet.frame.0
            })
        });
        numbers.collect()
    }

    #[test]
    fn the_newest_packets_stay_within_the_room_there_is() {
        let mut ring = Ring::new(100_000);
        for number in 1..=1000 {
            push(&mut ring, number, usize::try_from(number % 1500).unwrap());
            assert!(ring.taken <= 100_000);
        }
        let kept = numbers(&ring);
        assert_eq!(kept.last(), Some(&1000));
        assert!(kept.is_sorted() && kept.len() > 80, "{kept:?}");
        assert_eq!(kept.len() as u64, 1000 - kept[0] + 1, "none between them is missing");
    }

    #[test]
    fn a_packet_that_has_no_room_takes_none() {
        let mut ring = Ring::new(1000);
        push(&mut ring, 1, 50);
        push(&mut ring, 2, 5000);
        assert_eq!(numbers(&ring), Vec::<u64>::new());
        push(&mut ring, 3, 50);
        assert_eq!(numbers(&ring), [3]);
    }

    #[test]
    fn what_was_taken_from_the_ring_stays_while_packets_come() {
        let mut ring = Ring::new(10_000);
        (1..=20).for_each(|number| push(&mut ring, number, 100));
        let chunks = ring.chunks();
        (21..=500).for_each(|number| push(&mut ring, number, 100));
        let frames = chunks.iter().flat_map(|chunk| chunk.frames());
        assert_eq!(
            frames.map(|frame| frame.packet.frame.0).collect::<Vec<_>>(),
            (1..=20).collect::<Vec<_>>()
        );
    }
}
