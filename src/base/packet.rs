//! A reference to a packet of the capture.

use serde::Serialize;

use super::Timestamp;

/// One packet of the capture: when, and which frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PacketRef {
    /// When it was captured.
    pub time: Timestamp,
    /// Its number, 1-based in file order, as Wireshark shows it.
    pub frame: u64,
}
