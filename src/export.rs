//! Writes a session report for people and programs.
//!
//! In comes a [`Report`], or one [`Session`](crate::report::Session) at a time; out go bytes into any [`Write`].
//!
//! **Invariant:** decides nothing about FTP and changes nothing in the report. Text from the wire reaches people only
//! through [`Printable`](crate::base::Printable); JSON escapes on its own.

mod csv;
#[cfg(test)]
mod fixture;
mod interfaces;
mod json;
mod schema;
mod text;

use std::io::{self, Write};

use crate::report::Report;

pub use csv::{Dialect, What};
pub use interfaces::{interfaces_json, interfaces_text};
pub use json::{JsonDocument, JsonLines, closing_line, event_line, session_line};
pub use schema::JSON_SCHEMA;
pub use text::Look;

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text(Look),
    /// One JSON document as in the report contract.
    Json {
        /// Indented, on many lines.
        pretty: bool,
    },
    /// One session a line, then a closing line with all that belongs to no session.
    Jsonl,
    /// One table of the report.
    Table {
        /// Which.
        what: What,
        /// How its cells are told apart.
        dialect: Dialect,
    },
}

/// Writes the whole report.
pub fn write(report: &Report, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text(look) => text::write(report, look, out),
        Format::Json { pretty } => json::write(report, pretty, out),
        Format::Jsonl => json::write_lines(report, out),
        Format::Table { what, dialect } => csv::write(report, what, dialect, out),
    }
}
