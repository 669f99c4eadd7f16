//! ICMP and ICMPv6 errors: they quote the beginning of the packet that could not be delivered.

use super::layer::{self, Layer, Step, Trail};
use super::segment::SegmentError;
use super::span::Span;
use crate::base::{Endpoint, PacketRef};
use crate::report::{IcmpError, IcmpMessage, IcmpVersion};

/// Type, code, checksum, and four bytes whose meaning depends on the type.
const HEADER: usize = 8;

/// The error that an ICMP message reports about a TCP segment; none if it is about something else, or quotes too
/// little to contain the ports.
///
/// The quote is the beginning of an IP packet: at least 8 bytes after the IPv4 header (RFC 792), which are the
/// ports and the sequence number. The lengths in it are those of the whole packet.
pub(super) fn error(
    mut span: Span<'_>,
    version: IcmpVersion,
    trail: &Trail,
    packet: PacketRef,
) -> Option<SegmentError> {
    let &[kind, code, _, _, rest @ ..] = span.peek::<HEADER>()?;
    if !IcmpMessage::is_error(version, kind) {
        return None;
    }
    let message = IcmpMessage { version, kind, code, mtu: None };
    let mtu = match version {
        IcmpVersion::V4 => u32::from(u16::from_be_bytes([rest[2], rest[3]])),
        IcmpVersion::V6 => u32::from_be_bytes(rest),
    };
    // Routers from before RFC 1191 say 0.
    let message = IcmpMessage { mtu: Some(mtu).filter(|&mtu| message.is_too_big() && mtu > 0), ..message };
    span.skip(HEADER, "").continue_value()?;
    let mut quoted = Trail::new(trail.depth_left);
    let tcp = quoted_tcp(span, version, &mut quoted)?;
    let &[s0, s1, d0, d1] = tcp.peek::<4>()?;
    let source = Endpoint::new(quoted.source, u16::from_be_bytes([s0, s1]));
    let error = IcmpError {
        time: packet.time,
        frame: packet.frame,
        from: trail.source,
        message,
        quoted_sender: source,
    };
    Some(SegmentError {
        error,
        destination: Endpoint::new(quoted.destination, u16::from_be_bytes([d0, d1])),
        seq: tcp.peek::<HEADER>().map(|&[_, _, _, _, a, b, c, d]| u32::from_be_bytes([a, b, c, d])),
    })
}

/// The TCP header in a quote, or the start of it.
fn quoted_tcp<'a>(quote: Span<'a>, version: IcmpVersion, quoted: &mut Trail) -> Option<Span<'a>> {
    let layer = match version {
        IcmpVersion::V4 => Layer::Ipv4,
        IcmpVersion::V6 => Layer::Ipv6,
    };
    match layer::walk(quote, layer, quoted) {
        Step::Tcp(span) => Some(span),
        Step::Fragment(span) if quoted.fragment.is_first_of_tcp() => Some(span),
        Step::Fragment(_) | Step::Icmp(..) | Step::Dns(_) | Step::Stop(_) => None,
    }
}
