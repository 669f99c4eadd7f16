//! Times, addresses and hashes as text, written without an allocation or the formatting machinery: a large report
//! holds millions of them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::base::{ADDRESS_LENGTH, Address, Short, Timestamp, digits};

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

/// Moments that come one soon after the other, as the same text as [`Time`] in quotes and with a comma behind: the date
/// and the time of day are worked out once for each second.
#[derive(Debug)]
pub(super) struct Moments {
    /// When the second of the last moment began, in nanoseconds.
    second: Option<i64>,
    text: Short<{ TIME_LENGTH + 3 }>,
}

impl Default for Moments {
    fn default() -> Self {
        Self { second: None, text: Short::new() }
    }
}

impl Moments {
    /// The moment's text, all of it ASCII.
    pub(super) fn text(&mut self, time: Timestamp) -> &[u8] {
        const SECOND: i64 = 1_000_000_000;
        /// The digits behind the point.
        const FRACTION: std::ops::Range<usize> = TIME_LENGTH - 9..TIME_LENGTH;
        let nanos = time.nanos();
        let fraction = self
            .second
            .and_then(|second| u32::try_from(nanos.checked_sub(second)?).ok())
            .filter(|&fraction| i64::from(fraction) < SECOND);
        if let Some(fraction) = fraction {
            if let Some(slots) = self.text.as_bytes_mut().get_mut(FRACTION) {
                digits(slots, fraction);
            }
        } else {
            self.second = nanos.checked_sub(nanos.rem_euclid(SECOND));
            self.text = Short::new();
            self.text.byte(b'"');
            self.text.ascii(Time(time).text().as_bytes());
            self.text.ascii(b"\",");
        }
        self.text.as_bytes()
    }
}

/// Addresses that come again and again, as text in quotes and with a comma behind: those of a session's two ends are worked
/// out once.
#[derive(Debug)]
pub(super) struct Addresses {
    late: [(IpAddr, Short<{ ADDRESS_LENGTH + 3 }>); 2],
    /// Which of the two goes next.
    oldest: usize,
}

impl Default for Addresses {
    fn default() -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { late: [(); 2].map(|()| (nowhere, Self::quoted(nowhere))), oldest: 0 }
    }
}

impl Addresses {
    /// The address's text, all of it ASCII.
    pub(super) fn text(&mut self, ip: IpAddr) -> &[u8] {
        let known = self.late.iter().position(|(one, _)| *one == ip);
        let place = known.unwrap_or(self.oldest);
        if known.is_none() {
            self.oldest = (place + 1) % self.late.len();
        }
        let Some((one, text)) = self.late.get_mut(place) else { return b"" };
        if known.is_none() {
            (*one, *text) = (ip, Self::quoted(ip));
        }
        text.as_bytes()
    }

    fn quoted(ip: IpAddr) -> Short<{ ADDRESS_LENGTH + 3 }> {
        let mut text = Short::new();
        text.byte(b'"');
        text.ascii(Address(ip).text().as_bytes());
        text.ascii(b"\",");
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
                prop_assert_eq!(std::str::from_utf8(text).unwrap(), format!("\"{time}\","));
            }
        }

        #[test]
        fn an_address_reads_the_same_after_any_others(all: [IpAddr; 3], order in prop::collection::vec(0..3_usize, 0..12)) {
            let mut addresses = Addresses::default();
            for place in order {
                let text = addresses.text(all[place]).to_vec();
                prop_assert_eq!(String::from_utf8(text).unwrap(), format!("\"{}\",", all[place]));
            }
            prop_assert_eq!(Addresses::default().text(Ipv4Addr::UNSPECIFIED.into()).to_vec(), b"\"0.0.0.0\",");
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
}
