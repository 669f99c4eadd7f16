//! A transfer out of sight: nobody could read its command, but its data connection shows how much went which way.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Content, Direction};
use crate::base::{Bytes, TimeDelta};

/// Room for what a file server may say of a listing in one go: few directories are longer than this.
const LONG_LISTING: u64 = 1024 * 1024;

/// Downloads of so much or less may well be listings, where nothing else tells.
const SHORT_FILE: u64 = 64 * 1024;

/// What was probably moved on a data connection whose transfer command could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct InferredTransfer {
    /// Which way; none where nothing was moved.
    pub direction: Option<Direction>,
    /// What it probably was; none where it may as well have been the other.
    pub content: Option<Content>,
    /// About how many bytes: what the TLS records can hold at most.
    pub bytes: u64,
    /// From the first to the last packet of the content; none with fewer than two.
    #[serde(rename = "duration_s")]
    pub duration: Option<TimeDelta>,
    /// Bytes per second in that time.
    #[serde(rename = "rate_bytes_per_s")]
    pub rate: Option<f64>,
}

/// How long the line was that began a transfer, its line end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct CommandLength {
    /// At least.
    pub least: u16,
    /// At most.
    pub most: u16,
}

impl InferredTransfer {
    /// What went `direction`, after a command of that length where one was seen.
    pub(crate) fn new(
        direction: Option<Direction>,
        bytes: u64,
        duration: Option<TimeDelta>,
        command: Option<CommandLength>,
    ) -> Self {
        let rate = duration.map(|duration| bytes as f64 / duration.seconds()).filter(|rate| rate.is_finite());
        Self { direction, content: content(direction, bytes, command), bytes, duration, rate }
    }

    const fn phrase(&self) -> &'static str {
        match (self.direction, self.content) {
            (None, None) => "carried nothing",
            (None, Some(Content::File)) => "carried nothing, probably meant for a file",
            (None, Some(Content::Listing)) => "carried nothing, probably meant for a listing",
            (Some(Direction::Upload), _) => "probably an uploaded file",
            (Some(Direction::Download), Some(Content::File)) => "probably a downloaded file",
            (Some(Direction::Download), Some(Content::Listing)) => "probably a listing",
            (Some(Direction::Download), None) => "a listing or a small file, downloaded",
        }
    }
}

/// In words, such as `probably a downloaded file, about 2.0 KiB in 1.2 s`.
impl fmt::Display for InferredTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())?;
        if self.bytes > 0 {
            write!(f, ", about {}", Bytes(self.bytes))?;
        }
        match self.duration {
            Some(duration) if self.bytes > 0 => write!(f, " in {duration}"),
            Some(_) | None => Ok(()),
        }
    }
}

/// What was probably moved. `LIST`, `NLST` and `MLSD` alone are the only transfer commands of four letters
/// without an argument that clients use; with arguments such as `-al` they are as long as the shortest `RETR`.
fn content(direction: Option<Direction>, bytes: u64, command: Option<CommandLength>) -> Option<Content> {
    /// `LIST` and its line end.
    const BARE: u16 = 6;
    /// `LIST -alR` and its line end.
    const WITH_OPTIONS: u16 = 11;
    let file_by_size = match direction {
        Some(Direction::Upload) => true,
        Some(Direction::Download) => bytes > SHORT_FILE,
        None => false,
    };
    match command {
        _ if direction == Some(Direction::Upload) || bytes > LONG_LISTING => Some(Content::File),
        Some(CommandLength { least: BARE, most: BARE }) => Some(Content::Listing),
        Some(CommandLength { least, .. }) if least > WITH_OPTIONS => Some(Content::File),
        Some(_) | None => file_by_size.then_some(Content::File),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: Option<Direction> = Some(Direction::Download);
    const UP: Option<Direction> = Some(Direction::Upload);

    fn of(direction: Option<Direction>, bytes: u64, command: Option<(u16, u16)>) -> Option<Content> {
        let command = command.map(|(least, most)| CommandLength { least, most });
        InferredTransfer::new(direction, bytes, None, command).content
    }

    #[test]
    fn a_bare_command_that_brings_little_is_a_listing_and_what_goes_up_or_is_large_is_a_file() {
        let (file, listing) = (Some(Content::File), Some(Content::Listing));
        for (direction, bytes, command, expected) in [
            (DOWN, 500, Some((6, 6)), listing),
            (None, 0, Some((6, 6)), listing),
            (DOWN, 5_000_000, Some((6, 6)), file),
            (DOWN, 500, Some((20, 20)), file),
            (None, 0, Some((20, 20)), file),
            (UP, 1, None, file),
            (DOWN, 5_000_000, None, file),
            (DOWN, 100_000, Some((9, 9)), file),
            // LIST -a, or RETR of a short name.
            (DOWN, 500, Some((9, 9)), None),
            // A block cipher hides up to 15 bytes of the length.
            (DOWN, 500, Some((0, 15)), None),
            (DOWN, 500, None, None),
            (None, 0, None, None),
        ] {
            assert_eq!(of(direction, bytes, command), expected, "{direction:?} {bytes} {command:?}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_content_and_none_where_it_came_at_once() {
        let moved = |duration| InferredTransfer::new(DOWN, 3000, duration, None).rate;
        assert_eq!(moved(Some(TimeDelta::from_secs(2))), Some(1500.0));
        assert_eq!(moved(Some(TimeDelta::ZERO)), None);
        assert_eq!(moved(None), None);
    }
}
