//! Captures made by hand, and readers that give them in pieces.

use std::io::{self, Read};

use crate::base::Limits;
use crate::decode::LinkType;
use crate::report::Source;

use super::{Error, Frames};

/// A frame that outlives the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) nanos: i64,
    pub(super) link: LinkType,
    pub(super) bytes: Vec<u8>,
    pub(super) wire_len: u32,
}

impl Packet {
    /// An Ethernet packet of which all bytes were captured.
    pub(super) fn at(nanos: i64, bytes: &[u8]) -> Self {
        let wire_len = u32::try_from(bytes.len()).unwrap();
        Self { nanos, link: LinkType::ETHERNET, bytes: bytes.to_vec(), wire_len }
    }
}

/// The byte order of a file's numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub(super) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The file header of a pcap file of version 2.4.
pub(super) fn pcap_header(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let mut bytes = order.u32(magic).to_vec();
    bytes.extend(order.u16(2));
    bytes.extend(order.u16(4));
    for number in [0, 0, 262_144, link] {
        bytes.extend(order.u32(number));
    }
    bytes
}

/// A packet of a pcap file, with the lengths that its header shall claim.
pub(super) fn pcap_record(order: Order, time: (u32, u32), lengths: (u32, u32), bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    for number in [time.0, time.1, lengths.0, lengths.1] {
        record.extend(order.u32(number));
    }
    record.extend(bytes);
    record
}

/// A pcap file with times in nanoseconds.
pub(super) fn pcap(order: Order, packets: &[Packet]) -> Vec<u8> {
    let mut file = pcap_header(order, NANOSECONDS, 1);
    for packet in packets {
        let time = (packet.nanos / 1_000_000_000, packet.nanos % 1_000_000_000);
        let time = (u32::try_from(time.0).unwrap(), u32::try_from(time.1).unwrap());
        let captured = u32::try_from(packet.bytes.len()).unwrap();
        file.extend(pcap_record(order, time, (captured, packet.wire_len), &packet.bytes));
    }
    file
}

/// A pcapng block: the body is padded, the lengths are right.
pub(super) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = order.u32(u32::try_from(padded + 12).unwrap());
    let mut block = [order.u32(kind), length].concat();
    block.extend(body);
    block.resize(padded + 8, 0);
    block.extend(length);
    block
}

/// A section header of pcapng 1.0.
pub(super) fn section(order: Order) -> Vec<u8> {
    let mut body = order.u32(0x1a2b_3c4d).to_vec();
    body.extend(order.u16(1));
    body.extend(order.u16(0));
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

/// An option, padded.
pub(super) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = [order.u16(code), order.u16(u16::try_from(value.len()).unwrap())].concat();
    option.extend(value);
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

/// An interface description.
pub(super) fn interface(order: Order, link: u16, snap_len: u32, options: &[u8]) -> Vec<u8> {
    let mut body = [order.u16(link), order.u16(0)].concat();
    body.extend(order.u32(snap_len));
    body.extend(options);
    block(order, 1, &body)
}

/// An enhanced packet.
pub(super) fn enhanced(order: Order, interface: u32, ticks: u64, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    let mut body = Vec::new();
    let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
    for number in [interface, high, low, length, length] {
        body.extend(order.u32(number));
    }
    body.extend(bytes);
    block(order, 6, &body)
}

/// A pcapng file of one interface, with times in nanoseconds.
pub(super) fn pcapng(order: Order, packets: &[Packet]) -> Vec<u8> {
    let mut file = section(order);
    file.extend(interface(order, 1, 0, &option(order, 9, &[9])));
    for packet in packets {
        file.extend(enhanced(order, 0, u64::try_from(packet.nanos).unwrap(), &packet.bytes));
    }
    file
}

/// Gives what it holds in pieces of the sizes asked for, over and over, and now and then an interruption.
pub(super) struct Pieces {
    rest: io::Cursor<Vec<u8>>,
    sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl Pieces {
    pub(super) fn new(bytes: Vec<u8>, sizes: Vec<usize>) -> Self {
        Self { rest: io::Cursor::new(bytes), sizes: sizes.into_iter().cycle() }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.sizes.next().unwrap_or(usize::MAX) {
            0 => Err(io::ErrorKind::Interrupted.into()),
            size => {
                let room = size.min(out.len());
                self.rest.read(&mut out[..room])
            }
        }
    }
}

/// All that `frames` give.
pub(super) fn packets(frames: &mut Frames) -> Vec<Packet> {
    let mut packets = Vec::new();
    while let Some(frame) = frames.next() {
        packets.push(Packet {
            nanos: frame.packet.time.nanos(),
            link: frame.link,
            bytes: frame.bytes.to_vec(),
            wire_len: frame.wire_len,
        });
        assert_eq!(frame.packet.frame.0, packets.len() as u64, "frames count from 1");
    }
    packets
}

/// Reads one file from memory.
pub(super) fn read(file: &[u8]) -> Result<(Vec<Packet>, Source), Error> {
    read_with(Box::new(io::Cursor::new(file.to_vec())), &Limits::default())
}

/// Reads one file from a reader, on this thread.
pub(super) fn read_with(
    reader: Box<dyn Read + Send>,
    limits: &Limits,
) -> Result<(Vec<Packet>, Source), Error> {
    let mut frames = Frames::from_readers(vec![("a file".to_owned(), reader)], limits)?.without_threads();
    let packets = packets(&mut frames);
    let source = frames.sources().remove(0);
    assert_eq!(source.packets, packets.len() as u64);
    Ok((packets, source))
}
