//! Patterns for names, as shells have them.

use std::convert::Infallible;
use std::str::FromStr;

/// A pattern: `*` is any text, `?` any one character; letters match in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl FromStr for Glob {
    type Err = Infallible;

    fn from_str(pattern: &str) -> Result<Self, Infallible> {
        Ok(Self(pattern.to_lowercase().chars().collect()))
    }
}

impl Glob {
    /// Whether a name matches as a whole. Takes time in proportion to the product of both lengths at most.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.to_lowercase().chars().collect();
        let (mut at, mut in_name) = (0_usize, 0_usize);
        // Where the last star stood, and where what follows it was tried last.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(&character) = name.get(in_name) {
            match self.0.get(at) {
                Some('*') => {
                    retry = Some((at, in_name));
                    at = at.saturating_add(1);
                }
                Some(&wanted) if wanted == '?' || wanted == character => {
                    at = at.saturating_add(1);
                    in_name = in_name.saturating_add(1);
                }
                Some(_) | None => {
                    let Some((star, tried)) = retry else { return false };
                    let next = tried.saturating_add(1);
                    retry = Some((star, next));
                    (at, in_name) = (star.saturating_add(1), next);
                }
            }
        }
        self.0.iter().skip(at).all(|&rest| rest == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_what_they_do_in_shells() {
        for (pattern, name, expected) in [
            ("*.pdf", "report.PDF", true),
            ("*.pdf", "report.pdf.exe", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("?é*", "xéy", true),
        ] {
            let Ok(glob) = pattern.parse::<Glob>();
            assert_eq!(glob.matches(name), expected, "{pattern} {name}");
        }
    }
}
