//! Handshake messages that could be read, and what follows from them.

use super::Session;
use crate::tls::certificate::Certificate;
use crate::tls::handshake::MessageType;
use crate::tls::hello::{ClientHello, ServerHello};
use crate::tls::resumption::Resumptions;
use crate::tls::{End, Event, Version};

impl Session {
    /// Takes the content of a handshake record.
    pub(super) fn handshake(
        &mut self,
        end: End,
        content: &[u8],
        resumptions: &mut Resumptions,
        out: &mut impl FnMut(End, Event<'_>),
    ) {
        let mut messages = std::mem::take(&mut self.direction(end).messages);
        messages.feed(content, |kind, body| match kind {
            MessageType::ClientHello => self.client_hello(end, body),
            MessageType::ServerHello => self.server_hello(end, body, resumptions),
            MessageType::NewSessionTicket => self.hellos.ticket(body, resumptions),
            MessageType::Certificate => self.certificate(end, body),
            MessageType::CertificateRequest => self.facts.certificate_requested = true,
            MessageType::ServerHelloDone => self.hello_done(),
            MessageType::Finished => self.finished(end, out),
            MessageType::KeyUpdate => self.direction(end).reader.update_keys(),
        });
        self.direction(end).messages = messages;
        self.note_resumption();
    }

    /// Takes over what the messages have shown of the session that is resumed.
    pub(super) fn note_resumption(&mut self) {
        self.facts.resumed = self.hellos.resumed;
        self.facts.lineage = self.hellos.lineage();
        if self.facts.resumed == Some(true) && self.facts.version < Some(Version::TLS13) {
            self.facts.client_certificate.get_or_insert(false);
        }
    }

    fn client_hello(&mut self, end: End, body: &[u8]) {
        let Some(hello) = ClientHello::read(body) else { return };
        self.facts.client = Some(end);
        self.facts.offered = Some(hello.version);
        if hello.server_name.is_some() {
            self.facts.server_name.clone_from(&hello.server_name);
        }
        self.hellos.begin(hello);
    }

    fn server_hello(&mut self, end: End, body: &[u8], resumptions: &mut Resumptions) {
        let Some(hello) = ServerHello::read(body) else { return };
        self.facts.client = Some(end.peer());
        self.facts.version = Some(hello.version);
        if hello.retry {
            return;
        }
        self.facts.cipher_suite = Some(hello.cipher_suite);
        self.hellos.answer(hello, resumptions);
    }

    /// A certificate, or the client's word that it has none.
    fn certificate(&mut self, end: End, body: &[u8]) {
        let leaf = Certificate::leaf(body, self.facts.version >= Some(Version::TLS13));
        if self.facts.client == Some(end) {
            self.facts.client_certificate = Some(leaf.is_some());
        } else if let Some(leaf) = leaf {
            self.hellos.is_full();
            self.facts.certificate = Some(Box::new(Certificate::read(leaf)));
        }
    }

    /// TLS 1.2 and before: the server has said all that comes before the client's turn.
    fn hello_done(&mut self) {
        self.hellos.is_full();
        self.asked_for_none();
    }

    /// A client that is not asked for a certificate sends none.
    fn asked_for_none(&mut self) {
        if !self.facts.certificate_requested {
            self.facts.client_certificate.get_or_insert(false);
        }
    }

    fn finished(&mut self, end: End, out: &mut impl FnMut(End, Event<'_>)) {
        if self.facts.version != Some(Version::TLS13) {
            return;
        }
        self.direction(end).reader.finish_handshake();
        if self.facts.client == Some(end) {
            self.establish(end, out);
        } else {
            self.asked_for_none();
        }
    }
}
