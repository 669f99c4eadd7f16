//! What a scan of bytes finds.

use crate::base::Timestamp;
use crate::decode::{LinkType, QuickDecode, quick_decode};

/// Where one packet is in the bytes of a batch, and what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) time: Timestamp,
    /// Where its bytes begin in the batch.
    pub(super) start: usize,
    /// Bytes that the capture kept.
    pub(super) captured: u32,
    /// Bytes on the wire; never less than were kept.
    pub(super) wire_len: u32,
    pub(super) link: LinkType,
    /// Whether the next decoded headers of the batch are its own.
    pub(super) has_quick: bool,
}

impl Record {
    /// Its bytes, given those of its batch.
    pub(super) fn bytes<'b>(&self, batch: &'b [u8]) -> &'b [u8] {
        let end = self.start.saturating_add(self.captured as usize);
        batch.get(self.start..end).unwrap_or_default()
    }
}

/// What one batch of bytes contains.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The packets, in file order.
    pub(super) records: Vec<Record>,
    /// The headers of those whose headers were decoded, in the same order.
    pub(super) quick: Vec<QuickDecode>,
    /// Link types of interfaces described here, some perhaps known before.
    pub(super) links: Vec<LinkType>,
    /// Key log lines of TLS secrets embedded here.
    pub(super) secrets: Vec<u8>,
    /// The first thing that had to be passed over.
    pub(super) oddity: Option<Oddity>,
}

impl Contents {
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.quick.clear();
        self.links.clear();
        self.secrets.clear();
        self.oddity = None;
    }

    /// Decodes the headers of plain frames; the packets lie in `bytes`.
    pub(super) fn decode_headers(&mut self, bytes: &[u8]) {
        for record in &mut self.records {
            if let Some(quick) = quick_decode(record.link, record.bytes(bytes), record.wire_len) {
                record.has_quick = true;
                self.quick.push(quick);
            }
        }
    }

    /// Notes what was passed over at byte `at` of the batch, unless something was before.
    pub(super) fn passed_over(&mut self, at: usize, fault: Fault) {
        let packets_before = self.records.len();
        self.oddity.get_or_insert(Oddity { packets_before, at, fault });
    }
}

/// Something wrong inside a block whose end is known, so that reading can go on.
#[derive(Debug)]
pub(super) struct Oddity {
    /// Packets of the batch before it.
    pub(super) packets_before: usize,
    /// Where in the batch it is.
    pub(super) at: usize,
    pub(super) fault: Fault,
}

/// Where a scan stopped, and why.
#[derive(Debug)]
pub(super) struct Scan {
    /// Bytes of the batch that were used up.
    pub(super) used: usize,
    pub(super) stop: Stop,
}

/// Why a scan stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// What comes next needs so many bytes from where the scan stopped: more than there are.
    Needs(usize, Piece),
    /// What comes next can't be read, and so nothing after it.
    Broken(Fault),
}

/// What a file may end in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    FileHeader,
    PacketHeader,
    Packet,
    Block,
}

impl Piece {
    const fn name(self) -> &'static str {
        match self {
            Self::FileHeader => "its header",
            Self::PacketHeader => "a packet's header",
            Self::Packet => "a packet",
            Self::Block => "a block",
        }
    }
}

/// What is wrong with a capture file, as the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the file ends in the middle of {} ({there} of {needed} bytes are there)", piece.name())]
    Cut { piece: Piece, there: usize, needed: usize },
    #[error("it is pcap version {major}.{minor}, and only 2.4 and its forerunners are known")]
    PcapVersion { major: u16, minor: u16 },
    #[error("it is pcapng version {major}.{minor}, and only 1.0 is known")]
    PcapngVersion { major: u16, minor: u16 },
    #[error("the next packet claims to have {claimed} bytes, and {limit} are allowed")]
    PacketTooLong { claimed: u64, limit: u64 },
    #[error("the next block claims to have {claimed} bytes, and {limit} are allowed")]
    BlockTooLong { claimed: u64, limit: u64 },
    #[error("the next block claims to have {0} bytes, which no block can have")]
    BlockLength(u32),
    #[error("the next block begins with length {leading} and ends with length {trailing}")]
    LengthsDiffer { leading: u32, trailing: u32 },
    #[error("the section header's byte-order mark is neither way round")]
    ByteOrder,
    #[error("a section describes more than {0} interfaces")]
    TooManyInterfaces(usize),
    #[error("a packet names interface {0}, which the file does not describe")]
    UnknownInterface(u32),
    #[error("a packet claims {claimed} bytes in a block that has room for {room}")]
    PacketBeyondBlock { claimed: u32, room: usize },
    #[error("a block is too short for its type")]
    ShortBlock,
    #[error("{0}")]
    Read(std::io::Error),
    #[error("the thread that read it is gone")]
    ReaderGone,
}
