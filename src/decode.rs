//! From a frame to the TCP segment inside it.
//!
//! In comes a [`Frame`](crate::capture::Frame); out comes a [`Segment`], or the reason why there is none.
//!
//! **Invariant:** remembers nothing but incomplete IP datagrams, and of those a bounded number.

mod segment;

pub use segment::{Decoded, Flags, Segment};
