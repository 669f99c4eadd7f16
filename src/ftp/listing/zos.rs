//! z/OS: data sets, the members of one, and jobs. What the columns are stands in a heading.
//!
//! ```text
//! Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
//! WRK001 3390   2024/01/12  1   15  FB      80 27920  PS  DATA.SET
//! Migrated                                                OTHER.SET
//!
//!  Name     VV.MM   Created       Changed      Size  Init   Mod   Id
//!  MEMBER    01.01 2002/04/02 2024/01/12 09:43    17    16     0 USER
//!
//! JOBNAME  JOBID    OWNER    STATUS CLASS
//! NIGHTLY  JOB01234 USER     OUTPUT A        RC=0000 5 spool files
//! ```

use super::when::{self, Moment};
use super::words::{Words, number};
use super::{Entry, EntryKind, EntryTime};

/// What the lines below it are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    DataSets,
    Members,
    /// Of a library of programs.
    Programs,
    Jobs,
}

pub(super) fn heading(line: &str) -> Option<Heading> {
    let words = Words::of(line);
    match (words.at(0), words.at(1), words.at(2)) {
        ("Volume", "Unit", _) => Some(Heading::DataSets),
        ("Name", "VV.MM", _) => Some(Heading::Members),
        ("Name", "Size", "TTR") => Some(Heading::Programs),
        ("JOBNAME", "JOBID", _) => Some(Heading::Jobs),
        _ => None,
    }
}

pub(super) fn entry(heading: Heading, line: &str) -> Option<Entry<'_>> {
    match heading {
        Heading::DataSets => data_set(line),
        Heading::Members => member(line),
        Heading::Programs => program(line),
        Heading::Jobs => job(line),
    }
}

/// The name stands last; what it takes is told in tracks.
fn data_set(line: &str) -> Option<Entry<'_>> {
    let words = Words::of(line);
    let last = words.len().checked_sub(1)?;
    let name = words.at(last);
    let (kind, time) = match (words.at(0), words.at(1)) {
        ("Pseudo", "Directory") => (Some(EntryKind::Directory), None),
        // Nothing is told of data sets that are not on a disk at the moment.
        _ if !matches!(last, 9 | 10) => (None, None),
        _ => {
            let kind = if words.at(last.checked_sub(1)?).starts_with("PO") {
                EntryKind::Directory
            } else {
                EntryKind::File
            };
            let date = words.at(2);
            let moment = when::year_first(date);
            (Some(kind), moment.map(|moment| EntryTime { told: date, moment: Some(moment) }))
        }
    };
    let is_name = name.bytes().all(|byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'$' | b'#' | b'@' | b'-')
    });
    (is_name && last > 0).then_some(Entry { name, size: None, time, kind, target: None })
}

/// A member's size is told in lines.
fn member(line: &str) -> Option<Entry<'_>> {
    let words = Words::of(line);
    let time = when::year_first(words.at(3)).map(|date| {
        let clock = when::clock(words.at(4));
        let told = words.span(3, if clock.is_some() { 4 } else { 3 });
        EntryTime { told, moment: Some(Moment { clock, ..date }) }
    });
    let has_facts = time.is_some();
    member_of(words.at(0), time).filter(|_| has_facts || words.len() == 1)
}

fn program(line: &str) -> Option<Entry<'_>> {
    let words = Words::of(line);
    let is_size = u64::from_str_radix(words.at(1), 16).is_ok();
    member_of(words.at(0), None).filter(|_| is_size || words.len() == 1)
}

fn member_of<'t>(name: &'t str, time: Option<EntryTime<'t>>) -> Option<Entry<'t>> {
    let is_name = (1..=8).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'$' | b'#' | b'@')
        });
    is_name.then_some(Entry { name, size: None, time, kind: Some(EntryKind::File), target: None })
}

/// A job, by the number that it got.
pub(super) fn job(line: &str) -> Option<Entry<'_>> {
    let words = Words::of(line);
    let name = words.at(1);
    let digits = ["JOB", "STC", "TSU", "J", "S", "T"].iter().find_map(|kind| name.strip_prefix(kind))?;
    let is_number = matches!(digits.len(), 5 | 7) && number::<u32>(digits).is_some();
    let has_state = (2..=3).any(|at| matches!(words.at(at), "OUTPUT" | "ACTIVE" | "INPUT" | "HELD"));
    (is_number && has_state).then_some(Entry {
        name,
        size: None,
        time: None,
        kind: Some(EntryKind::Other),
        target: None,
    })
}
