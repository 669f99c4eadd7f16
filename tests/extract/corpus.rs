//! Recorded transfers. They lie outside the repository; where they are absent the test says so and passes,
//! except in CI.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::manifest;
use crate::program::{run, said};

fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/real");
    if corpus.is_dir() {
        return Some(corpus.canonicalize().unwrap());
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", corpus.display());
    println!("skipped: {} is missing", corpus.display());
    None
}

/// The digests of what the transfers of an expectation moved, as far as it states them, with how often each.
fn expected(expectation: &Value) -> BTreeMap<String, usize> {
    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let sessions = expectation["sessions"].as_array().into_iter().flatten();
    let transfers = sessions.flat_map(|session| session["transfers"].as_array().into_iter().flatten());
    let mut digests = BTreeMap::new();
    for transfer in transfers {
        let decoded = transfer["decoded_sha256"].as_str();
        let Some(digest) = decoded.or(transfer["sha256"].as_str()).filter(|one| one.len() == 64) else {
            continue;
        };
        if transfer["encrypted"] == true || digest == NOTHING && transfer["status"] != "complete" {
            continue;
        }
        *digests.entry(digest.to_owned()).or_default() += 1;
    }
    digests
}

/// The digests of the files that the lines of a manifest name.
fn extracted(out: &Path) -> BTreeMap<String, usize> {
    let mut digests = BTreeMap::new();
    for entry in manifest(out) {
        let Some(file) = entry["file"].as_str() else { continue };
        let digest = Sha256::digest(fs::read(out.join(file)).unwrap());
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digest: String = digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect();
        if entry["state"] == "complete" {
            assert_eq!(entry["sha256"], *digest);
        }
        *digests.entry(digest).or_default() += 1;
    }
    digests
}

#[test]
fn every_recorded_file_is_extracted_as_it_was() {
    let Some(corpus) = corpus() else { return };
    let mut checked = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let with_keys = name.ends_with(".expect-keys.json");
        if !with_keys && !name.ends_with(".expect.json") {
            continue;
        }
        let expectation: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let Some(file) = expectation["file"].as_str() else { continue };
        let folder = TempDir::new().unwrap();
        let mut arguments = vec!["extract", "--what", "all", "-o", "out"];
        let keys = with_keys.then(|| corpus.join(expectation["keylog"].as_str().unwrap()));
        if let Some(keys) = &keys {
            arguments.extend(["--keylog", keys.to_str().unwrap()]);
        }
        let capture = corpus.join(file);
        arguments.push(capture.to_str().unwrap());
        let output = run(&folder, arguments);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{name}: {}", said(&output));
        let found = extracted(&folder.path().join("out"));
        for (digest, count) in expected(&expectation) {
            assert!(found.get(&digest).is_some_and(|&found| found >= count), "{name}: {digest} of {found:?}");
            checked += count;
        }
    }
    assert!(checked > 100, "{checked} digests");
}
