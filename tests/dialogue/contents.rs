//! Contents that a transmission mode hides.

use sha2::{Digest as _, Sha256};

use ftpscope::analyzer::Options;
use ftpscope::filter::Filter;

use super::support::{analyse, packets, report};

/// The decoded content of the only transfer of a session that sends `wire` in this mode.
#[track_caller]
fn decoded(mode: &str, wire: &str) -> Option<(u64, [u8; 32])> {
    let report = analyse(&format!(
        r"
        C: TYPE I
        S: 200 ok
        C: MODE {mode}
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        {wire}
        close S
        S: 226 done
        "
    ));
    let transfer = &report.sessions[0].transfers[0];
    assert_eq!(transfer.mode.to_string(), mode);
    let decoded = transfer.decoded.as_ref()?;
    Some((decoded.bytes, decoded.sha256?))
}

fn content(bytes: &[u8]) -> (u64, [u8; 32]) {
    (bytes.len() as u64, Sha256::digest(bytes).into())
}

#[test]
fn mode_z_is_inflated() {
    let wire = r"put S \x78\xda\xcb\xcf\x4b\x55\xc8\xc9\xcc\x4b\xe5\xe5\xca\x27\x99\x05\x00\x4c\xd8\x12\xc7";
    assert_eq!(decoded("Z", wire), Some(content(&b"one line\r\n".repeat(6))));
}

#[test]
fn the_blocks_of_mode_b_are_joined() {
    let wire = r"put S \x00\x00\x03abc
        put S \x40\x00\x02de";
    assert_eq!(decoded("B", wire), Some(content(b"abcde")));
}

#[test]
fn the_runs_of_mode_c_are_written_out() {
    assert_eq!(decoded("C", r"put S \x02ab\x84x\xc2\x00\x40"), Some(content(b"abxxxx\0\0")));
}

#[test]
fn mode_s_has_nothing_to_decode() {
    assert_eq!(decoded("S", "put S abc"), None);
}

#[test]
fn what_breaks_off_or_is_not_of_its_mode_is_not_decoded() {
    assert_eq!(decoded("B", r"put S \x00\x00\x03abc"), None);
    assert_eq!(decoded("Z", "put S plain text"), None);
}

#[test]
fn a_data_connection_that_is_made_before_its_command_is_decoded_too() {
    let report = analyse(
        r"
        C: MODE B
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        open C:41000 -> S:50000
        C: TYPE I
        S: 200 ok
        C: STOR a
        S: 150 now
        put C \x40\x00\x03abc
        close C
        S: 226 done
        ",
    );
    let decoded = report.sessions[0].transfers[0].decoded.as_ref();
    assert_eq!(decoded.map(|decoded| decoded.bytes), Some(3));
}

/// Whether the file that each of two sessions retrieves was digested where only some sessions are asked for.
fn digested(filter: &str) -> Vec<bool> {
    let script = "
        session A C:40000 -> S:21
        session B C:40001 -> S:21
        A S: 220 ready
        B S: 220 ready
        A C: PASV
        A S: 227 (198,51,100,2,195,80)
        B C: PASV
        B S: 227 (198,51,100,2,195,81)
        A C: RETR a
        A S: 150 now
        data C:41000 -> S:50000, S sends 10
        A S: 226 done
        B C: RETR b
        B S: 150 now
        data C:41001 -> S:50001, S sends 20
        B S: 226 done
    ";
    let filter = Filter::parse(filter).ok().map(std::sync::Arc::new);
    assert!(filter.is_some());
    let options = Options { filter, ..Options::default() };
    let report = report(&packets(script), options);
    assert_eq!(report.sessions.len(), 2, "all are given");
    let transfers = report.sessions.iter().flat_map(|session| &session.transfers);
    transfers.map(|transfer| transfer.sha256.is_some()).collect()
}

#[test]
fn of_sessions_that_a_filter_certainly_leaves_out_no_digests_are_made() {
    assert_eq!(digested("sess.server.port == 21"), [true, true]);
    assert_eq!(digested("sess.client.port == 40000"), [true, false]);
    assert_eq!(digested("sess.client.port == 40001 || sess.client.port == 40002"), [false, true]);
    assert_eq!(digested("sess.client.port == 5"), [false, false]);
    assert_eq!(digested("sess.start > \"2100-01-01 00:00:00\""), [false, false]);
    // Only the end tells.
    assert_eq!(digested("xfer.path contains \"b\""), [true, true]);
    assert_eq!(digested("sess.user == \"nobody\" || sess.client.port == 40000"), [true, true]);
    // What is known of a control connection is not all there is.
    assert_eq!(digested("ip.addr == 192.0.2.77"), [true, true]);
}
