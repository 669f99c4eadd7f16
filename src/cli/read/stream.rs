//! Writes sessions while the capture is still being read.

use super::super::exit::Failure;
use super::super::options::ReportJob;
use super::super::output::Output;
use super::{AT_A_TIME, Outcome, Reading, Tally};
use crate::export::Stream;
use crate::filter::Filter;
use crate::reading::{Closing, Filed, InOrder, SessionObserver};
use crate::report::Session;
use crate::store::{Queue, Scratch};

/// Writes sessions as they come.
struct Writing<'w> {
    stream: Box<dyn Stream>,
    output: &'w mut Output,
    tally: Tally<'w>,
}

impl SessionObserver for Writing<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if !self.tally.passes(&session) {
            return Ok(());
        }
        self.output.write(|sink| self.stream.session(&session, sink))
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.output.write(|sink| self.stream.pause(sink))
    }
}

/// Reads all frames, and writes each session as soon as its turn has come.
pub(super) fn run(
    reading: Reading<'_>,
    job: ReportJob,
    [scratch, more_scratch]: [Scratch; 2],
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let is_pipe = job.files.iter().any(|file| !file.is_file());
    let stream = job.format.begin(&job.settings);
    let is_ordered = stream.is_ordered() || !is_pipe;
    let at_a_time = if is_pipe { 1 } else { AT_A_TIME };
    let room = job.analyzer.limits.handover_bytes / 2;
    let mut writing = Writing { stream, output, tally: Tally::new(filter) };
    let Closing { capture, findings, .. } = if job.format.lists_files() {
        let queue = is_ordered.then(|| Queue::new(scratch, room));
        let mut filed = Filed::new(&mut writing, more_scratch, queue, filter);
        let closing = reading.run(job.analyzer, at_a_time, &mut filed)?;
        let files = filed.into_files()?;
        files.each(|file| writing.output.write(|sink| writing.stream.file(file, sink)))?;
        closing
    } else if is_ordered {
        let mut in_order = InOrder::new(&mut writing, Queue::new(scratch, room));
        reading.run(job.analyzer, at_a_time, &mut in_order)?
    } else {
        reading.run(job.analyzer, at_a_time, &mut writing)?
    };
    let Writing { stream, output, tally } = writing;
    output.write(|sink| stream.end(&capture, &findings, sink))?;
    Ok(tally.outcome(&capture, &findings))
}
