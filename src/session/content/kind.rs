//! Of what kind a content is, by its first bytes.
//!
//! Most kinds bear a mark. Those that don't (JSON, CSV, EBCDIC) are named only where all of the first bytes fit:
//! what may be prose is text.

mod json;

use memchr::{memchr, memchr_iter, memmem};

use crate::report::ContentKind;

/// How far into a file the marks of its kind stand: those of tar, which end at 262, are the last.
const MARKS: usize = 264;

/// Word, Excel, PowerPoint and installers share this kind's mark, and differ beyond the first bytes.
const OLE: &str = "application/x-ole-storage";
/// What `infer` takes all of them for.
const GUESSED_OLE: &str = "application/msword";

/// What a stream's first bytes show of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Sniffed {
    /// The media type.
    pub(in crate::session) mime: Option<&'static str>,
    /// The kind, where that says more.
    pub(in crate::session) kind: Option<ContentKind>,
    /// Whether they are those of a file that a conversion of line ends would damage.
    pub(in crate::session) binary: bool,
}

/// What a stream's first bytes show.
pub(in crate::session) fn sniff(head: &[u8]) -> Sniffed {
    let is_text = is_text(head);
    // `infer` takes all of DER for certificates.
    if !is_text && let Some(kind) = binary(head) {
        return Sniffed { mime: kind.mime(), kind: Some(kind), binary: true };
    }
    // A list of files may begin with the two or three letters that mark an image or a program.
    let marked = if is_text && !may_be_marked_text(head) {
        None
    } else {
        infer::get(head.get(..MARKS).unwrap_or(head))
    };
    if let Some(marked) = marked {
        let mime = marked.mime_type();
        return Sniffed {
            mime: Some(if mime == GUESSED_OLE { OLE } else { mime }),
            kind: (mime == "text/xml").then(|| xml(head)),
            binary: !matches!(marked.matcher_type(), infer::MatcherType::Text),
        };
    }
    let kind = match is_ebcdic(head) {
        true => Some(ContentKind::EbcdicText),
        false if is_text => text(head),
        false => None,
    };
    let is_binary = kind.is_none() && head.contains(&0) && !is_utf_16(head);
    Sniffed { mime: kind.and_then(ContentKind::mime), kind, binary: is_binary }
}

/// The kind of text.
fn text(head: &[u8]) -> Option<ContentKind> {
    if head.is_empty() {
        return None;
    }
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let marked = match start.first() {
        Some(b'U') => start_of_edifact(start).then_some(ContentKind::Edifact),
        Some(b'I') => is_x12(start).then_some(ContentKind::X12),
        Some(b'{') if is_swift(start) => Some(ContentKind::SwiftMt),
        Some(b'{' | b'[') => json::kind(start),
        Some(b'<') => is_xml(start).then(|| xml(start)),
        Some(b'-') => armoured(start),
        Some(_) | None => None,
    };
    Some(marked.or_else(|| table(start)).unwrap_or_else(|| lines(head)))
}

/// `UNA` with the six characters that it defines and UNB, or `UNB` with the name of a syntax (ISO 9735).
fn start_of_edifact(start: &[u8]) -> bool {
    match start.get(..3) {
        Some(b"UNA") => start.get(9..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"UN")),
        Some(b"UNB") => start.get(4..7) == Some(b"UNO"),
        _ => false,
    }
}

/// An ISA segment has a fixed length: its separators stand where they must.
fn is_x12(start: &[u8]) -> bool {
    const SEPARATORS: [usize; 16] = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];
    let Some(&separator) = start.get(3) else { return false };
    start.starts_with(b"ISA")
        && !separator.is_ascii_alphanumeric()
        && SEPARATORS.iter().all(|&place| start.get(place) == Some(&separator))
}

/// A basic header block: `{1:F01BANKBEBBAXXX…}`.
fn is_swift(start: &[u8]) -> bool {
    matches!(start, [b'{', b'1', b':', b'A' | b'F' | b'L', b'0'..=b'9', b'0'..=b'9', bank, ..]
        if bank.is_ascii_uppercase())
}

