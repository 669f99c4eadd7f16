//! Live captures, and the list of interfaces.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{
    Autostop, CaptureArgs, GeneralArgs, InMemory, LiveArgs, LiveFormatArg, LiveOutputArgs, RingBuffer,
};
use super::args::{OutputArgs, ReportArgs};
use super::exit::{ExitStatus, Failure, plain};
use super::look::Environment;
use super::options::{KeyLogFile, analyzer_options, check_filter, severity};
use super::read::limits_reached;
use super::say;
use crate::analyzer;
use crate::base::{Printable, TimeDelta};
use crate::capture::{Rotation, live as interfaces};
use crate::export;
use crate::filter::Filter;
use crate::live::{self, Clock, Feed, Form, Job, Target, Until};
use crate::report::Severity;
use crate::tls::KeyLog;

/// Everything about one capture.
pub(super) struct LiveJob {
    job: Job,
    fail_on: Option<Severity>,
    /// The command as it was given, for advice.
    command: Option<&'static str>,
}

/// `ftpscope live`.
pub(super) fn understand_live(args: LiveArgs, general: &GeneralArgs) -> Result<LiveJob, Failure> {
    let form = match args.output.format.unwrap_or(LiveFormatArg::Events) {
        LiveFormatArg::Events => events(&args.capture, general),
        LiveFormatArg::EventsJsonl => Form::EventsJson,
        LiveFormatArg::Jsonl => Form::Sessions,
    };
    let feed = feed(&args)?;
    if args.capture.keep.is_some() || args.capture.keep_packets.is_some() {
        return Err(Failure::usage(
            "--keep and --keep-packets are for the terminal interface: here sessions are written as they end, packets by -w",
        ));
    }
    let LiveArgs { capture, input, analysis, output } = args;
    let record = match capture.write {
        Some(path) => Some((path, rotation(&capture.ring_buffer)?)),
        None => None,
    };
    let writes_packets = record.as_ref().is_some_and(|(path, _)| path.as_os_str() == "-");
    if writes_packets && !capture.ring_buffer.is_empty() {
        return Err(Failure::usage("-b needs a file to write to, but -w - is standard output"));
    }
    let target = match output.output {
        Some(path) if path.as_os_str() != "-" => Target::File(path),
        _ if writes_packets => Target::Nowhere,
        _ => Target::Stdout,
    };
    let until = until(capture.packet_count, &capture.autostop);
    if until.bytes.is_some() && record.is_none() {
        return Err(Failure::usage("-a filesize needs -w: it limits the size of the saved file"));
    }
    check_filter(analysis.filter.as_deref())?;
    let filter = analysis.filter.as_deref().and_then(|filter| Filter::parse(filter).ok());
    if filter.is_some() && form != Form::Sessions {
        return Err(Failure::usage("-Y selects whole sessions, so it needs -T jsonl here"));
    }
    let record_file = record.as_ref().map(|(path, _)| path.as_path()).filter(|path| path.as_os_str() != "-");
    let output_file = match &target {
        Target::File(path) => Some(path.as_path()),
        Target::Stdout | Target::Nowhere => None,
    };
    let read: Vec<&Path> = match &feed {
        Feed::Files(files) => files.iter().map(PathBuf::as_path).collect(),
        Feed::Interfaces(_) => Vec::new(),
    };
    reject_collisions(record_file, output_file, &read)?;
    let mut analyzer = analyzer_options(analysis, InMemory::OneSession);
    analyzer.filter = filter.clone().map(Arc::new);
    if input.keylog.is_some() {
        // Given, though it may be empty yet.
        analyzer.key_log = Arc::new(KeyLog::parse(b""));
    }
    let job = Job {
        feed,
        filter,
        user: capture.relinquish_privileges,
        keys: KeyLogFile::find(input.keylog).and_then(KeyLogFile::for_capture),
        analyzer,
        form,
        target,
        line_buffered: capture.line_buffered,
        record,
        extract: output.extract,
        until,
        learn_ports: capture.learn_ports,
        is_verbose: general.verbose > 0,
    };
    Ok(LiveJob { job, fail_on: output.fail_on.map(severity), command: Some("live") })
}

/// Refuses to write to a file that is also read, or written to twice.
fn reject_collisions(record: Option<&Path>, output: Option<&Path>, read: &[&Path]) -> Result<(), Failure> {
    let is_same = |one: &Path, other: &Path| {
        one == other
            || fs::canonicalize(one)
                .ok()
                .filter(|one| one.is_file())
                .is_some_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
    };
    let shown = |path: &Path| Printable(&path.to_string_lossy()).to_string();
    if let (Some(record), Some(output)) = (record, output)
        && is_same(record, output)
    {
        return Err(Failure::usage(format!("-w and -o can't both write to {}", shown(record))));
    }
    for written in [record, output].into_iter().flatten() {
        if read.iter().any(|read| is_same(written, read)) {
            return Err(Failure::usage(format!(
                "{} is an input capture and can't be overwritten",
                shown(written)
            )));
        }
    }
    Ok(())
}

