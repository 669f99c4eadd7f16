use crate::base::FrameNumber;
use proptest::prelude::*;

use super::*;

/// A line as the tests see it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    text: String,
    end: LineEnd,
    split: bool,
    leads: bool,
    frame: u64,
    span: (u64, u64),
    cut_in: Option<u64>,
}

/// What a peer's stream holds, piece by piece; each segment is the frame of its place in the list, from 1 on.
enum Piece<'a> {
    Segment(&'a [u8]),
    /// More bytes of the segment before.
    Same(&'a [u8]),
    Gap(u64),
}

fn read(party: Party, limit: usize, pieces: &[Piece<'_>], finish: bool) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut sink = |line: ControlLine<'_>| {
        seen.push(Seen {
            text: line.text.escape_ascii().to_string(),
            end: line.layout.end,
            split: line.layout.split,
            leads: line.layout.leads_segment,
            frame: line.packet.frame.0,
            span: (line.start_offset, line.end_offset),
            cut_in: line.oversized.map(|packet| packet.frame.0),
        });
    };
    let limits = Limits { line_length: limit, ..Limits::default() };
    let mut splitter = LineSplitter::new(party, &limits);
    let (mut offset, mut frame) = (0, 0);
    for piece in pieces {
        frame += u64::from(!matches!(piece, Piece::Same(_)));
        let packet = PacketRef { frame: FrameNumber(frame), ..PacketRef::default() };
        match piece {
            Piece::Segment(bytes) | Piece::Same(bytes) => {
                splitter.push(bytes, offset, packet, matches!(piece, Piece::Segment(_)), &mut sink);
                offset += bytes.len() as u64;
            }
            Piece::Gap(length) => {
                splitter.gap();
                offset += length;
            }
        }
    }
    if finish {
        splitter.finish(&mut sink);
    }
    seen
}

/// The lines of a client whose segments these are.
fn segments(segments: &[&[u8]]) -> Vec<Seen> {
    read(Party::Client, 64, &segments.iter().map(|bytes| Piece::Segment(bytes)).collect::<Vec<_>>(), true)
}

fn texts(bytes: &[u8]) -> Vec<String> {
    segments(&[bytes]).into_iter().map(|line| line.text).collect()
}

#[test]
fn several_lines_of_one_segment_are_told_apart_by_their_ends_and_places() {
    let seen = segments(&[b"TYPE I\r\nPWD\nQUIT"]);
    let facts: Vec<_> =
        seen.iter().map(|line| (line.text.as_str(), line.end, line.leads, line.span)).collect();
    assert_eq!(
        facts,
        [
            ("TYPE I", LineEnd::CrLf, true, (0, 8)),
            ("PWD", LineEnd::Lf, false, (8, 12)),
            ("QUIT", LineEnd::None, false, (12, 16)),
        ]
    );
    assert!(seen.iter().all(|line| !line.split && line.frame == 1));
}

#[test]
fn a_line_cut_anywhere_is_whole_again_and_belongs_to_the_packet_that_ends_it() {
    let line = b"227 x (10,0,0,2,195,80)\r\n";
    for at in 1..line.len() {
        let (head, tail) = line.split_at(at);
        let seen = segments(&[head, tail]);
        assert_eq!(seen.len(), 1, "cut at {at}");
        assert_eq!(seen[0].text, "227 x (10,0,0,2,195,80)");
        assert_eq!(
            (seen[0].end, seen[0].split, seen[0].leads, seen[0].frame),
            (LineEnd::CrLf, true, true, 2)
        );
        assert_eq!(seen[0].span, (0, line.len() as u64));
    }
}

#[test]
fn pieces_of_one_segment_do_not_split_a_line() {
    let seen = read(Party::Client, 64, &[Piece::Segment(b"PA"), Piece::Same(b"SV\r\nNOOP\r\n")], true);
    assert!(seen.iter().all(|line| !line.split));
    assert_eq!(seen.iter().map(|line| line.leads).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn the_packet_of_a_line_is_its_latest_even_where_an_earlier_piece_came_last() {
    let mut frames = Vec::new();
    let mut splitter = LineSplitter::new(Party::Client, &Limits::default());
    let mut sink = |line: ControlLine<'_>| frames.push((line.packet.frame.0, line.layout.split));
    for (bytes, offset, frame) in [(&b"NO"[..], 0, 9), (b"OP\r\n", 2, 7)] {
        splitter.push(
            bytes,
            offset,
            PacketRef { frame: FrameNumber(frame), ..PacketRef::default() },
            true,
            &mut sink,
        );
    }
    assert_eq!(frames, [(9, true)]);
}

#[test]
fn blank_lines_and_blanks_are_kept_as_they_are() {
    assert_eq!(texts(b"\r\n   \r\n  PASV  \r\n"), ["", "   ", "  PASV  "]);
}

#[test]
fn a_carriage_return_inside_a_line_stays_and_the_nul_behind_it_goes() {
    assert_eq!(texts(b"RETR a\rb\r\n"), [r"RETR a\rb"]);
    assert_eq!(texts(b"RETR a\r\0b\r\n"), [r"RETR a\rb"]);
    assert_eq!(texts(b"RETR a\r\r\n"), [r"RETR a\r"]);
    assert_eq!(texts(b"RETR a\r\0\n"), [r"RETR a\r"]);
    assert_eq!(texts(b"RETR nul\0inside\r\n"), [r"RETR nul\x00inside"]);
    assert_eq!(texts(b"QUIT\r"), ["QUIT"]);
}

#[test]
fn telnet_commands_are_no_part_of_a_line() {
    let cases: &[(&[u8], &[&str])] = &[
        // Interrupt process and data mark before ABOR, as RFC 959 has it.
        (b"\xff\xf4\xff\xf2ABOR\r\n", &["ABOR"]),
        // The data mark went out of band and is not in the stream.
        (b"\xff\xf4\xffABOR\r\n", &["ABOR"]),
        (b"US\xff\xfb\x18ER bob\r\n", &["USER bob"]),
        (b"\xff\xf1NOOP\xff\xf1\r\xff\xf1\n", &["NOOP"]),
        (b"\xff\xfe\x01\xff\xfc\x03", &[]),
        // Window size: 80 columns, 10 rows; the rows are no line end.
        (b"\xff\xfa\x1f\0\x50\0\x0a\xff\xf0SYST\r\n", &["SYST"]),
        (b"\xff\xfa\x1f\xff\xff\xff\xf0SYST\r\n", &["SYST"]),
        // Doubled, it is itself.
        (b"RETR a\xff\xffb\r\n", &[r"RETR a\xffb"]),
        (b"\xff\xffx\r\n", &[r"\xffx"]),
        // Not doubled, it is itself as well, once a line has begun.
        (b"RETR \xff.txt\r\n", &[r"RETR \xff.txt"]),
        (b"RETR a\xff\r\nNOOP\r\n", &[r"RETR a\xff", "NOOP"]),
        // No option swallows a line end.
        (b"RETR a\xff\xfb\r\nNOOP\r\n", &["RETR a", "NOOP"]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(texts(bytes), *expected, "{}", bytes.escape_ascii());
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let seen: Vec<String> = segments(&single).into_iter().map(|line| line.text).collect();
        assert_eq!(seen, *expected, "{} byte by byte", bytes.escape_ascii());
    }
}

#[test]
fn a_line_behind_telnet_commands_does_not_lead_its_segment() {
    assert!(!segments(&[b"\xff\xf4\xff\xf2ABOR\r\n"])[0].leads);
    let apart = &segments(&[b"\xff\xf4", b"\xff\xf2", b"ABOR\r\n"])[0];
    assert!(apart.leads && !apart.split);
    assert_eq!(apart.span, (4, 10));
}

#[test]
fn a_subnegotiation_without_an_end_does_not_swallow_the_dialogue() {
    let mut bytes = b"RETR a\xff\xfa".to_vec();
    bytes.extend([b'x'; SUBNEGOTIATION_BYTES]);
    bytes.extend(b"\r\nNOOP\r\n");
    assert_eq!(texts(&bytes).last().map(String::as_str), Some("NOOP"));
}

#[test]
fn a_line_beyond_the_limit_is_cut_and_its_rest_is_no_line() {
    let long = [b"RETR ".as_slice(), &[b'A'; 60], b"\rDELE x"].concat();
    let seen = segments(&[&long, b"DELE y\r\n", b"NOOP\r\n"]);
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].text, format!("RETR {}", "A".repeat(59)));
    assert_eq!((seen[0].cut_in, seen[0].frame, seen[0].end), (Some(1), 2, LineEnd::CrLf));
    assert_eq!(seen[0].span.1, long.len() as u64 + 8);
    assert_eq!((seen[1].text.as_str(), seen[1].cut_in), ("NOOP", None));
}

#[test]
fn a_line_of_exactly_the_limit_is_not_cut() {
    let line = [&[b'A'; 64][..], b"\r\n"].concat();
    assert_eq!(segments(&[&line])[0].cut_in, None);
    assert_eq!(segments(&[&line[..30], &line[30..]])[0].cut_in, None);
    let longer = [&[b'A'; 65][..], b"\n"].concat();
    assert_eq!(segments(&[&longer])[0].cut_in, Some(1));
}

#[test]
fn megabytes_without_an_end_are_held_no_further_than_the_limit() {
    let limits = Limits::default();
    let mut splitter = LineSplitter::new(Party::Client, &limits);
    let mut lines = Vec::new();
    let mut sink =
        |line: ControlLine<'_>| lines.push((line.text.len(), line.oversized.map(|packet| packet.frame.0)));
    for frame in 1..=5 * 1024 {
        let packet = PacketRef { frame: FrameNumber(frame), ..PacketRef::default() };
        splitter.push(&[b'A'; 1024], (frame - 1) * 1024, packet, true, &mut sink);
        assert!(splitter.text.capacity() <= 2 * limits.line_length);
    }
    splitter.finish(&mut sink);
    assert_eq!(lines, [(limits.line_length, Some(9))]);
}

fn around_gap(party: Party, before: &[u8], after: &[u8]) -> Vec<String> {
    let pieces = [Piece::Segment(before), Piece::Gap(10), Piece::Segment(after)];
    read(party, 64, &pieces, true).into_iter().map(|line| line.text).collect()
}

#[test]
fn a_gap_costs_the_line_begun_and_the_rest_of_one() {
    assert_eq!(around_gap(Party::Client, b"PWD\r\nRETR a", b"bc.bin\r\nNOOP\r\n"), ["PWD", "NOOP"]);
    assert_eq!(around_gap(Party::Server, b"227 x (10,0,", b"2,195,80)\r\n200 ok\r\n"), ["200 ok"]);
    assert_eq!(around_gap(Party::Server, b"", b"bytes).\r\n226-a\r\n"), ["226-a"]);
    assert_eq!(around_gap(Party::Client, b"RETR a", b"bc.bin"), Vec::<String>::new());
}

#[test]
fn a_line_that_begins_right_after_a_gap_is_kept() {
    assert_eq!(around_gap(Party::Client, b"PWD\r\n", b"pasv\r\nRETR a\r\n"), ["PWD", "pasv", "RETR a"]);
    assert_eq!(around_gap(Party::Client, b"PWD\r", b"\nRETR a\r\n"), ["RETR a"]);
    assert_eq!(around_gap(Party::Server, b"150 x", b"226 done\r\n"), ["226 done"]);
    assert_eq!(around_gap(Party::Server, b"211-x\r\n", b"211 End\r\n"), ["211-x", "211 End"]);
}

#[test]
fn a_gap_ends_a_telnet_command() {
    assert_eq!(around_gap(Party::Client, b"\xff\xfa\x01", b"NOOP\r\nPWD\r\n"), ["NOOP", "PWD"]);
}

/// Bytes in which what matters to the splitter is frequent.
fn control_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b'\r'), 3 => Just(b'\n'), 2 => Just(0_u8), 3 => Just(0xff_u8),
        2 => 240_u8..=254, 4 => b'A'..=b'D', 1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..120)
}

