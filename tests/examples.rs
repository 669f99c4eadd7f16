//! The programs in `examples/` do on a sample what they are there to show.

#[path = "../examples/analyze.rs"]
#[expect(dead_code, reason = "its `main` writes to standard output")]
mod analyze;
#[path = "../examples/feed_frames.rs"]
#[expect(dead_code, reason = "its `main` writes to standard output")]
mod feed_frames;
#[path = "../examples/watch_events.rs"]
#[expect(dead_code, reason = "its `main` writes to standard output")]
mod watch_events;

fn sample(name: &str) -> String {
    format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn analyze_lists_each_session_with_its_findings() {
    let mut out = Vec::new();
    analyze::run([sample("blocked-data-connection.pcap").into()].into_iter(), &mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.starts_with("198.51.100.10:42858 → 203.0.113.21:21\n  "), "{said}");
    assert!(said.contains("\n  warning data-unanswered: 4 SYNs from the client 198.51.100.10 to"), "{said}");
}

#[test]
fn feed_frames_finds_that_its_data_connection_went_unanswered() {
    let mut out = Vec::new();
    feed_frames::run(&mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("data-unanswered: 2 SYNs from the client 192.0.2.1 to"), "{said}");
}

#[test]
fn watch_events_shows_a_connection_before_the_session_ends() {
    let mut out = Vec::new();
    watch_events::run(&[sample("pasv-and-port.pcap").into()], &mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    let at = |what: &str| said.find(what).unwrap_or_else(|| panic!("{what} in {said}"));
    assert!(at("\"event\":\"expecting\"") < at("\"event\":\"connected\""), "{said}");
    assert!(at("\"event\":\"connected\"") < at("\nsession "), "{said}");
}
