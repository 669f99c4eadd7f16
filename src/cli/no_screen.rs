//! Stands in for the terminal interface in a build without it.

use super::args::GeneralArgs;
use super::exit::{ExitStatus, Failure};
use super::live::WatchJob;
use super::options::ReportJob;

pub(super) fn show(_job: ReportJob, _general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    Err(missing())
}

pub(super) fn watch(_job: WatchJob, _general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    Err(missing())
}

fn missing() -> Failure {
    Failure::impossible(
        "this build has no terminal interface; 'ftpscope analyze' and 'ftpscope live' write text",
    )
}
