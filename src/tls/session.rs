//! One TLS connection, from its first record to the clear text after its last.

mod messages;

use super::framer::{Framer, Piece};
use super::handshake::Messages;
use super::hellos::{Hellos, Keys};
use super::reader::{Origin, Reader};
use super::record::{ContentType, Header};
use super::resumption::Resumptions;
use super::suite::Suite;
use super::{Alert, End, Event, Facts, Obstacle, Version};

/// Bytes that are cut into records at a time, so that a framer never buffers much more than one record.
const CHUNK: usize = 16 * 1024;

/// Bytes of one direction that wait for the other's hello at most. Only a capture that has the two directions
/// out of order needs any.
const MAX_WAITING: usize = 64 * 1024;

/// Bytes of an alert.
const ALERT: usize = 2;

/// Alert level and descriptions (RFC 8446 section 6).
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

/// One TLS connection seen from outside.
#[derive(Debug, Default)]
pub struct Session {
    facts: Facts,
    hellos: Hellos,
    directions: [Direction; 2],
}

/// What one end sends.
#[derive(Debug, Default)]
struct Direction {
    framer: Framer,
    messages: Messages,
    reader: Reader,
    /// Whether records are protected from here on.
    protected: bool,
    /// Whether something came that comes after a hello, or that may have hidden one.
    past_hello: bool,
    /// Whether a protected handshake message came: up to TLS 1.2, the Finished.
    finished: bool,
    /// TLS 1.3: unread records of the handshake.
    flight: u8,
}

