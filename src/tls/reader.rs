//! Opens the protected records of one direction: finds the keys, and counts the sequence numbers.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::{RecordCipher, update_secret};
use super::hello::{ClientHello, ServerHello};
use super::hellos::Hellos;
use super::keylog::{Label, Secrets};
use super::record::{ContentType, HEADER, Header};
use super::suite::Suite;
use super::{KeyLog, Obstacle, Version};

/// Sequence numbers that are tried for one record at most. After a loss nobody knows how many records are
/// missing; the tag proves the right guess.
const MAX_WINDOW: u64 = 4096;

/// Most bytes that are deciphered in vain for one direction, so that losses can't cost more time than the
/// capture's own bytes: a few tenths of a second.
const MAX_TRIALS: u64 = 64 << 20;

/// Suites that can be meant where the ServerHello is missing; the secret's length gives the hash function.
const TLS13_SUITES: [u16; 4] = [0x1302, 0x1301, 0x1303, 0x1304];

/// What the keys of a direction follow from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) hellos: &'a Hellos,
    /// Whether the direction is the TLS client's; none where no hello was seen.
    pub(super) is_client: Option<bool>,
    pub(super) log: &'a KeyLog,
}

/// A record that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) kind: ContentType,
    /// Where in the body the content is.
    pub(super) content: Range<usize>,
    /// The suite that opened it.
    pub(super) suite: Suite,
}

/// The keys of one direction, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Reader {
    protection: Protection,
    /// What was known when keys were looked for the last time.
    looked: Option<(u64, bool, bool)>,
    obstacle: Option<Obstacle>,
    /// Records since protection began whose sequence numbers were not seen to be used.
    unplaced: u64,
    /// Whether bytes were lost since the last record that opened.
    lost: bool,
    trials: u64,
}

#[derive(Debug, Default)]
enum Protection {
    #[default]
    Unknown,
    Tls12(Opener),
    /// The keys of the handshake until its Finished, then those of the application.
    Tls13 {
        handshake: Option<Opener>,
        application: Option<Traffic>,
    },
}

/// The application keys of TLS 1.3, which can be replaced.
#[derive(Debug)]
struct Traffic {
    opener: Opener,
    secret: TrafficSecret,
}

struct TrafficSecret(Zeroizing<Box<[u8]>>);

/// Keys and the sequence number of the next record.
#[derive(Debug)]
struct Opener {
    /// Several only while the suite is not known: the first record that opens decides.
    ciphers: Vec<(Suite, RecordCipher)>,
    /// The least sequence number that the next record can have.
    next: u64,
    /// How many numbers later it can be.
    window: u64,
    /// Bytes are missing since the last record: where a record depends on the one before, it can't be read.
    is_chain_broken: bool,
}

impl std::fmt::Debug for TrafficSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Reader {
    /// Opens a record in place; a body that can't be opened is left as it was.
    pub(super) fn open(
        &mut self,
        header: Header,
        body: &mut [u8],
        origin: Origin<'_>,
    ) -> Result<Opened, Obstacle> {
        self.find_keys(origin);
        let trials = &mut self.trials;
        let (opened, had_keys) = match &mut self.protection {
            Protection::Unknown => (None, false),
            Protection::Tls12(opener) => (opener.open(header, body, trials), true),
            // Neither their alerts nor their change_cipher_spec records are protected unless they look like
            // data.
            Protection::Tls13 { .. } if header.kind != ContentType::ApplicationData => (None, true),
            Protection::Tls13 { handshake, application } => {
                let had_keys = application.is_some();
                let opened = handshake.as_mut().and_then(|opener| opener.open(header, body, trials));
                let opened = opened.or_else(|| {
                    let opened = application.as_mut()?.opener.open(header, body, trials)?;
                    // The Finished was lost, or could not be read.
                    *handshake = None;
                    Some(opened)
                });
                (opened, had_keys)
            }
        };
        if let Some(opened) = opened {
            self.unplaced = 0;
            self.lost = false;
            return Ok(opened);
        }
        self.unplaced = self.unplaced.saturating_add(1);
        Err(match self.obstacle {
            Some(obstacle) => obstacle,
            None if !had_keys => Obstacle::NoKeys,
            None if self.lost => Obstacle::Gap,
            None => Obstacle::Undecipherable,
        })
    }

