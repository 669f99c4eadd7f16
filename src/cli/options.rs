//! Validated command-line options.

use std::env;
use std::fs::File;
use std::path::PathBuf;

use clap::CommandFactory as _;

use super::args::{
    AnalysisArgs, Args, CaptureArgs, Command, FormatArg, GeneralArgs, InMemory, LimitArgs, LiveArgs,
    LiveOutputArgs, OutputArgs, ReportArgs, SeverityArg, TuiArgs,
};
use super::exit::Failure;
use super::extract::{ExtractJob, understand as understand_extract};
use super::live::{LiveJob, WatchJob, understand_capture, understand_live, understand_watch};
use super::look::look;
use super::values::ThresholdSetting;
use crate::analyzer;
use crate::base::Limits;
use crate::export::{self, Look, Setting, Settings, Shown};
use crate::filter::{self, Filter};
use crate::report::{Severity, Thresholds};

/// What to do.
pub(super) enum Job {
    /// Read captures and write a report.
    Report(ReportJob),
    /// Read captures and show them.
    Show(ReportJob),
    /// Save what was transferred.
    Extract(Box<ExtractJob>),
    /// Capture.
    Live(Box<LiveJob>),
    /// Capture and show it.
    Watch(Box<WatchJob>),
    /// List interfaces, as JSON or for people.
    Interfaces {
        /// As JSON.
        json: bool,
    },
    /// Explain a code, or list all.
    Explain(Option<String>, Thresholds),
    /// Print a table of these limits.
    Limits(Limits),
    /// Print the configuration.
    #[cfg(feature = "tui")]
    Config,
    /// List the fields of filters.
    Fields,
    /// Print the report's schema.
    Schema,
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
}

/// Everything about one report.
pub(super) struct ReportJob {
    /// Files in order.
    pub(super) files: Vec<PathBuf>,
    /// TLS key log.
    pub(super) keylog: Option<KeyLogFile>,
    /// How to analyze; the key log is not read yet.
    pub(super) analyzer: analyzer::Options,
    /// How to write.
    pub(super) format: FormatArg,
    /// The format's settings.
    pub(super) settings: Settings,
    /// Where to.
    pub(super) target: Target,
    /// Which sessions to report; already checked.
    pub(super) filter: Option<String>,
    /// The least severity that makes the run fail.
    pub(super) fail_on: Option<Severity>,
    /// What the terminal interface may take for finished sessions, in bytes of memory.
    #[cfg(feature = "tui")]
    pub(super) screen_memory: usize,
    /// Directory for temporary files; the system's by default.
    pub(super) temp_dir: Option<PathBuf>,
}

/// Where TLS keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyLogFile {
    /// Named on the command line: it must exist.
    Asked(PathBuf),
    /// Named by SSLKEYLOGFILE, which is meant for other programs too: it need not exist.
    Environment(PathBuf),
}

impl KeyLogFile {
    pub(super) fn find(asked: Option<PathBuf>) -> Option<Self> {
        let environment = || env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty());
        asked.map(Self::Asked).or_else(|| environment().map(|path| Self::Environment(path.into())))
    }

    /// The file that is read while it grows, as long as a capture runs.
    pub(super) fn for_capture(self) -> Option<PathBuf> {
        match self {
            Self::Asked(path) => Some(path),
            Self::Environment(path) => Some(path).filter(|path| path.is_file() && File::open(path).is_ok()),
        }
    }
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// Validates what was typed.
pub(super) fn understand(args: Args, stdout_is_terminal: bool) -> Result<(Job, GeneralArgs), Failure> {
    let Args { command, report, capture, list_interfaces, general } = args;
    reject_capture(command.as_ref(), &capture)?;
    if command.is_none() {
        reject_misspelt_command(report.input.files.first())?;
    }
    let own_limits = command.as_ref().and_then(limits_of);
    if own_limits.into_iter().chain([&report.analysis.limits]).any(LimitArgs::asks_for_help) {
        let limits = own_limits.cloned().unwrap_or_default().or(report.analysis.limits);
        return Ok((Job::Limits(limits.limits(InMemory::OneSession)), general));
    }
    let job = if list_interfaces {
        Job::Interfaces { json: report.output.json }
    } else {
        match command {
            None if !capture.interfaces.is_empty()
                && stdout_is_terminal
                && !report.output.is_given()
                && !capture.writes_lines() =>
            {
                Job::Watch(Box::new(understand_watch(capture, report, &general)?))
            }
            None if !capture.interfaces.is_empty() => {
                Job::Live(Box::new(understand_capture(capture, report, &general)?))
            }
            None if stdout_is_terminal && !report.output.is_given() => {
                Job::Show(report_job(report, &export::Text, InMemory::WholeReport, &general)?)
            }
            None => Job::Report(report_job(report, &export::Text, InMemory::OneSession, &general)?),
            Some(Command::Tui(own)) => tui(*own, capture, report, &general)?,
            Some(Command::Analyze(own)) => {
                Job::Report(report_job(own.or(report), &export::Text, InMemory::OneSession, &general)?)
            }
            Some(Command::Export(own)) => {
                Job::Report(report_job(own.or(report), &export::Json, InMemory::OneSession, &general)?)
            }
            Some(Command::Extract(mut own)) => {
                let inner = ReportArgs { input: own.input, analysis: own.analysis, ..ReportArgs::default() };
                ReportArgs { input: own.input, analysis: own.analysis, .. } = inner.or(report);
                Job::Extract(Box::new(understand_extract(*own)?))
            }
            Some(Command::Live(own)) => {
                let args = live_args(*own, capture, report)?;
                Job::Live(Box::new(understand_live(args, &general)?))
            }
            Some(Command::Interfaces { json }) => Job::Interfaces { json },
            Some(Command::Explain { code }) => Job::Explain(code, thresholds(&report.analysis.thresholds)),
            Some(Command::Limits(own)) => {
                Job::Limits(own.or(report.analysis.limits).limits(InMemory::OneSession))
            }
            #[cfg(feature = "tui")]
            Some(Command::Config) => Job::Config,
            Some(Command::Fields) => Job::Fields,
            Some(Command::Schema) => Job::Schema,
            Some(Command::Completions { shell }) => Job::Completions(shell),
            Some(Command::Man) => Job::Man,
        }
    };
    Ok((job, general))
}

