//! Determines the length of the packet headers of a pcap file.
//!
//! Alexey Kuznetzov's patch of libpcap added the interface, the protocol and the direction to the packet header,
//! under a new magic number. Some distributions shipped versions with the old number, or with yet another field.
//! Only the packets show which variant it is.

use super::{Header, PACKET_HEADER};

/// Interface (4 bytes), protocol (2), packet type (1) and padding (1) behind the usual header: the patch
/// itself, and Red Hat 6.1 under the usual magic number.
const WITH_INTERFACE: usize = 24;
/// The same with two processor numbers and padding: SuSE 6.3.
const WITH_PROCESSORS: usize = 28;
/// Four bytes of unknown meaning: Nokia's firewalls, under the usual magic number.
const WITH_FOUR_BYTES: usize = 20;

/// How many packets are examined.
const ENOUGH: usize = 16;

/// The length of a file's packet headers, given the bytes of its first packets.
///
/// It is the length that the magic number stands for, unless only another one leads from packet to packet.
pub(super) fn header_length(header: &Header, limit: u32, packets: &[u8]) -> usize {
    let (usual, others) = if header.modified {
        (WITH_INTERFACE, &[WITH_PROCESSORS][..])
    } else if header.fraction_unit == 1 {
        return PACKET_HEADER;
    } else {
        (PACKET_HEADER, &[WITH_INTERFACE, WITH_FOUR_BYTES][..])
    };
    let fit = |length: usize| Fit::of(header, limit, packets, length);
    let found = match fit(usual) {
        Fit::Whole { .. } | Fit::Goes { .. } => None,
        Fit::Piece => others.iter().find(|&&length| fit(length) == Fit::Whole { proven: true }),
        Fit::Astray => others.iter().find(|&&length| fit(length).is_proven()),
    };
    found.copied().unwrap_or(usual)
}

/// How well a header length fits the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// The last packet ends where the bytes end.
    Whole { proven: bool },
    /// Each header leads to the next, as far as the bytes go. It is proven if chance can't explain it.
    Goes { proven: bool },
    /// There is no whole header after the first packet.
    Piece,
    /// It leads to something that is no packet header.
    Astray,
}

impl Fit {
    fn of(header: &Header, limit: u32, packets: &[u8], length: usize) -> Self {
        let mut rest = packets;
        let mut before = None;
        let mut headers = 0;
        // Nothing is known of these four bytes, so nothing can be checked.
        let is_proven = |headers: usize| headers > usize::from(length == WITH_FOUR_BYTES);
        while headers < ENOUGH {
            if rest.is_empty() {
                return Self::Whole { proven: is_proven(headers) };
            }
            let Some(next) = rest.first_chunk::<PACKET_HEADER>() else {
                return if headers > 1 { Self::Goes { proven: true } } else { Self::Piece };
            };
            let Some(found) = Plausible::read(header, limit, next) else { return Self::Astray };
            if !found.follows(before) || !has_packet_type(rest, length) {
                return Self::Astray;
            }
            before = Some(found);
            headers = headers.saturating_add(1);
            match rest.get(length.saturating_add(found.kept)..) {
                Some(behind) => rest = behind,
                None => break,
            }
        }
        Self::Goes { proven: headers > 1 }
    }

    const fn is_proven(self) -> bool {
        matches!(self, Self::Whole { proven: true } | Self::Goes { proven: true })
    }
}

/// A candidate for a packet's header.
#[derive(Clone, Copy, Debug)]
struct Plausible {
    seconds: u32,
    kept: usize,
}

impl Plausible {
    fn read(header: &Header, limit: u32, bytes: &[u8; PACKET_HEADER]) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<4>();
        let &[seconds, fraction, captured, wire] = words else { return None };
        let number = |word| header.order.u32(word);
        let (captured, wire) = (number(captured), number(wire));
        let kept = if header.lengths_may_be_swapped { captured.min(wire) } else { captured };
        let is_plausible = number(fraction) < 1_000_000 && kept <= limit && kept <= wire;
        let kept = usize::try_from(kept).ok()?;
        is_plausible.then(|| Self { seconds: number(seconds), kept })
    }

    /// Whether a packet with this header could follow that one.
    fn follows(self, before: Option<Self>) -> bool {
        const YEAR: u32 = 366 * 24 * 3600;
        before.is_none_or(|before| before.seconds.abs_diff(self.seconds) <= YEAR)
    }
}

/// Whether one of Linux's packet types (to us, broadcast, multicast, to others, from us ...) stands where a
/// header of this length has it, if it has one.
fn has_packet_type(header: &[u8], length: usize) -> bool {
    const PLACE: usize = 22;
    const MOST: u8 = 7;
    length < WITH_INTERFACE || header.get(PLACE).is_none_or(|&kind| kind <= MOST)
}
