//! Arguments of a live capture as they were typed.

use std::path::PathBuf;
use std::str::FromStr;
use std::time;

use clap::{ValueEnum, ValueHint};

use super::{AnalysisArgs, InputArgs, SeverityArg};
use crate::cli::values::{Duration, Size};
use crate::live::Clock;

const EXAMPLES: &str = "\
Examples:
  sudo ftpscope live -i eth0
  sudo ftpscope live -i eth0 -i eth1 -w ftp.pcapng -b filesize:100000 -b files:10
  sudo ftpscope live -i eth0 -T jsonl -o sessions.jsonl    # reopened on SIGHUP
  ssh host sudo tcpdump -U -w - tcp | ftpscope live -r -";

/// `ftpscope live`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct LiveArgs {
    /// Capture.
    #[command(flatten)]
    pub capture: CaptureArgs,
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Analysis.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
    /// Output.
    #[command(flatten)]
    pub output: LiveOutputArgs,
}

/// How to capture.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Capture")]
pub struct CaptureArgs {
    /// Interface to capture on: a name, a number from -D, or 'any'; may be repeated
    #[arg(short = 'i', long = "interface", value_name = "INTERFACE")]
    pub interfaces: Vec<String>,
    /// Capture filter in libpcap's syntax. Don't use port 21 alone: data connections use other ports
    #[arg(short = 'f', long, value_name = "BPF")]
    pub capture_filter: Option<String>,
    /// Update the capture filter as negotiations are seen, so that the kernel passes only control connections
    /// and announced data connections
    #[arg(long)]
    pub learn_ports: bool,
    /// Save packets to FILE as pcapng, or as pcap if its name ends in .pcap; '-' is standard output
    #[arg(short = 'w', long = "write", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,
    /// Start a new file after filesize:KB or duration:SECS; keep the last files:N; may be repeated
    #[arg(short = 'b', long, value_name = "COND", requires = "write")]
    pub ring_buffer: Vec<RingBuffer>,
    /// Stop after N packets
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub packet_count: Option<u64>,
    /// Stop after duration:SECS, packets:N, sessions:N or filesize:KB (of the saved file); may be repeated
    #[arg(short = 'a', long, value_name = "COND")]
    pub autostop: Vec<Autostop>,
    /// In the terminal interface, keep only the last N finished sessions [default: as many as fit into half of
    /// --max-memory]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// In the terminal interface, keep the last SIZE bytes of packets in memory (on top of --max-memory), so
    /// that packets of selected sessions can be saved (key w) without -w
    #[arg(long, value_name = "SIZE")]
    pub keep_packets: Option<Size>,
    /// Bytes to capture of each packet; 0 means all [default: 0]
    #[arg(short = 's', long, value_name = "BYTES")]
    pub snapshot_length: Option<u32>,
    /// Do not put the interface into promiscuous mode
    #[arg(short = 'p', long)]
    pub no_promiscuous_mode: bool,
    /// Kernel buffer per interface [default: 16]
    #[arg(short = 'B', long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..=2047))]
    pub buffer_size: Option<u32>,
    /// Deliver packets immediately (uses more CPU)
    #[arg(long)]
    pub immediate_mode: bool,
    /// When started as root, switch to USER once the interfaces are open [default: the user who called sudo]
    #[arg(short = 'Z', long, value_name = "USER")]
    pub relinquish_privileges: Option<String>,
    /// Flush after every line, even into a pipe
    #[arg(short = 'l', long)]
    pub line_buffered: bool,
    /// Time format: a, ad (local), u, ud (UTC), e (epoch), r (since the first packet), d (since the previous
    /// line) [default: a]
    #[arg(short = 't', long, value_name = "FORMAT")]
    pub time_format: Option<Clock>,
    /// Print addresses as numbers: always the case, accepted out of habit
    #[arg(short = 'n', hide = true)]
    pub numeric: bool,
}

/// Output of a live capture.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct LiveOutputArgs {
    /// Output format
    #[arg(short = 'T', long, value_name = "FORMAT")]
    pub format: Option<LiveFormatArg>,
    /// Append to PATH instead of writing to standard output; reopened on SIGHUP
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Save the transferred files in DIR, with a manifest
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub extract: Option<PathBuf>,
    /// Exit with status 4 if any finding has at least this severity
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
}

/// Output format of a live capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LiveFormatArg {
    /// One line per event
    #[value(alias = "text")]
    Events,
    /// One JSON object per event, then a closing line
    EventsJsonl,
    /// One JSON object per session as soon as it ends, then a closing line
    Jsonl,
}

