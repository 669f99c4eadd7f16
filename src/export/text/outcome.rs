//! What came of a transfer, in a few words.

use crate::report::{Command, Status, Transfer};

/// The server's own words, `quoted`, where a transfer failed; the code of its reply where it did not.
pub(in crate::export) fn outcome(
    transfer: &Transfer,
    command: Option<&Command>,
    quoted: &dyn Fn(&str) -> String,
) -> String {
    let reply = command.and_then(Command::completion);
    match (transfer.status, reply) {
        (Status::Complete, reply) => reply.map(|reply| reply.code.to_string()).unwrap_or_default(),
        (status, None) => status.phrase().to_owned(),
        (Status::Failed, Some(reply)) => {
            format!("{} {}", reply.code, quoted(reply.text.raw().lines().next().unwrap_or_default()))
        }
        (status @ (Status::Aborted | Status::Unfinished), Some(reply)) => {
            format!("{} {}", reply.code, status.phrase())
        }
    }
}
