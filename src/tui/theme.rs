//! What a meaning looks like: the one place that knows colours.
//!
//! Rule to learn once: warm is active (the server connects), cool is passive (the client connects). Nothing is told by
//! colour alone: modes have letters and fills, selections a mark and reversed video.

use ratatui::style::{Color, Modifier, Style};

use crate::report::{Mode, Severity};

/// The themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For dark terminals.
    #[default]
    Dark,
    /// For light terminals.
    Light,
    /// The palette of Okabe and Ito throughout: told apart by everyone.
    CbSafe,
    /// No colour, attributes only.
    Mono,
}

impl ThemeName {
    /// All of them, in the order in which `T` walks through them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::CbSafe, Self::Mono];

    /// The name in the configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::CbSafe => "cb-safe",
            Self::Mono => "mono",
        }
    }

    /// The theme of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::CbSafe,
            Self::CbSafe => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorDepth {
    /// None wanted (`NO_COLOR`): attributes only.
    None,
    /// The sixteen of every terminal, in the user's own palette.
    #[default]
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Red, green and blue.
    True,
}

impl ColorDepth {
    /// What the environment promises: `NO_COLOR`, `COLORTERM`, `TERM`, in this order.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Self::None;
        }
        let term = variable("TERM").unwrap_or_default();
        if variable("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") {
            Self::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("alacritty") {
            Self::Indexed
        } else if term == "dumb" || term.starts_with("vt") {
            Self::None
        } else {
            Self::Sixteen
        }
    }
}

/// A meaning that has a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ink {
    #[default]
    Text,
    Strong,
    Dim,
    Border,
    Title,
    Bar,
    Tab,
    OpenTab,
    Key,
    Mode(Option<Mode>),
    /// A word standing on a mode's bar.
    OnMode(Option<Mode>),
    Severity(Severity),
    Predicted,
    Matched,
    Never,
    TimeWait,
    Reused,
    Failed,
    Command,
    Reply(u16),
    Good,
    Bad,
    Selected,
    Marked,
    Cursor,
}

/// The colours that meanings share, each in three depths.
#[derive(Clone, Copy)]
enum Hue {
    Blue,
    Sky,
    Vermilion,
    Orange,
    Green,
    Purple,
    Yellow,
    Red,
    Gray,
}

/// Meanings become styles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    name: ThemeName,
    depth: ColorDepth,
}

impl Theme {
    pub(super) const fn new(name: ThemeName, depth: ColorDepth) -> Self {
        Self { name, depth }
    }

    const fn colourless(self) -> bool {
        matches!(self.name, ThemeName::Mono) || matches!(self.depth, ColorDepth::None)
    }

    /// The look of a meaning.
    pub(super) fn style(self, ink: Ink) -> Style {
        // All colours are said to be the terminal's own, rather than left out: see `terminal`.
        let plain = Style::new().fg(Color::Reset).bg(Color::Reset);
        let hue = |hue| plain.fg(self.colour(hue));
        match ink {
            Ink::Text | Ink::Command => plain,
            Ink::Strong | Ink::Title => plain.add_modifier(Modifier::BOLD),
            Ink::Dim | Ink::Border | Ink::Tab | Ink::Severity(Severity::Info) | Ink::Reply(100..=199) => {
                self.dim(plain)
            }
            Ink::Bar | Ink::Selected => plain.add_modifier(Modifier::REVERSED),
            Ink::OpenTab => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Ink::Key => hue(Hue::Sky).add_modifier(Modifier::BOLD),
            Ink::Mode(mode) => hue(mode_hue(mode)),
            Ink::OnMode(mode) => self.on(plain, mode_hue(mode)),
            Ink::Severity(Severity::Warning) => hue(self.warning()).add_modifier(Modifier::BOLD),
            Ink::Severity(Severity::Notice) | Ink::Cursor => hue(Hue::Yellow),
            Ink::Predicted => hue(Hue::Purple),
            Ink::TimeWait => hue(Hue::Gray),
            Ink::Reused | Ink::Marked => hue(Hue::Yellow).add_modifier(Modifier::BOLD),
            Ink::Never | Ink::Bad | Ink::Failed | Ink::Severity(Severity::Alert) | Ink::Reply(400..=599) => {
                hue(Hue::Red).add_modifier(Modifier::BOLD)
            }
            Ink::Matched | Ink::Good | Ink::Reply(_) => hue(self.good()),
        }
    }

