//! Sessions as pictures: a timeline with a lane for each negotiated endpoint, and a ladder of every step.
//!
//! Drawn by hand: no script, no font, no other file, so that a picture can be opened by a browser, put into a
//! document or a ticket, and printed.

mod ladder;
mod paper;
mod timeline;

use std::fmt::Write as _;
use std::io::{self, Write};

use super::markup::Markup;
use super::{Format, Settings, Stream};
use crate::picture::tone::Tone;
use crate::picture::words;
use crate::report::{Capture, Finding, Mode, Session, Severity};

pub(super) use ladder::draw as ladder;
pub(super) use timeline::draw as timeline;

/// How pictures look, here and on pages.
pub(super) const STYLE: &str = include_str!("svg/picture.css");

/// The fills that only hatching tells apart.
pub(super) const PATTERNS: &str = r#"<defs>
<pattern id="hatch-passive" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" style="fill:var(--passive2);opacity:.45"/><rect width="2.5" height="5" style="fill:var(--passive)"/></pattern>
<pattern id="hatch-active" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" style="fill:var(--active2);opacity:.45"/><rect width="2.5" height="5" style="fill:var(--active)"/></pattern>
</defs>
"#;

/// Sessions that are drawn into one picture; those beyond are counted.
const SESSIONS: u64 = 50;

/// Room above a session's timeline, and between the two pictures.
const HEAD: f64 = 48.0;
const GAP: f64 = 20.0;

/// A finished picture.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// What it shows, for those who can't see it.
    pub(super) title: String,
    pub(super) width: f64,
    pub(super) height: f64,
    elements: String,
}

impl Figure {
    /// The picture as an element of a page that has [`STYLE`] and [`PATTERNS`].
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { title, width, height, elements } = self;
        let title = Markup(title);
        writeln!(
            out,
            r#"<svg class="ftp" role="img" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}"><title>{title}</title>"#
        )?;
        write!(out, "{elements}</svg>")
    }
}

/// The class of a mode's colour: passive is cool, active is warm, the extended ones are hatched.
pub(super) const fn class_of_mode(mode: Option<Mode>) -> &'static str {
    match mode {
        Some(Mode::Pasv | Mode::Lpsv) => "passive",
        Some(Mode::Epsv) => "passive2",
        Some(Mode::Port | Mode::Lprt | Mode::Default) => "active",
        Some(Mode::Eprt) => "active2",
        None => "unknown",
    }
}

const fn class_of_tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Dim | Tone::Severity(Severity::Info) => "dim",
        Tone::Command => "strong",
        Tone::Reply(400..=599) | Tone::Failed | Tone::Bad => "bad",
        Tone::Reply(_) | Tone::Severity(Severity::Notice) => "plain",
        Tone::Mode(mode) => class_of_mode(mode),
        Tone::Severity(Severity::Warning | Severity::Alert) => "bad strong",
        Tone::Reused => "reuse",
    }
}

/// A picture of sessions.
#[derive(Clone, Copy, Debug)]
pub struct Svg;

impl Format for Svg {
    fn name(&self) -> &'static str {
        "svg"
    }

    fn help(&self) -> &'static str {
        "Timelines and ladders of a few sessions (-Y chooses), as a picture"
    }

    fn begin(&self, _settings: &Settings) -> Box<dyn Stream> {
        Box::new(Drawing::default())
    }
}

/// Pictures one below the other. An SVG says its size first, so that nothing is written before all is drawn.
#[derive(Debug, Default)]
struct Drawing {
    sessions: u64,
    height: f64,
    width: f64,
    text: String,
}

impl Drawing {
    fn place(&mut self, figure: &Figure) {
        let Self { height, width, text, .. } = self;
        _ = writeln!(
            text,
            r#"<g transform="translate(0 {height:.0})"><title>{}</title>"#,
            Markup(&figure.title)
        );
        _ = writeln!(text, "{}</g>", figure.elements);
        *height += figure.height + GAP;
        *width = width.max(figure.width);
    }
}

impl Stream for Drawing {
    fn session(&mut self, session: &Session, _out: &mut dyn Write) -> io::Result<()> {
        self.sessions = self.sessions.saturating_add(1);
        if self.sessions > SESSIONS {
            return Ok(());
        }
        let user = session.user.as_ref().map(|user| format!("  {}", words::wire(user))).unwrap_or_default();
        let start = words::date(session.start);
        let title = format!("{} → {}{user}  {start} UTC", session.client, session.server);
        let (y, told) = (self.height + 18.0, session.headline().unwrap_or_default());
        _ = writeln!(self.text, r#"<text class="strong" x="8" y="{y:.0}">{}</text>"#, Markup(&title));
        _ = writeln!(
            self.text,
            r#"<text class="bad" x="8" y="{:.0}">{}</text>"#,
            y + 16.0,
            Markup(&words::clip(&told, 136))
        );
        self.height += HEAD;
        self.place(&timeline(session));
        self.place(&ladder(session));
        Ok(())
    }

    fn end(self: Box<Self>, _: &Capture, _: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        let Self { sessions, mut height, width, text } = *self;
        let mut closing = String::new();
        let told = match sessions.saturating_sub(SESSIONS) {
            _ if sessions == 0 => "No FTP session found".to_owned(),
            0 => String::new(),
            more => format!("{} are left out: choose some with -Y", words::counted(more, "session")),
        };
        if !told.is_empty() {
            height += 24.0;
            _ = writeln!(closing, r#"<text class="dim" x="8" y="{:.0}">{told}</text>"#, height - 8.0);
        }
        let width = width.max(600.0);
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="ftp" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">"#
        )?;
        writeln!(out, "<style>{STYLE}</style>\n{PATTERNS}")?;
        writeln!(out, r#"<rect width="100%" height="100%" style="fill:var(--paper)"/>"#)?;
        writeln!(out, "{text}{closing}</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{hostile_names, sample_report};
    use super::*;
    use crate::export;
    use crate::report::Report;

    fn drawn(sessions: Vec<Session>) -> String {
        let mut bytes = Vec::new();
        let report = Report { sessions, ..Report::default() };
        export::write(&report, &Svg, &Settings::default(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_blocked_connection_is_red_and_a_made_one_has_the_colour_of_its_mode() {
        let sessions = sample_report().sessions;
        let picture = drawn(vec![sessions[0].clone()]);
        assert!(picture.contains(r#"<rect class="passive""#) && picture.contains(r#"<path class="matched""#));
        let picture = drawn(vec![sessions[1].clone()]);
        assert!(picture.contains(r#"<rect class="bad""#) && picture.contains("× no answer 425"), "{picture}");
    }

    #[test]
    fn elements_are_closed_and_text_from_the_wire_is_none_of_them() {
        let picture = drawn(vec![hostile_names()]);
        for name in ["svg", "g", "text", "title", "style", "defs", "pattern"] {
            let begun: usize = [format!("<{name} "), format!("<{name}>")]
                .iter()
                .map(|tag| picture.matches(tag).count())
                .sum();
            assert_eq!(picture.matches(&format!("</{name}>")).count(), begun, "{name}");
        }
        assert!(!picture.contains("<script") && !picture.contains('\u{202e}'), "{picture}");
    }

    #[test]
    fn sessions_beyond_those_that_a_picture_can_show_are_counted() {
        let session = sample_report().sessions.remove(0);
        let picture = drawn(vec![session; 53]);
        assert!(picture.contains("3 sessions are left out: choose some with -Y"));
        assert!(drawn(Vec::new()).contains("No FTP session found"));
    }
}
