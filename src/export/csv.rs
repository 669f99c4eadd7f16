//! Comma- and tab-separated values: one table of the report, with a row for each of its items.
//!
//! Spreadsheets run a cell that begins with `=` or the like as a formula (CSV injection, CWE-1236), quoted or
//! not. In CSV, such text from the wire gets a leading apostrophe, as OWASP recommends.

mod columns;
mod manifest;
mod objects;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::slice;

use super::json::ObjectLines;
use super::{Format, Setting, Settings, Stream};
use crate::base::{Printable, TimeDelta, Timestamp, choices, hex::Hex};
use crate::report::{Capture, Finding, Listed, Session, Told};
use columns::{Column, Row};
use objects::Object;

pub(super) use manifest::manifest_rows;

/// Size of the writes to the output.
const BUFFER_SIZE: usize = 128 * 1024;

choices! {
    /// What the rows of a table are.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum What {
        /// Sessions.
        #[default]
        Sessions => "sessions",
        /// Transfers.
        Transfers => "transfers",
        /// Data channels.
        Channels => "channels" | "data channels",
        /// Commands.
        Commands => "commands",
        /// Findings.
        Findings => "findings",
        /// What listings told of files.
        ListingEntries => "listing-entries" | "entries of listings",
    }
}

impl What {
    /// What a row is, for the help.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Sessions => "One row per control connection",
            Self::Transfers => "One row per transfer of a file or listing, including failed ones",
            Self::Channels => "One row per negotiation and data connection",
            Self::Commands => "One row per command with its replies",
            Self::Findings => "One row per finding",
            Self::ListingEntries => "One row per file that a listing named (LIST, NLST, MLSD, STAT, MLST)",
        }
    }
}

/// How cells are separated, and how text from the wire is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// For spreadsheets: commas; formulas are disarmed and control characters escaped.
    Csv,
    /// For programs with a full CSV parser: commas; text from the wire is unchanged.
    RawCsv,
    /// For programs that split lines: tabs and no quotes; control characters are escaped, so that no cell
    /// contains a tab or a line end.
    Tsv,
    /// For programs that read JSON Lines: an object for each row, text from the wire as JSON has it.
    Objects,
}

/// One table, separated by commas.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn help(&self) -> &'static str {
        "One table (see --what) for spreadsheets; formulas are neutralised"
    }

    fn heeds(&self) -> &'static [Setting] {
        &[Setting::What, Setting::Raw]
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        let dialect = if settings.raw { Dialect::RawCsv } else { Dialect::Csv };
        Box::new(Table::new(settings.what, dialect))
    }
}

/// One table, separated by tabs.
#[derive(Clone, Copy, Debug)]
pub struct Tsv;

impl Format for Tsv {
    fn name(&self) -> &'static str {
        "tsv"
    }

    fn help(&self) -> &'static str {
        "One table (see --what) separated by tabs, for programs that split lines"
    }

    fn heeds(&self) -> &'static [Setting] {
        &[Setting::What]
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        Box::new(Table::new(settings.what, Dialect::Tsv))
    }
}

/// One table as JSON Lines: an object for each row.
pub(super) fn objects(what: What) -> Box<dyn Stream> {
    Box::new(Table::new(what, Dialect::Objects))
}

/// One table with a heading, written as its sessions become known.
struct Table {
    what: What,
    dialect: Dialect,
    /// Rows that are not written yet.
    rows: Vec<u8>,
    has_heading: bool,
}

impl Table {
    const fn new(what: What, dialect: Dialect) -> Self {
        Self { what, dialect, rows: Vec::new(), has_heading: false }
    }

    /// Adds the rows of a session.
    fn add(&mut self, session: &Session) -> io::Result<()> {
        let of = Some(session);
        match self.what {
            What::Sessions => self.table(&columns::sessions(), Row::all(of, slice::from_ref(session))),
            What::Transfers => self.table(&columns::transfers(), Row::all(of, &session.transfers)),
            What::Channels => self.table(&columns::channels(), Row::channels(session)),
            What::Commands => self.table(&columns::commands(), Row::all(of, &session.commands)),
            What::Findings => self.table(&columns::findings(), Row::all(of, &session.findings)),
            What::ListingEntries => session.listings().try_for_each(|told| self.add_listing(session, told)),
        }
    }

    /// Adds the rows of a listing.
    fn add_listing(&mut self, session: &Session, told: Told<'_>) -> io::Result<()> {
        let entries: Vec<Listed<'_>> = told.listed().collect();
        self.table(&columns::entries(), Row::all(Some(session), &entries))
    }

