//! The paper: how wide it is, whether it takes colour, and which characters it can show.

use std::fmt::Display;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::base::Printable;

/// What the report may look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; none where it isn't one, and lines are as long as they are.
    pub width: Option<usize>,
    /// Whether to colour.
    pub color: bool,
    /// Whether only ASCII characters can be shown.
    pub ascii: bool,
    /// Whether a filter chose among the sessions: then none is none of those that were read.
    pub is_selection: bool,
}

/// What a piece of text means, which decides its colour. The text says the same without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Heading,
    /// Less important than what surrounds it.
    Faint,
    Good,
    Info,
    Notice,
    Warning,
    Bad,
    Alert,
}

impl Style {
    /// The parameters of the SGR sequence: the sixteen colours that each terminal has its own idea of.
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

/// A piece of a line.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) style: Style,
    pub(super) text: String,
}

/// Where in a paragraph the next word goes.
struct Cursor {
    column: usize,
    at_start: bool,
    /// Columns by which the lines after the first are indented.
    hang: usize,
}

/// Writes lines.
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

    /// Text, from the wire or not, as this page can show it.
    pub(super) fn text(&self, text: impl AsRef<str>) -> String {
        let printable = Printable(text.as_ref()).to_string();
        if self.look.ascii && !printable.is_ascii() { ascii(&printable) } else { printable }
    }

    /// A piece of text, from the wire or not.
    pub(super) fn piece(&self, style: Style, text: impl AsRef<str>) -> Piece {
        Piece { style, text: self.text(text) }
    }

    /// The same of anything that can be displayed.
    pub(super) fn shown(&self, style: Style, what: impl Display) -> Piece {
        self.piece(style, what.to_string())
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A line, `indent` columns from the left, however long.
    pub(super) fn line(&mut self, indent: usize, pieces: &[Piece]) -> io::Result<()> {
        let last = pieces.iter().rposition(|piece| !piece.text.trim_end().is_empty()).unwrap_or(0);
        self.indent(indent)?;
        for (index, piece) in pieces.iter().take(last + 1).enumerate() {
            let text = if index == last { piece.text.trim_end() } else { &piece.text };
            self.paint(piece.style, text)?;
        }
        self.gap()
    }

    /// A paragraph, broken between words where the page ends; lines after the first are indented by `hang`.
    pub(super) fn paragraph(&mut self, indent: usize, hang: usize, pieces: &[Piece]) -> io::Result<()> {
        let mut cursor = self.start(indent, hang)?;
        for piece in pieces {
            self.words(&mut cursor, piece)?;
        }
        self.gap()
    }

    /// Facts with dots between them, broken between two facts where the page ends.
    pub(super) fn facts(&mut self, indent: usize, hang: usize, facts: &[Piece]) -> io::Result<()> {
        let mut cursor = self.start(indent, hang)?;
        let dot = self.piece(Style::Faint, "·");
        for fact in facts {
            // One column for the dot, and one on each side of it.
            let needed = fact.text.width() + dot.text.width() + 2;
            if self.look.width.is_some_and(|width| !cursor.at_start && cursor.column + needed > width) {
                self.next_line(&mut cursor)?;
            } else if !cursor.at_start {
                self.words(&mut cursor, &dot)?;
            }
            self.words(&mut cursor, fact)?;
        }
        self.gap()
    }

    fn start(&mut self, indent: usize, hang: usize) -> io::Result<Cursor> {
        self.indent(indent)?;
        Ok(Cursor { column: indent, at_start: true, hang })
    }

    fn next_line(&mut self, cursor: &mut Cursor) -> io::Result<()> {
        self.gap()?;
        self.indent(cursor.hang)?;
        *cursor = Cursor { column: cursor.hang, at_start: true, hang: cursor.hang };
        Ok(())
    }

    fn words(&mut self, cursor: &mut Cursor, piece: &Piece) -> io::Result<()> {
        for word in piece.text.split(' ') {
            let columns = word.width();
            if !cursor.at_start {
                if self.look.width.is_some_and(|width| cursor.column + 1 + columns > width) {
                    self.next_line(cursor)?;
                } else {
                    self.out.write_all(b" ")?;
                    cursor.column += 1;
                }
            }
            self.paint(piece.style, word)?;
            cursor.column += columns;
            cursor.at_start = false;
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

/// Text in ASCII alone: typographic characters by their plain forms, all others by their numbers.
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

/// The end of `text` in at most `columns` columns, with an ellipsis for what is left out: a path's end tells most.
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

/// `text` and blanks up to `columns` columns, before it or after it.
pub(super) fn pad(text: &str, columns: usize, to_the_right: bool) -> String {
    let blanks = " ".repeat(columns.saturating_sub(text.width()));
    if to_the_right { blanks + text } else { text.to_owned() + &blanks }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paragraph(look: Look, pieces: &[(Style, &str)]) -> String {
        let mut bytes = Vec::new();
        let mut page = Page::new(&mut bytes, look);
        let pieces: Vec<Piece> = pieces.iter().map(|&(style, text)| page.piece(style, text)).collect();
        page.paragraph(2, 4, &pieces).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn paragraphs_break_between_words_and_hang() {
        let look = Look { width: Some(16), ..Look::default() };
        let text = paragraph(look, &[(Style::Plain, "one two three"), (Style::Faint, "four 日本語 five")]);
        assert_eq!(text, "  one two three\n    four 日本語\n    five\n");
        let endless = paragraph(Look::default(), &[(Style::Plain, "one two three four five six")]);
        assert_eq!(endless, "  one two three four five six\n");
    }

    #[test]
    fn facts_break_between_two_facts_if_they_can() {
        let mut bytes = Vec::new();
        let mut page = Page::new(&mut bytes, Look { width: Some(20), ..Look::default() });
        let facts = ["one two", "three four", "five", "six seven eight nine ten"];
        let facts = facts.map(|fact| page.piece(Style::Plain, fact));
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
    fn an_ascii_page_shows_ascii_alone() {
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
