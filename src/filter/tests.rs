use proptest::prelude::*;

use super::*;
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::report::testing::{self, endpoint};
use crate::report::*;
use crate::report::{ChannelIndex, CommandIndex};

/// alice's session: 10.1.7.33 to 192.0.2.8, PORT never used, RETR answered by 425, and 82.3 s long.
fn session() -> Session {
    let start = Timestamp::from_nanos(1_775_986_267_114_000_000);
    let mut session = testing::silent_session("C1", "10.1.7.33:49822", "192.0.2.8:21", start);
    session.end = start.plus(TimeDelta::from_millis(82_300));
    session.frames = FrameSpan { first: FrameNumber(100), last: FrameNumber(200) };
    session.end_state = EndState::Fin;
    session.user = Some("alice".into());
    session.login = Login::Accepted;
    session.greeting.push(testing::reply(start, 11, 220, "ProFTPD 1.3.8"));
    for (line, code, text) in [
        ("PORT 10,1,7,33,199,56", 200, "PORT command successful."),
        ("RETR /pub/q2.csv", 425, "Can't open data connection."),
    ] {
        let mut command = testing::command(start, 10, line);
        command.replies.push(testing::reply(start, 11, code, text));
        session.commands.push(command);
    }
    let connector = Connector { ip: session.server.ip, port: Some(20) };
    session.data_channels.push(testing::accepted_channel(
        Mode::Port,
        CommandIndex(0),
        endpoint("10.1.7.33:51000"),
        connector,
    ));
    session.transfers.push(Transfer {
        path: Some("/pub/q2.csv".into()),
        data_channel: Some(ChannelIndex(0)),
        bytes: Some(2048),
        sha256: Some([0xab; 32]),
        reply_code: Some(425),
        start: Some(start),
        end: Some(start.plus(TimeDelta::from_secs(1))),
        ..testing::transfer(CommandIndex(1), Direction::Download, Status::Failed)
    });
    session.findings.push(Finding {
        data_channel: Some(ChannelIndex(0)),
        ..testing::finding(Code::DataNeverAttempted, Severity::Warning, "nobody came", start, &[10])
    });
    session
}

#[track_caller]
fn check(table: &[(&str, bool)]) {
    let session = session();
    for (text, expected) in table {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&session), *expected, "{text}");
    }
}

#[test]
fn fields_of_the_session_compare() {
    check(&[
        ("sess.mode == PORT", true),
        ("sess.mode == port", true),
        ("sess.mode == PASV", false),
        ("sess.mode != PASV", true),
        ("sess.user == \"alice\"", true),
        ("sess.user == alice", true),
        ("sess.user contains \"lic\"", true),
        ("sess.user contains \"LIC\"", false),
        ("sess.user matches \"^ALI\"", true),
        ("sess.user ~ \"bob|alice\"", true),
        ("sess.duration > 80s && sess.duration < 1.5m", true),
        ("sess.duration >= 90000ms", false),
        ("sess.login == accepted", true),
        ("sess.server == 192.0.2.0/24", true),
        ("sess.client.port in {1..100, 49822}", true),
        ("sess.start >= \"2026-04-12 09:31\" and sess.start < \"2026-04-12 09:32\"", true),
        ("sess.start == 2026-04-12", true),
        ("sess.start > 2026-04-12", false),
        ("sess.start == \"2026-04-12 09\"", true),
        ("sess.commands == 2", true),
        ("sess.banner contains ProFTPD", true),
        ("sess.system", false),
        ("sess.handshake == true", true),
    ]);
}

#[test]
fn channels_transfers_and_findings_compare() {
    check(&[
        ("data.state == unused", true),
        ("data.state == never_tried", true),
        ("data.differs == connector", false),
        ("data.matched == false", true),
        ("data.port == 51000", true),
        ("data.ip == 10.0.0.0/8", true),
        ("data.bytes > 0", false),
        ("data.reuse", false),
        ("xfer.status == failed && xfer.code == 425", true),
        ("xfer.bytes == 2k", true),
        ("xfer.rate >= 2k", true),
        ("xfer.path contains \"/pub/\"", true),
        ("xfer.path_from_login == \"/pub/q2.csv\"", false),
        ("xfer.verb == retr", true),
        ("xfer.sha256 contains abab", true),
        ("find.id == data-never-attempted", true),
        ("find.id in {data-refused, data-unanswered}", false),
        ("find.severity >= notice", true),
        ("find.severity > warning", false),
        ("text contains \"Can't open\"", true),
    ]);
}

