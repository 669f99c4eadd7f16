//! Comma- and tab-separated values: one table of the report, a row for each thing in it.
//!
//! A spreadsheet takes a cell that begins with `=` and its kin for a formula, and runs it. Text from the wire that
//! begins so gets an apostrophe before it in comma-separated values (OWASP, CWE-1236); quoting would not help.

mod columns;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;

use crate::base::{Printable, Timestamp, hex::Hex};
use crate::report::Report;
use columns::{Column, Row};

/// Which things of the report are the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Sessions.
    #[default]
    Sessions,
    /// Transfers.
    Transfers,
    /// Data channels.
    Channels,
    /// Commands.
    Commands,
    /// Findings.
    Findings,
}

/// What separates cells, and what happens to text from the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// For spreadsheets: commas; no cell is a formula, control characters are escaped visibly.
    Csv,
    /// For programs that know CSV well: commas; text from the wire is as it is.
    RawCsv,
    /// For programs that split lines: tabs; control characters are escaped visibly, so that a cell has neither tabs nor
    /// line ends, and there are no quotes.
    Tsv,
}

/// Writes the table, with a heading.
pub(super) fn write(report: &Report, what: What, dialect: Dialect, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(dialect, out);
    match what {
        What::Sessions => sheet.table(&columns::sessions(), Row::sessions(report)),
        What::Transfers => sheet.table(&columns::transfers(), Row::transfers(report)),
        What::Channels => sheet.table(&columns::channels(), Row::channels(report)),
        What::Commands => sheet.table(&columns::commands(), Row::commands(report)),
        What::Findings => sheet.table(&columns::findings(), Row::findings(report)),
    }?;
    sheet.writer.flush()
}

/// What stands in a cell.
enum Cell<'a> {
    Empty,
    /// Text that a peer had a hand in.
    Wire(&'a str),
    /// A word of the contract, a name that ftpscope made.
    Word(&'a str),
    Number(u64),
    Seconds(f64),
    Truth(bool),
    Time(Timestamp),
    Address(IpAddr),
    Hash(&'a [u8; 32]),
    /// A text of our own making.
    Made(String),
}

struct Sheet<'w> {
    writer: csv::Writer<&'w mut dyn Write>,
    dialect: Dialect,
    /// The cell that is being written.
    text: String,
}

impl<'w> Sheet<'w> {
    fn new(dialect: Dialect, out: &'w mut dyn Write) -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.buffer_capacity(128 * 1024);
        if dialect == Dialect::Tsv {
            builder.delimiter(b'\t').quote_style(csv::QuoteStyle::Never);
        }
        Self { writer: builder.from_writer(out), dialect, text: String::new() }
    }

    fn table<R>(&mut self, columns: &[Column<R>], rows: impl Iterator<Item = R>) -> io::Result<()> {
        self.writer.write_record(columns.iter().map(|column| column.name)).map_err(plain)?;
        for row in rows {
            for column in columns {
                self.cell(&(column.cell)(&row))?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(plain)?;
        }
        Ok(())
    }

    fn cell(&mut self, cell: &Cell<'_>) -> io::Result<()> {
        self.text.clear();
        let text = &mut self.text;
        // Writing to a string can't fail.
        match *cell {
            Cell::Empty => Ok(()),
            Cell::Wire(wire) => {
                defuse(wire, self.dialect, text);
                Ok(())
            }
            Cell::Word(word) => text.write_str(word),
            Cell::Number(number) => write!(text, "{number}"),
            Cell::Seconds(seconds) => write!(text, "{seconds}"),
            Cell::Truth(truth) => write!(text, "{truth}"),
            Cell::Time(time) => text.write_str(time.text().as_str()),
            Cell::Address(ip) => write!(text, "{ip}"),
            Cell::Hash(hash) => text.write_str(Hex(hash).text().as_str()),
            Cell::Made(ref made) => text.write_str(made),
        }
        .unwrap_or_default();
        self.writer.write_field(text.as_bytes()).map_err(plain)
    }
}

/// The error that the writer below gave: wrapped, a broken pipe is not known for one.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::ErrorKind::InvalidData.into(),
    }
}

/// Puts text from the wire into a cell.
fn defuse(wire: &str, dialect: Dialect, cell: &mut String) {
    if dialect == Dialect::RawCsv {
        cell.push_str(wire);
        return;
    }
    if dialect == Dialect::Csv && wire.starts_with(is_formula) {
        cell.push('\'');
    }
    write!(cell, "{}", Printable(wire)).unwrap_or_default();
}

/// What begins a formula in one spreadsheet or another, also in full width; TAB, CR, LF and NUL, which some skip.
const fn is_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample_report;
    use super::*;

    const ALL: [What; 5] = [What::Sessions, What::Transfers, What::Channels, What::Commands, What::Findings];

    fn text(what: What, dialect: Dialect) -> String {
        let mut bytes = Vec::new();
        write(&sample_report(), what, dialect, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
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
            ("", ""),
            ("日本", "日本"),
        ] {
            let mut cell = String::new();
            defuse(wire, Dialect::Csv, &mut cell);
            assert_eq!(cell, csv);
        }
    }

    #[test]
    fn each_table_has_the_columns_that_it_names() {
        for what in ALL {
            let text = text(what, Dialect::Csv);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            assert!(reader.records().all(|record| record.is_ok()), "{what:?}");
        }
    }

    #[test]
    fn tab_separated_values_are_split_by_tabs_and_lines_alone() {
        for what in ALL {
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
    fn raw_values_are_what_was_on_the_wire() {
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
