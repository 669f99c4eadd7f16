//! The program as people and scripts meet it: what it prints where, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/pcap_file.rs"]
#[expect(dead_code, reason = "one session is enough")]
mod pcap_file;
#[path = "support/program.rs"]
mod program;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "scripts told elsewhere need more of it")]
mod support;

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use tempfile::TempDir;

use program::{ftpscope, out, run, said};

const LOGIN: &str = r"
    S: 220 ready
    C: USER alice
    S: 331 password?
    C: PASS secret-word
    S: 230 welcome
    C: RETR =1+1\x1b[31m
    S: 550 no such file
    C: QUIT
    S: 221 bye
    end S
";

/// A folder with `login.pcap`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("login.pcap"), pcap_file::of(LOGIN)).unwrap();
    folder
}

#[test]
fn a_capture_becomes_a_report_where_no_terminal_is() {
    let folder = folder();
    for arguments in [&["login.pcap"][..], &["analyze", "login.pcap"], &["-r", "login.pcap", "analyze"]] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(
            out(&output).contains("#1 198.51.100.1:40000 → 198.51.100.2:21  alice\n"),
            "{}",
            out(&output)
        );
        assert!(!out(&output).contains('\x1b'));
        assert_eq!(said(&output), "");
    }
}

#[test]
fn export_writes_json_unless_told_otherwise() {
    let folder = folder();
    for arguments in
        [&["export", "login.pcap"][..], &["--json", "login.pcap"], &["analyze", "-T", "json", "login.pcap"]]
    {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["sessions"][0]["user"], "alice");
        assert_eq!(report["capture"]["sources"][0]["path"], "login.pcap");
        assert!(out(&output).ends_with("}\n"));
    }
}

#[test]
fn passwords_show_only_if_asked_for() {
    let folder = folder();
    for format in ["text", "json", "jsonl", "csv", "tsv", "html", "markdown", "svg"] {
        let hidden = run(&folder, ["export", "-T", format, "login.pcap"]);
        assert!(!out(&hidden).contains("secret-word"), "{format}");
    }
    let shown = run(&folder, ["export", "--show-passwords", "login.pcap"]);
    assert!(out(&shown).contains(r#""password":"secret-word""#));
}

#[test]
fn json_lines_end_with_the_closing_line() {
    let output = run(&folder(), ["export", "-T", "jsonl", "login.pcap"]);
    let lines: Vec<serde_json::Value> =
        out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["user"], "alice");
    assert_eq!(lines[1]["schema"], "ftpscope.report/1");
    assert_eq!(lines[1]["capture"]["packets"], 24);
}

#[test]
fn tables_for_spreadsheets_hold_no_formulas_unless_asked_for() {
    let folder = folder();
    let guarded = run(&folder, ["export", "-T", "csv", "--what", "transfers", "login.pcap"]);
    assert!(out(&guarded).contains(",RETR,'=1+1\\x1b[31m,"), "{}", out(&guarded));
    let raw = run(&folder, ["export", "-T", "csv", "--what", "transfers", "--csv-raw", "login.pcap"]);
    assert!(out(&raw).contains(",RETR,=1+1\x1b[31m,"), "{}", out(&raw));
}

#[test]
fn what_would_be_ignored_is_refused() {
    let folder = folder();
    for arguments in [
        &["export", "--what", "transfers", "login.pcap"][..],
        &["export", "--csv-raw", "login.pcap"],
        &["analyze", "--pretty", "login.pcap"],
        &["export", "--json", "-T", "csv", "login.pcap"],
        &["export", "--no-such-option", "login.pcap"],
        &["export", "-T", "xml", "login.pcap"],
        &["export", "--time-wait", "long", "login.pcap"],
        &["export", "-d", "udp.port==1,ftp", "login.pcap"],
        &["export", "-", "-"],
        &["export", "-o", "login.pcap", "login.pcap"],
        &["explain", "no-such-code"],
        &["tui", "-o", "x", "login.pcap"],
        &["export"],
        &[],
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", said(&output));
        assert_eq!(out(&output), "", "{arguments:?}");
        assert!(!said(&output).is_empty(), "{arguments:?}");
    }
    assert_eq!(fs::read(folder.path().join("login.pcap")).unwrap(), pcap_file::of(LOGIN));
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let folder = folder();
    fs::write(folder.path().join("text.pcap"), "no capture at all\n").unwrap();
    fs::write(folder.path().join("empty.pcap"), "").unwrap();
    fs::create_dir(folder.path().join("folder.pcap")).unwrap();
    for name in ["missing.pcap", "text.pcap", "empty.pcap", "folder.pcap"] {
        for arguments in [&["export", name][..], &["analyze", "login.pcap", name]] {
            let output = run(&folder, arguments);
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert_eq!(out(&output), "", "{name}");
            assert!(said(&output).starts_with("ftpscope: "), "{}", said(&output));
            assert!(said(&output).contains(name), "{}", said(&output));
            assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        }
    }
    assert_eq!(said(&run(&folder, ["-qq", "missing.pcap"])), "");
}

#[test]
fn a_file_may_be_called_like_a_command() {
    let folder = folder();
    fs::rename(folder.path().join("login.pcap"), folder.path().join("export")).unwrap();
    for arguments in [&["-r", "export"][..], &["./export"], &["export", "export"]] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} {}", said(&output));
        assert!(out(&output).contains("alice"));
    }
}

