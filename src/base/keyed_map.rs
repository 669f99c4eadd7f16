//! Tables whose keys come from the wire.

use std::collections::{HashMap, HashSet};

/// A table by addresses and endpoints, which whoever sends packets chooses: hashed with keys drawn when the program starts,
/// so that nobody can choose them to collide, and in a tenth of the time that std's hash takes for so few bytes.
///
/// It keeps the keys themselves, so that a collision costs time and nothing else. Where the hash stands for the key, std's
/// (SipHash) is in its place.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, ahash::RandomState>;

/// A set of such keys.
pub(crate) type KeyedSet<K> = HashSet<K, ahash::RandomState>;
