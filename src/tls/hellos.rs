//! What a handshake agreed upon, message by message, as far as keys and resumption follow from it.

use smallvec::SmallVec;

use super::bytes::Bytes;
use super::hello::{ClientHello, ServerHello};
use super::resumption::{Lineage, Name, Resumptions};
use super::{KeyLog, Version};

/// What a connection is read with.
#[derive(Debug)]
pub struct Keys<'a> {
    /// The secrets that are known.
    pub log: &'a KeyLog,
    /// What earlier connections have shown, and where this one adds to it.
    pub resumptions: &'a mut Resumptions,
}

/// The hellos of a connection, and whether it resumes an earlier one.
#[derive(Debug, Default)]
pub(super) struct Hellos {
    pub(super) client: Option<ClientHello>,
    pub(super) server: Option<ServerHello>,
    /// The lineages of the sessions that the client named, the likeliest first.
    named: SmallVec<[Lineage; 2]>,
    /// Whether an earlier session is resumed; none while that is open.
    pub(super) resumed: Option<bool>,
    /// Whether something of the handshake may be missing.
    is_patchy: bool,
}

impl Hellos {
    /// A ClientHello came: another handshake begins.
    pub(super) fn begin(&mut self, hello: ClientHello) {
        self.named.clear();
        self.resumed = None;
        self.is_patchy = false;
        self.client = Some(hello);
    }

    /// The server's answer came.
    pub(super) fn answer(&mut self, hello: ServerHello, resumptions: &mut Resumptions) {
        if hello.version >= Version::TLS13 {
            self.resumed = Some(hello.pre_shared_key);
        } else if let Some(client) = &self.client {
            let session = Name::of_session(&hello.session_id);
            let names = [client.ticket, session.filter(|_| client.session_id == hello.session_id)];
            for name in names.into_iter().flatten() {
                self.named.extend(resumptions.find(name).filter(|known| !self.named.contains(known)));
            }
            // A server that echoes the session of the client's choice resumes it (RFC 5246 section 7.4.1.3);
            // one that takes a ticket need not.
            let is_echoed = session.is_some() && client.session_id == hello.session_id;
            self.resumed = match (is_echoed, client.ticket) {
                (true, _) => Some(true),
                (false, None) => Some(false),
                (false, Some(_)) => None,
            };
        }
        self.server = Some(hello);
    }

    /// Bytes are missing.
    pub(super) const fn lose(&mut self) {
        self.is_patchy = true;
    }

    /// The server sent what only a full handshake holds.
    pub(super) fn is_full(&mut self) {
        if self.server.as_ref().is_some_and(|server| server.version < Version::TLS13) {
            self.resumed = Some(false);
        }
    }

    /// TLS 1.2 and before: the server goes over to protected records.
    pub(super) fn protects(&mut self, resumptions: &mut Resumptions) {
        if self.server.is_none() {
            return;
        }
        self.is_short();
        self.name_session(resumptions);
    }

    /// The server has come to what ends its handshake, and nothing of a full one came before.
    fn is_short(&mut self) {
        if !self.is_patchy {
            self.resumed.get_or_insert(true);
        }
    }

    /// TLS 1.2 and before: the session's number names it from now on.
    fn name_session(&self, resumptions: &mut Resumptions) {
        let name = self.server.as_ref().and_then(|server| Name::of_session(&server.session_id));
        if let (Some(name), Some(lineage)) = (name, self.lineage()) {
            resumptions.note(name, lineage);
        }
    }

    /// TLS 1.2 and before: the server gave a ticket (RFC 5077 section 3.3).
    pub(super) fn ticket(&mut self, body: &[u8], resumptions: &mut Resumptions) {
        if self.server.as_ref().is_none_or(|server| server.version >= Version::TLS13) {
            return;
        }
        self.is_short();
        let mut bytes = Bytes(body);
        let ticket = bytes.take(4).and_then(|_| bytes.vector());
        if let (Some(name), Some(lineage)) = (ticket.and_then(Name::of_ticket), self.lineage()) {
            resumptions.note(name, lineage);
        }
    }

    /// The full handshake that the connection's secret is of: its own, or that of the session that it
    /// resumes. None in TLS 1.3, where each connection has secrets of its own.
    pub(super) fn lineage(&self) -> Option<Lineage> {
        let client = self.client.as_ref()?;
        let own = Lineage(client.random);
        match (self.server.as_ref()?.version >= Version::TLS13, self.resumed?) {
            (true, _) => None,
            (false, false) => Some(own),
            // Of a session whose beginning was not seen, what was seen first stands for it.
            (false, true) => Some(self.named.first().copied().unwrap_or(own)),
        }
    }

    /// By which random numbers a key log may know the secret, the likeliest first.
    pub(super) fn origins(&self) -> impl Iterator<Item = Lineage> + '_ {
        let own = self.client.as_ref().map(|client| Lineage(client.random));
        own.into_iter().chain(self.named.iter().copied())
    }
}
