//! Joins handshake messages out of the records that carry them (RFC 8446 section 4).

/// Bytes of a message header.
const HEADER: usize = 4;

/// Longest message kept; of those that matter none comes near, not even a ClientHello with post-quantum key
/// shares.
const MAX_MESSAGE: usize = 1 << 16;

/// The messages that matter to an observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageType {
    ClientHello,
    ServerHello,
    NewSessionTicket,
    Certificate,
    CertificateRequest,
    ServerHelloDone,
    Finished,
    KeyUpdate,
}

impl MessageType {
    const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::ClientHello,
            2 => Self::ServerHello,
            4 => Self::NewSessionTicket,
            11 => Self::Certificate,
            13 => Self::CertificateRequest,
            14 => Self::ServerHelloDone,
            20 => Self::Finished,
            24 => Self::KeyUpdate,
            _ => return None,
        })
    }
}

/// One direction's unfinished handshake message.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// The beginning of a message that matters, or less than a header of any.
    partial: Vec<u8>,
    /// Bytes still to come of a message that does not matter.
    left: usize,
}

impl Messages {
    /// Takes the content of a handshake record and hands out the messages that end in it.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut out: impl FnMut(MessageType, &[u8])) {
        loop {
            let passed = self.left.min(bytes.len());
            self.left = self.left.saturating_sub(passed);
            bytes = bytes.get(passed..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            let missing = HEADER.saturating_sub(self.partial.len());
            bytes = self.keep(bytes, missing);
            let Some(&[kind, high, middle, low]) = self.partial.first_chunk::<HEADER>() else { return };
            let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
            let Some(kind) = MessageType::from_wire(kind).filter(|_| length <= MAX_MESSAGE) else {
                self.partial = Vec::new();
                self.left = length;
                continue;
            };
            let whole = HEADER.saturating_add(length);
            bytes = self.keep(bytes, whole.saturating_sub(self.partial.len()));
            if self.partial.len() < whole {
                return;
            }
            let message = std::mem::take(&mut self.partial);
            out(kind, message.get(HEADER..).unwrap_or_default());
        }
    }

    /// Memory of the unfinished message, in bytes.
    pub(super) const fn memory(&self) -> usize {
        self.partial.capacity()
    }

    /// Forgets an unfinished message: its rest will not come.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Keeps up to `len` of the bytes and returns the others.
    fn keep<'a>(&mut self, bytes: &'a [u8], len: usize) -> &'a [u8] {
        let (kept, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        self.partial.extend_from_slice(kept);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[&[u8]]) -> Vec<(MessageType, Vec<u8>)> {
        let mut messages = Messages::default();
        let mut seen = Vec::new();
        for piece in pieces {
            messages.feed(piece, |kind, body| seen.push((kind, body.to_vec())));
        }
        seen
    }

    #[test]
    fn messages_are_found_however_records_cut_them() {
        // A ClientHello of 3 bytes, a ServerKeyExchange (12) of 2, an empty Finished.
        let bytes = b"\x01\0\0\x03abc\x0c\0\0\x02de\x14\0\0\0";
        let expected = vec![(MessageType::ClientHello, b"abc".to_vec()), (MessageType::Finished, Vec::new())];
        for size in 1..=bytes.len() {
            assert_eq!(joined(&bytes.chunks(size).collect::<Vec<_>>()), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_message_of_absurd_length_is_passed_over_and_not_kept() {
        let mut messages = Messages::default();
        messages.feed(b"\x01\xff\xff\xff", |_, _| {});
        for _ in 0..1000 {
            messages.feed(&[0; 10_000], |_, _| {});
            assert_eq!(messages.partial.capacity(), 0);
        }
    }
}
