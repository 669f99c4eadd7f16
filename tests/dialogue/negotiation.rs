//! What is announced, what becomes of it, and what it predicts.

use ftpscope::report::{Connector, Prediction, Report};

use super::check;
use super::support::analyse;

/// What the first session's first channel predicts.
fn predicted(script: &str) -> String {
    let report: Report = analyse(script);
    let Some(Prediction { listener, connector: Connector { ip, port } }) =
        report.sessions[0].data_channels[0].predicted()
    else {
        return "nothing".into();
    };
    format!("{ip}:{}>{listener}", port.map_or("*".into(), |port| port.to_string()))
}

#[test]
fn every_mode_predicts_listener_and_connector() {
    let both = |line: &str, reply: &str| format!("C: {line}\nS: {reply}\n");
    let table = [
        ("PASV", "227 (198,51,100,2,195,80)", "198.51.100.1:*>198.51.100.2:50000"),
        ("EPSV", "229 (|||50000|)", "198.51.100.1:*>198.51.100.2:50000"),
        ("LPSV", "228 (4,4,198,51,100,2,2,195,80)", "198.51.100.1:*>198.51.100.2:50000"),
        ("PORT 198,51,100,1,160,40", "200 ok", "198.51.100.2:20>198.51.100.1:41000"),
        ("EPRT |1|198.51.100.1|41000|", "200 ok", "198.51.100.2:20>198.51.100.1:41000"),
        ("LPRT 4,4,198,51,100,1,2,160,40", "200 ok", "198.51.100.2:20>198.51.100.1:41000"),
        // An IPv4-mapped address on an IPv4 control connection is that IPv4 address.
        ("EPRT |2|::ffff:198.51.100.1|41000|", "200 ok", "198.51.100.2:20>198.51.100.1:41000"),
        // An unspecified address stands for the control peer's.
        ("PASV", "227 (0,0,0,0,195,80)", "198.51.100.1:*>198.51.100.2:50000"),
        ("PASV", "227 (10,0,0,2,195,80)", "198.51.100.1:*>10.0.0.2:50000"),
        // Servers behind translators answer in the other notation.
        ("EPSV", "227 (198,51,100,2,195,80)", "198.51.100.1:*>198.51.100.2:50000"),
        ("PASV", "229 (|||50000|)", "198.51.100.1:*>198.51.100.2:50000"),
        ("PORT 198,51,100,1,160,40", "500 no", "nothing"),
        ("PASV", "227 ok", "nothing"),
    ];
    for (line, reply, expected) in table {
        assert_eq!(predicted(&both(line, reply)), expected, "{line} {reply}");
    }
}

#[test]
fn over_ipv6_the_address_is_the_control_peers() {
    let script = "
        host C 2001:db8::1
        host S 2001:db8::2
        C: EPSV
        S: 229 (|||50000|)
        C: LIST
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        C: EPRT |2|2001:db8::1|41001|
        S: 200 ok
        C: LIST
        data S:20 -> C:41001, S sends 20
        S: 226 done
        C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,160,42
        S: 200 ok
        C: LIST
        data S:20 -> C:41002, S sends 30
        S: 226 done
    ";
    assert_eq!(predicted(script), "2001:db8::1:*>[2001:db8::2]:50000");
    check(
        script,
        "D EPSV accepted connected endpoint [2001:db8::1]:41000>[2001:db8::2]:50000
         D EPRT accepted connected endpoint [2001:db8::2]:20>[2001:db8::1]:41001
         D LPRT accepted connected endpoint [2001:db8::2]:20>[2001:db8::1]:41002
         T LIST - 10 complete 226 via 0
         T LIST - 20 complete 226 via 1
         T LIST - 30 complete 226 via 2",
    );
}

#[test]
fn a_refused_port_owns_nothing() {
    for code in [500, 501, 530] {
        check(
            &format!(
                "
                C: PORT 198,51,100,1,160,40
                S: {code} no
                C: LIST
                S: 425 use PORT first
                "
            ),
            "D PORT rejected - - -
             T LIST - 0 failed 425 via -",
        );
    }
}

#[test]
fn a_negotiation_without_an_answer_is_said_to_be_so() {
    check(
        "
        C: NOOP
        S: 200 ok
        C: PASV
        ",
        "D PASV unanswered - - -",
    );
}

