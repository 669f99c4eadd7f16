//! Holds what frames decode to against the corpus's expectations, where it is at hand: all link types and
//! tunnels.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says so")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use ftpscope::base::{Endpoint, Limits};
use ftpscope::capture::open;
use ftpscope::decode::{Decoded, Decoder};
use serde_json::Value;

/// The folder of the corpus, if it is there; CI must have it.
fn corpus(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "the corpus is missing: {}", path.display());
    println!("skipped: there is no {}", path.display());
    None
}

/// The captures of a folder that have expectations, with these.
fn captures(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut captures = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let expectation = entry.unwrap().path();
        if !expectation.to_string_lossy().ends_with(".expect.json") {
            continue;
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(&expectation).unwrap()).unwrap();
        if let Some(file) = expected["file"].as_str() {
            captures.push((folder.join(file), expected));
        }
    }
    captures.sort_by(|a, b| a.0.cmp(&b.0));
    captures
}

/// The two ends of a connection, in an order of no meaning.
type Pair = [Endpoint; 2];

fn pair(a: Endpoint, b: Endpoint) -> Pair {
    if (a.ip, a.port) <= (b.ip, b.port) { [a, b] } else { [b, a] }
}

fn endpoint(value: &Value) -> Endpoint {
    let port = u16::try_from(value["port"].as_u64().unwrap()).unwrap();
    Endpoint::new(value["ip"].as_str().unwrap().parse().unwrap(), port)
}

/// Between whom the segments of a capture went, by frame.
fn segments(path: &Path) -> HashMap<u64, Pair> {
    let mut frames = open(&[path.to_owned()], &Limits::default()).unwrap();
    let mut decoder = Decoder::new(&Limits::default());
    let mut segments = HashMap::new();
    while let Some(frame) = frames.next() {
        if let Decoded::Segment(segment) = decoder.decode(&frame) {
            segments.insert(segment.packet.frame.0, pair(segment.source, segment.destination));
        }
    }
    segments
}

/// Every session's first and last frame must be a segment of its control connection, and every data
/// connection must have segments; gives how many were checked.
fn check(folder: &str) -> Option<usize> {
    let mut checked = 0;
    for (path, expected) in captures(&corpus(folder)?) {
        let segments = segments(&path);
        let seen: HashSet<&Pair> = segments.values().collect();
        let name = path.display();
        for session in expected["sessions"].as_array().into_iter().flatten() {
            let control = pair(endpoint(&session["client"]), endpoint(&session["server"]));
            for which in ["first", "last"] {
                let Some(frame) = session["frames"][which].as_u64() else { continue };
                assert_eq!(segments.get(&frame), Some(&control), "{name}: {which} frame {frame}");
                checked += 1;
            }
            for channel in session["data_channels"].as_array().into_iter().flatten() {
                let connection = &channel["connection"];
                if connection.is_object() {
                    let data = pair(endpoint(&connection["originator"]), endpoint(&connection["responder"]));
                    assert!(seen.contains(&data), "{name}: no segment of {data:?}");
                    checked += 1;
                }
            }
        }
    }
    Some(checked)
}

#[test]
fn every_link_type_and_tunnel_leads_to_the_expected_connections() {
    let Some(checked) = check("torture/e-formats") else { return };
    assert!(checked > 100, "{checked}");
}

#[test]
fn real_captures_lead_to_the_expected_connections() {
    let Some(checked) = check("real") else { return };
    assert!(checked > 100, "{checked}");
}
