//! What the colour of a piece of text should tell.

use crate::report::{Mode, Severity};

/// What a piece of text is about; whoever draws it has a colour for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Frame of the rest.
    Dim,
    /// A command.
    Command,
    /// A reply with this code.
    Reply(u16),
    /// A data channel of this mode.
    Mode(Option<Mode>),
    /// A finding.
    Severity(Severity),
    /// Use of an earlier connection's endpoint, and what hints at it.
    Reused,
    /// Refused, failed, aborted.
    Failed,
    /// Done by somebody who should not.
    Bad,
}
