//! What is in force, and what is not.

#![cfg(target_os = "linux")]

use super::*;
use std::fs;
use std::net::TcpListener;

/// What is in force is so for the thread alone, which ends with the test.
fn in_a_thread(act: impl FnOnce() + Send) {
    std::thread::scope(|scope| scope.spawn(act).join().unwrap());
}

fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

#[test]
fn nothing_is_opened_made_or_called_but_where_the_output_is() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    in_a_thread(|| {
        let said = confine(&Needs {
            write_in: vec![inside.path().to_owned()],
            read: vec!["/proc".into()],
            ..Needs::default()
        });
        assert_eq!(status("NoNewPrivs"), "1", "{said:?}");
        let part = inside.path().join("part");
        fs::write(&part, "whole").unwrap();
        fs::rename(&part, inside.path().join("report")).unwrap();
        if !said.iter().any(|line| line.contains("is in force:")) {
            return;
        }
        assert!(fs::read(outside.path().join("secret")).is_err(), "{said:?}");
        assert!(fs::write(outside.path().join("new"), "x").is_err());
        assert!(fs::remove_file(outside.path().join("secret")).is_err());
        assert!(fs::create_dir(inside.path().join("folder")).is_err());
        if said.iter().any(|line| line.contains("makes no TCP connection")) {
            assert!(std::net::TcpStream::connect(listener.local_addr().unwrap()).is_err());
        }
    });
    assert!(outside.path().join("secret").exists());
}

#[test]
fn root_keeps_no_capability_that_it_does_not_need() {
    let read = vec!["/proc".into()];
    in_a_thread(|| {
        confine(&Needs { read: read.clone(), ..Needs::default() });
        for set in ["CapPrm", "CapEff", "CapInh"] {
            assert_eq!(status(set), "0000000000000000", "{set}");
        }
    });
    in_a_thread(|| {
        confine(&Needs { read, write_in: vec![std::env::temp_dir()], ..Needs::default() });
        let kept = u64::from_str_radix(&status("CapEff"), 16).unwrap();
        // CAP_DAC_OVERRIDE and CAP_FOWNER.
        assert_eq!(kept & !(1 << 1 | 1 << 3), 0);
    });
}

#[test]
fn an_interactive_program_may_still_do_what_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    in_a_thread(|| {
        confine(&Needs { is_interactive: true, ..Needs::default() });
        fs::write(folder.path().join("saved"), "x").unwrap();
        assert_eq!(fs::read(folder.path().join("saved")).unwrap(), b"x");
        assert_eq!(status("NoNewPrivs"), "1");
    });
}
