use proptest::prelude::*;

use super::*;

/// Each line in short: `kind size time name -> target` of an entry, else what it is.
fn told(text: &str, form: Form) -> Vec<String> {
    read(text, form)
        .map(|line| match line {
            Line::Entry(entry) => {
                let kind = entry.kind.map_or("?", EntryKind::name);
                let size = entry.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
                let time = entry.time.map_or("-".into(), EntryTime::text);
                let target = entry.target.map(|target| format!(" -> {target}")).unwrap_or_default();
                format!("{kind} {size} {time} {}{target}", entry.name)
            }
            Line::Continued => "(continued)".into(),
            Line::Directory(name) => format!("(in {name})"),
            Line::Heading => "(heading)".into(),
            Line::Unknown => "(unknown)".into(),
        })
        .collect()
}

/// Holds the lines of a listing for people to what they mean.
fn people(lines: &[(&str, &str)]) {
    let text = lines.iter().map(|(line, _)| [*line, "\r\n"].concat()).collect::<Vec<_>>().concat();
    let wanted: Vec<&str> = lines.iter().map(|(_, wanted)| *wanted).collect();
    assert_eq!(told(&text, Form::People), wanted, "{text}");
}

#[test]
fn unix_lists_files_directories_links_and_devices() {
    people(&[
        ("total 24", "(heading)"),
        ("drwxr-xr-x   2 owner    group        4096 Jan 12 13:05 pub", "directory 4096 --01-12T13:05 pub"),
        ("-rw-r--r--   1 owner    group        1234 Dec  1  2023 a b.txt", "file 1234 2023-12-01 a b.txt"),
        (
            "lrwxrwxrwx   1 0        0              11 Feb 28 09:00 new -> old",
            "link 11 --02-28T09:00 new -> old",
        ),
        ("crw-rw----   1 root     tty       5,    0 Jan 12 13:05 tty", "other - --01-12T13:05 tty"),
        ("-rw-r--r--+  1 Domain Users staff   12 Jan  2 03:04  leading", "file 12 --01-02T03:04  leading"),
        ("-rw-rw-rw-   1 owner    5 Aug 30  1999 no group", "file 5 1999-08-30 no group"),
        ("-rw-r--r--   1 u g 7 2024-01-12 13:05 iso", "file 7 2024-01-12T13:05 iso"),
        ("-rw-r--r-- 1 u g 7 2024-01-12 13:05:06.000000000 +0100 full", "file 7 2024-01-12T13:05:06 full"),
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05:06 2024 bsd", "file 7 2024-01-12T13:05:06 bsd"),
    ]);
}

#[test]
fn the_first_column_of_a_line_within_a_reply_may_be_set_in() {
    people(&[(" -rw-r--r--   1 u g 7 Jan 12  2024 x", "file 7 2024-01-12 x")]);
}

#[test]
fn months_are_read_in_other_languages_and_a_word_that_is_none_leaves_the_time_as_told() {
    people(&[
        ("-rw-r--r-- 1 u g 7 12. Mär 2024 a", "file 7 2024-03-12 a"),
        ("-rw-r--r-- 1 u g 7 12 août 13:05 b", "file 7 --08-12T13:05 b"),
        ("-rw-r--r-- 1 u g 7 10月 12 13:05 c", "file 7 --10-12T13:05 c"),
        ("-rw-r--r-- 1 u g 7 янв 12 13:05 d", "file 7 янв 12 13:05 d"),
    ]);
}

#[test]
fn names_that_look_like_columns_stay_names() {
    people(&[
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05 8 Feb 3 2020 x", "file 7 --01-12T13:05 8 Feb 3 2020 x"),
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05 a -> b", "file 7 --01-12T13:05 a -> b"),
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05 total 5", "file 7 --01-12T13:05 total 5"),
        ("-rw-r--r-- 1 May 3 7 Jan 12 13:05 owned by May", "file 7 --01-12T13:05 owned by May"),
    ]);
}

#[test]
fn a_size_that_is_not_in_bytes_is_none() {
    people(&[("-rw-r--r-- 1 u g 1.2K Jan 12 13:05 x", "file - --01-12T13:05 x")]);
}