    /// `len` bytes are missing (0: an unknown number), and with them up to as many records as that can hold.
    pub(super) fn lose(&mut self, len: u64) {
        const SHORTEST: u64 = HEADER as u64 + 17;
        let records = if len == 0 { MAX_WINDOW } else { (len / SHORTEST).saturating_add(1) };
        self.lost = true;
        self.unplaced = self.unplaced.saturating_add(records);
        for opener in self.protection.openers() {
            opener.window = opener.window.saturating_add(records);
            opener.is_chain_broken = true;
        }
    }

    /// One record is there whose bytes are not all there.
    pub(super) fn pass(&mut self) {
        self.lost = true;
        self.unplaced = self.unplaced.saturating_add(1);
        for opener in self.protection.openers() {
            opener.window = opener.window.saturating_add(1);
            opener.is_chain_broken = true;
        }
    }

    /// TLS 1.2 and before: a ChangeCipherSpec came, new keys count from 0.
    pub(super) fn change_cipher_spec(&mut self) {
        *self = Self { trials: self.trials, ..Self::default() };
    }

    /// TLS 1.3: the Finished came, application keys are next.
    pub(super) fn finish_handshake(&mut self) {
        if let Protection::Tls13 { handshake, .. } = &mut self.protection {
            *handshake = None;
        }
    }

    /// TLS 1.3: a KeyUpdate came, the next keys count from 0.
    pub(super) fn update_keys(&mut self) {
        let Protection::Tls13 { application, .. } = &mut self.protection else { return };
        *application = application.take().and_then(Traffic::updated);
        if application.is_none() {
            self.obstacle = Some(Obstacle::Undecipherable);
        }
    }

    /// Looks for missing keys whenever something new is known.
    fn find_keys(&mut self, origin: Origin<'_>) {
        let complete = match &self.protection {
            Protection::Unknown => false,
            Protection::Tls12(_) => true,
            Protection::Tls13 { application, .. } => application.is_some(),
        };
        let known = (origin.log.revision(), origin.hellos.client.is_some(), origin.hellos.server.is_some());
        if complete || self.looked == Some(known) {
            return;
        }
        self.looked = Some(known);
        match self.keys_of(origin) {
            Ok(found) => {
                self.obstacle = None;
                match (&mut self.protection, found) {
                    // The handshake keys were there already; they may be used up.
                    (Protection::Tls13 { application, .. }, Protection::Tls13 { application: found, .. }) => {
                        *application = found;
                    }
                    (protection, found) => *protection = found,
                }
            }
            Err(obstacle) => self.obstacle = Some(obstacle),
        }
    }

    fn keys_of(&self, origin: Origin<'_>) -> Result<Protection, Obstacle> {
        let none = origin.log.obstacle();
        let client = origin.hellos.client.as_ref().ok_or(none.unwrap_or(Obstacle::NoHello))?;
        let is_client = origin.is_client.ok_or(Obstacle::NoHello)?;
        match origin.hellos.server.as_ref() {
            Some(server) if server.version < Version::TLS13 => {
                if server.version < Version::TLS10 {
                    return Err(Obstacle::UnsupportedVersion);
                }
                self.tls12_keys(origin, client, server, is_client)
            }
            Some(server) if server.version > Version::TLS13 => Err(Obstacle::UnsupportedVersion),
            Some(server) => {
                if Suite::find(server.cipher_suite).is_none() {
                    return Err(Obstacle::UnsupportedSuite);
                }
                let secrets = origin.log.get(&client.random).ok_or(none.unwrap_or(Obstacle::NoKeys))?;
                self.tls13_keys(&[server.cipher_suite], secrets, is_client).ok_or(Obstacle::NoKeys)
            }
            None => {
                let secrets = origin.log.get(&client.random).ok_or(none.unwrap_or(Obstacle::NoKeys))?;
                self.tls13_keys(&TLS13_SUITES, secrets, is_client).ok_or(Obstacle::NoHello)
            }
        }
    }

    fn tls12_keys(
        &self,
        origin: Origin<'_>,
        client: &ClientHello,
        server: &ServerHello,
        is_client: bool,
    ) -> Result<Protection, Obstacle> {
        let suite = Suite::find(server.cipher_suite)
            .filter(|suite| !suite.is_tls13() && !server.compressed)
            .ok_or(Obstacle::UnsupportedSuite)?;
        // Which of the sessions that it named a client resumes, records will tell.
        let mut masters = origin
            .hellos
            .origins()
            .filter_map(|lineage| origin.log.get(&lineage.0)?.get(Label::Master))
            .peekable();
        if masters.peek().is_none() {
            let resumed = origin.hellos.resumed == Some(true);
            let none = if resumed { Obstacle::NoResumed } else { Obstacle::NoKeys };
            return Err(origin.log.obstacle().unwrap_or(none));
        }
        let ciphers: Vec<_> = masters
            .filter_map(|master| RecordCipher::tls12(suite, master, &client.random, server, is_client))
            .map(|cipher| (suite, cipher))
            .collect();
        if ciphers.is_empty() {
            return Err(Obstacle::UnsupportedSuite);
        }
        Ok(Protection::Tls12(Opener::new(ciphers, self.unplaced)))
    }

