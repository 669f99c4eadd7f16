//! Sizes as people read them: one scale for reports, live lines and the terminal interface.

use std::fmt;

use super::TimeDelta;

/// A number of bytes: exact up to 9999, then in powers of 1024 with one decimal. At most nine characters.
///
/// ```
/// use ftpscope::base::Bytes;
///
/// assert_eq!(Bytes(1_500).to_string(), "1500 B");
/// assert_eq!(Bytes(39_951_004).to_string(), "38.1 MiB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The rate of `self` over `delta`, per second; none where no time passed.
    pub fn per_second(self, delta: TimeDelta) -> Option<Self> {
        let seconds = delta.seconds();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and saturates"
        )]
        (seconds > 0.0).then(|| Self((self.0 as f64 / seconds) as u64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 10_000 {
            return write!(f, "{} B", self.0);
        }
        let mut amount = self.0 as f64 / 1024.0;
        let mut unit = UNITS[0];
        for larger in UNITS.into_iter().skip(1) {
            // 999.95 would be rounded to four digits before the point.
            if amount < 999.95 {
                break;
            }
            amount /= 1024.0;
            unit = larger;
        }
        write!(f, "{amount:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_exact_while_they_are_few() {
        for (bytes, text) in [
            (0, "0 B"),
            (9_999, "9999 B"),
            (10_000, "9.8 KiB"),
            (1_048_576, "1.0 MiB"),
            (1_048_520, "1.0 MiB"),
            (999 * 1024, "999.0 KiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
            assert!(text.len() <= 9, "{text}");
        }
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(Bytes(30).per_second(TimeDelta::from_millis(1500)), Some(Bytes(20)));
        assert_eq!(Bytes(30).per_second(TimeDelta::ZERO), None);
        assert_eq!(Bytes(u64::MAX).per_second(TimeDelta::from_nanos(1)), Some(Bytes(u64::MAX)));
    }
}
