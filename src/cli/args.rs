//! Command-line arguments as they were typed.

mod capture;
mod extract;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};

use super::exit::EXIT_STATUSES;
use super::values::{DecodeAs, Duration, LimitSetting, Size, ThresholdSetting, max_memory};
use crate::base::Limits;
use crate::export::{self, Shown, What};
#[cfg(feature = "tui")]
use crate::tui::ThemeName;

pub use capture::{Autostop, CaptureArgs, LiveArgs, LiveFormatArg, LiveOutputArgs, RingBuffer};
pub use extract::{ExtractArgs, ExtractionArgs};

/// Examples for the help and the manual page.
pub(super) const EXAMPLES: [(&str, &str); 7] = [
    ("ftpscope capture.pcap", "open a capture in the terminal interface"),
    ("ssh host sudo tcpdump -U -w - tcp | ftpscope analyze -", "report on a capture made on another machine"),
    ("sudo ftpscope live -i eth0", "follow sessions as they happen"),
    ("ftpscope analyze --fail-on warning capture.pcap", "exit with status 4 if something went wrong"),
    (
        "ftpscope export -T csv --what transfers -o files.csv capture.pcap.zst",
        "list the transfers, for a spreadsheet",
    ),
    ("ftpscope extract -o files capture.pcap", "save the files that were transferred"),
    ("ftpscope explain data-unanswered", "read what a finding means"),
];

fn after_help() -> String {
    let examples = EXAMPLES.map(|(command, purpose)| format!("  {command}\n      {purpose}\n")).concat();
    let statuses = EXIT_STATUSES.map(|(status, meaning)| format!("  {status:<3}  {meaning}\n")).concat();
    format!("Examples:\n{examples}\nExit status:\n{statuses}")
}

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "ftpscope",
    version,
    about = "Reads packets and explains FTP",
    long_about = "Reads packets and explains FTP: follows every control connection, predicts the data connection \
                  that each negotiation announces, links it to what actually happens, and says what went wrong.\n\n\
                  Given files or an interface but no command, opens the terminal interface if standard output is a \
                  terminal, and prints a report otherwise.",
    after_help = after_help(),
    max_term_width = 100
)]
pub struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to read and how to report it, without a command or in front of one.
    #[command(flatten)]
    pub report: ReportArgs,
    /// How to capture, without a command or in front of one.
    #[command(flatten)]
    pub capture: CaptureArgs,
    /// List the capture interfaces and exit
    #[arg(short = 'D', long)]
    pub list_interfaces: bool,
    /// Options of every command.
    #[command(flatten)]
    pub general: GeneralArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open capture files or an interface in the terminal interface
    Tui(Box<TuiArgs>),
    /// Print a report of the sessions
    Analyze(ReportArgs),
    /// Export sessions, commands, transfers or findings for other programs (JSON unless -T says otherwise)
    Export(ReportArgs),
    /// Save the transferred files, with a manifest
    Extract(Box<ExtractArgs>),
    /// Capture and print events or sessions as they happen
    Live(Box<LiveArgs>),
    /// List the capture interfaces
    Interfaces {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Explain a finding code: what it means, how it is detected, what to do
    Explain {
        /// The code as shown in a report, or 'thresholds'; lists all codes if omitted
        code: Option<String>,
    },
    /// List the limits: what each caps, how much memory it can cost, and why
    Limits(LimitArgs),
    /// Print the configuration of the terminal interface: theme, times, keys
    #[cfg(feature = "tui")]
    Config,
    /// List the fields of filters (-Y): what each is, and an example
    Fields,
    /// Print the JSON Schema of the report
    Schema,
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// `ftpscope tui`.
#[derive(Debug, Default, clap::Args)]
pub struct TuiArgs {
    /// What to read.
    #[command(flatten)]
    pub report: ReportArgs,
    /// How to capture.
    #[command(flatten)]
    pub capture: CaptureArgs,
}

/// What to read and how to report it.
#[derive(Debug, Default, clap::Args)]
pub struct ReportArgs {
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Analysis.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
    /// Output.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Where packets come from.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Capture files (pcap or pcapng, optionally compressed with gzip, zstd or lz4); '-' is standard input.
    /// Several files are merged by time
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Capture file, same as FILE; may be repeated
    #[arg(short, long = "read-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub read_files: Vec<PathBuf>,
    /// TLS key log for decrypting FTPS [env: SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub keylog: Option<PathBuf>,
}

/// How packets are read.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Analysis")]
pub struct AnalysisArgs {
    /// Length of TIME_WAIT (2 MSL) [default: 60s]
    #[arg(long, value_name = "DURATION")]
    pub time_wait: Option<Duration>,
    /// Set a threshold for findings, e.g. stall=10s; may be repeated (see 'ftpscope explain thresholds')
    #[arg(long = "threshold", value_name = "NAME=VALUE")]
    pub thresholds: Vec<ThresholdSetting>,
    /// How long to wait for an expected data connection [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub predict_window: Option<Duration>,
    /// Additional control port; may be repeated. FTP on other ports is recognised if its start was captured
    #[arg(long = "control-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub control_ports: Vec<u16>,
    /// Additional control port in tshark's syntax: tcp.port==2121,ftp
    #[arg(short, long, value_name = "RULE")]
    pub decode_as: Vec<DecodeAs>,
    /// Display filter for sessions, in Wireshark's syntax: sess.mode == PORT && ip.addr == 10.1.0.0/16
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Do not compute SHA-256 digests of transferred content
    #[arg(long)]
    pub no_hash: bool,
    /// Show passwords and account names (PASS, ACCT)
    #[arg(long)]
    pub show_passwords: bool,
    /// Limits on memory.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// How much of a report is in memory at a time; limits are chosen by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InMemory {
    /// One session at a time: each is written as it ends.
    OneSession,
    /// All of it, in half of the budget.
    WholeReport,
}

/// Limits on memory.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Memory budget; all limits scale with it [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = max_memory)]
    pub max_memory: Option<Size>,
    /// Directory for the temporary file that holds finished sessions when memory runs short [default: the
    /// system's]
    #[arg(long, value_name = "DIR")]
    pub temp_dir: Option<PathBuf>,
    /// Set a single limit, e.g. sessions=50000 or line-length=4K; may be repeated (see 'ftpscope limits')
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub settings: Vec<LimitSetting>,
}

