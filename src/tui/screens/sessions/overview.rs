//! Data connections by mode over the whole capture: a row of bars for each mode that occurs, and one for
//! problems.

use ratatui::layout::Rect;

use crate::report::Mode;
use crate::tui::canvas::{Canvas, span};
use crate::tui::data::Data;
use crate::tui::glyphs;
use crate::tui::layout;
use crate::tui::overview::{Count, ROWS};
use crate::tui::scale::{TimeScale, Window};
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::words;

/// Cells for the names at the left of the rows, and for the totals at their right.
const NAMES: u16 = 8;
const TOTALS: u16 = 10;

/// The part of the overview that is a time scale.
pub(super) fn time_area(area: Rect) -> Rect {
    let inside = if area.height > 2 { layout::inner(area) } else { area };
    Rect {
        x: inside.x + NAMES.min(inside.width),
        width: inside.width.saturating_sub(NAMES + TOTALS),
        ..inside
    }
}

/// Draws the overview: bordered where there is room, else two bare rows.
pub(super) fn draw(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let Some((first, last)) = data.extent() else {
        if area.height > 2 {
            canvas.panel(area, &[span("data connections by mode", Role::Dim)], &[]);
        }
        return;
    };
    let window = Window::new(first, last);
    let time = time_area(area);
    let sums = data.overview().columns(window, time.width);
    let row_of = |mode| Count::Mode(mode).row();
    let modes: [(&str, usize, Role); 5] = [
        ("PASV V", row_of(Some(Mode::Pasv)), Role::Mode(Some(Mode::Pasv))),
        ("EPSV v", row_of(Some(Mode::Epsv)), Role::Mode(Some(Mode::Epsv))),
        ("PORT P", row_of(Some(Mode::Port)), Role::Mode(Some(Mode::Port))),
        ("EPRT p", row_of(Some(Mode::Eprt)), Role::Mode(Some(Mode::Eprt))),
        ("other", row_of(None), Role::Mode(None)),
    ];
    let problems = ("failed", Count::Problem.row(), Role::Bad);
    let total = |row: usize| data.overview().total(row);
    if area.height > 2 {
        let column = TimeScale::new(window, time.width).of_column();
        let title = [
            span("data connections by mode", Role::Title),
            span(format!("  1 col = {}", words::duration(column)), Role::Dim),
        ];
        let foot = [span("S-← S-→ or drag: a time range", Role::Dim)];
        canvas.panel(area, &title, &foot);
        let occurring: Vec<usize> = data.overview().modes().collect();
        let mut rows: Vec<(&str, usize, Role)> =
            modes.into_iter().filter(|(_, row, _)| occurring.contains(row)).collect();
        if rows.is_empty() {
            rows.extend(modes.into_iter().take(1));
        }
        rows.push(problems);
        for (y, (name, row, role)) in (time.y..time.bottom()).zip(rows) {
            strip(canvas, (time.x.saturating_sub(NAMES) + 1, time.x, y), name, &sums, row, role);
            canvas.put_right(time.right(), y, &words::count(total(row)), TOTALS - 1, Role::Text);
        }
    } else {
        let mut all = vec![[0_u32; ROWS]; sums.len()];
        for (target, sum) in all.iter_mut().zip(&sums) {
            if let Some(slot) = target.first_mut() {
                *slot = sum.iter().take(5).sum();
            }
        }
        let connections: u64 = (0..5).map(total).sum();
        strip(canvas, (time.x.saturating_sub(NAMES) + 1, time.x, time.y), "data", &all, 0, Role::Matched);
        canvas.put_right(time.right(), time.y, &words::count(connections), TOTALS - 1, Role::Text);
        strip(
            canvas,
            (time.x.saturating_sub(NAMES) + 1, time.x, time.y + 1),
            "failed",
            &sums,
            problems.1,
            Role::Bad,
        );
        canvas.put_right(time.right(), time.y + 1, &words::count(total(problems.1)), TOTALS - 1, Role::Text);
    }
    brush(state, canvas, time, window);
}

/// Highlights the time range that the list is limited to.
fn brush(state: &State, canvas: &mut Canvas<'_>, time: Rect, window: Window) {
    if let Some((from, to)) = state.row_filter.range()
        && let Some((first, last)) = TimeScale::new(window, time.width).columns_of(from, to)
    {
        for y in time.top()..time.bottom() {
            for x in first..=last {
                canvas.reverse(time.x + x, y, " ");
            }
        }
    }
}

/// Draws a row of bars, scaled to the highest among them.
fn strip(
    canvas: &mut Canvas<'_>,
    (label, x, y): (u16, u16, u16),
    name: &str,
    sums: &[[u32; ROWS]],
    row: usize,
    role: Role,
) {
    canvas.put(label, y, name, NAMES, role);
    let value = |sum: &[u32; ROWS]| sum.get(row).copied().unwrap_or(0);
    let highest = sums.iter().map(value).max().unwrap_or(0).max(1);
    for (offset, sum) in (0..).zip(sums) {
        let value = value(sum);
        if value > 0 {
            let level = (u64::from(value) * 8).div_ceil(u64::from(highest)).clamp(1, 8);
            let height = usize::try_from(level - 1).unwrap_or(0);
            canvas.cell(x + offset, y, glyphs::HEIGHTS.get(height).copied().unwrap_or_default(), role);
        }
    }
}
