//! Counts and times, formatted for people.

use std::fmt;

use crate::base::{FrameNumber, Timestamp};

/// A number with thousands separators.
pub(in crate::export) struct Count(pub(in crate::export) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A number of things: `1 session`, `2 sessions`.
pub(super) struct Plural(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Plural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", Count(self.0), self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// Date and time in UTC, to the millisecond.
pub(super) struct DateTime(pub(super) Timestamp);

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.date();
        write!(f, "{year:04}-{month:02}-{day:02} {}", TimeOfDay(self.0))
    }
}

/// The time of day in UTC, to the millisecond.
pub(super) struct TimeOfDay(pub(super) Timestamp);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, nanos) = self.0.time_of_day();
        write!(f, "{hour:02}:{minute:02}:{second:02}.{:03}", nanos / 1_000_000)
    }
}

/// `frame 12`, `frames 12, 14–17`; nothing where there are none.
pub(in crate::export) struct Frames<'a>(pub(in crate::export) &'a [FrameNumber]);

impl fmt::Display for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [frame] => write!(f, "frame {frame}"),
            frames => write!(f, "frames {}", FrameList(frames)),
        }
    }
}

/// Ascending frame numbers with consecutive ones joined: `12, 14–17`. Only the first few ranges are listed.
pub(super) struct FrameList<'a>(pub(super) &'a [FrameNumber]);

impl fmt::Display for FrameList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LISTED: usize = 6;
        let mut left = self.0.len();
        for (run, joined) in self.0.chunk_by(|frame, following| frame.next() == *following).enumerate() {
            if run == LISTED {
                return write!(f, ", … {left} more");
            }
            left = left.saturating_sub(joined.len());
            f.write_str(if run == 0 { "" } else { ", " })?;
            match joined {
                [] => {}
                [frame] => write!(f, "{frame}")?,
                [first, last] => write!(f, "{first}, {last}")?,
                [first, .., last] => write!(f, "{first}–{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_thousands_separators() {
        for (count, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (2_148_031, "2,148,031")]
        {
            assert_eq!(Count(count).to_string(), text);
        }
        assert_eq!(Plural(1, "session").to_string(), "1 session");
        assert_eq!(Plural(1000, "session").to_string(), "1,000 sessions");
    }

    #[test]
    fn consecutive_frames_are_joined() {
        for (frames, text) in [
            (&[][..], ""),
            (&[12], "12"),
            (&[12, 13], "12, 13"),
            (&[12, 14, 15, 16, 17], "12, 14–17"),
            (&[1, 3, 5, 7, 9, 11, 13, 14], "1, 3, 5, 7, 9, 11, … 2 more"),
            (&[5, 5, u64::MAX], "5, 5, 18446744073709551615"),
        ] {
            let frames: Vec<_> = frames.iter().copied().map(FrameNumber).collect();
            assert_eq!(FrameList(&frames).to_string(), text);
        }
    }
}
