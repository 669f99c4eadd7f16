//! How output is formatted for its target: width, colours, characters.

use std::env;
use std::io::{self, IsTerminal as _};

use super::args::{GeneralArgs, When};
use super::options::Target;
use crate::export::{Look, Shown};
#[cfg(feature = "tui")]
use crate::tui::ColorDepth;

/// The narrowest width for which output is laid out in columns.
const NARROWEST: usize = 40;

/// How the report is formatted for `target`.
pub(super) fn look(target: &Target, general: &GeneralArgs) -> Look {
    let terminal = *target == Target::Stdout && io::stdout().is_terminal();
    Look {
        width: terminal.then(columns).flatten(),
        color: Environment::here().color(general.color, terminal),
        ascii: general.ascii || (terminal && Environment::here().ascii()),
        shown: Shown::default(),
        is_selection: false,
    }
}

fn columns() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    Some(usize::from(columns).max(NARROWEST))
}

/// The environment variables that matter.
pub(super) struct Environment {
    no_color: Option<String>,
    clicolor_force: Option<String>,
    term: Option<String>,
    /// The first that is set of LC_ALL, LC_CTYPE and LANG.
    locale: Option<String>,
}

impl Environment {
    pub(super) fn here() -> Self {
        let set = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(set).find(|value| !value.is_empty());
        Self { no_color: set("NO_COLOR"), clicolor_force: set("CLICOLOR_FORCE"), term: set("TERM"), locale }
    }

    /// Whether to use colours: by `--color`, NO_COLOR, CLICOLOR_FORCE or the terminal, in this order.
    pub(super) fn color(&self, asked: When, terminal: bool) -> bool {
        let is_set = |variable: &Option<String>| variable.as_ref().is_some_and(|value| !value.is_empty());
        match asked {
            When::Always => true,
            When::Never => false,
            When::Auto if is_set(&self.no_color) => false,
            When::Auto if is_set(&self.clicolor_force) && self.clicolor_force.as_deref() != Some("0") => true,
            When::Auto => terminal && self.term.as_deref() != Some("dumb"),
        }
    }

    /// How many colours the terminal has.
    #[cfg(feature = "tui")]
    pub(super) fn depth() -> ColorDepth {
        ColorDepth::detect(|name| env::var(name).ok())
    }

    /// Whether the locale limits output to ASCII. Without a locale, UTF-8 is assumed.
    pub(super) fn ascii(&self) -> bool {
        self.locale.as_ref().is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !locale.contains("utf-8") && !locale.contains("utf8")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(no_color: &str, clicolor_force: &str, term: &str, locale: &str) -> Environment {
        let set = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        Environment {
            no_color: set(no_color),
            clicolor_force: set(clicolor_force),
            term: set(term),
            locale: set(locale),
        }
    }

    #[test]
    fn the_option_beats_no_color_beats_force_beats_the_terminal() {
        for (variables, asked, terminal, colored) in [
            (variables("1", "", "xterm", ""), When::Always, false, true),
            (variables("", "1", "xterm", ""), When::Never, true, false),
            (variables("1", "1", "xterm", ""), When::Auto, true, false),
            (variables("", "1", "dumb", ""), When::Auto, false, true),
            (variables("", "0", "xterm", ""), When::Auto, false, false),
            (variables("", "", "xterm", ""), When::Auto, true, true),
            (variables("", "", "xterm", ""), When::Auto, false, false),
            (variables("", "", "dumb", ""), When::Auto, true, false),
        ] {
            assert_eq!(variables.color(asked, terminal), colored);
        }
    }

    #[test]
    fn only_a_locale_that_names_another_character_set_asks_for_ascii() {
        for (locale, ascii) in [
            ("", false),
            ("C", true),
            ("POSIX", true),
            ("C.UTF-8", false),
            ("de_DE.utf8", false),
            ("de_DE", true),
        ] {
            assert_eq!(variables("", "", "", locale).ascii(), ascii, "{locale}");
        }
    }
}
