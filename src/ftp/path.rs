//! Paths: the working directory of a session, and how names resolve in it.
//!
//! Paths are text, with `/` between names as TVFS has it (RFC 3659 section 6). A path with a drive (`C:\dir`)
//! counts as absolute too, and keeps its backslashes. Notations of other systems are kept as they are, but
//! names are not resolved in them.

/// Longer paths count as unknown: no system has them, and every CWD could make them longer.
const LONGEST: usize = 32 * 1024;

/// The working directory of a session on the server, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum WorkingDirectory {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Relative to the login directory: `.`, `docs`, `../x`.
    FromLogin(Box<str>),
    /// The absolute path: that of the last 257, or derived from it.
    Known(Box<str>),
}

impl WorkingDirectory {
    /// The absolute path, where it is known.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Known(path) => Some(path),
            Self::FromLogin(_) | Self::Unknown => None,
        }
    }

    /// A login was accepted: whatever the directory was, it is the user's now.
    pub fn logged_in(&mut self) {
        *self = Self::FromLogin(".".into());
    }

    /// The server named it, in the text of a 257 reply to PWD (not to MKD). Without a quoted path nothing
    /// changes.
    pub fn reported(&mut self, text: &str) {
        let is_path = |path: &String| (1..=LONGEST).contains(&path.len());
        if let Some(path) = quoted_path(text).filter(is_path) {
            *self = Self::Known(join(None, &path).unwrap_or(path).into());
        }
    }

    /// The server accepted CWD.
    pub fn enter(&mut self, argument: Option<&str>) {
        // Without an argument servers differ: some stay, some go home.
        *self = argument.map_or(Self::Unknown, |argument| self.at(argument));
    }

    /// The server accepted CDUP.
    pub fn leave(&mut self) {
        *self = self.at("..");
    }

    fn at(&self, name: &str) -> Self {
        if let Some(path) = join(self.path(), name) {
            return Self::Known(path.into());
        }
        self.resolve_from_login(Some(name)).map_or(Self::Unknown, |path| Self::FromLogin(path.into()))
    }

    /// It is no longer known: REIN, another login, or a gap that may hide a CWD.
    pub fn forget(&mut self) {
        *self = Self::Unknown;
    }

    /// The absolute path of a command's argument; without one, that of the directory itself.
    pub fn resolve(&self, argument: Option<&str>) -> Option<String> {
        match argument {
            Some(name) => join(self.path(), name),
            None => self.path().map(str::to_owned),
        }
    }

    /// The path of a command's argument relative to the login directory, where no more is known; without an
    /// argument, that of the directory itself.
    pub fn resolve_from_login(&self, argument: Option<&str>) -> Option<String> {
        let Self::FromLogin(directory) = self else { return None };
        let name = argument.unwrap_or(".");
        let leads_elsewhere = name.is_empty()
            || name == "~"
            || name.starts_with("~/")
            || name.starts_with(['/', '\\'])
            || split_drive(name).is_some();
        if leads_elsewhere {
            return None;
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in directory.split('/').chain(name.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
        (path.len() <= LONGEST).then_some(path)
    }
}

/// The absolute path of `name`, in `directory` where it is relative, with `.` and `..` resolved; none where
/// the directory is not known or not absolute, `name` is a home directory (`~`), or the path would be longer
/// than any system has.
pub fn join(directory: Option<&str>, name: &str) -> Option<String> {
    if name == "~" || name.starts_with("~/") || name.is_empty() {
        return None;
    }
    let path = if let Some((drive, rest)) = split_drive(name) {
        normal(drive, separator(rest), "", rest)
    } else {
        let directory = if name.starts_with('/') { "/" } else { directory? };
        match split_drive(directory) {
            Some((drive, path)) => normal(drive, separator(path), path, name),
            None if directory.starts_with('/') => normal("", '/', directory, name),
            None => return None,
        }
    };
    (path.len() <= LONGEST).then_some(path)
}

/// The path in the text of a 257 reply.
///
/// ```text
/// "directory-name" text        (RFC 959 appendix II; a quote in the name is doubled)
/// ```
///
/// Some servers do not double quotes: if the quote that should end the path has more of a name after it, the path
/// extends to the last quote of the line. Text before the first quote is skipped. None without a quoted path.
pub fn quoted_path(text: &str) -> Option<String> {
    let (_, quoted) = text.split_once('"')?;
    let (path, rest) = unquoted(quoted)?;
    let behind = rest.trim_start_matches(['.', ',', ';', ':', ')']);
    if behind.is_empty() || behind.starts_with(char::is_whitespace) {
        return Some(path);
    }
    let line = quoted.lines().next().unwrap_or_default();
    Some(line.rsplit_once('"').map_or(path, |(all, _)| all.to_owned()))
}

/// The text before the closing quote, with doubled quotes undone, and the text after it.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut path = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"')?;
        path.push_str(part);
        let Some(more) = behind.strip_prefix('"') else { return Some((path, behind)) };
        path.push('"');
        rest = more;
    }
}

/// The name that a server gave to the file of STOU, from the text of a 125, 150, 226 or 250 reply.
///
/// ```text
/// FILE: name                           (RFC 1123 section 4.1.2.9)
/// text (unique file name: name) text   (BSD and wu-ftpd)
/// ```
pub fn stou_name(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let name = match after_ignoring_case(line, "unique file name:") {
            Some(rest) => rest.rsplit_once(')').map_or(rest, |(name, _)| name),
            None => after_ignoring_case(line, "FILE:")?,
        };
        Some(name.trim()).filter(|name| !name.is_empty())
    })
}

/// The path in the argument of a listing command: what follows `ls` options (`-la`), if anything.
pub fn listing_path(argument: Option<&str>) -> Option<&str> {
    let mut rest = argument?.trim_start_matches(' ');
    while rest.starts_with('-') {
        rest = rest.split_once(' ').map_or("", |(_, behind)| behind.trim_start_matches(' '));
    }
    Some(rest).filter(|path| !path.is_empty())
}

/// A drive, and what follows it: `C:` and `\dir`.
fn split_drive(path: &str) -> Option<(&str, &str)> {
    let (drive, rest) = path.split_at_checked(2)?;
    let letter = drive.strip_suffix(':')?;
    (letter.bytes().all(|byte| byte.is_ascii_alphabetic()) && rest.starts_with(['\\', '/']))
        .then_some((drive, rest))
}

fn separator(path: &str) -> char {
    if path.starts_with('\\') { '\\' } else { '/' }
}

/// The absolute path of `name` in `directory`, both without their drive.
fn normal(drive: &str, separator: char, directory: &str, name: &str) -> String {
    let is_separator = |character: char| character == '/' || character == separator;
    let directory = if name.starts_with(is_separator) { "" } else { directory };
    let mut path = String::with_capacity(drive.len() + directory.len() + name.len() + 2);
    path.push_str(drive);
    for part in directory.split(is_separator).chain(name.split(is_separator)) {
        match part {
            "" | "." => {}
            ".." => {
                // A name has no separator in it, and neither has the drive.
                if let Some(before) = path.rfind(separator) {
                    path.truncate(before);
                }
            }
            part => {
                path.push(separator);
                path.push_str(part);
            }
        }
    }
    if path.len() == drive.len() {
        path.push(separator);
    }
    path
}

/// What follows the first `name` in `line`, whatever its case.
fn after_ignoring_case<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let start = line
        .as_bytes()
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name.as_bytes()))?;
    line.get(start.checked_add(name.len())?..)
}

#[cfg(test)]
mod tests;
