//! Holds the source tree to what it says about itself: the floors of `src/lib.rs`, crates used in one place
//! only, and the house rules that no lint knows.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says so")]
#![expect(clippy::string_slice, reason = "the places were found in the same text")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that only these modules may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("pcap", &["capture", "live"]),
    ("flate2", &["capture"]),
    ("lz4_flex", &["capture", "store"]),
    ("tempfile", &["store"]),
    ("zstd", &["capture"]),
    ("etherparse", &["decode"]),
    ("infer", &["session"]),
    ("serde_json", &["export"]),
    ("csv", &["export"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui", "cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["cli"]),
    ("aes", &["tls"]),
    ("aes_gcm", &["tls"]),
    ("cbc", &["tls"]),
    ("ccm", &["tls"]),
    ("chacha20poly1305", &["store", "tls"]),
    ("hkdf", &["tls"]),
    ("hmac", &["tls"]),
    ("landlock", &["confine"]),
    ("rustix", &["confine", "extract"]),
];

/// The library without the program: modules that must build on any target, and name nothing but each other.
const CORE: &[&str] = &[
    "base", "ftp", "tls", "report", "decode", "tcp", "session", "diagnose", "analyzer", "filter", "picture",
    "export",
];

/// The floors inside the terminal interface, from the ground up: a module names only modules of floors below
/// its own. Those that are not listed (`tui` itself and what it runs) stand above all of these.
const TUI_FLOORS: &[&[&str]] = &[
    &["screen", "scale", "glyphs", "words", "theme", "layout", "sorting"],
    &["rows"],
    &["chosen"],
    &["effect", "source", "recent"],
    &["evidence", "overview"],
    &["data"],
    &["message", "row_filter", "details"],
    &["keymap", "cursor", "line_editor", "canvas"],
    &["state"],
    &["screens", "commands", "tabs", "input"],
    &["overlays", "interface"],
    &["update", "draw"],
];

/// Modules that take time as an argument and touch nothing outside: what a clock, a thread or a file is
/// called.
const PURE: &[&str] =
    &["base", "ftp", "tls", "report", "decode", "tcp", "session", "diagnose", "analyzer", "picture"];
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::thread",
    "thread::spawn",
    "std::fs",
    "File::open",
    "std::env",
    "std::process",
    "stdout()",
    "stderr()",
    "stdin()",
    "Mutex<",
    "RwLock<",
    "println!",
    "eprintln!",
];

/// What may end the program.
const ENDINGS: &[&str] = &[".unwrap()", ".expect(\"", "panic!(", "todo!(", "unimplemented!("];

/// Lines of one file, tests left out: from here on it is named, and from there on it fails.
const LONG: usize = 500;
const TOO_LONG: usize = 600;

/// One source file without its tests.
struct Source {
    /// Below `src/`.
    path: PathBuf,
    /// Names of the modules from the crate's root down to this one; none for `lib.rs` and `main.rs`.
    modules: Vec<String>,
    /// The whole file.
    text: String,
    /// Lines that are not tests, with comments blanked.
    code: Vec<String>,
    /// Whether it exists for tests only.
    is_test: bool,
}

impl Source {
    fn top(&self) -> &str {
        self.modules.first().map_or("", String::as_str)
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Reads all of `src/`.
fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let mut paths = Vec::new();
    rust_files(&folder, &mut paths);
    paths.sort();
    let texts: BTreeMap<PathBuf, String> = paths
        .iter()
        .map(|path| (path.strip_prefix(&folder).unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    let test_modules: BTreeSet<PathBuf> =
        texts.iter().flat_map(|(path, text)| test_modules(&module_folder(path), text)).collect();
    texts
        .into_iter()
        .map(|(path, text)| {
            let home = module_folder(&path);
            Source {
                is_test: home
                    .ancestors()
                    .any(|folder| test_modules.contains(folder) || folder.ends_with("tests")),
                modules: home.iter().map(|part| part.to_str().unwrap().to_owned()).collect(),
                code: code(&path, &text),
                path,
                text,
            }
        })
        .collect()
}

/// Where the children of a module lie: `tcp/table` for `tcp/table.rs`, nothing for `lib.rs`.
fn module_folder(path: &Path) -> PathBuf {
    match path.to_str().unwrap() {
        "lib.rs" | "main.rs" => PathBuf::new(),
        _ => path.with_extension(""),
    }
}

/// The modules that are declared for tests only and lie in files of their own.
fn test_modules(home: &Path, text: &str) -> Vec<PathBuf> {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].trim().starts_with("#[cfg(test)"))
        .filter_map(|pair| {
            let name = pair[1].trim().strip_suffix(';')?.rsplit_once("mod ")?.1;
            Some(home.join(name))
        })
        .collect()
}

/// The lines before the tests, which stand last, with comments blanked.
fn code(path: &Path, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
    if let Some(tests) = tests {
        let end = lines.iter().skip(tests).position(|line| *line == "}").unwrap() + tests;
        assert_eq!(end + 1, lines.len(), "{}: the tests do not stand last", path.display());
    }
    let blank = |line: &&str| line.split_once("//").map_or(*line, |(code, _)| code).to_owned();
    lines.iter().take(tests.unwrap_or(lines.len())).map(blank).collect()
}

/// The floor of each module, read from the table in `src/lib.rs`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut floors = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_start_matches("//!").split('|').map(str::trim).collect();
        let [_, floor, names, _] = cells[..] else { continue };
        let Ok(floor) = floor.parse() else { continue };
        for name in names.split('`').skip(1).step_by(2) {
            assert_eq!(floors.insert(name.to_owned(), floor), None, "{name} stands on two floors");
        }
    }
    assert!(floors.len() > 8, "the table of floors in src/lib.rs is gone");
    floors
}

