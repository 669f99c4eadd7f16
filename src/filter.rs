//! The display filter: which sessions to show, in a subset of Wireshark's language.
//!
//! In comes text; out comes a [`Filter`] for sessions, or a [`FilterError`] that says what is wrong and where.
//! Wireshark's names (`ip.`, `ipv6.`, `tcp.`, `frame.`, `ftp.`) mean what they mean there: a session matches if
//! one of its packets would. `sess.`, `data.`, `xfer.` and `find.` are ours.
//!
//! ```text
//! or    = and { ("||" | "or") and }
//! and   = not { ("&&" | "and") not }
//! not   = ("!" | "not") not | "(" or ")" | field [ op value | "in" "{" item { "," item } "}" ] | word
//! op    = "==" "eq" "!=" "ne" "<" "lt" "<=" "le" ">" "gt" ">=" "ge" "contains" "matches" "~"
//! item  = value [ ".." value ]
//! ```
//!
//! As in Wireshark, a field with several values matches `==` if any is equal, and `!=` if it occurs and none is
//! equal; `contains` is case-sensitive, `matches` is not; a field alone asks whether it occurs. A word that is no
//! field, or text in quotes, is looked for in all that is text, and in addresses, paths and hashes, in capitals or not.
//!
//! **Invariant:** pure; time and depth of parsing and matching are bounded, whatever the filter.

mod complete;
mod decide;
mod field;
mod lexer;
mod literal;
mod parser;
mod value;

use std::fmt;
use std::ops::Range;

use crate::report::Session;

pub use complete::{Candidate, complete};
pub use decide::Knowledge;
#[cfg(feature = "cli")]
pub(crate) use field::distance;
pub use field::{Field, FieldHelp, fields};

/// A parsed filter.
///
/// ```
/// use ftpscope::analyzer::Options;
/// use ftpscope::filter::Filter;
///
/// let filter = Filter::parse("sess.mode == PORT")?;
/// let report = ftpscope::analyze(["samples/pasv-and-port.pcap"], &Options::default())?;
/// assert_eq!(report.sessions.iter().filter(|session| filter.matches(session)).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filter(parser::Expression);

/// What is wrong with a filter, and which of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong, in lower case, without the position.
    pub message: String,
    /// The bytes concerned; empty at the end where something is missing.
    pub span: Range<usize>,
}

impl Filter {
    /// Parses a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(Self)
    }

    /// Whether a session passes.
    pub fn matches(&self, session: &Session) -> bool {
        self.0.holds(session)
    }

    /// Whether it asks for what listings tell: their text is needed then ([`Options::listings`]).
    ///
    /// [`Options::listings`]: crate::analyzer::Options::listings
    pub fn reads_listings(&self) -> bool {
        self.0.any_field(&|field| field.is_of_listings())
    }

    /// Whether a session passes, if the known part of it decides that: `knows` says how much of each field is
    /// known.
    pub fn decides(&self, session: &Session, knows: impl Fn(Field) -> Knowledge) -> Option<bool> {
        self.0.decides(session, &knows)
    }
}

impl FilterError {
    fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span }
    }

    /// The filter with a line of carets under what is wrong.
    pub fn pointer(&self, text: &str) -> String {
        let shown = crate::base::Printable(text).to_string();
        let cells = |part: &str| crate::base::Printable(part).to_string().chars().count();
        let before = cells(text.get(..self.span.start).unwrap_or(text));
        let wide = cells(text.get(self.span.clone()).unwrap_or_default()).max(1);
        format!("{shown}\n{}{}", " ".repeat(before), "^".repeat(wide))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests;
