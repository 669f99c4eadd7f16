//! Passwords and accounts come out where they are asked for, and nowhere else.

use std::fs;

use ftpscope::analyzer::{Analyzer, Options};
use ftpscope::capture;

use crate::{folder, pcap_file, run, said};

const PASSWORD: &str = "Xk7-pass-9qQ";
const ACCOUNT: &str = "Zz3-acct-7wW";

fn file() -> Vec<u8> {
    // Behind the limit of a line, after a NUL, without an end: a secret is a secret.
    let long = "x".repeat(9000);
    let said = format!(
        r"
        S: 220 ready
        C: USER alice
        S: 331 password?
        C: PASS {PASSWORD}
        S: 332 account?
        C: acct {ACCOUNT}
        S: 530 no
        C: pAsS  {PASSWORD} {PASSWORD}
        S: 230 welcome
        C: PASS {long}{PASSWORD}
        S: 500 too long
        C: ACCT \x00{ACCOUNT}
        S: 202 superfluous
        C: QUIT
        S: 221 bye
        "
    );
    pcap_file::of(&pcap_file::sessions(2, &said))
}

fn forms() -> Vec<String> {
    let mut forms: Vec<String> = [
        "analyze",
        "analyze --ascii --color always",
        "analyze --json",
        "analyze --json --pretty",
        "export -T jsonl",
        "export -T html",
        "export -T markdown",
        "export -T svg",
        "export -Y text!=nothing",
        "live -r",
        "live -T events-jsonl -r",
        "live -T jsonl -r",
        "-vv",
        "export --limit kept-per-session=20K --limit line-length=20",
    ]
    .map(str::to_owned)
    .to_vec();
    for what in ["sessions", "transfers", "channels", "commands", "findings"] {
        for dialect in ["csv", "csv --csv-raw", "tsv"] {
            forms.push(format!("export --what {what} -T {dialect}"));
        }
    }
    forms
}

#[test]
fn no_form_shows_a_secret_that_was_not_asked_for() {
    let folder = folder(0);
    fs::write(folder.path().join("login.pcap"), file()).unwrap();
    for form in forms() {
        let output = run(&folder, form.split(' ').chain(["login.pcap"]));
        // One line is longer than the limit, which the status says.
        assert_eq!(output.status.code(), Some(3), "{form}: {}", said(&output));
        assert!(!output.stdout.is_empty(), "{form}");
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            assert!(!text.contains(PASSWORD) && !text.contains(ACCOUNT), "{form}: {text}");
        }
    }
}

#[test]
fn who_asks_for_secrets_gets_them() {
    let folder = folder(0);
    fs::write(folder.path().join("login.pcap"), file()).unwrap();
    for form in ["analyze --json", "export -T jsonl", "export -T csv --what commands", "live -T jsonl -r"] {
        let output =
            run(&folder, ["--show-passwords"].into_iter().chain(form.split(' ')).chain(["login.pcap"]));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(PASSWORD) && text.contains(ACCOUNT), "{form}: {text}");
    }
}

#[test]
fn no_dump_shows_a_secret_whether_it_was_asked_for_or_not() {
    let folder = folder(0);
    let path = folder.path().join("login.pcap");
    fs::write(&path, file()).unwrap();
    for show_passwords in [false, true] {
        let options = Options { show_passwords, events: true, ..Options::default() };
        let mut frames = capture::open(std::slice::from_ref(&path), &options.limits).unwrap();
        let mut analyzer = Analyzer::new(options);
        let mut dumps = Vec::new();
        while let Some(frame) = frames.next() {
            analyzer.feed(&frame);
            dumps.push(format!("{:?}", analyzer.take_events()));
            dumps.push(format!("{:?}", analyzer.snapshot()));
        }
        let report = analyzer.report(frames.sources());
        assert_eq!(report.sessions.len(), 2);
        dumps.extend([format!("{report:?}"), format!("{report:#?}")]);
        for dump in dumps {
            assert!(!dump.contains(PASSWORD) && !dump.contains(ACCOUNT), "{dump}");
        }
    }
}
