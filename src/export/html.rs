//! The report as one page, to hand on: a browser opens it, a ticket takes it, a printer prints it.
//!
//! No script, no network, no other file: the page forbids both to itself. What text from the wire contains is
//! shown, never obeyed ([`Markup`](super::markup::Markup)), and stands apart so that it can't turn the direction
//! of what surrounds it.
//!
//! Sessions are written as they come. What stands above them on the page is known when all were seen; it is
//! written last and placed first by the style sheet.

mod overview;
mod session;
mod words;

use std::io::{self, Write};

use super::svg::{PATTERNS, STYLE};
use super::{Format, Settings, Stream};
use crate::report::{Capture, Finding, Session, Severity};
use overview::Overview;

/// Sessions with pictures and tables, whatever happened in them.
const IN_FULL: u64 = 500;
/// Sessions that have something to tell and are written in full beyond those.
const TROUBLED: u64 = 500;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>FTP sessions</title>
"#;

/// For people who have a browser.
#[derive(Clone, Copy, Debug)]
pub struct Html;

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn help(&self) -> &'static str {
        "One page with problems, timelines and ladders, to hand on"
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        let overview = Overview::new(settings.look.is_selection);
        Box::new(Page { overview, has_begun: false, sessions: 0, troubled: 0 })
    }
}

/// A page that is being written.
#[derive(Debug)]
struct Page {
    overview: Overview,
    has_begun: bool,
    sessions: u64,
    /// Sessions that were written in full for what went wrong in them.
    troubled: u64,
}

impl Page {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let style = include_str!("html/style.css");
        write!(out, "{HEAD}<style>\n{style}{STYLE}</style>\n</head>\n<body>\n")?;
        write!(out, "<svg class=\"ftp defs\" aria-hidden=\"true\">{PATTERNS}</svg>\n<main>\n")
    }

    /// Whether there is room for a session.
    fn takes(&mut self, session: &Session) -> bool {
        if self.sessions <= IN_FULL {
            return true;
        }
        let is_troubled = session.findings.iter().any(|finding| finding.weight() >= Severity::Warning);
        if is_troubled && self.troubled < TROUBLED {
            self.troubled = self.troubled.saturating_add(1);
            return true;
        }
        false
    }
}

impl Stream for Page {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        self.sessions = self.sessions.saturating_add(1);
        let is_whole = self.takes(session);
        self.overview.add(session, self.sessions, is_whole);
        if is_whole { session::write(session, self.sessions, out) } else { Ok(()) }
    }

    fn end(
        mut self: Box<Self>,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.begin(out)?;
        self.overview.write(capture, findings, out)?;
        out.write_all(b"</main>\n</body>\n</html>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample_report;
    use super::*;
    use crate::base::Text;
    use crate::export;
    use crate::report::Report;

    fn page(report: &Report) -> String {
        let mut bytes = Vec::new();
        export::write(report, &Html, &Settings::default(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_page_of_a_report() {
        insta::assert_snapshot!(page(&sample_report()));
    }

    /// The names of all tags, in order, and whether each closes.
    fn tags(page: &str) -> Vec<(String, bool)> {
        let body = page.split_once("<body>").unwrap().1;
        let tag = |piece: &str| {
            let (inside, _) = piece.split_once('>')?;
            let closes = inside.starts_with('/');
            let name = inside.trim_start_matches('/').split([' ', '/', '\n']).next()?;
            Some((name.to_owned(), closes, inside.ends_with('/')))
        };
        body.split('<').skip(1).filter_map(tag).filter(|tag| !tag.2).map(|tag| (tag.0, tag.1)).collect()
    }

    #[test]
    fn every_tag_is_one_of_ours_and_is_closed_where_it_should_be() {
        let page = page(&sample_report());
        let mut open = vec!["html".to_owned(), "body".to_owned()];
        for (name, closes) in tags(&page) {
            if name == "br" {
                continue;
            }
            if closes {
                assert_eq!(open.pop().as_deref(), Some(name.as_str()));
            } else {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn text_from_the_wire_is_neither_markup_nor_turned_around() {
        let mut report = sample_report();
        let hostile = "</bdi></td><script src=//evil.example>\"'&\u{202e}\x1b]0;x\x07";
        for session in &mut report.sessions {
            session.user = Some(Text::from(hostile));
            session.greeting.iter_mut().for_each(|reply| reply.text = Text::from(hostile));
            session.findings.iter_mut().for_each(|finding| finding.summary = hostile.to_owned());
            session.transfers.iter_mut().for_each(|transfer| transfer.path = Some(Text::from(hostile)));
        }
        report.capture.sources.iter_mut().for_each(|source| source.path = hostile.to_owned());
        let page = page(&report);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{page}");
        assert!(page.contains("&lt;script src=//evil.example&gt;&quot;&#39;&amp;"), "{page}");
    }

    #[test]
    fn the_page_asks_nothing_of_the_network_and_runs_nothing() {
        let page = page(&sample_report());
        assert!(page.contains("default-src 'none'"));
        let body = page.split_once("<body>").unwrap().1;
        for word in
            ["<script", "<link", "<img", "<iframe", "src=", "url(http", "@import", "href=\"http", " onload"]
        {
            assert!(!body.contains(word), "{word}");
        }
    }

    #[test]
    fn above_what_a_page_can_show_sessions_with_trouble_are_still_shown_and_the_others_counted() {
        let one = sample_report();
        let mut report = Report { capture: one.capture.clone(), ..Report::default() };
        report.sessions = vec![one.sessions[0].clone(); 503];
        report.sessions.push(one.sessions[1].clone());
        let page = page(&report);
        assert_eq!(page.matches("<section class=\"session\"").count(), 501);
        assert!(page.contains("3 sessions are listed without their details"), "{page}");
        assert!(page.contains("id=\"n504\"") && !page.contains("id=\"n501\""));
    }

    #[test]
    fn a_capture_without_ftp_says_so() {
        let report = Report { capture: sample_report().capture, ..Report::default() };
        assert!(page(&report).contains("No FTP session found"));
    }
}