/// A first tag in a namespace: text may begin with a word in angle brackets too.
fn is_xml(start: &[u8]) -> bool {
    let Some(end) = memchr(b'>', start) else { return false };
    let tag = start.get(1..end).unwrap_or_default();
    let is_name = tag.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_');
    is_name && memmem::find(tag, b" xmlns").is_some()
}

fn xml(head: &[u8]) -> ContentKind {
    let is_iso_20022 = memmem::find(head, b"urn:iso:std:iso:20022:").is_some();
    if is_iso_20022 { ContentKind::Iso20022 } else { ContentKind::Xml }
}

/// What the first line of an armour names (RFC 9580 section 6.2, RFC 7468).
fn armoured(start: &[u8]) -> Option<ContentKind> {
    let label = start.strip_prefix(b"-----BEGIN ")?;
    let label = label.get(..memmem::find(label, b"-----")?)?;
    match label {
        b"PGP MESSAGE" | b"PGP SIGNED MESSAGE" => Some(ContentKind::PgpMessage),
        b"PGP PUBLIC KEY BLOCK" | b"PGP PRIVATE KEY BLOCK" => Some(ContentKind::PgpKeys),
        b"PGP SIGNATURE" => Some(ContentKind::PgpSignature),
        b"PKCS7" | b"CMS" => Some(ContentKind::Pkcs7),
        _ => None,
    }
}

/// How the lines of a text end.
fn lines(head: &[u8]) -> ContentKind {
    let (mut dos, mut unix) = (false, false);
    for end in memchr_iter(b'\n', head) {
        let is_dos = end.checked_sub(1).and_then(|before| head.get(before)) == Some(&b'\r');
        (dos, unix) = (dos || is_dos, unix || !is_dos);
    }
    match (dos, unix) {
        (true, false) => ContentKind::DosText,
        (false, true) => ContentKind::UnixText,
        (true, true) => ContentKind::MixedText,
        (false, false) => ContentKind::Text,
    }
}

/// Whole lines that there must be to tell a table.
const ROWS: usize = 3;

/// A table of separated values: every line has as many separators as the first.
fn table(start: &[u8]) -> Option<ContentKind> {
    let first = start.get(..memchr(b'\n', start)?)?;
    [b'\t', b';', b',']
        .into_iter()
        .find(|&separator| memchr(separator, first).is_some() && is_table(start, separator))
        .map(|separator| if separator == b'\t' { ContentKind::Tsv } else { ContentKind::Csv })
}

/// What stands in prose and programs, but between the separators of a table only in quotes.
const ODD: &[u8] = b"(){}<>=";

fn is_table(text: &[u8], separator: u8) -> bool {
    let mut rows = 0_usize;
    let mut wanted = None;
    let mut has_spaces = false;
    // The last line may go on beyond the first bytes.
    let lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    for line in lines {
        let Some(found) = separators(line.trim_ascii_end(), separator) else { return false };
        has_spaces |= memchr(b' ', line).is_some();
        if *wanted.get_or_insert(found) != found {
            return false;
        }
        rows = rows.saturating_add(1);
    }
    // One comma a line occurs in verse and in logs.
    let least = if separator == b'\t' || !has_spaces { 1 } else { 2 };
    rows >= ROWS && wanted.is_some_and(|wanted| wanted >= least)
}

/// How many separators a line has outside quotes; none where it does not look like one of a table.
fn separators(line: &[u8], separator: u8) -> Option<usize> {
    let (mut found, mut quoted, mut behind) = (0_usize, false, false);
    for &byte in line {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if byte == separator => found = found.saturating_add(1),
            b' ' if behind => return None,
            _ if ODD.contains(&byte) => return None,
            _ => {}
        }
        behind = byte == separator && separator != b'\t';
    }
    (!quoted).then_some(found)
}

/// The kind of what is no text, where `infer` does not know its mark.
fn binary(head: &[u8]) -> Option<ContentKind> {
    if is_pkcs7(head) {
        Some(ContentKind::Pkcs7)
    } else if is_pgp(head) {
        Some(ContentKind::PgpMessage)
    } else {
        None
    }
}

