//! What one unit of a cap costs at most, in bytes of memory.
//!
//! Each number covers the values themselves and their overhead: containers at their emptiest, which are twice
//! as large as their content, a hash table together with the old one while it grows, and what the allocator
//! adds per allocation. The floors that own the things assert that they fit (`const _: () = assert!(..)`
//! beside the type).

/// What the allocator adds to a piece of memory.
pub const ALLOCATION: usize = 16;

/// What an entry of a hash table takes beside its own bytes, and how often those: a table is filled to 7/8 at
/// most, to half of that after it has grown, and while it grows the old one is there too.
pub const fn in_hash_table(entry: usize) -> usize {
    (entry + 1) * 24 / 7
}

/// What an entry of a tree takes: its nodes are filled to a half at least.
pub const fn in_tree(entry: usize) -> usize {
    entry * 2 + 8
}

/// A connection: in the table, among the flows, and with the tracker as a data connection (but for what it
/// carries).
pub const CONNECTION: usize = CONNECTION_IN_TABLE + FLOW + CONNECTION_IN_TRACKER;
/// A connection's facts, its two directions, a newer attempt beside it.
pub const CONNECTION_IN_TABLE: usize = 2144;
/// What the tracker knows of a connection, and by what it finds it.
pub const CONNECTION_IN_TRACKER: usize = 1280;
/// A flow that is known, followed or not.
pub const FLOW: usize = 64;
/// A session, but for what was said and done in it.
pub const SESSION: usize = 2528;
/// A prediction, by endpoint, by session and by age.
pub const EXPECTATION: usize = 1024;
/// A data connection that is remembered, an announcement, and a use of a port.
pub const HISTORY: usize = 496 + ANNOUNCEMENT + PORT_USE;
/// An announced endpoint, in two generations of half as many.
pub const ANNOUNCEMENT: usize = 136;
/// A use of a listening port.
pub const PORT_USE: usize = 64;
/// What is remembered of a pair of hosts, and of a host's listening ports.
pub const HOST: usize = 2048;
/// A client and a server whose connection never came about, and two between which there was a session.
pub const ATTEMPT: usize = 560;
/// An incomplete datagram, but for its pieces; and one of those that became whole last, with their hashes.
pub const DATAGRAM: usize = 1536;
/// A byte of an incomplete datagram: pieces of 8 bytes are charged with 64 more, and take twice that.
pub const FRAGMENT_BYTE: usize = 3;
/// A byte of the largest packet: there are thirteen buffers in which it may lie (four batches and what is
/// carried over between a file and the analysis, and eight parcels where a pipe is followed), and a block of
/// pcapng may have as much again in options. Where the packets of a batch lie and their decoded headers take
/// three times its bytes at most, which parcels, of few packets each, leave room for.
pub const PACKET_BUFFERS: usize = 2 * 13;
/// An interface of a pcapng file.
pub const INTERFACE: usize = 128;
/// A byte of TLS secrets: as it is in the file, being handed over, and as key that was read.
pub const TLS_SECRET_BYTE: usize = 6;
