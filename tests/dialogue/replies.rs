//! Replies: of many lines, without text, too many, too few, late, and which command each answers.

use super::check;
use super::support::analyse;
use super::support::told::told;

#[test]
fn lines_inside_a_reply_are_no_replies() {
    check(
        r"
        C: STAT
        S: 211-Status
        S:  227 ok (198,51,100,2,195,80)
        S: 250 not the end
        S: 211-nor this
        S: 211 end
        C: NOOP
        S: 200 ok
        ",
        "C STAT 211
         C NOOP 200
         D none",
    );
}

#[test]
fn a_greeting_of_many_lines_is_one() {
    check(
        r"
        S: 220-Welcome
        S: 220-to
        S:
        S: the archive
        S: 220 go on
        C: NOOP
        S: 200 ok
        ",
        "G 220
         C NOOP 200
         U none",
    );
}

#[test]
fn a_warning_that_another_code_closes_does_not_swallow_it() {
    check(
        "
        S: 220 hello
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: STOR f
        S: 150 now
        data C:41000 -> S:50000, C sends 10
        S: 230- WARNING the disk is nearly full
        S: 226 done
        C: NOOP
        S: 200 ok
        ",
        "C PASV 227
         C STOR f 150 226
         C NOOP 200
         T STOR - 10 complete 226 via 0",
    );
}

#[test]
fn the_numbers_of_a_227_may_stand_in_its_first_line() {
    check(
        r"
        C: PASV
        S: 227-Entering Passive Mode (198,51,100,2,195,80)
        S: 227 go on
        C: LIST
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "C PASV 227
         C LIST 226
         D PASV accepted connected endpoint C:41000>S:50000",
    );
}

#[test]
fn an_error_of_two_lines_shifts_nothing() {
    check(
        r"
        C: FEAT
        S: 500-'FEAT': command not understood.
        S: 500 try HELP
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        ",
        "C FEAT 500
         C PASV 227
         D PASV accepted unused - -",
    );
}

#[test]
fn a_directory_is_entered_once_however_long_the_reply() {
    check(
        r#"
        C: PWD
        S: 257 "/"
        C: CWD samba
        S: 250-This is the samba directory
        S: 250-with a message
        S: 250 ok
        C: RETR f
        S: 550 no such file
        "#,
        "T RETR /samba/f 0 failed 550 via -",
    );
}

#[test]
fn replies_need_no_text() {
    check(
        r"
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150
        data C:41000 -> S:50000, S sends 10
        S: 226
        C: QUIT
        S+ 221 \r\n
        ",
        "C PASV 227
         C RETR f 150 226
         C QUIT 221
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn lines_that_are_no_replies_answer_nothing() {
    check(
        r"
        C: NOOP
        S: 99 x
        S: welcome
        S: 2264 x
        S: 200 ok
        C: SYST
        S: 215 UNIX
        ",
        "C NOOP 200
         C SYST 215",
    );
}

#[test]
fn protected_replies_are_paired_like_others() {
    check(
        r"
        C: AUTH GSSAPI
        S: 334 go on
        C: ADAT YWJj
        S: 235 ADAT=ZGVm
        C: MIC bm9vcA==
        S: 631 MjAwIG9r
        C: MIC cXVpdA==
        S: 631 MjIxIGJ5ZQ==
        ",
        "S C:40000>S:21 - none gssapi
         C AUTH GSSAPI 334
         C ADAT YWJj 235
         C MIC bm9vcA== 631
         C MIC cXVpdA== 631",
    );
}

#[test]
fn a_server_may_ask_for_patience_before_it_greets() {
    check(
        r"
        S: 120 in a minute
        wait 60
        S: 220 now
        C: NOOP
        S: 200 ok
        ",
        "G 120
         G 220
         C NOOP 200",
    );
}

#[test]
fn a_421_answers_nobody_who_did_not_ask() {
    check(
        r"
        S: 220 hello
        C: NOOP
        S: 200 ok
        wait 300
        S: 421 timeout
        end S
        ",
        "G 220
         U 421
         C NOOP 200",
    );
}

#[test]
fn a_421_to_a_command_is_its_reply() {
    check(
        r"
        S: 220 hello
        C: LIST
        S: 421 going down
        end S
        ",
        "U none
         C LIST 421
         T LIST - 0 failed 421 via -",
    );
}

#[test]
fn abor_gets_its_own_reply_after_the_transfers() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        open C:41000 -> S:50000
        send S 5000
        C: ABOR
        close S
        S: 426 aborted
        S: 226 closed
        C: ABOR
        S: 225 nothing to abort
        ",
        "C PASV 227
         C RETR f 150 426
         C ABOR 226
         C ABOR 225
         T RETR - 5000 aborted 426 via 0",
    );
}

#[test]
fn a_late_226_answers_the_transfer_and_not_the_next_command() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        C: NOOP
        S: 226 done
        S: 200 ok
        ",
        "C PASV 227
         C RETR f 150 226
         C NOOP 200",
    );
}

