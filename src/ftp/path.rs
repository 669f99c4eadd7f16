//! Paths: where a session stands, and what a name means there.

/// Where a session stands on the server, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDirectory(Option<Box<str>>);

impl WorkingDirectory {
    /// The absolute path, where it is known.
    pub fn path(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The server named it: the text of a 257 reply to PWD (not to MKD).
    pub fn reported(&mut self, text: &str) {
        let _ = text;
    }

    /// The server accepted CWD.
    pub fn enter(&mut self, argument: &str) {
        let _ = argument;
    }

    /// The server accepted CDUP.
    pub fn leave(&mut self) {}

    /// It is not known any more: REIN, or a gap that may hide a CWD.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    /// The absolute path of what a command names; without an argument the directory itself.
    pub fn resolve(&self, argument: Option<&str>) -> Option<String> {
        let _ = argument;
        None
    }
}

/// The absolute path of `name`, in `directory` where it is relative; none where that is not known.
pub fn join(directory: Option<&str>, name: &str) -> Option<String> {
    let _ = (directory, name);
    None
}

/// The directory above `path`; that of the root is the root.
pub fn parent(path: &str) -> String {
    path.to_owned()
}

/// The path in a 257 reply (RFC 959 appendix II); none where there is no quoted one.
pub fn quoted_path(text: &str) -> Option<String> {
    let _ = text;
    None
}

/// The name that a server gave to a file of STOU, from a 125, 150, 226 or 250 reply (RFC 1123 section 4.1.2.9).
pub fn stou_name(text: &str) -> Option<&str> {
    let _ = text;
    None
}
