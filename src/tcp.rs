//! TCP connections as an observer sees them.
//!
//! In come segments; out come, through a [`Sink`], connections that open, bytes in order, gaps, and
//! connections that end. Sequence numbers become 64-bit stream offsets at the door and don't travel further
//! up.
//!
//! **Invariant:** the in-order path copies nothing; knows nothing of FTP, and asks the sink what is worth
//! following.

mod clock;
mod connection;
mod deeds;
mod doubt;
mod flow;
mod half;
mod in_order;
mod incarnation;
mod opening;
mod out_of_order;
mod prelude;
mod reassembly;
mod receive;
mod sack;
mod sink;
mod slab;
mod table;
#[cfg(test)]
mod tests;
mod track;
mod trouble;

pub use connection::{Connection, ConnectionId, Forged, Onset, Side, Stream};
pub use sink::{Absence, Chunk, Ending, Gap, Interest, Sink};
pub use table::Table;
