//! Which connections of TLS 1.2 and before resume which full handshake.
//!
//! A resumed connection has no secret of its own: it takes that of the full handshake, which it names by a
//! session number or a ticket (RFC 5246 section 7.3, RFC 5077). Key logs of some clients name the full
//! handshake only.

use std::fmt;
use std::mem;

use sha2::{Digest as _, Sha256};

use crate::base::KeyedMap;

/// Numbers and tickets that are remembered at least; twice as many at most. Each takes some 100 bytes.
const REMEMBERED: usize = 8192;

/// A full handshake and all connections that resume it, one by way of another: the random number of its
/// ClientHello, which key logs know it by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lineage(pub(super) [u8; 32]);

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two, ..] = self.0;
        write!(f, "Lineage({one:02x}{two:02x}..)")
    }
}

/// By what a connection names the session that it wants to resume: a digest, as tickets may be long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    /// The name that a session number is; none for the empty one, which names nothing.
    pub(super) fn of_session(number: &[u8]) -> Option<Self> {
        Self::of(b"session", number)
    }

    /// The name that a ticket is.
    pub(super) fn of_ticket(ticket: &[u8]) -> Option<Self> {
        Self::of(b"ticket", ticket)
    }

    fn of(kind: &[u8], bytes: &[u8]) -> Option<Self> {
        let digest = || Sha256::new().chain_update(kind).chain_update(bytes).finalize().into();
        (!bytes.is_empty()).then(|| Self(digest()))
    }
}

/// The sessions that can be resumed, as far as handshakes have shown them. It holds no secrets.
///
/// The wire chooses what goes in: the map is hashed with random keys, and of very many names the oldest that
/// nobody used since are forgotten.
#[derive(Debug, Default)]
pub struct Resumptions {
    recent: KeyedMap<Name, Lineage>,
    older: KeyedMap<Name, Lineage>,
}

impl Resumptions {
    /// A name was given to a session of this lineage.
    pub(super) fn note(&mut self, name: Name, lineage: Lineage) {
        if self.recent.len() >= REMEMBERED {
            self.older = mem::take(&mut self.recent);
        }
        self.recent.insert(name, lineage);
    }

    /// The lineage of the session that is named.
    pub(super) fn find(&mut self, name: Name) -> Option<Lineage> {
        if let Some(&lineage) = self.recent.get(&name) {
            return Some(lineage);
        }
        let lineage = *self.older.get(&name)?;
        self.note(name, lineage);
        Some(lineage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Name {
        Name::of_session(&number.to_be_bytes()).unwrap()
    }

    #[test]
    fn a_name_that_is_used_is_remembered_however_many_others_come() {
        let mut known = Resumptions::default();
        let kept = Lineage([1; 32]);
        known.note(name(0), kept);
        for number in 1..10 * REMEMBERED {
            known.note(name(number), Lineage([2; 32]));
            if number % (REMEMBERED / 2) == 0 {
                assert_eq!(known.find(name(0)), Some(kept));
            }
            assert!(known.recent.len().max(known.older.len()) <= REMEMBERED);
        }
        assert_eq!(known.find(name(1)), None, "one that nobody used is forgotten");
    }

    #[test]
    fn a_ticket_is_no_session_number_and_nothing_is_named_by_nothing() {
        assert_ne!(Name::of_ticket(b"one"), Name::of_session(b"one"));
        assert_eq!((Name::of_ticket(b""), Name::of_session(b"")), (None, None));
    }
}
