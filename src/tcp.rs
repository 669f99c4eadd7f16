//! TCP connections as an observer sees them.
//!
//! In come segments; out come, through a [`Sink`], connections that open, bytes in order, gaps, and connections that end.
//! Sequence numbers become 64-bit stream offsets at the door and don't travel further up.
//!
//! **Invariant:** the in-order path copies nothing; knows nothing of FTP, and asks the sink what is worth following.

mod connection;
mod sink;
mod table;
pub use table::Table;

pub use connection::{Connection, ConnectionId, Onset, Side, Stream};
pub use sink::{Chunk, Ending, Gap, Interest, Sink};
