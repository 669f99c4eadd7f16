//! The rows around every view: title, tabs, filter, hints.

use ratatui::layout::Rect;

use crate::base::Bytes;
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::data::Data;
use crate::tui::glyphs;
use crate::tui::layout;
use crate::tui::screen::Screen;
use crate::tui::sorting::Progress;
use crate::tui::state::{Pending, State};
use crate::tui::tabs;
use crate::tui::theme::Role;
use crate::tui::words;

/// The name of the capture, its size, and the progress of reading.
pub(super) fn title(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let mut spans: Spans = vec![span(" ftpscope  ", Role::Title)];
    let progress = data.progress();
    if let Some(live) = data.live() {
        spans.push(span(format!("LIVE {}", words::raw_wire(&live.interface)), Role::Good));
        spans.push(span(format!("  {} pkts", words::count(live.packets)), Role::Text));
        if live.recording.is_none() {
            spans.push(span(format!("  {}", Bytes(live.bytes)), Role::Text));
        }
        let role = if live.dropped > 0 { Role::Bad } else { Role::Dim };
        spans.push(span(format!("  dropped {}", words::count(live.dropped)), role));
        if let Some((path, bytes)) = &live.recording {
            let text = format!("  {} {} {}", glyphs::RECORDING, words::raw_wire(path), Bytes(*bytes));
            spans.push(span(text, Role::Bad));
        }
    } else {
        spans.push(span(words::raw_wire(&state.settings.title), Role::Strong));
        let packets = data.capture().map_or(progress.packets, |capture| capture.packets);
        spans.push(span(format!("  {} pkts", words::count(packets)), Role::Text));
    }
    if let Some((first, last)) = data.extent() {
        spans.push(span(format!(" {} {}", glyphs::DOT, words::duration(last.since(first))), Role::Text));
    }
    if let Some(capture) = data.capture() {
        if capture.sources.iter().any(|source| source.damage.is_some()) {
            spans.push(span(format!(" {} input damaged", glyphs::DOT), Role::Bad));
        }
        let limits = capture.limits.iter().count();
        if limits > 0 {
            spans.push(span(
                format!(" {} {}", glyphs::DOT, words::counted(limits as u64, "limit") + " reached"),
                Role::Bad,
            ));
        }
    }
    canvas.spans(area.x, area.y, &spans, area.width);
    loading(state, data, canvas, area);
}

/// A gauge on the right while reading goes on.
fn loading(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let progress = data.progress();
    let mut spans: Spans = Vec::new();
    if state.paused {
        spans.push(span(" PAUSED ", Role::Bar));
    }
    if state.follow {
        spans.push(span(" FOLLOW ", Role::Bar));
    }
    if !progress.finished {
        let tick = usize::try_from(state.now.as_millis() / 200).unwrap_or(0) % glyphs::SPINNER.len();
        let spinner = glyphs::SPINNER.get(tick).copied().unwrap_or_default();
        let word = if state.stopping {
            "stopping"
        } else if data.live().is_some() {
            "capturing"
        } else {
            "reading"
        };
        let share = progress.total.filter(|&total| total > 0).map(|total| {
            let share = progress.bytes.min(total) as f64 / total as f64;
            format!(" {:.0} %", share * 100.0)
        });
        spans.push(span(format!(" {spinner} {word}{} ", share.unwrap_or_default()), Role::Marked));
    }
    let width: usize = spans.iter().map(|(text, _)| words::width(text)).sum();
    let width = u16::try_from(width).unwrap_or(area.width).min(area.width);
    if width > 0 {
        canvas.spans(area.right() - width, area.y, &spans, width);
    }
}