impl CaptureArgs {
    /// These, completed by `outer`: the options in front of the command.
    #[must_use]
    pub fn or(self, outer: Self) -> Self {
        let mut interfaces = outer.interfaces;
        interfaces.extend(self.interfaces);
        let mut ring_buffer = outer.ring_buffer;
        ring_buffer.extend(self.ring_buffer);
        let mut autostop = outer.autostop;
        autostop.extend(self.autostop);
        Self {
            interfaces,
            capture_filter: self.capture_filter.or(outer.capture_filter),
            learn_ports: self.learn_ports || outer.learn_ports,
            write: self.write.or(outer.write),
            ring_buffer,
            packet_count: self.packet_count.or(outer.packet_count),
            autostop,
            keep: self.keep.or(outer.keep),
            keep_packets: self.keep_packets.or(outer.keep_packets),
            snapshot_length: self.snapshot_length.or(outer.snapshot_length),
            no_promiscuous_mode: self.no_promiscuous_mode || outer.no_promiscuous_mode,
            buffer_size: self.buffer_size.or(outer.buffer_size),
            immediate_mode: self.immediate_mode || outer.immediate_mode,
            relinquish_privileges: self.relinquish_privileges.or(outer.relinquish_privileges),
            line_buffered: self.line_buffered || outer.line_buffered,
            time_format: self.time_format.or(outer.time_format),
            numeric: self.numeric || outer.numeric,
        }
    }

    /// Whether any option applies only to output in lines, or to packets on standard output.
    pub fn writes_lines(&self) -> bool {
        self.line_buffered
            || self.time_format.is_some()
            || self.write.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// The first given option that needs an interface.
    pub fn needs_interface(&self) -> Option<&'static str> {
        [
            (self.capture_filter.is_some(), "-f"),
            (self.learn_ports, "--learn-ports"),
            (self.keep.is_some(), "--keep"),
            (self.keep_packets.is_some(), "--keep-packets"),
            (self.snapshot_length.is_some(), "-s"),
            (self.no_promiscuous_mode, "-p"),
            (self.buffer_size.is_some(), "-B"),
            (self.immediate_mode, "--immediate-mode"),
            (self.relinquish_privileges.is_some(), "-Z"),
        ]
        .into_iter()
        .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// The first given option that works only with live capture.
    pub fn needs_live(&self) -> Option<&'static str> {
        let others = [
            (self.write.is_some(), "-w"),
            (self.packet_count.is_some(), "-c"),
            (!self.autostop.is_empty(), "-a"),
            (self.line_buffered, "-l"),
            (self.time_format.is_some(), "-t"),
        ];
        self.needs_interface()
            .or_else(|| others.into_iter().find_map(|(is_given, name)| is_given.then_some(name)))
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autostop {
    /// After so long.
    Duration(time::Duration),
    /// After so many bytes saved.
    Bytes(u64),
    /// After so many packets.
    Packets(u64),
    /// After so many sessions.
    Sessions(u64),
}

impl FromStr for Autostop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' is not a condition; use duration:SECS, packets:N, sessions:N or filesize:KB")
        };
        match text.split_once(':').ok_or_else(wrong)? {
            ("duration", value) => Ok(Self::Duration(duration(value)?)),
            ("filesize", value) => Ok(Self::Bytes(kilobytes(value)?)),
            ("packets", value) => Ok(Self::Packets(count(value)?)),
            ("sessions", value) => Ok(Self::Sessions(count(value)?)),
            _ => Err(wrong()),
        }
    }
}

/// When to start a new file, and how many to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingBuffer {
    /// After so long, by the packets' times.
    Duration(time::Duration),
    /// After so many bytes.
    Bytes(u64),
    /// So many files are kept.
    Files(u32),
}

impl FromStr for RingBuffer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a condition; use filesize:KB, duration:SECS or files:N");
        match text.split_once(':').ok_or_else(wrong)? {
            ("duration", value) => Ok(Self::Duration(duration(value)?)),
            ("filesize", value) => Ok(Self::Bytes(kilobytes(value)?)),
            ("files", value) => {
                let files = u32::try_from(count(value)?);
                Ok(Self::Files(files.map_err(|_too_large| format!("'{value}' is too many files"))?))
            }
            _ => Err(wrong()),
        }
    }
}

fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("'{text}' is not a number greater than 0")),
    }
}

fn kilobytes(text: &str) -> Result<u64, String> {
    Ok(count(text)?.saturating_mul(1000))
}

fn duration(text: &str) -> Result<time::Duration, String> {
    let Duration(delta) = text.parse()?;
    match u64::try_from(delta.nanos()) {
        Ok(nanos) if nanos > 0 => Ok(time::Duration::from_nanos(nanos)),
        _ => Err("the duration must be greater than 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_a_name_and_a_number() {
        let seconds = time::Duration::from_secs;
        for (text, meant) in [
            ("duration:60", Autostop::Duration(seconds(60))),
            ("duration:2m", Autostop::Duration(seconds(120))),
            ("packets:5", Autostop::Packets(5)),
            ("sessions:1", Autostop::Sessions(1)),
            ("filesize:3", Autostop::Bytes(3000)),
        ] {
            assert_eq!(text.parse(), Ok(meant), "{text}");
        }
        for (text, meant) in [
            ("duration:60", RingBuffer::Duration(seconds(60))),
            ("filesize:100000", RingBuffer::Bytes(100_000_000)),
            ("files:10", RingBuffer::Files(10)),
        ] {
            assert_eq!(text.parse(), Ok(meant), "{text}");
        }
        for wrong in [
            "",
            "duration",
            "duration:",
            "duration:0",
            "packets:0",
            "packets:-1",
            "size:4",
            "files:99999999999",
        ] {
            assert!(wrong.parse::<Autostop>().is_err(), "{wrong}");
            assert!(wrong.parse::<RingBuffer>().is_err(), "{wrong}");
        }
    }
}
