//! A live capture: its throughput, and the predictions that wait for a connection.

use ratatui::layout::Rect;

use crate::base::{Bytes, TimeDelta};
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::data::Data;
use crate::tui::glyphs;
use crate::tui::layout;
use crate::tui::source::{LiveStatus, Waiting};
use crate::tui::theme::Role;
use crate::tui::words;

/// Cells for the names before the strips, and for the numbers after them.
const NAMES: u16 = 8;
const NUMBERS: u16 = 30;

/// Packets and bytes per second over the last seconds.
pub(super) fn throughput(data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(live) = data.live().filter(|_| area.height > 0) else { return };
    let framed = area.height > 2;
    let inside = if framed { layout::inner(area) } else { area };
    if framed {
        let title = [
            span("throughput", Role::Title),
            span(format!("  last {} s", live.packet_rates.len()), Role::Dim),
        ];
        canvas.panel(area, &title, &[]);
    }
    let row = |y: u16| Rect { y: inside.y + y, height: 1, ..inside };
    strip(canvas, row(0), "pkts/s", &live.packet_rates, &|rate| words::count(rate));
    strip(canvas, row(1), "bytes/s", &live.byte_rates, &|rate| Bytes(rate).to_string());
    if inside.height > 2 {
        canvas.spans(inside.x + 1, inside.y + 2, &totals(live), inside.width.saturating_sub(2));
    }
}

fn totals(live: &LiveStatus) -> Spans {
    let dropped = if live.dropped > 0 { Role::Bad } else { Role::Dim };
    vec![
        span(format!("captured {}", Bytes(live.bytes)), Role::Text),
        span(format!("   dropped by the kernel {}", words::count(live.dropped)), dropped),
        span(format!("   active sessions {}", words::count(live.active)), Role::Good),
        span(format!("   waiting predictions {}", words::count(live.waiting.len() as u64)), Role::Predicted),
    ]
}

fn strip(canvas: &mut Canvas<'_>, area: Rect, name: &str, rates: &[u64], show: &dyn Fn(u64) -> String) {
    canvas.put(area.x + 1, area.y, name, NAMES, Role::Dim);
    let width = usize::from(area.width.saturating_sub(NAMES + NUMBERS + 2));
    let seen = rates.get(rates.len().saturating_sub(width)..).unwrap_or_default();
    let highest = seen.iter().copied().max().unwrap_or(0).max(1);
    for (offset, &rate) in (0..).zip(seen) {
        let level = rate.saturating_mul(8).div_ceil(highest).clamp(1, 8);
        let at = usize::try_from(level - 1).unwrap_or(0);
        canvas.cell(
            area.x + NAMES + 1 + offset,
            area.y,
            glyphs::HEIGHTS.get(at).copied().unwrap_or_default(),
            Role::Matched,
        );
    }
    let now = rates.last().copied().unwrap_or(0);
    let text = format!("now {}  max {} ", show(now), show(highest));
    canvas.put_right(area.right().saturating_sub(NUMBERS), area.y, &text, NUMBERS, Role::Text);
}

/// The waiting predictions, the first to expire first.
pub(super) fn waiting(data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(live) = data.live().filter(|_| area.height > 2) else { return };
    let title =
        [span("waiting predictions ", Role::Title), span(words::count(live.waiting.len() as u64), Role::Dim)];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    if live.waiting.is_empty() {
        canvas.put(
            inside.x + 1,
            inside.y,
            "none: every announced endpoint was used or replaced",
            inside.width,
            Role::Dim,
        );
    }
    for (y, waiting) in (inside.y..inside.bottom()).zip(&live.waiting) {
        let spans = line(data, live, waiting);
        canvas.spans(inside.x + 1, y, &spans, inside.width.saturating_sub(2));
    }
}

fn line(data: &Data, live: &LiveStatus, waiting: &Waiting) -> Spans {
    let number = data.index_of(&waiting.session).map_or(0, |index| data.number(index));
    let since = words::duration(live.now.since(waiting.since));
    let left = words::duration(waiting.until.since(live.now).max(TimeDelta::ZERO));
    vec![
        span(format!("{} ", glyphs::PREDICTED), Role::Predicted),
        span(
            format!("{} {:<5}", glyphs::letter(waiting.mode), glyphs::mode_name(waiting.mode)),
            Role::Mode(waiting.mode),
        ),
        span(format!(" {}", waiting.listener), Role::Strong),
        span(format!("  #{number}  announced {since} ago"), Role::Text),
        span(format!("  from {}", waiting.connector.ip), Role::Text),
        span(format!("  expires in {left}"), Role::Dim),
    ]
}
