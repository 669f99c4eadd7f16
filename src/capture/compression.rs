//! The compression of a capture file, recognised by its first bytes.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::base::Limits;
pub(super) use crate::report::Compression;

impl Compression {
    /// The compression of a file that begins so.
    pub(super) fn recognise(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A zstd frame, or a skippable one, which parallel compressors put first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }

    /// What `packed` unpacks to, within the limits.
    #[cfg(feature = "compression")]
    pub(super) fn unpack(
        self,
        packed: Box<dyn Read + Send>,
        file_bytes: &Arc<AtomicU64>,
        limits: &Limits,
    ) -> io::Result<Box<dyn Read + Send>> {
        super::unpack::unpack(self, packed, file_bytes, limits)
    }

    /// Nothing can be unpacked in a build without the feature `compression`.
    #[cfg(not(feature = "compression"))]
    pub(super) fn unpack(
        self,
        _packed: Box<dyn Read + Send>,
        _file_bytes: &Arc<AtomicU64>,
        _limits: &Limits,
    ) -> io::Result<Box<dyn Read + Send>> {
        let what = format!("it is compressed with {}, which this build can't unpack", self.name());
        Err(io::Error::new(io::ErrorKind::Unsupported, what))
    }
}
