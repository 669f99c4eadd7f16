//! What one glance at a frame's headers tells, so that another thread need not look at them again.

use crate::base::Endpoint;

use super::LinkType;
use super::record::Findings;

/// Finds out from a frame's link type, the bytes kept of it and their number on the wire what its headers say; gives
/// nothing where that takes more than a glance. Threads that read ahead call it.
pub type Glancer = fn(LinkType, &[u8], u32) -> Option<Glance>;

/// The headers of a frame that holds a whole TCP segment, which is all that most frames are asked about.
///
/// Capture carries it beside the frame and knows nothing of it; [`Glancer`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Who sent the segment.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number, whether or not its bit is set.
    pub ack: u32,
    /// TSval of the timestamps option (RFC 7323).
    pub timestamp: Option<u32>,
    /// Window, unscaled.
    pub window: u16,
    /// Bytes of payload.
    pub payload_len: u16,
    /// Where in the frame the payload begins: behind no more headers than a byte can count.
    pub payload_start: u8,
    /// The control bits (RFC 9293, section 3.1), FIN being the lowest.
    pub control: u8,
}

// One line of a processor's cache, and less than any TCP segment takes in a file with all its headers: a batch's glances
// take no more memory than its bytes.
const _: () = assert!(size_of::<Glance>() <= 64);

impl Findings {
    /// Glances at all packets, which lie in `bytes`.
    pub(super) fn glance_with(&mut self, glancer: Glancer, bytes: &[u8]) {
        for record in &mut self.records {
            if let Some(glance) = glancer(record.link, record.bytes(bytes), record.wire_len) {
                record.has_glance = true;
                self.glances.push(glance);
            }
        }
    }
}
