//! Embeds the analyzer: reads capture files and lists what went wrong in them.
//!
//! ```sh
//! cargo run --example analyze -- samples/blocked-data-connection.pcap
//! ```

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};

use ftpscope::analyzer::Options;

fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args_os().skip(1), &mut io::stdout().lock())
}

/// Several files are read as one capture, merged by time.
pub(crate) fn run(files: impl Iterator<Item = OsString>, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let report = ftpscope::analyze(files, &Options::default())?;
    for session in &report.sessions {
        writeln!(out, "{} → {}", session.client, session.server)?;
        for finding in &session.findings {
            writeln!(out, "  {} {}: {}", finding.severity.name(), finding.code.name(), finding.summary)?;
        }
    }
    Ok(())
}
