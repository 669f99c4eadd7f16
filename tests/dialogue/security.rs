//! Logins, and what can be reported once a session is under TLS.

use ftpscope::report::{Certainty, Session};

use super::check;
use super::support::analyse;
use super::support::told::told;

#[test]
fn the_last_login_counts() {
    check(
        "
        S: 220 hello
        C: HOST ftp.example.org
        S: 220 that is me
        C: USER alice
        S: 331 password?
        C: PASS wrong
        S: 530 no
        C: USER bob
        S: 331 password?
        C: PASS right
        S: 332 account?
        C: ACCT staff
        S: 230 in
        ",
        "S C:40000>S:21 bob accepted none
         C HOST ftp.example.org 220
         C USER alice 331
         C PASS *** 530
         C USER bob 331
         C PASS *** 332
         C ACCT *** 230",
    );
}

#[test]
fn guests_have_no_secrets_and_others_do() {
    let login = |user: &str| {
        format!("C: USER {user}\nS: 331 password?\nC: PASS a@b\nS: 230 in\nC: NOOP\nS: 200 ok\n")
    };
    check(&login("anonymous"), "F none");
    check(&login("ftp"), "F none");
    check(&login("alice"), "F cleartext-credentials");
}

#[test]
fn five_rejected_logins_are_brute_force() {
    let tries = ["a", "b", "c", "d", "e"]
        .map(|guess| format!("C: USER root\nS: 331 password?\nC: PASS {guess}\nS: 530 no\n"))
        .concat();
    check(&tries, "F cleartext-credentials\nF login-rejected\nF brute-force");
}

#[test]
fn the_same_password_rejected_five_times_is_a_stored_one_and_no_guess() {
    let tries = "C: USER root\nS: 331 password?\nC: PASS x\nS: 530 no\n".repeat(5);
    // Once for the session, and once for the host that goes on trying.
    check(&tries, "F cleartext-credentials\nF login-rejected\nF login-rejected");
}

#[test]
fn tls_may_be_asked_for_by_many_names() {
    for mechanism in ["TLS", "tls", "SSL", "TLS-C", "TLS-P"] {
        check(
            &format!(
                "
                S: 220 hello
                C: AUTH {mechanism}
                S: 234 whatever text there is
                hello C
                hello S
                sealed C 60
                sealed S 40
                "
            ),
            &format!("S C:40000>S:21 - none explicittls\nC AUTH {mechanism} 234\nT none"),
        );
    }
}

#[test]
fn a_session_that_was_refused_tls_goes_on_in_the_clear() {
    check(
        "
        S: 220 hello
        C: AUTH TLS
        S: 534 no certificate
        C: USER alice
        S: 331 password?
        C: PASS secret
        S: 230 in
        ",
        "S C:40000>S:21 alice accepted none
         C AUTH TLS 534
         C USER alice 331
         C PASS *** 230
         F cleartext-credentials
         F tls-refused",
    );
}

#[test]
fn data_under_tls_is_inferred_by_addresses_and_time() {
    check(
        "
        S: 220 hello
        C: AUTH TLS
        S: 234 go on
        hello C
        hello S
        sealed C 60
        sealed S 40
        sealed C 30
        sealed S 60
        open C:41000 -> S:50000
        hello C
        hello S
        sealed S 1000
        close S
        ",
        "S C:40000>S:21 - none explicittls
         D - - connected inferred C:41000>S:50000",
    );
}

#[test]
fn what_was_transferred_out_of_sight_shows_by_its_direction_its_size_and_how_long_its_command_was() {
    let of = |command: u64, data: &str| {
        analyse(&format!(
            "
            S: 220 hello
            C: AUTH TLS
            S: 234 go on
            hello C
            hello S
            sealed C 23
            sealed S 60
            sealed C {command}
            open C:41000 -> S:50000
            {data}
            close S
            "
        ))
    };
    let tls = |records: &str| format!("hello C\nhello S\n{records}");
    for (command, data, expected) in [
        (23, tls("sealed S 1000\nsealed S 20"), "download listing 986"),
        (50, tls("sealed S 1000"), "download file 983"),
        (26, tls("sealed S 1000"), "download - 983"),
        (50, tls("sealed C 1000\nsealed C 117"), "upload file 1083"),
        (23, "send S 1000".to_owned(), "download listing 1000"),
        (50, "send C 1000".to_owned(), "upload file 1000"),
    ] {
        let told = told(&of(command, &data));
        let told = told.iter().find_map(|line| line.strip_prefix("I "));
        assert_eq!(told, Some(expected), "{command} {data}");
    }
}

