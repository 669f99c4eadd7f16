//! IEEE 802.11 data frames, bare or behind a radiotap header.

use std::ops::ControlFlow::Continue;

use super::layer::Layer;
use super::span::{Peel, Span, ignored, other};

/// Radiotap: a little-endian header of its own length; all that matters of it is whether the frame is padded.
pub(super) fn radiotap(span: &mut Span<'_>) -> Peel<Layer> {
    const MALFORMED: &str = "malformed radiotap header";
    let &[version, _, low, high] = span.see::<4>(MALFORMED)?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    if version != 0 || length < 8 {
        return ignored(MALFORMED);
    }
    let header = span.kept().get(..length).unwrap_or(span.kept());
    let padded = radiotap_flags(header).is_some_and(|flags| flags & 0x20 != 0);
    span.skip(length, MALFORMED)?;
    Continue(Layer::Wlan { padded })
}

/// The flags field, if the header has one. It follows the bitmaps of what is present, and a clock of eight
/// bytes.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    const CLOCK: u32 = 1;
    const FLAGS: u32 = 1 << 1;
    const MORE: u32 = 1 << 31;
    let (bitmaps, _) = header.get(4..)?.as_chunks::<4>();
    let present = u32::from_le_bytes(*bitmaps.first()?);
    if present & FLAGS == 0 {
        return None;
    }
    let more = bitmaps.iter().take_while(|bitmap| u32::from_le_bytes(**bitmap) & MORE != 0).count();
    let fields = more.checked_add(2)?.checked_mul(4)?;
    let at = if present & CLOCK == 0 { fields } else { fields.next_multiple_of(8).checked_add(8)? };
    header.get(at).copied()
}

/// A data frame: of three or four addresses, with quality of service or without; `padded` to four bytes
/// before its body.
pub(super) fn wlan(span: &mut Span<'_>, padded: bool) -> Peel<Layer> {
    const MALFORMED: &str = "malformed Wi-Fi header";
    const DATA: u8 = 2;
    let &[kind, flags] = span.take::<2>(MALFORMED)?;
    let (version, frame_type, subtype) = (kind & 3, kind >> 2 & 3, kind >> 4);
    if version != 0 {
        return ignored(MALFORMED);
    }
    let (carries_nothing, has_qos) = (subtype & 4 != 0, subtype & 8 != 0);
    if frame_type != DATA || carries_nothing {
        return other();
    }
    // Duration, three addresses, and the number of the fragment with the sequence.
    let &[.., sequence, _] = span.take::<22>(MALFORMED)?;
    let mut header = 24_usize;
    let (more_fragments, protected, order) = (flags & 0x04 != 0, flags & 0x40 != 0, flags & 0x80 != 0);
    if more_fragments || sequence & 0x0f != 0 {
        return ignored("fragmented Wi-Fi frame");
    }
    if protected {
        return ignored("encrypted Wi-Fi frame");
    }
    if flags & 3 == 3 {
        span.take::<6>(MALFORMED)?;
        header = header.saturating_add(6);
    }
    if has_qos {
        let &[control, _] = span.take::<2>(MALFORMED)?;
        header = header.saturating_add(2);
        if control & 0x80 != 0 {
            return ignored("aggregated Wi-Fi frame");
        }
        if order {
            span.take::<4>(MALFORMED)?;
            header = header.saturating_add(4);
        }
    }
    if padded {
        span.skip(header.next_multiple_of(4).saturating_sub(header), MALFORMED)?;
    }
    Continue(Layer::Llc)
}
