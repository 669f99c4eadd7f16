//! The record layer: what a record's header looks like.

/// Bytes of a record header.
pub(super) const HEADER: usize = 5;

/// Longest body of a record: 2^14 bytes of content and what TLS 1.2 lets protection add (RFC 5246 section
/// 6.2.3).
pub(super) const MAX_BODY: usize = (1 << 14) + 2048;

/// Whether bytes can be the beginning of a TLS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// They are one, as far as a header shows.
    Yes,
    /// They are not.
    No,
    /// They may be; more bytes will decide.
    NeedMore,
}

/// Looks at the start of a stream (or of what follows a record) for a record header: a known content type,
/// version 3.0 to 3.4, a length within bounds (RFC 5246 section 6.2, RFC 8446 section 5.1).
pub fn looks_like_tls(bytes: &[u8]) -> Sniff {
    let mut bytes = bytes.iter().copied();
    let Some(kind) = bytes.next() else { return Sniff::NeedMore };
    if ContentType::from_wire(kind).is_none() {
        return Sniff::No;
    }
    let Some(major) = bytes.next() else { return Sniff::NeedMore };
    if major != 3 {
        return Sniff::No;
    }
    let Some(minor) = bytes.next() else { return Sniff::NeedMore };
    if minor > 4 {
        return Sniff::No;
    }
    let Some(high) = bytes.next() else { return Sniff::NeedMore };
    if usize::from(high) << 8 > MAX_BODY {
        return Sniff::No;
    }
    let Some(low) = bytes.next() else { return Sniff::NeedMore };
    match usize::from(u16::from_be_bytes([high, low])) {
        1..=MAX_BODY => Sniff::Yes,
        _ => Sniff::No,
    }
}

/// What a record carries (RFC 8446 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

impl ContentType {
    pub(super) const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            _ => return None,
        })
    }

    pub(super) const fn to_wire(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
        }
    }
}

/// The first five bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: ContentType,
    /// The version that the record names, which TLS 1.3 froze at 0x0303.
    pub(super) version: u16,
    /// Bytes of the body, 1 to [`MAX_BODY`].
    pub(super) length: usize,
}

impl Header {
    /// The header that `bytes` begin with, if they do.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if looks_like_tls(bytes) != Sniff::Yes {
            return None;
        }
        let &[kind, major, minor, high, low] = bytes.first_chunk::<HEADER>()?;
        Some(Self {
            kind: ContentType::from_wire(kind)?,
            version: u16::from_be_bytes([major, minor]),
            length: usize::from(u16::from_be_bytes([high, low])),
        })
    }

    /// The header as it was on the wire.
    pub(super) fn to_wire(self) -> [u8; HEADER] {
        let [major, minor] = self.version.to_be_bytes();
        // What `read` made always fits.
        let [high, low] = u16::try_from(self.length).unwrap_or(u16::MAX).to_be_bytes();
        [self.kind.to_wire(), major, minor, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_header_is_told_from_anything_else_as_early_as_possible() {
        for (bytes, answer) in [
            (&b""[..], Sniff::NeedMore),
            (b"\x16", Sniff::NeedMore),
            (b"\x16\x03\x01\x02", Sniff::NeedMore),
            (b"\x16\x03\x01\x02\x00", Sniff::Yes),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", Sniff::Yes),
            (b"\x17\x03\x03\x48\x00", Sniff::Yes),
            (b"\x17\x03\x03\x48\x01", Sniff::No),
            (b"\x17\x03\x03\x49", Sniff::No),
            (b"\x17\x03\x03\x00\x00", Sniff::No),
            (b"\x14\x03\x04\x00\x01", Sniff::Yes),
            (b"\x16\x03\x05", Sniff::No),
            (b"\x16\x02", Sniff::No),
            (b"\x13", Sniff::No),
            (b"\x18", Sniff::No),
            (b"220 FTP server ready.\r\n", Sniff::No),
            (b"USER alice\r\n", Sniff::No),
        ] {
            assert_eq!(looks_like_tls(bytes), answer, "{bytes:02x?}");
        }
    }
}