#[test]
fn of_two_sessions_whose_connection_one_may_be_the_one_that_goes_on_has_the_one_that_has_ended() {
    let certainties = |goes_on: &str| {
        let begin = |name: &str| {
            format!(
                "{name} S: 220 hello\n{name} C: AUTH TLS\n{name} S: 234 go on\n{name} hello C\n{name} hello S\n"
            )
        };
        let announce = |name: &str| format!("{name} sealed C 23\n{name} sealed S 60\n");
        let report = analyse(&format!(
            "
            session M C:40100 -> S:21
            session N C:40200 -> S:21
            {}{}{}{}
            open C:41000 -> S:50000
            hello C
            hello S
            sealed S 1000
            open C:41001 -> S:50001
            hello C
            hello S
            sealed S 1000
            close S
            {}
            ",
            begin("M"),
            begin("N"),
            announce("M"),
            announce("N"),
            announce(goes_on),
        ));
        let of = |session: &Session| {
            let channels = session.data_channels.iter();
            channels
                .map(|channel| (channel.connection().unwrap().originator.port, channel.certainty().unwrap()))
                .collect()
        };
        report.sessions.iter().map(of).collect::<Vec<Vec<_>>>()
    };
    let both = |certainty| vec![vec![(41001, certainty)], vec![(41000, certainty)]];
    assert_eq!(certainties("M"), both(Certainty::Likely));
    // This one's can't be the one that goes on: they were mistaken for each other.
    assert_eq!(certainties("N"), both(Certainty::Possible));
}

#[test]
fn a_transfer_that_is_known_is_not_inferred_as_well() {
    check(
        "
        S: 220 hello
        C: PASV
        S: 227 =S:50000
        C: RETR a
        open C:41000 -> S:50000
        S: 150 here
        send S 1000
        close S
        S: 226 done
        ",
        "I -",
    );
}

#[test]
fn in_active_mode_the_tls_client_is_who_accepted_the_connection() {
    check(
        "
        S: 220 hello
        C: AUTH TLS
        S: 234 go on
        hello C
        hello S
        sealed C 60
        sealed S 40
        open S:20 -> C:41000
        hello C
        hello S
        sealed S 1000
        close S
        ",
        "D - - connected inferred S:20>C:41000",
    );
}

#[test]
fn port_990_begins_with_tls() {
    check(
        "
        session A C:40000 -> S:990
        hello C
        hello S
        sealed S 100
        sealed C 100
        ",
        "S C:40000>S:990 - none implicittls",
    );
}

#[test]
fn after_ccc_commands_are_read_again() {
    check(
        r"
        S: 220 hello
        C: AUTH TLS
        S: 234 go on
        hello C
        hello S
        sealed C 60
        sealed S 40
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR f
        S: 150 now
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "S C:40000>S:21 - none explicittls
         C AUTH TLS 234
         C PASV 227
         C RETR f 150 226
         D PASV accepted connected endpoint C:41000>S:50000
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn bad_base64_in_adat_is_kept_as_it_is() {
    check(
        "
        C: AUTH GSSAPI
        S: 334 go on
        C: ADAT ***not base64***
        S: 501 can't decode
        ",
        "C AUTH GSSAPI 334
         C ADAT ***not base64*** 501",
    );
}

#[test]
fn an_account_that_nobody_wants_takes_back_no_login() {
    check(
        "
        C: USER alice
        S: 331 password?
        C: PASS right
        S: 230 in
        C: ACCT staff
        S: 502 not here
        ",
        "S C:40000>S:21 alice accepted none",
    );
    check(
        "
        C: USER alice
        S: 331 password?
        C: PASS right
        S: 332 account?
        C: ACCT staff
        S: 502 not here
        ",
        "S C:40000>S:21 alice rejected none",
    );
}

#[test]
fn what_goes_to_other_services_belongs_to_no_session_that_cannot_be_read() {
    check(
        "
        S: 220 hello
        C: AUTH TLS
        S: 234 go on
        hello C
        hello S
        sealed C 60
        data C:41000 -> S:80, S sends 10
        data C:41001 -> S:443, S sends 10
        data C:41002 -> S:50000, S sends 10
        data S:20 -> C:41003, S sends 10
        ",
        "D - - connected inferred C:41002>S:50000
         D - - connected inferred S:20>C:41003",
    );
}

#[test]
fn a_connection_to_another_service_is_not_counted_among_silent_control_connections() {
    let spoken = |port: u16| {
        analyse(&format!(
            "
            session M C:40100 -> S:{port}
            M S: 220 mx.example ESMTP
            M C: EHLO client.example
            M S: 250 mx.example
            M C: QUIT
            M S: 221 bye
            "
        ))
    };
    assert_eq!(spoken(25).capture.silent_connections, 0);
    assert_eq!(spoken(21).sessions.len() as u64 + spoken(21).capture.silent_connections, 1);
}

#[test]
fn passwords_are_hidden_wherever_a_client_puts_them() {
    let report = analyse(
        r"
        C: USER carol:hush@ftp.example.org
        S: 331 Password required for carol:hush@ftp.example.org.
        C+ \x00PASS hush\r\n
        S: 230 in
        C: SITE PSWD hush hush2
        S: 200 changed
        C: PASSWD hush hush2
        S: 500 what
        end S
        ",
    );
    let json = serde_json::to_string(&report.sessions).unwrap();
    assert!(!json.contains("hush"), "{json}");
    assert!(json.contains("carol:***@ftp.example.org") && json.contains("PSWD ***"), "{json}");
    assert!(json.contains("required for carol:***@ftp.example.org."), "{json}");
}
