//! The crafted captures of the torture corpus, where it is at hand: all formats, and all ways to be damaged.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says so")]

use std::fs;
use std::path::{Path, PathBuf};

use ftpscope::base::Limits;
use ftpscope::capture::{Error, Frames, open};
use ftpscope::report::{Compression, Source};

/// The folder of the corpus, if it is there; CI must have it.
fn corpus(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/torture").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "the corpus is missing: {}", path.display());
    println!("skipped: there is no {}", path.display());
    None
}

/// The captures of a folder: all files but the expectations.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            !name.ends_with(".expect.json") && !name.ends_with(".error.txt")
        })
        .collect();
    paths.sort();
    paths
}

/// A capture's name up to its first dot, under which its expectations are found.
fn stem(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap()
}

/// Reads everything; gives the number of packets.
fn drain(frames: &mut Frames) -> u64 {
    let mut count = 0;
    while let Some(frame) = frames.next() {
        count += 1;
        assert_eq!(frame.packet.frame.0, count);
        assert!(frame.wire_len as usize >= frame.bytes.len());
    }
    count
}

fn read(paths: &[PathBuf]) -> Result<(u64, Vec<Source>), Error> {
    let mut frames = open(paths, &Limits::default())?;
    let count = drain(&mut frames);
    Ok((count, frames.sources()))
}

/// The sessions of an expectation, if there is one.
fn sessions_expected(expectation: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(expectation).unwrap_or_default();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    expected["sessions"].as_array().cloned().unwrap_or_default()
}

/// The highest frame number that an expectation names.
fn frames_expected(expectation: &Path) -> u64 {
    let last = |session: &serde_json::Value| session["frames"]["last"].as_u64();
    sessions_expected(expectation).iter().filter_map(last).max().unwrap_or(0)
}

/// The time of every frame, as the report writes it.
fn times(path: &Path) -> Vec<String> {
    let mut frames = open(&[path.to_owned()], &Limits::default()).unwrap();
    let mut times = Vec::new();
    while let Some(frame) = frames.next() {
        times.push(frame.packet.time.to_string());
    }
    times
}

#[test]
fn every_format_is_read_whole() {
    let Some(folder) = corpus("e-formats") else { return };
    for path in captures(&folder) {
        let (count, sources) = read(std::slice::from_ref(&path)).unwrap();
        let name = stem(&path);
        assert_eq!(sources[0].damage, None, "{name}");
        assert_eq!(sources[0].packets, count, "{name}");
        assert_eq!(count == 0, name == "zero-packets", "{name}");
        assert!(count >= frames_expected(&folder.join(format!("{name}.expect.json"))), "{name}");
        let format = if name.starts_with("pcapng") { "pcapng" } else { "pcap" };
        assert_eq!(sources[0].format.name(), format, "{name}");
        let compression = [("compressed-gz", "gzip"), ("compressed-zst", "zstd"), ("compressed-lz4", "lz4")];
        let compression = compression.iter().find(|(start, _)| name.starts_with(start));
        assert_eq!(
            sources[0].compression.map(Compression::name),
            compression.map(|&(_, name)| name),
            "{name}"
        );
    }
}

#[test]
fn every_clock_is_read_right() {
    let Some(folder) = corpus("e-formats") else { return };
    let mut checked = 0;
    for path in captures(&folder) {
        let times = times(&path);
        for session in sessions_expected(&folder.join(format!("{}.expect.json", stem(&path)))) {
            for (frame, time) in [("first", "start"), ("last", "end")] {
                let (Some(expected), Some(frame)) =
                    (session[time].as_str(), session["frames"][frame].as_u64())
                else {
                    continue;
                };
                let frame = usize::try_from(frame).unwrap();
                assert_eq!(times[frame - 1], expected, "{} frame {frame}", stem(&path));
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn every_damaged_file_gives_what_it_can_and_says_what_is_wrong() {
    let Some(folder) = corpus("errors") else { return };
    for path in captures(&folder) {
        let name = stem(&path);
        let rules = fs::read_to_string(folder.join(format!("{name}.error.txt"))).unwrap();
        let expected = rules.lines().find_map(|line| line.strip_prefix("expect: ")).unwrap();
        let outcome = read(std::slice::from_ref(&path));
        match (expected, &outcome) {
            ("error", Err(error)) => {
                let line = error.to_string();
                assert!(line.starts_with(path.to_str().unwrap()) && !line.contains('\n'), "{name}: {line}");
            }
            ("error-or-empty", Err(error)) => assert!(error.to_string().contains("254"), "{name}: {error}"),
            ("partial", Ok((_, sources))) => assert!(sources[0].damage.is_some(), "{name}"),
            ("partial-or-whole" | "error-or-partial-or-empty", _) => {}
            _ => panic!("{name}: expected {expected}, got {outcome:?}"),
        }
        if expected.starts_with("partial") {
            let (count, _) = outcome.unwrap();
            assert!(count >= frames_expected(&folder.join(format!("{name}.expect.json"))), "{name}");
        }
    }
}

#[test]
fn files_are_merged_by_time_whatever_their_order() {
    let Some(folder) = corpus("multi") else { return };
    let paths = captures(&folder);
    for name in paths.iter().map(|path| stem(path)).collect::<std::collections::BTreeSet<_>>() {
        let mut parts: Vec<PathBuf> = paths.iter().filter(|path| stem(path) == name).cloned().collect();
        for _ in 0..2 {
            let mut frames = open(&parts, &Limits::default()).unwrap();
            let (mut before, mut count) = (None, 0);
            while let Some(frame) = frames.next() {
                assert!(before <= Some(frame.packet.time), "{name}");
                before = Some(frame.packet.time);
                count += 1;
            }
            let alone: u64 = parts.iter().map(|part| read(std::slice::from_ref(part)).unwrap().0).sum();
            assert_eq!(count, alone, "{name}");
            assert!(count >= frames_expected(&folder.join(format!("{name}.expect.json"))), "{name}");
            parts.reverse();
        }
    }
}
