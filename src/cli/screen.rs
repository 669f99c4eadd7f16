//! Opens captures in the terminal interface.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::GeneralArgs;
use super::look::Surroundings;
use super::options::{ReportJob, Target};
use super::output::Output;
use super::read;
use super::verdict::{Failure, Verdict, plain};
use crate::analyzer::{self, Analyzer};
use crate::base::{Limits, Printable};
use crate::capture::{self, Frames, PcapngWriter};
use crate::confine::{Needs, confine};
use crate::decode::{Decoded, Decoder};
use crate::export::{self, Format, Look};
use crate::report::Report;
use crate::tui::{self, ExportRequest, Feed, Outlet, Progress, SaveRequest, Settings, ThemeName};

/// How many frames are read between two words to the screen.
const FRAMES_PER_LOOK: u64 = 4096;

/// Sessions that are handed over at a time.
const BATCH: usize = 256;

/// Shows the captures; returns when the user leaves.
pub(super) fn show(job: ReportJob, general: &GeneralArgs) -> Result<Verdict, Failure> {
    let frames = read::open(&job)?;
    let title = title(&job.files);
    let limits = job.analyzer.limits.clone();
    let source = FileSource { frames, options: job.analyzer };
    let options = tui::Options {
        settings: Settings { title, filter: job.filter.unwrap_or_default(), ..settings(general) },
        files: job.files.clone(),
        saver: Some(Arc::new(FileSaver { files: job.files, limits })),
        exporter: Some(Box::new(FileExporter)),
    };
    for line in confine(&Needs { whatever_is_asked: true, ..Needs::default() }) {
        if general.verbose > 0 {
            super::say(&line);
        }
    }
    match tui::run(Box::new(source), options) {
        Ok(_) => Ok(Verdict::Done),
        Err(error @ tui::Error::Filter(_)) => Err(Failure::usage(error.to_string())),
        Err(error) => Err(Failure::impossible(error.to_string())),
    }
}

/// How the interface looks by what was asked for and what the terminal can do.
fn settings(general: &GeneralArgs) -> Settings {
    let here = Surroundings::here();
    let color = here.color(general.color, true);
    Settings {
        theme: general.theme.unwrap_or(if color { ThemeName::Dark } else { ThemeName::Mono }),
        depth: if color { Surroundings::depth() } else { tui::ColorDepth::None },
        ascii: general.ascii || here.ascii(),
        mouse: !general.no_mouse,
        ..Settings::default()
    }
}

fn title(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Printable(&name).to_string()
    };
    match files {
        [only] => name(only),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
        [] => String::new(),
    }
}

/// Reads captures on a thread of the interface.
struct FileSource {
    frames: Frames,
    options: analyzer::Options,
}

impl tui::Source for FileSource {
    fn run(self: Box<Self>, outlet: &Outlet) {
        let Self { mut frames, options } = *self;
        let mut analyzer = Analyzer::new(options);
        analyzer.retain();
        let mut packets = 0_u64;
        let mut time = None;
        while let Some(frame) = frames.next() {
            time = Some(frame.packet.time);
            analyzer.feed(&frame);
            packets = packets.saturating_add(1);
            if packets.is_multiple_of(FRAMES_PER_LOOK) {
                let (bytes, total) = frames.progress();
                let progress = Progress { bytes, total, packets, time, finished: false };
                let told = send_sessions(analyzer.take_ended(), outlet);
                if told.is_break() || outlet.offer(Feed::Progress(progress)).is_break() || outlet.stopped() {
                    break;
                }
            }
        }
        let (bytes, total) = frames.progress();
        let Report { capture, sessions, findings } = analyzer.report(frames.sources());
        if send_sessions(sessions, outlet).is_continue() {
            let progress = Progress { bytes, total, packets, time, finished: true };
            let _ = outlet.send(Feed::Progress(progress));
            let _ = outlet.send(Feed::Finished { capture: Box::new(capture), findings });
        }
    }
}

fn send_sessions(mut sessions: Vec<crate::report::Session>, outlet: &Outlet) -> ControlFlow<()> {
    while !sessions.is_empty() {
        let rest = sessions.split_off(sessions.len().min(BATCH));
        outlet.send(Feed::Sessions(sessions))?;
        sessions = rest;
    }
    ControlFlow::Continue(())
}

/// Writes the packets of chosen sessions, by reading the captures again.
struct FileSaver {
    files: Vec<PathBuf>,
    limits: Limits,
}

impl tui::Saver for FileSaver {
    fn save(&self, request: &SaveRequest) -> Result<String, String> {
        let limits = &self.limits;
        let mut frames = capture::open(&self.files, limits).map_err(|error| error.to_string())?;
        let mut decoder = Decoder::new(limits);
        let path = request.path.display().to_string();
        let failed = |error: &io::Error| format!("can't write {}: {}", Printable(&path), plain(error));
        let part = part_of(&request.path);
        let file = File::create_new(&part).map_err(|error| failed(&error))?;
        let mut writer = PcapngWriter::new(BufWriter::new(file)).map_err(|error| failed(&error))?;
        let mut written = 0_u64;
        while let Some(frame) = frames.next() {
            let number = frame.packet.frame;
            let wanted = match decoder.decode(&frame) {
                Decoded::Segment(segment) => request.flows.iter().any(|flow| {
                    (flow.frames.first..=flow.frames.last).contains(&number)
                        && ((segment.source == flow.a && segment.destination == flow.b)
                            || (segment.source == flow.b && segment.destination == flow.a))
                }),
                Decoded::Other | Decoded::Ignored(_) | Decoded::Fragment => false,
            };
            if wanted {
                writer.packet(&frame, None).map_err(|error| failed(&error))?;
                written = written.saturating_add(1);
            }
        }
        let mut out = writer.finish().map_err(|error| failed(&error))?;
        out.flush().map_err(|error| failed(&error))?;
        std::fs::rename(&part, &request.path).map_err(|error| failed(&error))?;
        Ok(format!("{written} packets of {} sessions", request.sessions.len()))
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".part{}", std::process::id()));
    path.with_file_name(name)
}

/// Writes reports of chosen sessions.
struct FileExporter;

impl tui::Exporter for FileExporter {
    fn formats(&self) -> &[&'static str] {
        &["json", "jsonl", "text"]
    }

    fn export(&self, request: &ExportRequest<'_>) -> Result<String, String> {
        let format = match request.format {
            "jsonl" => Format::Jsonl,
            "text" => Format::Text(Look::default()),
            _ => Format::Json { pretty: false },
        };
        let report = Report {
            capture: request.capture.cloned().unwrap_or_default(),
            sessions: request.sessions.iter().map(|&session| session.clone()).collect(),
            findings: request.findings.to_vec(),
        };
        let written = Output::open(&Target::File(request.path.to_owned())).and_then(|mut output| {
            output.write(|sink| export::write(&report, format, sink))?;
            output.finish()
        });
        match written {
            Ok(()) => Ok(format!("{} sessions", report.sessions.len())),
            Err(Failure::Said { message, .. }) => Err(message),
            Err(Failure::ReaderGone | Failure::Interrupted) => Err("nobody reads".into()),
        }
    }
}
