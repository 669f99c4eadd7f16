//! The copies of short contents that a data connection keeps until its session is over.

use super::super::content::Content;
use super::super::kept::Kept;
use super::{DataFlow, TlsState};

impl DataFlow {
    fn contents(&self) -> impl Iterator<Item = &Content> {
        let plain = match &self.tls {
            TlsState::Yes(wrapped) => &wrapped.unwrapped.plain[..],
            TlsState::Unknown | TlsState::No => &[],
        };
        self.streams.iter().chain(plain).flatten()
    }

    /// What copies of its contents take, in bytes of memory.
    pub(in crate::session) fn copied(&self) -> usize {
        self.contents().map(Content::copied).fold(0, usize::saturating_add)
    }

    /// Reckons what copies of its contents take, and gives them up where that is too much.
    #[inline(never)]
    pub(in crate::session) fn reckon_copies(&mut self, kept: &mut Kept) {
        let mut copied = self.copied();
        if copied > self.copied as usize && copied > kept.allowed_copies() {
            self.forget_copies();
            copied = 0;
            self.kept = self.weight();
        }
        kept.change_copies(self.copied as usize, copied);
        self.copied = u32::try_from(copied).unwrap_or(u32::MAX);
    }

    /// Keeps no copies of its contents.
    pub(in crate::session) fn forget_copies(&mut self) {
        self.plan.copy = 0;
        self.streams.iter_mut().flatten().for_each(Content::forget_copy);
        if let TlsState::Yes(wrapped) = &mut self.tls {
            wrapped.unwrapped.plain.iter_mut().flatten().for_each(Content::forget_copy);
        }
    }

    /// All of what it carried in one direction, where a copy of that was kept.
    pub(in crate::session) fn take_copy(&mut self) -> Option<Vec<u8>> {
        let plain = match &mut self.tls {
            TlsState::Yes(wrapped) => &mut wrapped.unwrapped.plain[..],
            TlsState::Unknown | TlsState::No => &mut [],
        };
        self.streams.iter_mut().chain(plain).flatten().find_map(Content::take_copy)
    }
}
