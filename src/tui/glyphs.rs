//! Symbols. None is double-width or drawn as an emoji anywhere; each has an ASCII replacement.

pub(super) use crate::picture::{letter, mode_name};
use crate::report::Mode;

macro_rules! glyphs {
    ($($(#[$doc:meta])* $name:ident = $unicode:literal $ascii:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $unicode;)*

        /// The ASCII replacement of one of these symbols; `?` for any other.
        pub(super) fn ascii(symbol: &str) -> &'static str {
            match symbol {
                $($unicode => $ascii,)*
                _ => ascii_of_drawing(symbol),
            }
        }
    };
}

glyphs! {
    /// A prediction that waits, or that was never fulfilled.
    PREDICTED = "◇" "o";
    /// A prediction that a connection fulfilled.
    MATCHED = "◆" "@";
    /// Time between a prediction and its connection.
    WAITING = "╌" "-";
    /// The 4-tuple of a closed connection is in TIME_WAIT.
    TIME_WAIT = "┄" ".";
    /// The listening endpoint is reused, from another port.
    LISTENER_REUSED = "↻" "r";
    /// The same 4-tuple is reused inside TIME_WAIT.
    PAIR_REUSED = "✗" "X";
    /// Refused, failed, aborted.
    FAILED = "×" "x";
    /// The cursor.
    CURSOR = "│" "|";
    /// A labelled tick.
    TICK = "┴" "+";
    /// A small tick.
    SMALL_TICK = "╵" ".";
    /// Ascending order.
    ASCENDING = "▲" "^";
    /// Descending order.
    DESCENDING = "▼" "v";
    /// An expanded group.
    EXPANDED = "▾" "-";
    /// A collapsed group.
    COLLAPSED = "▸" "+";
    /// From one endpoint to another.
    ARROW = "→" ">";
    /// The head of an arrow.
    TO_RIGHT = "►" ">";
    /// The head of an arrow.
    TO_LEFT = "◄" "<";
    /// The shaft of a data arrow.
    DATA_LINE = "━" "=";
    /// A data connection that is open.
    DATA_LIFELINE = "┃" "H";
    /// A 4-tuple in TIME_WAIT.
    WAIT_LIFELINE = "┇" ":";
    /// Time passes.
    IDLE = "⋮" ":";
    /// More to the left.
    MORE_LEFT = "‹" "<";
    /// More to the right.
    MORE_RIGHT = "›" ">";
    /// Nothing, or a separator.
    DOT = "·" ".";
    /// Recording.
    RECORDING = "●" "*";
}

/// Never happened, or unknown.
pub(super) const NEVER: &str = "?";
/// Something is wrong here.
pub(super) const PROBLEM: &str = "!";
/// A limit took something from it.
pub(super) const INCOMPLETE: &str = "~";
/// Marked by the user.
pub(super) const MARKED: &str = "*";
/// The selected row, which is not marked by colour alone.
pub(super) const SELECTED: &str = ">";
/// Eight heights of a bar.
pub(super) const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Work is in progress.
pub(super) const SPINNER: [&str; 4] = ["◐", "◓", "◑", "◒"];

fn ascii_of_drawing(symbol: &str) -> &'static str {
    match symbol {
        "█" | "▓" | "▆" | "▇" => "#",
        "▒" | "░" | "▄" | "▅" | "≤" | "≥" => "=",
        "▂" | "▃" | "─" | "╴" | "╶" | "–" | "—" | "−" | "◑" => "-",
        "▁" => "_",
        "■" => "%",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┼" | "┓" | "┨" => "+",
        "µ" => "u",
        "Δ" => "d",
        "…" | "≈" => "~",
        "◐" => "|",
        "◓" => "/",
        "◒" => "\\",
        "“" | "”" => "\"",
        "’" => "'",
        "←" => "<",
        "↑" => "^",
        "↓" => "v",
        _ => "?",
    }
}

/// The fill of a mode's bar.
pub(super) const fn fill(mode: Option<Mode>) -> &'static str {
    match mode {
        Some(Mode::Pasv | Mode::Lpsv) => "█",
        Some(Mode::Epsv) => "▓",
        Some(Mode::Port | Mode::Lprt | Mode::Default) => "▒",
        Some(Mode::Eprt) => "░",
        None => "■",
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn modes_differ_by_letter_and_the_four_usual_ones_by_fill() {
        let modes = [Mode::Pasv, Mode::Epsv, Mode::Port, Mode::Eprt, Mode::Lprt, Mode::Lpsv, Mode::Default];
        let mut letters: Vec<_> =
            modes.iter().map(|&mode| letter(Some(mode))).chain([letter(None)]).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 8);
        let mut fills: Vec<_> = modes.iter().take(4).map(|&mode| fill(Some(mode))).collect();
        fills.sort_unstable();
        fills.dedup();
        assert_eq!(fills.len(), 4);
    }

    #[test]
    fn every_mark_is_one_cell_and_its_replacement_is_ascii() {
        for mark in
            HEIGHTS.into_iter().chain(SPINNER).chain(["◆", "◇", "✗", "↻", "×", "►", "▾", "…", "→", "⋮", "■"])
        {
            assert_eq!(mark.width(), 1, "{mark}");
            assert!(ascii(mark).is_ascii() && ascii(mark) != "?", "{mark}");
        }
        assert_eq!(ascii("文"), "?");
    }
}
