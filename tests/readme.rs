//! What the README shows is what the program does.
//!
//! `UPDATE_README=1 cargo test --test readme` writes the key table and the picture of the timeline anew.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[cfg(unix)]
#[path = "terminal/pty.rs"]
#[expect(dead_code, clippy::panic, reason = "a picture needs little of what a terminal can do")]
mod pty;

use std::process::Command;
use std::sync::Mutex;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// There it is compiled and run, on a sample.
#[test]
fn the_example_of_the_library_is_that_of_the_crate() {
    let text = readme();
    let (_, rest) = text.split_once("```rust\n").expect("the README has an example");
    let (example, _) = rest.split_once("```").expect("it ends");
    let library = include_str!("../src/lib.rs");
    for line in example.lines() {
        let line = line.replace("capture.pcap", "samples/blocked-data-connection.pcap");
        let documented = format!("//! {line}").trim_end().to_owned() + "\n";
        assert!(library.contains(&documented), "src/lib.rs lacks {line}");
    }
}

fn readme() -> String {
    std::fs::read_to_string(README).unwrap()
}

/// Held by whoever writes it.
static WRITING: Mutex<()> = Mutex::new(());

/// What stands in the README between two marks is what the program shows now, or is made so.
fn holds_up_to_date(name: &str, now: &str) {
    let _alone = WRITING.lock().unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let text = readme();
    let (before, rest) = text.split_once(&begin).expect("the README has a place for it");
    let (shown, after) = rest.split_once(&end).expect("the place ends");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(README, format!("{before}{begin}{now}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, now, "UPDATE_README=1 cargo test --test readme writes it anew");
}

#[test]
fn the_key_table_is_that_of_the_program() {
    holds_up_to_date("keys", &ftpscope::tui::Keymap::default().markdown());
}

#[cfg(unix)]
#[test]
fn the_picture_of_the_timeline_is_a_real_one() {
    let mut terminal = pty::Terminal::open((100, 40), &[&pty::sample("blocked-data-connection.pcap")]);
    terminal.shows("▲ 1/1");
    terminal.press("2");
    // Its keys are on the last line, which is drawn last.
    terminal.shows("0 fit");
    let screen = terminal.text();
    let lines = screen.lines().skip_while(|line| !line.starts_with('┌'));
    let height = lines.clone().position(|line| line.starts_with('└')).unwrap() + 1;
    let frame: Vec<String> = lines.take(height).map(|line| format!("    {line}\n")).collect();
    terminal.press("1qq");
    terminal.end();
    holds_up_to_date("timeline", &format!("\n{}\n", frame.concat()));
}

#[test]
fn the_picture_of_the_report_is_a_real_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["analyze", "--color", "never", "samples/blocked-data-connection.pcap"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("LC_ALL")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let text = readme();
    let (_, picture) = text.split_once("    $ ftpscope samples/blocked-data-connection.pcap\n").unwrap();
    let picture: Vec<&str> =
        picture.lines().take_while(|line| line.is_empty() || line.starts_with("    ")).collect();
    let picture: Vec<&str> = picture.iter().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let shown = picture.join("\n");
    assert!(said.starts_with(shown.trim_end()), "the README shows\n{shown}\nthe program says\n{said}");
}
