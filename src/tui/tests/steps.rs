//! Lists that are long: filtered, sorted and made in steps, between which keys are answered.

use super::*;
use crate::report::Severity;
use crate::tui::message::{Action, ScreenAction};
use crate::tui::row_filter::SortKey;
use crate::tui::screen::Screen;
use crate::tui::source::LiveStatus;

/// More than one step takes, of each list.
const MANY: u32 = 20_000;

fn many() -> Bench {
    let mut bench = Bench::with(&fixture::many(MANY), 120, 40);
    let (capture, _) = fixture::capture();
    bench.feed(Feed::Finished { capture: Box::new(capture), findings: Vec::new() });
    bench.calm();
    bench
}

/// Presses a key without waiting for what it begins.
fn at_once(bench: &mut Bench, action: Action) {
    bench.send(Message::Act(action));
}

fn tick(bench: &mut Bench) {
    let now = bench.interface.state.now + Duration::from_millis(1);
    bench.send(Message::Tick(now));
}

/// Whether the listed sessions are in this order.
fn is_in_order<K: Ord>(bench: &Bench, key: impl Fn(&crate::tui::rows::SessionRow) -> K) -> bool {
    let rows = bench.interface.state.row_filter.rows();
    assert_eq!(rows.len(), MANY as usize);
    rows.iter().map(|&index| (key(bench.data.row(index).unwrap()), bench.data.number(index))).is_sorted()
}

#[test]
fn a_long_list_is_sorted_in_steps_that_say_how_far_they_are() {
    let mut bench = many();
    for sort in [SortKey::User, SortKey::Client, SortKey::Start] {
        bench.interface.state.row_filter.order(sort, false);
        let version = bench.interface.state.row_filter.version();
        let mut steps = 0;
        while bench.interface.state.row_filter.is_renewing() {
            tick(&mut bench);
            steps += 1;
            if steps == 1 {
                bench.shows("sorting ");
                bench.shows("(Esc gives up)");
                assert_eq!(bench.interface.state.row_filter.version(), version, "the old list stays");
            }
        }
        assert!((3..20).contains(&steps), "{steps}");
        bench.hides("sorting ");
        match sort {
            SortKey::User => assert!(is_in_order(&bench, |row| row.user.clone())),
            SortKey::Client => assert!(is_in_order(&bench, |row| row.client)),
            _ => assert!(is_in_order(&bench, |_| ())),
        }
    }
}

#[test]
fn escape_gives_up_a_new_order_and_the_old_one_stays() {
    let mut bench = many();
    let before = bench.interface.state.row_filter.rows().to_vec();
    at_once(&mut bench, Action::Screen(ScreenAction::Sort));
    bench.shows("sorting ");
    bench.press(&["Esc"]);
    bench.shows("the new order was given up");
    bench.shows("Sessions by start");
    assert_eq!(bench.interface.state.row_filter.rows(), before);
}

#[test]
fn sessions_that_are_let_go_while_they_are_sorted_are_not_listed_after_that() {
    let mut bench = many();
    bench.interface.state.row_filter.order(SortKey::User, false);
    tick(&mut bench);
    bench.data.limit(100);
    bench.add(&fixture::sessions()[..1]);
    bench.calm();
    let rows = bench.interface.state.row_filter.rows();
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|&index| bench.data.row(index).is_some()));
}

#[test]
fn the_first_look_at_each_list_goes_in_steps_and_can_be_given_up() {
    for (screen, rows) in [(Screen::Transfers, 20_000), (Screen::Findings, 1), (Screen::Ports, 10_000)] {
        let mut bench = many();
        at_once(&mut bench, Action::Show(screen));
        bench.shows("listing ");
        bench.shows("(Esc gives up)");
        bench.press(&["Esc"]);
        bench.shows("given up: the list is what it was");
        bench.hides("listing ");
        assert_eq!(bench.interface.state.screen, screen);
        // Looked at again once anything asks for another list.
        bench.press(&["o", "o"]);
        let len = match screen {
            Screen::Transfers => bench.interface.screens.transfers.rows_len(),
            Screen::Findings => bench.interface.screens.findings.rows_len(),
            _ => bench.interface.screens.ports.rows_len(),
        };
        assert!(len >= rows, "{len} on {screen:?}");
    }
}

#[test]
fn transfers_keep_their_order_until_they_are_in_the_new_one() {
    let mut bench = many();
    bench.press(&["4"]);
    let first = bench.screen();
    at_once(&mut bench, Action::Screen(ScreenAction::Sort));
    let row = |screen: &str| screen.lines().find(|line| line.contains("│>")).unwrap().to_owned();
    assert_eq!(row(&bench.screen()), row(&first));
    bench.press(&["Esc"]);
    bench.shows("Transfers by time");
    bench.press(&["s", "s"]);
    bench.shows("Transfers by bytes");
    bench.press(&["g", "g"]);
    bench.shows("9998 B");
}

