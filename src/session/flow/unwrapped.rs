//! What goes through TLS on a data connection.

use super::super::content::{Content, Hashing, Plan};
use crate::base::PacketRef;
use crate::report::OpaqueData;
use crate::tls;

/// What both ends sent through TLS: what could be read, and how much could not.
#[derive(Default)]
pub(super) struct Unwrapped {
    pub(super) plain: [Option<Content>; 2],
    pub(super) opaque: [OpaqueData; 2],
}

impl Unwrapped {
    /// Takes application data of one end.
    pub(super) fn take(
        &mut self,
        end: tls::End,
        event: tls::Event<'_>,
        hashing: &mut dyn Hashing,
        plan: Plan,
        at: PacketRef,
    ) {
        let Self { plain: [plain_a, plain_b], opaque: [opaque_a, opaque_b] } = self;
        let (plain, opaque) = match end {
            tls::End::A => (plain_a, opaque_a),
            tls::End::B => (plain_b, opaque_b),
        };
        match event {
            tls::Event::Plaintext(text) => {
                plain.get_or_insert_with(|| Content::new(hashing, plan, at)).update(hashing, text, at);
            }
            tls::Event::Opaque { len } => opaque.add(len, at.time, at.frame),
            tls::Event::Gap { len } => {
                if let Some(content) = plain {
                    content.gap(hashing, len);
                }
            }
            tls::Event::HandshakeDone | tls::Event::Clear(_) | tls::Event::Closed(_) => {}
        }
    }
}
