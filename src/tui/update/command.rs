//! The command line: `:w FILE`, `:export FORMAT FILE`, `:123`.

use std::path::PathBuf;

use crate::tui::data::Data;
use crate::tui::effect::Effect;
use crate::tui::interface::Interface;
use crate::tui::message::Action;
use crate::tui::row_filter::SortKey;
use crate::tui::state::{Overlay, State};
use crate::tui::theme::ThemeName;

/// Performs a command line.
pub(super) fn run(interface: &mut Interface, data: &Data, line: &str) -> Option<Effect> {
    let state = &mut interface.state;
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    if let Ok(frame) = name.parse() {
        super::search::for_frame(state, data, frame);
        return None;
    }
    match name {
        "" => {}
        "w" | "write" | "save" => return save(interface, data, rest, false),
        "w!" | "write!" | "save!" => return save(interface, data, rest, true),
        "export" | "x" => return export(interface, data, rest, false),
        "export!" | "x!" => return export(interface, data, rest, true),
        "goto" | "go" => match rest.parse() {
            Ok(frame) => super::search::for_frame(state, data, frame),
            Err(_) => state.complain("goto takes a frame number"),
        },
        "filter" | "f" => {
            super::prompt::apply_filter(state, rest);
        }
        "find" => {
            state.find = Some(rest.to_owned());
            super::find(interface, data, true);
        }
        "sort" => sort(state, rest),
        "theme" => match ThemeName::parse(rest) {
            Some(theme) => super::theme(state, theme),
            None => state.complain("theme takes dark, light, cb-safe or mono"),
        },
        "ascii" => state.settings.ascii = !state.settings.ascii,
        "unmark" => state.marked.clear(),
        "unignore" => {
            interface.screens.findings.unignore();
        }
        "keys" | "help" => state.overlay = Overlay::Help { top: 0 },
        "q" | "quit" => return super::act(interface, data, Action::Quit),
        "q!" => return Some(Effect::Quit { keep: false }),
        _ => state.complain(format!("there is no command '{name}': Tab shows them")),
    }
    None
}

fn sort(state: &mut State, column: &str) {
    if let Some(sort) = SortKey::parse(column) {
        state.row_filter.order(sort, false);
    } else {
        let names: Vec<&str> = SortKey::ALL.iter().map(|sort| sort.name()).collect();
        state.complain(format!("sort takes one of {}", names.join(", ")));
    }
}

fn save(interface: &mut Interface, data: &Data, path: &str, replace: bool) -> Option<Effect> {
    let current = interface.view().current(&interface.state);
    let state = &mut interface.state;
    if path.is_empty() {
        state.complain("w takes a file name");
        return None;
    }
    let chosen = state.marked_or(current, data);
    if chosen.is_empty() {
        state.complain("no session to save");
        return None;
    }
    state.say(format!("saving {} to {path} …", crate::tui::words::counted(chosen.len() as u64, "session")));
    Some(Effect::Save { path: PathBuf::from(path), sessions: chosen, replace })
}

fn export(interface: &mut Interface, data: &Data, rest: &str, replace: bool) -> Option<Effect> {
    let table = interface.view().table();
    let sessions = exported(interface, data);
    let state = &mut interface.state;
    let Some((format, path)) = rest.split_once(' ').filter(|(_, path)| !path.trim().is_empty()) else {
        state.complain("export takes a format and a file name");
        return None;
    };
    state.say(format!(
        "writing {} to {} …",
        crate::tui::words::counted(sessions.len() as u64, "session"),
        path.trim()
    ));
    Some(Effect::Export { format: format.to_owned(), table, path: path.trim().into(), sessions, replace })
}

/// The sessions to export: the marked ones; where none is marked those that the screen shows, by first
/// packet.
fn exported(interface: &Interface, data: &Data) -> Vec<u32> {
    let state = &interface.state;
    if !state.marked.is_empty() {
        return state.marked_or(None, data);
    }
    match interface.view().only(state) {
        Some(index) => vec![index],
        None => state.row_filter.rows().to_vec(),
    }
}
