//! Finished sessions, stored compactly: a few in memory, the rest in an unnamed temporary file.
//!
//! Sessions come in by the order of their ends, and out by the order of their first packets. A [`Queue`] returns
//! each as soon as no earlier one can follow; an [`Archive`] keeps all, to be read as often as needed. A [`Shelf`]
//! returns a handle for each, by which any thread can read it at any time. A [`SwapFile`] keeps the states of
//! sessions under way that are idle.
//!
//! **Invariant:** what comes out equals what went in, evidence and secrets included, and nothing is lost: lack of
//! room is an error. Memory use is a few MiB plus some bytes for each session.

mod archive;
mod blocks;
mod codec;
mod error;
mod file_shelf;
mod queue;
mod scratch;
mod shelf;
mod spool;
mod swap_file;

pub use archive::{Archive, Entry};
pub use error::Error;
pub use file_shelf::FileShelf;
pub use queue::Queue;
pub use scratch::Scratch;
pub use shelf::{Shelf, Stored};
pub use swap_file::SwapFile;

#[cfg(test)]
mod tests;
