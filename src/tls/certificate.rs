//! What a server's certificate says of itself (RFC 5280).

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{DateTime, Decode as _, SliceReader, Tag};
use sha2::{Digest as _, Sha256};

use super::bytes::Bytes;
use crate::base::Text;

/// Attributes of a name that are read at most.
const ATTRIBUTES: usize = 64;

/// Bytes of a name that are kept at most.
const NAME: usize = 1024;

/// What a certificate says. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as RFC 4514 writes names; none where that can't be read.
    pub subject: Option<Text>,
    /// Who signed it.
    pub issuer: Option<Text>,
    /// From when on it is valid, by RFC 3339 in UTC.
    pub not_before: Option<String>,
    /// Until when it is valid.
    pub not_after: Option<String>,
    /// Whether subject and issuer are the same. The signature is not checked.
    pub self_signed: Option<bool>,
    /// Of the whole certificate.
    pub sha256: [u8; 32],
}

impl Certificate {
    /// The first certificate of the message that carries a chain; none where that is empty.
    pub(super) fn leaf(message: &[u8], is_tls13: bool) -> Option<&[u8]> {
        let mut bytes = Bytes(message);
        if is_tls13 {
            bytes.short_vector()?;
        }
        let mut chain = Bytes(bytes.long_vector()?);
        chain.long_vector().filter(|leaf| !leaf.is_empty())
    }

    /// Reads a certificate; of one that is damaged or odd no more than its digest may be known.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut read = Self {
            subject: None,
            issuer: None,
            not_before: None,
            not_after: None,
            self_signed: None,
            sha256: Sha256::digest(bytes).into(),
        };
        read.fill(bytes);
        read
    }

    fn fill(&mut self, bytes: &[u8]) -> Option<()> {
        let whole = items(items(bytes).next()?.value()).next()?;
        let mut fields = items(whole.value()).peekable();
        // The version, which is left out in the oldest.
        fields.next_if(|field| matches!(field.header().tag(), Tag::ContextSpecific { .. }));
        let (_serial, _algorithm) = (fields.next()?, fields.next()?);
        let (issuer, validity, subject) = (fields.next()?, fields.next()?, fields.next()?);
        self.issuer = name(issuer.value());
        self.subject = name(subject.value());
        self.self_signed = Some(issuer.value() == subject.value());
        let mut times = items(validity.value()).map(time);
        self.not_before = times.next().flatten();
        self.not_after = times.next().flatten();
        Some(())
    }
}

/// The elements of a sequence or set, up to the first that can't be read.
fn items(content: &[u8]) -> impl Iterator<Item = AnyRef<'_>> {
    let mut reader = SliceReader::new(content).ok();
    std::iter::from_fn(move || AnyRef::decode(reader.as_mut()?).ok())
}

fn time(field: AnyRef<'_>) -> Option<String> {
    let time: DateTime = match field.header().tag() {
        Tag::UtcTime => field.decode_as::<UtcTime>().ok()?.to_date_time(),
        _ => field.decode_as::<GeneralizedTime>().ok()?.to_date_time(),
    };
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000000000Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minutes(),
        time.seconds()
    ))
}

/// A distinguished name as RFC 4514 writes it: its parts in reverse order.
fn name(content: &[u8]) -> Option<Text> {
    let mut parts = Vec::new();
    for part in items(content).take(ATTRIBUTES) {
        let attributes: Option<Vec<String>> = items(part.value()).take(ATTRIBUTES).map(attribute).collect();
        parts.push(attributes?.join("+"));
    }
    parts.reverse();
    let mut written = parts.join(",");
    while written.len() > NAME {
        written.pop();
    }
    Some(Text::from_wire(written.as_bytes()))
}

/// One attribute: `CN=ftp.example.org`.
fn attribute(attribute: AnyRef<'_>) -> Option<String> {
    let mut fields = items(attribute.value());
    let (kind, value) = (fields.next()?, fields.next()?);
    let text = text(value);
    Some(match (short_name(kind.value()), text) {
        (Some(short), Some(text)) => format!("{short}={}", escaped(&text)),
        (Some(short), None) => format!("{short}=#{}", hex(value)?),
        (None, _) => format!("{}=#{}", dotted(kind.value()), hex(value)?),
    })
}

/// The descriptors of RFC 4514 section 3, and the one other that certificates use much.
const fn short_name(number: &[u8]) -> Option<&'static str> {
    Some(match number {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        _ => return None,
    })
}

