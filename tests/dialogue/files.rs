//! Files put together from the transfers that carried their parts.

use sha2::{Digest as _, Sha256};

use ftpscope::report::{File, Report};

use super::support::analyse;

/// A session that begins in the root.
fn begun(name: &str, port: u16) -> String {
    format!(
        "session {name} C:{port} -> S:21\n{name} S: 220 ready\n{name} C: USER bob\n{name} S: 230 in\n{name} C: PWD\n\
         {name} S: 257 \"/\"\n{name} C: TYPE I\n{name} S: 200 ok\n"
    )
}

/// A transfer of these bytes from its command to its last reply.
fn moved(name: &str, port: u16, before: &str, command: &str, content: &str, reply: &str) -> String {
    let from = if command.starts_with("RETR") { "S" } else { "C" };
    let (high, low) = (port / 256, port % 256);
    let before = before.lines().map(|line| format!("{name} {line}\n"));
    let after = format!(
        "{name} C: PASV\n{name} S: 227 (198,51,100,2,{high},{low})\nopen C:{} -> S:{port}\n{name} C: {command}\n\
         {name} S: 150 now\nput {from} {content}\nclose {from}\n{name} S: {reply}\n",
        port - 9000
    );
    before.chain([after]).collect()
}

fn rest(offset: u64) -> String {
    format!("C: REST {offset}\nS: 350 ok")
}

/// The files of a report in a few words: path, size, bytes, whether they are complete and have the digest of `whole`,
/// and the offsets of the parts.
#[track_caller]
fn told(report: &Report, whole: &str) -> Vec<String> {
    let hash: [u8; 32] = Sha256::digest(whole).into();
    let size = |file: &File| file.size.map_or("?".to_owned(), |size| size.to_string());
    for (number, file) in report.files.iter().enumerate() {
        for part in &file.parts {
            let session = report.sessions.iter().find(|session| session.uid == part.session);
            let named = session.and_then(|session| session.transfers[part.transfer.position()].file);
            assert_eq!(named, u32::try_from(number).ok(), "the transfer names its file");
        }
    }
    let files = report.files.iter();
    let told = files.map(|file| {
        let path = file.path.as_ref().map_or("?", |path| path.raw());
        let offsets: Vec<String> = file.parts.iter().map(|part| part.offset.to_string()).collect();
        let state = match (file.complete, file.sha256) {
            (true, Some(sha256)) if sha256 == hash => "whole",
            (true, Some(_)) => "other",
            (true, None) => "complete",
            (false, None) => "part",
            (false, Some(_)) => "digest of a part",
        };
        format!("{path} {} {} {state} {}", size(file), file.bytes, offsets.join(","))
    });
    told.collect()
}

#[test]
fn a_file_in_one_transfer_is_one_part_and_the_same_file_again_is_another() {
    let script = begun("A", 40000)
        + &moved("A", 50000, "", "RETR a", "0123456789", "226 done")
        + &moved("A", 50001, "", "RETR a", "0123456789", "226 done")
        + &moved("A", 50002, "", "STOR a", "0123456789", "226 done");
    let one = "/a 10 10 whole 0".to_owned();
    assert_eq!(told(&analyse(&script), "0123456789"), [one.clone(), one.clone(), one]);
}

#[test]
fn a_download_that_goes_on_after_a_break_is_one_file() {
    let size = "C: SIZE a\nS: 213 10";
    let script = begun("A", 40000)
        + &moved("A", 50000, size, "RETR a", "0123", "426 broken")
        + &begun("B", 40001)
        + &moved("B", 50001, &rest(4), "RETR a", "456789", "226 done");
    assert_eq!(told(&analyse(&script), "0123456789"), ["/a 10 10 whole 0,4"]);
    // An overlap counts once.
    let script = begun("A", 40000)
        + &moved("A", 50000, "", "RETR a", "0123", "426 broken")
        + &moved("A", 50001, &rest(2), "RETR a", "23456789", "226 done");
    assert_eq!(told(&analyse(&script), "0123456789"), ["/a 10 10 whole 0,2"]);
    // A hole remains one.
    let script = begun("A", 40000)
        + &moved("A", 50000, "", "RETR a", "0123", "426 broken")
        + &moved("A", 50001, &rest(6), "RETR a", "6789", "226 done");
    assert_eq!(told(&analyse(&script), "0123456789"), ["/a 10 8 part 0,6"]);
}

