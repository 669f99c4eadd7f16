//! The rest of a packet after the headers parsed so far.

use std::ops::ControlFlow;

use etherparse::err::LenError;

/// Why there is no segment in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Well-formed, but nothing that leads to TCP.
    Other,
    /// It can't be decoded, for this reason.
    Ignored(&'static str),
    /// More headers than [`Limits::encapsulation_depth`](crate::base::Limits::encapsulation_depth).
    TooDeep,
}

/// The result of parsing a header, or why parsing ends there.
pub(super) type Peel<T> = ControlFlow<Stop, T>;

/// Ends at a packet that can't be decoded.
pub(super) const fn ignored<T>(reason: &'static str) -> Peel<T> {
    ControlFlow::Break(Stop::Ignored(reason))
}

/// Ends at a packet that is irrelevant.
pub(super) const fn other<T>() -> Peel<T> {
    ControlFlow::Break(Stop::Other)
}

/// A header that was cut off by the snap length.
const CUT_SHORT: &str = "cut short";

/// The rest of a packet: the bytes that were kept, and how many there were on the wire.
///
/// A capture keeps the beginning of a packet, so what is kept is always a prefix of what was on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    kept: &'a [u8],
    wire: usize,
}

impl<'a> Span<'a> {
    /// `wire` bytes of which the first were kept.
    pub(super) fn new(kept: &'a [u8], wire: usize) -> Self {
        Self { kept, wire: wire.max(kept.len()) }
    }

    /// The bytes that were kept.
    pub(super) const fn kept(&self) -> &'a [u8] {
        self.kept
    }

    /// How many bytes there were on the wire.
    pub(super) const fn wire(&self) -> usize {
        self.wire
    }

    /// The first `N` bytes, left in place, if they were kept.
    pub(super) const fn peek<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.kept.first_chunk::<N>()
    }

    /// The first byte, left in place, if it was kept.
    pub(super) fn peek_byte(&self) -> Option<u8> {
        self.kept.first().copied()
    }

    /// The first `N` bytes, left in place. A packet that is shorter on the wire is `malformed`.
    #[inline]
    pub(super) const fn see<const N: usize>(&self, malformed: &'static str) -> Peel<&'a [u8; N]> {
        match self.kept.first_chunk::<N>() {
            Some(header) => ControlFlow::Continue(header),
            None => self.too_short(N, malformed),
        }
    }

    /// The first `N` bytes, with zeros for those that the capture did not keep.
    pub(super) fn padded<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for (byte, kept) in bytes.iter_mut().zip(self.kept) {
            *byte = *kept;
        }
        bytes
    }

    /// Takes a header of `N` bytes off. A packet that is shorter on the wire is `malformed`.
    #[inline]
    pub(super) fn take<const N: usize>(&mut self, malformed: &'static str) -> Peel<&'a [u8; N]> {
        let header = self.see::<N>(malformed)?;
        self.kept = self.kept.get(N..).unwrap_or_default();
        self.wire = self.wire.saturating_sub(N);
        ControlFlow::Continue(header)
    }

    /// Takes a header of `length` bytes off, parsed by `read`, which may fail only if there are too few bytes. A
    /// packet that is shorter on the wire is `malformed`.
    #[inline]
    pub(super) fn take_as<H>(
        &mut self,
        read: impl FnOnce(&'a [u8]) -> Result<H, LenError>,
        length: usize,
        malformed: &'static str,
    ) -> Peel<H> {
        match read(self.kept) {
            Ok(header) => {
                self.skip(length, malformed)?;
                ControlFlow::Continue(header)
            }
            Err(_) => self.too_short(length, malformed),
        }
    }

    /// Why a header of `length` bytes can't be read, if fewer were kept.
    #[inline]
    pub(super) const fn too_short<T>(&self, length: usize, malformed: &'static str) -> Peel<T> {
        ignored(if self.wire < length { malformed } else { CUT_SHORT })
    }

    /// Skips `count` bytes, kept or not. A packet that is shorter on the wire is `malformed`.
    #[inline]
    pub(super) fn skip(&mut self, count: usize, malformed: &'static str) -> Peel<()> {
        let Some(wire) = self.wire.checked_sub(count) else { return ignored(malformed) };
        self.kept = self.kept.get(count..).unwrap_or_default();
        self.wire = wire;
        ControlFlow::Continue(())
    }

    /// Cuts off everything after the first `length` bytes: padding, trailers and checksums of the layer below.
    ///
    /// A length beyond the end of the packet is wrong, and changes nothing.
    #[inline]
    pub(super) fn clip(&mut self, length: usize) {
        if length < self.wire {
            self.wire = length;
            self.kept = self.kept.get(..length).unwrap_or(self.kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_beyond_the_kept_bytes_is_cut_short_and_one_beyond_the_wire_is_malformed() {
        let mut span = Span::new(b"abc", 5);
        assert_eq!(span.take::<4>("malformed"), ignored("cut short"));
        assert_eq!(span.take::<6>("malformed"), ignored("malformed"));
        assert_eq!(span.take::<2>("malformed"), ControlFlow::Continue(b"ab"));
        assert_eq!((span.kept(), span.wire()), (&b"c"[..], 3));
    }

    #[test]
    fn skipping_may_step_beyond_the_kept_bytes_but_not_beyond_the_wire() {
        let mut span = Span::new(b"abc", 5);
        assert_eq!(span.skip(6, "malformed"), ignored("malformed"));
        assert_eq!(span.skip(4, "malformed"), ControlFlow::Continue(()));
        assert_eq!((span.kept(), span.wire()), (&b""[..], 1));
    }

    #[test]
    fn clipping_never_adds_bytes() {
        let mut span = Span::new(b"abc", 5);
        span.clip(9);
        assert_eq!((span.kept(), span.wire()), (&b"abc"[..], 5));
        span.clip(4);
        assert_eq!((span.kept(), span.wire()), (&b"abc"[..], 4));
        span.clip(1);
        assert_eq!((span.kept(), span.wire()), (&b"a"[..], 1));
    }

    #[test]
    fn what_the_capture_did_not_keep_is_padded_with_zeros() {
        let span = Span::new(b"abc", 5);
        assert_eq!((span.padded(), span.padded()), (*b"ab", *b"abc\0\0\0"));
    }
}
