//! TCP headers.

use std::ops::ControlFlow::Continue;

use etherparse::err::tcp::HeaderSliceError;
use etherparse::{TcpHeader, TcpHeaderSlice};

use super::layer::Trail;
use super::segment::{Flags, Segment};
use super::span::{Peel, Span, ignored};
use crate::base::{Endpoint, PacketRef};

const MALFORMED: &str = "malformed TCP header";

/// The TCP segment (RFC 9293 section 3.1) in the payload of an IP packet.
///
/// The data begins where the header says, whatever the options look like.
#[inline]
pub(super) fn segment<'a>(span: Span<'a>, trail: &Trail, packet: PacketRef) -> Peel<Segment<'a>> {
    match TcpHeaderSlice::from_slice(span.kept()) {
        Ok(header) => behind(&header, header.options(), span, trail, packet),
        Err(HeaderSliceError::Len(_)) => cut_short(span, trail, packet),
        Err(HeaderSliceError::Content(_)) => ignored(MALFORMED),
    }
}

/// A header whose options the capture may have cut off: those that are left count.
#[cold]
fn cut_short<'a>(span: Span<'a>, trail: &Trail, packet: PacketRef) -> Peel<Segment<'a>> {
    span.see::<{ TcpHeader::MIN_LEN }>(MALFORMED)?;
    let options = span.kept().get(TcpHeader::MIN_LEN..).unwrap_or_default();
    match TcpHeaderSlice::from_slice(&span.padded::<{ TcpHeader::MAX_LEN }>()) {
        Ok(header) => behind(&header, options, span, trail, packet),
        Err(_) => ignored(MALFORMED),
    }
}

/// The segment behind a header, with which `span` begins.
#[inline]
fn behind<'a>(
    header: &TcpHeaderSlice<'_>,
    options: &[u8],
    mut span: Span<'a>,
    trail: &Trail,
    packet: PacketRef,
) -> Peel<Segment<'a>> {
    let ip_len = usize::from(trail.ip_header).saturating_add(span.wire());
    let header_len = header.slice().len();
    let kept = span.kept().get(..header_len.min(span.kept().len())).unwrap_or_default();
    span.skip(header_len, MALFORMED)?;
    let payload = span.kept();
    Continue(Segment {
        packet,
        source: Endpoint::new(trail.source, header.source_port()),
        destination: Endpoint::new(trail.destination, header.destination_port()),
        seq: header.sequence_number(),
        ack: header.ack().then_some(header.acknowledgment_number()),
        flags: Flags { syn: header.syn(), fin: header.fin(), rst: header.rst() },
        window: header.window_size(),
        timestamp: timestamp(options),
        payload,
        cut: u32::try_from(span.wire().saturating_sub(payload.len())).unwrap_or(u32::MAX),
        ip_len: u32::try_from(ip_len).unwrap_or(u32::MAX),
        hop_limit: trail.hop_limit,
        header: kept,
    })
}

/// TSval of the first timestamps option (RFC 7323); none after an option that can't be skipped.
///
/// Parsed here because etherparse's iterator ends at options that it does not know, and decodes all before the
/// one wanted.
#[inline]
pub(super) fn timestamp(options: &[u8]) -> Option<u32> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const TIMESTAMPS: u8 = 8;
    // The layout of almost every system.
    if let &[NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10, a, b, c, d, ..] = options {
        return Some(u32::from_be_bytes([a, b, c, d]));
    }
    let mut rest = options;
    loop {
        rest = match *rest {
            [NO_OPERATION, ref behind @ ..] => behind,
            [TIMESTAMPS, 10, a, b, c, d, ..] => return Some(u32::from_be_bytes([a, b, c, d])),
            [END, ..] => return None,
            [_, length, ..] if length >= 2 => rest.get(usize::from(length)..)?,
            _ => return None,
        }
    }
}

/// Whether a SYN offers window scaling (RFC 7323).
pub(crate) fn offers_window_scaling(options: &[u8]) -> bool {
    const WINDOW_SCALE: u8 = 3;
    option(options, WINDOW_SCALE).is_some_and(|value| value.len() == 1)
}

/// The value of the first option of a kind, whatever stands before it; none behind an option that can't be
/// stepped over.
pub(super) fn option(options: &[u8], kind: u8) -> Option<&[u8]> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    let mut rest = options;
    loop {
        rest = match *rest {
            [NO_OPERATION, ref behind @ ..] => behind,
            [END, ..] => return None,
            [this, length, ..] if length >= 2 => {
                let length = usize::from(length);
                if this == kind {
                    return rest.get(2..length);
                }
                rest.get(length..)?
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_to_scale_windows_is_found_behind_whatever_options_there_are() {
        let table: [(&[u8], bool); 7] = [
            (&[], false),
            (&[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7], true),
            (&[2, 4, 5, 0xb4, 1, 3, 3, 0, 4, 2, 0, 0], true),
            (&[2, 4, 5, 0xb4, 4, 2, 0, 0], false),
            (&[0, 3, 3, 7], false),
            (&[3, 3], false),
            (&[5, 40, 3, 3, 7], false),
        ];
        for (options, expected) in table {
            assert_eq!(offers_window_scaling(options), expected, "{options:?}");
        }
    }

    #[test]
    fn finds_the_timestamp_behind_whatever_options_there_are() {
        let table: [(&[u8], Option<u32>); 10] = [
            (&[], None),
            (&[1, 1, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9], Some(258)),
            (&[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7], Some(7)),
            (&[1, 1, 1, 1, 1, 1, 1, 1], None),
            (&[0, 1, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9], None),
            (&[253, 3, 0, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9, 0], Some(258)),
            // Lengths that can't be: none at all, beyond the header, of a timestamp without its value.
            (&[5, 0, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9], None),
            (&[5, 40, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9], None),
            (&[8, 2, 8, 10, 0, 0, 1, 2, 9, 9, 9, 9], Some(258)),
            (&[8, 10, 0, 0], None),
        ];
        for (options, expected) in table {
            assert_eq!(timestamp(options), expected, "{options:?}");
        }
    }
}
