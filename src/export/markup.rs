//! Text from the wire inside markup.

use std::fmt::{self, Write as _};

use crate::base::Printable;

/// Text as it may stand between tags and in quoted attributes of HTML and SVG: nothing in it is markup, moves a
/// cursor or turns the direction of writing.
pub(super) struct Markup<'a>(pub(super) &'a str);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                let mut plain_from = 0;
                for (at, character) in text.char_indices() {
                    let escape = match character {
                        '&' => "&amp;",
                        '<' => "&lt;",
                        '>' => "&gt;",
                        '"' => "&quot;",
                        '\'' => "&#39;",
                        _ => continue,
                    };
                    self.0.write_str(text.get(plain_from..at).unwrap_or_default())?;
                    self.0.write_str(escape)?;
                    plain_from = at.saturating_add(1);
                }
                self.0.write_str(text.get(plain_from..).unwrap_or_default())
            }
        }
        write!(Escaping(f), "{}", Printable(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</title><script>alert('1')</script> \" & \u{202e}exe.txt\x1b[2J";
        let shown = Markup(hostile).to_string();
        assert!(!shown.contains(['<', '>', '"', '\'', '\u{202e}', '\x1b']), "{shown}");
        assert!(shown.starts_with("&lt;/title&gt;&lt;script&gt;"), "{shown}");
        assert!(shown.contains("&amp;"), "{shown}");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Markup("RETR naïve 文字.txt").to_string(), "RETR naïve 文字.txt");
    }
}
