//! Disks that are full, readers that go, files that can't be read or change while they are, two writers.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::{capture, folder, ftpscope, others, out, run, said};

/// Runs it where `disk` is a disk of 16 KiB, then lists what is there; none where no such disk can be had.
fn on_a_small_disk(folder: &Path, arguments: &str) -> Option<Output> {
    fs::create_dir_all(folder.join("disk")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=16k none disk || exit 99; {} {arguments}; status=$?; ls -A disk >&2; exit $status",
        env!("CARGO_BIN_EXE_ftpscope")
    );
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.code() != Some(99));
    let output = output.filter(|output| !said(output).starts_with("unshare:"));
    if output.is_none() {
        println!("left out: no disk can be mounted here");
    }
    output
}

#[test]
fn a_report_that_does_not_fit_leaves_no_file() {
    let folder = folder(500);
    for format in ["text", "json", "json --pretty", "jsonl", "csv", "tsv", "html", "markdown", "svg"] {
        let what = if format == "csv" || format == "tsv" { "--what commands" } else { "" };
        let arguments = format!("analyze -T {format} {what} -o disk/report large.pcap");
        let Some(output) = on_a_small_disk(folder.path(), &arguments) else { return };
        assert_eq!(output.status.code(), Some(1), "{format}: {}", said(&output));
        assert_eq!(
            said(&output),
            "ftpscope: can't write to disk/report: no space left on device\n",
            "{format}"
        );
    }
}

#[test]
fn sessions_for_which_there_is_no_room_are_missed_aloud_with_advice() {
    let folder = folder(20_000);
    let arguments = "analyze -T text --temp-dir disk large.pcap";
    let Some(output) = on_a_small_disk(folder.path(), arguments) else { return };
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(
        said(&output),
        "ftpscope: can't keep sessions in a temporary file in disk: no space left on device; make room there, \
         or name another directory with --temp-dir\n",
    );
    assert_eq!(out(&output), "");
}

#[test]
fn packets_that_cannot_be_saved_end_the_capture_and_lose_no_event() {
    let folder = folder(500);
    let Some(output) = on_a_small_disk(folder.path(), "live -l -r large.pcap -w disk/saved.pcapng") else {
        return;
    };
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("can't write to disk/saved.pcapng: "), "{}", said(&output));
    assert!(out(&output).lines().next().unwrap().contains("session opened"), "{}", out(&output));
    assert!(out(&output).ends_with('\n'));
}

