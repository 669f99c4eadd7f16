//! Short texts made of numbers, written without an allocation or the formatting machinery: a large report
//! holds millions of addresses and times.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ascii::{AsAsciiStr as _, AsciiStr};

/// An IP address, IPv6 in RFC 5952 form: the same text as its own `Display` gives, but faster.
#[derive(Clone, Copy)]
pub(crate) struct Address(pub(crate) IpAddr);

/// Length of the longest text of an address: IPv6 with an IPv4 tail.
pub(super) const ADDRESS_LENGTH: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

impl Address {
    pub(crate) fn text(self) -> Short<ADDRESS_LENGTH> {
        let mut text = Short::new();
        text.address(self.0);
        text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

/// The digits of all two-digit numbers.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// The digits of all octets, each followed by a dot, and their length.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut number = 0;
    while number < 256 {
        let [tens, ones] = PAIRS[number % 100];
        octets[number] = match number {
            0..10 => ([ones, b'.', b'.', b'.'], 2),
            10..100 => ([tens, ones, b'.', b'.'], 3),
            _ => ([PAIRS[number / 100][1], tens, ones, b'.'], 4),
        };
        number += 1;
    }
    octets
};

/// Fills the slots with the last decimal digits of `number`.
pub(crate) fn digits(slots: &mut [u8], number: u32) {
    let mut rest = number;
    // Two at a time: half as many divisions wait for each other.
    for pair in slots.rchunks_mut(2) {
        let digits = PAIRS.get((rest % 100) as usize).copied().unwrap_or_default();
        rest /= 100;
        match pair {
            [tens, ones] => [*tens, *ones] = digits,
            [ones] => *ones = digits[1],
            _ => {}
        }
    }
}

/// A short ASCII text on the stack. What does not fit is left out.
#[derive(Debug)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    /// The last `width` decimal digits of `number`, with zeros before it.
    pub(crate) fn digits(&mut self, number: u32, width: usize) {
        let Some(slots) = self.bytes.get_mut(self.length..self.length + width) else { return };
        digits(slots, number);
        self.length += width;
    }

    /// The decimal digits of `number`, none of them a leading zero.
    pub(super) fn number(&mut self, number: u16) {
        let width = match number {
            0..=9 => 1,
            10..=99 => 2,
            100..=999 => 3,
            1000..=9999 => 4,
            10_000.. => 5,
        };
        self.digits(number.into(), width);
    }

    /// An IP address, IPv6 in RFC 5952 form.
    pub(super) fn address(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(v4) => self.dotted(v4),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => {
                    self.ascii(b"::ffff:");
                    self.dotted(v4);
                }
                None => self.groups(v6.segments()),
            },
        }
    }

    fn dotted(&mut self, address: Ipv4Addr) {
        for octet in address.octets() {
            let (digits, length) = OCTETS.get(usize::from(octet)).copied().unwrap_or_default();
            let slots = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut);
            if let Some(slots) = slots {
                *slots = digits;
                self.length += length;
            }
        }
        // No dot follows the last one.
        self.length = self.length.saturating_sub(1);
    }

    /// RFC 5952 section 4: no leading zeros, and the longest run of at least two zero groups left out.
    fn groups(&mut self, groups: [u16; 8]) {
        let (mut longest, mut run) = (0..0, 0..0);
        for (index, &group) in groups.iter().enumerate() {
            if group != 0 {
                continue;
            }
            run = if run.end == index && !run.is_empty() { run.start..index + 1 } else { index..index + 1 };
            if run.len() > longest.len() {
                longest = run.clone();
            }
        }
        if longest.len() < 2 {
            longest = 0..0;
        }
        for (index, &group) in groups.iter().enumerate() {
            if longest.contains(&index) {
                if index == longest.start {
                    self.ascii(b"::");
                }
                continue;
            }
            if index > 0 && index != longest.end {
                self.byte(b':');
            }
            self.hex(group);
        }
    }

    fn hex(&mut self, group: u16) {
        let digits = [group >> 12, group >> 8 & 0xf, group >> 4 & 0xf, group & 0xf];
        let leading = digits.iter().take(3).take_while(|&&digit| digit == 0).count();
        for &digit in digits.iter().skip(leading) {
            self.nibble(u8::try_from(digit).unwrap_or_default());
        }
    }

    pub(crate) fn nibble(&mut self, nibble: u8) {
        self.byte(nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
    }

    pub(crate) fn ascii(&mut self, text: &[u8]) {
        if let Some(slots) = self.bytes.get_mut(self.length..self.length + text.len()) {
            slots.copy_from_slice(text);
            self.length += text.len();
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.as_bytes().as_ascii_str().map_or("", AsciiStr::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_address_with_runs_of_zeros_reads_as_the_standard_library_says(
            groups in prop::array::uniform8(prop_oneof![Just(0_u16), Just(0), any::<u16>(), 0..300_u16]),
        ) {
            let ip = IpAddr::from(groups);
            let text = Address(ip).text();
            prop_assert_eq!(text.as_str(), ip.to_string());
        }

        #[test]
        fn any_address_reads_as_the_standard_library_says(ip: IpAddr) {
            let text = Address(ip).text();
            prop_assert_eq!(text.as_str(), ip.to_string());
        }
    }

    #[test]
    fn any_octet_reads_as_the_standard_library_says_at_every_place() {
        for octet in 0..=u8::MAX {
            for ip in [[octet, 1, 22, 255], [255, octet, octet, 0], [10, 0, 100, octet]].map(IpAddr::from) {
                assert_eq!(Address(ip).text().as_str(), ip.to_string());
            }
        }
    }

    #[test]
    fn the_longest_address_fits() {
        let longest: IpAddr = "::ffff:255.255.255.255".parse().unwrap();
        assert_eq!(Address(longest).text().as_str(), "::ffff:255.255.255.255");
        let full: IpAddr = "1111:2222:3333:4444:5555:6666:7777:8888".parse().unwrap();
        assert_eq!(Address(full).text().as_str(), "1111:2222:3333:4444:5555:6666:7777:8888");
    }
}
