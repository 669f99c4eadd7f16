//! Where contents go that somebody wants whole: out of here, as they stream by.

use super::Hashing;
use crate::base::PacketRef;
use crate::report::ContentId;

/// Takes contents as they stream by: after TLS, and after the transmission mode. Whose a content is shows
/// later: the finished session names it ([`StreamFacts::kept`](crate::report::StreamFacts::kept)).
pub trait ContentSink: Send {
    /// A content begins with this packet; none where it is not wanted.
    fn begin(&mut self, at: PacketRef) -> Option<ContentId>;
    /// More of it, at its place in the content.
    fn bytes(&mut self, id: ContentId, offset: u64, bytes: &[u8]);
    /// So many bytes from `offset` on are not there. Within TLS their number is that of what went over the
    /// wire.
    fn gap(&mut self, id: ContentId, offset: u64, len: u64);
    /// Nothing more of it will come. The session that it belongs to ends later.
    fn end(&mut self, id: ContentId);
    /// It belongs to no transfer, or is no content after all. It may have ended before.
    fn forget(&mut self, id: ContentId);
}

/// Computes digests, and passes contents on besides.
pub struct Tapped {
    hashing: Box<dyn Hashing>,
    sink: Box<dyn ContentSink>,
}

impl Tapped {
    /// Digests are computed by `hashing`, contents go to `sink`.
    pub fn new(hashing: Box<dyn Hashing>, sink: Box<dyn ContentSink>) -> Self {
        Self { hashing, sink }
    }
}

impl Hashing for Tapped {
    fn start(&mut self) -> u64 {
        self.hashing.start()
    }

    fn update(&mut self, digest: u64, bytes: &[u8]) {
        self.hashing.update(digest, bytes);
    }

    fn finish(&mut self, digest: u64) -> Option<[u8; 32]> {
        self.hashing.finish(digest)
    }

    fn sink(&mut self) -> Option<&mut dyn ContentSink> {
        Some(&mut *self.sink)
    }
}

/// One content's way to the sink, where there is one that wants it.
#[derive(Debug, Default)]
pub(super) struct Tap {
    id: Option<ContentId>,
    /// How far the content has come, what is missing included.
    at: u64,
}

impl Tap {
    pub(super) fn begin(hashing: &mut dyn Hashing, at: PacketRef) -> Self {
        Self { id: hashing.sink().and_then(|sink| sink.begin(at)), at: 0 }
    }

    /// By what its session names it.
    pub(super) const fn id(&self) -> Option<ContentId> {
        self.id
    }

    #[inline]
    pub(super) fn bytes(&mut self, hashing: &mut dyn Hashing, bytes: &[u8]) {
        if let Some(id) = self.id {
            if let Some(sink) = hashing.sink() {
                sink.bytes(id, self.at, bytes);
            }
            self.at = self.at.saturating_add(bytes.len() as u64);
        }
    }

    pub(super) fn gap(&mut self, hashing: &mut dyn Hashing, len: u64) {
        if let Some((id, sink)) = self.id.zip(hashing.sink()) {
            sink.gap(id, self.at, len);
            self.at = self.at.saturating_add(len);
        }
    }

    pub(super) fn end(&self, hashing: &mut dyn Hashing) {
        if let Some((id, sink)) = self.id.zip(hashing.sink()) {
            sink.end(id);
        }
    }

    /// It is nobody's content.
    pub(super) fn forget(&mut self, hashing: &mut dyn Hashing) {
        if let Some((id, sink)) = self.id.take().zip(hashing.sink()) {
            sink.forget(id);
        }
    }
}
