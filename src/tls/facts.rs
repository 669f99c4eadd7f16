//! What can be said about a TLS connection.

use std::fmt;

use super::{Certificate, End, Lineage};
use crate::base::Text;

/// A protocol version, by the number that the wire carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.0 (RFC 2246).
    pub const TLS10: Self = Self(0x0301);
    /// TLS 1.2 (RFC 5246).
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS13: Self = Self(0x0304);
}

/// `TLS 1.2`, or `TLS 0x1234` where the number means nothing to us.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.write_str("SSL 3.0"),
            0x0301 => f.write_str("TLS 1.0"),
            0x0302 => f.write_str("TLS 1.1"),
            0x0303 => f.write_str("TLS 1.2"),
            0x0304 => f.write_str("TLS 1.3"),
            other => write!(f, "TLS {other:#06x}"),
        }
    }
}

/// An alert that ends a connection (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// close_notify: an orderly end.
    CloseNotify,
    /// A fatal alert, by its description number.
    Fatal(u8),
    /// An encrypted alert. That it is one is visible up to TLS 1.2; in TLS 1.3 it is concluded from its
    /// length.
    Unread,
}

impl Alert {
    /// The description's name in RFC 8446, or in the older RFCs; none for unread and unknown ones.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::CloseNotify => Some("close_notify"),
            Self::Unread => None,
            Self::Fatal(number) => alert_name(number),
        }
    }
}

/// Why application data could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The key log holds nothing for this connection, or there is no key log.
    NoKeys,
    /// The key log holds nothing at all.
    EmptyKeyLog,
    /// What was given as key log is none.
    NoKeyLog,
    /// The connection resumes a session whose full handshake is not in the capture, or whose secret the key
    /// log lacks.
    NoResumed,
    /// The ClientHello or the ServerHello is not in the capture.
    NoHello,
    /// Only TLS 1.0 and later versions are decrypted.
    UnsupportedVersion,
    /// The cipher suite (or compression) is not one that we decrypt.
    UnsupportedSuite,
    /// Bytes are missing from the capture, and the records after them could not be placed.
    Gap,
    /// A record did not decrypt: damaged bytes, or keys of another connection.
    Undecipherable,
}

/// What is known so far of a TLS connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The end that sent the ClientHello.
    pub client: Option<End>,
    /// The highest version that the client offers, from the ClientHello.
    pub offered: Option<Version>,
    /// The negotiated version, from the ServerHello.
    pub version: Option<Version>,
    /// The negotiated cipher suite, by its IANA number; see [`suite_name`](super::suite_name).
    pub cipher_suite: Option<u16>,
    /// The server name that the client asked for (RFC 6066 section 3).
    pub server_name: Option<Text>,
    /// Whether an earlier TLS session was resumed; none where that can't be seen. Many FTP servers insist
    /// that data connections resume the session of the control connection.
    pub resumed: Option<bool>,
    /// The full handshake that its secret is of, its own or that of the session that it resumes; none in TLS
    /// 1.3.
    pub lineage: Option<Lineage>,
    /// Whether the server asked for the client's certificate, where that can be seen.
    pub certificate_requested: bool,
    /// Whether the client sent a certificate, where that can be seen.
    pub client_certificate: Option<bool>,
    /// The server's certificate, where it was seen.
    pub certificate: Option<Box<Certificate>>,
    /// Whether the handshake was seen to end.
    pub established: bool,
    /// Records of application data seen, read or not, from ends A and B.
    pub data_records: [u64; 2],
    /// Whether ends A and B ended TLS by an alert, read or not.
    pub closed: [bool; 2],
    /// The first alert that meant failure, and who sent it. An unread one counts while the handshake is not
    /// over.
    pub fatal: Option<(End, Alert)>,
    /// Whether something protected could be read.
    pub decrypted: bool,
    /// The first reason why application data could not be read.
    pub obstacle: Option<Obstacle>,
}

const fn alert_name(number: u8) -> Option<&'static str> {
    Some(match number {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}
