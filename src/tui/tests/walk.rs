//! What keys, clicks and feeds do.

use super::*;
use crate::base::{FrameNumber, TimeDelta};
use crate::export::What;
use crate::report::{ChannelIndex, Severity};
use crate::tui::evidence;
use crate::tui::screen::Screen;
use crate::tui::source::{LiveStatus, Progress, Waiting};
use crate::tui::state::Overlay;

#[test]
fn a_broken_session_opens_at_its_worst_problem_and_says_why() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["Enter"]);
    assert_eq!(bench.interface.state.screen, Screen::Timeline);
    bench.shows("192.0.2.8 never connected to 10.1.7.33:51000");
    bench.shows("use passive mode");
    bench.shows(">P cli:51000");
    bench.shows("? 425 RETR");
}

#[test]
fn enter_goes_in_and_escape_comes_back_the_same_way() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["Enter", "Enter"]);
    assert_eq!(bench.interface.state.screen, Screen::Ladder);
    bench.press(&["Esc"]);
    assert_eq!(bench.interface.state.screen, Screen::Timeline);
    bench.press(&["Esc"]);
    assert_eq!(bench.interface.state.screen, Screen::Sessions);
    bench.press(&["4", "5", "6"]);
    assert_eq!(bench.interface.state.screen, Screen::Ports);
    bench.press(&["Esc", "Esc", "Esc"]);
    assert_eq!(bench.interface.state.screen, Screen::Sessions);
}

#[test]
fn the_cursor_stays_on_its_session_when_others_arrive_before_it() {
    let mut sessions = fixture::many(50);
    let early = sessions.split_off(10);
    let (late, early) = (early, sessions);
    let mut bench = Bench::with(&late, 80, 24);
    bench.press(&["Down", "Down"]);
    let selected = bench.interface.state.selected.unwrap();
    let uid = bench.data.session(selected).unwrap().uid.clone();
    let number = bench.data.number(selected);
    bench.add(&early);
    assert_eq!(bench.data.session(bench.interface.state.selected.unwrap()).unwrap().uid, uid);
    assert_eq!(bench.data.number(selected), number + 10);
    assert_eq!(bench.interface.state.row_filter.rows()[bench.interface.state.list.at], selected);
    bench.shows(&format!("> {:>5}", number + 10));
}

#[test]
fn a_filter_is_checked_while_it_is_typed_and_applied_on_enter() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["/", "sess.mode == POTR"]);
    bench.shows("Filter  invalid");
    bench.shows("^^^^ not a mode: use PORT, PASV, EPRT, EPSV");
    bench.press(&["Enter"]);
    assert!(matches!(bench.interface.state.overlay, Overlay::Prompt(_)), "an invalid filter is not applied");
    for _ in 0..4 {
        bench.event(Event::Key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
    }
    bench.press(&["PO", "Tab"]);
    bench.shows("Filter  ok");
    bench.press(&["Enter"]);
    bench.shows("4 of 18 sessions");
    bench.shows(" / sess.mode == PORT");
    bench.press(&["Esc"]);
    bench.shows("18 sessions");
    assert_eq!(bench.interface.state.settings.history, ["sess.mode == PORT"]);
    bench.press(&["/", "Up"]);
    bench.shows("/ sess.mode == PORT");
    bench.press(&["Esc", "F"]);
    bench.shows("Recent filters");
    bench.press(&["Enter"]);
    bench.shows("4 of 18 sessions");
}

#[test]
fn a_filter_that_takes_long_keeps_the_old_list_until_it_is_done() {
    let sessions = fixture::many(40_000);
    let mut bench = Bench::with(&sessions, 80, 24);
    assert_eq!(bench.interface.state.row_filter.rows().len(), 40_000);
    update::apply_filter(&mut bench.interface.state, "find.id == data-unanswered");
    bench.send(Message::Tick(Duration::from_millis(1)));
    bench.shows("/40 000");
    assert!(bench.interface.state.row_filter.is_renewing());
    assert_eq!(bench.interface.state.row_filter.rows().len(), 40_000);
    bench.shows("filtering");
    bench.calm();
    assert_eq!(bench.interface.state.row_filter.rows().len(), 40_000_usize.div_ceil(17));
}

