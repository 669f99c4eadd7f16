//! One thing for each end of a control connection.

use crate::ftp::Party;

/// One thing for each end of a control connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Both<T> {
    pub(super) client: T,
    pub(super) server: T,
}

impl<T> Both<T> {
    pub(super) const fn of(&self, party: Party) -> &T {
        match party {
            Party::Client => &self.client,
            Party::Server => &self.server,
        }
    }

    pub(super) const fn of_mut(&mut self, party: Party) -> &mut T {
        match party {
            Party::Client => &mut self.client,
            Party::Server => &mut self.server,
        }
    }
}
