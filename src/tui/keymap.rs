//! The key bindings: one table from which dispatch, the help overlay and the README's table are made.

mod key;

use std::fmt::Write as _;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use key::{Key, control, key, named, shifted};

use super::message::{Action, Jump, Motion, Pan, ScreenAction, Setting, Typing};
use super::screen::Screen;

/// The screens that a binding applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Everywhere,
    /// Sessions, transfers, findings, ports.
    Lists,
    /// Timeline and ladder.
    OneSession,
    Only(Screen),
}

impl Place {
    fn holds(self, screen: Screen) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Lists => !screen.is_of_session(),
            Self::OneSession => screen.is_of_session(),
            Self::Only(only) => only == screen,
        }
    }

    /// A binding with the narrower scope wins.
    const fn breadth(self) -> u8 {
        match self {
            Self::Only(_) => 0,
            Self::Lists | Self::OneSession => 1,
            Self::Everywhere => 2,
        }
    }
}

/// The headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Move,
    Timeline,
    Act,
    Search,
    Live,
    General,
}

impl Group {
    pub(super) const ALL: [Self; 6] =
        [Self::Move, Self::Search, Self::Timeline, Self::Live, Self::Act, Self::General];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Move => "MOVE",
            Self::Timeline => "TIMELINE, LADDER",
            Self::Act => "ACT",
            Self::Search => "FIND",
            Self::Live => "LIVE",
            Self::General => "GENERAL",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub(super) action: Action,
    /// The name in the configuration's `[keys]`.
    pub(super) name: &'static str,
    keys: &'static [Key],
    place: Place,
    pub(super) group: Group,
    /// What it does.
    pub(super) help: &'static str,
    /// One word for the hints on the last line; empty if it is not among them.
    pub(super) hint: &'static str,
}