/// What is typed first, is no file and almost a command was meant to be one.
fn reject_misspelt_command(first: Option<&PathBuf>) -> Result<(), Failure> {
    let Some(first) = first.filter(|first| !first.exists()) else { return Ok(()) };
    let name = first.to_string_lossy();
    let commands = Args::command();
    let near = commands.get_subcommands().find(|command| filter::distance(command.get_name(), &name) <= 2);
    match near {
        Some(near) => Err(Failure::usage(format!(
            "{name}: there is no such file or command; did you mean 'ftpscope {}'?",
            near.get_name()
        ))),
        None => Ok(()),
    }
}

/// The limits set behind the command.
const fn limits_of(command: &Command) -> Option<&LimitArgs> {
    match command {
        Command::Tui(own) => Some(&own.report.analysis.limits),
        Command::Analyze(own) | Command::Export(own) => Some(&own.analysis.limits),
        Command::Extract(own) => Some(&own.analysis.limits),
        Command::Live(own) => Some(&own.analysis.limits),
        Command::Limits(own) => Some(own),
        #[cfg(feature = "tui")]
        Command::Config => None,
        Command::Interfaces { .. }
        | Command::Explain { .. }
        | Command::Fields
        | Command::Schema
        | Command::Completions { .. }
        | Command::Man => None,
    }
}

/// `ftpscope tui`.
fn tui(
    own: TuiArgs,
    capture: CaptureArgs,
    report: ReportArgs,
    general: &GeneralArgs,
) -> Result<Job, Failure> {
    if own.report.output.is_given() || report.output.is_given() {
        return Err(Failure::usage("the terminal interface does not write a report; use 'ftpscope export'"));
    }
    let (capture, report) = (own.capture.or(capture), own.report.or(report));
    if capture.interfaces.is_empty() {
        reject_capture(None, &capture)?;
        return Ok(Job::Show(report_job(report, &export::Text, InMemory::WholeReport, general)?));
    }
    if capture.writes_lines() {
        return Err(Failure::usage("-l, -t and -w - are for 'ftpscope live', which writes lines"));
    }
    Ok(Job::Watch(Box::new(understand_watch(capture, report, general)?)))
}

fn report_job(
    args: ReportArgs,
    default_format: FormatArg,
    in_memory: InMemory,
    general: &GeneralArgs,
) -> Result<ReportJob, Failure> {
    let ReportArgs { input, analysis, mut output } = args;
    let mut files = input.read_files;
    files.extend(input.files);
    if files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("'-' (standard input) can be read only once"));
    }
    check_filter(analysis.filter.as_deref())?;
    let target = match output.output.take() {
        Some(path) if path.as_os_str() != "-" => Target::File(path),
        _ => Target::Stdout,
    };
    let shown = output.shown();
    let look = Look { shown, is_selection: analysis.filter.is_some(), ..look(&target, general) };
    let (format, settings) = format(&output, default_format, look)?;
    Ok(ReportJob {
        files,
        filter: analysis.filter.clone(),
        keylog: KeyLogFile::find(input.keylog),
        #[cfg(feature = "tui")]
        screen_memory: analysis.limits.for_sessions(),
        temp_dir: analysis.limits.temp_dir.clone(),
        analyzer: analyzer_options(analysis, in_memory),
        format,
        settings,
        target,
        fail_on: output.fail_on.map(severity),
    })
}

