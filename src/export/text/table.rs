//! A session's negotiations and transfers as a table that fits the page.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::page::{Page, Piece, Style, clip_start, pad};

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
            Self::Listener => "listens",
            Self::Outcome => "outcome",
            Self::TimeWait => "time_wait",
            Self::Verb => "verb",
            Self::Path => "path",
            Self::Bytes => "bytes",
            Self::Rate => "rate",
            Self::Reply => "reply",
        }
    }

    /// Whether it holds numbers, which stand to the right.
    const fn is_numeric(self) -> bool {
        matches!(self, Self::Frame | Self::Time | Self::Bytes | Self::Rate)
    }
}

/// One row: what stands in each column, and what there is to say about it below.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    cells: [Option<Piece>; Column::ALL.len()],
    /// The listening endpoint in few characters, for a narrow page.
    pub(super) short_listener: Option<String>,
    pub(super) notes: Vec<Piece>,
}

impl Row {
    pub(super) fn set(&mut self, column: Column, piece: Piece) {
        if let Some(cell) = self.cells.get_mut(column as usize) {
            *cell = Some(piece);
        }
    }

    pub(super) fn cell(&self, column: Column) -> Option<&Piece> {
        self.cells.get(column as usize)?.as_ref()
    }
}

/// Columns between the left edge of the page and a table, and of what is said below a row.
const INDENT: usize = 2;
/// Columns between two columns.
const GAP: usize = 2;
/// What a path needs to be told from others.
const COMFORTABLE_PATH: usize = 24;
/// On a page without an edge, a cell that is wider than this breaks the alignment of its own row alone.
const WIDEST: usize = 60;

/// Which columns there are, and how wide each is.
struct Layout {
    columns: Vec<(Column, usize)>,
    short_listeners: bool,
    /// Whether the page has an edge, so that what is too wide must be clipped.
    clipped: bool,
}

/// Writes the rows, in columns that are as wide as the page allows.
pub(super) fn write(rows: &[Row], page: &mut Page<'_>) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let layout = Layout::fit(rows, page.width());
    let headings: Vec<Piece> = (layout.columns.iter())
        .map(|&(column, width)| Piece {
            style: Style::Faint,
            text: pad(column.heading(), width, column.is_numeric()) + "  ",
        })
        .collect();
    page.line(INDENT, &headings)?;
    let ellipsis = page.text("…");
    for row in rows {
        let pieces: Vec<Piece> = layout
            .columns
            .iter()
            .map(|&(column, width)| layout.cell(row, column, width, &ellipsis))
            .collect();
        page.line(INDENT, &pieces)?;
        if let Some((first, others)) = row.notes.split_first() {
            let first = Piece { style: first.style, text: page.text("└") + " " + &first.text };
            let notes: Vec<Piece> = std::iter::once(first).chain(others.iter().cloned()).collect();
            let under_mode = INDENT + layout.width_before(Column::Mode);
            page.facts(under_mode, under_mode + 2, &notes)?;
        }
    }
    Ok(())
}

impl Layout {
    /// The widest layout that the page can take: what can be missed goes first.
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
        for missable in [Column::TimeWait, Column::Rate, Column::Time] {
            if layout.excess(page) > 0 {
                layout.columns.retain(|&(column, _)| column != missable);
            }
        }
        // Now the path has to give way, not much beyond reading; then it is the frame that is missed least.
        if layout.path_left(page) < COMFORTABLE_PATH / 2 {
            layout.columns.retain(|&(column, _)| column != Column::Frame);
        }
        let path = layout.path_left(page).max(COMFORTABLE_PATH / 2).min(layout.width(Column::Path));
        layout.set(Column::Path, path);
        layout
    }

    /// Columns that the cells of a column need, heading included; none if they are all empty.
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

    /// By how much the table is wider than the page, if its paths are clipped as far as is comfortable.
    fn excess(&self, page: usize) -> usize {
        let spare = self.width(Column::Path).saturating_sub(COMFORTABLE_PATH);
        self.total().saturating_sub(page + spare)
    }

    /// What all other columns leave to the path.
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

    fn cell(&self, row: &Row, column: Column, width: usize, ellipsis: &str) -> Piece {
        let style = row.cell(column).map_or(Style::Plain, |piece| piece.style);
        let text = self.text(row, column).unwrap_or_default();
        let text = if self.clipped && column == Column::Path {
            clip_start(text, width, ellipsis)
        } else {
            text.to_owned()
        };
        Piece { style, text: pad(&text, width, column.is_numeric()) + "  " }
    }
}
