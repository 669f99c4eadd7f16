//! Intentions: what the user wants, not which key said so.

use std::time::Duration;

use super::data::Changed;
use super::layout::Spot;
use super::screen::Screen;

/// What a key can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Something that each screen does in its own way.
    Screen(ScreenAction),
    Open,
    Back,
    Show(Screen),
    NextScreen,
    PreviousScreen,
    /// Opens something to type in or to choose from, or waits for a second key.
    Type(Typing),
    /// Changes how things are shown.
    Set(Setting),
    BrushEarlier,
    BrushLater,
    FindNext,
    FindPrevious,
    /// The sessions with the gravest findings first.
    Worst,
    Export,
    Copy,
    Wireshark,
    Stop,
    Mouse,
    Redraw,
    Suspend,
    Quit,
    QuitKeeping,
}

/// What is left to the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ScreenAction {
    Move(Motion),
    Pan(Pan),
    Jump(Jump),
    NextProblem,
    PreviousProblem,
    Mark,
    Sort,
    Reverse,
    Order,
    Ignore,
    /// Shows what is in something.
    View,
}

/// To another row or event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Motion {
    Down,
    Up,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    First,
    Last,
}

/// To another part of the time that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pan {
    Left,
    Right,
    PageLeft,
    PageRight,
    ZoomIn,
    ZoomOut,
    Fit,
    Centre,
}

/// From one session, or what is in it, to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Jump {
    NextEvent,
    PreviousEvent,
    NextChannel,
    PreviousChannel,
    NextSession,
    PreviousSession,
}

/// What is typed or chosen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Typing {
    GotoFrame,
    SetMark,
    JumpToMark,
    Filter,
    Recent,
    Find,
    CommandLine,
    Save,
    Help,
}

/// How things are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Setting {
    TimeFormat,
    Theme,
    Pause,
    Follow,
}

/// Changes to the line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Insert(char),
    Paste(String),
    Backspace,
    Delete,
    DeleteWord,
    Clear,
    Left,
    Right,
    Home,
    End,
    Older,
    Newer,
    Complete,
    CompleteBack,
    Accept,
    Cancel,
}

/// The wheel was turned by one notch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) spot: Spot,
    pub(super) down: bool,
    /// Whether Ctrl was held.
    pub(super) zoom: bool,
}

/// Everything that can change the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    Act(Action),
    Edit(Edit),
    /// The letter that a mark is waiting for.
    Letter(char),
    /// A digit after `g`.
    Digit(char),
    Click(Spot),
    Drag(Spot),
    Release(Spot),
    Wheel(Turn),
    Resize {
        width: u16,
        height: u16,
    },
    /// Time since the start; also continues work that was too long for one step.
    Tick(Duration),
    /// The data changed.
    Fed(Changed),
    /// An effect was performed.
    Done(Result<String, String>),
    /// The user confirmed.
    Yes,
    /// Or did not.
    No,
}
