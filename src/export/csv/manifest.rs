//! The manifest of extracted files as a table.

use std::io;

use super::columns::{Column, column};
use super::{Cell, Dialect, Sheet};
use crate::base::Text;
use crate::export::ManifestEntry;

/// Rows for these entries, perhaps with a heading.
pub(in crate::export) fn manifest_rows(
    entries: &[&ManifestEntry<'_>],
    with_heading: bool,
) -> io::Result<Vec<u8>> {
    let columns = columns();
    let mut sheet = Sheet::new(Dialect::Csv, Vec::new());
    if with_heading {
        sheet.heading(&columns)?;
    }
    entries.iter().try_for_each(|entry| sheet.row(&columns, entry))?;
    sheet.finish()
}

fn columns<'a>() -> Vec<Column<&'a ManifestEntry<'a>>> {
    vec![
        column("file", |entry| wire(entry.file)),
        column("duplicate", |entry| Cell::Bool(entry.duplicate)),
        column("state", |entry| Cell::Name(entry.state.name())),
        column("error", |entry| wire(entry.error)),
        column("path", |entry| wire(entry.path.map(Text::raw))),
        column("verb", |entry| Cell::Wire(entry.verb)),
        column("direction", |entry| Cell::Name(entry.direction.name())),
        column("content", |entry| Cell::Name(entry.content.name())),
        column("session", |entry| Cell::Name(&entry.session.0)),
        column("client", |entry| Cell::Text(entry.client.to_string())),
        column("server", |entry| Cell::Text(entry.server.to_string())),
        column("user", |entry| wire(entry.user.map(Text::raw))),
        column("first_frame", |entry| number(entry.frames.map(|frames| frames.first.0))),
        column("last_frame", |entry| number(entry.frames.map(|frames| frames.last.0))),
        column("start", |entry| entry.start.map_or(Cell::Empty, Cell::Time)),
        column("end", |entry| entry.end.map_or(Cell::Empty, Cell::Time)),
        column("modified", |entry| entry.modified.map_or(Cell::Empty, Cell::Time)),
        column("status", |entry| Cell::Name(entry.status.name())),
        column("bytes", |entry| Cell::Number(entry.bytes)),
        column("missing_ranges", |entry| {
            let ranges: Vec<String> =
                entry.missing_ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect();
            Cell::Text(ranges.join(" "))
        }),
        column("expected_size", |entry| number(entry.expected_size)),
        column("offset", |entry| Cell::Number(entry.offset)),
        column("sha256", |entry| entry.sha256.as_ref().map_or(Cell::Empty, Cell::Hash)),
        column("sha1", |entry| entry.sha1.map_or(Cell::Empty, Cell::Name)),
        column("md5", |entry| entry.md5.map_or(Cell::Empty, Cell::Name)),
        column("mime", |entry| wire(entry.mime)),
        column("representation", |entry| Cell::Wire(entry.representation.raw())),
        column("decoded_from", |entry| {
            entry.decoded_from.map_or(Cell::Empty, |mode| Cell::Text(mode.into()))
        }),
    ]
}

fn wire(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Empty, Cell::Wire)
}

fn number<'a>(number: Option<u64>) -> Cell<'a> {
    number.map_or(Cell::Empty, Cell::Number)
}
