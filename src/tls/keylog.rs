//! Secrets that an endpoint wrote down: the NSS key log (`SSLKEYLOGFILE`, RFC 9850).

use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

use super::Obstacle;

/// Connections whose secrets are kept at most. The log is the user's own, so this only bounds a mistake (a
/// file that is no key log, or one of years): a million connections take some 300 MiB.
const MAX_CONNECTIONS: usize = 1_000_000;

/// Longest line that is looked at: a label, 32 bytes and 48 bytes in hexadecimal come to 200 characters.
const MAX_LINE: usize = 512;

/// The secrets of a key log, by the random number of the ClientHello that began the connection.
///
/// It never prints a secret, and overwrites them when dropped.
#[derive(Clone, Default)]
pub struct KeyLog {
    connections: HashMap<[u8; 32], Secrets>,
    secrets: usize,
    revision: u64,
    /// Whether a key log was given, be it an empty one.
    is_given: bool,
    /// Whether it holds anything that is no line of a key log.
    has_other: bool,
}

/// The secrets of one connection.
#[derive(Clone, Default)]
pub(super) struct Secrets([Option<Secret>; Label::COUNT]);

type Secret = Zeroizing<Box<[u8]>>;

/// What a secret is for: the first word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The master secret of TLS 1.2 and before.
    Master,
    ClientHandshakeTraffic,
    ServerHandshakeTraffic,
    ClientTraffic,
    ServerTraffic,
}

impl Label {
    const COUNT: usize = 5;

    fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"CLIENT_RANDOM" => Self::Master,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshakeTraffic,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshakeTraffic,
            b"CLIENT_TRAFFIC_SECRET_0" => Self::ClientTraffic,
            b"SERVER_TRAFFIC_SECRET_0" => Self::ServerTraffic,
            _ => return None,
        })
    }

    /// Whether a secret of `len` bytes can be this one: a master secret has 48 bytes, a traffic secret as
    /// many as the hash of a cipher suite (SHA-256 or SHA-384).
    const fn fits(self, len: usize) -> bool {
        match self {
            Self::Master => len == 48,
            _ => len == 32 || len == 48,
        }
    }
}

impl Secrets {
    pub(super) fn get(&self, label: Label) -> Option<&[u8]> {
        self.0.get(label as usize)?.as_ref().map(|secret| &***secret)
    }
}

impl KeyLog {
    /// Reads a key log. Unknown lines are skipped.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut log = Self { is_given: true, ..Self::default() };
        log.extend(bytes);
        log
    }

    /// Adds the lines of another key log, or those that were appended to the same one; where both have a
    /// secret, the later one counts.
    pub fn extend(&mut self, bytes: &[u8]) {
        for line in bytes.split(|&byte| byte == b'\n' || byte == b'\r') {
            if let Some((label, random, secret)) = read_line(line) {
                self.insert(label, random, secret);
            } else {
                self.has_other |= !line.trim_ascii().is_empty() && !line.starts_with(b"#");
            }
        }
        self.is_given = true;
    }

    /// Whether one was given, be it an empty one.
    pub const fn is_given(&self) -> bool {
        self.is_given
    }

    /// Why nothing at all can be read with it; none where it holds secrets.
    pub(super) const fn obstacle(&self) -> Option<Obstacle> {
        match (self.is_empty(), self.is_given, self.has_other) {
            (false, ..) => None,
            (true, false, _) => Some(Obstacle::NoKeys),
            (true, true, false) => Some(Obstacle::EmptyKeyLog),
            (true, true, true) => Some(Obstacle::NoKeyLog),
        }
    }

    /// Whether there is no usable secret in it.
    pub const fn is_empty(&self) -> bool {
        self.secrets == 0
    }

    /// Usable secrets in it.
    pub const fn len(&self) -> usize {
        self.secrets
    }

    /// Changes whenever a secret was added.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether these bytes begin with the ClientHello of a connection that it has secrets of.
    pub fn knows(&self, stream: &[u8]) -> bool {
        let is_hello = stream.first() == Some(&22) && stream.get(5) == Some(&1);
        let random = || stream.get(11..)?.first_chunk();
        is_hello && !self.is_empty() && random().is_some_and(|random| self.connections.contains_key(random))
    }

    pub(super) fn get(&self, client_random: &[u8; 32]) -> Option<&Secrets> {
        self.connections.get(client_random)
    }

    fn insert(&mut self, label: Label, random: [u8; 32], secret: Secret) {
        if self.connections.len() >= MAX_CONNECTIONS && !self.connections.contains_key(&random) {
            return;
        }
        let secrets = self.connections.entry(random).or_default();
        if let Some(slot) = secrets.0.get_mut(label as usize) {
            if slot.replace(secret).is_none() {
                self.secrets = self.secrets.saturating_add(1);
            }
            self.revision = self.revision.wrapping_add(1);
        }
    }
}