#[test]
fn standard_input_is_a_capture_too() {
    let folder = folder();
    for arguments in [&["export", "-"][..], &["export", "-r", "-"]] {
        let mut child =
            ftpscope(folder.path(), arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&pcap_file::of(LOGIN)).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains(r#""path":"-""#));
        assert!(out(&output).contains("alice"));
    }
}

#[test]
fn a_damaged_capture_is_reported_up_to_the_damage() {
    let folder = folder();
    let whole = pcap_file::of(LOGIN);
    fs::write(folder.path().join("cut.pcap"), &whole[..whole.len() - 75]).unwrap();
    let output = run(&folder, ["analyze", "cut.pcap"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(out(&output).contains("alice"));
    assert!(said(&output).starts_with("ftpscope: warning: cut.pcap: "), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1);
    let quiet = run(&folder, ["analyze", "-q", "cut.pcap"]);
    assert_eq!((quiet.status.code(), said(&quiet)), (Some(3), ""));
}

#[test]
fn findings_fail_the_run_only_if_asked_for_and_severe_enough() {
    let folder = folder();
    for (severity, status) in [("info", 4), ("notice", 4), ("warning", 0), ("alert", 0)] {
        for format in ["text", "jsonl"] {
            let arguments = ["analyze", "-T", format, "--fail-on", severity, "login.pcap"];
            assert_eq!(run(&folder, arguments).status.code(), Some(status), "{severity} {format}");
        }
    }
}

#[test]
fn a_filter_that_leaves_nothing_says_whether_it_alone_did_that() {
    let folder = folder();
    let filtered = |arguments: &[&str]| {
        let output =
            run(&folder, [&["export", "-T", "csv", "-Y", "sess.user == \"bob\""], arguments].concat());
        assert_eq!(out(&output).lines().count(), 1, "only the heading");
        (output.status.code(), said(&output).trim_end().to_owned())
    };
    let note = "ftpscope: note: the only session does not pass the filter; ";
    assert_eq!(filtered(&["login.pcap"]), (Some(0), format!("{note}nothing else was left out")));
    assert_eq!(filtered(&["-q", "login.pcap"]), (Some(0), String::new()));
    let (status, said) = filtered(&["--limit", "commands-per-session=1", "login.pcap"]);
    assert_eq!(status, Some(3));
    assert!(said.contains("limits were reached: commands"), "{said}");
    assert!(said.ends_with(&format!("{note}limits or damage took others")), "{said}");
    let passing = run(&folder, ["export", "-Y", "sess.user == \"alice\"", "login.pcap"]);
    assert_eq!(program::said(&passing), "");
}

#[test]
fn a_file_appears_when_it_is_whole() {
    let folder = folder();
    let path = folder.path().join("report.json");
    fs::write(&path, "old").unwrap();
    let output = run(&folder, ["export", "-o", "report.json", "missing.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");

    let output = run(&folder, ["export", "-o", "report.json", "login.pcap"]);
    assert_eq!((output.status.code(), out(&output), said(&output)), (Some(0), "", ""));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(report["sessions"][0]["user"], "alice");

    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["login.pcap", "report.json"]);
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = folder();
    for target in ["no/such/folder/report.json", "."] {
        let output = run(&folder, ["export", "-o", target, "login.pcap"]);
        assert_eq!(output.status.code(), Some(1), "{target}");
        assert!(said(&output).starts_with("ftpscope: can't write to "), "{}", said(&output));
        assert!(said(&output).contains(target), "{}", said(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_gone_reader_is_none() {
    let folder = folder();
    for arguments in [&["export", "login.pcap"][..], &["analyze", "login.pcap"], &["schema"], &["man"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = ftpscope(folder.path(), arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(said(&output), "ftpscope: can't write to standard output: no space left on device\n");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output =
            ftpscope(folder.path(), arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), said(&output)), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn the_environment_may_name_a_key_log_that_is_not_there_the_command_line_may_not() {
    let folder = folder();
    let output =
        ftpscope(folder.path(), ["export", "login.pcap"]).env("SSLKEYLOGFILE", "none").output().unwrap();
    assert_eq!((output.status.code(), said(&output)), (Some(0), ""));
    let output = run(&folder, ["export", "--keylog", "none", "login.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "ftpscope: can't read the key log none: no such file or directory\n");
}

#[test]
fn a_running_capture_takes_the_key_log_of_the_environment_too() {
    let folder = folder();
    let sample = |name: &str| format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    for (keys, has_user) in [(sample("tls-explicit.keys"), true), ("none".into(), false)] {
        let capture = sample("tls-explicit.pcap");
        let mut live = ftpscope(folder.path(), ["live", "-T", "jsonl", "-r", &capture]);
        let output = live.env("SSLKEYLOGFILE", &keys).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(!out(&output).contains(r#""user":null"#), has_user, "{keys}");
    }
}

#[test]
fn a_device_is_no_key_log_and_keeps_nobody_waiting() {
    let folder = folder();
    let output =
        ftpscope(folder.path(), ["export", "login.pcap"]).env("SSLKEYLOGFILE", "/dev/zero").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = run(&folder, ["export", "--keylog", "/dev/zero", "login.pcap"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("/dev/zero is no key log"), "{}", said(&output));
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    let folder = folder();
    let output = run(&folder, ["--color", "always", "analyze", "login.pcap"]);
    assert!(out(&output).contains("\x1b[1m"));
    let forced =
        ftpscope(folder.path(), ["analyze", "login.pcap"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(out(&forced).contains("\x1b[1m"));
    let ascii = run(&folder, ["analyze", "--ascii", "login.pcap"]);
    assert!(out(&ascii).is_ascii());
}

#[test]
fn help_names_every_command_and_exit_status() {
    let folder = folder();
    for help in [&["-h"][..], &["--help"], &["help"]] {
        let output = run(&folder, help);
        assert_eq!((output.status.code(), said(&output)), (Some(0), ""));
        for word in [
            "tui",
            "analyze",
            "export",
            "live",
            "interfaces",
            "explain",
            "config",
            "fields",
            "schema",
            "completions",
            "man",
            "Exit status",
            "130",
        ] {
            assert!(out(&output).contains(word), "{help:?} {word}");
        }
    }
    let version = run(&folder, ["--version"]);
    assert_eq!(out(&version), concat!("ftpscope ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_misspelt_command_is_told_from_a_file_that_is_missing() {
    let folder = folder();
    for (typed, meant) in [("analyse", "analyze"), ("exprot", "export"), ("field", "fields")] {
        let output = run(&folder, [typed, "login.pcap"]);
        let told = format!(
            "ftpscope: {typed}: there is no such file or command; did you mean 'ftpscope {meant}'?\n"
        );
        assert_eq!((output.status.code(), said(&output)), (Some(2), told.as_str()));
    }
    let output = run(&folder, ["capture"]);
    assert_eq!(
        (output.status.code(), said(&output)),
        (Some(1), "ftpscope: capture: there is no such file\n")
    );
    fs::copy(folder.path().join("login.pcap"), folder.path().join("exprot")).unwrap();
    assert_eq!(run(&folder, ["exprot"]).status.code(), Some(0));
}

#[test]
fn the_configuration_that_is_printed_can_be_changed_and_read_again() {
    let folder = folder();
    let usual = run(&folder, ["config"]);
    let light = out(&usual).replace("theme = \"dark\"", "theme = \"light\"");
    fs::write(folder.path().join("light.toml"), &light).unwrap();
    let read = run(&folder, ["config", "--config", "light.toml"]);
    assert!(out(&read).contains("# Read from light.toml\n"), "{}", out(&read));
    assert!(out(&read).contains("\ntheme = \"light\"\n"));
    for (name, text) in [("wrong.toml", Some("theme = 5")), ("missing.toml", None)] {
        if let Some(text) = text {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let output = run(&folder, ["config", "--config", name]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).starts_with(&format!("ftpscope: {name}: ")), "{}", said(&output));
    }
}

#[test]
fn every_field_of_filters_is_listed_with_an_example_that_is_one() {
    let folder = folder();
    let output = run(&folder, ["fields"]);
    let mut examples = 0;
    for line in out(&output).lines().filter(|line| !line.starts_with(' ')) {
        let example = line.get(..40).unwrap().trim_end();
        let output = run(&folder, ["analyze", "-Y", example, "login.pcap"]);
        assert_eq!(output.status.code(), Some(0), "{example}: {}", said(&output));
        examples += 1;
    }
    assert!(examples > 80, "{examples}");
    let manual = run(&folder, ["man"]);
    assert!(out(&manual).contains(r"\fBxfer.path_from_login\fR"));
}

#[test]
fn pages_are_printed_whole() {
    let folder = folder();
    let schema: serde_json::Value = serde_json::from_str(out(&run(&folder, ["schema"]))).unwrap();
    assert_eq!(schema["properties"]["schema"]["const"], "ftpscope.report/1");
    assert!(out(&run(&folder, ["explain", "data-unanswered"])).starts_with("data-unanswered (warning)\n"));
    assert_eq!(out(&run(&folder, ["explain"])).lines().count(), 55);
    assert!(out(&run(&folder, ["completions", "bash"])).contains("_ftpscope"));
    let manual = run(&folder, ["man"]);
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "SUBCOMMANDS", "\"EXIT STATUS\"", "EXAMPLES"] {
        assert!(out(&manual).contains(&format!(".SH {section}\n")), "{section}");
    }
}

#[test]
fn without_a_terminal_there_is_no_terminal_interface() {
    let output = run(&folder(), ["tui", "login.pcap"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(out(&output), "");
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
}