#[test]
fn segments_fetched_by_several_sessions_at_a_time_are_one_file_in_order_of_their_offsets() {
    let mut script = begun("A", 40000) + &begun("B", 40001) + &begun("C2", 40002);
    for (name, port, offset) in [("A", 50000, 6), ("B", 50001, 0), ("C2", 50002, 3)] {
        let before = format!("C: SIZE a\nS: 213 10\n{}", rest(offset));
        let content = &"0123456789"[usize::try_from(offset).unwrap()..];
        let content = if offset == 6 { content } else { &content[..4] };
        let reply = if offset == 6 { "226 done" } else { "426 enough" };
        script += &moved(name, port, &before, "RETR a", content, reply);
    }
    assert_eq!(told(&analyse(&script), "0123456789"), ["/a 10 10 whole 0,3,6"]);
}

#[test]
fn an_upload_that_goes_on_is_one_file_whether_by_rest_or_by_appe() {
    for (before, command) in
        [(rest(4), "STOR a"), ("C: SIZE a\nS: 213 4".to_owned(), "APPE a"), (String::new(), "APPE a")]
    {
        let script = begun("A", 40000)
            + &moved("A", 50000, "", "STOR a", "0123", "426 broken")
            + &moved("A", 50001, &before, command, "456789", "226 done");
        assert_eq!(told(&analyse(&script), "0123456789"), ["/a 10 10 whole 0,4"], "{before} {command}");
    }
}

#[test]
fn what_is_appended_to_an_unknown_file_is_not_all_of_it() {
    let script = begun("A", 40000) + &moved("A", 50000, "", "APPE log", "line", "226 done");
    assert_eq!(told(&analyse(&script), "line"), ["/log ? 4 part 0"]);
    let before = "C: SIZE log\nS: 550 no such file";
    let script = begun("A", 40000) + &moved("A", 50000, before, "APPE log", "line", "226 done");
    assert_eq!(told(&analyse(&script), "line"), ["/log 4 4 whole 0"]);
}

#[test]
fn parts_that_contradict_each_other_are_of_two_files() {
    let script = begun("A", 40000)
        + &moved("A", 50000, "C: SIZE a\nS: 213 10", "RETR a", "0123", "426 broken")
        + &moved("A", 50001, &format!("C: SIZE a\nS: 213 12\n{}", rest(4)), "RETR a", "456789ab", "226 done");
    assert_eq!(told(&analyse(&script), "0123456789ab"), ["/a 10 4 part 0", "/a 12 8 part 4"]);
}

#[test]
fn a_range_of_a_file_is_a_part_and_listings_and_refusals_are_no_files() {
    let range = "C: RANG 2 5\nS: 350 ok";
    let script = begun("A", 40000) + &moved("A", 50000, range, "RETR a", "2345", "226 done");
    assert_eq!(told(&analyse(&script), "2345"), ["/a ? 4 part 2"]);
    let script = begun("A", 40000)
        + "A C: PASV\nA S: 227 (198,51,100,2,195,80)\nA C: RETR a\nA S: 550 no\nA C: PASV\nA S: 227 (198,51,100,2,195,81)
           A C: LIST\nopen C:41001 -> S:50001\nA S: 150 now\nput S abc\nclose S\nA S: 226 done\n";
    assert_eq!(told(&analyse(&script), ""), Vec::<String>::new());
}
