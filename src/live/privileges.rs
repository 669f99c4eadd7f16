//! Drops root privileges once the interfaces are open.
//!
//! **Invariant:** once [`relinquish`] has returned a user, nothing in the program can become root again.

/// Why root privileges can't be dropped; then nothing is captured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such user.
    #[error("-Z {}: no such user", crate::base::Printable(.0))]
    NoSuchUser(String),
    /// The system refuses.
    #[error("cannot change to user {user}: {why}; nothing was captured (-Z root stays root)")]
    Refused {
        /// The user's name or number.
        user: String,
        /// What the system says.
        why: String,
    },
    /// The change can be undone.
    #[error("cannot permanently change to user {0}; nothing was captured (-Z root stays root)")]
    Reversible(String),
}

#[cfg(unix)]
pub use unix::relinquish;

#[cfg(not(unix))]
/// There is no root here.
pub fn relinquish(_user: Option<&str>) -> Result<Option<String>, Error> {
    Ok(None)
}

#[cfg(unix)]
mod unix {
    use std::env;

    use nix::unistd::{Gid, Uid, User, geteuid, getuid, setgid, setuid};

    use super::Error;

    /// When started as root, switches to `user`, by default the user who called sudo; returns the user it
    /// switched to.
    ///
    /// Root without sudo stays root unless `user` is given.
    pub fn relinquish(user: Option<&str>) -> Result<Option<String>, Error> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let Some(target) = target(user)? else { return Ok(None) };
        if target.uid.is_root() {
            return Ok(None);
        }
        let refused =
            |error: nix::Error| Error::Refused { user: target.name.clone(), why: error.desc().to_owned() };
        leave_groups(&target).map_err(refused)?;
        setgid(target.gid).map_err(refused)?;
        setuid(target.uid).map_err(refused)?;
        if geteuid().is_root() || getuid().is_root() || setuid(Uid::from_raw(0)).is_ok() {
            return Err(Error::Reversible(target.name));
        }
        Ok(Some(target.name))
    }

    /// The user to switch to.
    struct Target {
        name: String,
        uid: Uid,
        gid: Gid,
        is_known: bool,
    }

    fn target(user: Option<&str>) -> Result<Option<Target>, Error> {
        if let Some(name) = user {
            let found = User::from_name(name).ok().flatten();
            let user = found.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            return Ok(Some(Target { name: user.name, uid: user.uid, gid: user.gid, is_known: true }));
        }
        let number = |variable: &str| env::var(variable).ok()?.parse::<u32>().ok();
        let Some((uid, gid)) = number("SUDO_UID").zip(number("SUDO_GID")) else { return Ok(None) };
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        let known = User::from_uid(uid).ok().flatten();
        let is_known = known.is_some();
        let name = known.map_or_else(|| uid.to_string(), |user| user.name);
        Ok(Some(Target { name, uid, gid, is_known }))
    }

    /// Replaces root's groups by the user's.
    #[cfg(not(target_vendor = "apple"))]
    fn leave_groups(target: &Target) -> Result<(), nix::Error> {
        use std::ffi::CString;
        match CString::new(target.name.as_str()) {
            Ok(name) if target.is_known => nix::unistd::initgroups(&name, target.gid),
            _ => nix::unistd::setgroups(&[target.gid]),
        }
    }

    /// The system changes the groups with the user.
    #[cfg(target_vendor = "apple")]
    fn leave_groups(target: &Target) -> Result<(), nix::Error> {
        let _ = target.is_known;
        Ok(())
    }
}
