//! One TLS connection, from its first record to the clear text after its last.

use super::{End, Event, Facts, KeyLog};

/// One TLS connection seen from outside.
#[derive(Default)]
pub struct Session {
    facts: Facts,
}

impl Session {
    /// A connection of which nothing was seen. Bytes go in from where TLS is expected to begin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes that `from` sent next, cut anywhere.
    ///
    /// Usually all events are of `from`; those of the other end come along where its records had to wait for a
    /// ServerHello that arrived only now.
    pub fn push(&mut self, _from: End, _bytes: &[u8], _keys: &KeyLog, _out: &mut impl FnMut(End, Event<'_>)) {
    }

    /// `len` bytes of `from` are not in the capture. The direction goes on where the missing bytes end inside a record
    /// whose length is known, or else at the next bytes that prove to be a record; 0 bytes mean that the position in
    /// the record layer is unknown, as at the start of a capture that begins mid-stream.
    pub fn gap(&mut self, _from: End, _len: u64, _keys: &KeyLog, _out: &mut impl FnMut(End, Event<'_>)) {}

    /// No more bytes will come from `from`: what was held back comes out as far as it can be told.
    pub fn finish(&mut self, _from: End, _keys: &KeyLog, _out: &mut impl FnMut(End, Event<'_>)) {}

    /// What is known so far.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
}