#[test]
fn a_filter_that_rows_cannot_decide_reads_a_few_sessions_at_a_time() {
    let mut bench = Bench::with(&fixture::many(5_000), 80, 24);
    update::apply_filter(&mut bench.interface.state, "ftp.request.command == \"USER\"");
    let mut steps = 0;
    let mut before = 0;
    while bench.interface.state.row_filter.is_renewing() {
        bench.send(Message::Tick(Duration::from_millis(steps)));
        let seen = bench.interface.state.row_filter.progress(&bench.data).map_or(5_000, |(seen, _)| seen);
        assert!(seen - before <= 1_500, "{} sessions were read in one step", seen - before);
        before = seen;
        steps += 1;
    }
    assert!(steps > 3);
    assert_eq!(bench.interface.state.row_filter.rows().len(), 5_000);
}

#[test]
fn rows_and_sessions_decide_a_filter_alike() {
    let bench = Bench::new(80, 24);
    for text in [
        "sess.mode == PORT",
        "sess.mode != PORT",
        "data.active",
        "sess.user == \"alice\"",
        "sess.user contains \"a\" && sess.server.port == 21",
        "sess.client == 10.1.0.0/16",
        "sess.duration > 5s",
        "sess.login == accepted",
        "sess.security == none",
        "sess.channels > 2",
        "sess.findings == 0",
        "find.id == data-unanswered",
        "find.severity >= warning",
        "!(find.severity >= notice)",
        "sess.start < \"2026-04-12 09:33:00\"",
        "ip.addr == 192.0.2.8",
        "tcp.port != 21",
    ] {
        let filter = crate::filter::Filter::parse(text).unwrap();
        for index in bench.data.indexes() {
            let row = bench.data.row(index).unwrap();
            let session = bench.data.session(index).unwrap();
            if let Some(decided) = filter.decides(&row.sketch(), |field| row.knows(field)) {
                assert_eq!(decided, filter.matches(&session), "{text} of {}", session.uid);
            }
        }
    }
}

#[test]
fn escape_gives_up_a_filter_that_takes_long_and_the_old_one_stays() {
    let mut bench = Bench::with(&fixture::many(40_000), 80, 24);
    bench.press(&["/", "sess.user == \"nobody\"", "Enter"]);
    assert!(bench.interface.state.row_filter.rows().is_empty());
    update::apply_filter(&mut bench.interface.state, "find.id == data-unanswered");
    bench.send(Message::Tick(Duration::from_millis(1)));
    assert!(bench.interface.state.row_filter.is_renewing());
    bench.press(&["Esc"]);
    bench.shows("the filter was given up");
    assert_eq!(bench.interface.state.row_filter.text(), "sess.user == \"nobody\"");
    assert!(bench.interface.state.row_filter.rows().is_empty());
}

#[test]
fn a_search_goes_on_step_by_step_and_can_be_given_up() {
    let mut sessions = fixture::many(20_000);
    sessions[19_000].greeting[0].text = "the needle".into();
    let mut bench = Bench::with(&sessions, 80, 24);
    bench.press(&["C-s", "needle", "Enter"]);
    assert_eq!(bench.interface.state.list.at, 19_000);
    bench.press(&["g", "g", "C-s", "needl"]);
    bench.send(Message::Edit(crate::tui::message::Edit::Accept));
    bench.shows("searching ");
    assert_eq!(bench.interface.state.list.at, 0);
    bench.press(&["Esc"]);
    bench.shows("the search was given up");
    assert_eq!(bench.interface.state.list.at, 0);
}

