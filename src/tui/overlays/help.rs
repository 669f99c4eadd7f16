//! The help: all keys, from the table that also dispatches them, then marks and commands.

use ratatui::layout::Rect;

use crate::report::Mode;
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::glyphs;
use crate::tui::keymap::Group;
use crate::tui::layout;
use crate::tui::message::Motion;
use crate::tui::state::{Overlay, State};
use crate::tui::theme::Role;
use crate::tui::words;

/// A column of the help, in cells.
const COLUMN: u16 = 37;

/// All lines of the help for a width, in columns side by side.
fn lines(state: &State, width: u16) -> Vec<Spans> {
    let columns = usize::from((width / COLUMN).clamp(1, 3));
    let mut blocks: Vec<Vec<Spans>> = Group::ALL
        .into_iter()
        .map(|group| {
            let mut block: Vec<Spans> = vec![vec![span(group.name(), Role::Title)]];
            for (keys, binding) in state.settings.keymap.rows(group) {
                block.push(vec![span(format!(" {keys:<8} "), Role::Key), span(binding.help, Role::Text)]);
            }
            block.push(Vec::new());
            block
        })
        .collect();
    blocks.push(marks());
    blocks.push(commands());
    // The next block goes into the shortest column.
    let mut sides: Vec<Vec<Spans>> = vec![Vec::new(); columns];
    for block in blocks {
        if let Some(side) = sides.iter_mut().min_by_key(|side| side.len()) {
            side.extend(block);
        }
    }
    let height = sides.iter().map(Vec::len).max().unwrap_or(0);
    let cells = usize::from(width) / columns;
    (0..height)
        .map(|row| {
            let mut line = Spans::new();
            for side in &sides {
                let mut used = 0;
                for (text, role) in side.get(row).into_iter().flatten() {
                    let text = words::clip(text, cells.saturating_sub(used + 1)).into_owned();
                    used += words::width(&text);
                    line.push((text, *role));
                }
                line.push(span(" ".repeat(cells.saturating_sub(used)), Role::Text));
            }
            line
        })
        .collect()
}

fn marks() -> Vec<Spans> {
    let mut block: Vec<Spans> = vec![vec![span("MARKS", Role::Title)]];
    for (mode, what) in [
        (Mode::Pasv, "PASV: the client connects"),
        (Mode::Epsv, "EPSV: the client connects"),
        (Mode::Port, "PORT: the server connects"),
        (Mode::Eprt, "EPRT: the server connects"),
    ] {
        let sign = format!(" {} {} ", glyphs::letter(Some(mode)), glyphs::fill(Some(mode)));
        block.push(vec![span(sign, Role::Mode(Some(mode))), span(what, Role::Text)]);
    }
    for (symbol, role, what) in [
        ("T", Role::Mode(None), "negotiated under TLS, out of sight"),
        (glyphs::MATCHED, Role::Matched, "prediction met by a connection"),
        (glyphs::PREDICTED, Role::Predicted, "prediction without a connection"),
        (glyphs::NEVER, Role::Never, "nothing came, or no answer"),
        (glyphs::FAILED, Role::Failed, "refused, rejected, cut short"),
        (glyphs::TIME_WAIT, Role::TimeWait, "the pair is kept in TIME_WAIT"),
        (glyphs::LISTENER_REUSED, Role::Reused, "listening port used again"),
        (glyphs::PAIR_REUSED, Role::Bad, "same pair again inside TIME_WAIT"),
        (glyphs::INCOMPLETE, Role::Bad, "incomplete: a limit was reached"),
    ] {
        block.push(vec![span(format!(" {symbol}   "), role), span(what, Role::Text)]);
    }
    block.push(Vec::new());
    block
}

fn commands() -> Vec<Spans> {
    let mut block: Vec<Spans> = vec![vec![span("COMMANDS", Role::Title)]];
    for (command, help) in crate::tui::commands::all() {
        block.push(vec![span(format!(" {command} "), Role::Key), span(help, Role::Text)]);
    }
    block.push(Vec::new());
    block
}

fn area_of(screen: Rect) -> Rect {
    let margin = if screen.width > 100 { 4 } else { 0 };
    Rect {
        x: screen.x + margin,
        y: screen.y + u16::from(screen.height > 20),
        width: screen.width.saturating_sub(2 * margin),
        height: screen.height.saturating_sub(2 * u16::from(screen.height > 20)),
    }
}

/// How far it can be scrolled.
fn overflow(state: &State, screen: Rect) -> u16 {
    let inside = layout::inner(area_of(screen));
    let lines = lines(state, inside.width.saturating_sub(2)).len();
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_sub(inside.height)
}

/// Scrolls.
pub(in crate::tui) fn scroll(state: &State, motion: Motion, top: u16) -> Overlay {
    let top = match motion {
        Motion::Down => top.saturating_add(1),
        Motion::Up => top.saturating_sub(1),
        Motion::PageDown | Motion::HalfDown => top.saturating_add(10),
        Motion::PageUp | Motion::HalfUp => top.saturating_sub(10),
        Motion::First => 0,
        Motion::Last => u16::MAX,
    };
    let screen = Rect { x: 0, y: 0, width: state.size.0, height: state.size.1 };
    Overlay::Help { top: top.min(overflow(state, screen)) }
}

pub(in crate::tui) fn draw(state: &State, canvas: &mut Canvas<'_>, screen: Rect, top: u16) {
    let area = area_of(screen);
    canvas.fill(area, Role::Text);
    let foot = [span("Esc closes · ↑↓ scroll · names for [keys]: ftpscope config", Role::Dim)];
    canvas.panel(area, &[span("Help", Role::Title)], &foot);
    let inside = layout::inner(area);
    let lines = lines(state, inside.width.saturating_sub(2));
    for (y, line) in (inside.y..inside.bottom()).zip(lines.iter().skip(usize::from(top))) {
        canvas.spans(inside.x + 1, y, line, inside.width.saturating_sub(2));
    }
    canvas.scrollbar(inside, usize::from(top), lines.len());
}
