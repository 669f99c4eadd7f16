//! Turns terminal events into messages.
//!
//! **Invariant:** keys mean what the table says, except where something is being typed or asked.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::layout::Spot;
use super::message::{Edit, Message, Turn};
use super::state::{Overlay, Question, State};

/// What an event of the terminal means in a state.
pub(super) fn message(state: &State, event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(state, key),
        Event::Mouse(mouse) => of_mouse(state, mouse),
        Event::Paste(text) => {
            matches!(state.overlay, Overlay::Prompt(_)).then_some(Message::Edit(Edit::Paste(text)))
        }
        Event::Resize(width, height) => Some(Message::Resize { width, height }),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

fn of_key(state: &State, key: KeyEvent) -> Option<Message> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match &state.overlay {
        Overlay::Prompt(_) => return typed(key).map(Message::Edit),
        Overlay::Confirm(question) => {
            return Some(match key.code {
                KeyCode::Char('y' | 'Y') | KeyCode::Enter => Message::Yes,
                KeyCode::Char('q') if *question == Question::Quit => Message::Yes,
                _ => Message::No,
            });
        }
        Overlay::None | Overlay::Help { .. } | Overlay::Recent { .. } | Overlay::Listing(_) => {}
    }
    if let Some(pending) = state.pending
        && let KeyCode::Char(letter) = key.code
        && !control
    {
        let digit = pending == super::state::Pending::Go && letter.is_ascii_digit();
        return Some(if digit { Message::Digit(letter) } else { Message::Letter(letter) });
    }
    state.settings.keymap.action(state.screen, key).map(Message::Act)
}

/// What a key does to the line that is being typed.
fn typed(key: KeyEvent) -> Option<Edit> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Esc => Edit::Cancel,
        KeyCode::Enter => Edit::Accept,
        KeyCode::Tab => Edit::Complete,
        KeyCode::BackTab => Edit::CompleteBack,
        KeyCode::Backspace => Edit::Backspace,
        KeyCode::Delete => Edit::Delete,
        KeyCode::Left => Edit::Left,
        KeyCode::Right => Edit::Right,
        KeyCode::Home => Edit::Home,
        KeyCode::End => Edit::End,
        KeyCode::Up => Edit::Older,
        KeyCode::Down => Edit::Newer,
        KeyCode::Char(character) if control => match character.to_ascii_lowercase() {
            'u' => Edit::Clear,
            'w' => Edit::DeleteWord,
            'a' => Edit::Home,
            'e' => Edit::End,
            'b' => Edit::Left,
            'f' => Edit::Right,
            'h' => Edit::Backspace,
            'd' => Edit::Delete,
            'p' => Edit::Older,
            'n' => Edit::Newer,
            'c' | 'g' => Edit::Cancel,
            _ => return None,
        },
        KeyCode::Char(character) => Edit::Insert(character),
        _ => return None,
    })
}

fn of_mouse(state: &State, mouse: MouseEvent) -> Option<Message> {
    if !state.settings.mouse {
        return None;
    }
    let spot = Spot { x: mouse.column, y: mouse.row };
    let zoom = mouse.modifiers.contains(KeyModifiers::CONTROL);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Message::Click(spot)),
        MouseEventKind::Drag(MouseButton::Left) => Some(Message::Drag(spot)),
        MouseEventKind::Up(MouseButton::Left) => Some(Message::Release(spot)),
        MouseEventKind::ScrollDown => Some(Message::Wheel(Turn { spot, down: true, zoom })),
        MouseEventKind::ScrollUp => Some(Message::Wheel(Turn { spot, down: false, zoom })),
        MouseEventKind::Down(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}