#[test]
fn of_a_running_capture_the_newest_sessions_stay() {
    let mut bench = live();
    bench.data.limit(3);
    let before = bench.data.len();
    let sessions = fixture::many(10);
    bench.add(&sessions);
    let names: Vec<String> =
        bench.data.order().iter().map(|&index| bench.data.row(index).unwrap().uid.to_string()).collect();
    // The three that ended last, and those that go on.
    for session in &sessions[7..] {
        assert!(names.contains(&session.uid.to_string()), "{names:?}");
    }
    let active = names.iter().filter(|name| **name == "CAlice").count();
    assert_eq!((names.len(), active), (4, 1), "{before} before");
    assert_eq!(bench.interface.state.row_filter.rows().len(), 4);
    assert_eq!(bench.data.overview().total(crate::tui::overview::Count::Session.row()), 4);
    bench.buffer();
}

#[test]
fn sorting_walks_through_the_columns_and_turns_round() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["s"]);
    bench.shows("by duration ▼");
    let longest = bench.data.session(bench.interface.state.row_filter.rows()[0]).unwrap();
    assert_eq!(longest.user.as_ref().unwrap().raw(), "alice");
    bench.press(&["S"]);
    bench.shows("by duration ▲");
    bench.press(&[":", "sort findings", "Enter"]);
    let worst = bench.data.row(bench.interface.state.row_filter.rows()[0]).unwrap().severity();
    assert_eq!(worst, Some(Severity::Alert));
}

#[test]
fn problems_are_stepped_through_within_and_across_sessions() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["Enter", "g", "g"]);
    let mut stops = Vec::new();
    for _ in 0..4 {
        bench.press(&["e"]);
        let opened = bench.interface.state.opened.as_ref().unwrap();
        let event = opened.event(bench.interface.state.position.at).unwrap();
        stops.push((opened.index, event.frame, event.is_problem()));
    }
    assert!(stops.iter().all(|stop| stop.2), "{stops:?}");
    assert!(stops.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{stops:?}");
    bench.press(&["e", "e"]);
    assert_ne!(
        bench.interface.state.opened.as_ref().unwrap().index,
        stops[0].0,
        "the next session with a problem"
    );
    bench.press(&["1", "e"]);
    assert!(
        bench.data.row(bench.interface.state.selected.unwrap()).unwrap().severity()
            >= Some(Severity::Warning)
    );
}

#[test]
fn brackets_step_through_every_moment_even_within_one_cell() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["Enter", "g", "g"]);
    let count = bench.interface.state.opened.as_ref().unwrap().events.len();
    for at in 1..count {
        bench.press(&["]"]);
        assert_eq!(bench.interface.state.position.at, at);
        let window = bench.interface.state.position.window;
        assert!(
            window.from <= bench.interface.state.position.cursor
                && bench.interface.state.position.cursor <= window.to
        );
    }
    bench.press(&["["]);
    assert_eq!(bench.interface.state.position.at, count - 2);
}

#[test]
fn braces_step_from_channel_to_channel() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["Enter", "g", "g"]);
    let mut channels = Vec::new();
    for _ in 0..6 {
        bench.press(&["}"]);
        let opened = bench.interface.state.opened.as_ref().unwrap();
        channels.push(opened.event(bench.interface.state.position.at).unwrap().channel.unwrap());
    }
    assert_eq!(channels, [0, 1, 2, 3, 4, 5].map(ChannelIndex));
    bench.press(&["}"]);
    bench.shows("no further data channel");
}

#[test]
fn the_arrow_keys_move_the_cursor_by_columns_and_the_window_follows_at_its_edge() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["Enter", "+", "+", "+"]);
    let before = bench.interface.state.position.window;
    for _ in 0..100 {
        bench.press(&["Left"]);
        let (window, cursor) = (bench.interface.state.position.window, bench.interface.state.position.cursor);
        assert!(window.from <= cursor && cursor <= window.to);
    }
    assert!(bench.interface.state.position.window.from < before.from);
    bench.press(&["0"]);
    assert!(bench.interface.state.position.fitted);
}

