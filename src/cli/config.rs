//! The configuration file: how the terminal interface looks and which keys it has.
//!
//! `ftpscope config` writes all of it as it is now; what a file leaves out is as usual, and what the command line
//! says goes before the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;

use super::exit::Failure;
use crate::base::Printable;
use crate::tui::{Keymap, ThemeName, TimeFormat};

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// What a file may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    theme: Option<String>,
    times: Option<String>,
    mouse: Option<bool>,
    ascii: Option<bool>,
    keys: BTreeMap<String, String>,
}

/// A configuration that was read and makes sense.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    pub(super) theme: Option<ThemeName>,
    pub(super) times: TimeFormat,
    pub(super) mouse: Option<bool>,
    pub(super) ascii: bool,
    pub(super) keymap: Keymap,
    /// The file that it comes from.
    path: Option<PathBuf>,
}

impl Config {
    /// Reads the file that the command line names, or the usual one where there is one.
    ///
    /// # Errors
    /// If a file that was named is not there, and if a file can't be read or understood.
    pub(super) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let usual = usual_path();
        let Some(path) = named.or(usual.as_deref()) else { return Ok(Self::default()) };
        let text = match read_text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => return Err(failure(path, &error.to_string())),
        };
        let config = Self::parse(&text).map_err(|message| failure(path, &message))?;
        Ok(Self { path: Some(path.to_owned()), ..config })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let theme = file.theme.as_deref().map(|name| {
            ThemeName::parse(name).ok_or_else(|| format!("theme {name:?}: use {}", names(THEMES)))
        });
        let times = file.times.as_deref().map(|name| {
            let known = TimeFormat::ALL.into_iter().find(|format| format.key() == name);
            known.ok_or_else(|| format!("times {name:?}: use relative, clock or date"))
        });
        let keys: Vec<(String, String)> = file.keys.into_iter().collect();
        Ok(Self {
            theme: theme.transpose()?,
            times: times.transpose()?.unwrap_or_default(),
            mouse: file.mouse,
            ascii: file.ascii.unwrap_or(false),
            keymap: Keymap::with(&keys)?,
            path: None,
        })
    }

    /// The whole configuration as a file.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("# Configuration of ftpscope's terminal interface.\n");
        _ = match (&self.path, usual_path()) {
            (Some(path), _) => writeln!(text, "# Read from {}", shown(path)),
            (None, Some(usual)) => {
                writeln!(text, "# As usual. Saved as {} it can be changed.", shown(&usual))
            }
            (None, None) => writeln!(text, "# As usual; --config names a file that changes it"),
        };
        let theme = self.theme.unwrap_or_default();
        _ = writeln!(text, "\n# {}\ntheme = {}", names(THEMES), quoted(theme.name()));
        _ = writeln!(text, "\n# relative, clock or date\ntimes = {}", quoted(self.times.key()));
        _ = writeln!(text, "\nmouse = {}\nascii = {}", self.mouse.unwrap_or(true), self.ascii);
        _ = writeln!(
            text,
            "\n# Several keys are separated by blanks: ctrl+d, shift+left, f5, space, esc.\n[keys]"
        );
        for (name, keys, help) in self.keymap.listed() {
            let line = format!("{name} = {}", quoted(&keys));
            _ = writeln!(text, "{line:36} # {help}");
        }
        text
    }
}

const THEMES: &[&str] = &["dark", "light", "cb-safe", "mono"];

fn names(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn shown(path: &Path) -> String {
    Printable(&path.to_string_lossy()).to_string()
}

fn failure(path: &Path, message: &str) -> Failure {
    let lines: Vec<String> = message.lines().map(|line| Printable(line).to_string()).collect();
    Failure::usage(format!("{}: {}", shown(path), lines.join("\n")))
}

fn read_text(path: &Path) -> io::Result<String> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(io::Error::other("too large for a configuration"));
    }
    fs::read_to_string(path)
}

/// Where the file usually is (XDG base directories).
fn usual_path() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(home.join("ftpscope/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let usual = Config::default();
        let again = Config::parse(&usual.text()).unwrap();
        assert_eq!(again.text(), usual.text());
        let changed = "theme = \"light\"\ntimes = \"clock\"\nmouse = false\n[keys]\nquit = \"x ctrl+q\"\n";
        let changed = Config::parse(changed).unwrap();
        assert!(changed.text().contains("quit = \"x C-q\""), "{}", changed.text());
        assert_eq!(Config::parse(&changed.text()).unwrap().text(), changed.text());
        assert_ne!(changed.text(), usual.text());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("theme = \"pink\"", "theme \"pink\": use dark, light, cb-safe or mono"),
            ("times = \"utc\"", "times \"utc\": use relative, clock or date"),
            ("colour = 1", "unknown field `colour`"),
            ("[keys]\nfly = \"q\"", "there is no command 'fly'"),
            ("[keys]\nquit = \"ctrl+alt+x\"", "'ctrl+alt+x' for quit is not a key"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