/// A sequence that begins with the object identifier of a content of PKCS #7 (RFC 5652).
fn is_pkcs7(head: &[u8]) -> bool {
    const CONTENT: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    let ([0x30, 0x80, body @ ..]
    | [0x30, 0x81, _, body @ ..]
    | [0x30, 0x82, _, _, body @ ..]
    | [0x30, 0x83, _, _, _, body @ ..]
    | [0x30, 0x84, _, _, _, _, body @ ..]) = head
    else {
        return false;
    };
    body.strip_prefix(CONTENT).is_some_and(|rest| matches!(rest, [1..=6, ..]))
}

/// An encrypted message begins with the packet of a session key, encrypted by a public key or a password
/// (RFC 9580 section 5.1 and 5.3).
fn is_pgp(head: &[u8]) -> bool {
    let (by_password, body) = match head {
        [0x84, _, body @ ..]
        | [0x85, _, _, body @ ..]
        | [0xc1, ..=191, body @ ..]
        | [0xc1, 192..=223, _, body @ ..] => (false, body),
        [0x8c, _, body @ ..] | [0xc3, ..=191, body @ ..] => (true, body),
        _ => return false,
    };
    if by_password {
        matches!(body, [4, 1..=4 | 7..=13, 0 | 1 | 3, ..])
    } else {
        matches!(body, [3, _, _, _, _, _, _, _, _, 1 | 2 | 16 | 18 | 20 | 25, ..])
    }
}

/// Text in EBCDIC, by how often each byte occurs: letters and digits lie above all of ASCII, and the space
/// stands for `@` there.
fn is_ebcdic(head: &[u8]) -> bool {
    // Enough to count, and a first byte that is there what text begins with.
    if head.len() < 32 || !matches!(head.first(), Some(0x40 | 0x4b..=0x6f | 0x81..=0xe9 | 0xf0..=0xf9)) {
        return false;
    }
    let (mut letters, mut spaces, mut others) = (0_usize, 0_usize, 0_usize);
    for &byte in head {
        match byte {
            0x81..=0x89
            | 0x91..=0x99
            | 0xa2..=0xa9
            | 0xc1..=0xc9
            | 0xd1..=0xd9
            | 0xe2..=0xe9
            | 0xf0..=0xf9 => {
                letters = letters.saturating_add(1);
            }
            0x40 => spaces = spaces.saturating_add(1),
            // Punctuation, and line ends: NEL, LF and those that a conversion left.
            0x4b..=0x50 | 0x5a..=0x61 | 0x6b..=0x6f | 0x7a..=0x7f | 0x15 | 0x25 | 0x05 | 0x0d | 0x0a => {}
            // A space of ASCII is none in EBCDIC.
            0x20 => return false,
            _ => others = others.saturating_add(1),
        }
    }
    let percent = |part: usize| part.saturating_mul(100) / head.len().max(1);
    percent(others) <= 2 && percent(letters) >= 30 && percent(spaces) >= 4
}

/// Whether text begins as the kinds do that are marked and may be all text: HTML and XML, perhaps behind a
/// byte order mark, scripts, PDF, PostScript and RTF.
fn may_be_marked_text(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start(), [b'<' | b'#' | b'%' | b'{' | 0xef | 0xfe | 0xff, ..])
}

/// Text in any encoding that extends ASCII: no control characters but those of layout.
fn is_text(head: &[u8]) -> bool {
    // Without a branch for each byte many are examined in one go; what isn't text mostly shows it in the
    // first few.
    let is_odd = |byte: u8| !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | b' '..=b'~' | 0x80..=0xff);
    let has_odd = |bytes: &[u8]| bytes.iter().fold(0, |found, &byte| found | u8::from(is_odd(byte))) != 0;
    let (pieces, rest) = head.as_chunks::<64>();
    !pieces.iter().any(|piece| has_odd(piece)) && !has_odd(rest)
}

fn is_utf_16(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

#[cfg(test)]
mod tests;