    /// Adds what belongs to no session; at least the heading.
    fn add_rest(&mut self, findings: &[Finding]) -> io::Result<()> {
        match self.what {
            What::Sessions => self.table(&columns::sessions(), Row::all(None, &[])),
            What::Transfers => self.table(&columns::transfers(), Row::all(None, &[])),
            What::Channels => self.table(&columns::channels(), Row::all(None, &[])),
            What::Commands => self.table(&columns::commands(), Row::all(None, &[])),
            What::Findings => self.table(&columns::findings(), Row::all(None, findings)),
            What::ListingEntries => self.table(&columns::entries(), Row::all(None, &[])),
        }
    }

    fn table<R>(&mut self, columns: &[Column<R>], rows: impl Iterator<Item = R>) -> io::Result<()> {
        if self.dialect == Dialect::Objects {
            return self.objects(columns, rows);
        }
        let mut sheet = Sheet::new(self.dialect, std::mem::take(&mut self.rows));
        if !std::mem::replace(&mut self.has_heading, true) {
            sheet.heading(columns)?;
        }
        for row in rows {
            sheet.row(columns, &row)?;
        }
        self.rows = sheet.finish()?;
        Ok(())
    }

    fn objects<R>(&mut self, columns: &[Column<R>], rows: impl Iterator<Item = R>) -> io::Result<()> {
        let mut lines = ObjectLines::default();
        for row in rows {
            lines.add(&Object { columns, row: &row })?;
        }
        lines.write_to(&mut self.rows)
    }

    fn write_to(&mut self, out: &mut dyn Write, threshold: usize) -> io::Result<()> {
        if self.rows.len() > threshold {
            out.write_all(&self.rows)?;
            self.rows.clear();
        }
        Ok(())
    }
}

impl Stream for Table {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        if self.what == What::ListingEntries {
            // A session may have more of them than should be in memory at a time.
            return session.listings().try_for_each(|told| {
                self.add_listing(session, told)?;
                self.write_to(out, BUFFER_SIZE)
            });
        }
        self.add(session)?;
        self.write_to(out, BUFFER_SIZE)
    }

    fn end(
        mut self: Box<Self>,
        _capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.add_rest(findings)?;
        self.write_to(out, 0)
    }
}

