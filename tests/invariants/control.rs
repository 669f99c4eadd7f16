//! What holds for the language of the control connection, whatever the bytes.
//!
//! The input begins with one byte of settings and one that says how the rest, a stream, is cut into pieces.

use std::net::IpAddr;

use ftpscope::base::{FrameNumber, Limits, PacketRef, Printable, Text, Timestamp};
use ftpscope::ftp::{
    self, Assembled, ControlLine, HostPort, LineEnd, LineSplitter, Party, Plausible, ReplyAssembler, Verb,
    WorkingDirectory,
};

/// A line as it does not depend on packets.
#[derive(Debug, PartialEq)]
struct Line {
    text: Vec<u8>,
    end: LineEnd,
    span: (u64, u64),
    oversized: bool,
}

/// A reply, or a line that is none.
#[derive(Debug, PartialEq)]
enum Heard {
    Reply(u16, Text, bool),
    Garbage(String),
}

fn limits(settings: u8) -> Limits {
    if settings & 2 == 0 {
        return Limits::default();
    }
    Limits { line_length: 40, reply_lines: 4, reply_bytes: 100, ..Limits::default() }
}

/// What a splitter and an assembler make of a stream that comes in pieces.
fn read(
    stream: &[u8],
    party: Party,
    limits: &Limits,
    mut piece: impl FnMut() -> usize,
) -> (Vec<Line>, Vec<Heard>) {
    let mut splitter = LineSplitter::new(party, limits);
    let mut assembler = ReplyAssembler::new(limits);
    let (mut lines, mut heard) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut take = |line: ControlLine<'_>| {
        assert!(line.text.len() <= limits.line_length, "a line of {} bytes", line.text.len());
        assert!(line.start_offset < line.end_offset, "a line without bytes");
        assert!(line.end_offset <= stream.len() as u64);
        lines.push(Line {
            text: line.text.to_vec(),
            end: line.layout.end,
            span: (line.start_offset, line.end_offset),
            oversized: line.oversized.is_some(),
        });
        if party == Party::Server {
            assembler.push(&line, &mut |item| heard.push(kept(item)));
        }
    };
    let mut frame = 0;
    while at < stream.len() {
        let length = piece().clamp(1, stream.len() - at);
        frame += 1;
        let packet =
            PacketRef { time: Timestamp::from_nanos(frame), frame: FrameNumber(frame.cast_unsigned()) };
        splitter.push(&stream[at..at + length], at as u64, packet, true, &mut take);
        at += length;
    }
    splitter.finish(&mut take);
    assembler.finish(&mut |item| heard.push(kept(item)));
    (lines, heard)
}

fn kept(item: Assembled) -> Heard {
    match item {
        Assembled::Reply(reply) => Heard::Reply(reply.code, reply.text, reply.truncated),
        Assembled::Garbage(line) => Heard::Garbage(format!("{:?}", line.text)),
    }
}

/// Whatever the bytes: no panic, limits hold, lines lie one behind the other, how the stream is cut makes no
/// difference, nothing printable is a control character, and an endpoint that was read reads the same when
/// written down.
pub(crate) fn hold(input: &[u8]) {
    let [settings, cut, stream @ ..] = input else { return };
    let party = if settings & 1 == 0 { Party::Client } else { Party::Server };
    let limits = limits(*settings);
    let whole = read(stream, party, &limits, || usize::MAX);
    let mut state = u32::from(*cut) | 1;
    let pieces = read(stream, party, &limits, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (state >> 16) as usize % (1 + usize::from(*cut))
    });
    assert_eq!(pieces, whole, "cut into pieces");
    let (lines, heard) = whole;
    for pair in lines.windows(2) {
        assert!(pair[0].span.1 <= pair[1].span.0, "lines overlap: {pair:?}");
    }
    for line in &lines {
        command(&line.text);
    }
    for item in &heard {
        if let Heard::Reply(code, text, _) = item {
            assert!(*code <= 999, "{code}");
            assert!(
                text.raw().len() <= 2 * limits.reply_bytes.max(limits.line_length),
                "{}",
                text.raw().len()
            );
            assert!(text.raw().matches('\n').count() <= limits.reply_lines);
            reply(*code, text.raw());
        }
    }
    plausibility(stream);
    printable(&Text::from_wire(stream));
}

