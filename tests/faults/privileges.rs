//! What is given up, as seen from outside.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{capture, folder, ftpscope, said};

/// A field of each of a program's threads.
fn fields(child: &Child, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok());
    statuses
        .map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
            line.trim_start_matches(':').trim().to_owned()
        })
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn while_it_reads_it_can_gain_nothing_in_any_thread() {
    let folder = folder(0);
    for arguments in
        [&["export", "-T", "jsonl", "-"][..], &["live", "-r", "-"], &["analyze", "-v", "-o", "r", "-"]]
    {
        let mut child =
            ftpscope(folder.path(), arguments.iter().copied()).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // The capture is open once it has a packet, and the rest is still to come.
        let file = capture(2);
        let (first, rest) = file.split_at(file.len() - 100);
        pipe.write_all(first).unwrap();
        let begun = Instant::now();
        while fields(&child, "NoNewPrivs").iter().any(|set| set != "1") {
            assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}");
            thread::sleep(Duration::from_millis(5));
        }
        let writes = arguments.contains(&"-o");
        for set in ["CapEff", "CapPrm"] {
            for threads in fields(&child, set) {
                let kept = u64::from_str_radix(&threads, 16).unwrap();
                // CAP_DAC_OVERRIDE and CAP_FOWNER, where a file is written.
                let allowed = if writes { 1 << 1 | 1 << 3 } else { 0 };
                assert_eq!(kept & !allowed, 0, "{arguments:?}");
            }
        }
        pipe.write_all(rest).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn what_is_in_force_is_said_only_if_asked_for() {
    let folder = folder(0);
    for arguments in ["analyze small.pcap", "export -o report small.pcap", "live -r small.pcap"] {
        let quiet = ftpscope(folder.path(), arguments.split(' ')).output().unwrap();
        assert!(!said(&quiet).contains("no_new_privs"), "{}", said(&quiet));
        let verbose = ftpscope(folder.path(), arguments.split(' ').chain(["-v"])).output().unwrap();
        assert_eq!(verbose.status.code(), Some(0));
        let said = said(&verbose);
        if cfg!(target_os = "linux") {
            assert!(said.contains("ftpscope: no_new_privs is set\n"), "{said}");
            assert!(said.contains("ftpscope: memory can't be dumped\n"), "{said}");
            assert!(said.contains("ftpscope: Landlock "), "{said}");
        }
    }
}

#[test]
fn other_output_files_are_still_written_under_confinement() {
    let folder = folder(0);
    fs::create_dir(folder.path().join("sub")).unwrap();
    for arguments in [
        "export -o sub/report small.pcap",
        "live -r small.pcap -o sub/events -w sub/saved.pcapng",
        "live -r small.pcap -w sub/ring.pcapng -b filesize:1 -b files:2",
    ] {
        let output = ftpscope(folder.path(), arguments.split(' ')).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", said(&output));
    }
    let made = crate::others(&folder.path().join("sub"), &[]);
    assert!(made.len() >= 4, "{made:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn root_writes_over_no_link_that_another_user_has_laid() {
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};

    let folder = folder(1);
    let base = folder.path();
    // Only root can hand a link over to somebody.
    if chown(base, Some(0), Some(0)).is_err() {
        return;
    }
    let [open, safe] = ["open", "safe"].map(|name| base.join(name));
    for (place, mode) in [(&open, 0o1777), (&safe, 0o755)] {
        fs::create_dir(place).unwrap();
        fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
    }
    let victim = safe.join("victim");
    let reset = || fs::write(&victim, "precious\n").unwrap();
    reset();
    symlink(&victim, open.join("planted")).unwrap();
    lchown(open.join("planted"), Some(65_534), Some(65_534)).unwrap();
    symlink(&safe, open.join("way")).unwrap();
    lchown(open.join("way"), Some(65_534), Some(65_534)).unwrap();
    fs::write(open.join("file"), "").unwrap();
    symlink(open.join("file"), safe.join("into")).unwrap();
    symlink(&victim, safe.join("own")).unwrap();
    // In a folder of another user's, where nobody else may write.
    let theirs = base.join("theirs");
    fs::create_dir(&theirs).unwrap();
    symlink(&victim, theirs.join("link")).unwrap();
    chown(&theirs, Some(65_534), Some(65_534)).unwrap();
    lchown(theirs.join("link"), Some(65_534), Some(65_534)).unwrap();
    for (target, is_written) in [
        ("open/planted", false),
        ("open/way/new", false),
        ("safe/into", false),
        ("theirs/link", false),
        ("safe/own", true),
        ("safe/new", true),
        ("open/new", true),
    ] {
        for command in [
            &["export", "-T", "jsonl", "-o", target, "small.pcap"][..],
            &["live", "-T", "jsonl", "-o", target, "-r", "small.pcap"],
        ] {
            reset();
            let output = ftpscope(base, command.iter().copied()).output().unwrap();
            assert_eq!(output.status.code() == Some(0), is_written, "{command:?}: {}", said(&output));
            assert!(is_written || said(&output).contains("link"), "{command:?}: {}", said(&output));
            let is_kept = fs::read_to_string(&victim).unwrap() == "precious\n";
            assert!(is_kept || target == "safe/own", "{command:?}");
        }
    }
}
