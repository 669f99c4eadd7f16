//! What is visible of a connection's TLS.

mod facts;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Party;
use crate::base::{FrameNumber, Text, TimeDelta, Timestamp, choices};

choices! {
    /// What came of a TLS handshake.
    #[derive(Default)]
    pub enum TlsHandshake {
        /// Neither its end nor its failure was seen.
        #[default]
        Incomplete => "incomplete",
        /// Both sides went on to application data, or could have.
        Complete => "complete",
        /// A fatal alert or a close came before that.
        Failed => "failed",
    }
}

/// What is visible of a connection's TLS. The client is the TLS client, which in FTP is the FTP client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct TlsDetails {
    /// The negotiated version.
    pub version: Option<Cow<'static, str>>,
    /// The negotiated cipher suite, by its IANA name.
    pub cipher: Option<Cow<'static, str>>,
    /// The server name that the client asked for.
    pub server_name: Option<Text>,
    /// Whether an earlier TLS session was resumed.
    pub resumed: Option<bool>,
    /// Whether the client sent a certificate; none where that can't be seen.
    pub client_certificate: Option<bool>,
    /// The server's certificate, where it crossed in the clear or was decrypted.
    pub certificate: Option<Box<TlsCertificate>>,
    /// The first fatal alert.
    pub alert: Option<TlsAlert>,
    /// What came of the handshake.
    pub handshake: TlsHandshake,
    /// Whether application data was decrypted.
    pub decrypted: bool,
    /// Why it was not, although keys were given.
    pub obstacle: Option<Cow<'static, str>>,
    /// The highest version that the client offered; none where its ClientHello was not seen.
    #[serde(skip)]
    pub offered: Option<Cow<'static, str>>,
    /// Records of application data of the client and of the server.
    #[serde(skip)]
    pub records: [u64; 2],
    /// Application data of the client and of the server that could not be read.
    #[serde(skip)]
    pub opaque: [OpaqueData; 2],
    /// Whether the client and the server ended TLS by an alert.
    #[serde(skip)]
    pub closed: [bool; 2],
    /// Whether alerts can be told from data: up to TLS 1.2, and where the keys are known.
    #[serde(skip)]
    pub shows_alerts: bool,
}

/// Application data of one side that could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct OpaqueData {
    /// Most bytes of content that its records can hold.
    pub bytes: u64,
    /// Most bytes of content in each of its first records; 0 where there are fewer.
    pub leading: [u16; 2],
    /// Time and frame that complete the first and the last record.
    pub span: Option<[(Timestamp, FrameNumber); 2]>,
}

impl OpaqueData {
    /// One more record, of so many bytes of content at most.
    pub(crate) fn add(&mut self, len: usize, time: Timestamp, frame: FrameNumber) {
        let has_room = self.has_room();
        if let Some(free) = self.leading.iter_mut().find(|len| **len == 0).filter(|_| has_room) {
            *free = u16::try_from(len).unwrap_or(u16::MAX);
        }
        self.bytes = self.bytes.saturating_add(len as u64);
        let [first, _] = self.span.unwrap_or([(time, frame); 2]);
        self.span = Some([first, (time, frame)]);
    }

    /// Whether all records so far are among the first ones.
    fn has_room(&self) -> bool {
        self.bytes == self.leading.iter().map(|&len| u64::from(len)).sum::<u64>()
    }

    /// From the first to the last packet; none where it came in one.
    pub(crate) fn duration(&self) -> Option<TimeDelta> {
        let [first, last] = self.span?;
        Some(last.0.since(first.0)).filter(|&took| took > TimeDelta::ZERO && first.1 != last.1)
    }
}

/// What a server's certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct TlsCertificate {
    /// Whose it is, as RFC 4514 writes names.
    pub subject: Option<Text>,
    /// Who signed it.
    pub issuer: Option<Text>,
    /// From when on it is valid.
    pub not_before: Option<String>,
    /// Until when it is valid.
    pub not_after: Option<String>,
    /// Whether subject and issuer are the same.
    pub self_signed: Option<bool>,
    /// Of the whole certificate.
    #[serde(with = "crate::base::hex")]
    pub sha256: Option<[u8; 32]>,
}

/// A fatal alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct TlsAlert {
    /// Who sent it.
    pub from: Party,
    /// `fatal`; none where it is encrypted and was not read.
    pub level: Option<Cow<'static, str>>,
    /// Its name; none where it is encrypted and was not read.
    pub description: Option<Cow<'static, str>>,
    /// The frame that completes it.
    pub frame: FrameNumber,
}

impl TlsDetails {
    /// Whether a side ended TLS by an alert.
    pub const fn has_closed(&self, party: Party) -> bool {
        let [client, server] = self.closed;
        match party {
            Party::Client => client,
            Party::Server => server,
        }
    }

    /// Records of application data of a side.
    pub const fn records_of(&self, party: Party) -> u64 {
        let [client, server] = self.records;
        match party {
            Party::Client => client,
            Party::Server => server,
        }
    }

    /// What it takes of memory beside its own size.
    pub(crate) fn beside(&self) -> usize {
        let owned = |text: &Option<Cow<'static, str>>| match text {
            Some(Cow::Owned(text)) => text.capacity(),
            Some(Cow::Borrowed(_)) | None => 0,
        };
        let texts = [&self.version, &self.cipher, &self.obstacle, &self.offered];
        let certificate = self.certificate.as_deref().map_or(0, TlsCertificate::memory);
        let name =
            self.server_name.as_ref().map_or(certificate, |name| name.memory().saturating_add(certificate));
        texts.into_iter().map(owned).fold(name, usize::saturating_add)
    }
}

impl TlsCertificate {
    /// What it takes of memory.
    fn memory(&self) -> usize {
        let names = [&self.subject, &self.issuer].map(|name| name.as_ref().map_or(0, Text::memory));
        let times = [&self.not_before, &self.not_after].map(|time| time.as_ref().map_or(0, String::capacity));
        names.into_iter().chain(times).fold(size_of::<Self>(), usize::saturating_add)
    }
}
