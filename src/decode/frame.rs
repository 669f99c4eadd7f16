//! One captured packet, as the analysis takes it in.

use crate::base::PacketRef;

use super::{LinkType, QuickDecode};

/// One captured packet. It borrows its bytes from the buffer that they were read into.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured, and its number in the whole capture.
    pub packet: PacketRef,
    /// The link type, which says what its first header is.
    pub link: LinkType,
    /// The bytes that the capture kept.
    pub bytes: &'a [u8],
    /// How many bytes there were on the wire; never fewer than were kept.
    pub wire_len: u32,
    /// Index of the source (file or interface) that it came from.
    pub source: u16,
    /// The fields of its headers, where the reader has already decoded them. [`None`] is always right: the
    /// decoder then reads the bytes, with the same result.
    pub quick: Option<&'a QuickDecode>,
}
