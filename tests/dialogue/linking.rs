//! Which data connection belongs to which command.

use ftpscope::analyzer::Options;
use ftpscope::report::{Code, Directions};

use super::support::analyse;
use super::{check, packets_cut, report, told};

#[test]
fn a_refused_command_leaves_the_listener_to_the_next() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR nope
        S: 550 no such file
        C: RETR yes
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000
         T RETR - 0 failed 550 via 0
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn a_connection_that_stood_before_a_refused_command_is_the_next_ones() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        open C:41000 -> S:50000
        C: RETR nope
        S: 550 no such file
        C: RETR yes
        S: 150 now
        send S 10
        close S
        S: 226 done
        ",
        "T RETR - 0 failed 550 via 0
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn data_captured_before_its_227_is_still_matched() {
    check(
        "
        C: PASV
        data C:41000 -> S:50000, S sends 10
        S: 227 (198,51,100,2,195,80)
        C: LIST
        S: 150 now
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000
         T LIST - 10 complete 226 via 0",
    );
}

#[test]
fn data_captured_before_its_port_is_still_matched() {
    check(
        "
        C: NOOP
        S: 200 ok
        data S:20 -> C:41000, S sends 10
        C: PORT 198,51,100,1,160,40
        S: 200 ok
        C: LIST
        S: 226 done
        ",
        "D PORT accepted connected endpoint S:20>C:41000
         T LIST - 10 complete 226 via 0",
    );
}

#[test]
fn a_connection_to_another_port_is_not_the_sessions() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        data C:41000 -> S:50001, S sends 10
        C: LIST
        S: 425 nobody came
        ",
        "D PASV accepted unused - -
         T LIST - 0 failed 425 via 0
         F data-never-attempted",
    );
}

#[test]
fn a_syn_without_answer_is_unanswered_and_one_answered_by_rst_refused() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: LIST
        syn C:41000 -> S:50000
        S: 425 nobody came
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: LIST
        refused C:41001 -> S:50001
        S: 425 nobody came
        ",
        "D PASV accepted unanswered endpoint C:41000>S:50000
         D PASV accepted refused endpoint C:41001>S:50001
         T LIST - 0 failed 425 via 0
         T LIST - 0 failed 425 via 1
         F data-unanswered
         F negotiation-retried
         F data-refused",
    );
}

#[test]
fn a_server_behind_nat_is_linked_through_the_address_that_works() {
    check(
        "
        C: PASV
        S: 227 (10,0,0,2,195,80)
        C: LIST
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected translated C:41000>S:50000
         T LIST - 10 complete 226 via 0
         F address-mismatch
         F middlebox-blind",
    );
}

#[test]
fn a_client_behind_nat_is_linked_through_the_address_that_works() {
    check(
        "
        C: PORT 10,0,0,1,160,40
        S: 200 ok
        C: LIST
        data S:20 -> C:41000, S sends 10
        S: 226 done
        ",
        "D PORT accepted connected translated S:20>C:41000
         T LIST - 10 complete 226 via 0",
    );
}

#[test]
fn a_loopback_address_in_227_is_no_place_to_connect_to() {
    check(
        "
        C: PASV
        S: 227 (127,0,0,1,195,80)
        C: LIST
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected translated C:41000>S:50000
         T LIST - 10 complete 226 via 0",
    );
}

#[test]
fn a_stranger_on_the_passive_port_is_named() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR secret
        S: 150 now
        data X:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected translated X:41000>S:50000
         T RETR - 10 complete 226 via 0
         F foreign-data-peer",
    );
}

#[test]
fn a_second_connection_to_the_same_listener_is_a_channel_of_its_own() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        C: RETR b
        data C:41001 -> S:50000, S sends 20
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000
         D PASV accepted connected endpoint C:41001>S:50000
         T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn two_sessions_that_announce_the_same_endpoint_get_their_own_connections() {
    check(
        "
        host X 198.51.100.4
        session A C:40000 -> S:21
        session B X:40000 -> S:21
        C: PASV
        S: 227 (198,51,100,2,195,80)
        B X: PASV
        B S: 227 (198,51,100,2,195,80)
        C: LIST
        B X: LIST
        data X:41000 -> S:50000, S sends 20
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        B S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000
         T LIST - 10 complete 226 via 0
         D PASV accepted connected endpoint 198.51.100.4:41000>S:50000
         T LIST - 20 complete 226 via 0",
    );
}

