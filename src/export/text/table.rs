//! A session's data channels and transfers as a table that fits the page.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::page::{Page, Style, Styled, clip_start, pad};

/// The columns, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Frame,
    Time,
    Mode,
    Listener,
    Outcome,
    TimeWait,
    Verb,
    Path,
    Bytes,
    Rate,
    Reply,
}

impl Column {
    const ALL: [Self; 11] = [
        Self::Frame,
        Self::Time,
        Self::Mode,
        Self::Listener,
        Self::Outcome,
        Self::TimeWait,
        Self::Verb,
        Self::Path,
        Self::Bytes,
        Self::Rate,
        Self::Reply,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Time => "time",
            Self::Mode => "mode",
            Self::Listener => "listener",
            Self::Outcome => "outcome",
            Self::TimeWait => "TIME_WAIT",
            Self::Verb => "verb",
            Self::Path => "path",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
            Self::Reply => "reply",
        }
    }

    /// Whether it holds numbers, which are aligned to the right.
    const fn is_numeric(self) -> bool {
        matches!(self, Self::Frame | Self::Time | Self::Bytes | Self::Rate)
    }
}

/// One row: its cells, and the notes below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    cells: [Option<Styled>; Column::ALL.len()],
    /// A shorter name of the listening endpoint, for a narrow page.
    pub(super) short_listener: Option<String>,
    pub(super) notes: Vec<Styled>,
}

impl Row {
    pub(super) fn set(&mut self, column: Column, piece: Styled) {
        if let Some(cell) = self.cells.get_mut(column as usize) {
            *cell = Some(piece);
        }
    }

    pub(super) fn cell(&self, column: Column) -> Option<&Styled> {
        self.cells.get(column as usize)?.as_ref()
    }
}

/// Columns between the left edge of the page and a table.
const INDENT: usize = 2;
/// Blanks between two columns.
const GAP: usize = 2;
/// Width in which most paths can be told apart.
const COMFORTABLE_PATH: usize = 24;
/// Where lines are not limited, a wider cell breaks the alignment of its own row instead of widening the
/// column.
const WIDEST: usize = 60;

/// The columns shown, and their widths.
struct Layout {
    columns: Vec<(Column, usize)>,
    short_listeners: bool,
    /// Whether paths are clipped, because the page's width is limited.
    clipped: bool,
}

/// Writes the rows in the widest layout that the page can take.
pub(super) fn write(rows: &[Row], page: &mut Page<'_>) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let layout = Layout::fit(rows, page.width());
    let headings: Vec<Styled> = (layout.columns.iter())
        .map(|&(column, width)| Styled {
            style: Style::Faint,
            text: pad(column.heading(), width, column.is_numeric()) + "  ",
        })
        .collect();
    page.line(INDENT, &headings)?;
    let ellipsis = page.text("…");
    for row in rows {
        let pieces: Vec<Styled> = layout
            .columns
            .iter()
            .map(|&(column, width)| layout.cell(row, column, width, &ellipsis))
            .collect();
        page.line(INDENT, &pieces)?;
        if let Some((first, others)) = row.notes.split_first() {
            let first = Styled { style: first.style, text: page.text("└") + " " + &first.text };
            let notes: Vec<Styled> = std::iter::once(first).chain(others.iter().cloned()).collect();
            let has_mode = layout.width(Column::Mode) > 0;
            let under = if has_mode { Column::Mode } else { Column::Verb };
            let under_mode = INDENT + layout.width_before(under);
            page.facts(under_mode, under_mode + 2, &notes)?;
        }
    }
    Ok(())
}

impl Layout {
    /// The widest layout that the page can take: the least important columns go first.
    fn fit(rows: &[Row], page: Option<usize>) -> Self {
        let mut layout = Self { columns: Vec::new(), short_listeners: false, clipped: page.is_some() };
        layout.columns = Column::ALL.map(|column| (column, layout.natural(rows, column))).to_vec();
        layout.columns.retain(|&(_, width)| width > 0);
        let Some(page) = page else { return layout };
        if layout.excess(page) > 0 {
            layout.short_listeners = true;
            let width = layout.natural(rows, Column::Listener);
            layout.set(Column::Listener, width);
        }
        for optional in [Column::TimeWait, Column::Rate, Column::Time] {
            if layout.excess(page) > 0 {
                layout.columns.retain(|&(column, _)| column != optional);
            }
        }
        // Next the path is clipped; where it would become unreadable, the frame number goes instead.
        if layout.path_left(page) < COMFORTABLE_PATH / 2 {
            layout.columns.retain(|&(column, _)| column != Column::Frame);
        }
        let path = layout.path_left(page).max(COMFORTABLE_PATH / 2).min(layout.width(Column::Path));
        layout.set(Column::Path, path);
        layout
    }

    /// The width that a column needs, heading included; 0 if all its cells are empty.
    fn natural(&self, rows: &[Row], column: Column) -> usize {
        let cells = rows.iter().filter_map(|row| self.text(row, column));
        let widest = cells.map(UnicodeWidthStr::width).max().unwrap_or(0);
        let widest = if self.clipped { widest } else { widest.min(WIDEST) };
        if widest == 0 { 0 } else { widest.max(column.heading().width()) }
    }

    fn width(&self, wanted: Column) -> usize {
        self.columns.iter().find(|(column, _)| *column == wanted).map_or(0, |&(_, width)| width)
    }

    fn set(&mut self, wanted: Column, to: usize) {
        for (column, width) in &mut self.columns {
            if *column == wanted {
                *width = to;
            }
        }
    }

    fn total(&self) -> usize {
        INDENT + self.columns.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// By how much the table exceeds the page even with clipped, yet comfortable paths.
    fn excess(&self, page: usize) -> usize {
        let spare = self.width(Column::Path).saturating_sub(COMFORTABLE_PATH);
        self.total().saturating_sub(page + spare)
    }

    /// The width that the other columns leave for the path.
    fn path_left(&self, page: usize) -> usize {
        (page + self.width(Column::Path)).saturating_sub(self.total())
    }

    fn width_before(&self, wanted: Column) -> usize {
        self.columns.iter().take_while(|(column, _)| *column != wanted).map(|(_, width)| width + GAP).sum()
    }

    fn text<'r>(&self, row: &'r Row, column: Column) -> Option<&'r str> {
        let text = row.cell(column).map(|piece| piece.text.as_str());
        if column == Column::Listener && self.short_listeners {
            return row.short_listener.as_deref().or(text);
        }
        text
    }

    fn cell(&self, row: &Row, column: Column, width: usize, ellipsis: &str) -> Styled {
        let style = row.cell(column).map_or(Style::Plain, |piece| piece.style);
        let text = self.text(row, column).unwrap_or_default();
        let text = if self.clipped && column == Column::Path {
            clip_start(text, width, ellipsis)
        } else {
            text.to_owned()
        };
        Styled { style, text: pad(&text, width, column.is_numeric()) + "  " }
    }
}
