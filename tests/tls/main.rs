//! TLS as real clients and servers speak it, with and without keys.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it left out")]

mod captures;
mod recorded;

use ftpscope::tls::{End, Event, Facts, KeyLog, Keys, Resumptions, Session};

/// What came out of a session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Readable text of ends A and B, under TLS and after it.
    plain: [Vec<u8>; 2],
    clear: [Vec<u8>; 2],
    opaque: [usize; 2],
    /// All events but the bytes.
    order: Vec<String>,
}

impl Seen {
    fn take(&mut self, end: End, event: Event<'_>) {
        let index = usize::from(end == End::B);
        match event {
            Event::Plaintext(bytes) => self.plain[index].extend_from_slice(bytes),
            Event::Clear(bytes) => self.clear[index].extend_from_slice(bytes),
            Event::Opaque { len } => self.opaque[index] += len,
            other => self.order.push(format!("{end:?} {other:?}")),
        }
    }
}

fn observe<'a>(pieces: impl IntoIterator<Item = (End, &'a [u8])>, keys: &KeyLog) -> (Seen, Facts) {
    let mut seen = Seen::default();
    let mut session = Session::new();
    let mut known = Resumptions::default();
    let mut keys = Keys { log: keys, resumptions: &mut known };
    let mut out = |end: End, event: Event<'_>| seen.take(end, event);
    for (end, bytes) in pieces {
        session.push(end, bytes, &mut keys, &mut out);
    }
    for end in [End::A, End::B] {
        session.finish(end, &mut keys, &mut out);
    }
    (seen, session.facts().clone())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
