//! The sessions in `sessions/`: most cipher suites, whole, cut, mutilated and out of order.

use std::path::Path;

use ftpscope::base::Text;
use ftpscope::tls::{End, Event, Facts, KeyLog, Keys, Obstacle, Resumptions, Session, Version, suite_name};
use proptest::prelude::*;

use crate::{Seen, observe, text};

/// A session of `sessions/`.
#[derive(Clone)]
struct Recorded {
    keys: String,
    pieces: Vec<(End, Vec<u8>)>,
}

impl Recorded {
    /// What is read with keys where these bytes, each with how many follow, are missing.
    fn observe_without(&self, losses: &[(usize, usize)]) -> Seen {
        let keys = self.keys();
        let mut seen = Seen::default();
        let mut session = Session::new();
        let mut known = Resumptions::default();
        let mut out = |end: End, event: Event<'_>| seen.take(end, event);
        let mut at = 0;
        for (end, bytes) in self.pieces() {
            for byte in bytes {
                if losses.iter().any(|&(start, len)| (start..start + len).contains(&at)) {
                    session.gap(end, 1, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
                } else {
                    session.push(end, &[*byte], &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
                }
                at += 1;
            }
        }
        seen
    }

    fn read(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/sessions").join(name).with_extension("txt");
        let text = std::fs::read_to_string(path).unwrap();
        let (pieces, keys): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with(['>', '<']));
        let pieces = pieces.iter().map(|line| {
            let (sender, digits) = line.split_once(' ').unwrap();
            let bytes = (0..digits.len()).step_by(2);
            let bytes = bytes.map(|at| u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap());
            (if sender == ">" { End::A } else { End::B }, bytes.collect())
        });
        Self { pieces: pieces.collect(), keys: keys.join("\n") }
    }

    fn pieces(&self) -> impl Iterator<Item = (End, &[u8])> {
        self.pieces.iter().map(|(end, bytes)| (*end, bytes.as_slice()))
    }

    fn keys(&self) -> KeyLog {
        KeyLog::parse(self.keys.as_bytes())
    }

    /// The key log without the lines that begin so.
    fn keys_without(&self, labels: &[&str]) -> KeyLog {
        let kept = self.keys.lines().filter(|line| !labels.iter().any(|label| line.starts_with(label)));
        KeyLog::parse(kept.collect::<Vec<_>>().join("\n").as_bytes())
    }

    /// The indexes of pieces of one end that begin with a record of application data.
    fn data_pieces(&self, end: End) -> Vec<usize> {
        let pieces = self.pieces.iter().enumerate();
        pieces.filter(|(_, piece)| piece.0 == end && piece.1[0] == 23).map(|(index, _)| index).collect()
    }
}

fn usual_lines() -> Vec<String> {
    vec![
        "USER alice".to_owned(),
        "PASS secret".to_owned(),
        format!("CWD {}", "x".repeat(300)),
        "NOOP".to_owned(),
    ]
}

fn joined(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

fn reversed(lines: &[String]) -> String {
    lines.iter().map(|line| line.chars().rev().chain(['\n']).collect::<String>()).collect()
}

/// Name, suite, whether resumed.
const RECORDED: [(&str, &str, bool); 27] = [
    ("tls10-aes128-cbc-sha1", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("tls10-aes128-cbc-sha1-mac-then-encrypt", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("tls11-aes256-cbc-sha1", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("tls12-aria128-gcm", "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256", false),
    ("tls12-aria256-gcm", "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384", false),
    ("tls12-camellia128-cbc-sha256", "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", false),
    ("tls12-camellia256-cbc-sha384", "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", false),
    ("tls12-aes128-gcm", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false),
    ("tls12-aes256-gcm", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false),
    ("tls12-chacha20", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", false),
    ("tls12-aes128-ccm", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", false),
    ("tls12-aes256-ccm8", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", false),
    ("tls12-aes128-cbc-sha1", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("tls12-aes256-cbc-sha1", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("tls12-aes128-cbc-sha256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", false),
    ("tls12-aes256-cbc-sha384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", false),
    ("tls12-aes128-cbc-sha1-mac-then-encrypt", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("tls12-aes256-cbc-sha384-mac-then-encrypt", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", false),
    ("tls12-resumed", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true),
    ("tls12-renegotiated", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false),
    ("tls13-aes128-gcm", "TLS_AES_128_GCM_SHA256", false),
    ("tls13-aes256-gcm", "TLS_AES_256_GCM_SHA384", false),
    ("tls13-chacha20", "TLS_CHACHA20_POLY1305_SHA256", false),
    ("tls13-aes128-ccm", "TLS_AES_128_CCM_SHA256", false),
    ("tls13-aes128-ccm8", "TLS_AES_128_CCM_8_SHA256", false),
    ("tls13-resumed", "TLS_AES_256_GCM_SHA384", true),
    ("tls13-retry", "TLS_AES_256_GCM_SHA384", false),
];

#[test]
fn every_suite_is_read_with_its_keys() {
    for (name, suite, resumed) in RECORDED {
        let recorded = Recorded::read(name);
        let (seen, facts) = observe(recorded.pieces(), &recorded.keys());
        let lines = match name {
            "tls12-renegotiated" => vec!["USER alice".to_owned(), "PASS secret".to_owned()],
            _ => usual_lines(),
        };
        assert_eq!(text(&seen.plain[0]), joined(&lines), "{name}: {facts:?}");
        assert_eq!(text(&seen.plain[1]), reversed(&lines), "{name}: {facts:?}");
        assert!(seen.clear.iter().all(Vec::is_empty), "{name}");
        assert_eq!(facts.cipher_suite.and_then(suite_name), Some(suite), "{name}");
        assert_eq!(facts.resumed, Some(resumed), "{name}");
        assert_eq!(facts.server_name.as_ref().map(Text::raw), Some("ftp.example"), "{name}");
        assert_eq!((facts.client, facts.fatal, facts.obstacle), (Some(End::A), None, None), "{name}");
    }
}

/// Observes connections one after the other, of which later ones may resume earlier ones.
fn observe_all<'a>(recorded: impl IntoIterator<Item = &'a Recorded>, log: &KeyLog) -> Vec<(Seen, Facts)> {
    let mut known = Resumptions::default();
    let observe_one = |one: &Recorded| {
        let mut seen = Seen::default();
        let mut session = Session::new();
        for (end, bytes) in one.pieces() {
            let mut keys = Keys { log, resumptions: &mut known };
            session.push(end, bytes, &mut keys, &mut |end, event| seen.take(end, event));
        }
        (seen, session.facts().clone())
    };
    recorded.into_iter().map(observe_one).collect()
}

#[test]
fn a_resumed_session_is_read_with_the_secret_of_its_full_handshake() {
    for kind in ["ticket", "number"] {
        let full = Recorded::read(&format!("tls12-by-{kind}-full"));
        let again = Recorded::read(&format!("tls12-by-{kind}-again"));
        assert_eq!(again.keys, "", "the key log names the full handshake only");
        let seen = observe_all([&full, &again, &again], &full.keys());
        for (seen, facts) in &seen {
            assert_eq!(text(&seen.plain[0]), joined(&usual_lines()), "by {kind}: {facts:?}");
            assert_eq!(text(&seen.plain[1]), reversed(&usual_lines()), "by {kind}: {facts:?}");
        }
        let lineages: Vec<_> = seen.iter().map(|(_, facts)| facts.lineage).collect();
        assert!(lineages[0].is_some() && lineages.iter().all(|one| *one == lineages[0]), "by {kind}");
        let alone = &observe_all([&again], &full.keys())[0].1;
        assert_eq!((alone.resumed, alone.obstacle), (Some(true), Some(Obstacle::NoResumed)), "by {kind}");
    }
}

#[test]
fn what_is_wrong_with_a_key_log_is_told() {
    let recorded = Recorded::read("tls12-aes128-gcm");
    for (log, obstacle) in [
        (KeyLog::default(), Obstacle::NoKeys),
        (KeyLog::parse(b""), Obstacle::EmptyKeyLog),
        (KeyLog::parse(b"# a comment\n\n"), Obstacle::EmptyKeyLog),
        (KeyLog::parse(b"-----BEGIN CERTIFICATE-----\n"), Obstacle::NoKeyLog),
        (Recorded::read("tls12-aes256-gcm").keys(), Obstacle::NoKeys),
    ] {
        assert_eq!(observe(recorded.pieces(), &log).1.obstacle, Some(obstacle), "{log:?}");
    }
}

#[test]
fn the_server_certificate_is_read_where_it_crosses_in_the_clear_or_can_be_decrypted() {
    for (name, with_keys, is_seen) in [
        ("tls12-aes128-gcm", false, true),
        ("tls12-by-number-again", false, false),
        ("tls13-aes128-gcm", false, false),
        ("tls13-aes128-gcm", true, true),
    ] {
        let recorded = Recorded::read(name);
        let log = if with_keys { recorded.keys() } else { KeyLog::default() };
        let facts = observe(recorded.pieces(), &log).1;
        let certificate = facts.certificate.as_deref();
        assert_eq!(certificate.is_some(), is_seen, "{name}");
        assert!(
            certificate.is_none_or(|it| it.self_signed == Some(true) && it.not_after.is_some()),
            "{name}"
        );
        let shows_all = is_seen || name.starts_with("tls12");
        assert_eq!(facts.client_certificate, shows_all.then_some(false), "{name}");
    }
}

#[test]
fn key_updates_of_both_ends_are_followed() {
    let recorded = Recorded::read("tls13-key-updates");
    let (seen, facts) = observe(recorded.pieces(), &recorded.keys());
    assert_eq!(text(&seen.plain[0]), "USER alice\nPASS secret\nCWD x\nNOOP\n", "{facts:?}");
    assert_eq!(text(&seen.plain[1]), "ecila RESU\nterces SSAP\nx DWC\nPOON\n", "{facts:?}");
}

#[test]
fn without_keys_application_data_is_measured() {
    for (name, _, _) in RECORDED {
        let recorded = Recorded::read(name);
        let (seen, facts) = observe(recorded.pieces(), &KeyLog::default());
        assert!(facts.established && !facts.decrypted, "{name}");
        assert_eq!(facts.obstacle, Some(Obstacle::NoKeys), "{name}");
        assert!(seen.plain.iter().chain(&seen.clear).all(Vec::is_empty), "{name}");
        if name.contains("gcm") || name.contains("chacha20") || name.contains("ccm") {
            // In TLS 1.3 a session ticket of the server looks like data.
            let said = joined(&usual_lines()).len();
            assert_eq!(seen.opaque[0], said, "{name}");
            assert!(seen.opaque[1] == said || name.starts_with("tls13"), "{name}: {}", seen.opaque[1]);
        }
        let closed = seen.order.iter().filter(|event| event.contains("Closed(Unread)")).count();
        assert!(closed >= 1, "{name}: {:?}", seen.order);
    }
}

/// A client that is asked for a certificate and has none says so before its Finished.
#[test]
fn a_client_that_has_no_certificate_has_not_ended_its_handshake_when_it_says_so() {
    for (name, tag) in [("tls13-aes128-gcm", 16), ("tls13-aes256-gcm", 16), ("tls13-aes128-ccm8", 8)] {
        let mut recorded = Recorded::read(name);
        let (seen, facts) = observe(recorded.pieces(), &KeyLog::default());
        let lines = facts.data_records[0];
        assert_eq!(lines, usual_lines().len() as u64, "{name}");
        // Behind the ChangeCipherSpec, in front of the Finished.
        let flight = recorded.pieces.iter_mut().find(|(end, piece)| *end == End::A && piece[0] == 20);
        let none = [vec![23, 3, 3, 0, 8 + 1 + tag], vec![0xaa; usize::from(8 + 1 + tag)]].concat();
        flight.unwrap().1.splice(6..6, none);
        let (again, facts) = observe(recorded.pieces(), &KeyLog::default());
        assert_eq!(facts.data_records[0], lines, "{name}: {:?}", again.order);
        assert_eq!(again.opaque, seen.opaque, "{name}");
    }
}

#[test]
fn tls13_is_read_without_the_handshake_secrets() {
    for name in ["tls13-aes128-gcm", "tls13-aes128-ccm", "tls13-retry", "tls13-resumed"] {
        let recorded = Recorded::read(name);
        let keys = recorded.keys_without(&["CLIENT_HANDSHAKE", "SERVER_HANDSHAKE"]);
        let (seen, facts) = observe(recorded.pieces(), &keys);
        assert_eq!(text(&seen.plain[0]), joined(&usual_lines()), "{name}: {facts:?}");
        assert_eq!(text(&seen.plain[1]), reversed(&usual_lines()), "{name}: {facts:?}");
        assert_eq!(seen.opaque, [0, 0], "{name}");
    }
}

#[test]
fn one_direction_is_read_where_only_its_secrets_are_known() {
    let recorded = Recorded::read("tls13-aes256-gcm");
    let (seen, facts) = observe(recorded.pieces(), &recorded.keys_without(&["CLIENT_TRAFFIC"]));
    assert_eq!(text(&seen.plain[1]), reversed(&usual_lines()));
    assert_eq!(seen.opaque[0], joined(&usual_lines()).len());
    assert_eq!(facts.obstacle, Some(Obstacle::NoKeys));
}

#[test]
fn keys_of_another_connection_read_nothing() {
    let mine = Recorded::read("tls12-aes128-gcm");
    let other = Recorded::read("tls12-aes256-gcm");
    let (seen, facts) = observe(mine.pieces(), &other.keys());
    assert_eq!((facts.decrypted, facts.obstacle), (false, Some(Obstacle::NoKeys)));
    assert_eq!(seen.opaque[0], joined(&usual_lines()).len());

    // Their secrets under my random number: a log that lies.
    let random = |recorded: &Recorded| recorded.keys.split(' ').nth(1).unwrap().to_owned();
    let lie = other.keys.replace(&random(&other), &random(&mine));
    let (seen, facts) = observe(mine.pieces(), &KeyLog::parse(lie.as_bytes()));
    assert_eq!((facts.decrypted, facts.obstacle), (false, Some(Obstacle::Undecipherable)));
    assert_eq!(seen.opaque[0], joined(&usual_lines()).len());
}

#[test]
fn directions_may_come_one_after_the_other() {
    for (name, _, _) in RECORDED {
        if name == "tls12-renegotiated" {
            continue;
        }
        let mut recorded = Recorded::read(name);
        let in_order = observe(recorded.pieces(), &recorded.keys());
        for first in [End::A, End::B] {
            recorded.pieces.sort_by_key(|&(end, _)| end != first);
            let (seen, facts) = observe(recorded.pieces(), &recorded.keys());
            assert_eq!(
                (&seen.plain, &seen.opaque),
                (&in_order.0.plain, &in_order.0.opaque),
                "{name}: {facts:?}"
            );
        }
    }
}

#[test]
fn records_that_wait_for_a_hello_are_not_lost_in_a_gap() {
    let recorded = Recorded::read("tls12-aes128-gcm");
    let keys = recorded.keys();
    let mut seen = Seen::default();
    let mut session = Session::new();
    let mut known = Resumptions::default();
    let mut out = |end: End, event: Event<'_>| seen.take(end, event);
    for (end, bytes) in recorded.pieces().filter(|&(end, _)| end == End::A) {
        session.push(end, bytes, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
    }
    session.gap(End::A, 10, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
    assert!(seen.opaque[0] > joined(&usual_lines()).len(), "{seen:?}");
}

#[test]
fn keys_that_come_late_read_what_comes_after_them() {
    for name in ["tls12-aes128-gcm", "tls12-aes128-cbc-sha1", "tls13-aes128-gcm"] {
        let recorded = Recorded::read(name);
        let data = recorded.data_pieces(End::A);
        let late = data[data.len() - 3];
        let (mut session, mut keys, mut plain) = (Session::new(), KeyLog::default(), Vec::new());
        let mut known = Resumptions::default();
        for (index, (end, bytes)) in recorded.pieces().enumerate() {
            if index == late {
                keys.extend(recorded.keys.as_bytes());
            }
            session.push(end, bytes, &mut Keys { log: &keys, resumptions: &mut known }, &mut |end, event| {
                if let (End::A, Event::Plaintext(bytes)) = (end, event) {
                    plain.extend_from_slice(bytes);
                }
            });
        }
        assert!(text(&plain).ends_with("x\nNOOP\n"), "{name}: {}", text(&plain));
        assert!(!text(&plain).contains("USER"), "{name}");
    }
}

/// Observes a session of which `lost` is not in the capture: a piece of end A, and a range of its bytes.
fn observe_with_loss(recorded: &Recorded, lost: usize, range: std::ops::Range<usize>) -> (Seen, Facts) {
    let keys = recorded.keys();
    let mut seen = Seen::default();
    let mut session = Session::new();
    let mut known = Resumptions::default();
    let mut out = |end: End, event: Event<'_>| seen.take(end, event);
    for (index, (end, bytes)) in recorded.pieces().enumerate() {
        if index == lost {
            session.push(
                end,
                &bytes[..range.start],
                &mut Keys { log: &keys, resumptions: &mut known },
                &mut out,
            );
            session.gap(end, range.len() as u64, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
            session.push(
                end,
                &bytes[range.end..],
                &mut Keys { log: &keys, resumptions: &mut known },
                &mut out,
            );
        } else {
            session.push(end, bytes, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
        }
    }
    for end in [End::A, End::B] {
        session.finish(end, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
    }
    (seen, session.facts().clone())
}

#[test]
fn records_after_a_lost_one_are_read() {
    for (name, _, _) in RECORDED {
        if name == "tls12-renegotiated" {
            continue;
        }
        let recorded = Recorded::read(name);
        // The record with PASS; whole, its body, its end, its header, its beginning.
        let pass = recorded.data_pieces(End::A).into_iter().rev().nth(3).unwrap();
        let pass = if name.starts_with("tls13") { pass } else { recorded.data_pieces(End::A)[1] };
        let length = recorded.pieces[pass].1.len();
        let lines = usual_lines();
        let rest = [&lines[..1], &lines[2..]].concat();
        for range in [0..length, 5..length, length - 1..length, 0..5, 0..20, 7..9] {
            let (seen, facts) = observe_with_loss(&recorded, pass, range.clone());
            assert_eq!(text(&seen.plain[0]), joined(&rest), "{name} without {range:?}: {facts:?}");
            assert_eq!(text(&seen.plain[1]), reversed(&lines), "{name}");
            assert!(seen.order.contains(&format!("A Gap {{ len: {} }}", range.len())), "{name}");
        }
    }
}

#[test]
fn tls13_is_read_where_the_server_hello_was_lost() {
    for name in ["tls13-aes128-gcm", "tls13-aes256-gcm", "tls13-chacha20", "tls13-aes128-ccm"] {
        let recorded = Recorded::read(name);
        let hello = recorded.pieces.iter().position(|&(end, _)| end == End::B).unwrap();
        let length = recorded.pieces[hello].1.len();
        let (seen, facts) = observe_with_loss(&recorded, hello, 0..length);
        assert_eq!(text(&seen.plain[0]), joined(&usual_lines()), "{name}: {facts:?}");
        assert_eq!(text(&seen.plain[1]), reversed(&usual_lines()), "{name}: {facts:?}");
        assert_eq!(facts.version, Some(Version::TLS13));
    }
}

#[test]
fn a_session_without_its_beginning_is_opaque() {
    for name in ["tls12-aes128-gcm", "tls13-aes128-gcm"] {
        let mut recorded = Recorded::read(name);
        let first = recorded.data_pieces(End::A)[1];
        recorded.pieces.drain(..first);
        let (seen, facts) = observe(recorded.pieces(), &recorded.keys());
        assert!(seen.opaque[0] > 300 && seen.opaque[1] > 300, "{name}: {seen:?}");
        assert_eq!((facts.client, facts.obstacle), (None, Some(Obstacle::NoHello)), "{name}");

        // The same, beginning in the middle of a record.
        let mut session = Session::new();
        let mut known = Resumptions::default();
        let (mut opaque, none) = (0, KeyLog::default());
        session.gap(End::A, 0, &mut Keys { log: &none, resumptions: &mut known }, &mut |_, _| {});
        for (end, bytes) in recorded.pieces() {
            let bytes = if opaque == 0 && end == End::A { &bytes[9..] } else { bytes };
            session.push(end, bytes, &mut Keys { log: &none, resumptions: &mut known }, &mut |_, event| {
                match event {
                    Event::Opaque { len } => opaque += len,
                    Event::HandshakeDone | Event::Closed(_) => {}
                    other => panic!("{name}: {other:?}"),
                }
            });
        }
        assert!(opaque > 300, "{name}");
    }
}

#[test]
fn a_stream_that_is_not_tls_comes_out_as_it_is() {
    let pieces =
        [(End::B, &b"220 ready\r\n"[..]), (End::A, b"USER alice\r\n"), (End::A, b"\x16\x03\x01\0\x01a")];
    let (seen, facts) = observe(pieces, &KeyLog::default());
    assert_eq!(text(&seen.clear[0]), "USER alice\r\n\u{16}\u{3}\u{1}\0\u{1}a");
    assert_eq!(text(&seen.clear[1]), "220 ready\r\n");
    assert_eq!(facts, Facts::default());
}

#[test]
fn clear_text_is_found_even_where_the_end_of_tls_was_lost() {
    for keys in [true, false] {
        let recorded = Recorded::read("tls13-aes128-gcm");
        let keys = if keys { recorded.keys() } else { KeyLog::default() };
        let mut seen = Seen::default();
        let mut session = Session::new();
        let mut known = Resumptions::default();
        let mut out = |end: End, event: Event<'_>| seen.take(end, event);
        for (end, bytes) in recorded.pieces().take(10) {
            session.push(end, bytes, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
        }
        session.gap(End::A, 100, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
        for piece in [&b"TY"[..], b"PE I\r", b"\nPA", b"SV\r\n"] {
            session.push(End::A, piece, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
        }
        assert_eq!(text(&seen.clear[0]), "TYPE I\r\nPASV\r\n");
    }
}

proptest! {
    #[test]
    fn cutting_does_not_matter(index in 0..RECORDED.len(), with_keys: bool, cuts in prop::collection::vec(1..90_usize, 1..40)) {
        let recorded = Recorded::read(RECORDED[index].0);
        let keys = if with_keys { recorded.keys() } else { KeyLog::default() };
        let mut cuts = cuts.iter().copied().cycle();
        let mut cut = Vec::new();
        for (end, mut bytes) in recorded.pieces() {
            while !bytes.is_empty() {
                let (piece, rest) = bytes.split_at(cuts.next().unwrap().min(bytes.len()));
                cut.push((end, piece));
                bytes = rest;
            }
        }
        prop_assert_eq!(observe(cut, &keys), observe(recorded.pieces(), &keys));
    }

    #[test]
    fn losses_hide_records_and_invent_none(index in 0..RECORDED.len(), losses in prop::collection::vec((0..3000_usize, 1..400_usize), 1..4)) {
        let recorded = Recorded::read(RECORDED[index].0);
        let whole = observe(recorded.pieces(), &recorded.keys()).0;
        let seen = recorded.observe_without(&losses);
        for (seen, whole) in seen.plain.iter().zip(&whole.plain) {
            let (seen, whole) = (text(seen), text(whole));
            let mut lines = whole.lines();
            for line in seen.lines() {
                prop_assert!(lines.any(|other| other == line), "{:?} in {:?}", line, whole);
            }
        }
    }

    #[test]
    fn a_record_of_tls10_behind_a_loss_is_not_read(start in 600..900_usize, len in 1..60_usize) {
        let recorded = Recorded::read("tls10-aes128-cbc-sha1");
        let whole = observe(recorded.pieces(), &recorded.keys()).0;
        let seen = recorded.observe_without(&[(start, len)]);
        for (seen, whole) in seen.plain.iter().zip(&whole.plain) {
            let (seen, whole) = (text(seen), text(whole));
            prop_assert!(seen.lines().all(|line| whole.lines().any(|other| other == line)), "{seen:?}");
        }
    }

    #[test]
    fn damage_never_panics_and_invents_nothing(index in 0..RECORDED.len(), flips in prop::collection::vec((0..16_usize, 0..2000_usize, 1..=255_u8), 1..6)) {
        let mut recorded = Recorded::read(RECORDED[index].0);
        let whole = observe(recorded.pieces(), &recorded.keys()).0;
        for (piece, at, flip) in flips {
            let count = recorded.pieces.len();
            let bytes = &mut recorded.pieces[piece % count].1;
            let length = bytes.len();
            bytes[at % length] ^= flip;
        }
        let (seen, _) = observe(recorded.pieces(), &recorded.keys());
        for (seen, whole) in seen.plain.iter().zip(&whole.plain) {
            prop_assert!(seen.len() <= whole.len());
        }
    }

    #[test]
    fn random_bytes_never_panic(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60), 0..4_u64), 0..20), tls_like: bool) {
        let keys = Recorded::read("tls13-aes128-gcm").keys();
        let mut session = Session::new();
        let mut known = Resumptions::default();
        let mut out = |_: End, _: Event<'_>| {};
        for (first, mut bytes, gap) in pieces {
            let end = if first { End::A } else { End::B };
            if tls_like && bytes.len() > 5 {
                bytes[0] = 20 + bytes[0] % 4;
                bytes[1..4].copy_from_slice(&[3, 3, 0]);
            }
            session.push(end, &bytes, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
            if gap > 1 {
                session.gap(end, gap - 2, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
            }
        }
        session.finish(End::A, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
        session.finish(End::B, &mut Keys { log: &keys, resumptions: &mut known }, &mut out);
    }
}
