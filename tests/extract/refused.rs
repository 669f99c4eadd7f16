//! Where the system refuses to write.

use std::fs;
use std::process::{Command, Stdio};

use crate::program::said;
use crate::{extract, files, folder, manifest, session};

#[test]
fn a_file_that_may_not_grow_so_large_leaves_nothing_and_the_manifest_tells() {
    let folder = folder(&session(&[("RETR small", "put S abc"), ("RETR large", "send S 900000")]));
    // In units of 1024 bytes; what is reserved for the manifest is smaller.
    let output = Command::new("bash")
        .args(["-c", "ulimit -f 500; exec \"$0\" extract -o out a.pcap", env!("CARGO_BIN_EXE_ftpscope")])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let out = folder.path().join("out");
    let names: Vec<String> = files(&out).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["198.51.100.2/joe/small"]);
    let entries = manifest(&out);
    assert_eq!(entries[1]["state"], "not-written");
    assert!(entries[1]["error"].is_string(), "{}", entries[1]);
}

/// A folder on a disk of its own, until it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where this process may not mount one.
    fn mount(size: &str) -> Option<Self> {
        let disk = Self(tempfile::TempDir::new().unwrap());
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(disk.0.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(disk)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_leaves_whole_files_and_a_manifest_that_tells() {
    let Some(disk) = Disk::mount("1M") else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    let moved: Vec<(String, String)> =
        (0..12).map(|number| (format!("RETR f{number}"), format!("send S {}", 150_000 + number))).collect();
    let moved: Vec<(&str, &str)> = moved.iter().map(|(one, other)| (one.as_str(), other.as_str())).collect();
    let folder = folder(&session(&moved));
    let out = disk.0.path().join("out");
    let output = extract(&folder, &["-o", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let written = files(&out);
    assert!((2..8).contains(&written.len()), "{} files", written.len());
    let entries = manifest(&out);
    assert_eq!(entries.len(), 12);
    for entry in &entries {
        match entry["file"].as_str() {
            Some(file) => {
                assert_eq!(entry["state"], "complete");
                assert_eq!(fs::metadata(out.join(file)).unwrap().len(), entry["bytes"].as_u64().unwrap());
            }
            None => {
                assert_eq!(entry["state"], "not-written");
                assert!(entry["error"].is_string(), "{entry}");
            }
        }
    }
    let with_file = entries.iter().filter(|entry| entry["file"].is_string()).count();
    assert_eq!(with_file, written.len());
}
