//! Writes sessions while the capture is still being read.

use std::io;
use std::ops::ControlFlow;

use super::super::options::ReportJob;
use super::super::output::Output;
use super::super::verdict::Failure;
use super::{Outcome, Reading, damage};
use crate::capture::Frames;
use crate::export::{Format, JsonDocument, JsonLines};
use crate::filter::Filter;
use crate::parallel::{self, Heard, Order, Wish};
use crate::report::Session;

/// Sessions that go to the writer at a time where nobody waits for the next line.
const AT_A_TIME: usize = 64;

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

    /// Whoever reads lines waits for them; a document is of no use until it is whole.
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

/// Reads all frames, and writes each session as soon as its turn has come.
pub(super) fn run(
    reading: Reading<'_>,
    job: ReportJob,
    mut form: Form,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let order = match form {
        Form::Document(_) => Order::FirstPacket,
        Form::Lines(_) => Order::End,
    };
    let is_live = job.files.iter().any(|file| !file.is_file());
    let wish = Wish { order, at_a_time: if is_live { 1 } else { AT_A_TIME } };
    let mut worst = None;
    let hear = |heard| match heard {
        Heard::Session(session) if filter.is_none_or(|filter| filter.matches(&session)) => {
            worst = worst.max(session.findings.iter().map(|finding| finding.severity).max());
            output.write(|sink| form.session(&session, sink))
        }
        Heard::Session(_) => Ok(()),
        Heard::Pause => output.write(|sink| form.pause(sink)),
    };
    let Reading { mut frames, progress, interrupts } = reading;
    let look = |frames: &Frames| {
        progress.show(frames.progress());
        if interrupts.stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let closing = parallel::analyze(&mut frames, job.analyzer, wish, look, hear);
    progress.clear();
    let parallel::Closing { capture, findings } = closing?;
    if interrupts.stop() {
        return Err(Failure::Interrupted);
    }
    output.write(|sink| match form {
        Form::Document(document) => document.end(&capture, &findings, sink),
        Form::Lines(lines) => lines.end(&capture, &findings, sink),
    })?;
    let worst = worst.max(findings.iter().map(|finding| finding.severity).max());
    Ok(Outcome { damage: damage(&capture), worst, packets: capture.packets })
}
