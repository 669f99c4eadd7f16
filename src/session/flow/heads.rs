//! The first bytes of contents, which show of what kind those are.

use crate::report;
use crate::session::content::sniff;

/// The first bytes of what both sides of a connection sent: they show of what kind that is, which need not be
/// found out while packets wait.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(in crate::session) struct ContentHeads {
    originator: Vec<u8>,
    responder: Vec<u8>,
}

impl ContentHeads {
    pub(super) const fn new(originator: Vec<u8>, responder: Vec<u8>) -> Self {
        Self { originator, responder }
    }

    /// How many bytes there are.
    pub(in crate::session) const fn len(&self) -> usize {
        self.originator.len().saturating_add(self.responder.len())
    }

    /// The whole report of the connection that they are of.
    pub(in crate::session) fn completed(&self, of: &report::Connection) -> Box<report::Connection> {
        let mut completed = Box::new(of.clone());
        self.complete(&mut completed);
        completed
    }

    /// Completes the report of the connection that they are of.
    pub(in crate::session) fn complete(&self, of: &mut report::Connection) {
        let is_readable = !of.tls || of.decrypted;
        for (head, facts) in
            [(&self.originator, &mut of.from_originator), (&self.responder, &mut of.from_responder)]
        {
            if !head.is_empty() {
                let sniffed = sniff(head);
                facts.mime = sniffed.mime.filter(|_| is_readable).map(Into::into);
                facts.kind = sniffed.kind.filter(|_| is_readable);
                facts.binary = sniffed.binary;
            }
        }
    }
}