const fn bind(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    place: Place,
    group: Group,
    help: [&'static str; 2],
) -> Binding {
    Binding { action, name, keys, place, group, help: help[0], hint: help[1] }
}

use Action as A;
use Group as G;
use Jump as J;
use KeyCode as K;
use Motion as M;
use Pan as N;
use Place as P;
use ScreenAction as S;
use Setting as E;
use Typing as Y;

/// The first part of the table, up to the keys of the screens.
#[rustfmt::skip]
const FIRST: &[Binding] = &[
    bind(A::Screen(S::Move(M::Down)), "down", &[key('j'), named(K::Down)], P::Everywhere, G::Move, ["next row or event", ""]),
    bind(A::Screen(S::Move(M::Up)), "up", &[key('k'), named(K::Up)], P::Everywhere, G::Move, ["previous row or event", ""]),
    bind(A::Screen(S::Move(M::First)), "first", &[named(K::Home)], P::Everywhere, G::Move, ["first (also gg)", ""]),
    bind(A::Screen(S::Move(M::Last)), "last", &[key('G'), named(K::End)], P::Everywhere, G::Move, ["last", ""]),
    bind(A::Screen(S::Move(M::HalfDown)), "half-page-down", &[control('d')], P::Everywhere, G::Move, ["half a page down", ""]),
    bind(A::Screen(S::Move(M::HalfUp)), "half-page-up", &[control('u')], P::Everywhere, G::Move, ["half a page up", ""]),
    bind(A::Screen(S::Move(M::PageDown)), "page-down", &[named(K::PageDown), control('f')], P::Everywhere, G::Move, ["page down", ""]),
    bind(A::Screen(S::Move(M::PageUp)), "page-up", &[named(K::PageUp), control('b')], P::Everywhere, G::Move, ["page up", ""]),
    bind(A::Type(Y::GotoFrame), "goto-frame", &[key('g')], P::Everywhere, G::Move, ["g123: go to frame 123", ""]),
];

/// The keys of the screens: each has its number.
const SCREENS: [Binding; Screen::ALL.len()] = {
    let mut rows = [show(0); Screen::ALL.len()];
    let mut at = 0;
    while at < rows.len() {
        rows[at] = show(at);
        at += 1;
    }
    rows
};

const fn show(at: usize) -> Binding {
    const DIGITS: [[Key; 1]; 9] = [
        [key('1')],
        [key('2')],
        [key('3')],
        [key('4')],
        [key('5')],
        [key('6')],
        [key('7')],
        [key('8')],
        [key('9')],
    ];
    let screen = Screen::ALL[at];
    bind(A::Show(screen), screen.key_name(), &DIGITS[at], P::Everywhere, G::Move, [screen.help(), ""])
}

/// The second part of the table.
#[rustfmt::skip]
const MORE: &[Binding] = &[
    bind(A::NextScreen, "next-view", &[named(K::Tab)], P::Everywhere, G::Move, ["next view", ""]),
    bind(A::PreviousScreen, "previous-view", &[named(K::BackTab)], P::Everywhere, G::Move, ["previous view", ""]),

    bind(A::Worst, "worst-first", &[key('!')], P::Everywhere, G::Search, ["worst sessions first", "worst"]),
    bind(A::Screen(S::NextProblem), "next-problem", &[key('e')], P::Everywhere, G::Search, ["next problem", "problem"]),
    bind(A::Screen(S::PreviousProblem), "previous-problem", &[key('E')], P::Everywhere, G::Search, ["previous problem", ""]),

    bind(A::Screen(S::Pan(N::Left)), "left", &[named(K::Left), key('h')], P::Only(Screen::Timeline), G::Timeline, ["cursor left", ""]),
    bind(A::Screen(S::Pan(N::Right)), "right", &[named(K::Right), key('l')], P::Only(Screen::Timeline), G::Timeline, ["cursor right", "cursor"]),
    bind(A::Screen(S::Pan(N::PageLeft)), "pan-left", &[key('H'), shifted(K::Left)], P::Only(Screen::Timeline), G::Timeline, ["pan half a page left", ""]),
    bind(A::Screen(S::Pan(N::PageRight)), "pan-right", &[key('L'), shifted(K::Right)], P::Only(Screen::Timeline), G::Timeline, ["pan half a page right", ""]),
    bind(A::Screen(S::Pan(N::ZoomIn)), "zoom-in", &[key('+'), key('=')], P::Only(Screen::Timeline), G::Timeline, ["zoom in at the cursor", "zoom"]),
    bind(A::Screen(S::Pan(N::ZoomOut)), "zoom-out", &[key('-')], P::Only(Screen::Timeline), G::Timeline, ["zoom out", ""]),
    bind(A::Screen(S::Pan(N::Fit)), "fit", &[key('0')], P::Only(Screen::Timeline), G::Timeline, ["the whole session", "fit"]),
    bind(A::Screen(S::Pan(N::Centre)), "centre", &[key('z')], P::Only(Screen::Timeline), G::Timeline, ["centre the cursor", ""]),
    bind(A::Screen(S::Jump(J::NextEvent)), "next-event", &[key(']')], P::OneSession, G::Timeline, ["next event", ""]),
    bind(A::Screen(S::Jump(J::PreviousEvent)), "previous-event", &[key('[')], P::OneSession, G::Timeline, ["previous event", ""]),
    bind(A::Screen(S::Jump(J::NextChannel)), "next-data", &[key('}')], P::OneSession, G::Timeline, ["next data channel", "data"]),
    bind(A::Screen(S::Jump(J::PreviousChannel)), "previous-data", &[key('{')], P::OneSession, G::Timeline, ["previous data channel", ""]),
    bind(A::Screen(S::Jump(J::NextSession)), "next-session", &[key('J')], P::OneSession, G::Timeline, ["next session", ""]),
    bind(A::Screen(S::Jump(J::PreviousSession)), "previous-session", &[key('K')], P::OneSession, G::Timeline, ["previous session", ""]),
    bind(A::Type(Y::SetMark), "set-mark", &[key('m')], P::OneSession, G::Timeline, ["ma: mark this time as a", "mark"]),
    bind(A::Type(Y::JumpToMark), "jump-to-mark", &[key('\'')], P::OneSession, G::Timeline, ["'a: to mark a; '': back", ""]),
    bind(A::Screen(S::Order), "order", &[key('o')], P::Only(Screen::Timeline), G::Timeline, ["order of the lanes", ""]),
    bind(A::Screen(S::Order), "idle", &[key('c')], P::Only(Screen::Ladder), G::Timeline, ["idle time on or off", "idle"]),

    bind(A::Open, "open", &[named(K::Enter)], P::Everywhere, G::Act, ["open, go to evidence", "open"]),
    bind(A::Back, "back", &[named(K::Esc)], P::Everywhere, G::Act, ["back; clear", ""]),
    bind(A::Screen(S::Mark), "mark", &[key(' ')], P::Everywhere, G::Act, ["mark the session", "mark"]),
    bind(A::Screen(S::Sort), "sort", &[key('s')], P::Lists, G::Act, ["sort by the next column", "sort"]),
    bind(A::Screen(S::Reverse), "reverse", &[key('S')], P::Lists, G::Act, ["reverse the order", ""]),
    bind(A::Screen(S::Order), "scope", &[key('o')], P::Lists, G::Act, ["all or this session", ""]),
    bind(A::Screen(S::Ignore), "ignore", &[key('i')], P::Only(Screen::Findings), G::Act, ["ignore this finding kind", "ignore"]),
    bind(A::Screen(S::View), "view", &[key('v')], P::Only(Screen::Transfers), G::Act, ["look at the listing", "view"]),
    bind(A::Copy, "copy", &[key('y')], P::Everywhere, G::Act, ["copy Wireshark filter", "copy"]),
    bind(A::Wireshark, "wireshark", &[key('W')], P::Everywhere, G::Act, ["open Wireshark here", ""]),
    bind(A::Type(Y::Save), "save", &[key('w')], P::Everywhere, G::Act, ["save packets (pcapng)", "save"]),
    bind(A::Export, "export", &[key('x')], P::Everywhere, G::Act, ["export", "export"]),

    bind(A::Type(Y::Filter), "filter", &[key('/')], P::Everywhere, G::Search, ["filter the sessions", "filter"]),
    bind(A::Type(Y::Recent), "recent-filters", &[key('F')], P::Everywhere, G::Search, ["recent filters", ""]),
    bind(A::Type(Y::Find), "find", &[control('s')], P::Everywhere, G::Search, ["find text", ""]),
    bind(A::FindNext, "find-next", &[key('n')], P::Everywhere, G::Search, ["next match", ""]),
    bind(A::FindPrevious, "find-previous", &[key('N')], P::Everywhere, G::Search, ["previous match", ""]),
    bind(A::BrushEarlier, "brush-earlier", &[shifted(K::Left)], P::Lists, G::Search, ["move the range earlier", ""]),
    bind(A::BrushLater, "brush-later", &[shifted(K::Right)], P::Lists, G::Search, ["brush a time range", ""]),

    bind(A::Set(E::Pause), "pause", &[key('p')], P::Everywhere, G::Live, ["pause, resume", ""]),
    bind(A::Set(E::Follow), "follow", &[key('A')], P::Everywhere, G::Live, ["follow the newest", ""]),
    bind(A::Stop, "stop", &[control('c')], P::Everywhere, G::Live, ["stop; again: quit", ""]),

    bind(A::Type(Y::Help), "help", &[key('?'), named(K::F(1))], P::Everywhere, G::General, ["this help", "help"]),
    bind(A::Type(Y::CommandLine), "command", &[key(':')], P::Everywhere, G::General, ["command line", ""]),
    bind(A::Set(E::TimeFormat), "time-format", &[key('t')], P::Everywhere, G::General, ["time format", ""]),
    bind(A::Set(E::Theme), "theme", &[key('T')], P::Everywhere, G::General, ["theme", ""]),
    bind(A::Mouse, "mouse", &[named(K::F(2))], P::Everywhere, G::General, ["mouse on or off", ""]),
    bind(A::Redraw, "redraw", &[control('l')], P::Everywhere, G::General, ["redraw", ""]),
    bind(A::Suspend, "suspend", &[control('z')], P::Everywhere, G::General, ["suspend (fg returns)", ""]),
    bind(A::Quit, "quit", &[key('q')], P::Everywhere, G::General, ["back; at the top quit", "quit"]),
    bind(A::QuitKeeping, "quit-keeping", &[key('Q')], P::Everywhere, G::General, ["quit, leave the screen", ""]),
];

/// All rows.
fn table() -> impl Iterator<Item = &'static Binding> {
    FIRST.iter().chain(&SCREENS).chain(MORE)
}

