//! Hash keys that the embedding program hands in.

#![expect(deprecated, reason = "std has no other SipHash that takes keys")]

use std::hash::{BuildHasher, Hash, RandomState, SipHasher};
use std::sync::OnceLock;

static KEYS: OnceLock<[u64; 4]> = OnceLock::new();

/// Sets the keys of all hash tables in the process; false where they are set or were used already.
///
/// Call it with random numbers (in a browser, from `crypto.getRandomValues`) before the first
/// [`Analyzer`](crate::analyzer::Analyzer) is made. **Without it the keys are as good as known**: this target
/// has no source of randomness, and a capture made for the purpose can then slow the analysis down, or have
/// two connections taken for one.
pub fn set_hash_keys(keys: [u64; 4]) -> bool {
    KEYS.set(keys).is_ok()
}

fn keys() -> [u64; 4] {
    *KEYS.get_or_init(|| {
        // Whatever std uses: on this target little more than memory addresses.
        let state = RandomState::new();
        [0_u8, 1, 2, 3].map(|number| state.hash_one(number))
    })
}

/// A fast keyed hash, for tables that keep the keys themselves: a collision costs time and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct FastKeys(ahash::RandomState);

impl Default for FastKeys {
    fn default() -> Self {
        let [a, b, c, d] = keys();
        Self(ahash::RandomState::with_seeds(a, b, c, d))
    }
}

impl FastKeys {
    /// Inherent, as on `ahash::RandomState`, so that callers need no trait.
    pub(crate) fn hash_one<T: Hash>(&self, value: T) -> u64 {
        self.0.hash_one(value)
    }
}

impl BuildHasher for FastKeys {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// SipHash, for tables in which the hash stands for the key.
#[derive(Clone, Debug)]
pub(crate) struct StrongKeys(u64, u64);

impl Default for StrongKeys {
    fn default() -> Self {
        let [a, b, ..] = keys();
        Self(a, b)
    }
}

impl BuildHasher for StrongKeys {
    type Hasher = SipHasher;

    #[inline]
    fn build_hasher(&self) -> SipHasher {
        SipHasher::new_with_keys(self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher as _;

    use super::*;

    #[test]
    fn keys_are_handed_in_once_and_decide_every_hash() {
        assert!(set_hash_keys([1, 2, 3, 4]));
        assert!(!set_hash_keys([5, 6, 7, 8]), "tables that exist would lose their entries");
        assert_eq!(
            FastKeys::default().hash_one("a"),
            ahash::RandomState::with_seeds(1, 2, 3, 4).hash_one("a")
        );
        let mut sip = SipHasher::new_with_keys(1, 2);
        "a".hash(&mut sip);
        assert_eq!(StrongKeys::default().hash_one("a"), sip.finish());
    }
}
