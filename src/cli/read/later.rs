//! Writes sessions once the whole capture has been read, for formats that begin with totals.

use super::super::exit::Failure;
use super::super::options::ReportJob;
use super::super::output::Output;
use super::{AT_A_TIME, Outcome, Reading, Tally};
use crate::export::Stream;
use crate::filter::Filter;
use crate::reading::{Closing, SessionObserver};
use crate::report::Session;
use crate::store::{Archive, Scratch};

/// Keeps sessions as they come.
struct Keeping<'k> {
    archive: Archive,
    stream: Box<dyn Stream>,
    tally: Tally<'k>,
}

impl SessionObserver for Keeping<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if self.tally.passes(&session) {
            self.stream.preview(&session);
            self.archive.add(&session)?;
        }
        Ok(())
    }
}

/// Reads all frames, then writes all sessions.
pub(super) fn run(
    reading: Reading<'_>,
    job: ReportJob,
    scratch: Scratch,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let stream = job.format.begin(&job.settings);
    let mut keeping = Keeping { archive: Archive::new(scratch), stream, tally: Tally::new(filter) };
    let Closing { capture, findings, .. } = reading.run(job.analyzer, AT_A_TIME, &mut keeping)?;
    let Keeping { mut archive, mut stream, tally } = keeping;
    let mut names = archive.index().iter().map(|entry| entry.uid.clone());
    output.write(|sink| stream.heading(&capture, &findings, &mut names, sink))?;
    archive.each(|session| output.write(|sink| stream.session(&session, sink)))?;
    output.write(|sink| stream.end(&capture, &findings, sink))?;
    Ok(tally.outcome(&capture, &findings))
}