#[test]
fn a_list_that_is_left_while_it_is_made_is_made_when_it_is_looked_at_again() {
    let mut bench = many();
    at_once(&mut bench, Action::Show(Screen::Ports));
    at_once(&mut bench, Action::Show(Screen::Sessions));
    assert!(bench.interface.screens.ports.progress().is_none(), "it rests");
    bench.press(&["6"]);
    assert!(bench.interface.screens.ports.rows_len() >= 10_000);
}

/// A session of a running capture, with a finding or without one.
fn snapshot(number: usize, has_finding: bool) -> LiveStatus {
    let mut session = fixture::many(2).remove(1);
    session.uid = crate::report::Uid(format!("CLive{number}").into());
    if has_finding {
        let mut other = fixture::many(1).remove(0);
        session.findings.append(&mut other.findings);
        assert!(session.findings.iter().any(|finding| finding.severity == Severity::Warning));
    }
    LiveStatus { sessions: vec![session], ..LiveStatus::default() }
}

#[test]
fn a_session_that_changes_while_a_filter_goes_through_the_others_is_listed_by_what_it_is_now() {
    for (first, then) in [(false, true), (true, false)] {
        let mut bench = Bench::with(&[], 120, 40);
        bench.feed(Feed::Live(Box::new(snapshot(0, first))));
        bench.add(&fixture::many(2 * MANY));
        bench.calm();
        let live = bench.data.index_of(&crate::report::Uid("CLive0".into())).unwrap();
        let listed = |bench: &Bench| bench.interface.state.row_filter.rows().contains(&live);
        assert!(listed(&bench));
        // The filter has gone through it, but not through all.
        update::apply_filter(&mut bench.interface.state, "find.id == data-unanswered");
        tick(&mut bench);
        assert!(bench.interface.state.row_filter.is_filtering());
        bench.feed(Feed::Live(Box::new(snapshot(0, then))));
        assert!(listed(&bench), "the old list, without a filter, has it in any case");
        bench.calm();
        assert_eq!(listed(&bench), then);
    }
}

#[test]
fn a_session_that_changes_while_the_list_is_paused_is_filtered_when_it_goes_on() {
    let mut bench = Bench::with(&[], 120, 40);
    update::apply_filter(&mut bench.interface.state, "find.id == data-unanswered");
    bench.feed(Feed::Live(Box::new(snapshot(0, false))));
    bench.calm();
    bench.press(&["p"]);
    bench.feed(Feed::Live(Box::new(snapshot(0, true))));
    bench.calm();
    assert!(bench.interface.state.row_filter.rows().is_empty());
    bench.press(&["p"]);
    assert_eq!(bench.interface.state.row_filter.rows().len(), 1);
}

#[test]
fn what_a_filter_gave_up_does_not_touch_the_list_that_was_there() {
    let mut bench = Bench::with(&[], 120, 40);
    bench.feed(Feed::Live(Box::new(snapshot(0, false))));
    bench.add(&fixture::many(2 * MANY));
    bench.calm();
    let all = bench.interface.state.row_filter.rows().len();
    update::apply_filter(&mut bench.interface.state, "find.id == data-unanswered");
    tick(&mut bench);
    bench.feed(Feed::Live(Box::new(snapshot(0, false))));
    bench.press(&["Esc"]);
    assert_eq!(bench.interface.state.row_filter.rows().len(), all);
}

#[test]
fn a_session_that_is_over_and_could_not_be_kept_is_not_listed_as_if_it_went_on() {
    let mut bench = Bench::with(&[], 120, 40);
    for number in 0..3 {
        bench.feed(Feed::Live(Box::new(snapshot(number, false))));
    }
    bench.calm();
    let lost = crate::report::Uid("CLive1".into());
    let index = bench.data.index_of(&lost).unwrap();
    bench.feed(Feed::Lost(lost.clone()));
    bench.calm();
    assert_eq!(bench.interface.state.row_filter.rows().len(), 2);
    assert_eq!((bench.data.len(), bench.data.index_of(&lost)), (2, None));
    assert!(bench.data.session(index).is_none());
    assert_eq!(bench.data.overview().total(crate::tui::overview::Count::Session.row()), 2);
    bench.shows("2 sessions, 1 could not be kept");
    // One that was never seen while it went on.
    bench.feed(Feed::Lost(crate::report::Uid("CLive9".into())));
    bench.shows("2 sessions, 2 could not be kept");
}