#[test]
fn a_full_device_is_an_error_in_every_form() {
    let folder = folder(0);
    for form in
        ["analyze", "export", "analyze --json --pretty", "export -T jsonl", "export -T csv", "live -r"]
    {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let arguments = form.split(' ').chain(["small.pcap"]);
        let output = ftpscope(folder.path(), arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{form}: {}", said(&output));
        assert!(said(&output).contains("can't write to standard output"), "{form}: {}", said(&output));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = folder(3000);
    for form in ["analyze", "export", "export -T jsonl", "export -T csv --what commands", "live -r"] {
        let arguments = form.split(' ').chain(["large.pcap"]);
        let mut child = ftpscope(folder.path(), arguments).spawn().unwrap();
        let mut first = Vec::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.by_ref().take(100).read_until(b'\n', &mut first).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty());
        assert_eq!((output.status.code(), said(&output)), (Some(0), ""), "{form}");
    }
}

#[test]
fn what_cannot_be_read_is_named_and_nothing_is_written() {
    let folder = folder(0);
    fs::create_dir(folder.path().join("directory")).unwrap();
    fs::write(folder.path().join("secret.pcap"), "x").unwrap();
    fs::set_permissions(folder.path().join("secret.pcap"), PermissionsExt::from_mode(0o0)).unwrap();
    // Root may read all.
    let is_root = fs::read(folder.path().join("secret.pcap")).is_ok();
    for file in ["missing.pcap", "directory", "secret.pcap", "/proc/self/mem"] {
        let output = run(&folder, ["export", "-o", "report", "small.pcap", file]);
        assert_eq!(output.status.code(), Some(1), "{file}: {}", said(&output));
        assert!(said(&output).starts_with("ftpscope: "), "{file}: {}", said(&output));
        assert!(
            said(&output).contains(file) || is_root && file == "secret.pcap",
            "{file}: {}",
            said(&output)
        );
        assert_eq!(said(&output).lines().count(), 1);
        assert_eq!(out(&output), "");
    }
    assert_eq!(others(folder.path(), &["small.pcap", "directory", "secret.pcap"]), [""; 0]);
}

#[test]
fn a_file_that_grows_is_read_to_where_it_ends_now() {
    let folder = folder(0);
    let whole = capture(2000);
    let path = folder.path().join("growing.pcap");
    // Not at the end of a packet.
    let (first, rest) = whole.split_at(whole.len() / 2 + 7);
    fs::write(&path, first).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            for piece in rest.chunks(4096) {
                file.write_all(piece).unwrap();
            }
        });
        for _ in 0..10 {
            let output = run(&folder, ["export", "growing.pcap"]);
            // Whole so far, or cut inside a packet: both are reported.
            assert!(matches!(output.status.code(), Some(0 | 3)), "{}", said(&output));
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let damage = &report["capture"]["sources"][0]["damage"];
            assert_eq!(damage.is_null(), output.status.code() == Some(0));
            assert!(report["sessions"].as_array().unwrap().len() >= 900);
        }
    });
    let output = run(&folder, ["export", "growing.pcap"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_reported_as_far_as_it_was_there() {
    let whole = capture(20_000);
    let folder = folder(0);
    let path = folder.path().join("shrinking.pcap");
    for millis in [0, 1, 2, 4, 8, 16, 32] {
        fs::write(&path, &whole).unwrap();
        let child = ftpscope(folder.path(), ["export", "-o", "report", "shrinking.pcap"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(millis));
        OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64 / 3 + 5).unwrap();
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0 | 3) => {
                let report = fs::read(folder.path().join("report")).unwrap();
                let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
                assert!(report["sessions"].as_array().unwrap().len() > 6000);
            }
            code => panic!("{code:?} after {millis} ms: {}", said(&output)),
        }
    }
}

#[test]
fn of_two_writers_to_one_file_one_wins_and_the_file_is_whole() {
    let folder = folder(2000);
    let alone = run(&folder, ["export", "large.pcap"]).stdout;
    for _ in 0..5 {
        let children = [(); 4]
            .map(|()| ftpscope(folder.path(), ["export", "-o", "report", "large.pcap"]).spawn().unwrap());
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!((output.status.code(), said(&output)), (Some(0), ""));
        }
        assert!(fs::read(folder.path().join("report")).unwrap() == alone, "the report is another one");
        assert_eq!(others(folder.path(), &["small.pcap", "large.pcap"]), ["report"]);
    }
}

#[test]
fn one_program_writes_no_file_twice_and_none_that_it_reads() {
    let folder = folder(0);
    std::os::unix::fs::symlink("small.pcap", folder.path().join("link")).unwrap();
    let before = fs::read(folder.path().join("small.pcap")).unwrap();
    for arguments in [
        "live -r small.pcap -w new -o new",
        "live -r small.pcap -w small.pcap",
        "live -r small.pcap -o small.pcap",
        "live -r small.pcap -w link",
        "export -o small.pcap small.pcap",
        "export -o link small.pcap",
    ] {
        let output = run(&folder, arguments.split(' '));
        assert_eq!(output.status.code(), Some(2), "{arguments}: {}", said(&output));
    }
    assert_eq!(fs::read(folder.path().join("small.pcap")).unwrap(), before);
    assert_eq!(others(folder.path(), &["small.pcap", "link"]), [""; 0]);
}