#[test]
fn a_transfer_may_begin_with_125_end_with_250_or_begin_with_nothing() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR a
        S: 125 already open
        data C:41000 -> S:50000, S sends 10
        S: 250 done
        C: PASV
        S: 227 ok (198,51,100,2,195,81)
        C: RETR b
        data C:41001 -> S:50001, S sends 20
        S: 226 done
        ",
        "C PASV 227
         C RETR a 125 250
         C PASV 227
         C RETR b 226
         T RETR - 10 complete 250 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn a_server_may_answer_everything_at_the_end() {
    let code = |number: u32| 500 + number % 5;
    let commands: Vec<String> = (0..40).map(|number| format!("C: XY{number}")).collect();
    let replies: Vec<String> = (0..40).map(|number| format!("S: {} no", code(number))).collect();
    let expected: Vec<String> = (0..40).map(|number| format!("C XY{number} {}", code(number))).collect();
    check(
        &format!("C: NOOP\nS: 200 ok\n{}\n{}", commands.join("\n"), replies.join("\n")),
        &format!("C NOOP 200\n{}\nU none", expected.join("\n")),
    );
}

#[test]
fn features_and_help_are_one_reply_each() {
    check(
        r"
        C: FEAT
        S: 211-Features:
        S:  EPSV
        S:  REST STREAM
        S: 211 End
        C: HELP
        S: 214-The following commands are recognized.
        S:  ABOR PASV RETR
        S: 214 Help OK.
        ",
        "C FEAT 211
         C HELP 214",
    );
}

#[test]
fn a_reply_lost_in_a_gap_shifts_nothing() {
    check(
        r"
        S: 220 hello
        C: SYST
        S: 215 UNIX
        C: NOOP
        lost S: 200 ok
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S: 550 no such file
        ",
        "C SYST 215
         C NOOP
         C PASV 227
         C RETR f 550
         F capture-gap
         F transfer-failed",
    );
}

#[test]
fn a_command_lost_in_a_gap_shifts_nothing() {
    check(
        r"
        S: 220 hello
        C: SYST
        S: 215 UNIX
        lost C: MODE S
        S: 200 mode is S
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        S: 550 no such file
        ",
        "U 200
         C SYST 215
         C PASV 227
         C RETR f 550
         F capture-gap
         F transfer-failed",
    );
}

#[test]
fn a_greeting_is_one_though_the_handshake_was_not_captured() {
    check(
        r"
        lost session B C:40002 -> S:21
        B S: 120 soon
        B S: 220 hello
        B C: USER bob
        B S: 331 password?
        ",
        "G 120
         G 220
         U none
         C USER bob 331",
    );
    check(
        r"
        lost session B C:40002 -> S:21
        B C: USER bob
        B S: 220 hello
        B S: 331 password?
        ",
        "G 220
         U none
         C USER bob 331",
    );
}

#[test]
fn a_220_that_was_asked_for_or_is_not_the_first_reply_greets_nobody() {
    check(
        r"
        lost session B C:40002 -> S:21
        B C: REIN
        B S: 220 again
        ",
        "G none
         C REIN 220",
    );
    check(
        r"
        lost session B C:40002 -> S:21
        B C: NOOP
        B S: 200 ok
        B S: 220 hello
        ",
        "G none
         U 220
         C NOOP 200",
    );
}

#[test]
fn acknowledgements_that_a_middlebox_moved_into_a_line_show_that_it_was_received() {
    let script = r"
        S: 220 hello
        acks C -1
        C: PORT 198,51,100,1,160,40
        S: 200 ok
        C: LIST
        S: 150 now
        data S:20 -> C:41000, S sends 10
        S: 226 done
        ";
    let found = told(&analyse(script));
    assert_eq!(
        found.iter().filter(|line| line.starts_with(['C', 'U', 'T'])).collect::<Vec<_>>(),
        ["C PORT 198,51,100,1,160,40 200", "C LIST 150 226", "T LIST - 10 complete 226 via 0"],
    );
}

#[test]
fn a_transfer_is_aborted_whichever_of_the_two_commands_is_answered_first() {
    for replies in ["S: 226 abort successful\nS: 426 aborted", "S: 426 aborted\nS: 226 abort successful"] {
        check(
            &format!(
                "
                C: PASV
                S: 227 ok (198,51,100,2,195,80)
                C: RETR f
                S: 150 now
                data C:41000 -> S:50000, S sends 10
                C: ABOR
                {replies}
                C: PASV
                S: 227 ok (198,51,100,2,195,81)
                C: RETR g
                S: 150 now
                data C:41001 -> S:50001, S sends 10
                S: 226 done
                "
            ),
            &format!(
                "T RETR - 10 aborted {} via 0
                 T RETR - 10 complete 226 via 1",
                &replies[3..6]
            ),
        );
    }
}
