//! The text of a listing as it streams by, as much of it as may be kept.

use memchr::{memchr, memrchr};

use crate::base::Text;
use crate::report::Listing;

/// Bytes of a listing that are kept.
const MOST: usize = 256 * 1024;

/// What was kept of a listing's text.
#[derive(Debug, Default)]
pub(in crate::session) struct ListingText {
    bytes: Vec<u8>,
    /// Whether lines are missing, behind the last one or in between.
    is_cut: bool,
    /// Whether what comes is the rest of a line that is missing.
    skips: bool,
}

impl ListingText {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.skips {
            let Some(end) = memchr(b'\n', bytes) else { return };
            bytes = bytes.get(end.saturating_add(1)..).unwrap_or_default();
            self.skips = false;
        }
        let room = MOST.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.is_cut |= bytes.len() > room;
    }

    /// Bytes are missing: the lines that they were of can't be read.
    pub(super) fn gap(&mut self) {
        let whole = memrchr(b'\n', &self.bytes).map_or(0, |end| end.saturating_add(1));
        self.bytes.truncate(whole);
        (self.is_cut, self.skips) = (true, true);
    }

    /// What it takes in memory.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.capacity().saturating_add(size_of::<Self>())
    }

    /// The listing; none where there is nothing in it.
    pub(in crate::session) fn listing(&self) -> Option<Listing> {
        let whole = match memrchr(b'\n', &self.bytes) {
            // The last line may be one that the cap cut.
            Some(end) if self.is_cut && self.bytes.len() >= MOST => self.bytes.get(..=end)?,
            _ => &self.bytes,
        };
        (!whole.is_empty()).then(|| Listing { text: Text::from_wire(whole), is_cut: self.is_cut })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pieces: &[Option<&[u8]>]) -> Option<(String, bool)> {
        let mut text = ListingText::default();
        for piece in pieces {
            match piece {
                Some(bytes) => text.update(bytes),
                None => text.gap(),
            }
        }
        text.listing().map(|listing| (listing.text.raw().to_owned(), listing.is_cut))
    }

    #[test]
    fn the_lines_that_a_gap_is_in_are_left_out() {
        assert_eq!(kept(&[Some(b"one\ntw"), Some(b"o\n")]), Some(("one\ntwo\n".into(), false)));
        assert_eq!(
            kept(&[Some(b"one\ntw"), None, Some(b"ee"), Some(b"\nfour\n")]),
            Some(("one\nfour\n".into(), true))
        );
        assert_eq!(kept(&[Some(b"on"), None]), None);
        assert_eq!(kept(&[]), None);
    }

    #[test]
    fn what_is_kept_ends_with_a_whole_line_where_the_cap_is_reached() {
        let line = [b'x'; 1000];
        let lines = [&line[..], b"\n"].concat();
        let pieces = vec![Some(&lines[..]); 300];
        let (text, is_cut) = kept(&pieces).unwrap();
        assert!(is_cut && text.len() <= MOST && text.ends_with('\n'));
        assert!(text.len() > MOST - 1001);
    }
}
