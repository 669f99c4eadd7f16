//! A session as a Mermaid sequence diagram.

use std::fmt::Write as _;

use crate::picture::channels::{Summary, party_of};
use crate::picture::events::{self, Event, EventKind};
use crate::picture::words;
use crate::report::{Direction, Party, Session, Severity};

/// Arrows of a diagram, and its characters: renderers refuse those that have many more.
const ARROWS: usize = 300;
const LONGEST: usize = 45_000;
/// Characters of one arrow's text, and of a line of a note.
const TEXT: usize = 120;
const LINE: usize = 72;

/// The diagram, without its fence.
pub(super) fn diagram(session: &Session) -> String {
    let summary = Summary::of(session);
    let events = events::of(session, &summary);
    let (client, server) = (session.client, session.server);
    let mut text =
        format!("sequenceDiagram\n  participant C as client {client}\n  participant S as server {server}\n");
    let mut drawn = 0_usize;
    for (index, event) in events.iter().enumerate() {
        if drawn >= ARROWS || text.len() >= LONGEST {
            let more = events.len().saturating_sub(index);
            _ = writeln!(text, "  Note over C,S: {more} more steps");
            break;
        }
        if let Some(line) = line(session, &summary, event) {
            _ = writeln!(text, "  {line}");
            drawn = drawn.saturating_add(1);
        }
    }
    text
}

/// One step: who to whom, and what. The start and the end of the control connection are none.
fn line(session: &Session, summary: &Summary, event: &Event) -> Option<String> {
    let (_, text) = events::describe(session, event);
    let text = escaped(&text);
    let frame = event.frame;
    Some(match event.kind {
        EventKind::Command(_) => format!("C->>S: {text} ({frame})"),
        EventKind::Greeting(_) | EventKind::Unsolicited(_) | EventKind::Reply { .. } => {
            format!("S-->>C: {text} ({frame})")
        }
        EventKind::ConnectionStarted(index) => {
            let channel = session.data_channel(index)?;
            let (from, to) = ends(party_of(channel, true));
            let is_connected = summary.channel(index)?.state.is_connected();
            let arrow = if is_connected { "->>" } else { "-x" };
            format!("{from}{arrow}{to}: data connection: {text} ({frame})")
        }
        EventKind::Payload(index) => {
            let transfer = summary.channel(index)?.transfer.and_then(|index| session.transfer(index));
            let sender = match transfer.map(|transfer| transfer.direction) {
                Some(Direction::Upload) => Party::Client,
                Some(Direction::Download) | None => Party::Server,
            };
            let (from, to) = ends(sender);
            format!("{from}-){to}: {text} ({frame})")
        }
        EventKind::Closed(_)
        | EventKind::Refused(_)
        | EventKind::Challenged(_)
        | EventKind::Stranger { .. }
        | EventKind::Gap(_) => format!("Note over C,S: {text} ({frame})"),
        EventKind::Finding(index) => {
            let finding = session.findings.get(usize::try_from(index).ok()?)?;
            if finding.severity < Severity::Warning {
                return None;
            }
            let (_, text) = events::describe(session, event);
            let lines: Vec<String> = words::wrap(&text, LINE).iter().map(|line| escaped(line)).collect();
            format!("Note over C,S: {}: {}", finding.severity, lines.join("<br/>"))
        }
        EventKind::Began | EventKind::Ended => return None,
    })
}

const fn ends(from: Party) -> (char, char) {
    match from {
        Party::Client => ('C', 'S'),
        Party::Server => ('S', 'C'),
    }
}

/// Text that ends no line, begins no comment and is no markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in words::clip(text, TEXT).chars() {
        match character {
            '#' | ';' | '%' | '<' | '>' | '&' | '"' | '`' | '{' | '}' => {
                _ = write!(escaped, "#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{blocked_active, hostile_names};
    use super::*;
    use crate::ftp::Verb;
    use crate::report::Argument;

    #[test]
    fn a_blocked_connection_is_an_arrow_that_ends_in_a_cross() {
        let text = diagram(&blocked_active());
        assert!(text.contains("C->>S: PORT 10,1,7,61,152,110"), "{text}");
        assert!(
            text.contains("S-xC: data connection: SYN 192.0.2.8:20 → 10.1.7.61:39022, 4 tries"),
            "{text}"
        );
        assert!(text.contains("S-->>C: 425 Can't open data connection."), "{text}");
    }

    #[test]
    fn text_from_the_wire_is_one_line_without_markup() {
        for character in ['#', ';', '%', '<', '>', '\n'] {
            let text = escaped(&words::raw_wire(&format!("a{character}b")));
            let bare = text.replace(&format!("#{};", u32::from(character)), "");
            assert!(!bare.contains(character), "{text}");
        }
        for line in diagram(&hostile_names()).lines() {
            let line = line.replace("<br/>", "");
            assert!(!line.contains("%%") && !line.contains('<'), "{line}");
        }
    }

    #[test]
    fn a_long_session_stays_below_what_renderers_draw() {
        let mut session = blocked_active();
        let mut command = session.commands[0].clone();
        command.verb = Verb::Retr;
        command.argument = Some(Argument::Text("x".repeat(400).as_str().into()));
        session.commands.extend(vec![command; 2000]);
        let text = diagram(&session);
        assert!(text.len() < 50_000, "{}", text.len());
        assert!(text.contains("more steps"), "{text}");
    }
}
