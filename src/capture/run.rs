//! Runs of packets that were already read.

use std::slice;

use crate::base::{FrameNumber, PacketRef, Timestamp};
use crate::decode::{Frame, QuickDecode};

use super::record::Record;

/// The time of a source's next packet, and the source's index: packets with equal times come in the order of the
/// command line.
pub(super) type Turn = (Timestamp, u16);

/// Packets of one source that were already read and precede those of all others.
#[derive(Debug)]
pub struct Run<'a> {
    pub(super) records: &'a [Record],
    pub(super) quick: slice::Iter<'a, QuickDecode>,
    pub(super) bytes: &'a [u8],
    pub(super) source: u16,
    /// The turn of the next source.
    pub(super) until: Turn,
    /// TLS key log lines of all that was read so far.
    pub(super) secrets: &'a [u8],
    /// Number of the packet given last.
    pub(super) number: &'a mut FrameNumber,
    /// Indices of the next packet and of its batch's next decoded headers.
    pub(super) next: &'a mut usize,
    pub(super) next_quick: &'a mut usize,
}

impl<'a> Run<'a> {
    /// TLS key log lines from pcapng files, of everything read so far. They stand before the packets that need
    /// them.
    pub const fn tls_secrets(&self) -> &'a [u8] {
        self.secrets
    }
}

impl<'a> Iterator for Run<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        let (record, rest) = self.records.split_first()?;
        if (record.time, self.source) > self.until {
            return None;
        }
        self.records = rest;
        *self.next = self.next.saturating_add(1);
        *self.number = self.number.next();
        let mut quick = None;
        if record.has_quick {
            quick = self.quick.next();
            *self.next_quick = self.next_quick.saturating_add(1);
        }
        Some(Frame {
            packet: PacketRef { time: record.time, frame: *self.number },
            link: record.link,
            bytes: record.bytes(self.bytes),
            wire_len: record.wire_len,
            source: self.source,
            quick,
        })
    }
}
