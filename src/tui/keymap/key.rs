//! Keys and their names.

use std::fmt::Write as _;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Key {
    code: KeyCode,
    control: bool,
    shift: bool,
}

pub(super) const fn key(character: char) -> Key {
    Key { code: KeyCode::Char(character), control: false, shift: false }
}

pub(super) const fn control(character: char) -> Key {
    Key { code: KeyCode::Char(character), control: true, shift: false }
}

pub(super) const fn named(code: KeyCode) -> Key {
    Key { code, control: false, shift: false }
}

pub(super) const fn shifted(code: KeyCode) -> Key {
    Key { code, control: false, shift: true }
}

impl Key {
    /// The key of an event. Shift is part of a character already.
    pub(super) fn of(event: KeyEvent) -> Self {
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Char(character) if control => {
                Self { code: KeyCode::Char(character.to_ascii_lowercase()), control, shift: false }
            }
            KeyCode::Char(_) => Self { code: event.code, control, shift: false },
            KeyCode::BackTab => Self { code: KeyCode::BackTab, control: false, shift: false },
            code => Self { code, control, shift },
        }
    }

    /// The name in help, README and configuration: `j`, `C-d`, `S-Left`, `Enter`.
    pub(super) fn name(self) -> String {
        let mut name = String::new();
        if self.control {
            name.push_str("C-");
        }
        if self.shift {
            name.push_str("S-");
        }
        match self.code {
            KeyCode::Char(' ') => name.push_str("Space"),
            KeyCode::Char(character) => name.push(character),
            KeyCode::F(number) => _ = write!(name, "F{number}"),
            KeyCode::Up => name.push('↑'),
            KeyCode::Down => name.push('↓'),
            KeyCode::Left => name.push('←'),
            KeyCode::Right => name.push('→'),
            KeyCode::BackTab => name.push_str("S-Tab"),
            KeyCode::PageUp => name.push_str("PgUp"),
            KeyCode::PageDown => name.push_str("PgDn"),
            code => _ = write!(name, "{code:?}"),
        }
        name
    }

    /// The key of a name as the configuration spells it: `q`, `ctrl+b`, `shift+left`, `f5`, `space`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let (mut control, mut shift) = (false, false);
        loop {
            let lower = rest.to_ascii_lowercase();
            let cut = if lower.starts_with("ctrl+") {
                control = true;
                5
            } else if lower.starts_with("c-") && rest.len() > 2 {
                control = true;
                2
            } else if lower.starts_with("shift+") {
                shift = true;
                6
            } else if lower.starts_with("s-") && rest.len() > 2 {
                shift = true;
                2
            } else {
                break;
            };
            rest = rest.get(cut..)?;
        }
        let mut characters = rest.chars();
        let arrow = matches!(rest, "↑" | "↓" | "←" | "→");
        if let (Some(character), None, false) = (characters.next(), characters.next(), arrow) {
            let character = if shift { character.to_ascii_uppercase() } else { character };
            return Some(Self { code: KeyCode::Char(character), control, shift: false });
        }
        let code = match rest.to_ascii_lowercase().as_str() {
            "space" => KeyCode::Char(' '),
            "enter" | "return" => KeyCode::Enter,
            "esc" | "escape" => KeyCode::Esc,
            "tab" if shift => return Some(named(KeyCode::BackTab)),
            "tab" => KeyCode::Tab,
            "up" | "↑" => KeyCode::Up,
            "down" | "↓" => KeyCode::Down,
            "left" | "←" => KeyCode::Left,
            "right" | "→" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" | "pageup" => KeyCode::PageUp,
            "pgdn" | "pagedown" => KeyCode::PageDown,
            "insert" => KeyCode::Insert,
            "delete" => KeyCode::Delete,
            "backspace" => KeyCode::Backspace,
            other => {
                KeyCode::F(other.strip_prefix('f')?.parse().ok().filter(|number| (1..=24).contains(number))?)
            }
        };
        Some(Self { code, control, shift })
    }
}
