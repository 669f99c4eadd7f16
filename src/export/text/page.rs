//! Lines and paragraphs within the width, colours and characters that the output can show.

use std::fmt::Display;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::base::Printable;

/// What the report may look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None` where the output isn't one, and lines are not wrapped.
    pub width: Option<usize>,
    /// Whether to use colours.
    pub color: bool,
    /// Whether only ASCII characters can be shown.
    pub ascii: bool,
    /// Which sessions are written out.
    pub shown: Shown,
    /// Whether a filter selected the sessions, so that an empty report doesn't mean that there was no FTP.
    pub is_selection: bool,
}

/// Which sessions of a report are written out, below what is said of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// All, unless there are more than fit on a terminal.
    #[default]
    Fitting,
    /// All.
    All,
    /// Those with a warning or worse.
    Problems,
    /// None.
    Summary,
}

/// The meaning of some text, which decides its colour. The text must be understandable without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Heading,
    /// Less important than its surroundings.
    Faint,
    Good,
    Info,
    Notice,
    Warning,
    Bad,
    Alert,
}

impl Style {
    /// The parameters of the SGR sequence, from the sixteen colours that follow the terminal's theme.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Info => "34",
            Self::Notice => "36",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Alert => "1;31",
        }
    }
}

/// Text of one style.
#[derive(Clone, Debug)]
pub(super) struct Styled {
    pub(super) style: Style,
    pub(super) text: String,
}

/// Where in a paragraph the next word goes.
struct Position {
    column: usize,
    at_start: bool,
    /// Indentation of the lines after the first.
    hang: usize,
}

/// Writes lines and paragraphs.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    look: Look,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, look: Look) -> Self {
        Self { out, look }
    }

    pub(super) const fn width(&self) -> Option<usize> {
        self.look.width
    }

    /// The text as this page can show it: printable, and in ASCII where that is asked for.
    pub(super) fn text(&self, text: impl AsRef<str>) -> String {
        let printable = Printable(text.as_ref()).to_string();
        if self.look.ascii && !printable.is_ascii() { ascii(&printable) } else { printable }
    }

    /// The text, as this page can show it, in a style.
    pub(super) fn styled(&self, style: Style, text: impl AsRef<str>) -> Styled {
        Styled { style, text: self.text(text) }
    }

    /// The same for anything that can be displayed.
    pub(super) fn display(&self, style: Style, what: impl Display) -> Styled {
        self.styled(style, what.to_string())
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A line, `indent` columns from the left, never wrapped.
    pub(super) fn line(&mut self, indent: usize, texts: &[Styled]) -> io::Result<()> {
        let last = texts.iter().rposition(|piece| !piece.text.trim_end().is_empty()).unwrap_or(0);
        self.indent(indent)?;
        for (index, piece) in texts.iter().take(last + 1).enumerate() {
            let text = if index == last { piece.text.trim_end() } else { &piece.text };
            self.paint(piece.style, text)?;
        }
        self.gap()
    }

    /// A paragraph, wrapped between words; lines after the first are indented by `hang`.
    pub(super) fn paragraph(&mut self, indent: usize, hang: usize, texts: &[Styled]) -> io::Result<()> {
        let mut position = self.start(indent, hang)?;
        for piece in texts {
            self.words(&mut position, piece)?;
        }
        self.gap()
    }

    /// Facts separated by dots, wrapped between two facts where possible.
    pub(super) fn facts(&mut self, indent: usize, hang: usize, facts: &[Styled]) -> io::Result<()> {
        let mut position = self.start(indent, hang)?;
        let dot = self.styled(Style::Faint, "·");
        for fact in facts {
            // One column for the dot, and one on each side of it.
            let needed = fact.text.width() + dot.text.width() + 2;
            if self.look.width.is_some_and(|width| !position.at_start && position.column + needed > width) {
                self.next_line(&mut position)?;
            } else if !position.at_start {
                self.words(&mut position, &dot)?;
            }
            self.words(&mut position, fact)?;
        }
        self.gap()
    }

    fn start(&mut self, indent: usize, hang: usize) -> io::Result<Position> {
        self.indent(indent)?;
        Ok(Position { column: indent, at_start: true, hang })
    }

    fn next_line(&mut self, position: &mut Position) -> io::Result<()> {
        self.gap()?;
        self.indent(position.hang)?;
        *position = Position { column: position.hang, at_start: true, hang: position.hang };
        Ok(())
    }

    fn words(&mut self, position: &mut Position, piece: &Styled) -> io::Result<()> {
        for word in piece.text.split(' ') {
            let columns = word.width();
            if !position.at_start {
                if self.look.width.is_some_and(|width| position.column + 1 + columns > width) {
                    self.next_line(position)?;
                } else {
                    self.out.write_all(b" ")?;
                    position.column += 1;
                }
            }
            self.paint(piece.style, word)?;
            position.column += columns;
            position.at_start = false;
        }
        Ok(())
    }

    fn indent(&mut self, columns: usize) -> io::Result<()> {
        write!(self.out, "{:columns$}", "")
    }

    fn paint(&mut self, style: Style, text: &str) -> io::Result<()> {
        if self.look.color && style != Style::Plain && !text.is_empty() {
            write!(self.out, "\x1b[{}m{text}\x1b[0m", style.sgr())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}

/// The text in ASCII: typographic characters in their plain form, all others as `\u{NNNN}`.
fn ascii(text: &str) -> String {
    use std::fmt::Write as _;
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '→' => plain.push_str("->"),
            '←' => plain.push_str("<-"),
            '…' => plain.push_str("..."),
            '–' | '—' | '−' => plain.push('-'),
            '·' => plain.push('|'),
            '×' => plain.push('x'),
            '└' => plain.push('`'),
            'µ' => plain.push('u'),
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            _ if character.is_ascii() => plain.push(character),
            // Writing to a string can't fail.
            _ => write!(plain, "\\u{{{:04x}}}", u32::from(character)).unwrap_or_default(),
        }
    }
    plain
}