    fn tls13_keys(&self, suites: &[u16], secrets: &Secrets, is_client: bool) -> Option<Protection> {
        let (handshake, application) = if is_client {
            (Label::ClientHandshakeTraffic, Label::ClientTraffic)
        } else {
            (Label::ServerHandshakeTraffic, Label::ServerTraffic)
        };
        let opener = |label| {
            let secret = secrets.get(label)?;
            let ciphers: Vec<_> = suites
                .iter()
                .filter_map(|&number| Suite::find(number))
                .filter(|suite| suite.is_tls13() && suite.hash.len() == secret.len())
                .filter_map(|suite| Some((suite, RecordCipher::tls13(suite, secret)?)))
                .collect();
            (!ciphers.is_empty()).then(|| (Opener::new(ciphers, self.unplaced), secret))
        };
        let handshake = opener(handshake).map(|(opener, _)| opener);
        let application = opener(application)
            .map(|(opener, secret)| Traffic { opener, secret: TrafficSecret(Zeroizing::new(secret.into())) });
        if handshake.is_none() && application.is_none() {
            return None;
        }
        Some(Protection::Tls13 { handshake, application })
    }
}

impl Protection {
    fn openers(&mut self) -> impl Iterator<Item = &mut Opener> {
        let (first, second) = match self {
            Self::Unknown => (None, None),
            Self::Tls12(opener) => (Some(opener), None),
            Self::Tls13 { handshake, application } => {
                (handshake.as_mut(), application.as_mut().map(|traffic| &mut traffic.opener))
            }
        };
        first.into_iter().chain(second)
    }
}

impl Traffic {
    fn updated(mut self) -> Option<Self> {
        let &(suite, _) = self.opener.ciphers.first()?;
        update_secret(suite.hash, &mut self.secret.0)?;
        let cipher = RecordCipher::tls13(suite, &self.secret.0)?;
        self.opener = Opener::new(vec![(suite, cipher)], 0);
        Some(self)
    }
}

impl Opener {
    const fn new(ciphers: Vec<(Suite, RecordCipher)>, window: u64) -> Self {
        Self { ciphers, next: 0, window, is_chain_broken: window > 0 }
    }

    /// Opens a record, if it can be; either way what the next one depends on is kept.
    fn open(&mut self, header: Header, body: &mut [u8], trials: &mut u64) -> Option<Opened> {
        let last_block = self.ciphers.first().and_then(|(_, cipher)| cipher.last_block(body));
        let is_chain_broken = std::mem::take(&mut self.is_chain_broken);
        let Some(last_block) = last_block else { return self.try_open(header, body, trials) };
        let opened = if is_chain_broken {
            self.window = self.window.saturating_add(1);
            None
        } else {
            self.try_open(header, body, trials)
        };
        self.ciphers.iter_mut().for_each(|(_, cipher)| cipher.follow(last_block));
        opened
    }

    /// Tries all sequence numbers that the record can have, but no more than `trials` allows.
    fn try_open(&mut self, header: Header, body: &mut [u8], trials: &mut u64) -> Option<Opened> {
        let cost = body.len() as u64;
        for ahead in 0..=self.window.min(MAX_WINDOW) {
            let sequence = self.next.checked_add(ahead)?;
            for index in 0..self.ciphers.len() {
                if *trials > MAX_TRIALS {
                    return None;
                }
                let (suite, cipher) = self.ciphers.get(index)?;
                if let Some((kind, content)) = cipher.open(sequence, header, body) {
                    let suite = *suite;
                    self.ciphers.swap(0, index);
                    self.ciphers.truncate(1);
                    self.next = sequence.checked_add(1)?;
                    self.window = 0;
                    return Some(Opened { kind, content, suite });
                }
                *trials = trials.saturating_add(cost);
            }
        }
        // It used up one number, or none if it is of other keys.
        self.window = self.window.saturating_add(1);
        None
    }
}