#[test]
fn zooming_out_ends_and_zooming_in_ends_too() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["Enter"]);
    bench.press(&["-"; 100]);
    let widest = bench.interface.state.position.window.span();
    bench.press(&["+"; 200]);
    assert!(
        bench.interface.state.position.window.span() < TimeDelta::from_nanos(100_000)
            && widest < TimeDelta::from_secs(1000)
    );
    bench.screen();
}

#[test]
fn marks_are_set_measured_from_and_gone_to() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["Enter", "ma", "g", "g"]);
    bench.shows("mark a Δ -59.0s");
    bench.press(&["'a"]);
    assert_eq!(
        bench.interface.state.position.cursor.since(bench.interface.state.opened.as_ref().unwrap().origin),
        TimeDelta::from_millis(59_012)
    );
    bench.press(&["''"]);
    assert_eq!(bench.interface.state.position.cursor, bench.interface.state.opened.as_ref().unwrap().origin);
    bench.press(&["'x"]);
    bench.shows("there is no mark x");
}

#[test]
fn a_frame_number_leads_to_its_session_and_moment() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["g59013", "Enter"]);
    assert_eq!(bench.interface.state.screen, Screen::Timeline);
    bench.shows("frame 59013");
    bench.press(&[":", "999999999", "Enter"]);
    bench.shows("frame 999999999 is part of no FTP session");
    bench.press(&["g12x"]);
    bench.shows("invalid");
}

#[test]
fn what_spans_sessions_is_shown_before_all_was_read() {
    let reading = |findings: Vec<crate::report::Finding>| {
        let settings = Settings { title: "eth0".into(), ..Settings::default() };
        let mut bench = Bench::empty(settings, (120, 30));
        bench.add(&fixture::sessions()[..2]);
        bench.feed(Feed::Findings(findings));
        bench.press(&["5"]);
        bench
    };
    reading(Vec::new()).hides("brute-force");
    let (_, findings) = fixture::capture();
    reading(findings).shows("brute-force");
}

#[test]
fn findings_open_close_and_lead_to_their_evidence() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["5"]);
    bench.shows("brute-force");
    let row = bench.find("data-never-attempted").unwrap();
    bench.click(row.0, row.1);
    bench.press(&["Enter", "Down"]);
    bench.shows("use passive mode");
    bench.press(&["Enter"]);
    assert_eq!(bench.interface.state.screen, Screen::Timeline);
    bench.shows("? 425 RETR");
    bench.press(&["Esc"]);
    bench.shows("▾ data-never-attempted");
    bench.press(&["i"]);
    bench.hides("data-never-attempted  ");
    bench.press(&[":", "unignore", "Enter"]);
    bench.shows("data-never-attempted");
}

#[test]
fn ports_show_reuse_in_one_row_and_lead_to_the_notable_use() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["6", "C-s", "192.0.2.9:60000", "Enter"]);
    bench.shows("192.0.2.9:60000  5 uses");
    bench.shows("3.2s after in TIME_WAIT");
    bench.press(&["Enter"]);
    assert_eq!(bench.interface.state.screen, Screen::Timeline);
    bench.shows("srv:60000");
    let lanes = &bench.interface.screens.timeline.lanes;
    assert_eq!((lanes.len(), lanes[0].bars.len()), (1, 5));
}

#[test]
fn transfers_lead_to_their_command() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["4", "C-s", "q2.csv", "Enter"]);
    bench.shows("no SYN to 10.1.7.33:51000");
    bench.press(&["Enter"]);
    bench.shows("RETR /pub/q2.csv");
    let opened = bench.interface.state.opened.as_ref().unwrap();
    assert_eq!(opened.event(bench.interface.state.position.at).unwrap().frame, FrameNumber(39_005));
    bench.press(&["Esc", "o"]);
    bench.shows("of session #1");
}