#[test]
fn two_servers_exchange_a_file_and_both_sessions_know() {
    let script = "
        session A C:40000 -> S:21
        session B C:40001 -> T:21
        C: PASV
        S: 227 (198,51,100,2,195,80)
        B C: PORT 198,51,100,2,195,80
        B T: 200 ok
        C: STOR f
        B C: RETR f
        B T: 150 now
        S: 150 now
        data T:20 -> S:50000, T sends 1000
        B T: 226 done
        S: 226 done
    ";
    check(
        script,
        "D PASV accepted connected thirdparty T:20>S:50000
         T STOR - 1000 complete 226 via 0
         D PORT accepted connected endpoint T:20>S:50000
         T RETR - 1000 complete 226 via 0",
    );
    let report = analyse(script);
    let [first, second] = &report.sessions[..] else { panic!("two sessions") };
    assert_eq!(first.data_channels[0].peer_session.as_ref(), Some(&second.uid));
    assert_eq!(second.data_channels[0].peer_session.as_ref(), Some(&first.uid));
}

#[test]
fn an_empty_file_is_a_transfer_of_no_bytes() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR empty
        data C:41000 -> S:50000, S sends 0
        S: 226 done
        ",
        "T RETR - 0 complete 226 via 0",
    );
}

#[test]
fn a_file_closed_by_reset_keeps_its_bytes() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now (1000 bytes)
        open C:41000 -> S:50000
        send S 1000
        reset S
        S: 226 done
        ",
        "W -
         T RETR - 1000 complete 226 via 0",
    );
}

#[test]
fn a_transfer_whose_connection_was_not_captured_has_unknown_bytes() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        lost data C:41000 -> S:50000, S sends 1000
        S: 226 done
        ",
        "D PASV accepted unused - -
         T RETR - - complete 226 via 0
         F data-not-captured
         F capture-filtered",
    );
}

#[test]
fn bytes_lost_from_the_capture_are_missing_and_not_the_servers_fault() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now (3000 bytes)
        open C:41000 -> S:50000
        send S 1000
        lost send S 1000
        send S 1000
        close S
        S: 226 done
        ",
        "T RETR - 2000 complete 226 via 0
         O A S at 0 of 3000 lacks 1000
         F capture-gap",
    );
}

#[test]
fn a_lost_pasv_exchange_leaves_an_inferred_connection() {
    check(
        "
        S: 220 hello
        C: USER a
        S: 230 in
        C: PASV
        lost S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV unanswered connected inferred C:41000>S:50000
         T RETR ~/f 10 complete 226 via 0",
    );
}

#[test]
fn a_session_captured_from_its_middle_is_one() {
    check(
        "
        lost S: 220 hello
        lost C: USER a
        lost S: 230 in
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "S C:40000>S:21 - none none
         D PASV accepted connected endpoint C:41000>S:50000
         T RETR - 10 complete 226 via 0
         F none",
    );
}

#[test]
fn a_lost_greeting_costs_nothing_but_itself() {
    check(
        "
        session A C:40000 -> S:21
        lost S: 220 hello
        C: USER a
        S: 230 in
        wait 2
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "S C:40000>S:21 a accepted none
         G none
         C USER a 230
         C PASV 227
         C RETR f 150 226
         D PASV accepted connected endpoint C:41000>S:50000
         T RETR ~/f 10 complete 226 via 0",
    );
}

#[test]
fn upload_and_download_count_their_own_direction() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: STOR f
        S: 150 now
        open C:41000 -> S:50000
        send C 700
        send S 5
        close C
        S: 226 done
        ",
        "T STOR - 700 complete 226 via 0",
    );
}

#[test]
fn files_in_mode_b_share_a_connection() {
    check(
        r"
        C: TYPE I
        S: 200 ok
        C: MODE B
        S: 200 ok
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        put S \x40\x00\x03abc
        S: 250 done
        C: RETR b
        S: 125 go on
        put S \x40\x00\x02de
        S: 250 done
        close S
        ",
        "C TYPE I 200
         C MODE B 200
         C PASV 227
         C RETR a 150 250
         C RETR b 125 250
         D PASV accepted connected endpoint C:41000>S:50000
         O I B at 0 of - lacks 0
         O I B at 0 of - lacks 0",
    );
}

#[test]
fn content_that_looks_like_ftp_is_no_session() {
    check(
        r"
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR log
        open C:41000 -> S:50000
        put S 220 hello\r\n331 more\r\n
        put S 227 (198,51,100,2,195,99)\r\n
        close S
        S: 226 done
        ",
        "S C:40000>S:21 - none none
         D PASV accepted connected endpoint C:41000>S:50000",
    );
}

