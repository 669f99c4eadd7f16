//! Opens captures in the terminal interface.

use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::GeneralArgs;
use super::look::Surroundings;
use super::options::{ReportJob, Target};
use super::output::Output;
use super::read;
use super::verdict::{Failure, Verdict};
use crate::analyzer::{self, Analyzer};
use crate::base::Limits;
use crate::capture::{self, Frames, PcapngWriter};
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
    let source = FileSource { frames, options: job.analyzer };
    let options = tui::Options {
        settings: Settings { title, filter: job.filter.unwrap_or_default(), ..settings(general) },
        files: job.files.clone(),
        saver: Some(Arc::new(FileSaver { files: job.files })),
        exporter: Some(Box::new(FileExporter)),
    };
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
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
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
}

impl tui::Saver for FileSaver {
    fn save(&self, request: &SaveRequest) -> Result<String, String> {
        let limits = Limits::default();
        let mut frames = capture::open(&self.files, &limits).map_err(|error| error.to_string())?;
        let mut decoder = Decoder::new(&limits);
        let mut written = 0_u64;
        let target = Target::File(request.path.clone());
        let done = Output::open_beside(&target, &self.files).and_then(|mut output| {
            output.write(|sink| {
                let mut writer = PcapngWriter::new(BufWriter::new(sink))?;
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
                        writer.packet(&frame, None)?;
                        written = written.saturating_add(1);
                    }
                }
                writer.finish()?.flush()
            })?;
            output.finish()
        });
        told(done)?;
        Ok(format!("{written} packets of {} sessions", request.sessions.len()))
    }
}

/// What the interface says of a failure.
fn told(done: Result<(), Failure>) -> Result<(), String> {
    done.map_err(|failure| match failure {
        Failure::Said { message, .. } => message,
        Failure::ReaderGone | Failure::Interrupted => "nobody reads".to_owned(),
    })
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
        told(written)?;
        Ok(format!("{} sessions", report.sessions.len()))
    }
}
