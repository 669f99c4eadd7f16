//! Where a report is written: standard output, or a file that is replaced atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::options::Target;
use crate::base::Printable;
use crate::confine::{self, folder_of};

/// An open target.
pub(super) struct Output {
    sink: Sink,
    name: String,
}

enum Sink {
    Stdout(io::Stdout),
    /// A pipe or device: it can't be replaced, only written to.
    Direct(File),
    Pending(Pending),
}

impl Output {
    /// Opens the target, before any work is done for it.
    pub(super) fn open(target: &Target) -> Result<Self, Failure> {
        match target {
            Target::Stdout => Ok(Self { sink: Sink::Stdout(io::stdout()), name: "standard output".into() }),
            Target::File(path) => {
                let name = Printable(&path.to_string_lossy()).to_string();
                match confine::may_write(path).and_then(|()| open_file(path)) {
                    Ok(sink) => Ok(Self { sink, name }),
                    Err(error) => Err(Failure::writing(name, &error)),
                }
            }
        }
    }

    /// Opens the target, but never one of the files that are read.
    pub(super) fn open_distinct_from(target: &Target, read: &[PathBuf]) -> Result<Self, Failure> {
        if let Target::File(path) = target
            && let Ok(target) = fs::canonicalize(path)
            && target.is_file()
            && read.iter().any(|file| fs::canonicalize(file).is_ok_and(|file| file == target))
        {
            let path = path.to_string_lossy();
            return Err(Failure::usage(format!(
                "{} is an input capture and can't be overwritten",
                Printable(&path)
            )));
        }
        Self::open(target)
    }

    /// The folder in which it will make a file, if any.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match &self.sink {
            Sink::Stdout(_) | Sink::Direct(_) => None,
            Sink::Pending(pending) => Some(folder_of(&pending.path)),
        }
    }

    /// Lets `write` write; a failure names the target.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let sink: &mut dyn Write = match &mut self.sink {
            Sink::Stdout(stdout) => stdout,
            Sink::Direct(file) => file,
            Sink::Pending(pending) => &mut pending.file,
        };
        write(sink).map_err(|error| Failure::writing(&self.name, &error))
    }

    /// Everything was written: gives the file its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.write(|sink| sink.flush())?;
        match self.sink {
            Sink::Stdout(_) | Sink::Direct(_) => Ok(()),
            Sink::Pending(pending) => pending.commit().map_err(|error| Failure::writing(&self.name, &error)),
        }
    }
}

fn open_file(path: &Path) -> io::Result<Sink> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => Ok(Sink::Direct(OpenOptions::new().write(true).open(path)?)),
        // A link stays a link: what it points to is replaced.
        Ok(_) => Pending::create(fs::canonicalize(path)?).map(Sink::Pending),
        Err(_) => Pending::create(path.to_owned()).map(Sink::Pending),
    }
}

/// A file that is being written next to the one that it will replace.
struct Pending {
    file: File,
    scratch: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl Pending {
    fn create(path: PathBuf) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        for attempt in 0..100_u32 {
            let mut scratch_name = std::ffi::OsString::from(".");
            scratch_name.push(name);
            scratch_name.push(format!(".{}-{attempt}.part", std::process::id()));
            let scratch = path.with_file_name(scratch_name);
            match OpenOptions::new().write(true).create_new(true).open(&scratch) {
                Ok(file) => return Ok(Self { file, scratch, path, committed: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn commit(mut self) -> io::Result<()> {
        if let Ok(metadata) = fs::metadata(&self.path) {
            self.file.set_permissions(metadata.permissions())?;
        }
        // No fsync: waiting for the disk would take as long as the report, and what survives a power failure
        // is up to the file system, as for other programs.
        report_late_errors(&self.file)?;
        fs::rename(&self.scratch, &self.path)?;
        self.committed = true;
        Ok(())
    }
}

/// Some file systems report only on closing that a file could not be written (NFS, quotas).
#[cfg(unix)]
fn report_late_errors(file: &File) -> io::Result<()> {
    Ok(nix::unistd::close(file.try_clone()?)?)
}

#[cfg(not(unix))]
fn report_late_errors(file: &File) -> io::Result<()> {
    file.sync_all()
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.committed {
            // There is nobody to report a failure to; what remains is a hidden file whose name says what it is.
            let _ = fs::remove_file(&self.scratch);
        }
    }
}
