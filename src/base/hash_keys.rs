//! Hash tables for keys that come from the wire, and their random hash keys.
//!
//! An attacker who sends packets must not be able to choose addresses and ports that collide. The operating
//! system provides random numbers for that. `wasm32-unknown-unknown` has none: there the embedding program hands
//! them in (`set_hash_keys`).

use std::collections::{HashMap, HashSet};

#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
mod handed_in;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod drawn {
    /// A fast keyed hash, for tables that keep the keys themselves: a collision costs time and nothing else.
    pub(crate) type FastKeys = ahash::RandomState;

    /// SipHash, for tables in which the hash stands for the key.
    pub(crate) type StrongKeys = std::hash::RandomState;
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) use drawn::{FastKeys, StrongKeys};
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) use handed_in::{FastKeys, StrongKeys};

#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
pub use handed_in::set_hash_keys;

/// A map by keys that an attacker can choose, such as addresses: hashed with random keys, so that nobody can
/// make them collide on purpose, and in a tenth of the time that std's hash takes for so few bytes.
///
/// It stores its keys, so that a collision costs time and nothing else. Where only the hash is stored,
/// [`StrongKeys`] is used.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, FastKeys>;

/// A set of such keys.
pub(crate) type KeyedSet<K> = HashSet<K, FastKeys>;
