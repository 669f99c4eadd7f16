//! Files put together from the transfers that carried their parts.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Direction, TransferIndex, Uid};
use crate::base::{Text, Timestamp, hex};

/// One content that was moved, in one transfer or in several that fit together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct File {
    /// The server's address.
    pub server: IpAddr,
    /// Its absolute path, or that from the login directory where no more is known.
    pub path: Option<Text>,
    /// Which way.
    pub direction: Direction,
    /// Its size, where that is known.
    pub size: Option<u64>,
    /// Bytes of it that were captured, each counted once.
    pub bytes: u64,
    /// Whether all of it was captured.
    pub complete: bool,
    /// SHA-256 of the whole.
    #[serde(with = "hex")]
    pub sha256: Option<[u8; 32]>,
    /// Media type, sniffed from its beginning.
    pub mime: Option<Box<str>>,
    /// Its parts, in order of their offsets.
    pub parts: Vec<FilePart>,
    /// First packet of its first data connection.
    pub start: Option<Timestamp>,
    /// Last packet of its data connections.
    pub end: Option<Timestamp>,
}

/// What one transfer moved of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct FilePart {
    /// The transfer's session.
    pub session: Uid,
    /// Its index there.
    pub transfer: TransferIndex,
    /// Where in the file it begins.
    pub offset: u64,
    /// How many bytes of it were captured.
    pub bytes: u64,
}

/// All bytes of a part, kept until the file was put together.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece(pub Arc<Vec<u8>>);

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({} bytes)", self.0.len())
    }
}
