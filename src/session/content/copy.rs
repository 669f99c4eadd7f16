//! A stream's content as it is, kept for a while where there is little of it: what servers say of files is said
//! after they were moved, a file may come in parts, and a listing is read once it is over.

use super::Plan;
use super::listing::ListingText;
use crate::report::Listing;

/// Content of any session is kept up to here, in bytes: servers may be asked for a digest of it next.
pub(in crate::session) const USUAL: u32 = 64 * 1024;

/// Content is kept up to here where its session has shown an interest in digests, or where it is a part of a file.
pub(in crate::session) const LARGE: u32 = 8 * 1024 * 1024;

/// The content of one stream.
pub(super) enum Copy {
    /// Of a file all is kept or nothing.
    File {
        bytes: Vec<u8>,
        /// The most that is kept.
        most: u32,
    },
    Listing(ListingText),
}

impl Copy {
    /// Begins one where the plan wants it.
    pub(super) fn begin(plan: Plan) -> Option<Box<Self>> {
        match plan {
            Plan { keep_listing: true, .. } => Some(Box::new(Self::Listing(ListingText::default()))),
            Plan { copy: 0, .. } => None,
            Plan { copy: most, .. } => Some(Box::new(Self::File { bytes: Vec::new(), most })),
        }
    }

    /// Takes more of the content; false where that is too much.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        match self {
            Self::Listing(text) => {
                text.update(bytes);
                true
            }
            Self::File { bytes: kept, most } => {
                let is_short = kept.len().saturating_add(bytes.len()) <= *most as usize;
                if is_short {
                    kept.extend_from_slice(bytes);
                }
                is_short
            }
        }
    }

    /// Bytes are missing.
    pub(super) fn gap(&mut self) {
        match self {
            Self::Listing(text) => text.gap(),
            Self::File { .. } => {}
        }
    }

    pub(super) const fn is_listing(&self) -> bool {
        matches!(self, Self::Listing(_))
    }

    /// The listing that was kept.
    pub(super) fn listing(&self) -> Option<Listing> {
        match self {
            Self::Listing(text) => text.listing(),
            Self::File { .. } => None,
        }
    }

    /// All of the content, if there is any.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::File { bytes, .. } => Some(bytes).filter(|bytes| !bytes.is_empty()),
            Self::Listing(_) => None,
        }
    }

    /// What it takes, in bytes of memory.
    pub(super) const fn weight(&self) -> usize {
        let kept = match self {
            Self::File { bytes, .. } => bytes.capacity(),
            Self::Listing(text) => text.weight(),
        };
        kept.saturating_add(size_of::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_all_is_kept_or_nothing_and_of_a_listing_what_there_is_room_for() {
        let mut copy = Copy::begin(Plan { copy: 5, ..Plan::default() }).unwrap();
        assert!(copy.push(b"abc") && copy.push(b"de") && !copy.push(b"f"));
        assert_eq!(copy.into_bytes(), Some(b"abcde".to_vec()));
        let mut listing = Copy::begin(Plan { keep_listing: true, copy: 5, ..Plan::default() }).unwrap();
        assert!((0..3).all(|_| listing.push(&vec![b'x'; 100_000])));
        assert!(listing.into_bytes().is_none());
        assert!(Copy::begin(Plan::default()).is_none());
    }
}
