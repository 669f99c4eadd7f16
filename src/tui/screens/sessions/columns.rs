//! The columns of the session list: which ones fit, where they are, and what they sort by.

use ratatui::layout::Rect;

use crate::tui::row_filter::SortKey;

/// A column of the session list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Start,
    Duration,
    Client,
    Server,
    User,
    Modes,
    Transfers,
    Bytes,
    Findings,
}

impl Column {
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Start => "start",
            Self::Duration => "dur",
            Self::Client => "client",
            Self::Server => "server",
            Self::User => "user",
            Self::Modes => "modes",
            Self::Transfers => "xf",
            Self::Bytes => "bytes",
            Self::Findings => "!",
        }
    }

    pub(super) const fn sort(self) -> Option<SortKey> {
        Some(match self {
            Self::Number | Self::Start => SortKey::Start,
            Self::Duration => SortKey::Duration,
            Self::Client => SortKey::Client,
            Self::Server => SortKey::Server,
            Self::User => SortKey::User,
            Self::Transfers => SortKey::Transfers,
            Self::Bytes => SortKey::Bytes,
            Self::Findings => SortKey::Findings,
            Self::Modes => return None,
        })
    }

    /// Whether its text is aligned at the right, as numbers are.
    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::Number | Self::Duration | Self::Transfers | Self::Bytes)
    }
}

/// The columns of a list of this width, each with its offset and width.
pub(super) fn columns(width: u16) -> Vec<(Column, u16, u16)> {
    use Column as C;
    let narrow = width < 78;
    let wide = width >= 96;
    let wider = width >= 130;
    let mut widths: Vec<(Column, u16)> = vec![(C::Number, 5), (C::Start, if width >= 104 { 12 } else { 8 })];
    if wide {
        widths.extend([(C::Duration, 6), (C::Client, 17), (C::Server, 17)]);
    } else if narrow {
        widths.push((C::Client, 17));
    } else {
        widths.extend([(C::Client, 15), (C::Server, 12)]);
    }
    widths.extend([(C::User, if wide || narrow { 7 } else { 6 }), (C::Modes, 10)]);
    if wide {
        widths.extend([(C::Transfers, 3), (C::Bytes, 9)]);
    }
    // Where few columns fit, who talked to whom and what went wrong matter most: sums are in the panel below.
    widths.push((C::Findings, if wide || narrow { 3 } else { 14 }));
    let used: u16 = 2 + widths.iter().map(|(_, width)| width + 1).sum::<u16>() - 1;
    let mut spare = width.saturating_sub(used);
    // The columns whose text is most often clipped share what is left, in this order.
    let wanted: &[(Column, u16)] = if wider {
        &[
            (C::Client, 5),
            (C::Server, 5),
            (C::Findings, 22),
            (C::User, 8),
            (C::Client, 20),
            (C::Server, 20),
            (C::Findings, 30),
        ]
    } else {
        &[(C::Client, 5), (C::Server, 5), (C::User, 6), (C::Client, 20), (C::Server, 20)]
    };
    for (column, more) in wanted {
        if let Some((_, width)) = widths.iter_mut().find(|(other, _)| other == column) {
            let more = spare.min(*more);
            *width += more;
            spare -= more;
        }
    }
    let mut x = 2;
    widths
        .into_iter()
        .map(|(column, width)| {
            let at = x;
            x += width + 1;
            (column, at, width)
        })
        .collect()
}

/// The sort key of the column whose heading is at `x`.
pub(super) fn column_at(head: Rect, x: u16) -> Option<SortKey> {
    let x = x.checked_sub(head.x)?;
    columns(head.width).into_iter().find(|(_, at, width)| (*at..at + width).contains(&x))?.0.sort()
}
