//! Finished sessions, kept compactly: in memory as long as they are few, else in a temporary file without a
//! name.
//!
//! In come sessions in the order of their ends; out they come in the order of their first packets. A
//! [`Queue`] gives each as soon as none that began earlier can follow; an [`Archive`] keeps all, to be read
//! as often as needed. A [`Shelf`] gives a handle for each, by which any thread can read it at any time.
//!
//! **Invariant:** what comes out equals what went in, evidence and secrets included, and nothing is left out:
//! where there is no room, that is an error. In memory there are a few MiB and some bytes for each session,
//! however many there are.

mod archive;
mod blocks;
mod codec;
mod error;
mod queue;
mod scratch;
mod shelf;
mod spool;

pub use archive::{Archive, Entry};
pub use error::Error;
pub use queue::Queue;
pub use scratch::Scratch;
pub use shelf::{Shelf, Stored};

#[cfg(test)]
mod tests;
