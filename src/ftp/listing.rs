//! Listings of directories, as servers of many systems write them: names, sizes, times and kinds.
//!
//! Only MLSD and MLST have a form that a standard lays down. For LIST each line is tried in the forms of the
//! systems that are known; those of z/OS mean something only below their heading.
//!
//! **Invariant:** every line comes out, as an [`Entry`], as a heading, or as unknown.

mod dos;
mod ibm_i;
mod machine;
mod unix;
mod vms;
mod when;
mod words;
mod zos;

use crate::base::choices;

pub use when::{EntryTime, Moment};

/// What an entry of a listing tells of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    /// Its name, as it is.
    pub name: &'t str,
    /// Its size, where the listing gives it in bytes.
    pub size: Option<u64>,
    /// When it was last changed; on z/OS, when a data set was last used.
    pub time: Option<EntryTime<'t>>,
    /// What it is, where the listing tells.
    pub kind: Option<EntryKind>,
    /// What a link leads to.
    pub target: Option<&'t str>,
}

choices! {
    /// What an entry of a listing is.
    pub enum EntryKind {
        /// A file.
        File => "file",
        /// A directory.
        Directory => "directory",
        /// A symbolic link.
        Link => "link",
        /// A device, a job, or what else a server lists.
        Other => "other",
    }
}

/// A line of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// Tells of a file.
    Entry(Entry<'t>),
    /// Goes on about the entry before it.
    Continued,
    /// Names the directory that the entries below are in.
    Directory(&'t str),
    /// A heading, a sum or an empty line.
    Heading,
    /// Anything else.
    Unknown,
}

/// How the lines of a listing are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Facts and names, as RFC 3659 has them: MLSD, MLST.
    Facts,
    /// Names alone: NLST.
    Names,
    /// For people: LIST, STAT.
    People,
}

/// Reads a listing line by line.
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    form: Form,
    rest: Option<&'t str>,
    /// Whether the line before was empty; there is none before the first.
    behind_empty: bool,
    heading: Option<zos::Heading>,
    is_continued: bool,
}

/// Reads a listing.
///
/// ```
/// use ftpscope::ftp::listing::{self, EntryKind, Form, Line};
///
/// let text = "total 8\r\ndrwxr-xr-x 2 0 0 4096 Jan 12 13:05 pub\r\n";
/// let Some(Line::Entry(entry)) = listing::read(text, Form::People).nth(1) else { panic!() };
/// assert_eq!((entry.name, entry.kind), ("pub", Some(EntryKind::Directory)));
/// assert_eq!(entry.time.unwrap().text(), "--01-12T13:05");
/// ```
pub fn read(text: &str, form: Form) -> Lines<'_> {
    Lines {
        form,
        rest: (!text.is_empty()).then_some(text),
        behind_empty: true,
        heading: None,
        is_continued: false,
    }
}

impl<'t> Lines<'t> {
    /// The next line without its end. What follows the last end is a line only where there is something.
    fn line(&mut self) -> Option<&'t str> {
        let text = self.rest?;
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.rest = (!rest.is_empty()).then_some(rest);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    fn entry(&mut self, line: &'t str) -> Option<Entry<'t>> {
        match self.form {
            Form::Facts => machine::entry(line),
            Form::Names => Some(Entry { name: line, size: None, time: None, kind: None, target: None }),
            Form::People => match self.heading {
                Some(heading) => zos::entry(heading, line),
                None => unix::entry(line)
                    .or_else(|| dos::entry(line))
                    .or_else(|| ibm_i::entry(line))
                    .or_else(|| zos::job(line))
                    .or_else(|| self.vms(line)),
            },
        }
    }

    /// VMS writes what it tells of a long name on the line below.
    fn vms(&mut self, line: &'t str) -> Option<Entry<'t>> {
        let mut entry = vms::entry(line)?;
        let next = self.rest.and_then(|rest| rest.lines().next());
        if entry.time.is_none()
            && let Some(time) = next.and_then(vms::facts)
        {
            entry.time = Some(time);
            self.is_continued = true;
        }
        Some(entry)
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let line = self.line()?;
        if std::mem::take(&mut self.is_continued) {
            return Some(Line::Continued);
        }
        let is_apart = std::mem::replace(&mut self.behind_empty, line.trim().is_empty());
        if self.behind_empty {
            return Some(Line::Heading);
        }
        if self.form == Form::People
            && let Some(heading) = zos::heading(line)
        {
            self.heading = Some(heading);
            return Some(Line::Heading);
        }
        if let Some(entry) = self.entry(line) {
            return Some(Line::Entry(entry));
        }
        Some(match line.strip_suffix(':') {
            Some(directory) if is_apart && !directory.is_empty() => Line::Directory(directory),
            _ if is_heading(line) => Line::Heading,
            _ => Line::Unknown,
        })
    }
}

/// A count above or below the entries, or what names the directory: `total 12`, `Directory SYS$LOGIN:[X]`,
/// `Total of 4 files, 26 blocks.`, ` Volume in drive C`, `   3 File(s)   1,234 bytes`.
fn is_heading(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(first), Some(second), third) = (words.next(), words.next(), words.next()) else { return false };
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let counts = is_number(second) && third.is_none() && first.chars().all(char::is_alphabetic);
    let sums = is_number(first) && matches!(second, "File(s)" | "Dir(s)");
    let names = matches!(
        (first, second),
        ("Total" | "Directory", "of") | ("Volume", "in" | "Serial") | ("Grand", "total")
    ) || first == "Directory" && second.ends_with(']');
    counts || sums || names
}

/// The entries in the text of a 21z reply to STAT with a path, or of a 250 reply to MLST: the lines between the
/// first and the last.
pub fn within_reply(text: &str) -> &str {
    let between = text.split_once('\n').and_then(|(_, behind)| behind.rsplit_once('\n'));
    between.map_or("", |(between, _)| between)
}

#[cfg(test)]
mod tests;
