//! Intentions: what the user wants, not which key said so.

use std::time::Duration;

use super::data::Changed;
use super::layout::Spot;
use super::screen::Screen;

/// What a key can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Down,
    Up,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    First,
    Last,
    Open,
    Back,
    Show(Screen),
    NextScreen,
    PreviousScreen,
    Mark,
    Left,
    Right,
    PageLeft,
    PageRight,
    ZoomIn,
    ZoomOut,
    Fit,
    Centre,
    NextEvent,
    PreviousEvent,
    NextChannel,
    PreviousChannel,
    NextProblem,
    PreviousProblem,
    NextSession,
    PreviousSession,
    SetMark,
    JumpToMark,
    BrushEarlier,
    BrushLater,
    Filter,
    Recent,
    Find,
    FindNext,
    FindPrevious,
    CommandLine,
    GotoFrame,
    Save,
    Export,
    Copy,
    Wireshark,
    Sort,
    Reverse,
    Order,
    TimeFormat,
    Theme,
    Ignore,
    Pause,
    Follow,
    Stop,
    Help,
    Mouse,
    Redraw,
    Suspend,
    Quit,
    QuitKeeping,
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
