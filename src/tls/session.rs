//! One TLS connection, from its first record to the clear text after its last.

use super::framer::{Framer, Piece};
use super::handshake::{MessageType, Messages};
use super::hello::{ClientHello, ServerHello};
use super::record::{ContentType, Header};
use super::{Alert, End, Event, Facts, KeyLog, Obstacle, Version};

/// Bytes that are cut into records at a time, so that a framer never holds much more than one record.
const CHUNK: usize = 16 * 1024;

/// Bytes of one direction that wait for the other's hello at most. Only a capture that tells the two directions out of
/// order needs any.
const MAX_WAITING: usize = 64 * 1024;

/// Length of a protected alert in TLS 1.3: two bytes, the inner content type and a tag of 16 bytes.
const PROTECTED_ALERT: usize = 2 + 1 + 16;

/// One TLS connection seen from outside.
#[derive(Debug, Default)]
pub struct Session {
    facts: Facts,
    hellos: Hellos,
    directions: [Direction; 2],
}

#[derive(Debug, Default)]
struct Hellos {
    client: Option<ClientHello>,
    server: Option<ServerHello>,
}

/// What one end sends.
#[derive(Debug, Default)]
struct Direction {
    framer: Framer,
    messages: Messages,
    /// Whether records are protected from here on.
    protected: bool,
    /// Whether something came that comes after a hello, or that may have hidden one.
    past_hello: bool,
    /// Whether a protected handshake message came: up to TLS 1.2, the Finished.
    finished: bool,
    closed: bool,
}

