//! Times, addresses and hashes as text, written without an allocation or the formatting machinery: a large report
//! holds millions of them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::base::Timestamp;

/// A moment as RFC 3339 text in UTC with nine fractional digits.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

/// Length of the text of every moment that a [`Timestamp`] can hold: its years are 1677 to 2262.
const TIME_LENGTH: usize = "2026-03-01T12:00:00.123456789Z".len();

impl Time {
    pub(super) fn text(self) -> Short<TIME_LENGTH> {
        let (year, month, day) = self.0.date();
        let (hour, minute, second, nanos) = self.0.time_of_day();
        let mut text = Short::new();
        text.digits(u32::try_from(year).unwrap_or_default(), 4);
        for (separator, number) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)]
        {
            text.byte(separator);
            text.digits(number.into(), 2);
        }
        text.byte(b'.');
        text.digits(nanos, 9);
        text.byte(b'Z');
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

/// Moments that come one soon after the other, as the same text as [`Time`]: the date and the time of day are worked out
/// once for each second.
#[derive(Debug, Default)]
pub(super) struct Moments {
    second: Option<i64>,
    text: [u8; TIME_LENGTH],
}

impl Moments {
    /// The moment's text, all of it ASCII.
    pub(super) fn text(&mut self, time: Timestamp) -> [u8; TIME_LENGTH] {
        const FRACTION: std::ops::Range<usize> = TIME_LENGTH - 10..TIME_LENGTH - 1;
        let second = time.nanos().div_euclid(1_000_000_000);
        if self.second == Some(second) {
            if let Some(slots) = self.text.get_mut(FRACTION) {
                digits(slots, u32::try_from(time.nanos().rem_euclid(1_000_000_000)).unwrap_or_default());
            }
        } else {
            self.second = Some(second);
            self.text = Time(time).text().bytes;
        }
        self.text
    }
}

/// An IP address, IPv6 in RFC 5952 form.
#[derive(Clone, Copy)]
pub(super) struct Address(pub(super) IpAddr);

/// Length of the longest text of an address: IPv6 with an IPv4 tail.
const ADDRESS_LENGTH: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

impl Address {
    pub(super) fn text(self) -> Short<ADDRESS_LENGTH> {
        let mut text = Short::new();
        match self.0 {
            IpAddr::V4(v4) => text.dotted(v4),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => {
                    text.ascii(b"::ffff:");
                    text.dotted(v4);
                }
                None => text.groups(v6.segments()),
            },
        }
        text
    }
}

/// Bytes in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub(super) struct Hex<'a>(pub(super) &'a [u8; 32]);

impl Hex<'_> {
    pub(super) fn text(self) -> Short<64> {
        let mut text = Short::new();
        for &byte in self.0 {
            for nibble in [byte >> 4, byte & 0xf] {
                text.nibble(nibble);
            }
        }
        text
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// The digits of all numbers of two.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// Fills the slots with the last decimal digits of `number`.
fn digits(slots: &mut [u8], number: u32) {
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
pub(super) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    /// The last `width` decimal digits of `number`, with zeros before it.
    fn digits(&mut self, number: u32, width: usize) {
        let Some(slots) = self.bytes.get_mut(self.length..self.length + width) else { return };
        digits(slots, number);
        self.length += width;
    }

    fn dotted(&mut self, address: Ipv4Addr) {
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                self.byte(b'.');
            }
            let width = match octet {
                0..=9 => 1,
                10..=99 => 2,
                100..=255 => 3,
            };
            self.digits(octet.into(), width);
        }
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

    fn nibble(&mut self, nibble: u8) {
        self.byte(nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
    }

    fn ascii(&mut self, text: &[u8]) {
        for &byte in text {
            self.byte(byte);
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_moment_reads_as_the_timestamp_itself_says(nanos: i64) {
            let time = Timestamp::from_nanos(nanos);
            let text = Time(time).text();
            prop_assert_eq!(text.as_str(), time.to_string());
        }

        #[test]
        fn a_moment_reads_the_same_after_any_other(one: i64, other: i64, close in -2_000_000_000..2_000_000_000_i64) {
            let mut moments = Moments::default();
            for nanos in [one, other, other.saturating_add(close), one.saturating_add(close)] {
                let time = Timestamp::from_nanos(nanos);
                let text = moments.text(time);
                prop_assert_eq!(std::str::from_utf8(&text).unwrap(), time.to_string());
            }
        }

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

        #[test]
        fn any_hash_reads_as_hexadecimal(hash: [u8; 32]) {
            let mut want = String::new();
            for byte in hash {
                write!(want, "{byte:02x}").unwrap();
            }
            let text = Hex(&hash).text();
            prop_assert_eq!(text.as_str(), want);
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
