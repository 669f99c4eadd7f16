//! A line that is being typed.

use super::message::Edit;

/// The longest line, in bytes: a paste by accident must not become a filter.
const LONGEST: usize = 4096;

/// One line and the place of the cursor in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    text: String,
    /// A byte offset at a character boundary.
    cursor: usize,
}

impl Input {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The text before the cursor.
    pub(super) fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    pub(super) fn insert(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            if self.text.len() + character.len_utf8() > LONGEST {
                return;
            }
            self.text.insert(self.cursor, character);
            self.cursor += character.len_utf8();
        }
    }

    /// Replaces a range of bytes by `text`; the cursor goes after it.
    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_some() && self.text.len() + text.len() <= LONGEST {
            self.text.replace_range(range.clone(), text);
            self.cursor = range.start + text.len();
        }
    }

    /// Changes the line; whether anything of the text changed.
    pub(super) fn edit(&mut self, edit: &Edit) -> bool {
        let before = self.text.len();
        match edit {
            Edit::Insert(character) => self.insert(character.encode_utf8(&mut [0; 4])),
            Edit::Paste(text) => self.insert(text),
            Edit::Backspace => {
                if let Some(last) = self.before().chars().next_back() {
                    self.cursor -= last.len_utf8();
                    self.text.remove(self.cursor);
                }
            }
            Edit::Delete => {
                if !self.after().is_empty() {
                    self.text.remove(self.cursor);
                }
            }
            Edit::DeleteWord => {
                let kept = self.before().trim_end_matches(' ');
                let kept = kept.rfind(' ').map_or(0, |space| space + 1);
                self.text.replace_range(kept..self.cursor, "");
                self.cursor = kept;
            }
            Edit::Clear => {
                self.text.clear();
                self.cursor = 0;
            }
            Edit::Left => self.cursor -= self.before().chars().next_back().map_or(0, char::len_utf8),
            Edit::Right => self.cursor += self.after().chars().next().map_or(0, char::len_utf8),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::Older | Edit::Newer | Edit::Complete | Edit::CompleteBack | Edit::Accept | Edit::Cancel => {
            }
        }
        before != self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(edits: &[Edit]) -> (String, usize) {
        let mut input = Input::default();
        for edit in edits {
            input.edit(edit);
        }
        (input.text, input.cursor)
    }

    #[test]
    fn words_are_deleted_backwards() {
        let mut input = Input::new("sess.mode == PORT ");
        input.edit(&Edit::DeleteWord);
        assert_eq!(input.text(), "sess.mode == ");
        input.edit(&Edit::DeleteWord);
        assert_eq!(input.text(), "sess.mode ");
    }

    #[test]
    fn the_cursor_walks_over_whole_characters() {
        let edits = [Edit::Paste("aé文".into()), Edit::Left, Edit::Left, Edit::Delete, Edit::Insert('x')];
        assert_eq!(typed(&edits), ("ax文".into(), 2));
    }

    #[test]
    fn a_paste_is_bounded_and_loses_its_line_ends() {
        let (text, _) = typed(&[Edit::Paste("a\nb\x1b".into())]);
        assert_eq!(text, "ab");
        let (text, _) = typed(&[Edit::Paste("x".repeat(100_000))]);
        assert_eq!(text.len(), LONGEST);
    }

    proptest! {
        #[test]
        fn no_sequence_of_edits_leaves_the_cursor_inside_a_character(codes in prop::collection::vec(0..9_u8, 0..60)) {
            let mut input = Input::default();
            for code in codes {
                input.edit(&match code {
                    0 => Edit::Insert('é'),
                    1 => Edit::Paste("文 b".into()),
                    2 => Edit::Backspace,
                    3 => Edit::Delete,
                    4 => Edit::DeleteWord,
                    5 => Edit::Left,
                    6 => Edit::Right,
                    7 => Edit::Home,
                    _ => Edit::End,
                });
                prop_assert!(input.text.is_char_boundary(input.cursor));
            }
        }
    }
}