#[test]
fn wiresharks_names_mean_what_they_mean_there() {
    check(&[
        ("ip.addr == 10.1.7.33", true),
        ("ip.addr == 10.1.0.0/16", true),
        ("ip.src == 192.0.2.8", true),
        ("ip.addr != 192.0.2.8", false),
        ("ip.addr in {10.1.7.1..10.1.7.40}", true),
        ("ipv6.addr", false),
        ("tcp.port == 21", true),
        ("tcp.port == 51000", false),
        ("frame.number == 150", true),
        ("frame.number in {190..300}", true),
        ("frame.number > 200", false),
        ("ftp.request.command == \"RETR\"", true),
        ("ftp.request.arg contains q2", true),
        ("ftp.response.code == 425", true),
        ("ftp.response.code in {400..599}", true),
        ("ftp.response.code in {426 550}", false),
        ("ftp.active.port == 51000", true),
        ("ftp.active.cip == 10.1.7.33", true),
        ("ftp.passive.port", false),
        ("ftp", true),
        ("ftp-data", false),
    ]);
}

#[test]
fn a_word_alone_is_looked_for_everywhere() {
    check(&[
        ("alice", true),
        ("ALICE", true),
        ("bob", false),
        ("!bob", true),
        ("\"can't open\"", true),
        ("q2.csv", true),
        ("192.0.2.8", true),
        ("10.1.7.33:49822", true),
        ("10.9.9.9", false),
        ("abababab", true),
        ("proftpd && sess.mode == PORT", true),
        ("\"[a-z]\"", false),
    ]);
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    check(&[
        ("ftp || ftp && ftp-data", true),
        ("(ftp || ftp) && ftp-data", false),
        ("!ftp-data && ftp", true),
        ("not ftp-data and ftp", true),
        ("!(ftp && ftp-data)", true),
        ("!!ftp", true),
        ("not sess.user == bob or ftp-data", true),
    ]);
}

#[test]
fn what_is_wrong_is_said_and_pointed_at() {
    for (text, message, pointed) in [
        (
            "sess.mode == POTR && ip.src == 10.1.0.0/16",
            "not a mode: use PORT, PASV, EPRT, EPSV, LPRT, LPSV, DEFAULT or TLS",
            "POTR",
        ),
        ("sess.mdoe == PORT", "there is no field 'sess.mdoe'; sess.mode is one", "sess.mdoe"),
        ("sess.of.some.kind", "there is no field 'sess.of.some.kind' (Tab shows them)", "sess.of.some.kind"),
        ("usre == bob", "there is no field 'usre' (Tab shows them)", "usre"),
        ("tpc.port", "there is no field 'tpc.port'; tcp.port is one", "tpc.port"),
        (
            "ip.addr == 2001:db8::1",
            "expected an IPv4 address or network, such as 10.1.0.0/16 (ipv6.addr is for IPv6)",
            "2001:db8::1",
        ),
        (
            "ip.addr == 10.0.0.0/33",
            "expected an IPv4 address or network, such as 10.1.0.0/16 (ipv6.addr is for IPv6)",
            "10.0.0.0/33",
        ),
        ("tcp.port == 80x", "expected a number", "80x"),
        ("tcp.port ==", "expected a number", ""),
        ("tcp.port contains 80", "tcp.port is no text", "contains"),
        ("sess.user > bob", "sess.user has no order", ">"),
        ("(ftp", "this parenthesis is never closed", "("),
        ("ftp)", "this parenthesis was never opened", ")"),
        ("ftp &&", "a field is missing", ""),
        ("ftp ftp-data", "expected && or || here (text with blanks goes in quotes)", "ftp-data"),
        ("== 5", "expected a field here", "=="),
        ("sess.user == \"bob", "the closing quote is missing", "\"bob"),
        ("tcp.port in 21", "'in' takes a set: {21, 2121} or {50000..50100}", "21"),
        ("tcp.port in {21", "the closing } is missing", ""),
        ("ftp == 1", "ftp has no value: it only asks whether it occurs", "=="),
        ("sess.user ; bob", "';' has no meaning here", ";"),
        ("sess.start == 2026-02-29", "expected a time (UTC), such as \"2026-04-12 09:31:07\"", "2026-02-29"),
        (
            "sess.start == \"2026-04-12 09.5\"",
            "expected a time (UTC), such as \"2026-04-12 09:31:07\"",
            "\"2026-04-12 09.5\"",
        ),
        ("", "a filter is missing", ""),
    ] {
        let error = Filter::parse(text).map(|_| ()).unwrap_err();
        let at = text.get(error.span.clone()).unwrap();
        assert_eq!((error.message.as_str(), at), (message, pointed), "{text}");
    }
    let error = Filter::parse("sess.user matches \"(\"").unwrap_err();
    assert!(error.message.starts_with("not a regular expression"), "{error}");
}