/// The end of `text` in at most `columns` columns, after an ellipsis if it was clipped: the end of a path
/// matters most.
pub(super) fn clip_start(text: &str, columns: usize, ellipsis: &str) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(ellipsis.width());
    let mut taken = 0;
    let kept = text.char_indices().rev().take_while(|(_, character)| {
        taken += character.width().unwrap_or(0);
        taken <= room
    });
    let start = kept.last().map_or(text.len(), |(start, _)| start);
    let (_, end) = text.split_at(start);
    format!("{ellipsis}{end}")
}

/// Pads `text` to `columns` columns.
pub(super) fn pad(text: &str, columns: usize, align_right: bool) -> String {
    let blanks = " ".repeat(columns.saturating_sub(text.width()));
    if align_right { blanks + text } else { text.to_owned() + &blanks }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paragraph(look: Look, texts: &[(Style, &str)]) -> String {
        let mut bytes = Vec::new();
        let mut page = Page::new(&mut bytes, look);
        let texts: Vec<Styled> = texts.iter().map(|&(style, text)| page.styled(style, text)).collect();
        page.paragraph(2, 4, &texts).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn paragraphs_break_between_words_and_have_a_hanging_indent() {
        let look = Look { width: Some(16), ..Look::default() };
        let text = paragraph(look, &[(Style::Plain, "one two three"), (Style::Faint, "four 日本語 five")]);
        assert_eq!(text, "  one two three\n    four 日本語\n    five\n");
        let endless = paragraph(Look::default(), &[(Style::Plain, "one two three four five six")]);
        assert_eq!(endless, "  one two three four five six\n");
    }

    #[test]
    fn facts_break_between_two_facts_where_possible() {
        let mut bytes = Vec::new();
        let mut page = Page::new(&mut bytes, Look { width: Some(20), ..Look::default() });
        let facts = ["one two", "three four", "five", "six seven eight nine ten"];
        let facts = facts.map(|fact| page.styled(Style::Plain, fact));
        page.facts(0, 2, &facts).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "one two · three four\n  five\n  six seven eight\n  nine ten\n");
    }

    #[test]
    fn nothing_from_the_wire_reaches_the_terminal_as_a_control_character() {
        let look = Look { color: true, ..Look::default() };
        let text = paragraph(look, &[(Style::Bad, "a\x1b[2Jb\u{202e}c\r\n")]);
        assert_eq!(text, "  \x1b[31ma\\x1b[2Jb\\u{202e}c\\x0d\\x0a\x1b[0m\n");
    }

    #[test]
    fn an_ascii_page_shows_nothing_but_ascii() {
        let look = Look { ascii: true, ..Look::default() };
        assert_eq!(paragraph(look, &[(Style::Plain, "a → b… 2–3 é")]), "  a -> b... 2-3 \\u{00e9}\n");
    }

    proptest! {
        #[test]
        fn a_clipped_text_is_never_wider_than_asked_and_keeps_its_end(text in "[a-z日é]*", columns in 1_usize..40) {
            let clipped = clip_start(&text, columns, "…");
            prop_assert!(clipped.width() <= columns);
            prop_assert!(text.ends_with(clipped.trim_start_matches('…')));
            prop_assert!(clipped == text || clipped.width() + 1 >= columns);
        }
    }
}
