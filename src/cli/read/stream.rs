//! Writes sessions while the capture is still being read.

use std::io;

use super::super::options::ReportJob;
use super::super::output::Output;
use super::super::verdict::Failure;
use super::{AT_A_TIME, Outcome, Reading, damage};
use crate::analyzer;
use crate::export::{Format, JsonDocument, JsonLines};
use crate::filter::Filter;
use crate::reading::{Closing, HandOver, Order, SessionObserver};
use crate::report::{Session, Severity};

/// A form that can be written session by session.
pub(super) enum Form {
    Document(JsonDocument),
    Lines(JsonLines),
}

impl Form {
    /// The form of this format; none where the whole report must be known.
    pub(super) fn of(format: Format) -> Option<Self> {
        match format {
            Format::Json { pretty: false } => Some(Self::Document(JsonDocument::begin())),
            Format::Jsonl => Some(Self::Lines(JsonLines::default())),
            Format::Json { pretty: true } | Format::Text(_) | Format::Table { .. } => None,
        }
    }

    fn session(&mut self, session: &Session, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Document(document) => document.session(session, out),
            Self::Lines(lines) => lines.session(session, out),
        }
    }

    /// Readers of lines wait for them; a document is of no use until it is complete.
    fn pause(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Document(_) => Ok(()),
            Self::Lines(lines) => {
                lines.flush(out)?;
                out.flush()
            }
        }
    }
}

/// Writes sessions as they come.
struct Writing<'w> {
    form: Form,
    filter: Option<&'w Filter>,
    output: &'w mut Output,
    /// The worst finding so far.
    worst: Option<Severity>,
}

impl SessionObserver for Writing<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if self.filter.is_some_and(|filter| !filter.matches(&session)) {
            return Ok(());
        }
        self.worst = self.worst.max(session.findings.iter().map(|finding| finding.severity).max());
        self.output.write(|sink| self.form.session(&session, sink))
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.output.write(|sink| self.form.pause(sink))
    }
}

/// Reads all frames, and writes each session as soon as its turn has come.
pub(super) fn run(
    reading: Reading<'_>,
    job: ReportJob,
    form: Form,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let order = match form {
        Form::Document(_) => Order::FirstPacket,
        Form::Lines(_) => Order::End,
    };
    let is_live = job.files.iter().any(|file| !file.is_file());
    let hand_over = HandOver { order, at_a_time: if is_live { 1 } else { AT_A_TIME } };
    let options = analyzer::Options { streaming: true, ..job.analyzer };
    let mut writing = Writing { form, filter, output, worst: None };
    let Closing { capture, findings, .. } = reading.run(options, hand_over, &mut writing)?;
    let Writing { form, output, worst, .. } = writing;
    output.write(|sink| match form {
        Form::Document(document) => document.end(&capture, &findings, sink),
        Form::Lines(lines) => lines.end(&capture, &findings, sink),
    })?;
    let worst = worst.max(findings.iter().map(|finding| finding.severity).max());
    Ok(Outcome { damage: damage(&capture), worst, packets: capture.packets })
}
