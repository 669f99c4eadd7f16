//! What the README shows is what the program does.
//!
//! `UPDATE_README=1 cargo test --test readme` writes the key table anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- keys -->\n";
const END: &str = "<!-- /keys -->";

fn readme() -> String {
    std::fs::read_to_string(README).unwrap()
}

#[test]
fn the_key_table_is_that_of_the_program() {
    let text = readme();
    let (before, rest) = text.split_once(BEGIN).expect("the README has a place for the keys");
    let (shown, after) = rest.split_once(END).expect("the place for the keys ends");
    let table = ftpscope::tui::Keymap::default().markdown();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(README, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "UPDATE_README=1 cargo test --test readme writes it anew");
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