/// Checks a display filter; the error points at what is wrong.
pub(super) fn check_filter(filter: Option<&str>) -> Result<(), Failure> {
    match filter.map(|filter| (filter, Filter::parse(filter))) {
        Some((filter, Err(error))) => {
            Err(Failure::usage(format!("filter: {}\n{}", error.message, error.pointer(filter))))
        }
        _ => Ok(()),
    }
}

/// The default thresholds, changed by these settings.
fn thresholds(settings: &[ThresholdSetting]) -> Thresholds {
    let mut thresholds = Thresholds::default();
    for setting in settings {
        setting.threshold.set(&mut thresholds, setting.value);
    }
    thresholds
}

/// How to analyze; the key log is not read yet.
pub(super) fn analyzer_options(analysis: AnalysisArgs, in_memory: InMemory) -> analyzer::Options {
    let standard = analyzer::Options::default();
    let mut control_ports = analysis.control_ports;
    control_ports.extend(analysis.decode_as.iter().map(|rule| rule.port));
    analyzer::Options {
        limits: analysis.limits.limits(in_memory),
        time_wait: analysis.time_wait.map_or(standard.time_wait, |duration| duration.0),
        thresholds: thresholds(&analysis.thresholds),
        predict_window: analysis.predict_window.map_or(standard.predict_window, |duration| duration.0),
        hash: !analysis.no_hash,
        show_passwords: analysis.show_passwords,
        control_ports: standard.control_ports.iter().copied().chain(control_ports).collect(),
        ..standard
    }
}

/// The format with its settings; refuses options that it would ignore.
fn format(
    output: &OutputArgs,
    default_format: FormatArg,
    look: Look,
) -> Result<(FormatArg, Settings), Failure> {
    let format = if output.json { &export::Json } else { output.format.unwrap_or(default_format) };
    for (is_given, setting, why) in [
        (output.pretty, Setting::Pretty, "--pretty is for JSON (-T json)"),
        (output.what.is_some(), Setting::What, "--what chooses a table, so it needs -T csv, tsv or jsonl"),
        (output.csv_raw, Setting::Raw, "--csv-raw is for CSV (-T csv)"),
        (
            output.shown() != Shown::Fitting,
            Setting::Shown,
            "--all, --problems and --summary are for text (-T text)",
        ),
    ] {
        if is_given && !format.heeds().contains(&setting) {
            return Err(Failure::usage(why));
        }
    }
    let what = output.what.unwrap_or_default();
    Ok((format, Settings { look, pretty: output.pretty, what, raw: output.csv_raw }))
}

/// Refuses capture options for a command that does not capture.
fn reject_capture(command: Option<&Command>, capture: &CaptureArgs) -> Result<(), Failure> {
    let captures = match command {
        Some(Command::Live(_)) => true,
        None | Some(Command::Tui(_)) => !capture.interfaces.is_empty(),
        Some(_) => false,
    };
    let given = if capture.interfaces.is_empty() { capture.needs_live() } else { Some("-i") };
    match given {
        Some(option) if !captures => Err(Failure::usage(format!(
            "{option} works only with live capture: 'ftpscope -i INTERFACE' or 'ftpscope live'"
        ))),
        _ => Ok(()),
    }
}

/// The arguments of `live`, completed by those in front of it.
fn live_args(own: LiveArgs, capture: CaptureArgs, report: ReportArgs) -> Result<LiveArgs, Failure> {
    let LiveArgs { capture: own_capture, input, analysis, output } = own;
    if report.output.format.is_some() || report.output.json || report.output.pretty {
        return Err(Failure::usage("put the format of a live capture after 'live'"));
    }
    let of_report = ReportArgs { input, analysis, output: OutputArgs::default() }.or(report);
    let OutputArgs { output: outer_output, fail_on, .. } = of_report.output;
    Ok(LiveArgs {
        capture: own_capture.or(capture),
        input: of_report.input,
        analysis: of_report.analysis,
        output: LiveOutputArgs {
            format: output.format,
            output: output.output.or(outer_output),
            extract: output.extract,
            fail_on: output.fail_on.or(fail_on),
        },
    })
}

pub(super) const fn severity(name: SeverityArg) -> Severity {
    match name {
        SeverityArg::Info => Severity::Info,
        SeverityArg::Notice => Severity::Notice,
        SeverityArg::Warning => Severity::Warning,
        SeverityArg::Alert => Severity::Alert,
    }
}
