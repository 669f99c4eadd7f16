//! Listings: kept where they are asked for, read, filtered and exported.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ftpscope::analyzer::Options;
use ftpscope::export::{self, Csv, Settings, What};
use ftpscope::filter::Filter;
use ftpscope::report::Report;

use super::support::{packets, report};

/// The report of a session at `/pub` with listings kept.
fn listed(script: &str) -> Report {
    let begun = r#"
        C: USER a
        S: 230 hello
        C: PWD
        S: 257 "/pub" is it
        "#;
    report(&packets(&format!("{begun}{script}")), Options { listings: true, ..Options::default() })
}

/// A command that lists, and what comes of it.
fn list(command: &str, text: &str) -> String {
    format!(
        r"
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: {command}
        S: 150 now
        open C:41000 -> S:50000
        put S {text}
        close S
        S: 226 done
        "
    )
}

/// The cells of these columns of the table of entries.
fn cells(report: &Report, columns: &[&str]) -> Vec<Vec<String>> {
    let mut table = Vec::new();
    let settings = Settings { what: What::ListingEntries, ..Settings::default() };
    export::write(report, &Csv, &settings, &mut table).unwrap();
    let mut reader = csv::Reader::from_reader(&table[..]);
    let heads = reader.headers().unwrap().clone();
    let places: Vec<usize> =
        columns.iter().map(|name| heads.iter().position(|head| head == *name).unwrap()).collect();
    let records = reader.records().map(Result::unwrap);
    records.map(|record| places.iter().map(|&place| record[place].to_owned()).collect()).collect()
}

const TWO: &str = r"-rw-r--r-- 1 u g 7 Jan 12 13:05 a b\r\ndrwxr-xr-x 2 u g 4096 Feb 3  2024 sub\r\n";

#[test]
fn a_listing_becomes_a_row_for_each_entry() {
    let report = listed(&list("LIST", TWO));
    let columns = ["transfer", "verb", "listed", "path", "name", "size", "time", "kind", "cut"];
    assert_eq!(
        cells(&report, &columns),
        [
            ["0", "LIST", "/pub", "/pub/a b", "a b", "7", "--01-12T13:05", "file", "false"],
            ["0", "LIST", "/pub", "/pub/sub", "sub", "4096", "2024-02-03", "directory", "false"],
        ]
    );
}

#[test]
fn each_command_that_lists_has_its_form() {
    let script = [
        list("MLSD /x", r"type=file;size=5;modify=20240112130500; m\r\n"),
        list("NLST", r"total 5\r\nn\r\n"),
        r"
        C: STAT /y
        S: 213-Status of /y:
        S: -rw-r--r-- 1 u g 9 Jan 12 13:05 s
        S: 213 End
        C: MLST /z/t
        S: 250-Listing
        S:  type=file;size=3; /z/t
        S: 250 End
        C: STAT
        S: 211-Status:
        S: -rw-r--r-- 1 u g 9 Jan 12 13:05 none
        S: 211 End
        "
        .to_owned(),
    ];
    assert_eq!(
        cells(&listed(&script.concat()), &["transfer", "verb", "path", "size", "time", "kind"]),
        [
            ["0", "MLSD", "/x/m", "5", "2024-01-12T13:05:00Z", "file"],
            ["1", "NLST", "/pub/total 5", "", "", ""],
            ["1", "NLST", "/pub/n", "", "", ""],
            ["", "STAT", "/y/s", "9", "--01-12T13:05", "file"],
            ["", "MLST", "/z/t", "3", "", "file"],
        ]
    );
}

#[test]
fn paths_are_told_only_where_they_are_known() {
    let one = |command: &str, text: &str| {
        let cells = cells(&listed(&list(command, text)), &["path"]);
        cells.into_iter().map(|mut row| row.remove(0)).collect::<Vec<_>>()
    };
    let file = r"-rw-r--r-- 1 u g 7 Jan 12 13:05 a.txt\r\n";
    assert_eq!(one("LIST -la a.txt", file), ["/pub/a.txt"], "a listing of one file");
    assert_eq!(one("LIST *.txt", file), [""], "a pattern is no directory");
    assert_eq!(one("NLST sub", r"sub/x\r\n/abs/y\r\n"), ["", "/abs/y"]);
    let deep =
        r".:\r\n-rw-r--r-- 1 u g 7 Jan 12 13:05 x\r\n\r\n./sub:\r\n-rw-r--r-- 1 u g 7 Jan 12 13:05 y\r\n";
    assert_eq!(one("LIST -R", deep), ["/pub/x", "/pub/sub/y"]);
}

#[test]
fn no_name_in_a_listing_runs_as_a_formula_or_moves_the_cursor() {
    let report = listed(&list("NLST", r"=1+1\r\n\x1b[2Jx\r\n"));
    assert_eq!(cells(&report, &["name"]), [["'=1+1"], ["\\x1b[2Jx"]]);
}

#[test]
fn the_text_of_listings_is_kept_only_where_it_is_asked_for() {
    let script = packets(&list("LIST", TWO));
    let usual = report(&script, Options::default());
    assert!(usual.sessions[0].transfers[0].listing.is_none());
    let filter = Some(Filter::parse("listing.name").unwrap().into());
    let filtered = report(&script, Options { filter, ..Options::default() });
    assert!(filtered.sessions[0].transfers[0].listing.is_some());
    let filter = Some(Filter::parse("xfer.path").unwrap().into());
    let filtered = report(&script, Options { filter, ..Options::default() });
    assert!(filtered.sessions[0].transfers[0].listing.is_none());
}

#[test]
fn sessions_are_found_by_what_their_listings_tell() {
    let report = listed(&list("LIST", TWO));
    for (filter, matches) in [
        (r#"listing.name contains "b""#, true),
        (r#"listing.name contains "payroll""#, false),
        (r#"listing.name matches "^A B$""#, true),
        (r#"listing.name == "sub" && xfer.verb == LIST"#, true),
        ("listing.size == 7", true),
        ("listing.size > 1M", false),
        ("listing.kind == link", false),
        ("listing.kind in {directory}", true),
        ("!listing.name", false),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().matches(&report.sessions[0]), matches, "{filter}");
    }
}

#[test]
fn a_listing_with_a_hole_says_so_and_tells_no_half_names() {
    let script = r"
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: NLST
        S: 150 now
        open C:41000 -> S:50000
        put S one\r\nbeg
        lost put S inning\r\nend
        put S ing\r\nthree\r\n
        close S
        S: 226 done
        ";
    assert_eq!(cells(&listed(script), &["name", "cut"]), [["one", "true"], ["three", "true"]]);
}

#[test]
fn a_listing_that_came_deflated_is_read_too() {
    let script = r"
        C: MODE Z
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: NLST
        S: 150 now
        open C:41000 -> S:50000
        put S \x78\xda\xcb\xcf\x4b\x55\xc8\xc9\xcc\x4b\xe5\xe5\xca\x27\x99\x05\x00\x4c\xd8\x12\xc7
        close S
        S: 226 done
        ";
    assert_eq!(cells(&listed(script), &["name"]), vec![["one line"]; 6]);
}