/// `ftpscope -i`, without a command.
pub(super) fn understand_capture(
    capture: CaptureArgs,
    report: ReportArgs,
    general: &GeneralArgs,
) -> Result<LiveJob, Failure> {
    let ReportArgs { input, analysis, output } = report;
    let OutputArgs { format, json, pretty, output, fail_on, .. } = output;
    let format = match format.map(export::Format::name) {
        None | Some("text") => LiveFormatArg::Events,
        Some("jsonl") => LiveFormatArg::Jsonl,
        Some(_) => {
            return Err(Failure::usage(
                "live capture writes text or jsonl; use -w to save the packets and export other formats later",
            ));
        }
    };
    if json || pretty {
        return Err(Failure::usage("live capture writes JSON as -T jsonl: one line per session as it ends"));
    }
    let output = LiveOutputArgs { format: Some(format), output, extract: None, fail_on };
    let job = understand_live(LiveArgs { capture, input, analysis, output }, general)?;
    Ok(LiveJob { command: None, ..job })
}

/// How much of a running capture is kept; the oldest sessions and packets go first.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "tui"), expect(dead_code, reason = "only the terminal interface reads it"))]
pub(super) struct Keep {
    /// At most this many finished sessions.
    pub(super) sessions: Option<usize>,
    /// At most as many as fit into this many bytes of memory.
    pub(super) memory: Option<usize>,
    /// Bytes of packets, so that they can be saved.
    pub(super) packets: Option<usize>,
}

/// A live capture in the terminal interface.
#[cfg_attr(not(feature = "tui"), expect(dead_code, reason = "only the terminal interface reads it"))]
pub(super) struct WatchJob {
    pub(super) job: Job,
    /// Which sessions to list at first; already checked.
    pub(super) filter: Option<String>,
    /// The interfaces' names.
    pub(super) name: String,
    /// Files with all packets in them.
    pub(super) saved: Vec<PathBuf>,
    /// Directory for temporary files; the system's by default.
    pub(super) temp_dir: Option<PathBuf>,
    /// How much is kept.
    pub(super) keep: Keep,
}

/// `ftpscope -i` on a terminal, and `ftpscope tui -i`.
pub(super) fn understand_watch(
    mut capture: CaptureArgs,
    report: ReportArgs,
    general: &GeneralArgs,
) -> Result<WatchJob, Failure> {
    let ReportArgs { input, mut analysis, output: _ } = report;
    let filter = analysis.filter.take();
    check_filter(filter.as_deref())?;
    let temp_dir = analysis.limits.temp_dir.clone();
    let keep = Keep {
        sessions: capture.keep.take().and_then(|keep| usize::try_from(keep).ok()),
        memory: Some(analysis.limits.for_sessions()),
        packets: capture.keep_packets.take().map(|size| size.bytes),
    };
    let limits = analysis.limits.limits(InMemory::WholeReport);
    let name = capture.interfaces.join(", ");
    // With rotation, only some of the packets are in the file at the end.
    let saved = capture.write.clone().filter(|_| capture.ring_buffer.is_empty());
    if capture.write.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("-w - would write packets to the terminal interface's own terminal"));
    }
    let args = LiveArgs { capture, input, analysis, output: LiveOutputArgs::default() };
    let LiveJob { job, .. } = understand_live(args, general)?;
    let analyzer = analyzer::Options { limits, ..job.analyzer };
    let job = Job { form: Form::Nothing, target: Target::Nowhere, analyzer, ..job };
    Ok(WatchJob { job, filter, name, saved: saved.into_iter().collect(), temp_dir, keep })
}

fn events(capture: &CaptureArgs, general: &GeneralArgs) -> Form {
    let clock = capture.time_format.unwrap_or(Clock::Local);
    Form::Events { clock, is_ascii: general.ascii || Environment::here().ascii() }
}

