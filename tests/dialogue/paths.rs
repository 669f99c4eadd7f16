//! Paths, types, offsets and sizes: the state of a session, as its transfers show it.

use super::check;

#[test]
fn paths_follow_the_working_directory() {
    check(
        r#"
        C: RETR unknown
        S: 550 no
        C: PWD
        S: 257 "/home/a" is current
        C: RETR f
        S: 550 no
        C: CWD docs
        S: 250 ok
        C: RETR f
        S: 550 no
        C: CDUP
        S: 200 ok
        C: RETR f
        S: 550 no
        C: XCUP
        S: 250 ok
        C: RETR ../x/./f
        S: 550 no
        C: CWD nowhere
        S: 550 no
        C: XCWD /abs
        S: 250 ok
        C: LIST
        S: 550 no
        C: LIST -la
        S: 550 no
        "#,
        "T RETR - 0 failed 550 via -
         T RETR /home/a/f 0 failed 550 via -
         T RETR /home/a/docs/f 0 failed 550 via -
         T RETR /home/a/f 0 failed 550 via -
         T RETR /x/f 0 failed 550 via -
         T LIST /abs 0 failed 550 via -
         T LIST /abs 0 failed 550 via -",
    );
}

#[test]
fn a_directory_that_is_made_is_not_entered() {
    check(
        r#"
        C: CWD /pub
        S: 250 ok
        C: MKD new
        S: 257 "/pub/new" created
        C: RETR f
        S: 550 no
        "#,
        "T RETR /pub/f 0 failed 550 via -",
    );
}

#[test]
fn quotes_in_a_directory_are_doubled() {
    check(
        r#"
        C: PWD
        S: 257 "/a ""b"" c" is current
        C: RETR f
        S: 550 no
        "#,
        r#"T RETR /a "b" c/f 0 failed 550 via -"#,
    );
}

#[test]
fn a_257_without_quotes_says_nothing() {
    check(
        "
        C: PWD
        S: 257 is current
        C: RETR f
        S: 550 no
        ",
        "T RETR - 0 failed 550 via -",
    );
}

#[test]
fn stou_has_the_name_that_the_server_gave() {
    for (preliminary, completion) in [
        ("150 FILE: pub/xx.001", "226 done"),
        ("125 FILE: pub/xx.001", "250 done"),
        ("150 now", "226 done (unique file name: pub/xx.001)"),
    ] {
        let code = &completion[..3];
        check(
            &format!(
                "
                C: CWD /
                S: 250 ok
                C: PASV
                S: 227 (198,51,100,2,195,80)
                C: STOU
                S: {preliminary}
                data C:41000 -> S:50000, C sends 10
                S: {completion}
                "
            ),
            &format!("T STOU /pub/xx.001 10 complete {code} via 0"),
        );
    }
}

#[test]
fn rest_holds_for_the_next_transfer_only() {
    check(
        "
        C: TYPE I
        S: 200 ok
        C: SIZE f
        S: 213 1500
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: REST 500
        S: 350 ok
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 1000
        S: 226 done
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: RETR f
        S: 150 now
        data C:41001 -> S:50001, S sends 1500
        S: 226 done
        ",
        "T RETR - 1000 complete 226 via 0
         O I S at 500 of 1500 lacks 0
         T RETR - 1500 complete 226 via 1
         O I S at 0 of 1500 lacks 0
         F none",
    );
}

#[test]
fn a_refused_rest_and_rest_0_move_nothing() {
    check(
        "
        C: REST 500
        S: 501 no
        C: RETR f
        S: 550 no
        C: REST 500
        S: 350 ok
        C: REST 0
        S: 350 ok
        C: STOR f
        S: 550 no
        ",
        "O A S at 0 of - lacks 0
         O A S at 0 of - lacks 0",
    );
}

#[test]
fn the_size_in_a_preliminary_reply_counts_behind_any_name() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR backup-2024 (1).tar
        S: 150 Opening BINARY mode data connection for backup-2024 (1).tar (1234 bytes).
        data C:41000 -> S:50000, S sends 1234
        S: 226 done
        ",
        "O A S at 0 of 1234 lacks 0
         F none",
    );
}

#[test]
fn fewer_bytes_than_announced_are_a_truncation() {
    check(
        "
        C: TYPE I
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now (1234 bytes)
        data C:41000 -> S:50000, S sends 1000
        S: 226 done
        ",
        "O I S at 0 of 1234 lacks 0
         F transfer-truncated",
    );
}

#[test]
fn the_type_in_force_is_the_last_accepted_one() {
    check(
        "
        C: TYPE I
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: TYPE A N
        S: 200 ok
        C: TYPE X
        S: 504 no
        C: RETR f
        S: 550 no
        C: TYPE L 8
        S: 200 ok
        C: RETR f
        S: 550 no
        C: type e
        S: 200 ok
        C: RETR f
        S: 550 no
        ",
        "O A S at 0 of - lacks 0
         O L 8 S at 0 of - lacks 0
         O E S at 0 of - lacks 0",
    );
}

#[test]
fn mode_and_structure_are_reported() {
    check(
        "
        C: MODE Z
        S: 200 ok
        C: RETR f
        S: 550 no
        C: MODE C
        S: 200 ok
        C: RETR f
        S: 550 no
        C: MODE S
        S: 504 no
        C: RETR f
        S: 550 no
        ",
        "O A Z at 0 of - lacks 0
         O A C at 0 of - lacks 0
         O A C at 0 of - lacks 0",
    );
}

#[test]
fn rein_forgets_all_state() {
    check(
        "
        C: USER a
        S: 230 in
        C: TYPE I
        S: 200 ok
        C: CWD /pub
        S: 250 ok
        C: REIN
        S: 220 anew
        C: RETR f
        S: 530 log in
        ",
        "S C:40000>S:21 a none none
         T RETR - 0 failed 530 via -
         O A S at 0 of - lacks 0",
    );
}

#[test]
fn without_pwd_paths_are_those_from_the_login_on() {
    check(
        r"
        C: USER a
        S: 331 password?
        C: PASS b
        S: 230 in
        C: CWD docs
        S: 250 ok
        C: RETR f
        S: 550 no
        C: CDUP
        S: 250 ok
        C: LIST
        S: 550 no
        C: CWD /pub
        S: 250 ok
        C: RETR f
        S: 550 no
        C: USER c
        S: 230 in
        C: RETR ../f
        S: 550 no
        ",
        "T RETR ~/docs/f 0 failed 550 via -
         T LIST ~/. 0 failed 550 via -
         T RETR /pub/f 0 failed 550 via -
         T RETR ~/../f 0 failed 550 via -",
    );
}

#[test]
fn a_range_is_the_offset_and_the_size_of_the_next_transfer_alone() {
    check(
        r"
        C: SIZE f
        S: 213 5000
        C: RANG 1000 1999
        S: 350 ok
        C: RETR f
        S: 550 no
        C: RETR f
        S: 550 no
        C: RANG 5 9
        S: 350 ok
        C: RANG 1 0
        S: 350 reset
        C: RETR f
        S: 550 no
        C: RANG 5 9
        S: 501 no
        C: RETR f
        S: 550 no
        ",
        "O A S at 1000 of 1000 lacks 0
         O A S at 0 of 5000 lacks 0
         O A S at 0 of 5000 lacks 0
         O A S at 0 of 5000 lacks 0",
    );
}
