//! What was read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Directions;
use crate::base::{Endpoint, FrameNumber, LimitCounts, Timestamp, choices};

/// What was read, over all sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// The files or interfaces, in the order of the command line.
    pub sources: Vec<Source>,
    /// Packets in all.
    pub packets: u64,
    /// Bytes of these packets as they were on the wire.
    pub bytes: u64,
    /// Time of the earliest packet.
    pub first: Option<Timestamp>,
    /// Time of the latest packet.
    pub last: Option<Timestamp>,
    /// Packets that the kernel dropped; `None` for files.
    pub dropped: Option<u64>,
    /// What was not decoded: packets by reason.
    pub ignored: BTreeMap<Cow<'static, str>, u64>,
    /// Which directions of almost all sessions were captured.
    pub directions: Directions,
    /// TCP connections to a control port on which nobody spoke FTP.
    pub silent_connections: u64,
    /// Limits that were reached.
    pub limits: LimitCounts,
    /// Failed connections to control ports, by client and server, that led to no session.
    #[serde(skip)]
    pub attempts: Vec<ControlAttempt>,
}

/// One capture file or interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The path or interface as the user named it; `-` is standard input.
    pub path: String,
    /// The file format, or live.
    pub format: CaptureFormat,
    /// How the file is compressed.
    pub compression: Option<Compression>,
    /// Names of the link types of its interfaces, in order of appearance, each once.
    pub link_types: Vec<String>,
    /// Packets in it.
    pub packets: u64,
    /// Bytes of these packets as they were on the wire.
    pub bytes: u64,
    /// Time of its earliest packet.
    pub first: Option<Timestamp>,
    /// Time of its latest packet.
    pub last: Option<Timestamp>,
    /// Packets that were cut by the snap length.
    pub truncated_packets: u64,
    /// Where and why reading stopped early; none for a whole file.
    pub damage: Option<String>,
}

choices! {
    /// Where packets are read from.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum CaptureFormat {
        /// A pcap file.
        #[default]
        Pcap => "pcap",
        /// A pcapng file.
        Pcapng => "pcapng",
        /// A live capture.
        Live => "live",
    }

    /// How a capture file is compressed.
    #[non_exhaustive]
    pub enum Compression {
        /// RFC 1952.
        Gzip => "gzip",
        /// RFC 8878.
        Zstd => "zstd",
        /// The LZ4 frame format.
        Lz4 => "lz4",
    }
}

/// SYNs of one client address to one control endpoint that led to no session.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlAttempt {
    /// The address that sent the SYNs.
    pub client: IpAddr,
    /// The control endpoint.
    pub server: Endpoint,
    /// Connections that were never answered.
    pub unanswered: u64,
    /// Connections that were answered by RST.
    pub refused: u64,
    /// Connections that the server accepted and closed before either side had sent anything.
    pub dropped: u64,
    /// First SYN.
    pub first: Timestamp,
    /// Last packet.
    pub last: Timestamp,
    /// Frames that prove it: the first few SYNs and RSTs.
    pub frames: Vec<FrameNumber>,
}
