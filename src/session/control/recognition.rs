//! Which side of a connection is the client, by the first bytes of either.

use super::{Auth, Control, Notes, telnet};
use crate::ftp::{self, Plausible};
use crate::report::Security;
use crate::session::Options;
use crate::session::verdict::Verdict;
use crate::tcp::{Chunk, Connection, Side};
use crate::tls;

/// Bytes of a suspect's first line that are waited for.
const FIRST_LINE: usize = 2048;

/// The type of a record that carries a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

impl Control {
    /// Decides by its first bytes which side is the client; bytes that show nothing are thrown away.
    pub(super) fn recognize(
        &mut self,
        connection: &Connection,
        chunk: &Chunk<'_>,
        notes: &mut Notes<'_>,
    ) -> Option<Side> {
        let options = notes.options;
        if options.is_implicit_tls(connection) {
            if tls::looks_like_tls(chunk.bytes) == tls::Sniff::No {
                self.conversation.verdict = Verdict::Other;
                return None;
            }
            self.conversation.verdict = Verdict::Ftp;
            self.conversation.security = Security::ImplicitTls;
            self.conversation.auth = Auth::Accepted { tls: true };
            let server_is_originator = options.implicit_tls_ports.contains(&connection.originator.port);
            return Some(if server_is_originator { Side::Responder } else { Side::Originator });
        }
        if chunk.side == Side::Responder && self.has_unasked_tls() && begins_handshake(chunk) {
            return Some(self.enter_implicit());
        }
        if chunk.side == Side::Originator && (self.has_unasked_tls() || self.begins_with_tls(chunk, options))
        {
            self.unasked(chunk.bytes, chunk.packet, notes);
            return None;
        }
        self.first_bytes.extend_from_slice(chunk.bytes.get(..FIRST_LINE).unwrap_or(chunk.bytes));
        let telnet = telnet::prefix(&self.first_bytes);
        self.first_bytes.drain(..telnet.min(self.first_bytes.len()));
        let rest = ftp::without_leading_rubbish(&self.first_bytes).len();
        self.first_bytes.drain(..self.first_bytes.len().saturating_sub(rest));
        if self.first_bytes.is_empty() {
            return None;
        }
        let begins_with_digit = self.first_bytes.first().is_some_and(u8::is_ascii_digit);
        let plausible = if begins_with_digit {
            ftp::reply_plausibility(&self.first_bytes)
        } else {
            ftp::command_plausibility(&self.first_bytes)
        };
        let is_another = ftp::names_another_protocol(&self.first_bytes);
        self.first_bytes.clear();
        if plausible != Plausible::No {
            return Some(if begins_with_digit { chunk.side.other() } else { chunk.side });
        }
        let server_is_originator = options.is_control_port(connection.originator.port);
        let client = if server_is_originator { Side::Responder } else { Side::Originator };
        // In the middle of a line, or where a server says something of its own before its greeting: until a
        // line shows who speaks the port decides.
        if self.expected && (self.midstream || (chunk.side != client && !begins_with_digit && !is_another)) {
            return Some(client);
        }
        self.conversation.verdict = Verdict::Other;
        None
    }

    /// The server answers a client's TLS with TLS: on a port where FTP is expected that is FTP under implicit
    /// TLS; elsewhere what can be read will tell.
    fn enter_implicit(&mut self) -> Side {
        if self.expected {
            self.conversation.verdict = Verdict::Ftp;
        }
        self.conversation.security = Security::ImplicitTls;
        self.conversation.auth = Auth::Accepted { tls: true };
        Side::Originator
    }

    /// Whether the client speaks TLS at once where a server would greet in the clear: what it says is no
    /// line, and whether this is FTP is for the server to tell. Where FTP is not expected it can be told
    /// only with keys.
    fn begins_with_tls(&mut self, chunk: &Chunk<'_>, options: &Options) -> bool {
        let begins = (self.expected || options.key_log.knows(chunk.bytes))
            && !self.midstream
            && self.first_bytes.is_empty()
            && begins_handshake(chunk);
        if begins {
            self.tls = Some(Box::default());
        }
        begins
    }
}

/// Whether a stream begins with a TLS handshake.
fn begins_handshake(chunk: &Chunk<'_>) -> bool {
    chunk.offset == 0
        && tls::looks_like_tls(chunk.bytes) == tls::Sniff::Yes
        && chunk.bytes.first() == Some(&HANDSHAKE)
}
