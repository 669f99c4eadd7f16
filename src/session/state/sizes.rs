//! The sizes of files that a server has stated.

use std::collections::HashMap;

use super::take;
use crate::base::cost;
use crate::ftp::{self, Verb, WorkingDirectory};
use crate::report::{Command, Listing};

/// Sizes by path, or by argument where the path is not known.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Sizes {
    pub(super) by_name: HashMap<String, u64>,
    /// What their names take, of those that are known no more too.
    taken: usize,
}

/// The path that an argument names, or the argument itself where the path can't be known.
fn name(directory: &WorkingDirectory, argument: Option<&str>) -> String {
    let argument = argument.unwrap_or_default();
    directory.resolve(Some(argument)).unwrap_or_else(|| argument.to_owned())
}

impl Sizes {
    /// The size that was stated of what an argument names. Its path is made out only where there is any to
    /// look for.
    pub(super) fn known(&self, directory: &WorkingDirectory, argument: Option<&str>) -> Option<u64> {
        if self.by_name.is_empty() { None } else { self.by_name.get(&name(directory, argument)).copied() }
    }

    /// What an argument names has changed, or is gone.
    pub(super) fn forget(&mut self, directory: &WorkingDirectory, argument: Option<&str>) {
        if !self.by_name.is_empty() {
            self.by_name.remove(&name(directory, argument));
        }
    }

    /// SIZE or MLST was answered.
    pub(super) fn answered(
        &mut self,
        directory: &WorkingDirectory,
        command: &Command,
        argument: Option<&str>,
        room: usize,
    ) {
        let Some(reply) = command.completion() else { return };
        let size = match reply.code {
            213 if command.verb == Verb::Size => ftp::size_reply(reply.text.raw()),
            250 if command.verb == Verb::Mlst => {
                reply.text.raw().lines().find_map(|line| ftp::mlst_facts(line)?.size)
            }
            _ => None,
        };
        let name = name(directory, argument);
        match size.filter(|_| take(&mut self.taken, &name, room)) {
            Some(size) => self.by_name.insert(name, size),
            None => self.by_name.remove(&name),
        };
    }

    /// A machine listing of what `argument` names was read.
    pub(super) fn listed(
        &mut self,
        directory: &WorkingDirectory,
        argument: Option<&str>,
        listing: Option<&Listing>,
        room: usize,
    ) {
        let Some(listing) = listing else { return };
        let directory = directory.resolve(without_options(argument));
        for line in listing.text.raw().lines() {
            let Some(facts) = ftp::mlst_facts(line) else { continue };
            let Some(size) = facts.size.filter(|_| facts.kind.as_deref().is_none_or(|kind| kind == "file"))
            else {
                continue;
            };
            let path = match &directory {
                Some(directory) => ftp::join(Some(directory), &facts.name),
                None if argument.is_none() => Some(facts.name.to_string()),
                None => None,
            };
            if let Some(path) = path.filter(|path| take(&mut self.taken, path, room)) {
                self.by_name.insert(path, size);
            }
        }
    }

    /// What it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let each = cost::in_hash_table(size_of::<(String, u64)>()).saturating_add(cost::ALLOCATION);
        self.taken.saturating_add(self.by_name.len().saturating_mul(each))
    }
}

/// `LIST -la /pub` lists `/pub`: what begins with a hyphen are options of the server's `ls`.
pub(super) fn without_options(argument: Option<&str>) -> Option<&str> {
    let mut rest = argument?.trim_start();
    while rest.starts_with('-') {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest).trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}