#[test]
fn what_can_not_be_read_is_malformed_whatever_the_answer() {
    check(
        "
        C: PORT 198,51,100,1,160
        S: 200 ok
        C: PORT 198,51,100,1,160,256
        S: 500 no
        C: PORT 198,51,100,1,0,0
        S: 200 ok
        C: EPRT |3|198.51.100.1|41000|
        S: 522 use (1,2)
        C: PASV
        S: 227 look elsewhere
        C: EPSV
        S: 229 ok (|||71121|)
        ",
        "D PORT malformed - - -
         D PORT malformed - - -
         D PORT malformed - - -
         D EPRT malformed - - -
         D PASV malformed - - -
         D EPSV malformed - - -",
    );
}

#[test]
fn of_several_announcements_only_the_last_counts() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: EPSV
        S: 229 (|||50002|)
        C: LIST
        data C:41000 -> S:50002, S sends 10
        S: 226 done
        ",
        "D PASV accepted unused - -
         D PASV accepted unused - -
         D EPSV accepted connected endpoint C:41000>S:50002
         T LIST - 10 complete 226 via 2",
    );
}

#[test]
fn epsv_all_forbids_all_other_ways() {
    check(
        "
        C: EPSV ALL
        S: 200 ok
        C: EPSV
        S: 229 (|||50000|)
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: EPRT |1|198.51.100.1|41000|
        S: 501 no
        ",
        "C EPSV ALL 200
         C EPSV 229
         C PASV 227
         C EPRT |1|198.51.100.1|41000| 501
         D EPSV accepted unused - -
         D PASV accepted unused - -
         D EPRT rejected - - -
         F epsv-all-violation
         F mode-fallback
         F epsv-all-violation
         F mode-fallback",
    );
}

#[test]
fn epsv_all_binds_only_where_it_was_accepted() {
    check(
        "
        C: EPSV ALL
        S: 502 what?
        C: PASV
        S: 227 (198,51,100,2,195,81)
        ",
        "D PASV accepted unused - -
         F none",
    );
}

#[test]
fn epsv_with_a_protocol_is_a_negotiation_and_522_offers_others() {
    check(
        "
        C: EPSV 2
        S: 522 Network protocol not supported, use (1)
        C: EPSV 1
        S: 229 (|||50000|)
        C: LIST
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        ",
        "D EPSV rejected - - -
         D EPSV accepted connected endpoint C:41000>S:50000
         F protocol-unsupported",
    );
}

#[test]
fn a_521_rejects_a_long_port() {
    check(
        "
        C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,160,42
        S: 521 Supported address families are (4)
        ",
        "D LPRT rejected - - -",
    );
}

#[test]
fn active_mode_does_not_need_port_20() {
    check(
        "
        C: PORT 198,51,100,1,160,40
        S: 200 ok
        C: RETR f
        data S:61920 -> C:41000, S sends 10
        S: 226 done
        ",
        "D PORT accepted connected endpoint S:61920>C:41000
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn without_any_negotiation_the_default_ports_are_expected() {
    check(
        "
        C: RETR f
        data S:20 -> C:40000, S sends 10
        S: 226 done
        ",
        "D DEFAULT - connected default S:20>C:40000
         T RETR - 10 complete 226 via 0",
    );
}

#[test]
fn the_default_data_port_lies_one_below_the_control_port() {
    check(
        "
        session A C:40000 -> S:2121
        S: 220 ready
        C: USER a
        S: 230 in
        C: RETR f
        data S:2120 -> C:40000, S sends 10
        S: 226 done
        ",
        "S C:40000>S:2121 a accepted none
         D DEFAULT - connected default S:2120>C:40000
         T RETR ~/f 10 complete 226 via 0",
    );
}

#[test]
fn a_third_host_in_port_is_a_bounce() {
    check(
        "
        C: PORT 203,0,113,9,0,25
        S: 200 ok
        C: RETR mail.txt
        data S:20 -> X:25, S sends 10
        S: 226 done
        ",
        "D PORT accepted connected endpoint S:20>X:25
         T RETR - 10 complete 226 via 0
         F bounce-attempt
         F privileged-port
         F middlebox-blind",
    );
}
