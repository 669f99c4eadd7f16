//! How long a key takes from the press to the screen that shows what it did, in a real pseudo-terminal: while
//! a capture is being read, and once all of it was.
//!
//!     cargo bench --bench keys -- large.pcap
//!
//! The times cover the whole path: terminal, program, terminal, and a second terminal's reading of what was
//! drawn. On a machine that does other work as well they are of that too.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    dead_code,
    reason = "a bench fails by panicking, and is there to print"
)]

#[path = "../tests/terminal/pty.rs"]
mod pty;

use std::time::{Duration, Instant};

use pty::Terminal;

const SIZE: (u16, u16) = (160, 50);
/// What no key may take longer than.
const LIMIT: Duration = Duration::from_millis(50);

fn main() {
    let Some(file) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("no capture named: nothing measured");
        return;
    };
    let mut times = Times::default();
    for _ in 0..3 {
        loading(&file, &mut times);
    }
    loaded(&file, &mut times);
    times.print();
}

/// What was measured, by name.
#[derive(Default)]
struct Times(Vec<(String, Vec<Duration>)>);

impl Times {
    fn note(&mut self, name: &str, took: Duration) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, all)) => all.push(took),
            None => self.0.push((name.to_owned(), vec![took])),
        }
    }

    fn print(&mut self) {
        println!("{:48} {:>5} {:>9} {:>9}", "", "times", "median", "worst");
        for (name, all) in &mut self.0 {
            all.sort();
            let (median, worst) = (all[all.len() / 2], all[all.len() - 1]);
            let mark = if name.contains("key") && worst > LIMIT { "  over the limit" } else { "" };
            println!("{name:48} {:>5} {median:>9.1?} {worst:>9.1?}{mark}", all.len());
        }
    }
}

/// Views, typing and moving while the capture is read.
fn loading(file: &str, times: &mut Times) {
    let begun = Instant::now();
    let mut terminal = Terminal::open(SIZE, &[file]);
    terminal.shows("[1 Sessions]");
    times.note("first screen", begun.elapsed());
    terminal.shows("│>");
    times.note("first session", begun.elapsed());
    while terminal.text().contains(" reading ") {
        for (key, shown) in VIEWS {
            let name = format!("loading, key: view {}", &shown[3..shown.len() - 1]);
            key_shows(&mut terminal, times, &name, key, shown);
        }
        key_changes(&mut terminal, times, "loading, key: down", "j", "│>");
        key_changes(&mut terminal, times, "loading, key: sort", "s", "Sessions by");
        typing(&mut terminal, times, "loading, key: a letter of a filter", "/sess.user");
        terminal.press("\x1b");
        terminal.hides("Esc cancel");
    }
    times.note("all read", begun.elapsed());
    terminal.press("q");
    terminal.end();
}

const VIEWS: [(&str, &str); 6] = [
    ("2", "[2 Timeline]"),
    ("3", "[3 Ladder]"),
    ("4", "[4 Transfers]"),
    ("5", "[5 Findings]"),
    ("6", "[6 Ports]"),
    ("1", "[1 Sessions]"),
];

/// Everything else once all was read.
fn loaded(file: &str, times: &mut Times) {
    let mut terminal = Terminal::open(SIZE, &[file]);
    terminal.shows("│>");
    terminal.hides(" reading ");
    let terminal = &mut terminal;
    for _ in 0..3 {
        for (key, shown) in VIEWS {
            key_shows(terminal, times, &format!("key: view {}", &shown[3..shown.len() - 1]), key, shown);
        }
    }
    for _ in 0..20 {
        key_changes(terminal, times, "key: down", "j", "│>");
        key_changes(terminal, times, "key: page down", "\x1b[6~", "│>");
    }
    for _ in 0..5 {
        key_changes(terminal, times, "key: last", "G", "│>");
        key_changes(terminal, times, "key: first", "\x1b[H", "│>");
    }
    for _ in 0..16 {
        key_changes(terminal, times, "key: sort", "s", "Sessions by");
    }
    for _ in 0..4 {
        key_changes(terminal, times, "key: reverse", "S", "Sessions by");
    }
    for filter in ["/sess.user == \"alice\" && data.matched", "/ftp.request.command == \"RETR\""] {
        typing(terminal, times, "key: a letter of a filter", filter);
        key_hides(terminal, times, "key: filter", "\r", "Esc cancel");
        let begun = Instant::now();
        terminal.hides("filtering");
        times.note("filtered after that", begun.elapsed());
        while terminal.text().contains("(Esc clears)") {
            terminal.press("\x1b");
            terminal
                .changes(Duration::from_millis(500), |screen| !screen.contents().contains("(Esc clears)"));
        }
        terminal.shows("│>");
    }
    key_shows(terminal, times, "key: view Timeline", "2", "[2 Timeline]");
    for keys in ["++++++", "]]]]]]", "lllll", "LLL", "------", "JJJJ"] {
        for key in keys.chars() {
            key_changes(terminal, times, &format!("key: timeline {key}"), &key.to_string(), "cursor ");
        }
    }
    for (view, shown, title) in [
        ("4", "[4 Transfers]", "Transfers by"),
        ("5", "[5 Findings]", "Findings by"),
        ("6", "[6 Ports]", "Ports by"),
    ] {
        key_shows(terminal, times, "key: view again", view, shown);
        let begun = Instant::now();
        terminal.shows("│>");
        times.note(&format!("{title}: rows after that"), begun.elapsed());
        if view == "5" {
            key_shows(terminal, times, "key: all findings of a kind", "\r", "▾");
        }
        for _ in 0..5 {
            key_changes(terminal, times, &format!("key: {title}"), "s", title);
            key_changes(terminal, times, &format!("key: {title}, last"), "G", "│>");
            key_changes(terminal, times, &format!("key: {title}, first"), "\x1b[H", "│>");
        }
    }
    terminal.press("q");
    terminal.end();
}

/// Types a line; each letter is on the screen before the next one is typed.
fn typing(terminal: &mut Terminal, times: &mut Times, name: &str, line: &str) {
    for end in 1..=line.len() {
        let begun = Instant::now();
        terminal.press(&line[end - 1..end]);
        let typed = format!("/ {}", &line[1..end]);
        terminal.wait(&typed, |screen| {
            let text = screen.contents();
            text.contains("Esc cancel") && text.contains(&typed)
        });
        times.note(name, begun.elapsed());
    }
}

fn key_shows(terminal: &mut Terminal, times: &mut Times, name: &str, key: &str, shown: &str) {
    let begun = Instant::now();
    terminal.press(key);
    terminal.shows(shown);
    times.note(name, begun.elapsed());
}

fn key_hides(terminal: &mut Terminal, times: &mut Times, name: &str, key: &str, hidden: &str) {
    let begun = Instant::now();
    terminal.press(key);
    terminal.hides(hidden);
    times.note(name, begun.elapsed());
}

/// Presses a key that changes the line with a text in it; one that changes nothing is left out.
fn key_changes(terminal: &mut Terminal, times: &mut Times, name: &str, key: &str, mark: &str) {
    let line = |screen: &vt100::Screen| {
        screen.contents().lines().find(|line| line.contains(mark)).map(str::to_owned)
    };
    let before = terminal.ask(line);
    let begun = Instant::now();
    terminal.press(key);
    if terminal.changes(Duration::from_secs(2), |screen| line(screen) != before) {
        times.note(name, begun.elapsed());
    }
}
