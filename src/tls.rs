//! Transport Layer Security seen from outside: what FTPS (RFC 4217) looks like to whoever only reads packets.
//!
//! In come the bytes of both directions of one connection, cut anywhere, and perhaps a key log; out come
//! [`Event`]s: application data (read, or only measured), the end of TLS, and the clear text that follows it
//! (CCC).
//!
//! Records are followed in every version. They are decrypted from TLS 1.0 (RFC 2246) to TLS 1.3 (RFC 8446).
//!
//! **Invariant:** nothing is verified but what decryption needs, nothing is ever sent, and a secret never
//! prints.

mod bytes;
mod certificate;
mod cipher;
mod facts;
mod framer;
mod handshake;
mod hello;
mod hellos;
mod keylog;
mod reader;
mod record;
mod resumption;
mod schedule;
mod session;
mod suite;

pub use certificate::Certificate;
pub use facts::{Alert, Facts, Obstacle, Version};
pub use hellos::Keys;
pub use keylog::KeyLog;
pub use record::{Sniff, looks_like_tls};
pub use resumption::{Lineage, Resumptions};
pub use session::Session;
pub use suite::suite_name;

/// One of the two ends of a connection; the caller chooses which is which, and stays with it. Which of them
/// is the TLS client is learnt from the ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The one.
    A,
    /// The other.
    B,
}

impl End {
    /// The opposite end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What one end sent, in stream order for each end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The handshake is over as far as can be seen; comes once, with the end that sent its last message.
    HandshakeDone,
    /// Decrypted application data that follows on what came before.
    Plaintext(&'a [u8]),
    /// Protected bytes that could not be read (why: [`Facts::obstacle`]): at most `len` bytes of application
    /// data. In TLS 1.3 they can't be told from session tickets and key updates.
    Opaque {
        /// Most application bytes that the record can hold.
        len: usize,
    },
    /// Bytes of the stream that nobody captured ([`Session::gap`]): at most `len` bytes of application data
    /// are missing here. What follows does not join what came before.
    Gap {
        /// Bytes missing from the stream, record headers included.
        len: u64,
    },
    /// This end ended TLS: a close_notify or a fatal alert. Comes once for each end.
    Closed(Alert),
    /// Bytes outside TLS: the stream goes on (or always was) in the clear. All that this end sends from here
    /// on comes this way; a new handshake needs a new [`Session`].
    Clear(&'a [u8]),
}
