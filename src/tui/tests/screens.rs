//! Whole screens: as text, as styles, and at every size.

use std::fmt::Write as _;

use ratatui::style::{Color, Modifier};

use super::*;
use crate::ftp::Verb;
use crate::report::Listing;
use crate::tui::theme::{ColorDepth, ThemeName};

/// The letter of the style that appeared as number `at`.
fn letter(at: usize) -> char {
    " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".chars().nth(at).unwrap_or('?')
}

/// One letter for each style, in the order in which they appear, with what they are below.
fn styles(buffer: &Buffer) -> String {
    let mut known: Vec<(Color, Color, Modifier)> = Vec::new();
    let mut map = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            let at = known.iter().position(|other| *other == style).unwrap_or_else(|| {
                known.push(style);
                known.len() - 1
            });
            line.push(letter(at));
        }
        map.push_str(line.trim_end());
        map.push('\n');
    }
    for (at, (fg, bg, modifier)) in known.iter().enumerate() {
        _ = writeln!(map, "{:?} = {fg} on {bg} {modifier:?}", letter(at));
    }
    map
}

fn snapshot(name: &str, bench: &Bench) {
    insta::assert_snapshot!(name, bench.screen());
}

fn snapshot_with_styles(name: &str, bench: &Bench) {
    let buffer = bench.buffer();
    insta::assert_snapshot!(name, format!("{}\n{}", text(&buffer), styles(&buffer)));
}

const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (160, 50)];

#[test]
fn every_view_at_the_three_usual_sizes() {
    for (width, height) in SIZES {
        let mut bench = Bench::new(width, height);
        for (key, name) in [
            ("1", "sessions"),
            ("2", "timeline"),
            ("3", "ladder"),
            ("4", "transfers"),
            ("5", "findings"),
            ("6", "ports"),
        ] {
            bench.press(&[key]);
            snapshot_with_styles(&format!("{name}_{width}x{height}"), &bench);
        }
        bench.press(&["?"]);
        snapshot(&format!("help_{width}x{height}"), &bench);
    }
}

/// Looks at the first listing that the list of transfers has.
fn look_at_a_listing(bench: &mut Bench) {
    bench.press(&["4"]);
    for _ in 0..100 {
        bench.press(&["v"]);
        if bench.screen().contains("─ Listing") {
            return;
        }
        bench.press(&["j"]);
    }
    panic!("no transfer has a listing");
}

#[test]
fn a_listing_is_looked_at_from_its_transfer() {
    for (width, height) in SIZES {
        let mut bench = Bench::new(width, height);
        look_at_a_listing(&mut bench);
        bench.press(&["j"]);
        snapshot_with_styles(&format!("listing_{width}x{height}"), &bench);
        bench.press(&["Esc"]);
        bench.hides("─ Listing");
        bench.shows("Transfers");
    }
}

#[test]
fn a_transfer_without_a_listing_says_so() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["4", "s", "s", "v"]);
    bench.shows("moved no listing");
}

#[test]
fn a_long_listing_is_scrolled_to_its_end() {
    let mut sessions = fixture::sessions();
    let names = (0..50_000).map(|at| format!("name-{at}\r\n")).collect::<Vec<_>>().concat();
    for transfer in sessions.iter_mut().flat_map(|session| &mut session.transfers) {
        let listing = Listing { text: names.as_str().into(), is_cut: false };
        transfer.listing = transfer.listing.take().map(|_| listing.into());
    }
    for command in sessions.iter_mut().flat_map(|session| &mut session.commands) {
        if command.verb == Verb::List {
            command.verb = Verb::Nlst;
        }
    }
    let mut bench = Bench::with(&sessions, 80, 24);
    look_at_a_listing(&mut bench);
    bench.shows("lines are missing");
    bench.shows("name-0 ");
    bench.press(&["G"]);
    bench.shows("name-19999");
    bench.hides("name-19900 ");
}

