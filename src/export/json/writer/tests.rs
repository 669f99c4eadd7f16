use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::escape::{escape, is_escaped};
use super::*;
use crate::base::is_unprintable;
use crate::export::fixture::sample_report;
use crate::report::Report;

fn written(value: &(impl Serialize + ?Sized)) -> String {
    let mut json = Writer::default();
    json.value(value).unwrap();
    String::from_utf8(json.bytes).unwrap()
}

#[derive(Serialize)]
struct Sample<'a> {
    text: &'a str,
    letter: char,
    number: u64,
    fraction: f64,
    maybe: Option<bool>,
    list: &'a [String],
}

proptest! {
    #[test]
    fn any_value_reads_back_unchanged(
        text in "(?s)[\\x00-\\x7f]{0,24}|.{0,24}",
        letter: char,
        number: u64,
        fraction: f64,
        maybe: Option<bool>,
        list in prop::collection::vec("(?s).{0,12}", 0..4),
    ) {
        let sample = Sample { text: &text, letter, number, fraction, maybe, list: &list };
        let want = serde_json::json!({
            "text": text, "letter": letter, "number": number, "fraction": fraction, "maybe": maybe, "list": list,
        });
        let want: Value = serde_json::from_str(&want.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&written(&sample)).unwrap(), want);
    }
}

proptest! {
    #[test]
    fn any_number_reads_as_the_standard_library_says(
        any: f64,
        nanoseconds in prop_oneof![0..2_000_000_000_000_000_u64, 0..2_000_000_000_u64],
        zeros in 0..9_u32,
    ) {
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        let round = nanoseconds / 10_u64.pow(zeros) * 10_u64.pow(zeros);
        let neighbours = [seconds(nanoseconds).next_up(), seconds(round).next_down()];
        for number in [any, seconds(nanoseconds), seconds(round)].into_iter().chain(neighbours) {
            if number.is_finite() {
                prop_assert_eq!(written(&number), format!("{number:?}"));
            }
        }
    }
}

#[test]
fn numbers_at_the_edges_read_as_the_standard_library_says() {
    for number in [
        0.0,
        -0.0,
        1e-9,
        0.001,
        0.001_000_1,
        0.1,
        0.3,
        0.1 + 0.2,
        1.0,
        1.5,
        999_999.999_999_999,
        1e6,
        1e16,
        -1.5,
    ] {
        assert_eq!(written(&number), format!("{number:?}"));
    }
}

#[test]
fn characters_to_escape_are_found_at_every_position() {
    for length in 1..20 {
        for place in 0..length {
            for byte in 0..0x7f_u8 {
                let mut text = vec![b'~'; length];
                text[place] = byte;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(written(&text), serde_json::to_string(&text).unwrap(), "{text:?}");
            }
        }
    }
}

#[test]
fn characters_a_terminal_might_act_on_are_escaped_and_read_back_the_same() {
    for text in ["\u{7f}", "a\u{9b}31m", "\u{202e}cba", "\u{2066}", "é\u{e0041}", "12345678\u{200f}"] {
        let ours = written(&text);
        assert!(!ours.contains(is_unprintable), "{ours}");
        assert_eq!(serde_json::from_str::<String>(&ours).unwrap(), text);
    }
    assert_eq!(written(&"é→漢字🦀 stays"), "\"é→漢字🦀 stays\"");
}

proptest! {
    #[test]
    fn each_character_is_escaped_or_copied_whatever_its_neighbours(
        characters in prop::collection::vec(prop_oneof![
            4 => prop::char::range(' ', '~'),
            2 => prop::char::range('\u{0}', '\u{a0}'),
            1 => prop::char::range('\u{2000}', '\u{2070}'),
            1 => any::<char>(),
        ], 0..40),
    ) {
        let mut want = b"\"".to_vec();
        for &character in &characters {
            if is_escaped(character) {
                escape(&mut want, character);
            } else {
                want.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        want.push(b'"');
        let text: String = characters.iter().collect();
        prop_assert_eq!(written(&text).into_bytes(), want);
    }
}

#[test]
fn numbers_that_json_lacks_are_null() {
    assert_eq!(written(&vec![f64::NAN, f64::INFINITY]), "[null,null]");
}

#[test]
fn lists_and_objects_may_be_empty_and_nested() {
    #[derive(Serialize)]
    struct Nested {
        none: Vec<u64>,
        lists: [Vec<u64>; 2],
    }
    let nested = Nested { none: Vec::new(), lists: [vec![1], Vec::new()] };
    assert_eq!(written(&nested), r#"{"none":[],"lists":[[1],[]]}"#);
    assert_eq!(written(&Vec::<u64>::new()), "[]");
}

#[test]
fn reports_have_the_members_and_values_that_serde_json_writes() {
    for report in [sample_report(), Report::default()] {
        let ours: Value = serde_json::from_str(&written(&report)).unwrap();
        assert_eq!(ours, serde_json::to_value(&report).unwrap());
        // A `Value` doesn't keep the order of members.
        assert_eq!(member_names(&written(&report)), member_names(&serde_json::to_string(&report).unwrap()));
    }
}

/// The names of all members, in order.
fn member_names(json: &str) -> Vec<&str> {
    json.split("\":").filter_map(|before| before.rsplit('"').next()).collect()
}
