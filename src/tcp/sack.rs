//! What a receiver has beyond a hole (RFC 2018).

use super::half::{Half, offset};
use crate::decode::Segment;

/// Blocks that an option has room for.
const BLOCKS: usize = 4;

/// Ranges of a stream that its receiver has selectively acknowledged, as told last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sacked {
    blocks: [Option<(i64, i64)>; BLOCKS],
}

impl Sacked {
    /// Whether all of a range is covered.
    pub(super) fn covers(&self, start: u64, end: u64) -> bool {
        let (start, end) = (offset(start), offset(end));
        self.blocks.iter().flatten().any(|&(left, right)| left <= start && end <= right)
    }

    /// The end of the farthest one.
    fn end(&self) -> Option<i64> {
        self.blocks.iter().flatten().map(|&(_, right)| right).max()
    }
}

impl Half {
    /// Takes note of what the receiver says to have of this side's stream beyond its acknowledgement, where
    /// that has a hole.
    #[cold]
    pub(super) fn note_sacked(&mut self, segment: &Segment<'_>) {
        /// More than any window in use.
        const FAR: i64 = 64 << 20;
        let mut sacked = Sacked::default();
        let reached = self.reached();
        let blocks = segment.sack_blocks().filter_map(|(left, right)| {
            let (left, right) = (self.offset_of(left)?, self.offset_of(right)?);
            (left < right && right <= reached.saturating_add(FAR)).then_some((left, right))
        });
        for (place, block) in sacked.blocks.iter_mut().zip(blocks) {
            *place = Some(block);
        }
        if sacked.end().is_some() {
            self.sacked = Some(Box::new(sacked));
        }
    }

    /// The end of what the receiver has, whether or not it lacks something before that.
    pub(super) fn sacked_end(&self) -> Option<i64> {
        self.sacked.as_ref()?.end()
    }

    /// Whether the receiver has what is missing before `end`.
    pub(super) fn has_been_received(&self, end: u64) -> bool {
        self.acked.is_some_and(|acked| acked >= offset(end))
            || self.sacked.as_ref().is_some_and(|sacked| sacked.covers(self.bytes.next(), end))
    }
}
