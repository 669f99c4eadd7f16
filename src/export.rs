//! Writes a session report for people and programs.
//!
//! In comes a [`Report`], or one [`Session`](crate::report::Session) at a time; out go bytes into any
//! [`Write`].
//!
//! **Invariant:** decides nothing about FTP and changes nothing in the report. Text from the wire reaches
//! people only through [`Printable`](crate::base::Printable); JSON escapes on its own.

mod csv;
#[cfg(test)]
mod fixture;
mod format;
mod html;
mod interfaces;
mod json;
mod manifest;
mod markdown;
mod markup;
mod schema;
mod svg;
mod text;

pub use csv::{Csv, Tsv, What};
pub use format::{FORMATS, Format, Setting, Settings, Stream, format_named};
pub use html::Html;
pub use interfaces::{interfaces_json, interfaces_text};
pub use json::{
    Json, JsonDocument, JsonLines, Jsonl, closing_line, event_line, live_closing_line, overall_event_line,
    session_line,
};
pub use manifest::{FileState, Manifest, ManifestEntry, ManifestForm};
pub use markdown::Markdown;
pub use schema::JSON_SCHEMA;
pub use svg::Svg;
pub use text::{Look, Shown, Text};

use std::io::{self, Write};

use crate::report::Report;

/// Writes the whole report.
///
/// ```
/// use ftpscope::analyzer::Options;
/// use ftpscope::export::{self, Csv, Settings, What};
///
/// let report = ftpscope::analyze(["samples/pasv-and-port.pcap"], &Options::default())?;
/// let mut table = Vec::new();
/// export::write(&report, &Csv, &Settings { what: What::Channels, ..Settings::default() }, &mut table)?;
/// let channels: usize = report.sessions.iter().map(|session| session.data_channels.len()).sum();
/// assert_eq!(table.split(|&byte| byte == b'\n').count(), channels + 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(
    report: &Report,
    format: &dyn Format,
    settings: &Settings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Report { capture, sessions, files, findings, .. } = report;
    let mut stream = format.begin(settings);
    if format.needs_all_first() {
        for session in sessions {
            stream.preview(session);
        }
    }
    stream.heading(capture, findings, &mut sessions.iter().map(|session| session.uid.clone()), out)?;
    sessions.iter().try_for_each(|session| stream.session(session, out))?;
    files.iter().try_for_each(|file| stream.file(file, out))?;
    stream.end(capture, findings, out)
}
