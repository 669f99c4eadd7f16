use proptest::prelude::*;

use super::*;

/// `10.0.0.2:50000`, `[2001:db8::1]:50000`, `:50000`, or `none`.
fn shown(endpoint: Option<HostPort>) -> String {
    match endpoint {
        None => "none".into(),
        Some(HostPort { ip: None, port }) => format!(":{port}"),
        Some(HostPort { ip: Some(ip), port }) => crate::base::Endpoint::new(ip, port).to_string(),
    }
}

#[track_caller]
fn expect(read: impl Fn(&str) -> Option<HostPort>, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(shown(read(text)), *expected, "{text:?}");
    }
}

#[test]
fn port_names_six_numbers() {
    expect(
        |text| port_argument(text.as_bytes()),
        &[
            ("10,0,0,2,195,80", "10.0.0.2:50000"),
            ("0,0,0,0,0,21", "0.0.0.0:21"),
            ("224,0,0,1,255,255", "224.0.0.1:65535"),
            // Blanks are tolerated.
            ("  10,174,105,56,196,158", "10.174.105.56:50334"),
            ("10, 174, 105, 56, 115, 23", "10.174.105.56:29463"),
            ("10,174,105,56,140,181  ", "10.174.105.56:36021"),
            // Leading zeros are decimal.
            ("010,000,000,002,195,080", "10.0.0.2:50000"),
            ("0010,0191,0176,0087,0117,0098", "10.191.176.87:30050"),
        ],
    );
}