/// The table with the user's own keys.
#[derive(Clone, Debug)]
pub struct Keymap {
    /// The keys of each row of the table.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: table().map(|binding| binding.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// The table with some keys replaced: `("quit", "q ctrl+x")` by the names of the table.
    pub fn with(overrides: &[(String, String)]) -> Result<Self, String> {
        let mut keymap = Self::default();
        for (name, keys) in overrides {
            let Some(slot) =
                table().position(|binding| binding.name == name).and_then(|at| keymap.keys.get_mut(at))
            else {
                return Err(format!("keys: there is no command '{name}' (ftpscope config lists them)"));
            };
            *slot = keys
                .split_whitespace()
                .map(|text| Key::parse(text).ok_or_else(|| format!("keys: '{text}' for {name} is not a key")))
                .collect::<Result<_, _>>()?;
        }
        Ok(keymap)
    }

    /// What a key means on a screen.
    pub(super) fn action(&self, screen: Screen, event: KeyEvent) -> Option<Action> {
        let pressed = Key::of(event);
        table()
            .zip(&self.keys)
            .filter(|(binding, keys)| binding.place.holds(screen) && keys.contains(&pressed))
            .min_by_key(|(binding, _)| binding.place.breadth())
            .map(|(binding, _)| binding.action)
    }

