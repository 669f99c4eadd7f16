//! TCP headers.

use std::ops::ControlFlow::{Break, Continue};

use super::layer::Trail;
use super::segment::{Flags, Segment};
use super::span::{Peel, Span, Stop, ignored};
use crate::base::{Endpoint, PacketRef};

const MALFORMED: &str = "malformed TCP header";

/// The TCP segment (RFC 9293 section 3.1) in the payload of an IP packet.
///
/// The data begins where the header says, whatever the options look like.
#[inline]
pub(super) fn segment<'a>(mut span: Span<'a>, trail: &Trail, packet: PacketRef) -> Peel<Segment<'a>> {
    let header = span.take::<20>(MALFORMED)?;
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, data_offset, control, w0, w1, ..] = header;
    let Some(options_length) = usize::from(data_offset >> 4).saturating_mul(4).checked_sub(20) else {
        return ignored(MALFORMED);
    };
    let options = span.kept().get(..options_length).unwrap_or(span.kept());
    let Continue(()) = span.skip(options_length, MALFORMED) else { return Break(Stop::Ignored(MALFORMED)) };
    let payload = span.kept();
    let is_acknowledging = control & 0x10 != 0;
    Continue(Segment {
        packet,
        source: Endpoint::new(trail.source, u16::from_be_bytes([s0, s1])),
        destination: Endpoint::new(trail.destination, u16::from_be_bytes([d0, d1])),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: is_acknowledging.then_some(u32::from_be_bytes([a0, a1, a2, a3])),
        flags: Flags { syn: control & 2 != 0, fin: control & 1 != 0, rst: control & 4 != 0 },
        window: u16::from_be_bytes([w0, w1]),
        timestamp: timestamp(options),
        payload,
        cut: u32::try_from(span.wire().saturating_sub(payload.len())).unwrap_or(u32::MAX),
    })
}

/// TSval of the first timestamps option (RFC 7323), whatever stands before it; none behind an option that can't be
/// stepped over.
#[inline]
fn timestamp(options: &[u8]) -> Option<u32> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const TIMESTAMPS: u8 = 8;
    // How almost every system arranges them.
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

#[cfg(test)]
mod tests {
    use super::*;

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
