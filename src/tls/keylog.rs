//! Secrets that an endpoint wrote down: the NSS key log (`SSLKEYLOGFILE`).

/// The secrets of a key log, by the random number of the ClientHello that began the connection.
#[derive(Default)]
pub struct KeyLog {}

impl KeyLog {
    /// Reads a key log. Lines that mean nothing to us are passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut log = Self::default();
        log.extend(bytes);
        log
    }

    /// Adds the lines of another key log, or of what was appended to the same one.
    pub fn extend(&mut self, _bytes: &[u8]) {}

    /// Whether there is no usable secret in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Usable secrets in it.
    pub fn len(&self) -> usize {
        0
    }
}
