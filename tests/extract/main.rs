//! What `ftpscope extract` writes, and what it never does.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it left out"
)]

mod corpus;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/pcap_file.rs"]
mod pcap_file;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/program.rs"]
mod program;
mod refused;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use program::{run, said};

/// A folder with a capture of a script, `a.pcap`.
fn folder(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.pcap"), pcap_file::of(script)).unwrap();
    folder
}

fn extract(folder: &TempDir, options: &[&str]) -> Output {
    let target: &[&str] = if options.contains(&"-o") { &[] } else { &["-o", "out"] };
    run(folder, ["extract", "a.pcap"].iter().chain(target).chain(options))
}

/// The lines of the manifest.
fn manifest(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("manifest.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All files below a folder but the manifest, with their content.
fn files(out: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            if about.is_dir() {
                walk(&path, root, found);
            } else if about.is_file() && path.extension() != Some("jsonl".as_ref()) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(out, out, &mut found);
    found.sort();
    found
}

fn text_files(out: &Path) -> Vec<(String, String)> {
    files(out).into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

/// A session that logs in and moves files: each with its verb, its path and a line of the script that sends it.
fn session(moved: &[(&str, &str)]) -> String {
    let mut script = "S: 220 hi
        C: USER joe
        S: 331 password
        C: PASS x
        S: 230 in
        C: TYPE I
        S: 200 ok
        C: PWD
        S: 257 \"/\"
    "
    .to_owned();
    for ((command, put), number) in moved.iter().zip(0..) {
        write!(
            script,
            "C: PASV
            S: 227 (198,51,100,2,195,{number})
            C+ {command}\\r\\n
            S: 150 now
            open C:{} -> S:{}
            {put}
            close {}
            S: 226 done
            ",
            41_000 + number,
            195 * 256 + number,
            if command.starts_with("STOR") { "C" } else { "S" },
        )
        .unwrap();
    }
    script
}

#[test]
fn files_of_both_directions_go_below_server_and_user() {
    let script =
        session(&[("RETR pub/a.txt", "put S one"), ("STOR /up/b", "put C three"), ("RETR empty", "wait 0")]);
    let folder = folder(&script);
    let output = extract(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let out = folder.path().join("out");
    let expected = [
        ("198.51.100.2/joe/empty", ""),
        ("198.51.100.2/joe/pub/a.txt", "one"),
        ("198.51.100.2/joe/up/b", "three"),
    ];
    assert_eq!(text_files(&out), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("198.51.100.2/joe/up/b"), mode("198.51.100.2/joe")), (0o600, 0o700));
    let entries = manifest(&out);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["path"], "/pub/a.txt");
    assert_eq!(entries[1]["verb"], "STOR");
    assert!(entries.iter().all(|entry| entry["state"] == "complete" && entry["user"] == "joe"));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2, "nothing is left but the files and the manifest");
}

#[test]
fn hostile_names_lead_nowhere() {
    let long = format!("RETR {}", "x".repeat(4000));
    let names = [
        "RETR ../../../../etc/passwd",
        "RETR CON",
        r"RETR a\x1b[2Jb",
        r"RETR exe.\xe2\x80\xaefdp",
        r"RETR n\x00ul",
        "RETR .ssh",
        r"RETR \x5c\x5chost\x5cshare",
        &long,
    ];
    let puts: Vec<String> = (0..names.len()).map(|number| format!("put S content {number}")).collect();
    let moved: Vec<(&str, &str)> = names.iter().copied().zip(puts.iter().map(String::as_str)).collect();
    let folder = folder(&session(&moved));
    let output = extract(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let out = folder.path().join("out");
    let written = files(&out);
    assert_eq!(written.len(), names.len(), "{written:?}");
    for (name, _) in &written {
        assert!(name.starts_with("198.51.100.2/joe/"), "{name}");
        for component in name.split('/') {
            assert!(component.len() < 140 && !component.starts_with('.') && component != "CON", "{name}");
            assert!(!component.chars().any(|one| one.is_control() || one == '\u{202e}'), "{name:?}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the capture and the folder");
}

#[test]
fn links_in_the_folder_are_not_followed() {
    let script = session(&[("RETR a", "put S one"), ("RETR link/b", "put S two"), ("RETR c", "put S three")]);
    let folder = folder(&script);
    let elsewhere = TempDir::new().unwrap();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("198.51.100.2/joe")).unwrap();
    let target = elsewhere.path().join("target");
    symlink(&target, out.join("198.51.100.2/joe/a")).unwrap();
    symlink(elsewhere.path(), out.join("198.51.100.2/joe/link")).unwrap();
    fs::write(out.join("198.51.100.2/joe/c"), "mine").unwrap();
    let output = extract(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing came through the links");
    let expected = [
        ("198.51.100.2/joe/a~2", "one"),
        ("198.51.100.2/joe/c", "mine"),
        ("198.51.100.2/joe/c~2", "three"),
        ("198.51.100.2/joe/link~2/b", "two"),
    ];
    assert_eq!(text_files(&out), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[test]
fn the_same_content_is_written_once_unless_each_is_wanted() {
    let moved = [("RETR a", "put S one"), ("STOR b", "put C one"), ("RETR a", "put S other")];
    let folder = folder(&session(&moved));
    extract(&folder, &[]);
    let out = folder.path().join("out");
    let names = |out: &Path| files(out).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&out), ["198.51.100.2/joe/a", "198.51.100.2/joe/a~2"]);
    let entries = manifest(&out);
    assert_eq!((&entries[1]["file"], &entries[1]["duplicate"]), (&entries[0]["file"], &Value::Bool(true)));
    fs::remove_dir_all(&out).unwrap();
    extract(&folder, &["--keep-duplicates"]);
    assert_eq!(names(&out), ["198.51.100.2/joe/a", "198.51.100.2/joe/a~2", "198.51.100.2/joe/b"]);
}

#[test]
fn a_file_that_is_called_by_its_hash_lies_below_the_first_two_digits() {
    let folder = folder(&session(&[("RETR a", "put S abc")]));
    extract(&folder, &["--by", "hash", "--old-digests"]);
    let out = folder.path().join("out");
    let name = "ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(text_files(&out), [(name.to_owned(), "abc".to_owned())]);
    let entry = &manifest(&out)[0];
    assert_eq!(entry["sha1"], "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(entry["md5"], "900150983cd24fb0d6963f7d28e17f72");
}

#[test]
fn holes_stay_holes_in_a_file_that_says_it_is_incomplete() {
    let sent = "send S 100000
            lost send S 200000
            send S 100000";
    let folder = folder(&session(&[("RETR a", sent)]));
    let output = extract(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let out = folder.path().join("out");
    let entry = &manifest(&out)[0];
    assert_eq!((&entry["state"], &entry["file"]), (&"gaps".into(), &"198.51.100.2/joe/a.part".into()));
    assert_eq!(entry["missing_ranges"], serde_json::json!([[100_000, 299_999]]));
    let file = out.join("198.51.100.2/joe/a.part");
    let about = fs::metadata(&file).unwrap();
    assert_eq!(about.len(), 400_000);
    assert!(about.blocks() * 512 < 300_000, "{} blocks", about.blocks());
    let bytes = fs::read(file).unwrap();
    assert!(
        bytes[100_000..300_000].iter().all(|&byte| byte == 0)
            && bytes[..100_000].iter().any(|&byte| byte > 0)
    );
}

#[test]
fn the_rest_of_a_file_does_not_pass_for_all_of_it() {
    let script = session(&[("RETR a", "send S 1000")]);
    let script = script.replace("C: PASV", "C: REST 500\n            S: 350 go on\n            C: PASV");
    let folder = folder(&script);
    let output = extract(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let entry = &manifest(&folder.path().join("out"))[0];
    assert_eq!((&entry["state"], &entry["file"]), (&"rest".into(), &"198.51.100.2/joe/a.part".into()));
    assert_eq!((&entry["offset"], &entry["bytes"]), (&500.into(), &1000.into()));
    assert!(entry["sha256"].is_string(), "{entry}");
}

#[test]
fn a_transmission_mode_is_undone() {
    let script = session(&[("RETR a", r"put S \x40\x00\x03abc")]).replace(
        "C: TYPE I",
        "C: MODE B
        S: 200 ok
        C: TYPE I",
    );
    let folder = folder(&script);
    extract(&folder, &[]);
    let out = folder.path().join("out");
    assert_eq!(text_files(&out), [("198.51.100.2/joe/a".to_owned(), "abc".to_owned())]);
    assert_eq!(manifest(&out)[0]["decoded_from"], "B");
}

#[test]
fn a_file_has_the_time_that_the_dialogue_states() {
    let script = session(&[("RETR a", "put S abc")]) + "C: MDTM a\nS: 213 20010203040506\n";
    let folder = folder(&script);
    extract(&folder, &[]);
    let out = folder.path().join("out");
    assert_eq!(fs::metadata(out.join("198.51.100.2/joe/a")).unwrap().mtime(), 981_173_106);
    assert_eq!(manifest(&out)[0]["modified"], "2001-02-03T04:05:06.000000000Z");
}

#[test]
fn only_what_is_wanted_is_extracted() {
    let moved = [
        ("RETR a.txt", "put S text"),
        ("RETR b.pdf", "put S %PDF-1.7 and so on"),
        ("LIST", "put S -rw-r--r-- 1 a b 4 Jan 1 2026 a.txt"),
    ];
    let folder = folder(&session(&moved));
    for (options, expected) in [
        (&["--what", "listings"][..], &["198.51.100.2/joe/LIST.txt"][..]),
        (&["--name", "*.PDF"], &["198.51.100.2/joe/b.pdf"]),
        (&["--mime", "application/"], &["198.51.100.2/joe/b.pdf"]),
        (&["--min-size", "5"], &["198.51.100.2/joe/b.pdf"]),
        (&["-Y", "sess.user == \"ann\""], &[]),
        (&["--what", "all", "--name", "a*"], &["198.51.100.2/joe/a.txt"]),
    ] {
        extract(&folder, options);
        let out = folder.path().join("out");
        let names: Vec<String> = files(&out).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected, "{options:?}");
        assert_eq!(manifest(&out).len(), expected.len());
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn limits_cut_files_and_the_status_tells() {
    let folder = folder(&session(&[("RETR a", "put S 0123456789"), ("RETR b", "put S abc")]));
    let output = extract(&folder, &["--max-file", "4"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let out = folder.path().join("out");
    let expected = [("198.51.100.2/joe/a.part", "0123"), ("198.51.100.2/joe/b", "abc")];
    assert_eq!(text_files(&out), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    fs::remove_dir_all(&out).unwrap();
    let output = extract(&folder, &["--max-total", "5"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(text_files(&out), [("198.51.100.2/joe/b".to_owned(), "abc".to_owned())]);
    assert_eq!(manifest(&out)[0]["state"], "limit");
}

#[test]
fn an_earlier_extraction_is_not_overwritten() {
    let folder = folder(&session(&[("RETR a", "put S abc")]));
    assert_eq!(extract(&folder, &[]).status.code(), Some(0));
    let again = extract(&folder, &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("manifest of an earlier extraction"), "{}", said(&again));
    assert_eq!(files(&folder.path().join("out")).len(), 1);
}

#[test]
fn a_table_of_what_was_extracted_disarms_formulas() {
    let folder = folder(&session(&[("RETR a", "put S abc")]).replace("USER joe", "USER =joe"));
    extract(&folder, &["-T", "csv"]);
    let table = fs::read_to_string(folder.path().join("out/manifest.csv")).unwrap();
    assert!(table.starts_with("file,duplicate,state,error,path,verb,"), "{table}");
    assert!(table.contains(",'=joe,") && !table.contains(",=joe"), "{table}");
}

#[test]
fn live_extracts_as_sessions_end() {
    let folder = folder(&session(&[("RETR a", "put S abc")]));
    let output = run(&folder, ["live", "-r", "a.pcap", "--extract", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("extracted 1 file (3 B)"), "{}", said(&output));
    let out = folder.path().join("out");
    assert_eq!(text_files(&out), [("198.51.100.2/joe/a".to_owned(), "abc".to_owned())]);
    assert_eq!(manifest(&out)[0]["state"], "complete");
}
