//! What a connection's packets show of trouble on the way.

use crate::base::{FrameNumber, PacketRef, Timestamp};

/// Time and frame of a packet.
pub type Mark = (Timestamp, FrameNumber);

/// What a connection's packets show of trouble on the way between its ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Trouble {
    /// What the originator, and what the responder, sent again and again and never saw acknowledged.
    pub unheard: [Option<Unheard>; 2],
    /// The SYN-ACK that was sent again.
    pub syn_acks: Option<SynAcks>,
    /// Acknowledgements of bytes that the originator, and that the responder, never sent.
    pub overshoot: [Option<Overshoot>; 2],
    /// A RST in the name of the originator, and one in that of the responder, whose hop limit is not that of
    /// their packets before it.
    pub odd_resets: [Option<OddReset>; 2],
}

/// A segment that was sent again and again, and never acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Unheard {
    /// Payload bytes in the longest segment that was sent again.
    pub len: u32,
    /// How often the first of them was sent again.
    pub times: u32,
    /// The first time.
    pub first: Mark,
    /// The last time.
    pub last: Mark,
    /// Bytes of the stream that had been acknowledged.
    pub acknowledged: u64,
}

/// A SYN-ACK that was sent more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct SynAcks {
    /// How often.
    pub count: u32,
    /// The last one.
    pub last: Mark,
    /// Whether the originator had acknowledged one before.
    pub was_answered: bool,
}

/// Acknowledgements beyond what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Overshoot {
    /// By how many bytes.
    pub bytes: u32,
    /// How often.
    pub times: u32,
    /// The first one.
    pub first: Mark,
    /// Whether the sender went on as if those bytes did not exist.
    pub is_contradicted: bool,
}

/// A RST that another device may have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct OddReset {
    /// Its hop limit.
    pub hop_limit: u8,
    /// The lowest one of the packets before it.
    pub usual: u8,
    /// Where it is.
    pub packet: Mark,
}

impl From<PacketRef> for Mark {
    fn from(packet: PacketRef) -> Self {
        (packet.time, packet.frame)
    }
}

impl Trouble {
    /// The same where originator and responder are the other way round.
    #[must_use]
    pub const fn swapped(self) -> Self {
        let Self {
            unheard: [unheard, other_unheard],
            syn_acks,
            overshoot: [overshoot, other_overshoot],
            odd_resets: [odd_reset, other_odd_reset],
        } = self;
        Self {
            unheard: [other_unheard, unheard],
            syn_acks,
            overshoot: [other_overshoot, overshoot],
            odd_resets: [other_odd_reset, odd_reset],
        }
    }
}
