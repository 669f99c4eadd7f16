//! The commands of the command line: their names, for the help and for completion.

use super::row_filter::SortKey;
use super::state::Completion;
use super::theme::ThemeName;

/// The commands, what they take, and what they do.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("w", "FILE", "save the sessions' packets (w!: replace)"),
    ("export", "FORMAT FILE", "write what is listed"),
    ("goto", "FRAME", "go to a frame; also :123"),
    ("filter", "EXPRESSION", "filter the sessions; without one list all"),
    ("find", "TEXT", "find text"),
    ("sort", "COLUMN", "sort the sessions"),
    ("theme", "NAME", "dark, light, cb-safe or mono"),
    ("ascii", "", "draw with ASCII only, or not"),
    ("unmark", "", "forget all marks"),
    ("unignore", "", "show all kinds of findings again"),
    ("keys", "", "the keys and their names"),
    ("q", "", "quit"),
];

/// What could be put in for the word before the cursor.
pub(super) fn complete(before: &str, formats: &[&'static str]) -> Vec<Completion> {
    let word_from = before.rfind(' ').map_or(0, |space| space + 1);
    let word = before.get(word_from..).unwrap_or_default();
    let range = word_from..before.len();
    let offer = |names: &mut dyn Iterator<Item = (&'static str, &'static str)>| {
        names
            .filter(|(name, _)| name.starts_with(word))
            .map(|(name, help)| Completion {
                range: range.clone(),
                text: name.to_owned(),
                help: help.to_owned(),
            })
            .collect()
    };
    let mut words = before.split(' ');
    match (words.next(), words.count()) {
        (Some(_), 0) => offer(&mut COMMANDS.iter().map(|(name, _, help)| (*name, *help))),
        (Some("theme"), 1) => offer(&mut ThemeName::ALL.into_iter().map(|theme| (theme.name(), "theme"))),
        (Some("sort"), 1) => offer(&mut SortKey::ALL.into_iter().map(|sort| (sort.name(), "column"))),
        (Some("export" | "export!" | "x" | "x!"), 1) => {
            offer(&mut formats.iter().map(|format| (*format, "format")))
        }
        _ => Vec::new(),
    }
}

/// The commands, for the help.
pub(super) fn all() -> impl Iterator<Item = (String, &'static str)> {
    COMMANDS.iter().map(|(name, takes, help)| (format!(":{name} {takes}").trim_end().to_owned(), *help))
}
