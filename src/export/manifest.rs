//! The list of what was extracted: a line for each transfer that moved anything.

use std::io::{self, Write};

use serde::Serialize;

use super::csv::manifest_rows;
use super::json::JsonLine;
use crate::base::{Endpoint, Text, Timestamp, choices, hex};
use crate::report::{Content, Direction, FrameSpan, Status, Uid};

choices! {
    /// What a file that was extracted is.
    pub enum FileState {
        /// All that was transferred.
        Complete => "complete",
        /// All that was transferred: the rest of a file, from an offset on.
        Rest => "rest",
        /// Without bytes that the capture does not have.
        Gaps => "gaps",
        /// Without its beginning: the capture began later.
        StartUnknown => "start-unknown",
        /// Perhaps without its end: the capture ended before.
        EndUnknown => "end-unknown",
        /// As far as it came before the transfer was given up.
        Aborted => "aborted",
        /// Nothing: it is encrypted.
        Encrypted => "encrypted",
        /// As far as its transmission mode could be undone.
        Undecoded => "undecoded",
        /// As far as a limit allowed, or nothing.
        Limit => "limit",
        /// Nothing: it could not be written.
        NotWritten => "not-written",
        /// Nothing: its data connection is not in the capture.
        NotCaptured => "not-captured",
    }
}

/// What became of one transfer's content.
#[derive(Debug, Serialize)]
pub struct ManifestEntry<'a> {
    /// The file, below the folder; none where nothing was kept.
    pub file: Option<&'a str>,
    /// Whether another transfer of the same content had been written there.
    pub duplicate: bool,
    /// How complete it is.
    pub state: FileState,
    /// Why nothing was written.
    pub error: Option<&'a str>,
    /// The path on the server, as far as it is known.
    pub path: Option<&'a Text>,
    /// The transfer command's verb.
    pub verb: &'a str,
    /// Which way.
    pub direction: Direction,
    /// A file or a listing.
    pub content: Content,
    /// The session's name.
    pub session: &'a Uid,
    /// Who gives commands.
    pub client: Endpoint,
    /// Who answers them.
    pub server: Endpoint,
    /// The user's name.
    pub user: Option<&'a Text>,
    /// First and last frame of the data connection.
    pub frames: Option<FrameSpan>,
    /// When the data connection began.
    pub start: Option<Timestamp>,
    /// Its last packet.
    pub end: Option<Timestamp>,
    /// When the file was last modified, as far as the dialogue says so.
    pub modified: Option<Timestamp>,
    /// How the transfer ended.
    pub status: Status,
    /// How long the file is, holes included.
    pub bytes: u64,
    /// First and last byte of what is missing.
    pub missing_ranges: &'a [(u64, u64)],
    /// The size that was announced.
    pub expected_size: Option<u64>,
    /// Where in the file on the server the content begins.
    pub offset: u64,
    /// Of complete content.
    #[serde(serialize_with = "hex::serialize")]
    pub sha256: Option<[u8; 32]>,
    /// Of complete content, where asked for.
    pub sha1: Option<&'a str>,
    /// Of complete content, where asked for.
    pub md5: Option<&'a str>,
    /// The media type of its first bytes.
    pub mime: Option<&'a str>,
    /// The type in force.
    pub representation: &'a Text,
    /// The transmission mode that was undone.
    pub decoded_from: Option<char>,
}

choices! {
    /// How a manifest is written.
    #[derive(Default)]
    pub enum ManifestForm {
        /// A JSON object a line.
        #[default]
        Jsonl => "jsonl",
        /// Rows with a heading; formulas are neutralised.
        Csv => "csv",
    }
}

/// Writes a manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    form: ManifestForm,
    line: JsonLine,
    has_heading: bool,
}

impl Manifest {
    /// Begins one.
    pub fn begin(form: ManifestForm) -> Self {
        Self { form, ..Self::default() }
    }

    /// Adds an entry.
    pub fn entry(&mut self, entry: &ManifestEntry<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self.form {
            ManifestForm::Jsonl => self.line.write(entry, out),
            ManifestForm::Csv => self.rows(&[entry], out),
        }
    }

    /// Ends it: of a table at least the heading is there.
    pub fn end(mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.form {
            ManifestForm::Jsonl => Ok(()),
            ManifestForm::Csv => self.rows(&[], out),
        }
    }

    fn rows(&mut self, entries: &[&ManifestEntry<'_>], out: &mut dyn Write) -> io::Result<()> {
        let with_heading = !std::mem::replace(&mut self.has_heading, true);
        out.write_all(&manifest_rows(entries, with_heading)?)
    }
}