/// Prints how many secrets there are, and none of them.
impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("secrets", &self.secrets).finish_non_exhaustive()
    }
}

/// A line `LABEL random secret`, both in hexadecimal.
fn read_line(line: &[u8]) -> Option<(Label, [u8; 32], Secret)> {
    if line.len() > MAX_LINE {
        return None;
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let label = Label::from_word(words.next()?)?;
    let random = from_hex(words.next()?)?;
    let secret = from_hex(words.next()?)?;
    if words.next().is_some() || !label.fits(secret.len()) {
        return None;
    }
    Some((label, *random.first_chunk::<32>().filter(|_| random.len() == 32)?, secret))
}

fn from_hex(digits: &[u8]) -> Option<Secret> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2].into_boxed_slice());
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())?;
            *byte = *byte << 4 | value;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn random() -> [u8; 32] {
        std::array::from_fn(|index| u8::try_from(index).unwrap())
    }

    #[test]
    fn secrets_are_found_by_client_random_and_label() {
        let log = KeyLog::parse(
            format!(
                "# a comment\r\nCLIENT_RANDOM {RANDOM} {}\r\nSERVER_TRAFFIC_SECRET_0\t{}  {}\n",
                "AB".repeat(48),
                RANDOM.to_uppercase(),
                "cd".repeat(32)
            )
            .as_bytes(),
        );
        let secrets = log.get(&random()).unwrap();
        assert_eq!(secrets.get(Label::Master), Some(&[0xab; 48][..]));
        assert_eq!(secrets.get(Label::ServerTraffic), Some(&[0xcd; 32][..]));
        assert_eq!(secrets.get(Label::ClientTraffic), None);
        assert_eq!(log.len(), 2);
    }

    #[test]
    fn lines_that_hold_no_usable_secret_are_passed_over() {
        for line in [
            String::new(),
            "CLIENT_RANDOM".to_owned(),
            format!("CLIENT_RANDOM {RANDOM}"),
            format!("CLIENT_RANDOM {RANDOM} {}", "ab".repeat(47)),
            format!("CLIENT_RANDOM {RANDOM} {}a", "ab".repeat(47)),
            format!("CLIENT_RANDOM {RANDOM} {}zz", "ab".repeat(47)),
            format!("CLIENT_RANDOM {RANDOM} {} more", "ab".repeat(48)),
            format!("CLIENT_RANDOM {RANDOM}00 {}", "ab".repeat(48)),
            format!("CLIENT_TRAFFIC_SECRET_0 {RANDOM} {}", "ab".repeat(33)),
            format!("EXPORTER_SECRET {RANDOM} {}", "ab".repeat(48)),
            format!("client_random {RANDOM} {}", "ab".repeat(48)),
        ] {
            assert!(KeyLog::parse(line.as_bytes()).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_later_line_replaces_one_that_was_cut_off() {
        let mut log = KeyLog::default();
        log.extend(format!("CLIENT_TRAFFIC_SECRET_0 {RANDOM} {}", "ab".repeat(32)).as_bytes());
        let before = log.revision();
        log.extend(format!("CLIENT_TRAFFIC_SECRET_0 {RANDOM} {}\n", "ab".repeat(48)).as_bytes());
        assert_eq!(log.len(), 1);
        assert_ne!(log.revision(), before);
        assert_eq!(log.get(&random()).unwrap().get(Label::ClientTraffic).unwrap().len(), 48);
    }

    #[test]
    fn a_connection_is_known_by_its_first_bytes() {
        let log = KeyLog::parse(format!("CLIENT_RANDOM {RANDOM} {}", "ab".repeat(48)).as_bytes());
        let mut hello = vec![22, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3];
        hello.extend(random());
        assert!(log.knows(&hello) && !KeyLog::default().knows(&hello));
        assert!(!log.knows(&hello[..42]));
        hello[0] = 23;
        assert!(!log.knows(&hello));
    }

    #[test]
    fn a_key_log_prints_no_secret() {
        let log = KeyLog::parse(format!("CLIENT_RANDOM {RANDOM} {}", "ab".repeat(48)).as_bytes());
        assert_eq!(format!("{log:?}"), "KeyLog { secrets: 1, .. }");
    }
}
