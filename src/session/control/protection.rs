//! TLS on a control connection: when it begins, and the lines that come out of it.

use smallvec::SmallVec;

use super::{Auth, Control, LineOrigin, Notes, Occurrence};
use crate::base::{PacketRef, Timestamp};
use crate::ftp::Party;
use crate::report::{Protection, Security};
use crate::session::both::Both;
use crate::tls;

impl Control {
    pub(super) fn starts_tls(&self, party: Party, bytes: &[u8]) -> bool {
        let asked =
            matches!(self.conversation.auth, Auth::Asked { tls: true } | Auth::Accepted { tls: true });
        asked
            && !self.in_tls.of(party)
            && tls::looks_like_tls(bytes) != tls::Sniff::No
            && bytes.first().is_some_and(|byte| (0x14..=0x17).contains(byte))
    }

    pub(super) fn enter_tls(&mut self, now: Timestamp) {
        if self.tls.is_none() {
            self.tls = Some(Box::default());
        }
        self.in_tls = Both { client: true, server: true };
        self.conversation.opaque_since.get_or_insert(now);
        if self.conversation.security == Security::None {
            self.conversation.security = Security::ExplicitTls;
        }
    }

    /// Whether the client began with TLS where the server greets in the clear: what it says is no line.
    pub(super) fn has_unasked_tls(&self) -> bool {
        self.tls.is_some() && self.in_tls == Both::default()
    }

    /// Takes what a client says in TLS that nobody asked for.
    pub(super) fn unasked(&mut self, bytes: &[u8], packet: PacketRef, notes: &mut Notes<'_>) {
        let Some(session) = &mut self.tls else { return };
        session.push(tls::End::A, bytes, &mut notes.keys(), &mut |_, _| {});
        if session.facts().fatal.is_some() {
            self.alert_frame.get_or_insert(packet.frame);
        }
    }

    pub(super) fn protected(
        &mut self,
        party: Party,
        bytes: &[u8],
        origin: LineOrigin,
        notes: &mut Notes<'_>,
    ) {
        let Some(session) = &mut self.tls else { return };
        let mut plain = Vec::new();
        let mut unread = SmallVec::<[(Party, usize); 4]>::new();
        session.push(end_of(party), bytes, &mut notes.keys(), &mut |end, event| {
            if let tls::Event::Opaque { len } = event {
                unread.push((party_of(end), len));
            }
            keep_text(&mut plain, end, event);
        });
        let slack = session.length_slack();
        for (speaker, len) in unread {
            if self.unread.record(speaker, len, slack, origin.packet.time) {
                notes.occurrences.push(Occurrence::Announced);
            }
        }
        let Some(session) = &self.tls else { return };
        if session.facts().fatal.is_some() {
            self.alert_frame.get_or_insert(origin.packet.frame);
        }
        self.unwrapped(plain, origin, notes);
    }

    /// Reads what came out of TLS, or after it.
    pub(super) fn unwrapped(
        &mut self,
        plain: Vec<(Party, Protection, Vec<u8>)>,
        origin: LineOrigin,
        notes: &mut Notes<'_>,
    ) {
        for (speaker, protection, text) in plain {
            if protection == Protection::Clear {
                *self.in_tls.of_mut(speaker) = false;
            }
            let offset = *self.decrypted.of(speaker);
            *self.decrypted.of_mut(speaker) = offset.saturating_add(text.len() as u64);
            let origin = LineOrigin { protection, ..origin };
            self.clear(speaker, &text, (offset, true), origin, notes);
        }
        if self.in_tls == Both::default() {
            self.past_tls = self.tls_details(notes.options.key_log.is_given(), false);
            self.tls = None;
        }
    }
}

/// Takes what can be read of an event of TLS.
pub(super) fn keep_text(plain: &mut Vec<(Party, Protection, Vec<u8>)>, end: tls::End, event: tls::Event<'_>) {
    match event {
        tls::Event::Plaintext(text) => plain.push((party_of(end), Protection::Tls, text.to_vec())),
        tls::Event::Clear(text) => plain.push((party_of(end), Protection::Clear, text.to_vec())),
        tls::Event::HandshakeDone
        | tls::Event::Opaque { .. }
        | tls::Event::Gap { .. }
        | tls::Event::Closed(_) => {}
    }
}

pub(super) const fn end_of(party: Party) -> tls::End {
    match party {
        Party::Client => tls::End::A,
        Party::Server => tls::End::B,
    }
}

pub(super) const fn party_of(end: tls::End) -> Party {
    match end {
        tls::End::A => Party::Client,
        tls::End::B => Party::Server,
    }
}