    /// Less than text: gray where there is gray, dimmed where there is no colour.
    fn dim(self, plain: Style) -> Style {
        if self.colourless() { plain.add_modifier(Modifier::DIM) } else { plain.fg(self.colour(Hue::Gray)) }
    }

    /// Words that stand on a coloured bar.
    fn on(self, plain: Style, hue: Hue) -> Style {
        if self.colourless() {
            return plain.add_modifier(Modifier::BOLD);
        }
        let ink = match (self.depth, hue) {
            (ColorDepth::True | ColorDepth::Indexed, Hue::Blue) => Color::White,
            _ => Color::Black,
        };
        plain.fg(ink).bg(self.colour(hue)).add_modifier(Modifier::BOLD)
    }

    /// Green next to red is for those who can tell them apart.
    const fn good(self) -> Hue {
        match self.name {
            ThemeName::CbSafe => Hue::Sky,
            ThemeName::Dark | ThemeName::Light | ThemeName::Mono => Hue::Green,
        }
    }

    const fn warning(self) -> Hue {
        match self.name {
            ThemeName::CbSafe => Hue::Orange,
            ThemeName::Dark | ThemeName::Light | ThemeName::Mono => Hue::Red,
        }
    }

    fn colour(self, hue: Hue) -> Color {
        if self.colourless() {
            return Color::Reset;
        }
        let light = self.name == ThemeName::Light;
        match self.depth {
            ColorDepth::None => Color::Reset,
            ColorDepth::Sixteen => sixteen(hue, light),
            ColorDepth::Indexed => Color::Indexed(indexed(hue, light)),
            ColorDepth::True => {
                let (red, green, blue) = rgb(hue, light, self.name == ThemeName::CbSafe);
                Color::Rgb(red, green, blue)
            }
        }
    }
}

const fn mode_hue(mode: Option<Mode>) -> Hue {
    match mode {
        Some(Mode::Pasv | Mode::Lpsv) => Hue::Blue,
        Some(Mode::Epsv) => Hue::Sky,
        Some(Mode::Port | Mode::Lprt | Mode::Default) => Hue::Vermilion,
        Some(Mode::Eprt) => Hue::Orange,
        None => Hue::Purple,
    }
}

const fn sixteen(hue: Hue, light: bool) -> Color {
    match (hue, light) {
        (Hue::Blue, false) | (Hue::Sky, true) => Color::Cyan,
        (Hue::Blue, true) => Color::Blue,
        (Hue::Sky, false) => Color::LightCyan,
        (Hue::Vermilion, false) | (Hue::Orange, true) => Color::Yellow,
        (Hue::Vermilion | Hue::Red, true) => Color::Red,
        (Hue::Orange | Hue::Yellow, false) => Color::LightYellow,
        (Hue::Green, _) => Color::Green,
        (Hue::Purple, _) | (Hue::Yellow, true) => Color::Magenta,
        (Hue::Red, false) => Color::LightRed,
        (Hue::Gray, _) => Color::DarkGray,
    }
}

const fn indexed(hue: Hue, light: bool) -> u8 {
    match (hue, light) {
        (Hue::Blue, false) => 33,
        (Hue::Blue, true) => 25,
        (Hue::Sky, false) => 117,
        (Hue::Sky, true) => 31,
        (Hue::Vermilion, false) => 208,
        (Hue::Vermilion, true) => 166,
        (Hue::Orange, false) => 220,
        (Hue::Orange, true) => 172,
        (Hue::Green, false) => 78,
        (Hue::Green, true) => 29,
        (Hue::Purple, false) => 176,
        (Hue::Purple, true) => 133,
        (Hue::Yellow, false) => 227,
        (Hue::Yellow, true) => 136,
        (Hue::Red, false) => 203,
        (Hue::Red, true) => 160,
        (Hue::Gray, false) => 244,
        (Hue::Gray, true) => 243,
    }
}

