//! Writes sessions while the capture is still being read.

use super::super::options::ReportJob;
use super::super::output::Output;
use super::super::verdict::Failure;
use super::{AT_A_TIME, Outcome, Passed, Reading, lacks, worst};
use crate::export::Stream;
use crate::filter::Filter;
use crate::reading::{Closing, InOrder, SessionObserver};
use crate::report::{Session, Severity};
use crate::store::{Queue, Scratch};

/// Writes sessions as they come.
struct Writing<'w> {
    stream: Box<dyn Stream>,
    filter: Option<&'w Filter>,
    output: &'w mut Output,
    /// The worst finding so far.
    worst: Option<Severity>,
    /// Sessions from which a cap took something.
    limited: u64,
    passed: Passed,
}

impl SessionObserver for Writing<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if !self.passed.count(self.filter, &session) {
            return Ok(());
        }
        self.worst = self.worst.max(worst(&session.findings));
        self.limited = self.limited.saturating_add(u64::from(!session.limited.is_empty()));
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
    scratch: Scratch,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let is_pipe = job.files.iter().any(|file| !file.is_file());
    let stream = job.format.begin(&job.settings);
    let is_ordered = stream.is_ordered() || !is_pipe;
    let at_a_time = if is_pipe { 1 } else { AT_A_TIME };
    let room = job.analyzer.limits.handover_bytes / 2;
    let mut writing = Writing { stream, filter, output, worst: None, limited: 0, passed: Passed::default() };
    let Closing { capture, findings, .. } = if is_ordered {
        let mut in_order = InOrder::new(&mut writing, Queue::new(scratch, room));
        reading.run(job.analyzer, at_a_time, &mut in_order)?
    } else {
        reading.run(job.analyzer, at_a_time, &mut writing)?
    };
    let Writing { stream, output, worst: of_sessions, limited, passed, .. } = writing;
    output.write(|sink| stream.end(&capture, &findings, sink))?;
    let worst = of_sessions.max(worst(&findings));
    let all_left_out = passed.all_left_out();
    Ok(Outcome { lacks: lacks(&capture, limited), all_left_out, worst, packets: capture.packets })
}