#[test]
fn an_invalid_filter_and_its_completions() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["/", "sess.mode == POTR && ip.src == 10.1.0.0/16"]);
    snapshot_with_styles("filter_invalid_80x24", &bench);
    bench.press(&["Esc", "/", "data.re"]);
    snapshot("filter_completions_80x24", &bench);
}

#[test]
fn other_sessions_timelines() {
    for (user, name) in
        [("bob", "fallback"), ("ops", "reuse"), ("dave", "odd"), ("mover", "fxp"), ("backup", "long")]
    {
        let mut bench = Bench::new(100, 30);
        bench.press(&["C-f", user, "Enter", "2"]);
        snapshot(&format!("timeline_{name}_100x30"), &bench);
    }
}

#[test]
fn ascii_and_no_colour() {
    let mut bench = Bench::new(80, 24);
    bench.interface.state.settings.ascii = true;
    bench.interface.state.settings.depth = ColorDepth::None;
    bench.press(&["2"]);
    snapshot_with_styles("timeline_ascii_80x24", &bench);
    for screen in ["1", "2", "3", "4", "5", "6", "?"] {
        bench.press(&[screen]);
        assert!(bench.screen().is_ascii(), "{}", bench.screen());
        for cell in &bench.buffer().content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn the_selection_is_reversed_and_marked_in_every_theme_and_depth() {
    for theme in ThemeName::ALL {
        for depth in [ColorDepth::None, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
            let mut bench = Bench::new(80, 24);
            bench.interface.state.settings.theme = theme;
            bench.interface.state.settings.depth = depth;
            bench.press(&["Down"]);
            let (_, y) = bench.find("│> ").unwrap();
            let buffer = bench.buffer();
            for x in 1..79 {
                assert!(buffer[(x, y)].modifier.contains(Modifier::REVERSED), "{theme:?} {depth:?} {x}");
            }
        }
    }
}

#[test]
fn a_live_capture_shows_rates_and_waiting_predictions() {
    let bench = walk::live();
    snapshot_with_styles("live_100x30", &bench);
}

#[test]
fn too_small_a_terminal_says_so() {
    let mut bench = Bench::new(40, 10);
    snapshot("too_small_40x10", &bench);
    bench.send(Message::Resize { width: 80, height: 24 });
    bench.shows("18 sessions");
}

/// All that the screens show of a stolen port, the details of every row included.
#[cfg(feature = "capture")]
#[test]
fn no_screen_takes_a_stolen_port_for_a_translation() {
    let options = crate::analyzer::Options::default();
    let report = crate::analyze(["samples/port-stealing.pcap"], &options).unwrap();
    let mut bench = Bench::with(&report.sessions, 200, 60);
    let mut shown = String::new();
    for screen in ["1", "2", "3", "4", "5", "6"] {
        bench.press(&[screen]);
        for _ in 0..40 {
            shown += &bench.screen();
            bench.press(&["Down"]);
        }
    }
    assert!(shown.contains("from another host"), "{shown}");
    let wrong = shown.lines().find(|line| line.contains("translat") || line.contains("NAT"));
    assert_eq!(wrong, None);
}

#[test]
fn every_view_and_overlay_returns_at_every_size() {
    let overlays: [&[&str]; 6] = [&[], &["?"], &["/", "sess.mode == X"], &["/", "da"], &[":", "w x"], &["F"]];
    let small = (0..=30_u16).step_by(5).flat_map(|width| (0..=12_u16).map(move |height| (width, height)));
    let odd = [
        (60, 15),
        (61, 16),
        (60, 60),
        (79, 17),
        (95, 18),
        (96, 28),
        (131, 15),
        (400, 15),
        (60, 200),
        (500, 300),
        (1, 100),
        (300, 1),
    ];
    let sizes: Vec<(u16, u16)> = small.chain(odd).collect();
    for screen in ["1", "2", "3", "4", "5", "6"] {
        for overlay in overlays {
            let mut bench = Bench::new(80, 24);
            bench.interface.state.settings.history = vec!["ftp".into()];
            bench.press(&[screen]);
            bench.press(overlay);
            for &(width, height) in &sizes {
                // The frame may be ahead of the message about it.
                bench.buffer_of((width, height));
                bench.send(Message::Resize { width, height });
                bench.buffer();
                bench.buffer_of((80, 24));
            }
        }
    }
}

#[test]
fn nothing_is_drawn_over_the_borders_at_any_width() {
    for width in 60..180 {
        let mut bench = Bench::new(width, 24);
        for screen in ["1", "2", "3", "4", "5", "6"] {
            bench.press(&[screen]);
            let buffer = bench.buffer();
            // Below title, tabs and perhaps the overview every row but the last ends in a border.
            for y in 4..23 {
                let last = buffer[(width - 1, y)].symbol();
                assert!(
                    ["│", "█", "┐", "┘"].contains(&last),
                    "{screen} {width} {y}: {last:?}\n{}",
                    text(&buffer)
                );
            }
        }
    }
}

#[test]
fn keys_at_any_size_never_panic() {
    let keys = [
        "Down", "End", "PgDn", "Right", "+", "-", "]", "}", "e", "E", "o", "c", "s", "Up", "{", "Left", "z",
        "0", "Enter",
    ];
    for (width, height) in [(0, 0), (1, 1), (20, 5), (60, 15), (62, 16), (200, 15)] {
        for screen in ["1", "2", "3", "4", "5", "6"] {
            let mut bench = Bench::new(width, height);
            bench.press(&[screen]);
            for key in keys {
                bench.press(&[key]);
                bench.buffer();
            }
            for (x, y) in [(0, 0), (5, 3), (30, 8), (59, 14)] {
                bench.click(x, y);
                bench.mouse(MouseEventKind::Drag(MouseButton::Left), y, x);
                bench.mouse(MouseEventKind::ScrollDown, x, y);
            }
            bench.buffer();
        }
    }
}

/// What the screen costs: how often any session is looked at for one frame, and for some keys.
fn looks(bench: &mut Bench, keys: &[&str]) -> u64 {
    let before = bench.data.looks.get();
    bench.press(keys);
    bench.buffer();
    bench.data.looks.get() - before
}

#[test]
fn a_frame_costs_the_rows_that_are_seen_however_many_sessions_there_are() {
    let mut few = Bench::with(&fixture::many(1_000), 160, 50);
    let mut many = Bench::with(&fixture::many(100_000), 160, 50);
    for screen in ["1", "2", "3", "4", "5", "6"] {
        few.press(&[screen]);
        many.press(&[screen]);
        let (of_few, of_many) = (looks(&mut few, &[]), looks(&mut many, &[]));
        // An endpoint may have more uses, of which the panel shows what it has room for.
        assert!(of_many <= of_few + 50, "a frame of view {screen}: {of_few}, {of_many}");
        // A list shows 50 rows at most, and looks at each of its sessions a few times.
        assert!(of_many < 500, "a frame of view {screen}: {of_many}");
        for key in ["Down", "Up", "PgDn", "End"] {
            let looks = looks(&mut many, &[key]);
            assert!(looks < 500, "{key} in view {screen}: {looks}");
        }
    }
}

#[test]
fn keys_and_frames_stay_quick_with_a_hundred_thousand_sessions() {
    // A bound for a busy machine and a build without optimization: what is worse than linear is far beyond
    // it.
    let mut bench = Bench::with(&fixture::many(100_000), 160, 50);
    let begin = std::time::Instant::now();
    for keys in [
        &["1"][..],
        &["Down"],
        &["PgDn"],
        &["End"],
        &["e"],
        &["2"],
        &["e"],
        &["3"],
        &["]"],
        &["J"],
        &["4"],
        &["Down"],
        &["5"],
        &["Down"],
        &["6"],
        &["Down"],
    ] {
        bench.press(keys);
        bench.buffer();
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn a_session_with_many_commands_stays_fluid() {
    let mut bench = Bench::with(&[fixture::long(20_000)], 160, 50);
    let begin = std::time::Instant::now();
    for screen in ["2", "3"] {
        bench.press(&[screen]);
        for _ in 0..5 {
            bench.press(&["]"]);
            bench.buffer();
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}
