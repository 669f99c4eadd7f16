use super::*;
use crate::report::ContentKind as Kind;

#[track_caller]
fn check(cases: &[(&[u8], Kind)]) {
    for (head, kind) in cases {
        let sniffed = sniff(head);
        assert_eq!(sniffed.kind, Some(*kind), "{}", String::from_utf8_lossy(head));
        assert_eq!(sniffed.mime, kind.mime());
    }
}

#[test]
fn text_is_not_taken_for_an_image_or_a_program_whose_mark_is_two_letters() {
    for text in [&b"BM-2026.txt\r\nMZ.txt\r\n"[..], b"MZ is a mark\n", b"II* and so on", b"Of %PDF files\n"] {
        let sniffed = sniff(text);
        assert_eq!((sniffed.mime, sniffed.binary), (Some("text/plain"), false), "{text:?}");
    }
    assert_eq!(sniff(b"BM\x36\0\x0c\0").mime, Some("image/bmp"));
}

#[test]
fn text_that_bears_a_mark_is_of_that_kind() {
    for (text, mime) in [
        (&b"<!DOCTYPE html>\n"[..], "text/html"),
        (b" \n<html >", "text/html"),
        (b"<?xml version=\"1.0\"?>", "text/xml"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "text/xml"),
        (b"#!/bin/sh\n", "text/x-shellscript"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%!PS-Adobe-3.0\n", "application/postscript"),
        (b"{\\rtf1\\ansi", "application/rtf"),
        (b"# a comment\n", "text/plain"),
    ] {
        assert_eq!(sniff(text).mime, Some(mime));
    }
}

#[test]
fn an_ole_file_is_not_taken_for_a_document_that_its_first_bytes_cannot_tell() {
    let head = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 504]].concat();
    let sniffed = sniff(&head);
    assert_eq!((sniffed.mime, sniffed.binary), (Some(OLE), true));
}

#[test]
fn nothing_is_of_no_kind() {
    let sniffed = sniff(b"");
    assert_eq!((sniffed.mime, sniffed.kind, sniffed.binary), (None, None, false));
}

#[test]
fn messages_between_firms_are_known_by_their_first_segment() {
    let isa: &[u8] = b"ISA*00*          *00*          *ZZ*SENDERID       *ZZ*RECEIVERID     *240112*1305*U*00401*000000001*0*P*>~\n";
    check(&[
        (b"UNA:+.? '\r\nUNB+UNOA:1+SENDER+RECEIVER+240112:1305+1'", Kind::Edifact),
        (b"UNB+UNOC:3+SENDER+RECEIVER+240112:1305+1'", Kind::Edifact),
        (isa, Kind::X12),
        (b"{1:F01BANKBEBBAXXX2222123456}{2:I103BANKDEFFXXXXN}{4:\r\n:20:REF\r\n-}", Kind::SwiftMt),
        (b"UNANIMOUS they were\n", Kind::UnixText),
        (b"UNB is a code\n", Kind::UnixText),
        (b"ISA*is not a segment\n", Kind::UnixText),
        (b"{1: a list}\n", Kind::UnixText),
    ]);
}

