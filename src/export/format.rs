//! The formats of a report, by name.
//!
//! A new format is a module that implements [`Format`], and its line in [`FORMATS`]: the command line and its
//! help, the terminal interface and the manual page read that list.

use std::fmt;
use std::io::{self, Write};

use super::csv::{Csv, Tsv};
use super::html::Html;
use super::json::{Json, Jsonl};
use super::markdown::Markdown;
use super::svg::Svg;
use super::text::Text;
use super::{Look, What};
use crate::report::{Capture, File, Finding, Session, Uid};

/// Every format, in the order of the help.
pub static FORMATS: &[&dyn Format] = &[&Text, &Json, &Jsonl, &Csv, &Tsv, &Html, &Markdown, &Svg];

/// The format of this name.
pub fn format_named(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// What may be asked of a format. Each format uses what concerns it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How text is laid out.
    pub look: Look,
    /// Whether JSON is indented, on many lines.
    pub pretty: bool,
    /// Which table is written, where the format is one table of the report.
    pub what: What,
    /// Whether cells keep text from the wire as it is, formulas included.
    pub raw: bool,
}

/// A setting by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// [`Settings::pretty`].
    Pretty,
    /// [`Settings::what`].
    What,
    /// [`Settings::raw`].
    Raw,
    /// [`Look::shown`].
    Shown,
}

/// A form in which a report is written.
pub trait Format: fmt::Debug + Sync {
    /// Its name on the command line, and the usual ending of its files.
    fn name(&self) -> &'static str;

    /// What it is, in a few words.
    fn help(&self) -> &'static str;

    /// The settings that make a difference to it, [`Settings::look`] aside.
    fn heeds(&self) -> &'static [Setting] {
        &[]
    }

    /// Whether what is written first needs the whole capture to be known, so that all sessions have to wait
    /// for its end.
    fn needs_all_first(&self) -> bool {
        false
    }

    /// Whether it shows the files that were put together from transfers.
    fn lists_files(&self) -> bool {
        false
    }

    /// Begins a report.
    fn begin(&self, settings: &Settings) -> Box<dyn Stream>;
}

/// A report that is written as its sessions become known.
pub trait Stream: Send {
    /// Whether sessions belong in the order of their first packets wherever they come from. Where this is
    /// false, those that come through a pipe are written as they end, for whoever waits for them.
    fn is_ordered(&self) -> bool {
        true
    }

    /// Takes note of a session for what stands above all of them. Called once for each, in any order, before
    /// [`Self::heading`], and only for a format that needs all first.
    fn preview(&mut self, session: &Session) {
        let _ = session;
    }

    /// Writes what stands above the sessions, of which there will be those of these names, in this order.
    /// Called before any session is written, and only for a format that needs all first.
    fn heading(
        &mut self,
        capture: &Capture,
        findings: &[Finding],
        names: &mut dyn Iterator<Item = Uid>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let _ = (capture, findings, names, out);
        Ok(())
    }

    /// Adds the next session.
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()>;

    /// Nothing further is available for now: complete sessions should be passed on to whoever waits for them.
    fn pause(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }

    /// Adds a file that was put together from transfers; they come in order, after all sessions.
    fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        let _ = (file, out);
        Ok(())
    }

    /// Adds all else that belongs to no session, and ends the report.
    fn end(self: Box<Self>, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::super::Shown;
    use super::super::fixture::sample_report;
    use super::*;
    use crate::export;

    #[test]
    fn each_format_is_found_by_its_own_name() {
        for format in FORMATS {
            assert_eq!(format_named(format.name()).map(Format::name), Some(format.name()));
        }
        assert!(format_named("xml").is_none());
    }

    #[test]
    fn what_is_written_with_pauses_is_what_is_written_at_once() {
        let report = sample_report();
        let settings = Settings::default();
        for format in FORMATS {
            let mut stream = format.begin(&settings);
            let (mut parts, mut whole) = (Vec::new(), Vec::new());
            let mut names = report.sessions.iter().map(|session| session.uid.clone());
            report.sessions.iter().for_each(|session| stream.preview(session));
            stream.heading(&report.capture, &report.findings, &mut names, &mut parts).unwrap();
            for session in &report.sessions {
                stream.session(session, &mut parts).unwrap();
                stream.pause(&mut parts).unwrap();
            }
            report.files.iter().for_each(|file| stream.file(file, &mut parts).unwrap());
            stream.end(&report.capture, &report.findings, &mut parts).unwrap();
            export::write(&report, *format, &settings, &mut whole).unwrap();
            assert_eq!(parts, whole, "{}", format.name());
        }
    }

    #[test]
    fn only_a_format_that_needs_all_first_writes_a_heading() {
        let report = sample_report();
        for format in FORMATS {
            let mut out = Vec::new();
            let mut names = report.sessions.iter().map(|session| session.uid.clone());
            let mut stream = format.begin(&Settings::default());
            stream.heading(&report.capture, &report.findings, &mut names, &mut out).unwrap();
            stream.pause(&mut out).unwrap();
            assert_eq!(!out.is_empty(), format.needs_all_first(), "{}", format.name());
        }
    }

    #[test]
    fn a_format_heeds_the_settings_that_it_names() {
        let report = sample_report();
        let usual = Settings::default();
        let written = |format: &dyn Format, settings: &Settings| {
            let mut out = Vec::new();
            export::write(&report, format, settings, &mut out).unwrap();
            out
        };
        for (setting, settings) in [
            (Setting::Pretty, Settings { pretty: true, ..usual }),
            (Setting::What, Settings { what: What::Transfers, ..usual }),
            (Setting::Shown, Settings { look: Look { shown: Shown::Summary, ..Look::default() }, ..usual }),
        ] {
            for format in FORMATS {
                let differs = written(*format, &usual) != written(*format, &settings);
                assert_eq!(differs, format.heeds().contains(&setting), "{} {setting:?}", format.name());
            }
        }
    }
}