#[test]
fn rejects_what_is_no_port_argument() {
    for text in [
        "",
        "banana",
        "hello",
        "198,51,100,10,7",
        "198,51,100,10,300",
        "198,51,100,10,7,8,9",
        "198,51,100,10,-1,7",
        "256,198,51,100,4,5",
        "266,0,0,1,4,5",
        "198,51,100,10,300,1",
        "10,0,0,2,0,0",
        "10,0,0,2,,80",
        "10,0,0,2,195,80,",
        "(10,0,0,2,195,80)",
        "10.0.0.2.195.80",
        "10,0,0,2,195,80 x",
        "10,0,0,2,195,8 0",
        "10,0,0,2,0x1,80",
        "+1,0,0,2,4,5",
        "10,0,0,2,195,99999999999999999999",
    ] {
        assert_eq!(port_argument(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn eprt_names_family_address_and_port_between_any_delimiters() {
    expect(
        |text| eprt_argument(text.as_bytes()),
        &[
            ("|1|132.235.1.2|6275|", "132.235.1.2:6275"),
            ("|2|1080::8:800:200C:417A|5282|", "[1080::8:800:200c:417a]:5282"),
            ("!1!100.101.112.169!54815!", "100.101.112.169:54815"),
            ("#1#100.101.112.169#54206#", "100.101.112.169:54206"),
            (",1,100.101.112.169,50581,", "100.101.112.169:50581"),
            ("/1/100.101.112.169/23777/", "100.101.112.169:23777"),
            ("$2$2001:db8:0:d7ff:0:b0:37ef:b1d4$60183$", "[2001:db8:0:d7ff:0:b0:37ef:b1d4]:60183"),
            ("|2|2001:0DB8:0000:D7FF:0000:00B0:37EF:B1D4|1|", "[2001:db8:0:d7ff:0:b0:37ef:b1d4]:1"),
            ("|2|::ffff:10.0.0.1|41000|", "[::ffff:10.0.0.1]:41000"),
            ("|2|fe80::1%eth0|41000|", "[fe80::1]:41000"),
            ("|1|010.0.0.008|041000|", "10.0.0.8:41000"),
            (" |1|10.0.0.1|5000| ", "10.0.0.1:5000"),
        ],
    );
}

#[test]
fn rejects_what_is_no_eprt_argument() {
    for text in [
        "",
        "|",
        "|||5000|",
        "|1|10.0.0.1|",
        "|1|10.0.0.1|99999|",
        "|1|10.0.0.1|0|",
        "|1|10.0.0.1|5000",
        "|1|10.0.0.1|5000|x",
        "1 10.0.0.1 5000",
        "11110.0.0.1150001",
        "|1|10.0.0|5000|",
        "|1|10.0.0.1.2|5000|",
        "|1|10.0.0.256|5000|",
        "|1|2001:db8::1|5000|",
        "|2|10.0.0.1|5000|",
        "|3|10.0.0.1|5000|",
        "|1||5000|",
        "|2|2001:db8|5000|",
        "|2|[::1]|5000|",
        "|1|10.0.0.1|50 00|",
        "|1|10.0.0.1|-5|",
        "|x|10.0.0.1|5000|",
        ":2:2001:db8::1:5000:",
        ".1.10.0.0.1.5000.",
    ] {
        assert_eq!(eprt_argument(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn lprt_names_its_lengths() {
    expect(
        |text| lprt_argument(text.as_bytes()),
        &[
            ("4,4,192,168,202,216,2,116,42", "192.168.202.216:29738"),
            ("6,16,32,1,13,184,0,0,45,237,0,0,0,0,0,0,106,64,2,122,36", "[2001:db8:0:2ded::6a40]:31268"),
            ("4, 4, 10, 0, 0, 1, 2, 160, 40", "10.0.0.1:41000"),
            // Another family, another length, a port of 0, one byte too few or too many.
            ("5,4,10,0,0,1,2,160,40", "none"),
            ("4,5,10,0,0,1,2,160,40", "none"),
            ("4,4,10,0,0,1,1,160,40", "none"),
            ("4,4,10,0,0,1,2,0,0", "none"),
            ("4,4,10,0,0,1,2,160", "none"),
            ("4,4,10,0,0,1,2,160,40,1", "none"),
            ("6,16,32,1,2,122,36", "none"),
            ("10,0,0,1,160,40", "none"),
        ],
    );
}

#[test]
fn pasv_is_read_in_whatever_text() {
    expect(
        pasv_reply,
        &[
            ("Entering Passive Mode (192,168,1,1,4,1)", "192.168.1.1:1025"),
            ("Entering Passive Mode (192,168,1,1,4,1).", "192.168.1.1:1025"),
            ("Entering Passive Mode 192,168,1,1,4,1", "192.168.1.1:1025"),
            ("Entering Passive Mode. 203,0,113,21,144,125", "203.0.113.21:36989"),
            ("Entering Passive Mode 100,127,22,37,82,237.", "100.127.22.37:21229"),
            ("Data transfer will passively listen to 127,0,0,1,4,51", "127.0.0.1:1075"),
            ("Entering Passive Mode =100,127,22,37,145,156", "100.127.22.37:37276"),
            ("=10,0,0,2,195,80", "10.0.0.2:50000"),
            ("10,0,0,2,195,80", "10.0.0.2:50000"),
            ("PORT 10,0,0,2,195,80", "10.0.0.2:50000"),
            ("Entering Passive Mode [100,127,22,37,176,14]", "100.127.22.37:45070"),
            ("Passive mode <100,127,22,37,99,149>.", "100.127.22.37:25493"),
            ("Entering Passive Mode (100,127,22,37,105,136", "100.127.22.37:27016"),
            ("Entering Passive Mode (192, 0, 2, 209, 138, 84)", "192.0.2.209:35412"),
            ("Entering Passive Mode ( 192,0,2,209,236,121 )", "192.0.2.209:60537"),
            (" Entering  Passive  Mode  (192,0,2,209,203,171)  ", "192.0.2.209:52139"),
            ("Entering Passive Mode (010,000,000,002,195,080)", "10.0.0.2:50000"),
            ("Entering Passive Mode (0,0,0,0,61,20).", "0.0.0.0:15636"),
        ],
    );
}

#[test]
fn pasv_is_read_behind_other_numbers() {
    expect(
        pasv_reply,
        &[
            ("Passive port 8 of 17 ready (10,132,251,147,88,205)", "10.132.251.147:22733"),
            ("v2.8: entering passive mode (10,132,251,147,82,85)", "10.132.251.147:21077"),
            ("Slot 8, use (10,132,251,147,205,162) within 60 seconds", "10.132.251.147:52642"),
            ("RFC 959 passive mode, listening: 10,132,251,147,108,40", "10.132.251.147:27688"),
            ("Host 10.0.0.2 listens (10,0,0,2,195,80)", "10.0.0.2:50000"),
            ("Modes 1,2,3,4,5,6 known; entering (10,0,0,2,195,80)", "10.0.0.2:50000"),
            ("Try 1,2,3 or 10,0,0,2,195,80", "10.0.0.2:50000"),
            ("10,0,0,2,195,80 or 10,0,0,2,195,81", "10.0.0.2:50000"),
        ],
    );
}

#[test]
fn pasv_is_read_on_any_line_of_a_reply() {
    expect(
        pasv_reply,
        &[
            ("Entering passive mode\n(203,0,113,155,100,1)", "203.0.113.155:25601"),
            ("Entering Passive Mode (203,0,113,155,135,171)\nOK", "203.0.113.155:34731"),
            ("Please wait\n Entering Passive Mode (203,0,113,155,128,105)\nDone", "203.0.113.155:32873"),
            ("Entering Passive Mode (203,0,113,\n155,128,105)", "none"),
        ],
    );
}

#[test]
fn rejects_what_is_no_pasv_reply() {
    for text in [
        "",
        "Entering Passive Mode",
        "Entering Passive Mode.",
        "Entering Passive Mode (1,2,3,4)",
        "(300,1,2,3,4,5)",
        "(10,0,0,2,0,0)",
        "(10,0,0,2,195,336)",
        "(10,0,0,2,195,-80)",
        "(-1,0,0,2,195,80)",
        "(1,10,0,0,2,195,80)",
        "(10,0,0,2,195)",
        "(10,0,0,2,195,",
        "(10,0,0,2,195,80,",
        "(10,0,0,2,195,80.5)",
        "(1.10,0,0,2,195,80)",
        "(10.0.0.2:50000)",
        "(|||50000|)",
        "(10,0,0,2,195,99999999999999999999)",
    ] {
        assert_eq!(pasv_reply(text), None, "{text:?}");
    }
}

#[test]
fn lpsv_is_read_in_its_text() {
    expect(
        lpsv_reply,
        &[
            ("Entering Long Passive Mode (4,4,203,0,113,21,2,167,67)", "203.0.113.21:42819"),
            (
                "Entering Long Passive Mode (6,16,32,1,13,184,0,0,64,88,0,0,0,0,0,0,144,108,2,221,17)",
                "[2001:db8:0:4058::906c]:56593",
            ),
            ("Long 1,2,3 passive 4,4,10,0,0,2,2,195,80.", "10.0.0.2:50000"),
            ("Entering Long Passive Mode (10,0,0,2,195,80)", "none"),
            ("Entering Long Passive Mode (4,4,10,0,0,2,2,0,0)", "none"),
        ],
    );
}

#[test]
fn epsv_names_a_port_between_any_delimiters() {
    expect(
        epsv_reply,
        &[
            ("Entering Extended Passive Mode (|||6446|)", ":6446"),
            ("Entering Extended Passive Mode (|||6446|).", ":6446"),
            ("Entering Extended Passive Mode (!!!9447!)", ":9447"),
            ("Entering Extended Passive Mode (###44611#)", ":44611"),
            ("Entering Extended Passive Mode ($$$57098$)", ":57098"),
            ("Entering Extended Passive Mode (~~~29417~)", ":29417"),
            ("Entering Extended Passive Mode (///58432/)", ":58432"),
            ("Entering Extended Passive Mode (@@@27916@)", ":27916"),
            ("Entering Extended Passive Mode (;;;53522;)", ":53522"),
            ("Entering Extended Passive Mode (XXX53522X)", ":53522"),
        ],
    );
}

#[test]
fn epsv_is_read_where_servers_stray_from_the_letter() {
    expect(
        epsv_reply,
        &[
            ("Extended Passive Mode OK (|1|10.0.0.2|50000|)", "10.0.0.2:50000"),
            ("Extended Passive Mode OK (|2|2001:db8::1|50000|)", "[2001:db8::1]:50000"),
            ("Entering Extended Passive Mode (|1||50784|)", ":50784"),
            ("Entering Extended Passive Mode (||50000|)", ":50000"),
            ("Entering Extended Passive Mode (||| 29199 |)", ":29199"),
            ("Entering Extended Passive Mode ( |||29199| )", ":29199"),
            ("Entering Extended Passive Mode |||50000|", ":50000"),
            ("Entering Extended Passive Mode (|||50000|", ":50000"),
            ("Entering Extended Passive Mode (|||50000)", ":50000"),
            ("Entering extended (1) mode (|||50000|)", ":50000"),
            ("Port 7 chosen of 9; extended passive mode (|||60464|)", ":60464"),
            ("Wait\nEntering Extended Passive Mode (|||27564|)", ":27564"),
            ("Entering Extended Passive Mode (|||50000|)\nOK", ":50000"),
            ("Entering Extended Passive Mode (|||050000|)", ":50000"),
        ],
    );
}

#[test]
fn rejects_what_is_no_epsv_reply() {
    for text in [
        "",
        "Extended passive (port unknown)",
        "Entering Extended Passive Mode (|||)",
        "(||||)",
        "(|||0|)",
        "(|||71121|)",
        "(|||70000|)",
        "(|||-1|)",
        "(|||5x|)",
        "(|||",
        "(|||50",
        "(1115000011)",
        "(10,0,0,2,195,80)",
        "(|1|nowhere|50000|)",
        "(|1|10.0.0.2|0|)",
        "mode... 50000",
    ] {
        assert_eq!(epsv_reply(text), None, "{text:?}");
    }
}

#[test]
fn the_code_of_a_reply_says_how_to_read_it() {
    expect(|text| passive_reply(227, text), &[("(10,0,0,2,4,1)", "10.0.0.2:1025"), ("(|||5000|)", "none")]);
    expect(|text| passive_reply(229, text), &[("(|||5000|)", ":5000"), ("(10,0,0,2,4,1)", "none")]);
    expect(|text| passive_reply(228, text), &[("(4,4,10,0,0,2,2,4,1)", "10.0.0.2:1025")]);
    expect(|text| passive_reply(200, text), &[("(10,0,0,2,4,1)", "none")]);
}

#[test]
fn the_verb_says_how_to_read_an_argument() {
    let read = |verb, argument: &str| shown(active_argument(&verb, Some(argument.as_bytes())));
    assert_eq!(read(Verb::Port, "10,0,0,1,4,1"), "10.0.0.1:1025");
    assert_eq!(read(Verb::Eprt, "|1|10.0.0.1|1025|"), "10.0.0.1:1025");
    assert_eq!(read(Verb::Lprt, "4,4,10,0,0,1,2,4,1"), "10.0.0.1:1025");
    assert_eq!(read(Verb::Eprt, "10,0,0,1,4,1"), "none");
    assert_eq!(read(Verb::Retr, "10,0,0,1,4,1"), "none");
    assert_eq!(active_argument(&Verb::Port, None), None);
}

/// Text of which endpoints are made.
fn endpoint_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9,.|() -]{0,60}",
        "[(]?([0-9]{1,3},){5,6}[0-9]{1,6}[)]?",
        "[|!1]{1,4}[12]?[|][0-9a-f:.]{0,20}[|!][0-9]{0,7}[|!)]{0,2}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_a_port_of_zero(text in endpoint_text()) {
        let bytes = text.as_bytes();
        let all = [
            port_argument(bytes), eprt_argument(bytes), lprt_argument(bytes),
            pasv_reply(&text), lpsv_reply(&text), epsv_reply(&text),
        ];
        prop_assert!(all.into_iter().flatten().all(|endpoint| endpoint.port != 0));
    }

    #[test]
    fn every_endpoint_is_read_in_every_notation(
        v4 in any::<Ipv4Addr>(),
        v6 in any::<Ipv6Addr>(),
        port in 1_u16..,
        delimiter in "[!--/;<=>?@\\[-`{-~]",
        before in "[A-Za-z ]{0,20}",
    ) {
        let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        let port_list = list(&port.to_be_bytes());
        let at = |ip: IpAddr| Some(HostPort { ip: Some(ip), port });
        let (short, d) = (format!("{},{port_list}", list(&v4.octets())), delimiter.as_str());
        prop_assert_eq!(port_argument(short.as_bytes()), at(v4.into()));
        prop_assert_eq!(pasv_reply(&format!("{before} ({short})")), at(v4.into()));
        prop_assert_eq!(pasv_reply(&format!("{before} {short}")), at(v4.into()));
        let long = format!("6,16,{},2,{port_list}", list(&v6.octets()));
        prop_assert_eq!(lprt_argument(long.as_bytes()), at(v6.into()));
        prop_assert_eq!(lpsv_reply(&format!("{before} ({long})")), at(v6.into()));
        prop_assert_eq!(eprt_argument(format!("{d}2{d}{v6}{d}{port}{d}").as_bytes()), at(v6.into()));
        prop_assert_eq!(eprt_argument(format!("{d}1{d}{v4}{d}{port}{d}").as_bytes()), at(v4.into()));
        if !matches!(d, "(" | ")") {
            prop_assert_eq!(epsv_reply(&format!("{before} ({d}{d}{d}{port}{d})")), Some(HostPort { ip: None, port }));
        }
    }
}