#[test]
fn copying_gives_a_filter_that_wireshark_reads() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["y"]);
    let Some(Effect::Copy(filter)) = bench.effects.pop() else { panic!("nothing copied") };
    assert_eq!(
        filter,
        "((ip.addr == 10.1.7.33 && ip.addr == 192.0.2.8 && tcp.port in {49822, 50011..50013, 51004})) && frame.number >= 1 && frame.number <= 80021"
    );
    bench.press(&["Enter", "y"]);
    let Some(Effect::Copy(filter)) = bench.effects.pop() else { panic!("nothing copied") };
    assert_eq!(filter, "tcp.port in {49822, 51000} && frame.number in {38202..59013}");
    bench.press(&["W"]);
    assert_eq!(bench.effects.pop(), Some(Effect::Wireshark { frame: FrameNumber(59_013), filter }));
}

#[test]
fn marked_sessions_are_saved_with_their_data_connections() {
    let mut bench = Bench::new(100, 30);
    bench.press(&[" ", "Down", " "]);
    bench.shows("2 marked");
    bench.press(&["w"]);
    bench.shows(": w sessions.pcapng");
    bench.press(&["Enter"]);
    let Some(Effect::Save { path, sessions, .. }) = bench.effects.pop() else { panic!("nothing saved") };
    assert_eq!(sessions.len(), 2);
    assert_eq!(path, std::path::Path::new("sessions.pcapng"));
    // alice's control connection and five data connections, carol's and two.
    assert_eq!(evidence::flows_of(&bench.data.chosen(&sessions)).unwrap().len(), 6 + 3);
    bench.send(Message::Done(Err("disk full".into())));
    bench.shows("disk full");
}

#[test]
fn export_takes_the_listed_sessions_unless_some_are_marked() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["x", "Enter"]);
    let Some(Effect::Export { format, path, sessions, replace, .. }) = bench.effects.pop() else {
        panic!("nothing exported")
    };
    assert_eq!((format.as_str(), path.to_str(), sessions.len()), ("json", Some("sessions.json"), 18));
    assert!(!replace);
    bench.press(&[" ", ":", "export html a b.html", "Enter"]);
    let Some(Effect::Export { path, sessions, .. }) = bench.effects.pop() else { panic!("nothing exported") };
    assert_eq!((path.to_str(), sessions.len()), (Some("a b.html"), 1));
    bench.press(&[":", "export html", "Enter"]);
    bench.shows("export takes a format and a file name");
    bench.press(&[":", "export! json a.json", "Enter"]);
    assert!(matches!(bench.effects.pop(), Some(Effect::Export { replace: true, .. })));
}

#[test]
fn export_writes_what_the_view_shows() {
    let mut bench = Bench::new(100, 30);
    for (view, proposed, table, count) in [
        ("1", "export json sessions.json", What::Sessions, 18),
        ("2", "export json session.json", What::Commands, 1),
        ("3", "export json session.json", What::Commands, 1),
        ("4", "export csv transfers.csv", What::Transfers, 18),
        ("5", "export csv findings.csv", What::Findings, 18),
        ("6", "export csv channels.csv", What::Channels, 18),
    ] {
        bench.press(&[view, "x"]);
        bench.shows(proposed);
        bench.press(&["Enter"]);
        let Some(Effect::Export { table: exported, sessions, .. }) = bench.effects.pop() else {
            panic!("nothing exported from view {view}")
        };
        assert_eq!((exported, sessions.len()), (table, count), "view {view}");
    }
    // The transfers of this session only.
    bench.press(&["1", "4", "o", "x", "Enter"]);
    let Some(Effect::Export { sessions, .. }) = bench.effects.pop() else { panic!("nothing exported") };
    assert_eq!(sessions.len(), 1);
}

#[test]
fn quitting_while_a_live_capture_goes_on_asks_first() {
    let mut bench = live();
    bench.press(&["q"]);
    bench.shows("Capture is still running");
    bench.press(&["n"]);
    assert!(bench.effects.is_empty());
    bench.press(&["q", "y"]);
    assert_eq!(bench.effects, [Effect::Quit { keep: false }]);
    let mut bench = live();
    bench.press(&["C-c"]);
    assert_eq!(bench.effects, [Effect::Stop]);
    bench.press(&["C-c"]);
    assert_eq!(bench.effects.last(), Some(&Effect::Quit { keep: false }));
}