/// The views, and how many sessions are listed.
pub(super) fn tab_bar(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    for (screen, x, text) in tabs::of(state) {
        let role = if screen == state.screen { Role::OpenTab } else { Role::Tab };
        canvas.put(area.x + x, area.y, &text, area.width.saturating_sub(x), role);
    }
    let (listed, all) = (state.row_filter.rows().len() as u64, data.len() as u64);
    let mut text = String::new();
    if state.screen.is_of_session()
        && let Some(index) = state.selected
    {
        text = format!(
            "#{}  {}/{}",
            data.number(index),
            words::count(state.list.at as u64 + 1),
            words::count(listed)
        );
    } else if listed == all {
        text.push_str(&words::counted(all, "session"));
    } else {
        text = format!("{} of {}", words::count(listed), words::counted(all, "session"));
    }
    if data.gone() > 0 && !state.screen.is_of_session() {
        text = format!("{text}, {} older let go", words::count(data.gone().into()));
    }
    if data.lost() > 0 && !state.screen.is_of_session() {
        text = format!("{text}, {} could not be kept", words::count(data.lost()));
    }
    if !state.marked.is_empty() {
        text = format!("{} marked  {text}", words::count(state.marked.len() as u64));
    }
    let used =
        tabs::of(state).last().map_or(0, |(_, x, text)| *x + u16::try_from(words::width(text)).unwrap_or(0));
    let room = area.width.saturating_sub(used + 2);
    canvas.put_right(area.x + used + 1, area.y, &text, room, Role::Text);
}

/// The filter and the time range in force.
pub(super) fn filter(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mut spans: Spans = Vec::new();
    if !state.row_filter.text().is_empty() {
        spans.push(span(" / ", Role::Key));
        spans.push(span(words::raw_wire(state.row_filter.text()), Role::Strong));
    }
    if let Some((from, to)) = state.row_filter.range() {
        spans.push(span("  range ", Role::Key));
        spans.push(span(format!("{} .. {}", words::date(from), words::clock(to)), Role::Strong));
    }
    if let Some((seen, all)) = state.row_filter.progress(data) {
        let text = format!("  filtering {}/{}", words::count(seen.into()), words::count(all.into()));
        spans.push(span(text, Role::Marked));
    }
    if state.screen == Screen::Sessions {
        let gives_up = state.row_filter.is_renewing();
        spans.push(span(if gives_up { "  (Esc gives up)" } else { "  (Esc clears)" }, Role::Dim));
    }
    canvas.spans(area.x, area.y, &spans, area.width);
}

/// A word to the user, else the keys that matter here.
pub(super) fn hints(state: &State, progress: Option<Progress>, canvas: &mut Canvas<'_>, area: Rect) {
    if let Some(pending) = state.pending {
        let text = match pending {
            Pending::Go => " g: g first, or a frame number",
            Pending::SetMark => " m: a letter for the mark",
            Pending::JumpToMark => " ': the letter of a mark, or ' to go back",
        };
        canvas.put(area.x, area.y, text, area.width, Role::Key);
        return;
    }
    let search = state.search.as_ref();
    let search = search.map(|search| ("searching", search.seen, search.sessions.len()));
    let progress = progress.map(|progress| (progress.doing, progress.done, progress.all));
    if let Some((doing, done, all)) = search.or(progress) {
        let (done, all) = (words::count(done as u64), words::count(all as u64));
        let text = format!(" {doing} {done}/{all}  (Esc gives up)");
        canvas.put(area.x, area.y, &text, area.width, Role::Marked);
        return;
    }
    if let Some(flash) = &state.flash {
        let role = if flash.bad { Role::Bad } else { Role::Good };
        canvas.put(area.x, area.y, &format!(" {}", flash.text), area.width, role);
        return;
    }
    let mut x = area.x + 1;
    for (key, word) in state.settings.keymap.hints(state.screen) {
        let cells = u16::try_from(words::width(&key) + 1 + words::width(word)).unwrap_or(u16::MAX);
        if x.saturating_add(cells) > area.right() {
            break;
        }
        x = canvas.put(x, area.y, &key, area.right() - x, Role::Key);
        x = canvas.put(x + 1, area.y, word, area.right().saturating_sub(x + 1), Role::Dim) + 2;
    }
}

/// The page of a terminal that is too small.
pub(super) fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let lines = [
        format!("ftpscope needs {} x {} characters.", layout::LEAST.0, layout::LEAST.1),
        format!("This terminal is {} x {}.", area.width, area.height),
        String::new(),
        "Enlarge it, or: ftpscope analyze FILE".into(),
        "q quit".into(),
    ];
    let top = area.height.saturating_sub(5) / 2;
    for (offset, line) in (0_u16..).zip(&lines) {
        let width = u16::try_from(words::width(line)).unwrap_or(0);
        let x = area.x + area.width.saturating_sub(width.max(30)) / 2;
        if top + offset < area.height {
            canvas.put(x, area.y + top + offset, line, area.width, Role::Text);
        }
    }
}
