//! How sessions under TLS could be read.

use std::io;

use super::page::{Page, Style};
use super::quantity::Plural;
use crate::report::{Party, Session};

/// Sessions that could be read with keys, of which none were given.
#[derive(Debug, Default)]
pub(super) struct Unread(u64);

impl Unread {
    pub(super) fn add(&mut self, session: &Session) {
        let is_unread = session.tls_details.as_deref().is_some_and(|details| {
            let has_spoken = details.records_of(Party::Client) > 0 || details.records_of(Party::Server) > 0;
            has_spoken && !details.decrypted && details.obstacle.is_none()
        });
        self.0 = self.0.saturating_add(u64::from(is_unread));
    }

    /// How those could be read.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.0 == 0 {
            return Ok(());
        }
        let advice = format!(
            "{} under TLS can't be read without keys: give the key log of a client or server with --keylog FILE. \
             curl, lftp and FileZilla write one if SSLKEYLOGFILE names it, Python if \
             ssl.SSLContext.keylog_filename does; a server with OpenSSL needs a library such as sslkeylog.so \
             preloaded. It must have been written while these sessions ran.",
            Plural(self.0, "session"),
        );
        page.paragraph(0, 2, &[page.styled(Style::Faint, advice)])
    }
}
