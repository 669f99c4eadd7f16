//! The capture filter that follows the predictions.

use std::process::Stdio;

use crate::lab::{Lab, SERVER, Seen};
use crate::server::{Errand, Shelf, curl, pyftpdlib, ways};

/// Something that has nothing to do with FTP: a stream of bytes to a port, as fast as it goes.
const LOAD: &str = r"
import socket, sys, threading
def serve(listener):
    peer, _ = listener.accept()
    while peer.recv(1 << 20): pass
if sys.argv[1] == 'serve':
    listener = socket.create_server(('192.0.2.2', 9000))
    while True: serve(listener)
else:
    peer = socket.create_connection(('192.0.2.2', 9000))
    block = bytes(1 << 16)
    left = int(sys.argv[2])
    while left > 0:
        peer.sendall(block)
        left -= len(block)
";

#[test]
fn the_learning_filter_passes_all_of_ftp_and_little_else() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000, 2_000_000]);
    pyftpdlib(&mut lab, &shelf);
    let mut sink = lab.in_server("python3");
    sink.args(["-c", LOAD, "serve"]);
    lab.keep(sink);
    lab.wait_for("the other server", || {
        !lab.in_server("ss").args(["-Hltn", "sport = :9000"]).output().unwrap().stdout.is_empty()
    });
    let mut plain = lab.sniff(&["-T", "jsonl", "-s", "200", "--no-hash"]);
    let mut learning = lab.sniff(&["-T", "jsonl", "--learn-ports", "--immediate-mode"]);
    let mut load = lab
        .in_client("python3")
        .args(["-c", LOAD, "send", "100000000"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut expected = Vec::new();
    for (address, mode) in ways() {
        for errand in [Errand::Get(1000), Errand::Get(2_000_000), Errand::Put(300_000)] {
            expected.push(curl(&lab, address, mode, errand));
        }
    }
    assert!(load.wait().unwrap().success());
    expected.sort();
    learning.stop();
    plain.stop();
    let (plain, learned) = (Seen::lines(&plain.wrote()), Seen::lines(&learning.wrote()));
    let bytes = |seen: &Seen| seen.closing["capture"]["bytes"].as_u64().unwrap();
    // 100 MB of load, and some 14 MB of FTP.
    assert!(bytes(&plain) > 100_000_000, "{}", bytes(&plain));
    assert!(bytes(&learned) < 25_000_000, "{}", bytes(&learned));
    // Every transfer is there. What came before the filter followed may be missing, and is known to be.
    let seen = learned.transfers();
    let ways = |moved: &[crate::lab::Moved]| {
        moved.iter().map(|one| (one.verb.clone(), one.mode.clone())).collect::<Vec<_>>()
    };
    assert_eq!(ways(&seen), ways(&expected));
    let whole = seen.iter().filter(|moved| expected.contains(moved)).count();
    let all_transfers = learned.sessions.iter().flat_map(|session| session["transfers"].as_array().unwrap());
    let known = all_transfers.filter(|transfer| transfer["missing_bytes"] != 0).count();
    assert!(
        whole + known >= expected.len(),
        "{whole} whole, {known} known to lack something, of {}",
        expected.len()
    );
    // How many the filter is in time for depends on how busy the machine is.
    assert!(whole * 4 > expected.len(), "{whole} of {}: {}", expected.len(), learning.said());
    assert!(learning.said().contains("the capture filter was changed"), "{}", learning.said());
    let _ = SERVER;
}
