//! Writes sessions once all of the capture was read, for formats whose beginning depends on its end.

use super::super::options::ReportJob;
use super::super::output::Output;
use super::super::verdict::Failure;
use super::{AT_A_TIME, Outcome, Passed, Reading, lacks, worst};
use crate::filter::Filter;
use crate::reading::{Closing, SessionObserver};
use crate::report::{Session, Severity};
use crate::store::{Archive, Scratch};

/// Keeps sessions as they come.
struct Keeping<'k> {
    archive: Archive,
    filter: Option<&'k Filter>,
    /// The worst finding so far.
    worst: Option<Severity>,
    /// Sessions from which a cap took something.
    limited: u64,
    passed: Passed,
}

impl SessionObserver for Keeping<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if self.passed.count(self.filter, &session) {
            self.worst = self.worst.max(worst(&session.findings));
            self.limited = self.limited.saturating_add(u64::from(!session.limited.is_empty()));
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
    let mut keeping = Keeping {
        archive: Archive::new(scratch),
        filter,
        worst: None,
        limited: 0,
        passed: Passed::default(),
    };
    let Closing { capture, findings, .. } = reading.run(job.analyzer, AT_A_TIME, &mut keeping)?;
    let Keeping { mut archive, worst: of_sessions, limited, passed, .. } = keeping;
    let mut stream = job.format.begin(&job.settings);
    let mut names = archive.index().iter().map(|entry| entry.uid.clone());
    output.write(|sink| stream.heading(&capture, &mut names, sink))?;
    archive.each(|session| output.write(|sink| stream.session(&session, sink)))?;
    output.write(|sink| stream.end(&capture, &findings, sink))?;
    let worst = of_sessions.max(worst(&findings));
    let all_left_out = passed.all_left_out();
    Ok(Outcome { lacks: lacks(&capture, limited), all_left_out, worst, packets: capture.packets })
}
