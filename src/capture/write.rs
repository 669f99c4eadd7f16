//! Writes packets into a new pcapng file.

use crate::decode::{Frame, LinkType};
use std::collections::HashMap;
use std::io::{self, Write};

use super::pcapng::{
    BYTE_ORDER_MAGIC, DECRYPTION_SECRETS, ENHANCED_PACKET, INTERFACE_DESCRIPTION, SECTION_HEADER, TLS_KEY_LOG,
};

const OPTION_COMMENT: u16 = 1;
const OPTION_APPLICATION: u16 = 4;
const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_TIME_OFFSET: u16 = 14;
/// Ten to the power of minus this many seconds.
const NANOSECONDS: u8 = 9;
/// Pcapng counts time upwards from the interface's offset: for times before 1970, that is the earliest possible
/// second.
const BEFORE_ALL_TIME: i64 = i64::MIN.div_euclid(1_000_000_000);

/// Writes a pcapng file of one section, in little-endian byte order and with times in nanoseconds.
///
/// Packets of one link type share an interface, whatever file they came from.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    output: W,
    interfaces: HashMap<InterfaceKind, u32>,
    /// The block being built: one buffer for all.
    block: Vec<u8>,
}

/// What makes two packets need interfaces of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct InterfaceKind {
    link: LinkType,
    before_1970: bool,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file. Give it a buffered output: it writes block by block.
    pub fn new(output: W) -> io::Result<Self> {
        let mut writer = Self { output, interfaces: HashMap::new(), block: Vec::new() };
        writer.begin(SECTION_HEADER);
        writer.u32(BYTE_ORDER_MAGIC);
        writer.u16(1);
        writer.u16(0);
        // The section's length isn't known beforehand.
        writer.block.extend_from_slice(&u64::MAX.to_le_bytes());
        writer.option(OPTION_APPLICATION, concat!("ftpscope ", env!("CARGO_PKG_VERSION")).as_bytes());
        writer.end_of_options();
        writer.end()?;
        Ok(writer)
    }

    /// Adds a packet, with a comment that Wireshark shows.
    pub fn packet(&mut self, frame: &Frame<'_>, comment: Option<&str>) -> io::Result<()> {
        let nanos = frame.packet.time.nanos();
        let before_1970 = nanos < 0;
        let interface = self.interface(InterfaceKind { link: frame.link, before_1970 })?;
        let zero = if before_1970 { i128::from(BEFORE_ALL_TIME).saturating_mul(1_000_000_000) } else { 0 };
        let ticks = u64::try_from(i128::from(nanos).saturating_sub(zero)).unwrap_or_default();
        let [t0, t1, t2, t3, t4, t5, t6, t7] = ticks.to_be_bytes();
        let captured = u32::try_from(frame.bytes.len()).map_err(too_long)?;
        self.begin(ENHANCED_PACKET);
        self.u32(interface);
        self.u32(u32::from_be_bytes([t0, t1, t2, t3]));
        self.u32(u32::from_be_bytes([t4, t5, t6, t7]));
        self.u32(captured);
        self.u32(frame.wire_len.max(captured));
        self.padded(frame.bytes);
        if let Some(comment) = comment {
            self.option(OPTION_COMMENT, comment.as_bytes());
            self.end_of_options();
        }
        self.end()
    }

    /// Adds TLS key log lines, for the packets that follow.
    pub fn tls_secrets(&mut self, key_log: &[u8]) -> io::Result<()> {
        let length = u32::try_from(key_log.len()).map_err(too_long)?;
        self.begin(DECRYPTION_SECRETS);
        self.u32(TLS_KEY_LOG);
        self.u32(length);
        self.padded(key_log);
        self.end()
    }

    /// Writes out what the output still buffers.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Where it writes to.
    pub const fn output(&self) -> &W {
        &self.output
    }

    /// Writes out what the output still buffers, and gives it back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }

    /// The number of the interface for such packets, described first if it is new.
    fn interface(&mut self, kind: InterfaceKind) -> io::Result<u32> {
        if let Some(&number) = self.interfaces.get(&kind) {
            return Ok(number);
        }
        let number = u32::try_from(self.interfaces.len()).map_err(too_long)?;
        self.begin(INTERFACE_DESCRIPTION);
        self.u16(kind.link.0);
        self.u16(0);
        // No limit on the bytes kept of a packet.
        self.u32(0);
        self.option(OPTION_TIME_RESOLUTION, &[NANOSECONDS]);
        if kind.before_1970 {
            self.option(OPTION_TIME_OFFSET, &BEFORE_ALL_TIME.to_le_bytes());
        }
        self.end_of_options();
        self.end()?;
        self.interfaces.insert(kind, number);
        Ok(number)
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.u32(kind);
        // The length, once it is known.
        self.u32(0);
    }

    fn end(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.block.len().saturating_add(4)).map_err(too_long)?;
        self.u32(length);
        if let Some(place) = self.block.get_mut(4..8) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self.output.write_all(&self.block)
    }

    /// Adds an option; a value that is too long is cut at a character boundary.
    fn option(&mut self, code: u16, value: &[u8]) {
        let mut end = value.len().min(usize::from(u16::MAX));
        while end < value.len() && value.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end = end.saturating_sub(1);
        }
        let value = value.get(..end).unwrap_or_default();
        self.u16(code);
        self.u16(u16::try_from(end).unwrap_or(u16::MAX));
        self.padded(value);
    }

    fn end_of_options(&mut self) {
        self.u32(0);
    }

    fn u16(&mut self, number: u16) {
        self.block.extend_from_slice(&number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.block.extend_from_slice(&number.to_le_bytes());
    }

    /// Adds bytes, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }
}

fn too_long(_: std::num::TryFromIntError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "pcapng blocks can't be longer than 4 GiB")
}

#[cfg(test)]
mod tests;