impl Session {
    /// A connection of which nothing was seen. Bytes go in from where TLS is expected to begin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes that `from` sent next, cut anywhere.
    ///
    /// Usually all events are of `from`; those of the other end come along where its records had to wait for
    /// a hello that arrived only now.
    pub fn push(
        &mut self,
        from: End,
        bytes: &[u8],
        keys: &mut Keys<'_>,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        for chunk in bytes.chunks(CHUNK) {
            self.direction(from).framer.feed(chunk);
            self.pump(from, keys, out);
            self.pump(from.peer(), keys, out);
        }
        for direction in &mut self.directions {
            direction.framer.release();
        }
    }

    /// `len` bytes of `from` are not in the capture. The direction goes on where the missing bytes end inside
    /// a record whose length is known, or else at the next bytes that prove to be a record or a line of clear
    /// text; 0 bytes mean that the position in the record layer is unknown, as in a capture that begins
    /// mid-stream.
    pub fn gap(&mut self, from: End, len: u64, keys: &mut Keys<'_>, out: &mut impl FnMut(End, Event<'_>)) {
        self.hellos.lose();
        self.direction(from).past_hello = true;
        if self.direction(from).framer.next_kind().is_some() {
            // What waited can't wait any longer.
            self.direction(from.peer()).past_hello = true;
            self.pump(from, keys, out);
        }
        let direction = self.direction(from);
        if direction.framer.skip(len) {
            direction.reader.lose(len);
        }
        direction.messages.reset();
        if len > 0 {
            out(from, Event::Gap { len });
        }
        self.pump(from, keys, out);
        self.pump(from.peer(), keys, out);
    }

    /// No more bytes will come from `from`: what was held back is handed out as far as it can be read.
    pub fn finish(&mut self, from: End, keys: &mut Keys<'_>, out: &mut impl FnMut(End, Event<'_>)) {
        let direction = self.direction(from);
        direction.past_hello = true;
        direction.framer.end();
        self.pump(from, keys, out);
        self.pump(from.peer(), keys, out);
    }

    /// What is known so far.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// By how much the lengths of what could not be read may be too great.
    pub fn length_slack(&self) -> usize {
        self.facts.cipher_suite.and_then(Suite::find).map_or(0, Suite::padding)
    }

    /// Memory beyond its own size, in bytes: records and messages that have not ended, keys.
    pub fn memory(&self) -> usize {
        const KEYS: usize = 2048;
        const CERTIFICATE: usize = 3072;
        let certificate = if self.facts.certificate.is_some() { CERTIFICATE } else { 0 };
        let directions = self.directions.iter();
        directions.fold(KEYS.saturating_add(certificate), |sum, direction| {
            sum.saturating_add(direction.framer.capacity()).saturating_add(direction.messages.memory())
        })
    }

    const fn direction(&mut self, end: End) -> &mut Direction {
        let [a, b] = &mut self.directions;
        match end {
            End::A => a,
            End::B => b,
        }
    }

    /// Handles all pieces of one direction that can be handled now.
    fn pump(&mut self, end: End, keys: &mut Keys<'_>, out: &mut impl FnMut(End, Event<'_>)) {
        while !self.must_wait(end, keys) {
            // The framer is taken out for a moment: its buffer is worked on while the rest of the session
            // changes.
            let mut framer = std::mem::take(&mut self.direction(end).framer);
            let piece = framer.next();
            let is_last = piece.is_none();
            match piece {
                Some(Piece::Record(header, body)) => self.record(end, header, body, keys, out),
                Some(Piece::Damaged(header)) => self.damaged(end, header, keys, out),
                Some(Piece::Clear(bytes)) => {
                    self.direction(end).past_hello = true;
                    out(end, Event::Clear(bytes));
                }
                None => {}
            }
            self.direction(end).framer = framer;
            if is_last {
                return;
            }
        }
    }

    /// Whether the next record of `end` is better read once the other end's hello is known.
    fn must_wait(&mut self, end: End, keys: &mut Keys<'_>) -> bool {
        let awaited = match self.facts.client {
            Some(client) if client == end => self.hellos.server.is_none(),
            Some(_) => self.hellos.client.is_none(),
            None => true,
        };
        if keys.log.is_empty() || !awaited || self.direction(end.peer()).past_hello {
            return false;
        }
        let direction = self.direction(end);
        if direction.framer.ended() || direction.framer.buffered() > MAX_WAITING {
            self.direction(end.peer()).past_hello = true;
            return false;
        }
        direction.framer.next_kind().is_some_and(|kind| match kind {
            ContentType::ChangeCipherSpec | ContentType::ApplicationData => true,
            ContentType::Handshake | ContentType::Alert => direction.protected,
        })
    }

    fn record(
        &mut self,
        end: End,
        header: Header,
        body: &mut [u8],
        keys: &mut Keys<'_>,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        if self.direction(end).protected || header.kind == ContentType::ApplicationData {
            self.protected_record(end, header, body, keys, out);
            return;
        }
        match header.kind {
            ContentType::Handshake => self.handshake(end, body, keys.resumptions, out),
            ContentType::Alert => self.alert(end, body, out),
            ContentType::ChangeCipherSpec => self.change_cipher_spec(end, keys.resumptions),
            ContentType::ApplicationData => {}
        }
    }

    fn protected_record(
        &mut self,
        end: End,
        header: Header,
        body: &mut [u8],
        keys: &mut Keys<'_>,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        let Self { facts, hellos, directions: [a, b] } = self;
        let direction = match end {
            End::A => a,
            End::B => b,
        };
        direction.past_hello = true;
        let origin = Origin { hellos, is_client: facts.client.map(|client| client == end), log: keys.log };
        let opened = match direction.reader.open(header, body, origin) {
            Ok(opened) => opened,
            Err(obstacle) => return self.unread(end, header, obstacle, out),
        };
        if opened.suite.is_tls13() {
            facts.version = Some(Version::TLS13);
        }
        facts.cipher_suite = Some(opened.suite.number);
        let content = body.get(opened.content).unwrap_or_default();
        facts.decrypted = true;
        match opened.kind {
            ContentType::Handshake => {
                self.protected_handshake(end, out);
                self.handshake(end, content, keys.resumptions, out);
            }
            ContentType::Alert => self.alert(end, content, out),
            ContentType::ChangeCipherSpec => self.change_cipher_spec(end, keys.resumptions),
            ContentType::ApplicationData => {
                self.establish(end, out);
                self.count_data(end);
                if !content.is_empty() {
                    out(end, Event::Plaintext(content));
                }
            }
        }
    }

    fn change_cipher_spec(&mut self, end: End, resumptions: &mut Resumptions) {
        // In TLS 1.3 it means nothing (RFC 8446 appendix D.4).
        let means_nothing = self.facts.version == Some(Version::TLS13);
        let direction = self.direction(end);
        direction.past_hello = true;
        if !means_nothing {
            direction.protected = true;
            direction.messages.reset();
            direction.reader.change_cipher_spec();
            if self.facts.client == Some(end.peer()) {
                self.hellos.protects(resumptions);
                self.note_resumption();
            }
        }
    }

    /// A protected handshake record, read or not: up to TLS 1.2 the first one of each end is its Finished.
    fn protected_handshake(&mut self, end: End, out: &mut impl FnMut(End, Event<'_>)) {
        if self.facts.version != Some(Version::TLS13) {
            self.direction(end).finished = true;
            if self.directions.iter().all(|direction| direction.finished) {
                self.establish(end, out);
            }
        }
    }

    /// An alert that could be read: level and description.
    fn alert(&mut self, end: End, content: &[u8], out: &mut impl FnMut(End, Event<'_>)) {
        let &[level, description, ..] = content else { return };
        // In TLS 1.3 the level means nothing, and all that is not one of these two is fatal (RFC 8446 section
        // 6).
        let warning = match description {
            USER_CANCELED => true,
            _ => level != FATAL && self.facts.version != Some(Version::TLS13),
        };
        match description {
            CLOSE_NOTIFY => self.close(end, Alert::CloseNotify, out),
            _ if warning => {}
            description => self.close(end, Alert::Fatal(description), out),
        }
    }

    fn close(&mut self, end: End, alert: Alert, out: &mut impl FnMut(End, Event<'_>)) {
        let is_fatal = match alert {
            Alert::CloseNotify => false,
            Alert::Fatal(_) => true,
            Alert::Unread => !self.facts.established,
        };
        if is_fatal && self.facts.fatal.is_none() {
            self.facts.fatal = Some((end, alert));
        }
        let [a, b] = &mut self.facts.closed;
        let closed = match end {
            End::A => a,
            End::B => b,
        };
        if !std::mem::replace(closed, true) {
            out(end, Event::Closed(alert));
        }
    }

    /// A protected record that could not be read: what it is can only be guessed.
    fn unread(&mut self, end: End, header: Header, why: Obstacle, out: &mut impl FnMut(End, Event<'_>)) {
        match header.kind {
            ContentType::ChangeCipherSpec => {}
            ContentType::Alert => self.close(end, Alert::Unread, out),
            ContentType::Handshake => self.protected_handshake(end, out),
            ContentType::ApplicationData if self.facts.version == Some(Version::TLS13) => {
                if self.content_length(header) == ALERT {
                    self.close(end, Alert::Unread, out);
                } else if self.facts.established {
                    self.opaque(end, header, why, out);
                } else if self.facts.client == Some(end) && self.ends_flight(end, header) {
                    self.establish(end, out);
                }
            }
            ContentType::ApplicationData => {
                self.establish(end, out);
                self.opaque(end, header, why, out);
            }
        }
    }

    /// A record of which bytes are missing.
    fn damaged(
        &mut self,
        end: End,
        header: Header,
        keys: &mut Keys<'_>,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        let direction = self.direction(end);
        direction.messages.reset();
        if direction.protected || header.kind == ContentType::ApplicationData {
            direction.reader.pass();
            self.unread(end, header, Obstacle::Gap, out);
        } else if header.kind == ContentType::ChangeCipherSpec {
            self.change_cipher_spec(end, keys.resumptions);
        }
    }

    fn establish(&mut self, end: End, out: &mut impl FnMut(End, Event<'_>)) {
        if !std::mem::replace(&mut self.facts.established, true) {
            out(end, Event::HandshakeDone);
        }
    }

    fn opaque(&mut self, end: End, header: Header, why: Obstacle, out: &mut impl FnMut(End, Event<'_>)) {
        self.facts.obstacle.get_or_insert(why);
        self.count_data(end);
        out(end, Event::Opaque { len: self.content_length(header) });
    }

    /// Whether an unread record ends the client's last flight, which is all that it says under TLS 1.3 before
    /// application data: its Finished, after its certificate if it was asked for one.
    fn ends_flight(&mut self, client: End, header: Header) -> bool {
        // Certificate, CertificateVerify and Finished.
        const RECORDS: u8 = 3;
        // A Certificate message that holds none.
        const NO_CERTIFICATE: usize = 8;
        let len = self.content_length(header);
        let Some(suite) = self.facts.cipher_suite.and_then(Suite::find) else { return true };
        let direction = self.direction(client);
        direction.flight = direction.flight.saturating_add(1);
        let finished = suite.finished_len();
        [finished, NO_CERTIFICATE.saturating_add(finished)].contains(&len) || direction.flight >= RECORDS
    }

    /// Most bytes of content that a protected record can hold.
    fn content_length(&self, header: Header) -> usize {
        let suite = self.facts.cipher_suite.and_then(Suite::find);
        header.length.saturating_sub(suite.map_or(0, Suite::overhead))
    }

    const fn count_data(&mut self, end: End) {
        let [a, b] = &mut self.facts.data_records;
        let records = match end {
            End::A => a,
            End::B => b,
        };
        *records = records.saturating_add(1);
    }
}
