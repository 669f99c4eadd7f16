//! SIGINT, SIGTERM and SIGHUP, at any moment.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{capture, folder, ftpscope, others, said};

const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// When signals are sent, in milliseconds: before it listens to any, while it reads, at the end.
const MOMENTS: [u64; 8] = [0, 1, 3, 6, 12, 25, 50, 100];

fn send(child: &Child, signal: Signal) {
    // It may have ended.
    let _ = kill(Pid::from_raw(child.id().try_into().unwrap()), signal);
}

/// The status of a program that did its job, or was ended by a signal of which it had not heard or had.
fn ended_well(output: &Output, signal: Signal) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    match output.status.code() {
        Some(code) => code == 0 || code == 130,
        None => output.status.signal() == Some(signal as i32),
    }
}

#[test]
fn an_output_file_is_whole_or_what_it_was() {
    let folder = folder(20_000);
    for form in ["json", "jsonl", "text"] {
        for (signal, millis) in SIGNALS.into_iter().flat_map(|signal| MOMENTS.map(|moment| (signal, moment)))
        {
            fs::write(folder.path().join("report"), "old").unwrap();
            let child = ftpscope(folder.path(), ["analyze", "-T", form, "-o", "report", "large.pcap"])
                .spawn()
                .unwrap();
            thread::sleep(Duration::from_millis(millis));
            send(&child, signal);
            let output = child.wait_with_output().unwrap();
            assert!(
                ended_well(&output, signal),
                "{form} {signal} {millis} ms: {:?} {}",
                output.status,
                said(&output)
            );
            let report = fs::read_to_string(folder.path().join("report")).unwrap();
            if output.status.code() == Some(0) {
                let end = report.trim_end();
                assert!(form == "text" || end.ends_with('}'), "{form} {signal} {millis} ms");
                assert!(report.len() > 1_000_000);
            } else {
                assert_eq!(report, "old", "{form} {signal} {millis} ms");
            }
            let left = others(folder.path(), &["small.pcap", "large.pcap", "report"]);
            // A signal before it listens finds nothing to tidy up; in between there is a moment that is no
            // longer than one.
            assert!(
                left.is_empty() || output.status.code().is_none(),
                "{form} {signal} {millis} ms: {left:?}"
            );
            for name in left {
                fs::remove_file(folder.path().join(name)).unwrap();
            }
        }
    }
}

#[test]
fn what_was_read_from_a_pipe_is_reported_before_a_signal_ends_it() {
    let folder = folder(0);
    let path = folder.path().join("lines");
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // A line for each session and one for the capture; or a line for each event.
        for (form, lines, all) in [("jsonl", 3, 4), ("events", 9, 9)] {
            let _ = fs::remove_file(&path);
            let arguments = ["live", "-l", "-T", form, "-o", "lines", "-r", "-"];
            let mut child = ftpscope(folder.path(), arguments).stdin(Stdio::piped()).spawn().unwrap();
            let mut pipe = child.stdin.take().unwrap();
            pipe.write_all(&capture(3)).unwrap();
            pipe.flush().unwrap();
            let written = || fs::read_to_string(&path).unwrap_or_default().lines().count();
            // A session's line comes once its closed connection has lingered for ten seconds of the capture's
            // time.
            let begun = Instant::now();
            while written() < lines {
                assert!(begun.elapsed() < Duration::from_secs(60), "{form}: {} lines", written());
                thread::sleep(Duration::from_millis(20));
            }
            send(&child, signal);
            let output = child.wait_with_output().unwrap();
            drop(pipe);
            assert_eq!(output.status.code(), Some(0), "{signal} {form}: {}", said(&output));
            assert!(written() >= all, "{signal} {form}: {} lines", written());
            assert!(said(&output).contains("3 sessions"), "{}", said(&output));
            assert!(fs::read_to_string(&path).unwrap().ends_with('\n'));
        }
    }
}

#[test]
fn under_nohup_it_lives_on() {
    let folder = folder(20_000);
    let child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ftpscope")])
        .args(["export", "-o", "report", "large.pcap"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The shell must have come, set its trap, and stepped aside.
    let name = format!("/proc/{}/comm", child.id());
    while fs::read_to_string(&name).is_ok_and(|name| !name.starts_with("ftpscope")) {
        thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(5));
        send(&child, Signal::SIGHUP);
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(others(folder.path(), &["small.pcap", "large.pcap"]), ["report"]);
}