#[test]
fn q_leads_back_and_asks_at_the_top() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["Enter", "3", "q"]);
    bench.shows("[2 Timeline]");
    bench.press(&["q"]);
    bench.shows("[1 Sessions]");
    bench.press(&["q"]);
    bench.shows("Leave ftpscope?");
    bench.press(&["x"]);
    assert!(bench.effects.is_empty());
    bench.press(&["q", "q"]);
    assert_eq!(bench.effects, [Effect::Quit { keep: false }]);
}

#[test]
fn one_key_puts_the_gravest_sessions_on_top() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["4", "!"]);
    bench.shows("Sessions by findings");
    let rows = bench.interface.state.row_filter.rows().to_vec();
    let worst: Vec<_> = rows.iter().map(|&row| bench.data.row(row).unwrap().worst.map(|it| it.0)).collect();
    assert!(worst.is_sorted_by(|one, next| one >= next), "{worst:?}");
    assert_eq!(bench.interface.state.selected, rows.first().copied());
}

/// A live capture in which two sessions go on.
pub(super) fn live() -> Bench {
    let settings = Settings { title: "eth0".into(), mouse: true, ..Settings::default() };
    let mut bench = Bench::empty(settings, (100, 30));
    bench.add(&fixture::many(30));
    bench.feed(Feed::Live(Box::new(status())));
    bench.calm();
    bench
}

fn status() -> LiveStatus {
    use crate::base::{Endpoint, Timestamp};
    use crate::report::{Connector, Mode};
    let mut alice = fixture::alice();
    alice.commands.truncate(6);
    alice.data_channels.truncate(1);
    alice.transfers.truncate(1);
    alice.findings.clear();
    let now = Timestamp::from_nanos(fixture::BEGIN + 12_000_000_000);
    let waiting = |mode, listener: &str, since: i64| {
        let since = TimeDelta::from_millis(since);
        let listener: std::net::SocketAddr = listener.parse().unwrap();
        Waiting {
            session: alice.uid.clone(),
            mode: Some(mode),
            listener: Endpoint::new(listener.ip(), listener.port()),
            connector: Connector { ip: alice.server.ip, port: None },
            since: now.minus(since),
            until: now.minus(since).plus(TimeDelta::from_secs(30)),
        }
    };
    LiveStatus {
        interface: "eth0".into(),
        active: 1,
        waiting: vec![
            waiting(Mode::Port, "10.1.8.2:51044", 2_900),
            waiting(Mode::Pasv, "192.0.2.8:50031", 100),
        ],
        packets: 4_118_220,
        bytes: 900_000_000,
        dropped: 12,
        packet_rates: (0..60).map(|second| 10_000 + (second * 731) % 9_000).collect(),
        byte_rates: (0..60).map(|second| 10_000_000 + (second * 313_731) % 9_000_000).collect(),
        recording: Some(("eth0-0412.pcapng".into(), 310_000_000)),
        now,
        sessions: vec![alice],
    }
}

#[test]
fn a_snapshot_takes_the_place_of_the_one_before() {
    let mut bench = live();
    let count = bench.data.len();
    bench.feed(Feed::Live(Box::new(status())));
    bench.add(&[fixture::alice()]);
    assert_eq!(bench.data.len(), count);
    let index = bench
        .data
        .order()
        .iter()
        .copied()
        .find(|&index| bench.data.session(index).unwrap().uid.0.as_ref() == "CAlice");
    let row = bench.data.row(index.unwrap()).unwrap();
    assert!(!row.live);
    assert_eq!(row.transfers.len(), 6);
    assert_eq!(bench.data.overview().total(crate::tui::overview::Count::Session.row()), count as u64);
}

