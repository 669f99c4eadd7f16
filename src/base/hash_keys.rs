//! Keys of the hash tables whose keys come from the wire.
//!
//! An attacker who sends packets must not be able to choose addresses and ports that collide. Where there is
//! an operating system, it provides the keys. `wasm32-unknown-unknown` has no source of randomness: there the
//! embedding program hands keys in (`set_hash_keys`).

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
