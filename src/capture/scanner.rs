//! The file format of a capture, recognised by its first bytes.

use crate::base::Limits;
use crate::report::CaptureFormat;

use super::pcap::PcapScanner;
use super::pcapng::PcapngScanner;
use super::record::{Contents, Scan};

/// Finds packets in the bytes of a file, whatever its format.
#[derive(Debug)]
pub(super) enum Scanner {
    Pcap(PcapScanner),
    Pcapng(PcapngScanner),
}

impl Scanner {
    /// The scanner for a file that begins with `first`, if it is a capture file.
    pub(super) fn for_file(first: &[u8], limits: &Limits) -> Option<Self> {
        if PcapScanner::recognises(first) {
            Some(Self::Pcap(PcapScanner::new(limits)))
        } else if PcapngScanner::recognises(first) {
            Some(Self::Pcapng(PcapngScanner::new(limits)))
        } else {
            None
        }
    }

    pub(super) const fn format(&self) -> CaptureFormat {
        match self {
            Self::Pcap(_) => CaptureFormat::Pcap,
            Self::Pcapng(_) => CaptureFormat::Pcapng,
        }
    }

    /// Whether the file's own header was read.
    pub(super) const fn has_started(&self) -> bool {
        match self {
            Self::Pcap(scanner) => scanner.has_started(),
            Self::Pcapng(scanner) => scanner.has_started(),
        }
    }

    /// Finds the packets in `bytes` from byte `from`, and says where it stopped.
    pub(super) fn scan(&mut self, bytes: &[u8], from: usize, contents: &mut Contents) -> Scan {
        match self {
            Self::Pcap(scanner) => scanner.scan(bytes, from, contents),
            Self::Pcapng(scanner) => scanner.scan(bytes, from, contents),
        }
    }
}