impl Session {
    /// A connection of which nothing was seen. Bytes go in from where TLS is expected to begin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the bytes that `from` sent next, cut anywhere.
    ///
    /// Usually all events are of `from`; those of the other end come along where its records had to wait for a
    /// hello that arrived only now.
    pub fn push(&mut self, from: End, bytes: &[u8], keys: &KeyLog, out: &mut impl FnMut(End, Event<'_>)) {
        for chunk in bytes.chunks(CHUNK) {
            self.direction(from).framer.feed(chunk);
            self.pump(from, keys, out);
            self.pump(from.peer(), keys, out);
        }
        for direction in &mut self.directions {
            direction.framer.release();
        }
    }

    /// `len` bytes of `from` are not in the capture. The direction goes on where the missing bytes end inside a record
    /// whose length is known, or else at the next bytes that prove to be a record or a line of clear text; 0 bytes mean
    /// that the position in the record layer is unknown, as in a capture that begins mid-stream.
    pub fn gap(&mut self, from: End, len: u64, keys: &KeyLog, out: &mut impl FnMut(End, Event<'_>)) {
        self.direction(from).past_hello = true;
        self.pump(from, keys, out);
        let direction = self.direction(from);
        direction.framer.skip(len);
        direction.messages.reset();
        if len > 0 {
            out(from, Event::Gap { len });
        }
        self.pump(from, keys, out);
        self.pump(from.peer(), keys, out);
    }

    /// No more bytes will come from `from`: what was held back comes out as far as it can be told.
    pub fn finish(&mut self, from: End, keys: &KeyLog, out: &mut impl FnMut(End, Event<'_>)) {
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

    const fn direction(&mut self, end: End) -> &mut Direction {
        let [a, b] = &mut self.directions;
        match end {
            End::A => a,
            End::B => b,
        }
    }

    /// Handles all pieces of one direction that can be handled now.
    fn pump(&mut self, end: End, keys: &KeyLog, out: &mut impl FnMut(End, Event<'_>)) {
        while !self.must_wait(end, keys) {
            // The framer is taken out for a moment: its buffer is worked on while the rest of the session changes.
            let mut framer = std::mem::take(&mut self.direction(end).framer);
            let piece = framer.next();
            let is_last = piece.is_none();
            match piece {
                Some(Piece::Record(header, body)) => self.record(end, header, body, keys, out),
                Some(Piece::Damaged(header)) => self.damaged(end, header, out),
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
    fn must_wait(&mut self, end: End, keys: &KeyLog) -> bool {
        let awaited = match self.facts.client {
            Some(client) if client == end => self.hellos.server.is_none(),
            Some(_) => self.hellos.client.is_none(),
            None => true,
        };
        if keys.is_empty() || !awaited || self.direction(end.peer()).past_hello {
            return false;
        }
        let direction = self.direction(end);
        if direction.framer.ended() || direction.framer.held() > MAX_WAITING {
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
        _keys: &KeyLog,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        if self.direction(end).protected || header.kind == ContentType::ApplicationData {
            self.direction(end).past_hello = true;
            self.unread(end, header, out);
            return;
        }
        match header.kind {
            ContentType::Handshake => self.handshake(end, body),
            ContentType::Alert => self.alert(end, body, out),
            ContentType::ChangeCipherSpec => {
                self.direction(end).past_hello = true;
                // In TLS 1.3 it means nothing (RFC 8446 appendix D.4).
                if self.facts.version != Some(Version::TLS13) {
                    self.direction(end).protected = true;
                }
            }
            ContentType::ApplicationData => {}
        }
    }

    /// Handshake messages that could be read.
    fn handshake(&mut self, end: End, content: &[u8]) {
        let mut messages = std::mem::take(&mut self.direction(end).messages);
        messages.feed(content, |kind, body| match kind {
            MessageType::ClientHello => self.client_hello(end, body),
            MessageType::ServerHello => self.server_hello(end, body),
            MessageType::Finished | MessageType::KeyUpdate => {}
        });
        self.direction(end).messages = messages;
    }

    fn client_hello(&mut self, end: End, body: &[u8]) {
        let Some(hello) = ClientHello::read(body) else { return };
        self.facts.client = Some(end);
        if hello.server_name.is_some() {
            self.facts.server_name.clone_from(&hello.server_name);
        }
        self.hellos.client = Some(hello);
    }

    fn server_hello(&mut self, end: End, body: &[u8]) {
        let Some(hello) = ServerHello::read(body) else { return };
        self.facts.client = Some(end.peer());
        self.facts.version = Some(hello.version);
        if hello.retry {
            return;
        }
        self.facts.cipher_suite = Some(hello.cipher_suite);
        self.facts.resumed = if hello.version >= Version::TLS13 {
            Some(hello.pre_shared_key)
        } else {
            // A server that echoes the session of the client's choice resumes it (RFC 5246 section 7.4.1.3).
            let same = |client: &ClientHello| client.session_id == hello.session_id;
            self.hellos.client.as_ref().map(|client| !hello.session_id.is_empty() && same(client))
        };
        self.hellos.server = Some(hello);
    }

    /// An alert that could be read: level and description.
    fn alert(&mut self, end: End, content: &[u8], out: &mut impl FnMut(End, Event<'_>)) {
        let &[level, description, ..] = content else { return };
        // In TLS 1.3 the level means nothing, and all that is not one of these two is fatal (RFC 8446 section 6).
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
        if !std::mem::replace(&mut self.direction(end).closed, true) {
            out(end, Event::Closed(alert));
        }
    }

    /// A protected record that could not be read: what it is can only be guessed.
    fn unread(&mut self, end: End, header: Header, out: &mut impl FnMut(End, Event<'_>)) {
        match header.kind {
            ContentType::ChangeCipherSpec => {}
            ContentType::Alert => self.close(end, Alert::Unread, out),
            ContentType::Handshake => {
                self.direction(end).finished = true;
                if self.directions.iter().all(|direction| direction.finished) {
                    self.establish(end, out);
                }
            }
            ContentType::ApplicationData if self.facts.version == Some(Version::TLS13) => {
                if header.length == PROTECTED_ALERT {
                    self.close(end, Alert::Unread, out);
                } else if self.facts.established {
                    self.opaque(end, header, out);
                } else if self.facts.client == Some(end) {
                    // All that a client says under TLS before application data is its last flight.
                    self.establish(end, out);
                }
            }
            ContentType::ApplicationData => {
                self.establish(end, out);
                self.opaque(end, header, out);
            }
        }
    }

    /// A record of which bytes are missing.
    fn damaged(&mut self, end: End, header: Header, out: &mut impl FnMut(End, Event<'_>)) {
        let direction = self.direction(end);
        direction.messages.reset();
        match header.kind {
            ContentType::ChangeCipherSpec if self.facts.version != Some(Version::TLS13) => {
                self.direction(end).protected = true;
            }
            ContentType::ApplicationData => self.unread(end, header, out),
            _ => {}
        }
    }

    fn establish(&mut self, end: End, out: &mut impl FnMut(End, Event<'_>)) {
        if !std::mem::replace(&mut self.facts.established, true) {
            out(end, Event::HandshakeDone);
        }
    }

    fn opaque(&mut self, end: End, header: Header, out: &mut impl FnMut(End, Event<'_>)) {
        self.facts.obstacle.get_or_insert(Obstacle::NoKeys);
        self.count_data(end);
        out(end, Event::Opaque { len: header.length });
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

/// Alert level and descriptions (RFC 8446 section 6).
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;
