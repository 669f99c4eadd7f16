//! The list of transfers: those of the listed sessions, or of one.

use crate::base::Bytes;
use crate::report::{Status, TransferIndex};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;
use crate::tui::rows::TransferRow;

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

    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().cycle().skip_while(|&sort| sort != self).nth(1).unwrap_or_default()
    }
}

/// One transfer: the index of its session, and its own index there.
pub(super) type TransferRef = (u32, TransferIndex);

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Transfers {
    pub(super) rows: Vec<TransferRef>,
    pub(super) cursor: Cursor,
    pub(super) sort: TransferSort,
    pub(super) reversed: bool,
    /// Only those of one session.
    pub(super) only: Option<u32>,
    made_from: Option<(u64, u64)>,
}

impl Transfers {
    /// Rebuilds the rows if the sessions or their selection changed.
    pub(super) fn make(&mut self, data: &Data, sessions: &[u32], version: (u64, u64)) {
        if self.made_from == Some(version) {
            return;
        }
        self.made_from = Some(version);
        let here = self.selected();
        self.rows.clear();
        let only = self.only.as_slice();
        for &index in if self.only.is_some() { only } else { sessions } {
            let Some(row) = data.row(index) else { continue };
            self.rows.extend(TransferIndex::number(&row.transfers).map(|(transfer, _)| (index, transfer)));
        }
        self.order(data);
        if let Some(at) = here.and_then(|here| self.rows.iter().position(|&row| row == here)) {
            self.cursor.at = at;
        }
    }

    /// Makes the next [`Self::make`] rebuild the rows.
    pub(super) fn stale(&mut self) {
        self.made_from = None;
    }

    pub(super) fn order(&mut self, data: &Data) {
        let sort = self.sort;
        match sort {
            TransferSort::Time => {
                self.rows.sort_by_cached_key(|&row| of(data, row).and_then(|transfer| transfer.time));
            }
            TransferSort::Path => {
                // Looked up once for each row, not for each comparison.
                let path = |row| of(data, row).and_then(|transfer| transfer.path.as_deref());
                let mut rows: Vec<(Option<&str>, TransferRef)> =
                    self.rows.iter().map(|&row| (path(row), row)).collect();
                rows.sort_by_key(|&(path, _)| path);
                self.rows = rows.into_iter().map(|(_, row)| row).collect();
            }
            TransferSort::Bytes => {
                let bytes = |row| of(data, row).and_then(|transfer| transfer.bytes);
                self.rows.sort_by_cached_key(|&row| std::cmp::Reverse(bytes(row)));
            }
            TransferSort::Rate => self.rows.sort_by_cached_key(|&row| std::cmp::Reverse(rate(data, row))),
            TransferSort::Status => {
                self.rows.sort_by_key(|&row| match of(data, row).map(|transfer| transfer.status) {
                    Some(Status::Failed) => 0,
                    Some(Status::Aborted) => 1,
                    Some(Status::Unfinished) => 2,
                    Some(Status::Complete) | None => 3,
                });
            }
        }
        if self.reversed {
            self.rows.reverse();
        }
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
fn rate(data: &Data, row: TransferRef) -> u64 {
    let rate = of(data, row).and_then(|transfer| Bytes(transfer.bytes?).per_second(transfer.took?));
    rate.map_or(0, |rate| rate.0)
}