#[test]
fn recursive_listings_name_the_directory_of_what_follows() {
    people(&[
        (".:", "(in .)"),
        ("total 4", "(heading)"),
        ("drwxr-xr-x 2 u g 4096 Jan 12 13:05 sub", "directory 4096 --01-12T13:05 sub"),
        ("", "(heading)"),
        ("./sub:", "(in ./sub)"),
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05 x:", "file 7 --01-12T13:05 x:"),
        ("ls: cannot open ./hidden:", "(unknown)"),
    ]);
}

#[test]
fn netware_writes_rights_in_brackets() {
    people(&[
        (
            "d [R----F--] supervisor            512       Jan 16 18:53    login",
            "directory 512 --01-16T18:53    login",
        ),
        (
            "- [R----F--] rhesus             214059       Oct 20 15:27 cx.exe",
            "file 214059 --10-20T15:27 cx.exe",
        ),
    ]);
}

#[test]
fn dos_lists_by_date_first() {
    people(&[
        (
            "01-12-24  01:05PM       <DIR>          Program Files",
            "directory - 2024-01-12T13:05 Program Files",
        ),
        ("12-31-1999  12:00AM            123,456 a b.txt", "file 123456 1999-12-31T00:00 a b.txt"),
        ("2024-01-12  13:05                    7 iso.txt", "file 7 2024-01-12T13:05 iso.txt"),
        ("01/12/2024  01:05 PM                 7 slashes.txt", "file 7 01/12/2024  01:05 PM slashes.txt"),
        ("31/12/2024  13:05                    7 day first", "file 7 2024-12-31T13:05 day first"),
        ("01-12-24  13:05       <JUNCTION>     a [C:\\b]", "link - 2024-01-12T13:05 a -> C:\\b"),
        ("               2 File(s)        123,463 bytes", "(heading)"),
    ]);
}

#[test]
fn zos_lists_data_sets_by_the_columns_of_its_heading() {
    people(&[
        ("Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname", "(heading)"),
        ("WRK001 3390   2024/01/12  1   15  FB      80 27920  PS  DATA.SET", "file - 2024-01-12 DATA.SET"),
        (
            "WRK001 3390   2024/01/12  1   15  FB      80 27920  PO  JCL.CNTL",
            "directory - 2024-01-12 JCL.CNTL",
        ),
        ("WRK001 3390   **NONE**    1   15  VB     255 27998  PO-E LIB.LOAD", "directory - - LIB.LOAD"),
        ("Migrated                                                OLD.SET", "? - - OLD.SET"),
        ("Pseudo Directory                                        DEEPER", "directory - - DEEPER"),
        ("-rw-r--r-- 1 u g 7 Jan 12 13:05 x", "(unknown)"),
    ]);
}

#[test]
fn zos_lists_members_and_jobs() {
    people(&[
        (" Name     VV.MM   Created       Changed      Size  Init   Mod   Id", "(heading)"),
        (
            " MEMBER    01.01 2002/04/02 2024/01/12 09:43    17    16     0 USER",
            "file - 2024-01-12T09:43 MEMBER",
        ),
        (" BARE", "file - - BARE"),
        ("two words", "(unknown)"),
    ]);
    people(&[
        (" Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode", "(heading)"),
        (
            "PROGRAM    0005F0   00000A            00 FO             RN RU            31    ANY",
            "file - - PROGRAM",
        ),
    ]);
    people(&[
        ("JOBNAME  JOBID    OWNER    STATUS CLASS", "(heading)"),
        ("NIGHTLY  JOB01234 USER     OUTPUT A        RC=0000 5 spool files", "other - - JOB01234"),
    ]);
    people(&[("NIGHTLY  JOB01234  OUTPUT    3 Spool Files", "other - - JOB01234")]);
}

#[test]
fn ibm_i_lists_objects_by_type() {
    people(&[
        ("OWNER           45056 04/12/06 14:19:31 *FILE      PAY.FILE", "file - 04/12/06 14:19:31 PAY.FILE"),
        ("OWNER                                   *MEM       PAY.FILE/PAY.MBR", "file - - PAY.FILE/PAY.MBR"),
        ("OWNER           77824 23.02.20 15:09:55 *DIR       home/", "directory - 23.02.20 15:09:55 home"),
        (
            "OWNER             120 02/23/20 15:09:55 *STMF      notes.txt",
            "file 120 02/23/20 15:09:55 notes.txt",
        ),
    ]);
}