#[test]
fn the_pointer_stands_under_what_is_wrong() {
    let text = "sess.mode == POTR && ftp";
    let error = Filter::parse(text).unwrap_err();
    assert_eq!(error.pointer(text), "sess.mode == POTR && ftp\n             ^^^^");
    let text = "sess.user == \"\u{1b}\" && )";
    let error = Filter::parse(text).unwrap_err();
    assert_eq!(error.pointer(text), "sess.user == \"\\x1b\" && )\n                       ^");
}

#[test]
fn nesting_beyond_reason_is_an_error_not_a_crash() {
    for open in ["(", "!", "not "] {
        let text = format!("{}ftp", open.repeat(1000));
        assert_eq!(Filter::parse(&text).unwrap_err().message, "nested too deep");
    }
    assert!(Filter::parse(&format!("{} == 1", "x".repeat(5000))).is_err());
}

fn completed(text: &str) -> Vec<String> {
    complete(text, text.len()).into_iter().map(|candidate| candidate.text).collect()
}

#[test]
fn completion_offers_what_fits_next() {
    assert_eq!(completed("sess.mo"), ["sess.mode"]);
    assert_eq!(completed("sess.mode == PA"), ["PASV"]);
    assert_eq!(completed("sess.mode == PASV "), ["&&", "||"]);
    assert_eq!(completed("sess.mode "), ["==", "!=", "in"]);
    assert_eq!(completed("ftp && data.reuse.o"), ["data.reuse.outcome"]);
    assert_eq!(completed("find.severity >= w"), ["warning"]);
    assert_eq!(completed("data.matched == "), ["true", "false"]);
    assert_eq!(completed("sess.mode in {PORT, E"), ["EPRT", "EPSV"]);
    assert_eq!(completed("data.port in {21} && sess.mode in {PORT, E"), ["EPRT", "EPSV"]);
    assert_eq!(completed("duration"), ["sess.duration", "data.duration", "xfer.duration"]);
    assert_eq!(completed("").len(), Field::ALL.len());
    assert!(completed("nonsense == ").is_empty());
    let candidate = complete("ftp && sess.us", 14).remove(0);
    assert_eq!((candidate.range, candidate.text.as_str()), (7..14, "sess.user"));
}

#[test]
fn field_names_are_unique() {
    let mut names: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Field::ALL.len());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_errors_point_into_the_text(text in "\\PC{0,60}") {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            error.pointer(&text);
        }
        for cursor in 0..=text.len() {
            complete(&text, cursor);
        }
    }

    #[test]
    fn what_looks_like_a_filter_never_panics(words in prop::collection::vec(
        prop::sample::select(vec!["sess.mode", "tcp.port", "ip.addr", "sess.start", "frame.number", "==", "!=", "in", "{", "}", "..", ",", "(", ")",
            "!", "&&", "or", "PORT", "21", "10.0.0.0/8", "\"a\\\"", "\"x\"", "2026-04-12", "contains", "matches", "-1", "99999999999999999999"]), 0..14)) {
        let text = words.join(" ");
        if let Ok(filter) = Filter::parse(&text) {
            filter.matches(&session());
        }
        complete(&text, text.len());
    }

    #[test]
    fn negation_is_the_opposite(port in any::<u16>(), name in prop::sample::select(vec!["tcp.port", "data.port", "sess.client.port"])) {
        let session = session();
        let yes = Filter::parse(&format!("{name} == {port}")).unwrap().matches(&session);
        prop_assert_eq!(Filter::parse(&format!("!({name} == {port})")).unwrap().matches(&session), !yes);
        prop_assert_eq!(Filter::parse(&format!("{name} != {port}")).unwrap().matches(&session), !yes);
        prop_assert_eq!(Filter::parse(&format!("{name} in {{{port}}}")).unwrap().matches(&session), yes);
    }
}
