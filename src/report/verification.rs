//! What a server says of a file's content, held against what was moved.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::CommandIndex;
use crate::ftp::Algorithm;

/// A digest that a server stated, and the one of the content that was captured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Verification {
    /// How both were computed.
    pub algorithm: Algorithm,
    /// What the server says, in lower-case hexadecimal.
    pub claimed: Box<str>,
    /// What the content gives, in lower-case hexadecimal.
    pub computed: Box<str>,
    /// Index of the command that asked for it.
    pub command: CommandIndex,
}

impl Verification {
    /// Whether the content is what the server says.
    pub fn matches(&self) -> bool {
        self.claimed == self.computed
    }

    /// In the words that people read.
    pub fn phrase(&self) -> String {
        if self.matches() {
            format!("verified by {}", self.algorithm)
        } else {
            format!("differs from what the server says ({})", self.algorithm)
        }
    }
}

impl Serialize for Verification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Verification", 5)?;
        members.serialize_field("algorithm", &self.algorithm)?;
        members.serialize_field("claimed", &self.claimed)?;
        members.serialize_field("computed", &self.computed)?;
        members.serialize_field("matches", &self.matches())?;
        members.serialize_field("command", &self.command)?;
        members.end()
    }
}
