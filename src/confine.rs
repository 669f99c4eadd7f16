//! Drops privileges that the program no longer needs once its files and devices are open.
//!
//! In come the folders that the program will still write in and the files that it will still read; out come
//! lines that say what is now in force. What a system does not support is skipped and reported, never an error.
//!
//! | what | where | what for |
//! | --- | --- | --- |
//! | capabilities | Linux | root keeps only those it needs to write its output into other users' folders |
//! | dumps | Linux | no core dump, and no other program of the same user, shows packets, keys or passwords |
//! | `no_new_privs` | Linux | no program it might start has more privileges than it has |
//! | Landlock | Linux from 5.13 on | it opens no files, and creates and removes files only next to its output; no TCP connections, no signals to other processes |
//!
//! All of it applies to the thread that calls [`confine`] and to threads started later: call it before
//! starting others.
//!
//! **Invariant:** only ever drops privileges.

#[cfg(target_os = "linux")]
mod links;

use std::io;
use std::path::{Path, PathBuf};

/// What the program still needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Folders in which it will make, fill, rename and remove files.
    pub write_in: Vec<PathBuf>,
    /// Folders in which it will make folders too, to any depth, and move files between them.
    pub grow_in: Vec<PathBuf>,
    /// Files and folders that it will open to read.
    pub read: Vec<PathBuf>,
    /// Whether it reads, writes and starts whatever its user asks for.
    pub is_interactive: bool,
}

/// Whether this process may write under this name: root does not where another user has laid a link on the
/// way, or the name is a link into a folder where others can write.
///
/// # Errors
/// It may not, or a link can't be read.
pub fn may_write(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return links::check(path);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Ok(())
    }
}

/// Drops all privileges that are not needed; returns what is now in force, a line each.
pub fn confine(needs: &Needs) -> Vec<String> {
    system::confine(needs)
}

/// The folder of a file, for [`Needs::write_in`].
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
        Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
        path_beneath_rules,
    };
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

    use super::Needs;
    use crate::base::Printable;

    /// The latest version of the rules known here; an older kernel enforces those that it knows.
    const RULES: ABI = ABI::V6;

    pub(super) fn confine(needs: &Needs) -> Vec<String> {
        let mut said = Vec::new();
        if !needs.is_interactive {
            said.extend(drop_capabilities(needs));
        }
        said.push(match set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            Ok(()) => "memory can't be dumped".to_owned(),
            Err(error) => format!("memory can still be dumped: {error}"),
        });
        said.push(match set_no_new_privs(true) {
            Ok(()) => "no_new_privs is set".to_owned(),
            Err(error) => format!("no_new_privs can't be set: {error}"),
        });
        said.push(if needs.is_interactive {
            "Landlock is not used: the terminal interface writes where you ask it to".to_owned()
        } else {
            landlock(needs).unwrap_or_else(|error| format!("Landlock is not in force: {error}"))
        });
        said
    }

    /// Without capabilities root is an ordinary user who happens to own many files.
    fn drop_capabilities(needs: &Needs) -> Option<String> {
        let now = rustix::thread::capabilities(None).ok()?;
        if now.permitted.is_empty() {
            return None;
        }
        // These allow creating and replacing files in other users' folders; Landlock limits where.
        let writing = CapabilitySet::DAC_OVERRIDE | CapabilitySet::FOWNER;
        let kept = if needs.write_in.is_empty() && needs.grow_in.is_empty() {
            CapabilitySet::empty()
        } else {
            now.permitted & writing
        };
        let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
        Some(match set_capabilities(None, sets) {
            Ok(()) if kept.is_empty() => "all capabilities were dropped".to_owned(),
            Ok(()) => "all capabilities were dropped except for writing into other users' folders".to_owned(),
            Err(error) => format!("capabilities can't be dropped: {error}"),
        })
    }

    fn landlock(needs: &Needs) -> Result<String, RulesetError> {
        let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::RemoveFile
            | AccessFs::ReadDir;
        let grow = write | AccessFs::ReadFile | AccessFs::MakeDir | AccessFs::RemoveDir | AccessFs::Refer;
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(RULES))?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(&needs.read, read))?
            .add_rules(path_beneath_rules(&needs.write_in, write))?
            .add_rules(path_beneath_rules(&needs.grow_in, grow))?
            .restrict_self()?;
        let abi = match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => effective_abi,
            LandlockStatus::NotEnabled => return Ok("Landlock is turned off in this kernel".to_owned()),
            LandlockStatus::NotImplemented => return Ok("Landlock is not in this kernel".to_owned()),
        };
        if status.ruleset == RulesetStatus::NotEnforced {
            return Ok("Landlock is not in force".to_owned());
        }
        let folders: Vec<String> = needs
            .write_in
            .iter()
            .chain(&needs.grow_in)
            .map(|path| Printable(&path.to_string_lossy()).to_string())
            .collect();
        let writes = if folders.is_empty() {
            "writes no files".to_owned()
        } else {
            format!("creates and writes files only in {}", folders.join(", "))
        };
        let partly = if status.ruleset == RulesetStatus::PartiallyEnforced {
            ", as far as this kernel supports it"
        } else {
            ""
        };
        let calls = if abi >= ABI::V4 { ", opens no TCP connections" } else { "" };
        Ok(format!(
            "Landlock (version {}) is in force{partly}: reads no further files, {writes}{calls}",
            abi as i32
        ))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Needs;

    pub(super) fn confine(_needs: &Needs) -> Vec<String> {
        vec!["no further privileges can be dropped on this system".to_owned()]
    }
}

#[cfg(test)]
mod tests;
