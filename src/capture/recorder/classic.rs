//! The classic pcap format, for tools that read nothing else.

use crate::decode::{Frame, LinkType};
use std::io::{self, Write};

/// Nanoseconds, in the writer's byte order; it is little-endian here.
const MAGIC: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];
/// The most bytes that are kept of a packet, as libpcap has it.
const SNAP_LENGTH: u32 = 262_144;

/// Writes a pcap file with times in nanoseconds. All packets must have the first one's link type, and times
/// from 1970 to 2106.
pub(super) struct PcapWriter<W> {
    output: W,
    link: Option<LinkType>,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file, whose header waits for the first packet.
    pub(super) const fn new(output: W) -> Self {
        Self { output, link: None }
    }

    /// Adds a packet.
    pub(super) fn packet(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        const PER_SECOND: i64 = 1_000_000_000;
        let link = match self.link {
            Some(link) => link,
            None => self.begin(frame.link)?,
        };
        if link != frame.link {
            let why = format!(
                "a pcap file can hold only one link type ({link}), and this packet has {}; name the file .pcapng",
                frame.link
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let nanos = frame.packet.time.nanos();
        let seconds = u32::try_from(nanos.div_euclid(PER_SECOND)).map_err(|_out_of_range| {
            io::Error::new(io::ErrorKind::InvalidInput, "a pcap file can hold times from 1970 to 2106 only")
        })?;
        let nanos = u32::try_from(nanos.rem_euclid(PER_SECOND)).unwrap_or_default();
        let captured = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        for number in [seconds, nanos, captured, frame.wire_len.max(captured)] {
            self.output.write_all(&number.to_le_bytes())?;
        }
        self.output.write_all(frame.bytes)
    }

    /// Writes out what the output still buffers.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Ends the file: one without a packet still gets a header.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.link.is_none() {
            self.begin(LinkType::ETHERNET)?;
        }
        self.flush()
    }

    /// Where it writes to.
    pub(super) const fn output(&self) -> &W {
        &self.output
    }

    fn begin(&mut self, link: LinkType) -> io::Result<LinkType> {
        self.output.write_all(&MAGIC.to_le_bytes())?;
        for number in VERSION {
            self.output.write_all(&number.to_le_bytes())?;
        }
        for number in [0, 0, SNAP_LENGTH, u32::from(link.0)] {
            self.output.write_all(&number.to_le_bytes())?;
        }
        self.link = Some(link);
        Ok(link)
    }
}