#[test]
fn a_filter_sees_a_session_again_when_it_has_changed() {
    let mut bench = live();
    update::apply_filter(&mut bench.interface.state, "find.id == data-never-attempted");
    bench.send(Message::Tick(Duration::from_millis(1)));
    bench.calm();
    assert!(bench.interface.state.row_filter.rows().is_empty());
    bench.add(&[fixture::alice()]);
    assert_eq!(bench.interface.state.row_filter.rows().len(), 1);
}

#[test]
fn pausing_holds_the_list_and_resuming_catches_up() {
    let mut bench = live();
    bench.press(&["p"]);
    let listed = bench.interface.state.row_filter.rows().len();
    bench.add(&[fixture::long(4)]);
    assert_eq!(bench.interface.state.row_filter.rows().len(), listed);
    bench.shows("PAUSED");
    bench.press(&["p"]);
    assert_eq!(bench.interface.state.row_filter.rows().len(), listed + 1);
}

#[test]
fn following_keeps_the_newest_session_selected() {
    let mut bench = live();
    bench.press(&["A"]);
    bench.shows("FOLLOW");
    let mut late = fixture::long(4);
    late.start = late.start.plus(TimeDelta::from_secs(600));
    bench.add(&[late]);
    let selected = bench.data.session(bench.interface.state.selected.unwrap()).unwrap();
    assert_eq!(selected.uid.0.as_ref(), "CLong");
}

#[test]
fn reading_shows_how_far_it_is_and_a_failure_stays_in_sight() {
    let settings = Settings { title: "big.pcap".into(), ..Settings::default() };
    let mut bench = Bench::empty(settings, (100, 30));
    let progress = Progress { bytes: 25, total: Some(100), packets: 1_234_567, time: None, finished: false };
    bench.feed(Feed::Progress(progress));
    bench.shows("reading 25 %");
    bench.shows("1 234 567 pkts");
    bench.feed(Feed::Failed("cannot read big.pcap: not a capture file".into()));
    bench.shows("cannot read big.pcap: not a capture file");
    bench.hides("reading");
}

#[test]
fn a_capture_without_sessions_says_so_and_every_view_lives_with_it() {
    let mut bench = Bench::with(&[], 80, 24);
    bench.shows("no FTP session in this capture");
    for screen in ["1", "2", "3", "4", "5", "6"] {
        bench.press(&[screen, "Enter", "Down", "e", "y", "W", " ", "]", "}", "+", "s", "o"]);
        bench.screen();
    }
}

#[test]
fn clicks_select_open_sort_and_change_the_view() {
    let mut bench = Bench::new(100, 30);
    let (x, y) = bench.find("svc-edi").unwrap();
    bench.click(x, y);
    let selected = bench.interface.state.selected.unwrap();
    assert_eq!(bench.data.session(selected).unwrap().uid.0.as_ref(), "CNat");
    bench.click(x, y);
    assert_eq!(bench.interface.state.screen, Screen::Timeline, "a double click opens");
    let (x, y) = bench.find("6 Ports").unwrap();
    bench.click(x + 1, y);
    assert_eq!(bench.interface.state.screen, Screen::Ports);
    let (x, y) = bench.find("1 Sessions").unwrap();
    bench.click(x + 1, y);
    let (x, y) = bench.find("  dur ").unwrap();
    bench.click(x + 3, y);
    bench.shows("by duration");
}

#[test]
fn dragging_over_the_overview_brushes_a_time_range() {
    let mut bench = Bench::new(100, 30);
    let (x, y) = bench.find("PASV V").unwrap();
    bench.mouse(MouseEventKind::Down(MouseButton::Left), x + 9, y);
    bench.mouse(MouseEventKind::Drag(MouseButton::Left), x + 10, y);
    bench.mouse(MouseEventKind::Up(MouseButton::Left), x + 10, y);
    bench.shows("range ");
    let listed = bench.interface.state.row_filter.rows().len();
    assert!(listed > 0 && listed < 18, "{listed}");
    bench.press(&["Esc"]);
    bench.shows("18 sessions");
    bench.press(&["S-Right"]);
    bench.shows("range ");
}