/// Where the report goes and what it looks like.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Output format
    #[arg(short = 'T', long, value_name = "FORMAT", value_parser = format())]
    pub format: Option<FormatArg>,
    /// Same as -T json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Indent JSON
    #[arg(long)]
    pub pretty: bool,
    /// Table to write as csv or tsv [default: sessions]
    #[arg(long, value_name = "TABLE", value_parser = table())]
    pub what: Option<What>,
    /// Do not neutralise formulas in CSV cells. For programs only: a spreadsheet would evaluate cells like
    /// =1+1
    #[arg(long)]
    pub csv_raw: bool,
    /// Write all sessions, however many there are (text; on a terminal more than 50 are left out)
    #[arg(long, conflicts_with_all = ["problems", "summary"])]
    pub all: bool,
    /// Write only the sessions with a warning or worse (text)
    #[arg(long, conflicts_with = "summary")]
    pub problems: bool,
    /// Write no session, only what is said of all of them (text)
    #[arg(long)]
    pub summary: bool,
    /// Write to PATH instead of standard output; the file is replaced atomically
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Exit with status 4 if any finding has at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "General")]
pub struct GeneralArgs {
    /// Use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Theme of the terminal interface: dark, light, cb-safe or mono
    #[cfg(feature = "tui")]
    #[arg(long, global = true, value_name = "NAME", value_parser = theme)]
    pub theme: Option<ThemeName>,
    /// Configuration of the terminal interface ('ftpscope config' prints it) [default:
    /// ~/.config/ftpscope/config.toml]
    #[cfg(feature = "tui")]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Do not capture the mouse
    #[cfg(feature = "tui")]
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// Show a progress bar on standard error
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub progress: When,
    /// Suppress warnings; given twice, errors too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub quiet: u8,
    /// Print more details on standard error
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[cfg(feature = "tui")]
fn theme(name: &str) -> Result<ThemeName, String> {
    ThemeName::parse(name).ok_or_else(|| "use dark, light, cb-safe or mono".to_owned())
}

/// When to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// If the output is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A format by its name.
pub type FormatArg = &'static dyn export::Format;

/// Understands the name of a format; the help lists them all.
fn format() -> impl TypedValueParser<Value = FormatArg> {
    let known = export::FORMATS.iter().map(|format| PossibleValue::new(format.name()).help(format.help()));
    PossibleValuesParser::new(known).try_map(|name| export::format_named(&name).ok_or("unknown format"))
}

/// Understands the name of a table of the report; the help lists them all.
fn table() -> impl TypedValueParser<Value = What> {
    let known = What::ALL.iter().map(|what| PossibleValue::new(what.name()).help(what.help()));
    PossibleValuesParser::new(known).try_map(|name| name.parse::<What>())
}

/// A severity by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// Worth knowing
    Info,
    /// Worth a look
    Notice,
    /// Something went wrong
    Warning,
    /// Possible attack
    Alert,
}

