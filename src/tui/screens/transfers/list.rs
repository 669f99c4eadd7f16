//! The list of transfers: those of the listed sessions, or of one.

use crate::report::{Session, Status, Transfer, TransferIndex};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;

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
pub(super) type TransferRow = (u32, TransferIndex);

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Transfers {
    pub(super) rows: Vec<TransferRow>,
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
            let Some(session) = data.session(index) else { continue };
            self.rows
                .extend(TransferIndex::number(&session.transfers).map(|(transfer, _)| (index, transfer)));
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
            TransferSort::Time => self.rows.sort_by_cached_key(|&row| {
                of(data, row).and_then(|(session, transfer)| {
                    Some(transfer.start.unwrap_or(session.command(transfer.command)?.time))
                })
            }),
            TransferSort::Path => {
                // Looked up once for each row, not for each comparison.
                let mut rows: Vec<(Option<&str>, TransferRow)> =
                    self.rows.iter().map(|&row| (raw_path(data, row), row)).collect();
                rows.sort_by_key(|&(path, _)| path);
                self.rows = rows.into_iter().map(|(_, row)| row).collect();
            }
            TransferSort::Bytes => {
                let bytes = |row| of(data, row).and_then(|(_, transfer)| transfer.bytes);
                self.rows.sort_by_cached_key(|&row| std::cmp::Reverse(bytes(row)));
            }
            TransferSort::Rate => self.rows.sort_by_cached_key(|&row| std::cmp::Reverse(rate(data, row))),
            TransferSort::Status => {
                self.rows.sort_by_key(|&row| match of(data, row).map(|(_, transfer)| transfer.status) {
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
    pub(super) fn selected(&self) -> Option<TransferRow> {
        self.rows.get(self.cursor.at).copied()
    }
}

/// A transfer and its session.
pub(super) fn of(data: &Data, (session, transfer): TransferRow) -> Option<(&Session, &Transfer)> {
    let session = data.session(session)?;
    Some((session, session.transfer(transfer)?))
}

fn raw_path(data: &Data, row: TransferRow) -> Option<&str> {
    let (session, transfer) = of(data, row)?;
    session.name_of(transfer).map(crate::base::Text::raw)
}

/// The path as far as it is known, else the command's argument.
pub(super) fn path_of(session: &Session, transfer: &Transfer) -> String {
    session.name_of(transfer).map(crate::tui::words::wire).unwrap_or_default()
}

/// Bytes per second, 0 where nothing moved.
fn rate(data: &Data, row: TransferRow) -> u64 {
    let rate = of(data, row).and_then(|(_, transfer)| {
        Some(transfer.bytes? as f64 / transfer.duration().filter(|seconds| *seconds > 0.0)?)
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturates")]
    {
        rate.unwrap_or(0.0) as u64
    }
}