/// Reads a line as a command with any argument.
fn command(line: &[u8]) {
    let (verb, argument) = ftp::parse_command(line);
    assert!(verb.name().bytes().all(|byte| !byte.is_ascii_lowercase()), "{verb:?}");
    printable(&Text::from_wire(verb.name().as_bytes()));
    let _ = ftp::epsv_argument(argument);
    let _ = ftp::auth_mechanism(argument);
    for code in [150, 200, 226, 331, 425, 550, 999] {
        let _ = ftp::may_answer(&verb, code);
    }
    for verb in [verb, Verb::Port, Verb::Eprt, Verb::Lprt, Verb::Pasv] {
        if let Some(endpoint) = ftp::active_argument(&verb, argument) {
            written_reads_the_same(endpoint);
        }
    }
    let text = Text::from_wire(argument.unwrap_or_default());
    let text = text.raw();
    let _ = (ftp::type_argument(text), ftp::structure_argument(text), ftp::mode_argument(text));
    let _ = (ftp::restart_argument(text), ftp::listing_path(Some(text)));
    let mut directory = WorkingDirectory::default();
    directory.enter(Some(text));
    directory.enter(Some("sub"));
    directory.leave();
    let _ = (directory.resolve(Some(text)), ftp::join(Some("/a/b"), text), ftp::join(None, text));
}

/// Runs every parser of replies on one reply.
fn reply(code: u16, text: &str) {
    for code in [code, 227, 228, 229] {
        if let Some(endpoint) = ftp::passive_reply(code, text) {
            written_reads_the_same(endpoint);
        }
    }
    let _ = (ftp::announced_size(text), ftp::size_reply(text), ftp::mlst_facts(text), ftp::mlst_reply(text));
    let _ = (ftp::protocols_522(text), ftp::quoted_path(text), ftp::stou_name(text));
    for feature in ftp::features(text) {
        printable(&feature);
    }
    if let Some(system) = ftp::system_name(text) {
        printable(&system);
    }
    let mut directory = WorkingDirectory::default();
    directory.reported(text);
    let _ = directory.resolve(Some(text));
}

fn written_reads_the_same(endpoint: HostPort) {
    assert_ne!(endpoint.port, 0, "port 0 is no endpoint");
    let [high, low] = endpoint.port.to_be_bytes();
    let again = match endpoint.ip {
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            ftp::port_argument(format!("{a},{b},{c},{d},{high},{low}").as_bytes())
        }
        Some(IpAddr::V6(ip)) => ftp::eprt_argument(format!("|2|{ip}|{}|", endpoint.port).as_bytes()),
        None => ftp::epsv_reply(&format!("Entering Extended Passive Mode (|||{}|)", endpoint.port)),
    };
    assert_eq!(again, Some(endpoint));
}

/// More bytes of a first line never turn a no into a yes, nor a yes into a no.
fn plausibility(stream: &[u8]) {
    let Some(length) = stream.iter().position(|&byte| byte == b'\n') else { return };
    let line = &stream[..=length.min(300)];
    for judge in [ftp::command_plausibility, ftp::reply_plausibility] {
        let whole = judge(line);
        for length in 0..line.len() {
            let part = judge(&line[..length]);
            assert!(part == Plausible::NeedMore || part == whole, "{part:?} at {length}, then {whole:?}");
        }
    }
}

fn printable(text: &Text) {
    let shown = Printable(text.raw()).to_string();
    assert!(!shown.chars().any(char::is_control), "a control character is shown");
    assert!(
        !shown.contains(|character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    );
}
