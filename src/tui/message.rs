//! Intentions: what the user wants, not which key said so.

use std::time::Duration;

use super::data::Changed;

/// The screens, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// All sessions.
    #[default]
    Sessions,
    /// One session over time.
    Timeline,
    /// One session as a sequence diagram.
    Ladder,
    /// What was moved.
    Transfers,
    /// What is odd.
    Findings,
    /// Negotiated endpoints.
    Ports,
}

impl Screen {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::Timeline, Self::Ladder, Self::Transfers, Self::Findings, Self::Ports];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "Sessions",
            Self::Timeline => "Timeline",
            Self::Ladder => "Ladder",
            Self::Transfers => "Transfers",
            Self::Findings => "Findings",
            Self::Ports => "Ports",
        }
    }

    pub(super) const fn short(self) -> &'static str {
        match self {
            Self::Sessions => "Sess",
            Self::Timeline => "Time",
            Self::Ladder => "Ladder",
            Self::Transfers => "Xfer",
            Self::Findings => "Find",
            Self::Ports => "Ports",
        }
    }

    pub(super) fn next(self) -> Self {
        Self::ALL.into_iter().cycle().skip_while(|&screen| screen != self).nth(1).unwrap_or(self)
    }

    pub(super) fn previous(self) -> Self {
        Self::ALL.into_iter().rev().cycle().skip_while(|&screen| screen != self).nth(1).unwrap_or(self)
    }

    /// Whether it shows one session.
    pub(super) const fn is_of_session(self) -> bool {
        matches!(self, Self::Timeline | Self::Ladder)
    }
}

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

/// Where something was pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) x: u16,
    pub(super) y: u16,
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
    Wheel {
        spot: Spot,
        down: bool,
        zoom: bool,
    },
    Resize {
        width: u16,
        height: u16,
    },
    /// Time since the start; also goes on with what was too long for one step.
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
