//! How lines lie on the wire: cut, joined, too long, in odd letters.

use super::check;

#[test]
fn a_command_cut_anywhere_is_one_command() {
    check(
        r"
        C+ PA
        C+ SV\r
        C+ \n
        S: 227 ok (198,51,100,2,195,80)
        ",
        "C PASV 227
         D PASV accepted unused - -",
    );
}

#[test]
fn a_227_cut_inside_its_numbers_is_whole() {
    check(
        r"
        C: PASV
        S+ 227 ok (198,51,100,2,19
        S+ 5,80)\r\n
        C: RETR f
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000",
    );
}

#[test]
fn commands_and_replies_of_one_segment_are_paired_one_by_one() {
    check(
        r"
        C: PWD
        S: 257 %/%
        C+ TYPE I\r\nPASV\r\nRETR f\r\n
        S+ 200 ok\r\n227 ok (198,51,100,2,195,80)\r\n
        data C:41000 -> S:50000, S sends 10
        S+ 150 now\r\n226 done\r\n
        "
        .replace('%', "\"")
        .as_str(),
        "C PWD 257
         C TYPE I 200
         C PASV 227
         C RETR f 150 226
         T RETR /f 10 complete 226 via 0",
    );
}

#[test]
fn the_completion_may_come_before_any_data() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S+ 150 now\r\n226 done\r\n
        data C:41000 -> S:50000, S sends 10
        ",
        "C PASV 227
         C RETR f 150 226
         D PASV accepted connected endpoint C:41000>S:50000
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn lines_may_end_in_a_line_feed_alone() {
    check(
        r"
        C+ PASV\n
        S+ 227 ok (198,51,100,2,195,80)\n
        C+ RETR f\n
        data C:41000 -> S:50000, S sends 10
        S+ 226 done\n
        ",
        "C PASV 227
         C RETR f 226
         D PASV accepted connected endpoint C:41000>S:50000",
    );
}

#[test]
fn a_last_line_without_an_end_counts_when_its_side_closes() {
    check(
        r"
        C: NOOP
        S: 200 ok
        C+ QUIT
        end C
        ",
        "C NOOP 200
         C QUIT",
    );
}

#[test]
fn empty_lines_answer_nothing_and_command_nothing() {
    check(
        r"
        C: NOOP
        S: 200 ok
        C+ \r\n
        C+ \s\s\r\n
        C: SYST
        S: 215 UNIX
        ",
        "C NOOP 200
         C SYST 215",
    );
}

#[test]
fn blanks_around_an_argument_belong_to_it() {
    check(
        r"
        C+ RETR  a b \r\n
        S: 550 no such file
        ",
        "C RETR  a b  550",
    );
}

#[test]
fn the_rest_of_an_overlong_line_is_no_command() {
    let script = format!(
        r"
        C: NOOP
        S: 200 ok
        C+ SITE {}
        C+ \r\nSYST\r\n
        S+ 500 too long\r\n215 UNIX\r\n
        ",
        "RETR secret ".repeat(1000)
    );
    let report = super::analyse(&script);
    let verbs: Vec<String> =
        report.sessions[0].commands.iter().map(|command| command.verb.to_string()).collect();
    assert_eq!(verbs, ["NOOP", "SITE", "SYST"]);
    assert_eq!(report.sessions[0].oversized.len(), 1);
    check(&script, "T none\nF oversized-line");
}

#[test]
fn verbs_count_in_any_case() {
    check(
        r"
        C: pasv
        S: 227 ok (198,51,100,2,195,80)
        C: Retr f
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        C: port 198,51,100,1,160,40
        S: 200 ok
        ",
        "C PASV 227
         C RETR f 226
         C PORT 198,51,100,1,160,40 200
         D PASV accepted connected endpoint C:41000>S:50000
         D PORT accepted unused - -",
    );
}

#[test]
fn a_verb_inside_an_argument_is_none() {
    check(
        r"
        C: USER portman
        S: 331 and your password?
        C: SITE PASV
        S: 200 ok
        C: RETR PASS.txt
        S: 550 no such file
        ",
        "C USER portman 331
         C SITE PASV 200
         C RETR PASS.txt 550
         D none",
    );
}

#[test]
fn unknown_verbs_are_kept_and_keep_the_count() {
    check(
        r"
        S: 220 hello
        C: XYZZY 1
        S: 500 what?
        C: NOOP
        S: 200 ok
        ",
        "C XYZZY 1 500
         C NOOP 200",
    );
}

#[test]
fn telnet_commands_before_abor_are_no_part_of_it() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        open C:41000 -> S:50000
        send S 1000
        C+ \xff\xf4\xff\xf2ABOR\r\n
        close S
        S: 426 aborted
        S: 226 abort done
        ",
        "C PASV 227
         C RETR f 150 426
         C ABOR 226
         T RETR - 1000 aborted 426 via 0
         F transfer-aborted",
    );
}

#[test]
fn names_are_utf_8_or_latin_1_and_may_hold_nul() {
    check(
        r"
        C: RETR caf\xc3\xa9
        S: 550 no
        C: RETR caf\xe9
        S: 550 no
        C: RETR a\x00b
        S: 550 no
        ",
        r"C RETR café 550
          C RETR café 550
          C RETR a\0b 550",
    );
}