proptest! {
    #[test]
    fn the_same_bytes_make_the_same_lines_however_they_are_cut(
        bytes in control_bytes(),
        cuts in prop::collection::vec(1_usize..9, 0..120),
        limit in prop_oneof![Just(4_usize), Just(64)],
    ) {
        let strip = |seen: Vec<Seen>| {
            seen.into_iter().map(|line| (line.text, line.end, line.span, line.cut_in.is_some())).collect::<Vec<_>>()
        };
        let whole = strip(read(Party::Client, limit, &[Piece::Segment(&bytes)], true));
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts {
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            pieces.push(Piece::Segment(piece));
            rest = more;
        }
        pieces.push(Piece::Segment(rest));
        prop_assert_eq!(strip(read(Party::Client, limit, &pieces, true)), whole);
    }

    #[test]
    fn lines_follow_on_one_another_and_hold_no_line_end(bytes in control_bytes()) {
        let mut end = 0;
        for line in read(Party::Server, 64, &[Piece::Segment(&bytes)], true) {
            prop_assert!(line.span.0 >= end && line.span.1 > line.span.0);
            // The text is escaped: a backslash of the wire is two, and none of them begins a line feed.
            prop_assert!(!line.text.replace(r"\\", "").contains(r"\n"));
            end = line.span.1;
        }
        prop_assert!(end <= bytes.len() as u64);
    }

    #[test]
    fn plain_lines_come_out_as_they_went_in(lines in prop::collection::vec("[ -~]{0,40}", 0..8)) {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        let seen = segments(&[&bytes]);
        prop_assert_eq!(seen.iter().map(|line| line.text.replace(r"\\", r"\").replace(r"\'", "'").replace("\\\"", "\"")).collect::<Vec<_>>(), lines);
    }
}
