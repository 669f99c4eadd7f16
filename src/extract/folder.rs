//! Folders by handle: whatever is laid in the target folder, nothing outside of it is touched.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, linkat, mkdirat, openat, renameat_with, unlinkat};
use rustix::io::Errno;

/// For whom folders are: their owner.
const FOLDER: Mode = Mode::RWXU;
const FILE: Mode = Mode::RUSR.union(Mode::WUSR);

const OPEN_FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A folder that stays the same whatever becomes of its name.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens a folder by its path, as the user named it; makes it where it isn't there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match mkdirat(CWD, path, FOLDER) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Self(openat(CWD, path, OPEN_FOLDER, Mode::empty())?))
    }

    /// A folder in this one, never through a link; makes it where it isn't there.
    pub(super) fn sub(&self, name: &str) -> io::Result<Self> {
        let open = || openat(&self.0, name, OPEN_FOLDER | OFlags::NOFOLLOW, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) => match mkdirat(&self.0, name, FOLDER) {
                Ok(()) | Err(Errno::EXIST) => open(),
                Err(error) => Err(error),
            },
            opened => opened,
        };
        Ok(Self(opened?))
    }

    /// Makes a folder that was not there.
    pub(super) fn make(&self, name: &str) -> io::Result<Self> {
        mkdirat(&self.0, name, FOLDER)?;
        self.sub(name)
    }

    /// Makes a file that was not there.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, FILE)?.into())
    }

    /// Opens a file that was made here.
    pub(super) fn reopen(&self, name: &str) -> io::Result<File> {
        Ok(openat(&self.0, name, OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?.into())
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    /// Moves a file to where no other is.
    pub(super) fn hand_over(&self, name: &str, to: &Self, new: &str) -> io::Result<()> {
        match renameat_with(&self.0, name, &to.0, new, RenameFlags::NOREPLACE) {
            // Not every file system can.
            Err(Errno::INVAL | Errno::NOSYS) => {
                linkat(&self.0, name, &to.0, new, AtFlags::empty())?;
                self.remove(name)
            }
            // An early Landlock lets no file change its folder.
            Err(Errno::XDEV) => {
                let mut copy = to.create(new)?;
                let copied = self.reopen(name).and_then(|mut file| io::copy(&mut file, &mut copy));
                if let Err(error) = copied {
                    let _ = to.remove(new);
                    return Err(error);
                }
                self.remove(name)
            }
            moved => Ok(moved?),
        }
    }
}

/// Whether a name can't be had because something else has it: a file, a folder or a link.
pub(super) fn is_taken(error: &io::Error) -> bool {
    let taken = [Errno::EXIST, Errno::NOTDIR, Errno::LOOP, Errno::ISDIR];
    Errno::from_io_error(error).is_some_and(|error| taken.contains(&error))
}

/// Whether there is no room left for any file.
pub(super) fn is_full(error: &io::Error) -> bool {
    let full = [Errno::NOSPC, Errno::DQUOT];
    Errno::from_io_error(error).is_some_and(|error| full.contains(&error))
}