/// The content of a cell.
enum Cell<'a> {
    Empty,
    /// Text that a peer may have influenced.
    Wire(&'a str),
    /// A sentence of ours that may quote a peer.
    Sentence(String),
    /// A name from the report contract, or one that ftpscope made up.
    Name(&'a str),
    Number(u64),
    Seconds(TimeDelta),
    Bool(bool),
    Time(Timestamp),
    Address(IpAddr),
    Hash(&'a [u8; 32]),
    /// Text that ftpscope formatted.
    Text(String),
}

/// Writes rows behind others.
struct Sheet {
    writer: csv::Writer<Vec<u8>>,
    dialect: Dialect,
    /// The cell being written; kept for its memory.
    text: String,
}

impl Sheet {
    fn new(dialect: Dialect, rows: Vec<u8>) -> Self {
        let mut builder = csv::WriterBuilder::new();
        // A sheet is a session's, and written to memory: the usual buffer would be cleared for each.
        builder.buffer_capacity(1024);
        if dialect == Dialect::Tsv {
            builder.delimiter(b'\t').quote_style(csv::QuoteStyle::Never);
        }
        Self { writer: builder.from_writer(rows), dialect, text: String::new() }
    }

    fn heading<R>(&mut self, columns: &[Column<R>]) -> io::Result<()> {
        self.writer.write_record(columns.iter().map(|column| column.name)).map_err(io_error)
    }

    fn row<R>(&mut self, columns: &[Column<R>], row: &R) -> io::Result<()> {
        for column in columns {
            self.cell(&(column.cell)(row))?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(io_error)
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    fn cell(&mut self, cell: &Cell<'_>) -> io::Result<()> {
        self.text.clear();
        let text = &mut self.text;
        // Writing to a string can't fail.
        match *cell {
            Cell::Empty => Ok(()),
            Cell::Wire(wire) => {
                push_wire(wire, self.dialect, text);
                Ok(())
            }
            Cell::Sentence(ref sentence) => {
                push_wire(sentence, self.dialect, text);
                Ok(())
            }
            Cell::Name(name) => text.write_str(name),
            Cell::Number(number) => write!(text, "{number}"),
            Cell::Seconds(delta) => write!(text, "{}", delta.seconds()),
            Cell::Bool(value) => write!(text, "{value}"),
            Cell::Time(time) => text.write_str(time.text().as_str()),
            Cell::Address(ip) => write!(text, "{ip}"),
            Cell::Hash(hash) => text.write_str(Hex(hash).text().as_str()),
            Cell::Text(ref formatted) => text.write_str(formatted),
        }
        .unwrap_or_default();
        self.writer.write_field(text.as_bytes()).map_err(io_error)
    }
}

/// Unwraps the I/O error, so that a broken pipe is recognised as one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::ErrorKind::InvalidData.into(),
    }
}

/// Appends text from the wire to a cell, escaped as the dialect needs it.
fn push_wire(wire: &str, dialect: Dialect, cell: &mut String) {
    if dialect == Dialect::RawCsv {
        cell.push_str(wire);
        return;
    }
    if dialect != Dialect::Csv {
        write!(cell, "{}", Printable(wire)).unwrap_or_default();
        return;
    }
    // Where commas are decimal points spreadsheets take semicolons for the ends of cells.
    for (place, part) in wire.split(';').enumerate() {
        if place > 0 {
            cell.push(';');
        }
        if part.trim_start_matches([' ', '"']).starts_with(begins_formula) {
            cell.push('\'');
        }
        write!(cell, "{}", Printable(part)).unwrap_or_default();
    }
}

/// Whether some spreadsheet takes a cell that begins so for a formula: the operators, also in full width, and
/// the control characters that some programs skip in front of them.
const fn begins_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample_report;
    use super::*;

    fn text(what: What, dialect: Dialect) -> String {
        let report = sample_report();
        let mut table = Table::new(what, dialect);
        for session in &report.sessions {
            table.add(session).unwrap();
        }
        table.add_rest(&report.findings).unwrap();
        String::from_utf8(table.rows).unwrap()
    }

    #[test]
    fn no_cell_from_the_wire_is_a_formula() {
        for (wire, csv) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-rf", "'-rf"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\x09=1"),
            ("\r=1", "'\\x0d=1"),
            ("\0=1", "'\\x00=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠1", "'＠1"),
            ("a=1", "a=1"),
            (" =1", "' =1"),
            ("a;=1", "a;'=1"),
            ("a; \"=1", "a;' \"=1"),
            ("a;b", "a;b"),
            ("", ""),
            ("日本", "日本"),
        ] {
            let mut cell = String::new();
            push_wire(wire, Dialect::Csv, &mut cell);
            assert_eq!(cell, csv);
        }
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_heading() {
        for &what in What::ALL {
            let text = text(what, Dialect::Csv);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            assert!(reader.records().all(|record| record.is_ok()), "{what:?}");
        }
    }

    #[test]
    fn tab_separated_values_need_no_more_than_splitting_at_tabs_and_line_ends() {
        for &what in What::ALL {
            let text = text(what, Dialect::Tsv);
            let columns = text.lines().next().unwrap().split('\t').count();
            assert!(text.lines().all(|line| line.split('\t').count() == columns), "{text}");
            let cells = |text: &str| text.lines().count() * columns;
            let csv = self::text(what, Dialect::Csv);
            let records = csv::Reader::from_reader(csv.as_bytes()).records().count();
            assert_eq!(cells(&text), (records + 1) * columns);
        }
    }

    #[test]
    fn the_objects_of_a_table_say_what_its_rows_say() {
        for &what in What::ALL {
            let csv = text(what, Dialect::RawCsv);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let heads = reader.headers().unwrap().clone();
            let objects = text(what, Dialect::Objects);
            let mut objects = objects.lines();
            for (record, line) in reader.records().map(Result::unwrap).zip(&mut objects) {
                let object: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
                assert_eq!(object.len(), heads.len());
                for (head, cell) in heads.iter().zip(&record) {
                    match &object[head] {
                        serde_json::Value::Null => assert_eq!(cell, ""),
                        serde_json::Value::String(text) => assert_eq!(text, cell),
                        // Numbers may be written in other digits.
                        serde_json::Value::Number(number) => {
                            assert_eq!(number.as_f64(), cell.parse().ok(), "{head}");
                        }
                        value => assert_eq!(value.to_string(), cell),
                    }
                }
            }
            assert!(objects.next().is_none());
        }
    }

    #[test]
    fn raw_values_are_unchanged_from_the_wire() {
        let text = text(What::Transfers, Dialect::RawCsv);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let path = reader.headers().unwrap().iter().position(|name| name == "path").unwrap();
        let last = reader.records().last().unwrap().unwrap();
        assert_eq!(&last[path], "a\r\nb\tc\0d");
    }

    #[test]
    fn sessions_as_a_table() {
        insta::assert_snapshot!(text(What::Sessions, Dialect::Csv));
    }

    #[test]
    fn transfers_as_a_table() {
        insta::assert_snapshot!(text(What::Transfers, Dialect::Csv));
    }

    #[test]
    fn channels_as_a_table() {
        insta::assert_snapshot!(text(What::Channels, Dialect::Csv));
    }

    #[test]
    fn commands_as_a_table() {
        insta::assert_snapshot!(text(What::Commands, Dialect::Csv));
    }

    #[test]
    fn findings_as_a_table() {
        insta::assert_snapshot!(text(What::Findings, Dialect::Csv));
    }
}
