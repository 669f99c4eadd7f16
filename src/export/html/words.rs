//! Pieces of a page: text from the wire apart from ours, frames, severities.

use std::fmt;

use super::super::markup::Markup;
use crate::picture::words;
use crate::report::Severity;

/// Text from the wire: shown as it is, isolated from what surrounds it.
pub(super) struct Wire<'a>(pub(super) &'a str);

impl fmt::Display for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<bdi>{}</bdi>", Markup(&words::raw_wire(self.0)))
    }
}

/// The class of a severity, which is its name.
pub(super) const fn class(severity: Severity) -> &'static str {
    severity.name()
}

/// A sentence with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = words::raw_wire(text.trim_end());
    // A quotation may end in a full stop of its own.
    let has_end = text.trim_end_matches(['”', '"', ')']).ends_with(['.', '!', '?', '…', ':']);
    let end = if has_end { "" } else { "." };
    format!("{}{end}", Markup(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(
            sentence("The server said 530 “Login incorrect.”"),
            "The server said 530 “Login incorrect.”"
        );
        assert_eq!(sentence("4 SYNs went unanswered"), "4 SYNs went unanswered.");
    }
}
