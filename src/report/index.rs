//! What points from one part of a session to another.

use crate::base::indices;

indices! {
    /// The place of a command in its session's dialogue.
    pub struct CommandIndex;
    /// The place of a data channel among those of its session.
    pub struct ChannelIndex;
    /// The place of a transfer among those of its session.
    pub struct TransferIndex;
    /// The place of a finding in its list.
    pub struct FindingIndex;
}
