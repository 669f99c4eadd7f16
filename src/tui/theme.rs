//! Maps what a piece of text means to a style: the only module that knows colours.
//!
//! Rule to learn once: warm is active (the server connects), cool is passive (the client connects). Colour
//! is never the only sign: modes have letters and fills, selections a mark and reversed video.

use ratatui::style::{Color, Modifier, Style};

use crate::picture::tone::Tone;
use crate::report::{Mode, Severity};

/// The themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For dark terminals.
    #[default]
    Dark,
    /// For light terminals.
    Light,
    /// The palette of Okabe and Ito, which people with colour blindness can distinguish.
    CbSafe,
    /// No colour, attributes only.
    Mono,
}

impl ThemeName {
    /// All themes, in the order in which `T` cycles through them.
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

/// What a piece of text means; the theme gives it a style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
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
    /// Text on the bar of a mode.
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

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Dim => Self::Dim,
            Tone::Command => Self::Command,
            Tone::Reply(code) => Self::Reply(code),
            Tone::Mode(mode) => Self::Mode(mode),
            Tone::Severity(severity) => Self::Severity(severity),
            Tone::Reused => Self::Reused,
            Tone::Failed => Self::Failed,
            Tone::Bad => Self::Bad,
        }
    }
}

/// The colours that roles share, each in three depths.
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

/// Gives roles their styles.
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

    /// The style of a role.
    pub(super) fn style(self, role: Role) -> Style {
        // An explicit reset to the terminal's own colours, rather than none: see `terminal` for why.
        let plain = Style::new().fg(Color::Reset).bg(Color::Reset);
        let hue = |hue| plain.fg(self.colour(hue));
        match role {
            Role::Text | Role::Command => plain,
            Role::Strong | Role::Title => plain.add_modifier(Modifier::BOLD),
            Role::Dim
            | Role::Border
            | Role::Tab
            | Role::Severity(Severity::Info)
            | Role::Reply(100..=199) => self.dim(plain),
            Role::Bar | Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::OpenTab => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Key => hue(Hue::Sky).add_modifier(Modifier::BOLD),
            Role::Mode(mode) => hue(mode_hue(mode)),
            Role::OnMode(mode) => self.on(plain, mode_hue(mode)),
            Role::Severity(Severity::Warning) => hue(self.warning()).add_modifier(Modifier::BOLD),
            Role::Severity(Severity::Notice) | Role::Cursor => hue(Hue::Yellow),
            Role::Predicted => hue(Hue::Purple),
            Role::TimeWait => hue(Hue::Gray),
            Role::Reused | Role::Marked => hue(Hue::Yellow).add_modifier(Modifier::BOLD),
            Role::Never
            | Role::Bad
            | Role::Failed
            | Role::Severity(Severity::Alert)
            | Role::Reply(400..=599) => hue(Hue::Red).add_modifier(Modifier::BOLD),
            Role::Matched | Role::Good | Role::Reply(_) => hue(self.good()),
        }
    }

    /// Less prominent than text: gray, or dimmed where there is no colour.
    fn dim(self, plain: Style) -> Style {
        if self.colourless() { plain.add_modifier(Modifier::DIM) } else { plain.fg(self.colour(Hue::Gray)) }
    }

    /// Text on a coloured bar.
    fn on(self, plain: Style, hue: Hue) -> Style {
        if self.colourless() {
            return plain.add_modifier(Modifier::BOLD);
        }
        let colour = match (self.depth, hue) {
            (ColorDepth::True | ColorDepth::Indexed, Hue::Blue) => Color::White,
            _ => Color::Black,
        };
        plain.fg(colour).bg(self.colour(hue)).add_modifier(Modifier::BOLD)
    }

    /// Green, or blue in the palette for people who can't tell green from red.
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

/// Okabe and Ito's colours, lightened for dark backgrounds and darkened for light ones where the contrast was
/// too low.
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
            for role in
                [Role::Text, Role::Bad, Role::Mode(Some(Mode::Port)), Role::OnMode(None), Role::Selected]
            {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (Some(Color::Reset), Some(Color::Reset)), "{role:?}");
            }
            assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn the_four_usual_modes_have_four_colours_at_every_depth() {
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::CbSafe] {
            for depth in [ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
                let theme = Theme::new(name, depth);
                let colours = [Mode::Pasv, Mode::Epsv, Mode::Port, Mode::Eprt]
                    .map(|mode| theme.style(Role::Mode(Some(mode))).fg.unwrap());
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
