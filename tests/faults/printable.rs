//! Nothing that comes out moves a cursor or turns the reading order, whatever went in: on the wire or on the
//! command line.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use ftpscope::base::is_unprintable;

use crate::{folder, ftpscope, pcap_file, run, said};

/// An escape sequence, a C1 control (as UTF-8 and as a bare byte), a bidirectional override, a bell, a
/// carriage return inside a line, a delete, a tag character.
const EVIL: [&[u8]; 8] = [
    b"a\x1b]0;owned\x07b",
    b"a\x1b[2J\x1b[31mb",
    "a\u{9b}31mb".as_bytes(),
    b"a\x9b31mb\xff",
    "a\u{202e}gnp.exe\u{2066}".as_bytes(),
    b"a\rb\x08\x08",
    b"a\x7fb\0c",
    "a\u{e0041}\u{200f}b".as_bytes(),
];

/// A session for each of them, in which nearly all that is said holds it.
fn file() -> Vec<u8> {
    let sessions = EVIL.into_iter().zip(20_000..).map(|(evil, port)| {
        let evil = evil.iter().map(|byte| format!(r"\x{byte:02x}")).collect::<Vec<_>>().concat();
        format!(
            r"
            session A C:{port} -> S:21
            S: 220 {evil} ready
            C: USER {evil}
            S: 331 {evil}?
            C: PASS {evil}
            S: 530 {evil}
            C: SYST{evil}
            C: SYST
            S: 215 {evil}
            C: CLNT {evil}
            S: 200 ok
            C: FEAT
            S: 211-features
            S:  {evil}
            S: 211 end
            C: CWD /{evil}
            S: 250 ok
            C: PORT {evil}
            S: 501 {evil}
            C: RETR {evil}.pdf
            S: 550 {evil} not found
            C: {evil} what
            S: 500 {evil}
            end S
            "
        )
    });
    pcap_file::of(&sessions.collect::<Vec<_>>().concat())
}

#[track_caller]
fn assert_harmless(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what}: no text"));
    let found = text.find(|character| is_unprintable(character) && !matches!(character, '\n' | '\t'));
    assert!(found.is_none(), "{what}: {:?}", &text[found.unwrap()..].chars().take(40).collect::<String>());
}

#[test]
fn no_form_lets_controls_from_the_wire_through() {
    let folder = folder(0);
    fs::write(folder.path().join("evil.pcap"), file()).unwrap();
    let mut forms: Vec<String> = [
        "analyze",
        "analyze --ascii",
        "-vv analyze --json",
        "analyze --json --pretty",
        "export -T jsonl",
        "export -T html",
        "export -T markdown",
        "export -T svg",
        "live -r",
        "live --ascii -t ad -r",
        "live -T events-jsonl -r",
        "live -T jsonl -r",
    ]
    .map(str::to_owned)
    .to_vec();
    for what in ["sessions", "transfers", "channels", "commands", "findings"] {
        forms.extend(["csv", "tsv"].map(|dialect| format!("export --what {what} -T {dialect}")));
    }
    for form in forms {
        for secrets in [&[][..], &["--show-passwords"]] {
            let output = run(&folder, form.split(' ').chain(["evil.pcap"]).chain(secrets.iter().copied()));
            assert_eq!(output.status.code(), Some(0), "{form}: {}", said(&output));
            assert_harmless(&output.stdout, &form);
            assert_harmless(&output.stderr, &form);
        }
    }
    // And yet all of it is there.
    let output = run(&folder, ["export", "evil.pcap"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let sessions = report["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), EVIL.len());
    let users: Vec<&str> = sessions.iter().map(|session| session["user"].as_str().unwrap()).collect();
    assert!(
        users.contains(&"a\u{1b}[2J\u{1b}[31mb") && users.contains(&"a\u{202e}gnp.exe\u{2066}"),
        "{users:?}"
    );
}

#[test]
fn no_message_repeats_controls_of_a_name_on_the_command_line() {
    let folder = folder(0);
    for evil in EVIL.into_iter().filter(|evil| !evil.contains(&0)) {
        let name = OsStr::from_bytes(evil);
        fs::write(folder.path().join(name), b"no capture at all").unwrap();
        let with = |before: &str| [before.as_bytes(), evil].concat();
        let arguments: [Vec<Vec<u8>>; 14] = [
            vec![b"analyze".to_vec(), evil.to_vec()],
            vec![b"analyze".to_vec(), with("missing")],
            vec![b"analyze".to_vec(), b"small.pcap".to_vec(), b"-o".to_vec(), with("none/")],
            vec![b"analyze".to_vec(), b"small.pcap".to_vec(), b"--keylog".to_vec(), with("missing")],
            vec![b"live".to_vec(), b"-r".to_vec(), with("missing")],
            vec![b"live".to_vec(), b"-r".to_vec(), b"small.pcap".to_vec(), b"-w".to_vec(), with("none/")],
            vec![b"live".to_vec(), b"-i".to_vec(), evil.to_vec()],
            vec![b"analyze".to_vec(), b"-Y".to_vec(), with("sess.user == \""), b"small.pcap".to_vec()],
            vec![b"analyze".to_vec(), b"--limit".to_vec(), with("sessions="), b"small.pcap".to_vec()],
            vec![b"analyze".to_vec(), with("--"), b"small.pcap".to_vec()],
            vec![b"analyze".to_vec(), b"-T".to_vec(), evil.to_vec(), b"small.pcap".to_vec()],
            vec![b"explain".to_vec(), evil.to_vec()],
            vec![evil.to_vec()],
            vec![b"tui".to_vec(), with("missing")],
        ];
        for arguments in arguments {
            let output = run(&folder, arguments.iter().map(|argument| OsStr::from_bytes(argument)));
            assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {}", said(&output));
            assert!(!output.stderr.is_empty());
            assert_harmless(&output.stderr, "a message");
            assert_harmless(&output.stdout, "a report");
        }
        // A capture of that name is read, and named in the report.
        fs::copy(folder.path().join("small.pcap"), folder.path().join(name)).unwrap();
        for form in ["analyze", "export", "live -r"] {
            let mut command = ftpscope(folder.path(), form.split(' '));
            let output = command.arg(name).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            assert_harmless(&output.stderr, form);
            assert_harmless(&output.stdout, form);
        }
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}