#[test]
fn xml_is_known_with_and_without_a_declaration() {
    check(&[
        (b"<?xml version=\"1.0\"?><a/>", Kind::Xml),
        (
            b"<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03\">",
            Kind::Iso20022,
        ),
        (b"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">", Kind::Iso20022),
        (b"<order xmlns=\"urn:x\">", Kind::Xml),
        (b"<note> to self\n", Kind::UnixText),
    ]);
}

#[test]
fn json_is_what_can_go_on_as_json() {
    check(&[
        (b"{\"a\": [1, -2.5e3, true, null, \"x\\\"y\"], \"b\": {}}\n", Kind::Json),
        (b"[1, 2, 3]", Kind::Json),
        (b"{\"cut\": \"in the mid", Kind::Json),
        (b"{\"cut\": tr", Kind::Json),
        (b"{\"a\": 1}\n{\"a\": 2}\n", Kind::JsonLines),
        (b"[note] see below\n", Kind::UnixText),
        (b"[1] a reference\n", Kind::UnixText),
        (b"[1, 2] two of them\n", Kind::UnixText),
        (b"{a: 1}\n", Kind::UnixText),
        (b"{}", Kind::Text),
        (b"{\"a\": 1]", Kind::Text),
        (b"{\"a\" 1}", Kind::Text),
        (b"[section]\nkey=value\n", Kind::UnixText),
    ]);
    let deep = [b'['; 512];
    check(&[(&deep, Kind::Text)]);
}

#[test]
fn a_table_has_as_many_separators_on_every_line() {
    check(&[
        (b"id,name,city\r\n1,Ann,Rome\r\n2,\"B, C\",Oslo\r\n3,cut o", Kind::Csv),
        (b"id;amount\n1;2,50\n2;3,50\n", Kind::Csv),
        (b"id\tname of it\n1\ta b\n2\tc d\n", Kind::Tsv),
        (b"a,b\n1,2\n3,4\n", Kind::Csv),
    ]);
}

#[test]
fn what_may_be_prose_or_a_program_is_no_table() {
    check(&[
        (b"Dear all,\nplease read, and reply,\nthanks, Ann\n", Kind::UnixText),
        (b"One, two, three\nfour, five, six\nseven, eight, nine\n", Kind::UnixText),
        (
            b"2024-01-12 13:05:00,123 up\n2024-01-12 13:05:01,456 down\n2024-01-12 13:05:02,789 up\n",
            Kind::UnixText,
        ),
        (b"call(a,b,c);\ncall(d,e,f);\ncall(g,h,i);\n", Kind::UnixText),
        (b"a,b,c\n1,2,3\n", Kind::UnixText),
        (b"a,b,c\n1,2,3\n4,5\n", Kind::UnixText),
    ]);
}

#[test]
fn armour_and_the_first_packet_tell_what_is_encrypted() {
    check(&[
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEM", Kind::PgpMessage),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", Kind::PgpKeys),
        (b"-----BEGIN PGP SIGNATURE-----\n", Kind::PgpSignature),
        (b"-----BEGIN PKCS7-----\n", Kind::Pkcs7),
        (b"-----BEGIN A STORY-----\n", Kind::UnixText),
        (b"\x85\x01\x0c\x03\x01\x02\x03\x04\x05\x06\x07\x08\x01\x07\xff", Kind::PgpMessage),
        (b"\x8c\x0d\x04\x09\x03\x08\x00\x01\x02\x03\x04\x05\x06\x07\x60", Kind::PgpMessage),
        (b"\x30\x82\x05\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0", Kind::Pkcs7),
        (b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80", Kind::Pkcs7),
    ]);
    assert!(sniff(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80").binary);
    assert_eq!(sniff(b"\x85\x01\x0c\x07\x01\x02\x03\x04\x05\x06\x07\x08\x01\x07\xff").kind, None);
    assert_eq!(sniff(b"\x30\x82\x05\x00\x02\x01\x00\x30").kind, None, "a key");
}

/// Letters, digits, spaces and line ends in the code page of the United States.
fn ebcdic(text: &str) -> Vec<u8> {
    let byte = |character: u8| match character {
        b'A'..=b'I' => character - b'A' + 0xc1,
        b'J'..=b'R' => character - b'J' + 0xd1,
        b'S'..=b'Z' => character - b'S' + 0xe2,
        b'a'..=b'i' => character - b'a' + 0x81,
        b'j'..=b'r' => character - b'j' + 0x91,
        b's'..=b'z' => character - b's' + 0xa2,
        b'0'..=b'9' => character - b'0' + 0xf0,
        b'\n' => 0x15,
        b'.' => 0x4b,
        _ => 0x40,
    };
    text.bytes().map(byte).collect()
}

#[test]
fn ebcdic_is_known_by_which_bytes_occur() {
    let fixed = format!("{:<80}{:<80}", "00010 IDENTIFICATION DIVISION.", "00020 PROGRAM ID. PAYROLL.");
    check(&[
        (&ebcdic("Dear all\nthe payroll of May is done.\nAnn\n"), Kind::EbcdicText),
        (&ebcdic(&fixed), Kind::EbcdicText),
    ]);
    assert!(!sniff(&ebcdic(&fixed)).binary);
}

#[test]
fn other_texts_beyond_ascii_are_no_ebcdic() {
    let cyrillic: Vec<u8> = (0..200_u8).map(|at| if at % 6 == 5 { b' ' } else { 0xc0 + at % 32 }).collect();
    let noise: Vec<u8> = (0..=255_u8).cycle().step_by(7).take(512).collect();
    for head in
        [&cyrillic[..], "文字ばかりの文章です。改行もありません。文字ばかりの文章です。".as_bytes(), &noise]
    {
        assert_ne!(sniff(head).kind, Some(Kind::EbcdicText));
    }
}

#[test]
fn line_ends_tell_texts_of_systems_apart() {
    check(&[
        (b"a\r\nb\r\n", Kind::DosText),
        (b"a\nb\n", Kind::UnixText),
        (b"a\r\nb\n", Kind::MixedText),
        (b"a", Kind::Text),
    ]);
}

proptest::proptest! {
    #[test]
    fn whatever_the_first_bytes_are_something_is_said_of_them(
        head in proptest::collection::vec(proptest::num::u8::ANY, 0..512),
        text in "[ -~\n]{0,200}",
        mark in proptest::sample::select(vec![&b""[..], b"{\"a\":", b"[", b"ISA*", b"UNA", b"<a xmlns", b"\x30\x82", b"\x85"]),
    ) {
        sniff(&[mark, &head[..]].concat());
        let sniffed = sniff(&[mark, text.as_bytes()].concat());
        if mark.is_ascii() && !text.is_empty() {
            proptest::prop_assert!(sniffed.mime.is_some());
        }
    }
}
