//! The most that one unit of a cap costs, in bytes of memory.
//!
//! Each number includes overhead: half-empty containers, a hash table together with the old one while it grows,
//! and what the allocator adds to each allocation. The modules that own the types assert that they fit
//! (`const _: () = assert!(..)` beside the type).

/// What the allocator adds to each allocation.
pub const ALLOCATION: usize = 16;

/// What an entry of a hash table costs: a table is at most 7/8 full, half of that after it has grown, and
/// coexists with the old one while it grows.
pub const fn in_hash_table(entry: usize) -> usize {
    (entry + 1) * 24 / 7
}

/// What an entry of a B-tree costs: its nodes are at least half full.
pub const fn in_tree(entry: usize) -> usize {
    entry * 2 + 8
}

/// A connection: in the table, among the flows, and in the tracker as a data connection (without its content).
pub const CONNECTION: usize = CONNECTION_IN_TABLE + FLOW + CONNECTION_IN_TRACKER;
/// A connection's facts, its two directions, and a newer attempt.
pub const CONNECTION_IN_TABLE: usize = 2560;
/// What the tracker knows of a connection, with its index entries.
pub const CONNECTION_IN_TRACKER: usize = 1280;
/// A flow that is known, followed or not.
pub const FLOW: usize = 64;
/// A session, without its commands, channels and transfers.
pub const SESSION: usize = 2752;
/// What stays in memory of a session that is put aside: its place, its index entries, its connection's.
pub const SESSION_ASIDE: usize = 896;
/// A prediction, indexed by endpoint, session and age.
pub const EXPECTATION: usize = 1024;
/// A data connection that is remembered, an announcement, and a use of a port.
pub const HISTORY: usize = 496 + ANNOUNCEMENT + PORT_USE;
/// An announced endpoint, in two generations of half as many.
pub const ANNOUNCEMENT: usize = 136;
/// A use of a listening port.
pub const PORT_USE: usize = 64;
/// What is remembered of a pair of hosts, and of one host's listening ports.
pub const HOST: usize = 2048;
/// A client and a server whose connection failed, and a pair that had a session.
pub const ATTEMPT: usize = 560;
/// An incomplete datagram, without its pieces, and a recently completed one with its hashes.
pub const DATAGRAM: usize = 1536;
/// A byte of an incomplete datagram: pieces of 8 bytes are charged 64 more, and take twice that.
pub const FRAGMENT_BYTE: usize = 3;
/// A byte of the largest packet: it may be in thirteen buffers (four batches and the carry-over of a file, eight
/// parcels of a followed pipe), and a pcapng block may have as much again in options. A batch's records and
/// decoded headers take at most three times its bytes; parcels, which hold few packets, leave room for that.
pub const PACKET_BUFFERS: usize = 2 * 13;
/// An interface of a pcapng file.
pub const INTERFACE: usize = 128;
/// A byte of TLS secrets: in the file's form, being handed over, and as a parsed key.
pub const TLS_SECRET_BYTE: usize = 6;
