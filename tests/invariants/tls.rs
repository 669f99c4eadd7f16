//! What holds for TLS seen from outside, whatever the bytes: key log, records and handshake.
//!
//! The input begins with one byte that says how the rest is cut. A line of a key log, with the random number of
//! the first ClientHello in the rest, makes it likely that something can be read; what follows are pieces of
//! both ends, each behind two bytes: whose it is, and how long.

use ftpscope::tls::{End, Event, KeyLog, Keys, Resumptions, Session};

/// Bytes of one end, or that so many of its bytes are missing.
type Piece<'a> = (End, Result<&'a [u8], u64>);

fn pieces(mut input: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let [kind, len, rest @ ..] = input {
        let end = if kind & 1 == 0 { End::A } else { End::B };
        let (bytes, more) = rest.split_at(usize::from(*len).min(rest.len()));
        let is_lost = kind & 0x0e == 0x0e;
        pieces.push((end, if is_lost { Err(bytes.len() as u64) } else { Ok(bytes) }));
        input = more;
    }
    pieces
}

/// A key log that names the first bytes which can be a ClientHello, for every purpose; and what the input holds.
fn key_log(input: &[u8]) -> KeyLog {
    let mut log = KeyLog::parse(input);
    let hello = input.windows(43).find(|it| it[0] == 22 && it[5] == 1);
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    if let Some(hello) = hello {
        let random = hex(&hello[11..]);
        for (label, len) in
            [("CLIENT_RANDOM", 48), ("CLIENT_TRAFFIC_SECRET_0", 32), ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 48)]
        {
            log.extend(format!("{label} {random} {}\n", hex(&vec![7; len])).as_bytes());
        }
        assert!(log.knows(hello));
    }
    log
}

/// What comes of pieces: readable bytes and clear text of each end.
fn observed(pieces: &[Piece<'_>], log: &KeyLog, cut: usize) -> [Vec<u8>; 4] {
    let mut text: [Vec<u8>; 4] = Default::default();
    let (mut session, mut resumptions) = (Session::new(), Resumptions::default());
    let mut keys = Keys { log, resumptions: &mut resumptions };
    let mut take = |end: End, event: Event<'_>| {
        let index = usize::from(end == End::B);
        match event {
            Event::Plaintext(bytes) => text[index].extend_from_slice(bytes),
            Event::Clear(bytes) => text[2 + index].extend_from_slice(bytes),
            Event::Opaque { len } => assert!(len <= 18_432, "a record of {len} bytes"),
            Event::HandshakeDone | Event::Gap { .. } | Event::Closed(_) => {}
        }
    };
    for &(end, piece) in pieces {
        match piece {
            Ok(bytes) => {
                for chunk in bytes.chunks(cut) {
                    session.push(end, chunk, &mut keys, &mut take);
                }
            }
            Err(len) => session.gap(end, len, &mut keys, &mut take),
        }
    }
    for end in [End::A, End::B] {
        session.finish(end, &mut keys, &mut take);
    }
    assert!(session.memory() < 1 << 20, "it keeps {} bytes", session.memory());
    text
}

/// Nothing fails, no more comes out than went in, and as long as nothing is missing it does not matter to what can
/// be read how bytes were cut.
pub(crate) fn hold(input: &[u8]) {
    let [cut, rest @ ..] = input else { return };
    let pieces = pieces(rest);
    let log = key_log(rest);
    let text = observed(&pieces, &log, usize::MAX);
    for (out, end) in text.chunks(1).zip([End::A, End::B].repeat(2)) {
        let sent: usize = pieces
            .iter()
            .filter(|(of, _)| *of == end)
            .filter_map(|(_, piece)| piece.ok())
            .map(<[u8]>::len)
            .sum();
        assert!(out[0].len() <= sent);
    }
    if pieces.iter().all(|(_, piece)| piece.is_ok()) {
        assert_eq!(observed(&pieces, &log, usize::from(*cut).max(1)), text);
    }
}