fn feed(args: &LiveArgs) -> Result<Feed, Failure> {
    let LiveArgs { capture, input, .. } = args;
    let files: Vec<PathBuf> = input.read_files.iter().chain(&input.files).cloned().collect();
    match (capture.interfaces.is_empty(), files.is_empty()) {
        (true, true) => Err(Failure::usage(
            "no interface named; try 'ftpscope live -i any' ('ftpscope -D' lists the interfaces), or 'live -r -' to read \
             what another program captures",
        )),
        (false, false) => Err(Failure::usage("-i and files can't be combined")),
        (true, false) => match capture.needs_interface() {
            Some(option) => Err(Failure::usage(format!("{option} needs an interface; add -i"))),
            None => Ok(Feed::Files(files)),
        },
        (false, true) => Ok(Feed::Interfaces(interfaces::Options {
            interfaces: capture.interfaces.clone(),
            filter: capture.capture_filter.clone(),
            snap_length: capture.snapshot_length.unwrap_or(0),
            promiscuous: !capture.no_promiscuous_mode,
            buffer: capture.buffer_size.unwrap_or(interfaces::DEFAULT_BUFFER),
            immediate: capture.immediate_mode,
        })),
    }
}

fn rotation(conditions: &[RingBuffer]) -> Result<Rotation, Failure> {
    let mut rotation = Rotation::default();
    for condition in conditions {
        match *condition {
            RingBuffer::Duration(duration) => {
                let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
                rotation.span = Some(TimeDelta::from_nanos(nanos));
            }
            RingBuffer::Bytes(bytes) => rotation.bytes = Some(bytes),
            RingBuffer::Files(files) => rotation.files = Some(files),
        }
    }
    if rotation.files.is_some() && !rotation.is_wanted() {
        return Err(Failure::usage("-b files:N needs -b filesize:KB or -b duration:SECS as well"));
    }
    Ok(rotation)
}

fn until(packets: Option<u64>, conditions: &[Autostop]) -> Until {
    let mut until = Until { packets, ..Until::default() };
    for condition in conditions {
        match *condition {
            Autostop::Duration(duration) => until.duration = Some(duration),
            Autostop::Bytes(bytes) => until.bytes = Some(bytes),
            Autostop::Packets(count) => {
                until.packets = Some(until.packets.map_or(count, |other| other.min(count)));
            }
            Autostop::Sessions(count) => until.sessions = Some(count),
        }
    }
    until
}

/// Captures until it ends.
pub(super) fn run(job: LiveJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    let LiveJob { job, fail_on, command } = job;
    let is_quiet = general.quiet > 0;
    let summary = live::run(job, &mut |message| {
        if !is_quiet {
            say(message);
        }
    })
    .map_err(|failure| explained(failure, command))?;
    let incomplete = limits_reached(&summary.limits, summary.limited);
    if !is_quiet {
        for warning in summary.damage.iter().chain(&incomplete) {
            say(&format!("warning: {warning}"));
        }
        // If standard error is closed, there is nowhere to report it.
        let _ = writeln!(io::stderr(), "{summary}");
    }
    Ok(if summary.worst.is_some_and(|worst| fail_on.is_some_and(|least| worst >= least)) {
        ExitStatus::Found
    } else if summary.extracted.as_ref().is_some_and(|extracted| extracted.full.is_some()) {
        ExitStatus::Impossible
    } else if summary.damage.is_empty()
        && summary.faults.is_empty()
        && incomplete.is_none()
        && summary.extracted.as_ref().is_none_or(|extracted| extracted.not_kept == 0)
    {
        ExitStatus::Done
    } else {
        ExitStatus::Partial
    })
}

/// Lists the interfaces.
pub(super) fn list(json: bool) -> Result<Vec<u8>, Failure> {
    let known = interfaces::interfaces().map_err(|error| explained(error.into(), None))?;
    let mut page = Vec::new();
    let written = if json {
        export::interfaces_json(&known, &mut page)
    } else {
        export::interfaces_text(&known, &mut page)
    };
    written.map_err(|error| Failure::writing("standard output", &error))?;
    Ok(page)
}

pub(super) fn explained(failure: live::Failure, command: Option<&'static str>) -> Failure {
    match failure {
        live::Failure::Write { target, source } => Failure::writing(target, &source),
        live::Failure::Interface(error @ interfaces::Error::Filter { .. }) => {
            Failure::usage(error.to_string())
        }
        live::Failure::Interface(error) => {
            let program = env::current_exe().and_then(|path| path.canonicalize());
            let program = program.unwrap_or_else(|_unknown| PathBuf::from("ftpscope"));
            let advice = live::advice(&error, &program, command).unwrap_or_default();
            Failure::impossible(format!("{error}\n{advice}").trim_end().to_owned())
        }
        live::Failure::Keys { path, source } => {
            Failure::impossible(format!("can't read the key log {}: {}", Printable(&path), plain(&source)))
        }
        live::Failure::Start(error) => Failure::impossible(format!("can't start: {}", plain(&error))),
        other => Failure::impossible(other.to_string()),
    }
}