    /// The rows of a group, with their keys as text.
    pub(super) fn rows(&self, group: Group) -> impl Iterator<Item = (String, &'static Binding)> + '_ {
        table().zip(&self.keys).filter(move |(binding, _)| binding.group == group).map(|(binding, keys)| {
            let names: Vec<String> = keys.iter().map(|key| key.name()).collect();
            (names.join(" "), binding)
        })
    }

    /// The hints of a screen: key and word, the most useful first.
    pub(super) fn hints(&self, screen: Screen) -> Vec<(String, &'static str)> {
        let mut hints: Vec<(u8, String, &'static str)> = table()
            .zip(&self.keys)
            .filter(|(binding, _)| !binding.hint.is_empty() && binding.place.holds(screen))
            .filter_map(|(binding, keys)| {
                let key = keys.first()?.name();
                Some((hint_rank(binding.action), key, binding.hint))
            })
            .collect();
        hints.sort_by_key(|(rank, _, _)| *rank);
        hints.into_iter().map(|(_, key, word)| (key, word)).collect()
    }

    /// All rows by name: the keys, separated by blanks, and what they do.
    pub fn listed(&self) -> impl Iterator<Item = (&'static str, String, &'static str)> + '_ {
        table().zip(&self.keys).map(|(binding, keys)| {
            let names: Vec<String> = keys.iter().map(|key| key.name()).collect();
            (binding.name, names.join(" "), binding.help)
        })
    }

    /// The table in Markdown, for the README.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| key | does | name |\n| --- | --- | --- |\n");
        for group in Group::ALL {
            for (keys, binding) in self.rows(group) {
                let keys: Vec<String> = keys.split(' ').map(|key| format!("`{key}`")).collect();
                _ = writeln!(text, "| {} | {} | `{}` |", keys.join(" "), binding.help, binding.name);
            }
        }
        text
    }
}

const fn hint_rank(action: Action) -> u8 {
    match action {
        Action::Type(Typing::Help) => 0,
        Action::Quit => 1,
        Action::Open => 2,
        Action::Screen(ScreenAction::NextProblem) => 3,
        Action::Type(Typing::Filter) => 4,
        Action::Screen(ScreenAction::Pan(Pan::ZoomIn)) => 5,
        Action::Screen(ScreenAction::Pan(Pan::Right)) => 6,
        Action::Screen(ScreenAction::Jump(Jump::NextChannel)) => 7,
        Action::Screen(ScreenAction::Pan(Pan::Fit) | ScreenAction::View) => 8,
        Action::Screen(ScreenAction::Sort) => 9,
        Action::Screen(ScreenAction::Mark) => 10,
        Action::Copy => 11,
        Action::Type(Typing::Save) => 12,
        _ => 13,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyModifiers;

    use super::*;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for &screen in Screen::ALL {
            for (at, binding) in table().enumerate().filter(|(_, binding)| binding.place.holds(screen)) {
                for other in table().skip(at + 1).filter(|other| other.place.holds(screen)) {
                    let shared = binding.keys.iter().any(|key| other.keys.contains(key));
                    assert!(
                        !shared || binding.place.breadth() != other.place.breadth(),
                        "{} and {} on {screen:?}",
                        binding.name,
                        other.name
                    );
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_row_says_what_it_does() {
        let mut names: Vec<_> = table().map(|binding| binding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table().count());
        assert!(table().all(|binding| !binding.help.is_empty() && !binding.keys.is_empty()));
    }

    #[test]
    fn a_key_means_what_the_screen_makes_of_it() {
        let keymap = Keymap::default();
        assert_eq!(
            keymap.action(Screen::Timeline, press(K::Char('o'))),
            Some(Action::Screen(ScreenAction::Order))
        );
        assert_eq!(
            keymap.action(Screen::Timeline, press(K::Left)),
            Some(Action::Screen(ScreenAction::Pan(Pan::Left)))
        );
        assert_eq!(keymap.action(Screen::Sessions, press(K::Left)), None);
        let shift_left = KeyEvent::new(K::Left, KeyModifiers::SHIFT);
        assert_eq!(keymap.action(Screen::Sessions, shift_left), Some(Action::BrushEarlier));
        let upper = KeyEvent::new(K::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(
            keymap.action(Screen::Ports, upper),
            Some(Action::Screen(ScreenAction::Move(Motion::Last)))
        );
    }

    #[test]
    fn keys_can_be_replaced_by_name() {
        let keymap = Keymap::with(&[("quit".into(), "ctrl+x f10".into())]).unwrap();
        assert_eq!(keymap.action(Screen::Sessions, press(K::Char('q'))), None);
        assert_eq!(keymap.action(Screen::Sessions, press(K::F(10))), Some(Action::Quit));
        let control_x = KeyEvent::new(K::Char('x'), KeyModifiers::CONTROL);
        assert_eq!(keymap.action(Screen::Ports, control_x), Some(Action::Quit));
        assert!(Keymap::with(&[("quit".into(), "hyper+q".into())]).unwrap_err().contains("hyper+q"));
        assert!(Keymap::with(&[("fly".into(), "q".into())]).unwrap_err().contains("fly"));
    }

    #[test]
    fn the_readme_table_names_every_row() {
        let text = Keymap::default().markdown();
        assert!(table().all(|binding| text.contains(&format!("`{}`", binding.name))));
    }
}