/// The modules of the crate that a line of code names, by `crate::` or by climbing up from `depth` modules
/// below.
fn named_modules(line: &str, depth: usize) -> Vec<String> {
    let climb = "super::".repeat(depth.max(1));
    let ways = ["crate::", climb.as_str()];
    let mut named = Vec::new();
    for way in ways {
        for (at, _) in line.match_indices(way) {
            let is_longer_path = line[..at].ends_with("::") || line[..at].ends_with('$');
            if is_longer_path {
                continue;
            }
            let rest = &line[at + way.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split(['}', ',']).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let word = word(name);
                if !word.is_empty() {
                    named.push(word.to_owned());
                }
            }
        }
    }
    named
}

fn word(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '_');
    &text[..end.unwrap_or(text.len())]
}

/// Whether a line names an outside crate: at the start of a path, not as a part of one.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + name.len()..];
        let starts_word = before.is_none_or(|last| !last.is_alphanumeric() && last != '_' && last != ':');
        starts_word && (after.starts_with("::") || line.trim() == format!("use {name};"))
    })
}

fn fail(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_module_has_a_floor() {
    let floors = floors();
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = text.lines().filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    let wrong: Vec<String> = modules.filter(|name| !floors.contains_key(*name)).map(str::to_owned).collect();
    fail("modules without a floor in src/lib.rs", &wrong);
}

#[test]
fn modules_name_only_lower_floors() {
    let floors = floors();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for source in sources().iter().filter(|source| !source.is_test && !source.modules.is_empty()) {
        let own = source.top();
        for (number, line) in source.lines() {
            for name in named_modules(line, source.modules.len()) {
                // What the root itself holds (macros) has no floor.
                let Some(floor) = floors.get(&name) else { continue };
                checked += 1;
                if name != own && *floor >= floors[own] {
                    wrong.push(format!("{}:{number}: {own} names {name}", source.path.display()));
                }
            }
        }
    }
    fail("modules that name a floor not below their own", &wrong);
    assert!(checked > 100, "only {checked} names were found");
}

/// The modules of `tui` that a line in `source`, which is one of them, names.
fn named_in_tui(source: &Source, line: &str) -> Vec<String> {
    let own_root = "super::".repeat(source.modules.len() - 1);
    let path = line.replace("crate::tui::", &own_root);
    named_modules(&path, source.modules.len() - 1)
}

#[test]
fn modules_of_the_terminal_interface_name_only_lower_ones() {
    let folder = root().join("src/tui");
    let above = |name: &str| folder.join(name).with_extension("rs").is_file().then_some(TUI_FLOORS.len());
    let listed = |name: &str| TUI_FLOORS.iter().position(|floor| floor.contains(&name));
    let floor = |name: &str| listed(name).or_else(|| above(name));
    let mut wrong = Vec::new();
    let mut checked = 0;
    let inner = |source: &&Source| !source.is_test && source.top() == "tui" && source.modules.len() > 1;
    for source in sources().iter().filter(inner) {
        let Some(own) = listed(&source.modules[1]) else { continue };
        for (number, line) in source.lines() {
            for name in named_in_tui(source, line).iter().filter(|name| **name != source.modules[1]) {
                let Some(other) = floor(name) else { continue };
                checked += 1;
                if other >= own {
                    wrong.push(format!("{}:{number}: names {name}", source.path.display()));
                }
            }
        }
    }
    fail("modules of the terminal interface that name what is not below them", &wrong);
    assert!(checked > 100, "only {checked} names were found");
}

#[test]
fn the_core_names_nothing_but_itself() {
    let floors = floors();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test && CORE.contains(&source.top())) {
        // Doc comments count as well: a core that is built alone could not resolve their links.
        for (number, line) in (1..).zip(source.text.lines()) {
            let named = named_modules(line, source.modules.len());
            let outside = |name: &&String| floors.contains_key(*name) && !CORE.contains(&name.as_str());
            wrong.extend(
                named
                    .iter()
                    .filter(outside)
                    .map(|name| format!("{}:{number}: names {name}", source.path.display())),
            );
        }
    }
    fail("modules of the core that name what is not", &wrong);
}

