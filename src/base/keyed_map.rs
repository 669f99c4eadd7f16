//! Hash maps for keys that come from the wire.

use std::collections::{HashMap, HashSet};

use super::FastKeys;

/// A map by addresses and endpoints, which an attacker can choose: hashed with random keys, so that nobody
/// can make them collide on purpose, and in a tenth of the time that std's hash takes for so few bytes.
///
/// It stores its keys, so that a collision costs time and nothing else. Where only the hash is stored,
/// SipHash is used ([`StrongKeys`](super::StrongKeys)).
pub(crate) type KeyedMap<K, V> = HashMap<K, V, FastKeys>;

/// A set of such keys.
pub(crate) type KeyedSet<K> = HashSet<K, FastKeys>;
