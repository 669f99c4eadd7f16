//! Names for extracted files, made of what peers said.
//!
//! **Invariant:** a component that [`component`] gives is a plain name on every system: it leads nowhere else,
//! hides nothing and does nothing to a terminal.

use crate::base::is_unprintable;

/// The longest name of a file or folder, in bytes; numbers and endings come behind it.
const LONGEST: usize = 120;

/// The longest ending that a shortened name keeps, with its dot.
const LONGEST_ENDING: usize = 16;

/// How many folders deep a path may lead; what lies deeper goes into the last of them.
const DEEPEST: usize = 24;

/// Names that stand for devices on Windows, whatever their ending.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// The folders and the name of a file, each made harmless.
pub(super) fn path(raw: &str) -> Vec<String> {
    // A server on Windows may separate with either.
    let mut components: Vec<String> =
        raw.split(['/', '\\']).filter(|component| !matches!(*component, "" | ".")).map(component).collect();
    if components.len() > DEEPEST {
        let name = components.pop();
        components.truncate(DEEPEST.saturating_sub(1));
        components.extend(name);
    }
    if components.is_empty() {
        components.push("_".to_owned());
    }
    components
}

/// One name, made harmless.
pub(super) fn component(raw: &str) -> String {
    let mut name: String = raw.chars().map(|one| if is_bad(one) { '_' } else { one }).collect();
    // Hidden files, and the way up.
    let dots = name.chars().take_while(|&one| one == '.').count();
    name.replace_range(..dots, &"_".repeat(dots));
    // Windows drops these, so that two names become one.
    let kept = name.trim_end_matches(['.', ' ']).len();
    let dropped = name.len().saturating_sub(kept);
    name.truncate(kept);
    name.push_str(&"_".repeat(dropped.min(LONGEST)));
    if name.is_empty() || is_device(&name) {
        name.insert(0, '_');
    }
    shortened(name)
}

/// Whether a character has no place in a name.
fn is_bad(character: char) -> bool {
    is_unprintable(character)
        || matches!(character, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{2028}' | '\u{2029}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = || {
        let digit = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
        digit.is_some_and(|digit| {
            matches!(digit, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    DEVICES.contains(&stem.as_str()) || is_numbered()
}

/// The name with its middle left out where it is too long: its ending tells what it is.
fn shortened(mut name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let ending = match name.rfind('.') {
        Some(dot) if name.len().saturating_sub(dot) <= LONGEST_ENDING => name.split_off(dot),
        _ => String::new(),
    };
    let mut end = LONGEST.saturating_sub(ending.len()).saturating_sub(1);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.truncate(end);
    name.push('~');
    name.push_str(&ending);
    name
}

/// The name with a number, the ending last: for one that is taken.
pub(super) fn numbered(name: &str, number: u32) -> String {
    match name.rfind('.').filter(|&dot| dot > 0).and_then(|dot| name.split_at_checked(dot)) {
        Some((stem, ending)) if ending.len() <= LONGEST_ENDING => format!("{stem}~{number}{ending}"),
        _ => format!("{name}~{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_plain_ones() {
        for (hostile, plain) in [
            ("../../etc/passwd", "__/__/etc/passwd"),
            ("..\\..\\boot.ini", "__/__/boot.ini"),
            ("/etc//./shadow", "etc/shadow"),
            ("", "_"),
            ("/", "_"),
            (".bashrc", "_bashrc"),
            ("...", "___"),
            ("a.", "a_"),
            ("a. .", "a___"),
            ("CON", "_CON"),
            ("aux.txt", "_aux.txt"),
            ("dir/Lpt1 .log", "dir/_Lpt1 .log"),
            ("com¹", "_com¹"),
            ("CONSOLE", "CONSOLE"),
            ("C:\\x", "C_/x"),
            ("a\0b", "a_b"),
            ("\x1b[31mred\x07", "_[31mred_"),
            ("exe.\u{202e}fdp", "exe._fdp"),
            ("\u{200b}a\u{feff}", "_a_"),
            ("what?*|<>\"", "what______"),
            ("日本語.txt", "日本語.txt"),
        ] {
            assert_eq!(path(hostile).join("/"), plain, "{hostile:?}");
        }
    }

    #[test]
    fn long_names_are_shortened_and_keep_their_ending() {
        let long = format!("{}.pdf", "é".repeat(2048));
        let name = component(&long);
        assert!(name.len() <= LONGEST && name.ends_with("~.pdf"), "{name}");
        assert!(component(&"x".repeat(4096)).len() <= LONGEST);
        assert!(component(&format!("a{}", ".".repeat(4096))).len() <= LONGEST);
        assert!(component(&".".repeat(4096)).len() <= LONGEST);
    }

    #[test]
    fn paths_are_only_so_deep() {
        let components = path(&format!("{}file", "a/".repeat(5000)));
        assert_eq!((components.len(), components.last().map(String::as_str)), (DEEPEST, Some("file")));
    }

    #[test]
    fn a_number_stands_before_the_ending() {
        assert_eq!(numbered("a.tar.gz", 2), "a.tar~2.gz");
        assert_eq!(numbered("README", 3), "README~3");
        assert_eq!(numbered("_bashrc", 3), "_bashrc~3");
    }
}
