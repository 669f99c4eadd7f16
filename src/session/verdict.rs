//! Whether a connection speaks FTP, by what was said on it so far.

use crate::ftp::{Party, Plausible};

/// Lines that are neither command nor reply before a suspect is let go: a banner, or what a loader complains
/// of.
const PATIENCE: u32 = 16;

/// Whether a connection is FTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) enum Verdict {
    Open { garbage: u32, command: bool, reply: bool },
    Ftp,
    Other,
}

impl Verdict {
    /// The verdict after one more line of a suspect; `is_banner` tells that it is a server's line that is no
    /// reply, and no other protocol's.
    pub(super) fn after(
        self,
        plausible: Plausible,
        party: Party,
        expected: bool,
        from_the_beginning: bool,
        is_banner: bool,
    ) -> Self {
        let Self::Open { garbage, command, reply } = self else { return self };
        let is_first = from_the_beginning && garbage == 0 && !command && !reply;
        match plausible {
            Plausible::Yes => Self::Ftp,
            // However its first line was cut, it shows what the connection is.
            Plausible::No if is_first && !(expected && is_banner) => Self::Other,
            Plausible::No if expected && garbage < PATIENCE => {
                Self::Open { garbage: garbage.saturating_add(1), command, reply }
            }
            Plausible::No => Self::Other,
            Plausible::NeedMore => {
                let command = command || party == Party::Client;
                let reply = reply || party == Party::Server;
                // On another port a greeting alone may be mail's, and what began with a banner may be
                // anything: then both sides must have spoken the language.
                let is_enough = expected && (garbage == 0 || !from_the_beginning);
                if is_enough || command && reply { Self::Ftp } else { Self::Open { garbage, command, reply } }
            }
        }
    }
}
