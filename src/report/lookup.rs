//! What a server asked about its client while the client waited.

use std::net::IpAddr;

use crate::base::{FrameNumber, Timestamp};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum LookupKind {
    /// The client's user, from its ident service (RFC 1413).
    User,
    /// The client's name, from the DNS.
    Name,
}

/// A question about the client, asked once or several times over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Lookup {
    /// What is asked for.
    pub kind: LookupKind,
    /// Who is asked: the client itself, or a name server.
    pub whom: IpAddr,
    /// When it was asked first.
    pub time: Timestamp,
    /// The frame of that.
    pub frame: FrameNumber,
    /// When it was asked last.
    pub last: Timestamp,
    /// How often it was asked, as far as that is counted.
    pub count: u32,
    /// When it was answered, or refused.
    pub answered: Option<Timestamp>,
}

impl Lookup {
    /// How many are kept for one session.
    pub const KEPT: usize = 4;
}