#[test]
fn vms_lists_versions_and_continues_long_names_on_the_next_line() {
    people(&[
        ("", "(heading)"),
        ("Directory SYS$SYSDEVICE:[ANONYMOUS]", "(heading)"),
        ("", "(heading)"),
        (
            "A.TXT;2      1/3    1-JAN-2024 12:34:56  [OWNER]  (RWED,RWED,RE,)",
            "file - 2024-01-01T12:34:56 A.TXT;2",
        ),
        (
            "SUB.DIR;1     1     12-MAR-2003 10:00  [OWNER]  (RWE,RWE,RE,)",
            "directory - 2003-03-12T10:00 SUB.DIR;1",
        ),
        ("A_NAME_THAT_IS_LONG.TXT;1", "file - 2024-01-01T12:34:56 A_NAME_THAT_IS_LONG.TXT;1"),
        ("             1/3    1-JAN-2024 12:34:56  [OWNER]  (RWED,RWED,RE,)", "(continued)"),
        ("HIDDEN.TXT;1  %RMS-E-PRV, insufficient privilege", "file - - HIDDEN.TXT;1"),
        ("", "(heading)"),
        ("Total of 3 files, 3/9 blocks.", "(heading)"),
    ]);
}

#[test]
fn machine_listings_state_facts() {
    let text = "type=cdir;modify=20240112130500; /pub\r\n\
                Type=file;Size=12;Modify=20240112130500.123;UNIX.mode=0644; a b\r\n\
                type=OS.unix=slink:/target;size=7; link\r\n\
                modify=2024; odd\r\n\
                no facts\r\n";
    let wanted = [
        "directory - 2024-01-12T13:05:00Z /pub",
        "file 12 2024-01-12T13:05:00Z a b",
        "link 7 - link -> /target",
        "? - 2024 odd",
        "(unknown)",
    ];
    assert_eq!(told(text, Form::Facts), wanted);
}

#[test]
fn lists_of_names_are_names_whatever_they_look_like() {
    let text = "total 5\r\n-rw-r--r-- 1 u g 7 Jan 12 13:05 x\n\r\nlast";
    let wanted = ["? - - total 5", "? - - -rw-r--r-- 1 u g 7 Jan 12 13:05 x", "(heading)", "? - - last"];
    assert_eq!(told(text, Form::Names), wanted);
}

#[test]
fn what_is_said_to_people_is_no_entry() {
    people(&[
        ("ls: /pub: Permission denied", "(unknown)"),
        ("Some text with 12 Jan 2024 in it", "(unknown)"),
        ("-> not a file", "(unknown)"),
        ("- a list of things to do on Jan 12 2024", "(unknown)"),
        ("12-13-14 and so on", "(unknown)"),
        ("see note *IMPORTANT for more", "(unknown)"),
    ]);
}

#[test]
fn a_reply_tells_entries_between_its_first_and_last_line() {
    assert_eq!(within_reply("Status of /:\n-rw a\n b\nEnd"), "-rw a\n b");
    assert_eq!(within_reply("one line"), "");
    assert_eq!(within_reply("first\nlast"), "");
}

/// Pieces of listings in no order, which come closer to the forms than random letters.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "-rw-r--r-- ",
        "d [RWCEAFMS] ",
        "lrwxrwxrwx ",
        "1 ",
        "owner ",
        "5, ",
        "4096 ",
        "Jan ",
        "12 ",
        "12. ",
        "13:05 ",
        "2024 ",
        "2024-01-12 ",
        "01-12-24 ",
        "01:05PM ",
        "<DIR> ",
        "1/3 ",
        "1-JAN-2024 ",
        "A.TXT;1",
        "*FILE ",
        "*STMF ",
        "Volume Unit",
        "Name VV.MM",
        "Name Size TTR",
        "JOBNAME JOBID",
        "JOB01234 ",
        "OUTPUT ",
        "type=file;",
        "size=1;",
        "modify=20240112130500;",
        " -> ",
        "\n",
        "\r\n",
        "é",
        "日",
        ":",
        " ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn forms() -> impl Strategy<Value = Form> {
    prop::sample::select(vec![Form::Facts, Form::Names, Form::People])
}

proptest! {
    #[test]
    fn every_line_comes_out_once(text in prop_oneof![any::<String>(), pieces()], form in forms()) {
        let lines: Vec<Line<'_>> = read(&text, form).collect();
        prop_assert_eq!(lines.len(), text.split_terminator('\n').count());
        for line in lines {
            if let Line::Entry(entry) = line {
                prop_assert!(!entry.name.is_empty() && text.contains(entry.name));
            }
        }
    }
}
