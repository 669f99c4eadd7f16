//! What lies over a screen: help, a line that is being typed, a list, a question.

use super::OpenedListing;
use crate::filter::FilterError;
use crate::tui::line_editor::Input;

/// What lies over the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::tui) enum Overlay {
    #[default]
    None,
    Help {
        top: u16,
    },
    Prompt(Prompt),
    Recent {
        at: usize,
    },
    Confirm(Question),
    Listing(Box<OpenedListing>),
}

/// A question that wants a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Question {
    /// Reading goes on.
    QuitWhileLive,
    /// Nothing would be lost, but the key also leads back, and may have been pressed once too often.
    Quit,
}

/// A line that is being typed, and what for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::tui) struct Prompt {
    pub(in crate::tui) purpose: Purpose,
    pub(in crate::tui) input: Input,
    /// What is wrong with it so far.
    pub(in crate::tui) error: Option<FilterError>,
    pub(in crate::tui) completions: Vec<Completion>,
    /// Which of them was put in, and the line before that.
    pub(in crate::tui) chosen: Option<(usize, Input)>,
    /// How far back in the history, and the line that was being typed.
    pub(in crate::tui) older: Option<(usize, String)>,
}

/// A completion for what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Completion {
    /// The bytes that it replaces.
    pub(in crate::tui) range: std::ops::Range<usize>,
    pub(in crate::tui) text: String,
    /// What it is.
    pub(in crate::tui) help: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Purpose {
    Filter,
    Command,
    Find,
    Frame,
}

impl Prompt {
    pub(in crate::tui) fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text),
            error: None,
            completions: Vec::new(),
            chosen: None,
            older: None,
        }
    }
}
