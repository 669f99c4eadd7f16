//! Links that another user may have laid where a privileged one writes.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Links that lead on to one another.
const HOPS: u8 = 40;

/// Whether root may write under this name: not where the way leads over a link that another user has laid in
/// a folder where others can, nor where the name is a link into such a folder.
pub(super) fn check(path: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let path = std::path::absolute(path)?;
    walk(&path, HOPS)?;
    if fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink())
        && fs::canonicalize(&path).is_ok_and(|target| target.parent().is_some_and(is_open))
    {
        return Err(refused("this is a symbolic link into a folder where others can write"));
    }
    Ok(())
}

/// Goes the whole way, over every link.
fn walk(path: &Path, hops: u8) -> io::Result<()> {
    let mut here = PathBuf::new();
    for component in path.components() {
        let folder = here.clone();
        here.push(component);
        let Ok(it) = fs::symlink_metadata(&here) else { return Ok(()) };
        if !it.is_symlink() {
            continue;
        }
        if it.uid() != 0 && is_open(&folder) {
            return Err(refused("the path contains a symbolic link of another user"));
        }
        let Some(hops) = hops.checked_sub(1) else {
            return Err(refused("the path contains too many symbolic links"));
        };
        walk(&folder.join(fs::read_link(&here)?), hops)?;
    }
    Ok(())
}

/// Whether others than root can make files in a folder: they own it, or anybody may.
fn is_open(folder: &Path) -> bool {
    const OTHERS: u32 = 0o022;
    fs::metadata(folder).is_ok_and(|it| it.uid() != 0 || it.permissions().mode() & OTHERS != 0)
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("refusing to write as root: {why}"))
}