/// The text of a string, in whichever of their many types; none for what is no string.
fn text(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    match value.header().tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString | Tag::NumericString => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        // Latin-1 in practice.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect::<Vec<_>>();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

/// A value with what RFC 4514 section 2.4 wants escaped.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut written = String::with_capacity(text.len());
    for (place, character) in text.chars().enumerate() {
        let is_edge = place == 0 || place == last;
        match character {
            '\0' => written.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => written.extend(['\\', character]),
            ' ' if is_edge => written.push_str("\\ "),
            '#' if place == 0 => written.push_str("\\#"),
            _ => written.push(character),
        }
    }
    written
}

/// A value as it is encoded, in hexadecimal; none where a name has no room for it.
fn hex(value: AnyRef<'_>) -> Option<String> {
    use der::Encode as _;
    let mut buffer = [0; NAME / 2];
    let encoded = value.encode_to_slice(&mut buffer).ok()?;
    Some(encoded.iter().fold(String::new(), |written, byte| written + &format!("{byte:02x}")))
}

/// An object identifier in dotted form.
fn dotted(number: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0_u64;
    for &byte in number {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc = arc.saturating_sub(first.saturating_mul(40));
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value with its type and length.
    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let length = u8::try_from(content.len()).unwrap();
        let mut all = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
        all.extend(content);
        all
    }

    fn distinguished(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let sets: Vec<_> = attributes
            .iter()
            .map(|(kind, tag, value)| tlv(0x31, &[&tlv(0x30, &[&tlv(6, &[kind]), &tlv(*tag, &[value])])]))
            .collect();
        tlv(0x30, &sets.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn certificate(issuer: &[u8], subject: &[u8]) -> Vec<u8> {
        let validity = tlv(0x30, &[&tlv(0x17, &[b"260301120000Z"]), &tlv(0x18, &[b"99991231235959Z"])]);
        let body = tlv(
            0x30,
            &[&tlv(0xa0, &[&tlv(2, &[&[2]])]), &tlv(2, &[&[7]]), &tlv(0x30, &[]), issuer, &validity, subject],
        );
        tlv(0x30, &[&body, &tlv(0x30, &[])])
    }

    #[test]
    fn a_certificate_is_read_as_far_as_it_goes() {
        let subject =
            distinguished(&[(&[0x55, 4, 6], 0x13, b"DE"), (&[0x55, 4, 3], 0x0c, b"ftp.example.org, or so")]);
        let issuer = distinguished(&[(&[0x55, 4, 10], 0x0c, b" #CA")]);
        let bytes = certificate(&issuer, &subject);
        let read = Certificate::read(&bytes);
        assert_eq!(read.subject.as_ref().map(Text::raw), Some("CN=ftp.example.org\\, or so,C=DE"));
        assert_eq!(read.issuer.as_ref().map(Text::raw), Some("O=\\ #CA"));
        assert_eq!(read.not_before.as_deref(), Some("2026-03-01T12:00:00.000000000Z"));
        assert_eq!(read.not_after.as_deref(), Some("9999-12-31T23:59:59.000000000Z"));
        assert_eq!(read.self_signed, Some(false));
        assert_eq!(Certificate::read(&certificate(&subject, &subject)).self_signed, Some(true));
        for length in 0..bytes.len() {
            let cut = Certificate::read(&bytes[..length]);
            assert_eq!(cut.subject, None, "{length}");
            assert_ne!(cut.sha256, read.sha256);
        }
    }

    #[test]
    fn what_is_no_known_attribute_is_written_by_its_number() {
        let subject = distinguished(&[(&[0x2a, 0x03, 0x81, 0x01], 0x0c, b"x"), (&[0x55, 4, 3], 4, b"y")]);
        let read = Certificate::read(&certificate(&subject, &subject));
        assert_eq!(read.subject.as_ref().map(Text::raw), Some("CN=#040179,1.2.3.129=#0c0178"));
    }

    #[test]
    fn the_leaf_is_the_first_of_the_chain() {
        let chain = [&[0, 0, 9][..], &[0, 0, 2], b"ab", &[0, 0, 1], b"c"].concat();
        assert_eq!(Certificate::leaf(&chain, false), Some(&b"ab"[..]));
        assert_eq!(Certificate::leaf(&[&[0][..], &chain].concat(), true), Some(&b"ab"[..]));
        assert_eq!(Certificate::leaf(&[0, 0, 0], false), None);
    }
}