#[test]
fn other_protocols_on_port_21_are_no_sessions() {
    check(
        r"
        C+ GET / HTTP/1.1\r\nHost: a\r\n\r\n
        S+ HTTP/1.1 200 OK\r\n\r\n
        end S
        ",
        "S none",
    );
    check(
        r"
        S+ SSH-2.0-OpenSSH_9.2\r\n
        C+ SSH-2.0-OpenSSH_9.2\r\n
        end C
        ",
        "S none",
    );
    check(
        r"
        S: 220 mail.example.org ESMTP
        C: EHLO a
        S: 250 mail.example.org
        C: MAIL FROM:<a@example.org>
        S: 250 ok
        C: QUIT
        S: 221 bye
        end S
        ",
        "S none",
    );
    check(
        r"
        S: +OK POP3 ready
        C: USER a
        S: +OK
        C: PASS b
        S: +OK
        end C
        ",
        "S none",
    );
}

#[test]
fn a_lost_line_that_was_acknowledged_does_not_keep_the_next_ones_waiting() {
    check(
        r"
        lost C: NOOP
        S: 200 ok
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR f
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000",
    );
}

#[test]
fn a_227_whose_command_was_lost_negotiates_what_comes_next() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        lost C: PASV
        S: 227 ok (198,51,100,2,195,81)
        C: RETR b
        data C:41001 -> S:50001, S sends 20
        S: 226 done
        ",
        "T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn a_transfer_whose_negotiation_was_lost_has_the_only_connection_of_its_time_and_not_the_one_before() {
    check(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        lost C: PASV
        lost S: 227 ok (198,51,100,2,195,81)
        C: RETR b
        data C:41001 -> S:50001, S sends 20
        S: 226 done
        ",
        "D PASV accepted connected endpoint C:41000>S:50000
         D - - connected inferred C:41001>S:50001
         T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn a_transfer_whose_negotiation_was_lost_has_no_connection_where_there_were_two() {
    let report = analyse(
        r"
        C: PASV
        S: 227 ok (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        lost C: PASV
        lost S: 227 ok (198,51,100,2,195,81)
        C: RETR b
        data C:41001 -> S:50001, S sends 20
        data C:41002 -> S:50002, S sends 30
        S: 226 done
        ",
    );
    let session = &report.sessions[0];
    assert_eq!(session.transfers[1].data_channel, None);
    assert!(session.findings.iter().all(|finding| finding.code != Code::DataNotCaptured));
}

/// Who logs in where the server says this before its greeting, on this port.
fn user_after(first: &str, port: u16) -> Option<String> {
    let report = analyse(&format!(
        r"
        session A C:40000 -> S:{port}
        S+ {first}
        S+ 220 ready\r\n
        C: USER alice
        S: 331 password
        C: PASS secret
        S: 230 in
        C: QUIT
        S: 221 bye
        end S
        "
    ));
    let session = report.sessions.first()?;
    assert_eq!(session.login.to_string(), "accepted", "{first}");
    session.user.as_ref().map(|user| user.raw().to_owned())
}

#[test]
fn what_a_server_says_before_its_greeting_hides_no_session() {
    for first in [
        r"\r\n",
        r"\x20",
        r"\xef\xbb\xbf",
        r"\x00",
        r"Welcome to FTP\r\n",
        r"ld.so: object 'a.so' cannot be preloaded: ignored.\r\nld.so: object 'b.so' cannot be preloaded.\r\n",
        r"\x81\x82\x83\r\n",
        r"Warning: ",
    ] {
        assert_eq!(user_after(first, 21).as_deref(), Some("alice"), "{first}");
    }
}

#[test]
fn blanks_before_a_greeting_hide_no_session_on_any_port() {
    for first in [r"\r\n", r"\x20", r"\xef\xbb\xbf", r"\x00"] {
        assert_eq!(user_after(first, 3000).as_deref(), Some("alice"), "{first}");
    }
}

#[test]
fn a_stream_that_begins_with_zeros_is_no_dialogue_where_none_is_expected() {
    assert_eq!(user_after(r"\x00\x00\x00\x00\x00", 3000), None);
}

#[test]
fn a_greeting_behind_a_byte_order_mark_is_the_greeting() {
    let report = analyse(
        r"
        S+ \xef\xbb\xbf220 ready\r\n
        C: USER alice
        S: 331 password
        end S
        ",
    );
    let session = &report.sessions[0];
    assert_eq!(session.greeting.iter().map(|reply| reply.code).collect::<Vec<_>>(), [220]);
    assert_eq!(session.commands[0].replies[0].code, 331);
}

#[test]
fn a_banner_that_no_dialogue_of_ftp_follows_is_no_session() {
    check(
        r"
        S+ Welcome to the bulletin board\r\n
        S+ login: 
        C: help
        S+ no such user\r\n
        C: quit
        end S
        ",
        "S none",
    );
}

#[test]
fn two_sessions_of_one_client_keep_their_ports_apart() {
    check(
        "
        session A C:40000 -> S:21
        session B C:40001 -> T:21
        C: PASV
        S: 227 (198,51,100,2,195,80)
        B C: PASV
        B T: 227 (198,51,100,3,195,80)
        B C: LIST
        C: LIST
        data C:41000 -> S:50000, S sends 10
        data C:41001 -> T:50000, T sends 20
        B T: 226 done
        S: 226 done
        ",
        "T LIST - 10 complete 226 via 0
         T LIST - 20 complete 226 via 0
         F none",
    );
}

#[test]
fn a_reply_with_anothers_endpoint_in_it_takes_no_connection_from_its_owner() {
    check(
        "
        host X 203.0.113.9
        session B X:21 -> C:40001
        C: PASV
        S: 227 (198,51,100,2,195,80)
        B X+ 227 Entering Passive Mode (198,51,100,2,195,80)\\r\\n
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D PASV accepted unused - -
         D PASV accepted connected endpoint C:41000>S:50000
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn a_session_that_begins_when_all_others_end_of_silence_is_reported() {
    check(
        "
        session B C:40001 -> S:21
        B S: 220 ready
        B C: FEAT
        open C:41000 -> S:50000
        wait 30000
        session D C:40002 -> S:21
        D S: 220 ready
        D C: QUIT
        D S: 221 bye
        ",
        "C FEAT
         C QUIT 221",
    );
}

#[test]
fn a_connection_that_outlives_its_session_is_inferred_with_all_that_it_carries() {
    check(
        "
        C: EPSV
        open C:41000 -> S:50000
        send S 10
        end C
        wait 20
        send S 5
        close S
        ",
        "D EPSV unanswered connected inferred C:41000>S:50000",
    );
}

#[test]
fn a_transfer_that_was_under_way_when_the_capture_began_has_its_connection() {
    let script = "
        lost C: PASV
        lost S: 227 (198,51,100,2,195,80)
        lost open C:41000 -> S:50000
        lost C: RETR one
        lost S: 150 now
        send S 10
        close S
        S: 226 done
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: RETR two
        S: 150 now
        data C:41001 -> S:50001, S sends 20
        S: 226 done
        ";
    let channels: Vec<String> =
        told(&analyse(script)).into_iter().filter(|line| line.starts_with(['D', 'T'])).collect();
    assert_eq!(
        channels,
        [
            "D - - connected inferred S:50000>C:41000",
            "D PASV accepted connected endpoint C:41001>S:50001",
            "T RETR - 20 complete 226 via 1",
        ]
    );
}

#[test]
fn where_only_the_client_was_captured_its_connections_are_those_of_its_negotiations() {
    const CLIENT: [u8; 4] = [198, 51, 100, 1];
    let script = "
        S: 220 ready
        C: USER alice
        S: 331 password
        C: PASS secret
        S: 230 in
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR one
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: STOR two
        S: 150 now
        data C:41001 -> S:50001, C sends 20
        S: 226 done
        C: QUIT
        ";
    let mut packets = packets_cut(script, &mut |_| 1400);
    packets.retain(|packet| packet.bytes[26..30] == CLIENT);
    let report = report(&packets, Options::default());
    assert_eq!(report.capture.directions, Directions::ClientOnly);
    assert_eq!(report.sessions[0].directions(), Directions::ClientOnly);
    let lines: Vec<String> = told(&report).into_iter().filter(|line| line.starts_with(['D', 'T'])).collect();
    assert_eq!(
        lines,
        [
            "D PASV unanswered connected inferred C:41000>S:50000",
            "D PASV unanswered connected inferred C:41001>S:50001",
            "T RETR - 0 unfinished - via 0",
            "T STOR - 20 unfinished - via 1",
        ]
    );
}
