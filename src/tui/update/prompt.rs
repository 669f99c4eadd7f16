//! Typing: filter, command, text to find, frame number.

use super::command;
use crate::base::FrameNumber;
use crate::filter::Filter;
use crate::tui::commands;
use crate::tui::data::Data;
use crate::tui::effect::Effect;
use crate::tui::interface::Interface;
use crate::tui::message::{Action, Edit, Motion, ScreenAction, Typing};
use crate::tui::state::{Completion, Overlay, Prompt, Purpose, State};

/// The most filters remembered.
const REMEMBERED: usize = 200;

/// Opens a prompt with a text to begin with.
pub(super) fn open(state: &mut State, purpose: Purpose, text: &str) {
    state.overlay = Overlay::Prompt(Prompt::new(purpose, text));
    check(state);
}

/// Changes the line that is being typed, or ends typing.
pub(super) fn edit(interface: &mut Interface, data: &Data, edit: &Edit) -> Option<Effect> {
    let state = &mut interface.state;
    match edit {
        Edit::Cancel => {
            state.overlay = Overlay::None;
            return None;
        }
        Edit::Accept => return accept(interface, data),
        Edit::Complete => complete(state, true),
        Edit::CompleteBack => complete(state, false),
        Edit::Older | Edit::Newer => walk_history(state, *edit == Edit::Older),
        Edit::Insert(_)
        | Edit::Paste(_)
        | Edit::Backspace
        | Edit::Delete
        | Edit::DeleteWord
        | Edit::Clear
        | Edit::Left
        | Edit::Right
        | Edit::Home
        | Edit::End => {
            let prompt = super::prompt_of(state)?;
            // An empty line that is deleted again is given up.
            if *edit == Edit::Backspace && prompt.input.text().is_empty() {
                state.overlay = Overlay::None;
                return None;
            }
            prompt.input.edit(edit);
            prompt.chosen = None;
        }
    }
    if matches!(edit, Edit::Complete | Edit::CompleteBack) {
        validate(state);
    } else {
        check(state);
    }
    None
}

/// Updates what is wrong with the line, and its completions.
fn check(state: &mut State) {
    validate(state);
    let formats = state.settings.formats.clone();
    let Some(prompt) = super::prompt_of(state) else { return };
    prompt.completions = match prompt.purpose {
        Purpose::Filter => crate::filter::complete(prompt.input.text(), prompt.input.cursor())
            .into_iter()
            .map(|found| Completion { range: found.range, text: found.text, help: found.help.to_owned() })
            .collect(),
        Purpose::Command => commands::complete(prompt.input.before(), &formats),
        Purpose::Find | Purpose::Frame => Vec::new(),
    };
}

fn validate(state: &mut State) {
    let Some(prompt) = super::prompt_of(state) else { return };
    let text = prompt.input.text();
    prompt.error = match prompt.purpose {
        Purpose::Filter if !text.trim().is_empty() => Filter::parse(text).err(),
        Purpose::Frame if text.parse::<FrameNumber>().is_err() => Some(crate::filter::FilterError {
            message: "a frame number, as Wireshark shows it".into(),
            span: 0..text.len(),
        }),
        Purpose::Filter | Purpose::Command | Purpose::Find | Purpose::Frame => None,
    };
}

/// Puts in the next completion.
fn complete(state: &mut State, forward: bool) {
    let Some(prompt) = super::prompt_of(state) else { return };
    let count = prompt.completions.len();
    if count == 0 {
        return;
    }
    let (at, typed) = match prompt.chosen.take() {
        None => (if forward { 0 } else { count - 1 }, prompt.input.clone()),
        Some((at, typed)) => ((at + if forward { 1 } else { count - 1 }) % count, typed),
    };
    let mut input = typed.clone();
    if let Some(completion) = prompt.completions.get(at) {
        input.replace(completion.range.clone(), &completion.text);
    }
    prompt.input = input;
    prompt.chosen = Some((at, typed));
}

fn walk_history(state: &mut State, older: bool) {
    let history = state.settings.history.clone();
    let Some(prompt) = super::prompt_of(state) else { return };
    if prompt.purpose != Purpose::Filter || history.is_empty() {
        return;
    }
    let typed =
        prompt.older.as_ref().map_or_else(|| prompt.input.text().to_owned(), |(_, typed)| typed.clone());
    let steps = prompt.older.as_ref().map_or(0, |(steps, _)| *steps);
    let steps = if older { (steps + 1).min(history.len()) } else { steps.saturating_sub(1) };
    let text = match steps {
        0 => typed.as_str(),
        steps => history.get(history.len() - steps).map_or("", String::as_str),
    };
    prompt.input = crate::tui::line_editor::Input::new(text);
    prompt.older = (steps > 0).then_some((steps, typed));
    prompt.chosen = None;
}

/// Enter.
fn accept(interface: &mut Interface, data: &Data) -> Option<Effect> {
    let state = &mut interface.state;
    let prompt = super::prompt_of(state)?.clone();
    let text = prompt.input.text().trim().to_owned();
    match prompt.purpose {
        Purpose::Filter => {
            if apply_filter(state, &text) {
                state.overlay = Overlay::None;
            }
            None
        }
        Purpose::Command => {
            state.overlay = Overlay::None;
            command::run(interface, data, &text)
        }
        Purpose::Find => {
            state.overlay = Overlay::None;
            if !text.is_empty() {
                state.find = Some(text);
                super::find(interface, data, true);
            }
            None
        }
        Purpose::Frame => {
            if let Ok(frame) = text.parse() {
                state.overlay = Overlay::None;
                super::search::for_frame(state, data, frame);
            }
            None
        }
    }
}

/// Filters, if the text is one; an empty text lists everything.
pub(in crate::tui) fn apply_filter(state: &mut State, text: &str) -> bool {
    if text.is_empty() {
        state.row_filter.filter("", None);
        return true;
    }
    match Filter::parse(text) {
        Ok(filter) => {
            state.row_filter.filter(text, Some(filter));
            let history = &mut state.settings.history;
            history.retain(|old| old != text);
            history.push(text.to_owned());
            if history.len() > REMEMBERED {
                history.remove(0);
            }
            true
        }
        Err(error) => {
            state.complain(format!("filter: {}", error.message));
            false
        }
    }
}

/// In the list of recent filters.
pub(super) fn recent(state: &mut State, action: Action) {
    let count = state.settings.history.len();
    let Overlay::Recent { at } = &mut state.overlay else { return };
    let last = count.saturating_sub(1);
    match action {
        Action::Screen(ScreenAction::Move(Motion::Down)) => *at = (*at + 1).min(last),
        Action::Screen(ScreenAction::Move(Motion::Up)) => *at = at.saturating_sub(1),
        Action::Screen(ScreenAction::Move(Motion::First)) => *at = 0,
        Action::Screen(ScreenAction::Move(Motion::Last)) => *at = last,
        Action::Open => {
            let chosen = state.settings.history.iter().rev().nth(*at).cloned();
            state.overlay = Overlay::None;
            if let Some(text) = chosen {
                apply_filter(state, &text);
            }
        }
        Action::Type(Typing::Filter) => {
            let chosen = state.settings.history.iter().rev().nth(*at).cloned().unwrap_or_default();
            open(state, Purpose::Filter, &chosen);
        }
        // Any other key closes it.
        _ => state.overlay = Overlay::None,
    }
}
