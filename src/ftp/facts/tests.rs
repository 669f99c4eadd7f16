use proptest::prelude::*;

use super::*;

#[test]
fn a_range_names_its_first_and_its_last_byte() {
    let cases = [
        ("0 99", Some((0, 100))),
        ("1000  1000 ", Some((1000, 1))),
        ("1 0", None),
        ("0 18446744073709551615", None),
        ("5", None),
        ("a b", None),
        ("", None),
    ];
    for (argument, expected) in cases {
        assert_eq!(range_argument(argument), expected, "{argument:?}");
    }
}

#[test]
fn a_preliminary_reply_announces_an_exact_size_in_bytes() {
    let cases = [
        ("Opening BINARY mode data connection for f (1234 bytes).", Some(1234)),
        ("Opening data connection for a.bin (3000 bytes)", Some(3000)),
        ("Opening data connection for 2024 (99 copies) 7.zip (1 byte).", Some(1)),
        ("Opening data connection for x (5 bytes) (7 bytes) using TLS", Some(7)),
        ("Opening data connection for f ( 12 Bytes )", Some(12)),
        ("Opening data connection for f (12 KB).", None),
        ("Opening data connection for f (1,234 bytes).", None),
        ("Opening data connection for f (-5 bytes).", None),
        ("Opening data connection for f (+5 bytes).", None),
        ("Opening data connection for f ( bytes).", None),
        ("Opening data connection for f (99999999999999999999999 bytes).", None),
        ("Opening data connection for f (5 bytes", None),
        ("Opening data connection.", None),
    ];
    for (text, expected) in cases {
        assert_eq!(announced_size(text), expected, "{text:?}");
    }
}

#[test]
fn a_213_states_a_size() {
    for (text, expected) in [
        ("1759", Some(1759)),
        (" 0 ", Some(0)),
        ("12 bytes", Some(12)),
        ("x", None),
        ("", None),
        ("-1", None),
    ] {
        assert_eq!(size_reply(text), expected, "{text:?}");
    }
}

#[test]
fn an_entry_has_facts_and_a_name() {
    let line =
        " Modify=20261122084121;Perm=adfrw;SIZE=9876;Type=File;Unique=1g2; up trailing  double  spaces.dat";
    let entry = mlst_facts(line).expect("an entry");
    assert_eq!((entry.size, entry.kind.as_deref()), (Some(9876), Some("file")));
    assert_eq!(&*entry.name, "up trailing  double  spaces.dat");
    let entry = mlst_facts("type=OS.unix=slink:/a;size=x;  b\r").expect("an entry");
    assert_eq!((entry.size, entry.kind.as_deref(), &*entry.name), (None, Some("os.unix=slink:/a"), " b"));
    for line in ["", " ", "End", "Listing /x:", "-rw-r--r-- 1 ftp ftp 5 Jan 1 x", "size=5;", "size=5; "] {
        assert_eq!(mlst_facts(line), None, "{line:?}");
    }
}

#[test]
fn the_entry_of_mlst_is_between_its_first_and_last_line() {
    let text = "Listing \"/a b\":\n modify=20261122084121;size=5;type=file; /a b\nEnd MLST.";
    assert_eq!(mlst_reply(text).and_then(|entry| entry.size), Some(5));
    assert_eq!(mlst_reply("no such file"), None);
}

#[test]
fn features_are_the_lines_in_between() {
    let listed = |text| features(text).iter().map(|feature| feature.raw().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        listed("Features:\n EPRT\n REST STREAM\n MLST type*;size*;modify*;\n\n  UTF8 \nEnd"),
        ["EPRT", "REST STREAM", "MLST type*;size*;modify*;", "UTF8"]
    );
    assert_eq!(listed("Features:\nMDTM\nSIZE\n"), ["MDTM", "SIZE"]);
    assert!(listed("No features").is_empty());
    assert!(listed("Features:\nEnd").is_empty());
    assert!(listed("").is_empty());
}

#[test]
fn a_522_offers_protocols() {
    let cases: &[(&str, &[u32])] = &[
        ("Network protocol not supported, use (1,2)", &[1, 2]),
        ("Extended Port Failure - unknown network protocol (1)", &[1]),
        ("Protocol (IPv6) not supported, use ( 1, 2 ).", &[1, 2]),
        ("Supported address families are (4, 6)", &[4, 6]),
        ("Use (1) (or not)", &[1]),
        ("Bad network protocol.", &[]),
        ("use ()", &[]),
        ("use (1,x)", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(protocols_522(text), *expected, "{text:?}");
    }
}

#[test]
fn type_puts_a_representation_in_force() {
    let cases = [
        ("A", Some("A")),
        ("a", Some("A")),
        ("A N", Some("A")),
        ("A T", Some("A")),
        ("a  c", Some("A")),
        ("I", Some("I")),
        (" i ", Some("I")),
        ("E", Some("E")),
        ("E N", Some("E")),
        ("L 8", Some("L 8")),
        ("l8", Some("L 8")),
        ("L 36", Some("L 36")),
        ("L", None),
        ("L 0", None),
        ("L x", None),
        ("I N", None),
        ("AN", None),
        ("A X", None),
        ("X", None),
        ("", None),
        ("é", None),
    ];
    for (argument, expected) in cases {
        assert_eq!(type_argument(argument).as_deref(), expected, "{argument:?}");
    }
}

#[test]
fn structure_and_mode_are_one_letter() {
    for (argument, structure, mode) in [
        ("F", Some('F'), None),
        (" r ", Some('R'), None),
        ("P", Some('P'), None),
        ("s", None, Some('S')),
        ("B", None, Some('B')),
        ("C", None, Some('C')),
        ("Z", None, Some('Z')),
        ("SB", None, None),
        ("", None, None),
        ("X", None, None),
    ] {
        assert_eq!(
            (structure_argument(argument), mode_argument(argument)),
            (structure, mode),
            "{argument:?}"
        );
    }
}

#[test]
fn rest_names_an_offset() {
    for (argument, expected) in [
        ("100", Some(100)),
        (" 0 ", Some(0)),
        ("", None),
        ("-1", None),
        ("1a", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(restart_argument(argument), expected, "{argument:?}");
    }
}

#[test]
fn syst_names_the_system() {
    assert_eq!(system_name(" UNIX Type: L8 ").as_ref().map(Text::raw), Some("UNIX Type: L8"));
    assert_eq!(system_name(" "), None);
}

proptest! {
    #[test]
    fn any_text_is_taken(text in prop_oneof![any::<String>(), "[ (),;=0-9abytes\n]{0,60}"]) {
        let _ = (announced_size(&text), size_reply(&text), mlst_reply(&text), type_argument(&text), system_name(&text));
        prop_assert!(features(&text).iter().all(|feature| !feature.is_empty() && !feature.raw().contains('\n')));
        prop_assert!(protocols_522(&text).len() <= text.len());
    }

    #[test]
    fn an_announced_size_is_read_whatever_the_name(name in "[a-z0-9 ().]{0,20}", size in any::<u64>()) {
        prop_assert_eq!(announced_size(&format!("Opening data connection for {name} ({size} bytes).")), Some(size));
    }
}
