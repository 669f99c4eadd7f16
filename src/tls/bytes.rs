//! Fields of handshake messages, read one after another.

/// Bytes read from the front.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn chunk<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        self.take(N)?.first_chunk()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|&[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.chunk().map(|&bytes| u16::from_be_bytes(bytes))
    }

    /// A vector with one byte of length.
    pub(super) fn short_vector(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// A vector with two bytes of length.
    pub(super) fn vector(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// A vector with three bytes of length.
    pub(super) fn long_vector(&mut self) -> Option<&'a [u8]> {
        let &[high, middle, low] = self.chunk()?;
        self.take(usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?)
    }
}
