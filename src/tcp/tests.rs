//! Conversations as `tcpdump` would show them, and what the table makes of them.

mod bytes;
mod closing;
mod doubt;
mod handshake;
mod limits;
mod path;
mod properties;
mod reuse;
mod script;
