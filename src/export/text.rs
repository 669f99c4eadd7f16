//! The report for a person.

use std::io::{self, Write};

use crate::base::Printable;
use crate::report::Report;

/// Writes the report.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for session in &report.sessions {
        writeln!(out, "{} -> {}", session.client, session.server)?;
        for finding in &session.findings {
            writeln!(out, "  {} {}: {}", finding.severity, finding.code, Printable(&finding.summary))?;
        }
    }
    out.flush()
}
