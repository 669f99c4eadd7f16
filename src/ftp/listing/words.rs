//! The words of a line, and where they are.

use smallvec::SmallVec;

/// More words than the facts of an entry have in any form; those of its name are not needed.
const MOST: usize = 24;

/// A word, and where in its line it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    start: usize,
}

impl Word<'_> {
    /// Where in its line what follows it begins.
    pub(super) const fn end(self) -> usize {
        self.start.saturating_add(self.text.len())
    }
}

/// The first words of a line.
#[derive(Debug)]
pub(super) struct Words<'t> {
    line: &'t str,
    words: SmallVec<[Word<'t>; MOST]>,
}

impl<'t> Words<'t> {
    pub(super) fn of(line: &'t str) -> Self {
        let mut at = 0_usize;
        let words = line.split([' ', '\t']).map(|text| {
            let start = at;
            at = at.saturating_add(text.len()).saturating_add(1);
            Word { text, start }
        });
        Self { line, words: words.filter(|word| !word.text.is_empty()).take(MOST).collect() }
    }

    /// The word at an index, or nothing where there is none.
    pub(super) fn at(&self, index: usize) -> &'t str {
        self.words.get(index).map_or("", |word| word.text)
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Where a word is.
    pub(super) fn position(&self, is_wanted: impl Fn(&str) -> bool) -> Option<usize> {
        self.words.iter().position(|word| is_wanted(word.text))
    }

    /// What follows a word, the spaces before it included.
    pub(super) fn behind(&self, index: usize) -> Option<&'t str> {
        self.line.get(self.words.get(index)?.end()..)
    }

    /// The line from one word to another.
    pub(super) fn span(&self, first: usize, last: usize) -> &'t str {
        let ends = self.words.get(first).zip(self.words.get(last));
        ends.and_then(|(first, last)| self.line.get(first.start..last.end())).unwrap_or_default()
    }
}

/// A number made of digits only, if it fits.
pub(super) fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
