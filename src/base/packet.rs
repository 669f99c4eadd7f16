//! References to packets of the capture.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The number of a frame: 1-based in file order, as Wireshark shows it. 0 stands for no frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct FrameNumber(pub u64);

impl FrameNumber {
    /// No frame.
    pub const NONE: Self = Self(0);
    /// After every frame.
    pub const MAX: Self = Self(u64::MAX);

    /// The frame after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl From<FrameNumber> for u64 {
    fn from(frame: FrameNumber) -> Self {
        frame.0
    }
}

impl FromStr for FrameNumber {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for FrameNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One packet of the capture: its time and frame number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct PacketRef {
    /// When it was captured.
    pub time: Timestamp,
    /// Its frame.
    pub frame: FrameNumber,
}
