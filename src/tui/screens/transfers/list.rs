//! The list of transfers: those of the listed sessions, or of one.

use std::ops::ControlFlow;

use crate::base::Bytes;
use crate::report::{Status, TransferIndex};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;
use crate::tui::rows::{LISTED_TRANSFER, TransferRow};
use crate::tui::screens::making::Making;
use crate::tui::sorting::{Key, LARGEST, Progress, Sorting};
use crate::tui::state::Version;

/// What transfers are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TransferSort {
    #[default]
    Time,
    Path,
    Bytes,
    Rate,
    Status,
}

impl TransferSort {
    pub(super) const ALL: [Self; 5] = [Self::Time, Self::Path, Self::Bytes, Self::Rate, Self::Status];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Path => "path",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
            Self::Status => "problem",
        }
    }

    /// Whether the largest come first unless reversed.
    const fn descends(self) -> bool {
        matches!(self, Self::Bytes | Self::Rate)
    }

    fn key(self, row: &TransferRow) -> Key {
        match self {
            Self::Time => Key::Moment(row.time),
            Self::Path => Key::Text(row.path.clone()),
            Self::Bytes => Key::Number(row.bytes),
            Self::Rate => Key::Number(Some(rate(row))),
            Self::Status => Key::Number(Some(match row.status {
                Status::Failed => 0,
                Status::Aborted => 1,
                Status::Unfinished => 2,
                Status::Complete => 3,
            })),
        }
    }

    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().cycle().skip_while(|&sort| sort != self).nth(1).unwrap_or_default()
    }
}

/// One transfer: the index of its session, and its own index there.
pub(super) type TransferRef = (u32, TransferIndex);

const _: () = assert!(size_of::<TransferRef>() <= LARGEST && 2 * size_of::<TransferRef>() <= LISTED_TRANSFER);

/// What the list is made of, and in which order: what is sorted by, whether the other way round, and the only
/// session the transfers of which are shown, where it is only one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) sort: TransferSort,
    pub(super) reversed: bool,
    pub(super) only: Option<u32>,
}

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Transfers {
    pub(super) rows: Vec<TransferRef>,
    pub(super) cursor: Cursor,
    pub(super) wanted: Wanted,
    /// What the rows that are there were made by.
    made_by: Wanted,
    made_from: Option<Version>,
    making: Option<Making<TransferRef, Vec<TransferRef>>>,
}

impl Transfers {
    /// Makes the rows anew if the sessions or their selection changed, a part of them at a time.
    pub(super) fn make(&mut self, data: &Data, sessions: &[u32], version: Version) {
        let sort = self.wanted.sort;
        let begin = |only: Option<u32>| {
            let sessions = only.as_ref().map_or(sessions, std::slice::from_ref);
            Making::new(version, sessions, Sorting::new(sort.descends() != self.wanted.reversed))
        };
        let making = match self.making.take() {
            Some(making) if making.is_wanted(version, data) => making,
            _ if self.made_from == Some(version) => return,
            _ => begin(self.wanted.only),
        };
        self.made_from = Some(making.version);
        let find = |index, found: &mut Sorting<TransferRef>, _: &mut Vec<TransferRef>| {
            let rows = data.row(index).map_or(&[][..], |row| &row.transfers);
            for (at, row) in TransferIndex::number(rows) {
                found.add(sort.key(row), (index, at));
            }
            rows.len()
        };
        match making.step(find, |rows, _, row| rows.push(row)) {
            ControlFlow::Continue(making) => self.making = Some(making),
            ControlFlow::Break(rows) => self.show(rows),
        }
    }

    /// Shows new rows, the cursor staying on its row.
    fn show(&mut self, rows: Vec<TransferRef>) {
        let here = self.selected();
        self.made_by = self.wanted;
        self.rows = rows;
        if let Some(at) = here.and_then(|here| self.rows.iter().position(|&row| row == here)) {
            self.cursor.at = at;
        }
    }

    /// Makes the next [`Self::make`] make the rows anew.
    pub(super) fn stale(&mut self) {
        self.made_from = None;
        self.making = None;
    }

    /// How many rows there are.
    #[cfg(test)]
    pub(in crate::tui) const fn rows_len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::tui) fn progress(&self) -> Option<Progress> {
        self.making.as_ref().map(Making::progress)
    }

    /// Leaves the rows as they are; whether others were being made.
    pub(super) fn give_up(&mut self) -> bool {
        let is_making = self.making.take().is_some();
        if is_making {
            self.wanted = self.made_by;
        }
        is_making
    }

    /// The row under the cursor.
    pub(super) fn selected(&self) -> Option<TransferRef> {
        self.rows.get(self.cursor.at).copied()
    }
}

/// What the list shows of a transfer.
pub(super) fn of(data: &Data, (session, transfer): TransferRef) -> Option<&TransferRow> {
    transfer.of(&data.row(session)?.transfers)
}

/// The absolute path, else the command's argument.
pub(super) fn path_of(transfer: &TransferRow) -> String {
    transfer.path.as_deref().map(crate::tui::words::raw_wire).unwrap_or_default()
}

/// Bytes per second, 0 where nothing moved.
fn rate(row: &TransferRow) -> u64 {
    row.bytes.zip(row.took).and_then(|(bytes, took)| Bytes(bytes).per_second(took)).map_or(0, |rate| rate.0)
}
