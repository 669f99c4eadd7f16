//! What servers say of the contents of files.

use ftpscope::report::{Code, Report};

use super::support::analyse;

const MD5: &str = "25f9e794323b453885f5181f1b624d0b";
const CRC: &str = "CBF43926";
const SHA1: &str = "f7c3bc1d808e04732adf679965ccc34ca7ae3441";
/// MD5 of "a\nb\n".
const MD5_OF_LINES: &str = "dd8c6a395b5dd36c56d23275028f526c";

/// A session that moves `123456789` by this command, with more before and behind it.
fn session(before: &str, kind: &str, command: &str, content: &str, behind: &str) -> Report {
    let from = if command.starts_with("RETR") { "S" } else { "C" };
    analyse(&format!(
        r#"
        C: USER vera
        S: 230 in
        C: PWD
        S: 257 "/home"
        C: TYPE {kind}
        S: 200 ok
        {before}
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: {command}
        S: 150 now
        open C:41000 -> S:50000
        put {from} {content}
        close {from}
        S: 226 done
        {behind}
        "#
    ))
}

/// Whether the transfer is what the server says; none where it says nothing of it.
#[track_caller]
fn verified(report: &Report) -> Option<bool> {
    let session = &report.sessions[0];
    let matches = session.transfers[0].verification.as_ref().map(|verification| verification.matches());
    let raised = session.findings.iter().any(|finding| finding.code == Code::IntegrityMismatch);
    assert_eq!(raised, matches == Some(false));
    matches
}

fn asked(command: &str, reply: &str) -> String {
    format!("C: {command}\nS: {reply}")
}

#[test]
fn a_digest_is_held_against_what_was_moved_whether_it_is_asked_for_before_or_after() {
    for (command, reply) in [
        ("XMD5 a", format!("250 {MD5}")),
        ("MD5 /home/a", format!("251 /home/a {MD5}")),
        ("XCRC \"a\"", format!("250 {CRC}")),
        ("XCRC a 0 9", format!("250 XCRC {CRC}")),
        ("XCRC \"a\" 0 8", format!("250 {CRC}")),
        ("XSHA a", format!("250 {SHA1}")),
        ("HASH a", format!("213 SHA-1 0-9 {SHA1} a")),
        ("HASH a", format!("213 SHA-1 0-8 {SHA1} a")),
    ] {
        let asked = asked(command, &reply);
        for (before, behind) in [(&*asked, ""), ("", &*asked)] {
            assert_eq!(verified(&session(before, "I", "RETR a", "123456789", behind)), Some(true), "{asked}");
            assert_eq!(
                verified(&session(before, "I", "RETR a", "123456780", behind)),
                Some(false),
                "{asked}"
            );
        }
        assert_eq!(verified(&session("", "I", "STOR a", "123456789", &asked)), Some(true), "{asked}");
        // What is shorter is not what a range of the whole is about.
        let has_range = command.contains(" 0 ") || reply.contains(" 0-");
        let short = verified(&session("", "I", "STOR a", "1234567", &asked));
        assert_eq!(short, if has_range { None } else { Some(false) }, "{asked}");
    }
}

#[test]
fn what_is_said_of_another_file_or_of_other_bytes_verifies_nothing() {
    for (command, reply) in [
        ("XMD5 b", format!("250 {MD5}")),
        ("XMD5 a", format!("550 {MD5}")),
        ("XCRC a 1 9", format!("250 {CRC}")),
        ("XCRC a 0 5", format!("250 {CRC}")),
        ("HASH a", format!("213 SHA-1 0-100 {SHA1} a")),
    ] {
        let asked = asked(command, &reply);
        assert_eq!(verified(&session(&asked, "I", "RETR a", "123456780", "")), None, "{asked}");
    }
    let asked = asked("XMD5 a", &format!("250 {MD5}"));
    // The file that an upload replaces is another one, and so is what was put in its place since.
    assert_eq!(verified(&session(&asked, "I", "STOR a", "123456780", "")), None);
    for change in ["DELE a", "RNTO /home/a"] {
        let changed = format!("C: {change}\nS: 250 done\n");
        assert_eq!(
            verified(&session(&(asked.clone() + "\n" + &changed), "I", "RETR a", "123456780", "")),
            None
        );
        assert_eq!(verified(&session("", "I", "RETR a", "123456780", &(changed + &asked))), None);
    }
}

#[test]
fn a_part_is_verified_by_a_digest_of_that_part_only() {
    let range = "C: RANG 3 11\nS: 350 ok\n";
    let of_part = asked("XCRC a 3 12", &format!("250 {CRC}"));
    assert_eq!(
        verified(&session(&format!("{of_part}\n{range}"), "I", "RETR a", "123456789", "")),
        Some(true)
    );
    let of_all = asked("XCRC a", &format!("250 {CRC}"));
    assert_eq!(verified(&session(&format!("{of_all}\n{range}"), "I", "RETR a", "123456780", "")), None);
}

#[test]
fn a_text_is_verified_by_its_wire_bytes_or_by_those_of_the_servers_file() {
    let asked = asked("XMD5 a", &format!("250 {MD5_OF_LINES}"));
    assert_eq!(verified(&session(&asked, "A", "RETR a", r"a\r\nb\r\n", "")), Some(true));
    assert_eq!(verified(&session(&asked, "I", "RETR a", r"a\r\nb\r\n", "")), Some(false));
    let report = session(&asked, "A", "RETR a", r"a\r\nc\r\n", "");
    assert_eq!(verified(&report), Some(false));
    let finding = report.sessions[0].findings.iter().find(|finding| finding.code == Code::IntegrityMismatch);
    assert!(finding.unwrap().advice.as_ref().unwrap().contains("TYPE I"));
}

#[test]
fn a_content_of_which_the_capture_lacks_a_part_is_not_held_against_anything() {
    let behind = asked("XMD5 a", &format!("250 {MD5}"));
    let script = |lost: &str| {
        analyse(&format!(
            "C: USER a\nS: 230 in\nC: PWD\nS: 257 \"/\"\nC: TYPE I\nS: 200 ok\nC: PASV\nS: 227 (198,51,100,2,195,80)
             C: RETR a\nS: 150 now\nopen C:41000 -> S:50000\nput S 12\n{lost}put S 34\nput S 56789\nclose S\nS: 226 done\n{behind}"
        ))
    };
    assert_eq!(verified(&script("")), Some(true));
    assert_eq!(verified(&script("lost ")), None);
}
