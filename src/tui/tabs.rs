//! The tabs of the screens and their positions, for drawing and for clicks.

use super::screen::Screen;
use super::state::State;
use super::words;

/// For each screen the column and the text of its tab.
pub(super) fn of(state: &State) -> Vec<(Screen, u16, String)> {
    let wide = state.size.0 >= 96;
    let mut x = 1;
    let mut tabs = Vec::new();
    for (number, &screen) in (1..).zip(Screen::ALL) {
        let name = if wide { screen.name() } else { screen.short() };
        let text =
            if screen == state.screen { format!("[{number} {name}]") } else { format!(" {number} {name} ") };
        let width = u16::try_from(words::width(&text)).unwrap_or(0);
        tabs.push((screen, x, text));
        x += width + u16::from(wide);
    }
    tabs
}

/// The screen whose tab is at a column.
pub(super) fn at(state: &State, x: u16) -> Option<Screen> {
    of(state)
        .into_iter()
        .find(|(_, from, text)| x >= *from && usize::from(x) < usize::from(*from) + words::width(text))
        .map(|(screen, _, _)| screen)
}