impl ReportArgs {
    /// These, completed by `outer`: the options in front of the command.
    #[must_use]
    pub fn or(self, outer: Self) -> Self {
        let both = |mut first: Vec<PathBuf>, second: Vec<PathBuf>| {
            first.extend(second);
            first
        };
        Self {
            input: InputArgs {
                files: both(outer.input.files, self.input.files),
                read_files: both(outer.input.read_files, self.input.read_files),
                keylog: self.input.keylog.or(outer.input.keylog),
            },
            analysis: self.analysis.or(outer.analysis),
            output: OutputArgs {
                json: self.output.json || (outer.output.json && self.output.format.is_none()),
                format: self.output.format.or(outer.output.format),
                pretty: self.output.pretty || outer.output.pretty,
                what: self.output.what.or(outer.output.what),
                csv_raw: self.output.csv_raw || outer.output.csv_raw,
                all: self.output.all || outer.output.all,
                problems: self.output.problems || outer.output.problems,
                summary: self.output.summary || outer.output.summary,
                output: self.output.output.or(outer.output.output),
                fail_on: self.output.fail_on.or(outer.output.fail_on),
            },
        }
    }
}

impl AnalysisArgs {
    /// These, completed by `outer`.
    #[must_use]
    pub fn or(mut self, outer: Self) -> Self {
        self.control_ports.extend(outer.control_ports);
        self.decode_as.extend(outer.decode_as);
        // What is set last counts: the setting nearest to the command.
        let thresholds = outer.thresholds.into_iter().chain(self.thresholds).collect();
        Self {
            time_wait: self.time_wait.or(outer.time_wait),
            thresholds,
            predict_window: self.predict_window.or(outer.predict_window),
            control_ports: self.control_ports,
            decode_as: self.decode_as,
            filter: self.filter.or(outer.filter),
            no_hash: self.no_hash || outer.no_hash,
            show_passwords: self.show_passwords || outer.show_passwords,
            limits: self.limits.or(outer.limits),
        }
    }
}

impl LimitArgs {
    /// These, completed by `outer`.
    #[must_use]
    pub fn or(self, outer: Self) -> Self {
        let mut settings = outer.settings;
        settings.extend(self.settings);
        Self {
            max_memory: self.max_memory.or(outer.max_memory),
            temp_dir: self.temp_dir.or(outer.temp_dir),
            settings,
        }
    }

    /// Whether this is `--limit help`, which lists the limits.
    pub fn asks_for_help(&self) -> bool {
        self.settings.contains(&LimitSetting::Help)
    }

    /// The memory budget, in bytes.
    fn budget(&self) -> usize {
        self.max_memory.map_or(Limits::DEFAULT_MEMORY, |size| size.bytes)
    }

    /// Bytes left for the rows of the terminal interface: measured, unlike the limits' worst cases.
    pub fn for_sessions(&self) -> usize {
        let budget = self.budget();
        budget.saturating_sub(Limits::within(budget / 2).worst_case()).max(budget / 8)
    }

    /// The limits for a report of which this much is in memory at a time.
    pub fn limits(&self, in_memory: InMemory) -> Limits {
        let budget = self.budget();
        let mut limits = match in_memory {
            InMemory::OneSession => Limits::within(budget),
            InMemory::WholeReport => Limits::within(budget / 2),
        };
        for setting in &self.settings {
            if let LimitSetting::Set { limit, value } = setting {
                limits.set(limit.name, *value);
            }
        }
        limits
    }
}

impl OutputArgs {
    /// Whether any option concerns a report, so that one is wanted.
    pub fn is_given(&self) -> bool {
        let Self { format, json, pretty, what, csv_raw, all, problems, summary, output, fail_on } = self;
        let flag = *json || *pretty || *csv_raw || *all || *problems || *summary;
        flag || format.is_some() || what.is_some() || output.is_some() || fail_on.is_some()
    }

    /// Which sessions are written out.
    pub const fn shown(&self) -> Shown {
        if self.all {
            Shown::All
        } else if self.problems {
            Shown::Problems
        } else if self.summary {
            Shown::Summary
        } else {
            Shown::Fitting
        }
    }
}
