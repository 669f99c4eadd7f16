//! The pcapng file format: sections of blocks, each of which says its own length.
//!
//! The format is draft-ietf-opsawg-pcapng; "section 4.3" and the like are its sections.

mod interface;

use crate::base::{Limits, Timestamp};
use crate::decode::LinkType;

use self::interface::Interface;
use super::bytes::{ByteOrder, Fields};
use super::record::{Contents, Fault, Piece, Record, Scan, Stop};

/// Type of a section header: the same in both byte orders, so that it can be read before the order is known.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const DECRYPTION_SECRETS: u32 = 10;

pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Secrets type of a TLS key log: `TLSK` (section 4.7).
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Type, length and, of a section header, the byte-order magic.
const BLOCK_START: usize = 12;
/// Type and length before a block's body, and the length again after it.
const BEFORE_BODY: usize = 8;
const AFTER_BODY: usize = 4;
/// What may surround a packet in its block: options, names, comments.
const ROOM_FOR_OPTIONS: usize = 1024 * 1024;

/// Reads a pcapng file piece by piece.
#[derive(Debug)]
pub(super) struct PcapngScanner {
    section: Option<Section>,
    /// The latest packet's time, for those that have none of their own.
    latest: Timestamp,
    longest_block: usize,
    most_interfaces: usize,
}

/// What the blocks read so far say about the packets to come.
#[derive(Debug)]
struct Section {
    order: ByteOrder,
    interfaces: Vec<Interface>,
}

/// One whole block.
#[derive(Clone, Copy, Debug)]
struct Block<'a> {
    kind: u32,
    body: &'a [u8],
    /// Where the body begins in the batch.
    body_at: usize,
    length: usize,
}

impl PcapngScanner {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            section: None,
            latest: Timestamp::from_nanos(0),
            longest_block: limits.packet_bytes.saturating_add(ROOM_FOR_OPTIONS),
            most_interfaces: limits.interfaces,
        }
    }

    /// Whether a file that begins so is a pcapng file.
    pub(super) fn recognises(first: &[u8]) -> bool {
        first.starts_with(&SECTION_HEADER.to_be_bytes())
    }

    pub(super) const fn has_started(&self) -> bool {
        self.section.is_some()
    }

    /// Finds the packets in `bytes` from byte `from`.
    pub(super) fn scan(&mut self, bytes: &[u8], from: usize, contents: &mut Contents) -> Scan {
        let mut at = from;
        loop {
            let block = match self.block(bytes, at) {
                Ok(block) => block,
                Err(stop) => return Scan { used: at, stop },
            };
            if let Err(fault) = self.read(&block, at, contents) {
                return Scan { used: at, stop: Stop::Broken(fault) };
            }
            at = at.saturating_add(block.length);
        }
    }

    /// The block at byte `at`, if it is complete and its lengths are consistent.
    fn block<'a>(&self, bytes: &'a [u8], at: usize) -> Result<Block<'a>, Stop> {
        let rest = bytes.get(at..).unwrap_or_default();
        let piece = if self.has_started() { Piece::Block } else { Piece::FileHeader };
        let Some(&[t0, t1, t2, t3, l0, l1, l2, l3, m0, m1, m2, m3]) = rest.first_chunk::<BLOCK_START>()
        else {
            return Err(Stop::Needs(BLOCK_START, piece));
        };
        let order = if [t0, t1, t2, t3] == SECTION_HEADER.to_be_bytes() {
            byte_order([m0, m1, m2, m3]).ok_or(Stop::Broken(Fault::ByteOrder))?
        } else {
            self.section.as_ref().ok_or(Stop::Broken(Fault::ByteOrder))?.order
        };
        let leading = order.u32([l0, l1, l2, l3]);
        let length = leading as usize;
        if length < BLOCK_START || !length.is_multiple_of(4) {
            return Err(Stop::Broken(Fault::BlockLength(leading)));
        }
        if length > self.longest_block {
            let limit = self.longest_block as u64;
            return Err(Stop::Broken(Fault::BlockTooLong { claimed: leading.into(), limit }));
        }
        let Some((body, end)) = rest
            .get(..length)
            .and_then(|block| block.split_last_chunk::<AFTER_BODY>())
            .and_then(|(block, end)| Some((block.get(BEFORE_BODY..)?, end)))
        else {
            return Err(Stop::Needs(length, piece));
        };
        let trailing = order.u32(*end);
        if trailing != leading {
            return Err(Stop::Broken(Fault::LengthsDiffer { leading, trailing }));
        }
        let kind = order.u32([t0, t1, t2, t3]);
        Ok(Block { kind, body, body_at: at.saturating_add(BEFORE_BODY), length })
    }

    /// Reads one block. An `Err` means that the following ones can't be read either.
    fn read(&mut self, block: &Block<'_>, at: usize, contents: &mut Contents) -> Result<(), Fault> {
        if block.kind == SECTION_HEADER {
            self.section = Some(section(block.body)?);
            return Ok(());
        }
        let Some(section) = &mut self.section else { return Err(Fault::ByteOrder) };
        let fields = Fields { order: section.order, rest: block.body };
        let record = match block.kind {
            ENHANCED_PACKET => enhanced_packet(section, fields, block),
            SIMPLE_PACKET => simple_packet(section, fields, block, self.latest),
            PACKET => obsolete_packet(section, fields, block),
            INTERFACE_DESCRIPTION => {
                if section.interfaces.len() >= self.most_interfaces {
                    return Err(Fault::TooManyInterfaces(self.most_interfaces));
                }
                match Interface::read(fields) {
                    Some(interface) => {
                        contents.links.push(interface.link);
                        section.interfaces.push(interface);
                    }
                    // Interfaces are known by their number, so that a hole would shift all that follow.
                    None => return Err(Fault::ShortBlock),
                }
                return Ok(());
            }
            DECRYPTION_SECRETS => {
                if let Some(secrets) = tls_secrets(fields) {
                    contents.secrets.extend_from_slice(secrets);
                    // The last line of a block may lack its line feed.
                    if !secrets.ends_with(b"\n") {
                        contents.secrets.push(b'\n');
                    }
                }
                return Ok(());
            }
            // Names, statistics, journals, custom and unknown blocks.
            _ => return Ok(()),
        };
        match record {
            Ok(record) => {
                self.latest = record.time;
                contents.records.push(record);
            }
            Err(fault) => contents.passed_over(at, fault),
        }
        Ok(())
    }
}

