//! The command line: `:w FILE`, `:export FORMAT FILE`, `:123`.

use std::path::PathBuf;

use crate::tui::data::Data;
use crate::tui::effect::{Effect, SaveRequest, Table};
use crate::tui::evidence;
use crate::tui::message::Action;
use crate::tui::row_filter::SortKey;
use crate::tui::state::{Completion, Overlay, State};
use crate::tui::theme::ThemeName;

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

/// Performs a command line.
pub(super) fn run(state: &mut State, data: &Data, line: &str) -> Option<Effect> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    if let Ok(frame) = name.parse() {
        super::find::to_frame_anywhere(state, data, frame);
        return None;
    }
    match name {
        "" => {}
        "w" | "write" | "save" => return save(state, data, rest, false),
        "w!" | "write!" | "save!" => return save(state, data, rest, true),
        "export" | "x" => return export(state, data, rest, false),
        "export!" | "x!" => return export(state, data, rest, true),
        "goto" | "go" => match rest.parse() {
            Ok(frame) => super::find::to_frame_anywhere(state, data, frame),
            Err(_) => state.complain("goto takes a frame number"),
        },
        "filter" | "f" => {
            super::prompt::apply_filter(state, rest);
        }
        "find" => {
            state.find = Some(rest.to_owned());
            super::find::find(state, data, true);
        }
        "sort" => sort(state, data, rest),
        "theme" => match ThemeName::parse(rest) {
            Some(theme) => super::theme(state, theme),
            None => state.complain("theme takes dark, light, cb-safe or mono"),
        },
        "ascii" => state.settings.ascii = !state.settings.ascii,
        "unmark" => state.marked.clear(),
        "unignore" => {
            state.findings.ignored.clear();
            state.findings.order();
        }
        "keys" | "help" => state.overlay = Overlay::Help { top: 0 },
        "q" | "quit" => return super::act(state, data, Action::Quit),
        "q!" => return Some(Effect::Quit { keep: false }),
        _ => state.complain(format!("there is no command '{name}': Tab shows them")),
    }
    None
}

fn sort(state: &mut State, data: &Data, column: &str) {
    if let Some(sort) = SortKey::parse(column) {
        state.row_filter.order(sort, false, data);
    } else {
        let names: Vec<&str> = SortKey::ALL.iter().map(|sort| sort.name()).collect();
        state.complain(format!("sort takes one of {}", names.join(", ")));
    }
}

fn save(state: &mut State, data: &Data, path: &str, replace: bool) -> Option<Effect> {
    if path.is_empty() {
        state.complain("w takes a file name");
        return None;
    }
    let chosen = super::aim::chosen(state, data);
    let sessions = || chosen.iter().filter_map(|&index| data.session(index));
    if chosen.is_empty() {
        state.complain("no session to save");
        return None;
    }
    let request = SaveRequest {
        path: PathBuf::from(path),
        flows: sessions().flat_map(evidence::flows).collect(),
        sessions: sessions().map(|session| session.uid.clone()).collect(),
        replace,
    };
    state.say(format!("saving {} to {path} …", crate::tui::words::counted(chosen.len() as u64, "session")));
    Some(Effect::Save(request))
}

fn export(state: &mut State, data: &Data, rest: &str, replace: bool) -> Option<Effect> {
    let Some((format, path)) = rest.split_once(' ').filter(|(_, path)| !path.trim().is_empty()) else {
        state.complain("export takes a format and a file name");
        return None;
    };
    let sessions = super::aim::exported(state, data);
    state.say(format!(
        "writing {} to {} …",
        crate::tui::words::counted(sessions.len() as u64, "session"),
        path.trim()
    ));
    let table = Table::of(state.screen);
    Some(Effect::Export { format: format.to_owned(), table, path: path.trim().into(), sessions, replace })
}

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
pub(in crate::tui) fn commands() -> impl Iterator<Item = (String, &'static str)> {
    COMMANDS.iter().map(|(name, takes, help)| (format!(":{name} {takes}").trim_end().to_owned(), *help))
}
