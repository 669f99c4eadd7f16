use proptest::prelude::*;

use super::*;

fn parsed(line: &str) -> (String, Option<String>) {
    let (verb, argument) = parse_command(line.as_bytes());
    (verb.name().to_owned(), argument.map(|argument| String::from_utf8_lossy(argument).into_owned()))
}

#[test]
fn one_space_separates_verb_and_argument_and_all_other_blanks_are_the_arguments() {
    let cases = [
        ("RETR a.bin", "RETR", Some("a.bin")),
        ("retr  a  b ", "RETR", Some(" a  b ")),
        ("  PASV", "PASV", None),
        ("  PASV  ", "PASV", Some(" ")),
        ("\t CWD\tx y", "CWD", Some("x y")),
        ("PASS ", "PASS", None),
        ("NOOP", "NOOP", None),
        ("EPSV ALL", "EPSV", Some("ALL")),
        ("", "", None),
        ("   ", "", None),
    ];
    for (line, verb, argument) in cases {
        assert_eq!(parsed(line), (verb.to_owned(), argument.map(str::to_owned)), "{line:?}");
    }
}

#[test]
fn a_verb_inside_an_argument_or_another_word_is_no_verb() {
    assert_eq!(parsed("USER portman").0, "USER");
    assert_eq!(parsed("RETR PASS.txt").0, "RETR");
    assert_eq!(parsed("RETR_X").0, "RETR_X");
    assert_eq!(parsed("PORT10,0,0,1,4,5").1, None);
}

#[test]
fn a_line_is_plausible_where_its_verb_is_known() {
    for line in ["PASV", "port 1,2,3,4,5,6", " XPWD ", "Mlsd /", "EPRT |1|10.0.0.1|5|"] {
        assert!(is_plausible_command(line.as_bytes()), "{line:?}");
    }
    for line in ["", "GET / HTTP/1.1", "bc.bin", "2,195,80", "PASVx", "EHLO host", "PASS.txt"] {
        assert!(!is_plausible_command(line.as_bytes()), "{line:?}");
    }
}

#[test]
fn epsv_all_is_a_promise_and_anything_else_a_negotiation() {
    assert_eq!(epsv_argument(Some(b"all ")), EpsvArgument::All);
    for argument in [None, Some(&b"1"[..]), Some(b"2"), Some(b"ALLES"), Some(b" ")] {
        assert_eq!(epsv_argument(argument), EpsvArgument::Negotiation);
    }
}

#[test]
fn auth_names_a_mechanism_by_any_of_its_names() {
    for argument in ["TLS", "tls", "TLS-C", "TLS-P", "SSL", " TLS "] {
        assert_eq!(auth_mechanism(Some(argument.as_bytes())), Some(AuthMechanism::Tls), "{argument:?}");
    }
    assert_eq!(auth_mechanism(Some(b"GSSAPI")), Some(AuthMechanism::Gssapi));
    assert_eq!(auth_mechanism(Some(b"KERBEROS_V4")), Some(AuthMechanism::Gssapi));
    for argument in [None, Some(&b""[..]), Some(b"PLAIN"), Some(b"TLS x"), Some(b"LOGIN")] {
        assert_eq!(auth_mechanism(argument), None);
    }
}

proptest! {
    #[test]
    fn any_line_has_a_verb_without_blanks(line in prop::collection::vec(any::<u8>(), 0..40)) {
        let (verb, argument) = parse_command(&line);
        prop_assert!(!verb.name().contains([' ', '\t']));
        prop_assert!(argument.is_none_or(|argument| line.ends_with(argument) && !argument.is_empty()));
    }
}
