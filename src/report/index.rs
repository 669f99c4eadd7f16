//! Indices by which parts of a session refer to each other.

use crate::base::indices;

indices! {
    /// Index of a command of a session.
    pub struct CommandIndex;
    /// Index of a data channel of a session.
    pub struct ChannelIndex;
    /// Index of a transfer of a session.
    pub struct TransferIndex;
    /// Index of a finding in its list.
    pub struct FindingIndex;
}
