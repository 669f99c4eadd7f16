//! Writes sessions while the capture is still being read.

use super::super::options::ReportJob;
use super::super::output::Output;
use super::super::verdict::Failure;
use super::{AT_A_TIME, Outcome, Reading, damage};
use crate::analyzer;
use crate::export::Stream;
use crate::filter::Filter;
use crate::reading::{Closing, HandOver, Order, SessionObserver};
use crate::report::{Session, Severity};

/// Writes sessions as they come.
struct Writing<'w> {
    stream: Box<dyn Stream>,
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
    stream: Box<dyn Stream>,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let order = if stream.is_ordered() { Order::FirstPacket } else { Order::End };
    let is_live = job.files.iter().any(|file| !file.is_file());
    let hand_over = HandOver { order, at_a_time: if is_live { 1 } else { AT_A_TIME } };
    let options = analyzer::Options { streaming: true, ..job.analyzer };
    let mut writing = Writing { stream, filter, output, worst: None };
    let Closing { capture, findings, .. } = reading.run(options, hand_over, &mut writing)?;
    let Writing { stream, output, worst, .. } = writing;
    output.write(|sink| stream.end(&capture, &findings, sink))?;
    let worst = worst.max(findings.iter().map(|finding| finding.severity).max());
    Ok(Outcome { damage: damage(&capture), worst, packets: capture.packets })
}
