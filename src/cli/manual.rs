//! The manual page.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::{Args, EXAMPLES};
use super::exit::EXIT_STATUSES;
use crate::filter;

/// What a filter looks like, before its fields.
const FILTERS: &str = "A filter (-Y) compares fields of a session, as in Wireshark: == != < <= > >= contains matches \
                       in {..}, joined by && || ! and parentheses. A field alone asks whether it occurs. A word that \
                       is no field, or text in quotes, is looked for everywhere.";

/// Writes the manual page in roff.
pub(super) fn write(out: &mut dyn Write) -> io::Result<()> {
    let mut out = out;
    let manual = Man::new(Args::command());
    manual.render_title(&mut out)?;
    manual.render_name_section(&mut out)?;
    manual.render_synopsis_section(&mut out)?;
    manual.render_description_section(&mut out)?;
    manual.render_options_section(&mut out)?;
    manual.render_subcommands_section(&mut out)?;
    writeln!(out, ".SH \"EXIT STATUS\"")?;
    for (status, meaning) in EXIT_STATUSES {
        writeln!(out, ".TP\n{status}\n{}", escaped(meaning))?;
    }
    writeln!(out, ".SH FILTERS")?;
    writeln!(out, "{}", escaped(FILTERS))?;
    for field in filter::fields() {
        let meaning = format!("{} ({})", field.meaning, field.values);
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", escaped(field.name), escaped(&meaning))?;
    }
    writeln!(out, ".SH EXAMPLES")?;
    for (command, purpose) in EXAMPLES {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", escaped(command), escaped(purpose))?;
    }
    manual.render_version_section(&mut out)
}

/// Text escaped for roff.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}