/// Okabe and Ito's colours, those that are dark on black made lighter and those that are pale on white made darker.
const fn rgb(hue: Hue, light: bool, strict: bool) -> (u8, u8, u8) {
    match (hue, light) {
        (Hue::Blue, false) => {
            if strict {
                (0x00, 0x72, 0xb2)
            } else {
                (0x2b, 0x8c, 0xd6)
            }
        }
        (Hue::Blue, true) => (0x00, 0x5f, 0x99),
        (Hue::Sky, false) => (0x56, 0xb4, 0xe9),
        (Hue::Sky, true) => (0x1b, 0x86, 0xc0),
        (Hue::Vermilion, false) => (0xe2, 0x6a, 0x1a),
        (Hue::Vermilion, true) => (0xc2, 0x50, 0x00),
        (Hue::Orange, false) => (0xe6, 0x9f, 0x00),
        (Hue::Orange, true) => (0xb0, 0x78, 0x00),
        (Hue::Green, false) => (0x19, 0xb8, 0x88),
        (Hue::Green, true) => (0x00, 0x7a, 0x58),
        (Hue::Purple, false) => (0xcc, 0x79, 0xa7),
        (Hue::Purple, true) => (0xa0, 0x48, 0x7a),
        (Hue::Yellow, false) => (0xf0, 0xe4, 0x42),
        (Hue::Yellow, true) => (0x80, 0x70, 0x00),
        (Hue::Red, false) => (0xff, 0x5f, 0x5f),
        (Hue::Red, true) => (0xc0, 0x10, 0x20),
        (Hue::Gray, false) => (0x8a, 0x8a, 0x8a),
        (Hue::Gray, true) => (0x70, 0x70, 0x70),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_how_many_colours_there_are() {
        for (variables, depth) in [
            (&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")][..], ColorDepth::None),
            (&[("NO_COLOR", ""), ("TERM", "xterm")], ColorDepth::Sixteen),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], ColorDepth::True),
            (&[("TERM", "screen-256color")], ColorDepth::Indexed),
            (&[("TERM", "linux")], ColorDepth::Sixteen),
            (&[("TERM", "dumb")], ColorDepth::None),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(ColorDepth::detect(variable), depth, "{variables:?}");
        }
    }

    #[test]
    fn without_colour_every_style_names_the_terminals_own_and_selection_is_reversed() {
        for theme in [
            Theme::new(ThemeName::Mono, ColorDepth::True),
            Theme::new(ThemeName::Dark, ColorDepth::None),
            Theme::new(ThemeName::Light, ColorDepth::None),
        ] {
            for ink in [Ink::Text, Ink::Bad, Ink::Mode(Some(Mode::Port)), Ink::OnMode(None), Ink::Selected] {
                let style = theme.style(ink);
                assert_eq!((style.fg, style.bg), (Some(Color::Reset), Some(Color::Reset)), "{ink:?}");
            }
            assert!(theme.style(Ink::Selected).add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn the_four_usual_modes_have_four_colours_at_every_depth() {
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::CbSafe] {
            for depth in [ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
                let theme = Theme::new(name, depth);
                let colours = [Mode::Pasv, Mode::Epsv, Mode::Port, Mode::Eprt]
                    .map(|mode| theme.style(Ink::Mode(Some(mode))).fg.unwrap());
                for (index, colour) in colours.iter().enumerate() {
                    assert!(!colours[..index].contains(colour), "{name:?} {depth:?} {colours:?}");
                }
            }
        }
    }

    #[test]
    fn themes_are_found_by_name() {
        for theme in ThemeName::ALL {
            assert_eq!(ThemeName::parse(theme.name()), Some(theme));
        }
        assert_eq!(ThemeName::parse("neon"), None);
    }
}