#[test]
fn outside_crates_stay_in_their_modules() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        for (number, line) in source.lines() {
            for (name, homes) in CONFINED {
                if names_crate(line, name) && !homes.contains(&source.top()) {
                    wrong.push(format!("{}:{number}: {name}", source.path.display()));
                }
            }
        }
    }
    fail("crates named outside their modules", &wrong);
}

#[test]
fn tests_do_not_name_the_crate_pcap_so_that_they_link_without_libpcap() {
    let mut files = Vec::new();
    rust_files(&root().join("tests"), &mut files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests/layers.rs")) {
        let text = fs::read_to_string(file).unwrap();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| names_crate(line, "pcap"));
        wrong.extend(lines.map(|(number, _)| format!("{}:{number}", file.display())));
    }
    fail("libpcap would be linked for", &wrong);
}

#[test]
fn the_core_touches_nothing_outside() {
    let mut wrong = Vec::new();
    let pure = |source: &&Source| !source.is_test && PURE.contains(&source.top());
    for source in sources().iter().filter(pure) {
        for (number, line) in source.lines() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", source.path.display()));
            }
        }
    }
    fail("clocks, threads, locks, files or terminals in the core", &wrong);
}

#[test]
fn nothing_ends_the_program_outside_tests() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        for (number, line) in source.lines() {
            for word in ENDINGS.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", source.path.display()));
            }
        }
    }
    fail("what may panic outside tests", &wrong);
}

#[test]
fn every_file_says_what_it_is() {
    // The program itself is one line long, and tests belong to the module that they test.
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| !source.is_test && source.path != Path::new("main.rs"))
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path.display().to_string())
        .collect();
    fail("files that do not open with //!", &wrong);
}

#[test]
fn module_roots_state_their_invariant() {
    let floors = floors();
    let is_root = |source: &&Source| source.modules.len() == 1 && floors.contains_key(source.top());
    let wrong: Vec<String> = sources()
        .iter()
        .filter(is_root)
        .filter(|source| !source.text.contains("//! **Invariant:**"))
        .map(|source| source.path.display().to_string())
        .collect();
    fail("module roots without an invariant", &wrong);
}

#[test]
fn files_stay_short_enough_to_read() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        let lines = source.code.len();
        if lines > TOO_LONG {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        } else if lines > LONG {
            println!("long: {} has {lines} lines without its tests", source.path.display());
        }
    }
    fail(&format!("files of more than {TOO_LONG} lines"), &wrong);
}

#[test]
fn names_say_what_a_module_does() {
    let empty = ["manager", "helper", "helpers", "util", "utils", "info", "common", "misc", "handler"];
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let name = source.modules.last().map_or("", String::as_str);
            empty.contains(&name) || name == "mod"
        })
        .map(|source| source.path.display().to_string())
        .collect();
    fail("modules whose name says nothing, or mod.rs", &wrong);
}

#[test]
fn samples_and_their_readme_name_each_other() {
    let folder = root().join("samples");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let files: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    let is_file_name = |word: &&str| {
        !word.contains([' ', '/']) && [".pcap", ".pcapng.zst", ".keys"].iter().any(|end| word.ends_with(end))
    };
    let named: BTreeSet<String> =
        readme.split('`').skip(1).step_by(2).filter(is_file_name).map(str::to_owned).collect();
    assert_eq!(files, named);
}

#[test]
fn the_rules_see_what_they_forbid() {
    assert_eq!(named_modules("use crate::tcp::Table;", 2), ["tcp"]);
    assert_eq!(named_modules("    crate::{tcp::Table, ftp},", 1), ["tcp", "ftp"]);
    assert_eq!(named_modules("use super::super::cli::run;", 2), ["cli"]);
    assert_eq!(named_modules("use super::sibling;", 2), [""; 0]);
    let screen = |path: &str| Source {
        path: PathBuf::from(path),
        modules: path.split('/').map(str::to_owned).collect(),
        text: String::new(),
        code: Vec::new(),
        is_test: false,
    };
    assert_eq!(named_in_tui(&screen("tui/state"), "use super::draw::hints;"), ["draw"]);
    assert_eq!(named_in_tui(&screen("tui/screens/ports"), "use crate::tui::update::press;"), ["update"]);
    assert_eq!(named_in_tui(&screen("tui/screens/ports"), "use super::super::draw;"), ["draw"]);
    assert!(names_crate("use clap::Parser;", "clap"));
    assert!(names_crate("let x = serde_json::to_string(&y);", "serde_json"));
    assert!(!names_crate("use super::pcap::Reader;", "pcap"));
    assert!(!names_crate("use clap_complete::Shell;", "clap"));
    let text = "fn a() {} // unwrap\n\n#[cfg(test)]\nmod tests {\n    x.unwrap();\n}\n";
    assert_eq!(code(Path::new("a.rs"), text), ["fn a() {} ", ""]);
    assert_eq!(
        test_modules(Path::new("a"), "#[cfg(test)]\npub(crate) mod testing;\n"),
        [Path::new("a/testing")]
    );
}
