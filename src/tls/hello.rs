//! The two messages in the clear that state what will be used (RFC 8446 sections 4.1.2 and 4.1.3).

use super::Version;
use super::bytes::Bytes;
use super::resumption::Name;
use crate::base::Text;

/// The random number by which TLS 1.3 marks a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_ENCRYPT_THEN_MAC: u16 = 22;
const EXTENSION_SESSION_TICKET: u16 = 35;
const EXTENSION_PRE_SHARED_KEY: u16 = 41;
const EXTENSION_SUPPORTED_VERSIONS: u16 = 43;

/// The relevant fields of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// The highest version offered.
    pub(super) version: Version,
    pub(super) random: [u8; 32],
    pub(super) session_id: Vec<u8>,
    /// The ticket of the session that it wants to resume (RFC 5077), by name.
    pub(super) ticket: Option<Name>,
    pub(super) server_name: Option<Text>,
}

/// The relevant fields of a ServerHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) version: Version,
    pub(super) random: [u8; 32],
    pub(super) session_id: Vec<u8>,
    pub(super) cipher_suite: u16,
    pub(super) compressed: bool,
    /// MACs are computed over the cipher text (RFC 7366).
    pub(super) encrypt_then_mac: bool,
    /// A pre-shared key was chosen: TLS 1.3 resumption.
    pub(super) pre_shared_key: bool,
    /// Not an answer, but the demand for another ClientHello.
    pub(super) retry: bool,
}

impl ClientHello {
    /// Reads the body of the message; none if it is not well-formed.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(body);
        let legacy_version = bytes.u16()?;
        let random = *bytes.chunk()?;
        let session_id = bytes.short_vector()?.to_vec();
        bytes.vector()?;
        bytes.short_vector()?;
        let mut hello =
            Self { version: Version(legacy_version), random, session_id, ticket: None, server_name: None };
        for (number, content) in extensions(bytes) {
            match number {
                EXTENSION_SERVER_NAME => {
                    hello.server_name = hello.server_name.or_else(|| server_name(content));
                }
                EXTENSION_SESSION_TICKET => hello.ticket = Name::of_ticket(content),
                EXTENSION_SUPPORTED_VERSIONS => hello.version = highest(content).unwrap_or(hello.version),
                _ => {}
            }
        }
        Some(hello)
    }
}

impl ServerHello {
    /// Reads the body of the message; none if it is not well-formed.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(body);
        let legacy_version = bytes.u16()?;
        let random = *bytes.chunk()?;
        let session_id = bytes.short_vector()?.to_vec();
        let cipher_suite = bytes.u16()?;
        let compressed = bytes.u8()? != 0;
        let mut hello = Self {
            version: Version(legacy_version),
            random,
            session_id,
            cipher_suite,
            compressed,
            encrypt_then_mac: false,
            pre_shared_key: false,
            retry: random == RETRY,
        };
        for (number, content) in extensions(bytes) {
            match number {
                EXTENSION_SUPPORTED_VERSIONS => {
                    if let Some(version) = Bytes(content).u16() {
                        hello.version = Version(version);
                    }
                }
                EXTENSION_ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
                EXTENSION_PRE_SHARED_KEY => hello.pre_shared_key = true,
                _ => {}
            }
        }
        Some(hello)
    }
}

/// The extensions up to the first that is cut off; an old hello may have none.
fn extensions(mut bytes: Bytes<'_>) -> impl Iterator<Item = (u16, &[u8])> {
    let mut list = Bytes(bytes.vector().unwrap_or_default());
    std::iter::from_fn(move || Some((list.u16()?, list.vector()?)))
}

/// The highest version of a supported_versions extension (RFC 8446 section 4.2.1) that means something to us.
fn highest(content: &[u8]) -> Option<Version> {
    let mut list = Bytes(Bytes(content).short_vector()?);
    let versions = std::iter::from_fn(move || list.u16());
    versions.filter(|number| (0x0300..=0x0304).contains(number)).max().map(Version)
}

/// The first host name of a server_name extension (RFC 6066 section 3).
fn server_name(content: &[u8]) -> Option<Text> {
    let mut list = Bytes(Bytes(content).vector()?);
    let kind = list.u8()?;
    let name = list.vector()?;
    // A host name has 255 bytes at most (RFC 1035 section 2.3.4).
    (kind == 0 && (1..=255).contains(&name.len())).then(|| Text::from_wire(name))
}
