//! What a transmission mode hides: the content behind a transform, with taps of its own.

use super::transform::{self, Transform, Unreadable};
use super::{Content, Hashing, Plan};
use crate::base::PacketRef;
use crate::report::Decoded;

/// Content up to here is decoded whatever its ratio, in bytes.
const FREE: u64 = 64 * 1024 * 1024;

/// One stream while its transmission mode is undone.
pub(super) struct Decoding {
    /// None once something could not be read.
    transform: Option<Box<dyn Transform>>,
    /// Bytes of the wire that went in.
    wire: u64,
    /// Content bytes that one byte of the wire may make.
    ratio: u64,
    pub(super) content: Content,
}

impl Decoding {
    /// None for MODE S, where the wire holds the content as it is.
    pub(super) fn begin(hashing: &mut dyn Hashing, plan: Plan, at: PacketRef) -> Option<Self> {
        let transform = transform::of(plan)?;
        let content = Content::new(hashing, Plan { mode: 'S', ..plan }, at);
        Some(Self { transform: Some(transform), wire: 0, ratio: plan.ratio.into(), content })
    }

    /// Takes more of the wire. A stream that expands without measure is given up: a few packets must not keep
    /// a processor busy for long.
    pub(super) fn update(&mut self, hashing: &mut dyn Hashing, bytes: &[u8], at: PacketRef) {
        let Self { transform: Some(transform), wire, ratio, content } = self else { return };
        *wire = wire.saturating_add(bytes.len() as u64);
        let most = wire.saturating_mul(*ratio).max(FREE);
        let mut take = |piece: &[u8]| {
            content.update(hashing, piece, at);
            if content.len > most { Err(Unreadable) } else { Ok(()) }
        };
        if transform.push(bytes, &mut take).is_err() {
            self.give_up();
        }
    }

    /// What comes from now on can't be read, nor is anything kept of what was.
    pub(super) fn give_up(&mut self) {
        self.transform = None;
        self.content.stop_reading();
    }

    /// What the whole stream held; none where that could not be read to its end.
    pub(super) fn finish(&mut self, hashing: &mut dyn Hashing) -> Option<Decoded> {
        let sha256 = self.content.finish(hashing).sha256;
        let complete = self.transform.as_ref().is_some_and(|transform| transform.is_complete());
        complete.then_some(Decoded { bytes: self.content.len, sha256 })
    }

    /// What it takes, in bytes of memory.
    pub(super) fn weight(&self) -> usize {
        let transform = self.transform.as_ref().map_or(0, |transform| transform.weight());
        size_of::<Self>().saturating_add(transform).saturating_add(self.content.weight())
    }
}