#[test]
fn the_wheel_pans_the_timeline_and_zooms_with_control() {
    let mut bench = Bench::new(100, 30);
    bench.press(&["Enter", "+"]);
    let before = bench.interface.state.position.window;
    bench.mouse(MouseEventKind::ScrollDown, 50, 8);
    assert!(bench.interface.state.position.window.from > before.from);
    let event =
        MouseEvent { kind: MouseEventKind::ScrollUp, column: 50, row: 8, modifiers: KeyModifiers::CONTROL };
    bench.event(Event::Mouse(event));
    assert!(bench.interface.state.position.window.span() < before.span());
    bench.press(&["F2"]);
    let held = bench.interface.state.position.window;
    bench.mouse(MouseEventKind::ScrollDown, 50, 8);
    assert_eq!(bench.interface.state.position.window, held, "the mouse is off");
    assert_eq!(bench.effects.last(), Some(&Effect::Mouse(false)));
}

#[test]
fn the_help_names_every_key_of_the_table_and_scrolls() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["?"]);
    let mut seen = bench.screen();
    bench.press(&["End"]);
    seen.push_str(&bench.screen());
    for _ in 0..8 {
        bench.press(&["PgDn"]);
        seen.push_str(&bench.screen());
    }
    bench.press(&["Esc"]);
    assert_eq!(bench.interface.state.overlay, Overlay::None);
    let mut bench = Bench::new(200, 80);
    bench.press(&["?"]);
    let screen = bench.screen();
    for group in crate::tui::keymap::Group::ALL {
        for (_, binding) in bench.interface.state.settings.keymap.rows(group) {
            assert!(screen.contains(binding.help), "{} is not in the help\n{screen}", binding.name);
        }
    }
}

#[test]
fn text_from_the_wire_never_reaches_the_screen_raw() {
    let mut bench = Bench::new(160, 50);
    bench.press(&["C-s", "m\u{202e}gnp", "Enter"]);
    for screen in ["1", "2", "3", "4", "5", "6"] {
        bench.press(&[screen]);
        for _ in 0..30 {
            for cell in &bench.buffer().content {
                let symbol = cell.symbol();
                assert!(
                    !symbol.chars().any(|character| character.is_control()
                        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')),
                    "{symbol:?} on {screen}"
                );
            }
            bench.press(&["Down"]);
        }
    }
}

#[test]
fn suspending_and_redrawing_are_left_to_the_loop() {
    let mut bench = Bench::new(80, 24);
    bench.press(&["C-z", "Q"]);
    assert_eq!(bench.effects, [Effect::Suspend, Effect::Quit { keep: true }]);
}

#[test]
fn a_stranger_on_the_announced_port_is_told_from_a_translated_server() {
    let story = |swap: fn(&mut crate::report::Connection)| {
        let mut session = fixture::sessions().into_iter().next().unwrap();
        let is_matched = |it: &crate::report::DataChannel| {
            it.connected().is_some() && it.matched_by() == Some(crate::report::MatchedBy::Endpoint)
        };
        let at = session.data_channels.iter().position(is_matched).unwrap();
        let channel = &mut session.data_channels[at];
        let attempt = channel.attempt.as_mut().unwrap();
        attempt.matched_by = crate::report::MatchedBy::Translated;
        swap(&mut attempt.connection);
        let summary = crate::picture::channels::Summary::of(&session);
        let lines =
            crate::tui::details::channel(&session, &summary, ChannelIndex::from_position(at).unwrap());
        lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    };
    let stranger = story(|it| it.originator.ip = [198, 51, 100, 99].into());
    assert!(stranger.contains(", from another host"), "{stranger}");
    assert!(!stranger.contains("translat"), "{stranger}");
    let translated = story(|it| it.responder.ip = [198, 51, 100, 99].into());
    assert!(translated.contains(", not at the announced address"), "{translated}");
}
