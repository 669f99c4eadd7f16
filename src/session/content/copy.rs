//! A stream's content as it is, kept for a while where there is little of it: what servers say of files is said
//! after they were moved, a file may come in parts, and a listing is read once it is over.

use super::Plan;

/// Content of any session is kept up to here, in bytes: servers may be asked for a digest of it next.
pub(in crate::session) const USUAL: u32 = 64 * 1024;

/// Content is kept up to here where its session has shown an interest in digests, or where it is a part of a file.
pub(in crate::session) const LARGE: u32 = 8 * 1024 * 1024;

/// Bytes of a machine listing (MLSD) that are kept until its facts were read.
const LISTING: usize = 256 * 1024;

/// The content of one stream.
pub(super) struct Copy {
    bytes: Vec<u8>,
    /// The most that is kept.
    most: u32,
    /// Whether it is a listing: of that the beginning is kept where it is too long, and what comes after a gap as
    /// well. Of a file all is kept or nothing.
    is_listing: bool,
}

impl Copy {
    /// Begins one where the plan wants it.
    pub(super) fn begin(plan: Plan) -> Option<Box<Self>> {
        let Plan { keep_listing: is_listing, copy: most, .. } = plan;
        (is_listing || most > 0).then(|| Box::new(Self { bytes: Vec::new(), most, is_listing }))
    }

    /// Takes more of the content; false where that is too much.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        if self.is_listing {
            let room = LISTING.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            return true;
        }
        let is_short = self.bytes.len().saturating_add(bytes.len()) <= self.most as usize;
        if is_short {
            self.bytes.extend_from_slice(bytes);
        }
        is_short
    }

    pub(super) const fn is_listing(&self) -> bool {
        self.is_listing
    }

    /// What was kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All of the content, if there is any.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        Some(self.bytes).filter(|bytes| !bytes.is_empty())
    }

    /// What it takes, in bytes of memory.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.capacity().saturating_add(size_of::<Self>())
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
        assert_eq!(listing.bytes().len(), LISTING);
        assert!(Copy::begin(Plan::default()).is_none());
    }
}
