//! A transfer: one command that moves a file or a listing.

use std::sync::Arc;

use super::{ChannelIndex, CommandIndex, ContentKind, Decoded, Listing, Piece, Uid, Verification};
#[cfg(feature = "store")]
use crate::base::encode;
use crate::base::{Text, TimeDelta, Timestamp, choices};

/// What one transfer command moved, or failed to move.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Transfer {
    /// Index of the transfer command.
    pub command: CommandIndex,
    /// Absolute path, where the working directory is known.
    pub path: Option<Text>,
    /// Path relative to the login directory, where no more is known.
    pub path_from_login: Option<Text>,
    /// Which way.
    pub direction: Direction,
    /// A file or a listing.
    pub content: Content,
    /// `A`, `I`, `E` or `L 8`: the type in force.
    pub representation: Text,
    /// `F`, `R` or `P`: the structure in force.
    #[cfg_attr(
        feature = "store",
        borsh(serialize_with = "encode::letter", deserialize_with = "encode::read_letter")
    )]
    pub structure: char,
    /// `S`, `B`, `C` or `Z`: the transmission mode in force.
    #[cfg_attr(
        feature = "store",
        borsh(serialize_with = "encode::letter", deserialize_with = "encode::read_letter")
    )]
    pub mode: char,
    /// The offset set by REST or RANG; otherwise 0.
    pub offset: u64,
    /// Index of the data channel in force when the command was sent.
    pub data_channel: Option<ChannelIndex>,
    /// Payload bytes captured in the transfer's direction; none where it completed unseen.
    pub bytes: Option<u64>,
    /// Bytes known to be absent from the capture.
    pub missing_bytes: u64,
    /// The length of the range that RANG asked for, or the size that SIZE, a listing or a preliminary reply
    /// announced.
    pub expected_size: Option<u64>,
    /// SHA-256 of the content.
    pub sha256: Option<[u8; 32]>,
    /// The content once MODE B, C or Z is undone; none for MODE S, and where it can't be recovered.
    pub decoded: Option<Box<Decoded>>,
    /// What the server says of the content, held against it; none where it says nothing, or not all is known.
    pub verification: Option<Box<Verification>>,
    /// The file that it carried a part of, by its place in [`Report::files`](super::Report::files); known once it is
    /// its session's turn in the order of first packets.
    pub file: Option<u32>,
    /// All of its content, where it is a part of a file and that is still to be put together.
    #[cfg_attr(feature = "store", borsh(skip))]
    pub piece: Option<Piece>,
    /// The listing that it moved, where its text was asked for.
    pub listing: Option<Arc<Listing>>,
    /// Media type sniffed from the content.
    pub mime: Option<Box<str>>,
    /// The kind of the content, where that says more.
    pub kind: Option<ContentKind>,
    /// Whether the bytes on the wire were TLS and were not decrypted.
    pub encrypted: bool,
    /// How it ended.
    pub status: Status,
    /// The final reply's code.
    pub reply_code: Option<u16>,
    /// First packet of the data connection.
    pub start: Option<Timestamp>,
    /// Last packet of the data connection.
    pub end: Option<Timestamp>,
    /// Bytes per second on the wire, captured and missing, from the first to the last packet of the content.
    pub rate: Option<f64>,
    /// The other session of an FXP transfer.
    pub peer_session: Option<Uid>,
}

impl Transfer {
    /// Bytes of the decoded content.
    pub(super) fn decoded_bytes(&self) -> Option<u64> {
        self.decoded.as_ref().map(|decoded| decoded.bytes)
    }

    /// SHA-256 of the decoded content.
    pub(super) fn decoded_sha256(&self) -> Option<[u8; 32]> {
        self.decoded.as_ref()?.sha256
    }

    /// From the first to the last packet of the data connection.
    pub fn duration(&self) -> Option<TimeDelta> {
        Some(self.end?.elapsed_since(self.start?))
    }
}

choices! {
    /// Which way a transfer goes.
    pub enum Direction {
        /// Server to client.
        Download => "download",
        /// Client to server.
        Upload => "upload",
    }
}

choices! {
    /// What a transfer moves.
    pub enum Content {
        /// A file.
        File => "file",
        /// Names or facts of files.
        Listing => "listing",
    }
}

choices! {
    /// How a transfer ended.
    pub enum Status {
        /// A 2yz final reply.
        Complete => "complete",
        /// ABOR, or 426.
        Aborted => "aborted",
        /// Any other 4yz or 5yz reply.
        Failed => "failed",
        /// No final reply in the capture.
        Unfinished => "unfinished" | "no final reply",
    }
}