fn byte_order(magic: [u8; 4]) -> Option<ByteOrder> {
    [ByteOrder::Little, ByteOrder::Big].into_iter().find(|order| order.u32(magic) == BYTE_ORDER_MAGIC)
}

/// Section header (4.1): byte-order magic, version, section length (not needed: blocks follow each other),
/// options.
fn section(body: &[u8]) -> Result<Section, Fault> {
    let (magic, rest) = body.split_first_chunk().ok_or(Fault::ShortBlock)?;
    let order = byte_order(*magic).ok_or(Fault::ByteOrder)?;
    let mut fields = Fields { order, rest };
    let (Some(major), Some(minor), Some(_length)) = (fields.u16(), fields.u16(), fields.take(8)) else {
        return Err(Fault::ShortBlock);
    };
    if major != 1 {
        return Err(Fault::PcapngVersion { major, minor });
    }
    Ok(Section { order, interfaces: Vec::new() })
}

/// Enhanced packet (4.3): interface, time, both lengths, the packet, options.
fn enhanced_packet(section: &Section, mut fields: Fields<'_>, block: &Block<'_>) -> Result<Record, Fault> {
    let interface = fields.u32().ok_or(Fault::ShortBlock)?;
    timed_packet(section, interface, fields, block)
}

/// Packet (appendix A): like its successor, but 16 bits each for the interface and a count of drops.
fn obsolete_packet(section: &Section, mut fields: Fields<'_>, block: &Block<'_>) -> Result<Record, Fault> {
    let interface = fields.u16().ok_or(Fault::ShortBlock)?;
    let _drops = fields.u16().ok_or(Fault::ShortBlock)?;
    timed_packet(section, interface.into(), fields, block)
}

fn timed_packet(
    section: &Section,
    interface: u32,
    mut fields: Fields<'_>,
    block: &Block<'_>,
) -> Result<Record, Fault> {
    let known = section.interfaces.get(interface as usize).ok_or(Fault::UnknownInterface(interface))?;
    let (Some(high), Some(low), Some(captured), Some(wire_len)) =
        (fields.u32(), fields.u32(), fields.u32(), fields.u32())
    else {
        return Err(Fault::ShortBlock);
    };
    let time = known.time(u64::from(high) << 32 | u64::from(low));
    record(known.link, time, captured, wire_len, fields, block)
}

/// Simple packet (4.4): the length on the wire and the packet, from the first interface, with no time.
fn simple_packet(
    section: &Section,
    mut fields: Fields<'_>,
    block: &Block<'_>,
    time: Timestamp,
) -> Result<Record, Fault> {
    let interface = section.interfaces.first().ok_or(Fault::UnknownInterface(0))?;
    let wire_len = fields.u32().ok_or(Fault::ShortBlock)?;
    record(interface.link, time, wire_len.min(interface.snap_len), wire_len, fields, block)
}

/// The packet that follows the header fields just read.
fn record(
    link: LinkType,
    time: Timestamp,
    captured: u32,
    wire_len: u32,
    fields: Fields<'_>,
    block: &Block<'_>,
) -> Result<Record, Fault> {
    let room = fields.rest.len();
    if captured as usize > room {
        return Err(Fault::PacketBeyondBlock { claimed: captured, room });
    }
    let header = block.body.len().saturating_sub(room);
    Ok(Record {
        time,
        start: block.body_at.saturating_add(header),
        captured,
        wire_len: wire_len.max(captured),
        link,
        has_quick: false,
    })
}

/// Decryption secrets (4.7): type, length, secrets, options. Only TLS key logs are of use here.
fn tls_secrets(mut fields: Fields<'_>) -> Option<&[u8]> {
    let kind = fields.u32()?;
    let length = fields.u32()?;
    (kind == TLS_KEY_LOG).then_some(())?;
    fields.take(length as usize)
}

#[cfg(test)]
mod tests;
