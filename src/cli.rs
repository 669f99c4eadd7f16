//! The command line.
//!
//! In come arguments; out go a report or a page of text to standard output or a file, messages to standard
//! error, and an exit status.
//!
//! **Invariant:** decides what is to be done and leaves the doing to lower floors.

pub mod args;
#[cfg(feature = "tui")]
mod config;
mod exit;
mod extract;
mod interrupts;
mod live;
mod look;
mod manual;
mod options;
mod output;
mod progress;
mod read;
#[cfg(feature = "tui")]
mod screen;
#[cfg(not(feature = "tui"))]
#[path = "cli/no_screen.rs"]
mod screen;
pub mod values;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory as _, Parser as _};

use args::{Args, GeneralArgs};
use exit::{ExitStatus, Failure};
use options::{Job, ReportJob, Target, understand};
use output::Output;
use progress::Progress;

use crate::base::{Printable, is_unprintable};
use crate::diagnose;
use crate::filter;
use crate::report::Code;

/// Runs the program with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too. If even this can't be printed, nothing is left to do.
            let _ = if is_harmless(&error) { error.print() } else { print_harmless(&error) };
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done }.into();
        }
    };
    let quiet = args.general.quiet;
    match understand(args, cfg!(feature = "tui") && io::stdout().is_terminal())
        .and_then(|(job, general)| act(job, &general))
    {
        Ok(status) => status.into(),
        Err(Failure::ReaderGone) => ExitStatus::Done.into(),
        Err(Failure::Interrupted) => ExitStatus::Interrupted.into(),
        Err(Failure::Said { message, status }) => {
            if quiet < 2 {
                say(&message);
            }
            status.into()
        }
    }
}

/// Whether an error can be shown as it is. It repeats arguments, among them file names that a shell's `*` put
/// there.
fn is_harmless(error: &clap::Error) -> bool {
    !error.render().to_string().contains(|character| is_unprintable(character) && character != '\n')
}

/// Prints an error with its arguments escaped, without colours.
fn print_harmless(error: &clap::Error) -> io::Result<()> {
    let text = error.render().to_string();
    text.lines().try_for_each(|line| writeln!(io::stderr(), "{}", Printable(line)))
}

/// Says something about the run on standard error.
fn say(message: &str) {
    // If standard error is closed, there is nowhere to report it.
    let _ = writeln!(io::stderr(), "ftpscope: {message}");
}

fn act(job: Job, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    match job {
        Job::Report(job) => report(job, general),
        Job::Extract(job) => extract::run(*job, general),
        Job::Live(job) => live::run(*job, general),
        Job::Watch(job) => screen::watch(*job, general),
        Job::Interfaces { json } => {
            let page = live::list(json)?;
            print(|out| out.write_all(&page))
        }
        Job::Show(mut job) => {
            read::take_keys(job.keylog.as_ref(), &mut job.analyzer)?;
            screen::show(job, general)
        }
        Job::Explain(None, _) => print(list_codes),
        Job::Explain(Some(name), thresholds) if name.eq_ignore_ascii_case("thresholds") => {
            print(|out| out.write_all(diagnose::list_thresholds(&thresholds).as_bytes()))
        }
        Job::Explain(Some(name), thresholds) => {
            let code = Code::from_name(&name.to_ascii_lowercase()).ok_or_else(|| {
                Failure::usage(format!("unknown finding code {name:?}; 'ftpscope explain' lists all codes"))
            })?;
            print(|out| out.write_all(diagnose::explain(code).page(&thresholds).as_bytes()))
        }
        Job::Limits(limits) => print(|out| out.write_all(limits.table().as_bytes())),
        #[cfg(feature = "tui")]
        Job::Config => {
            let page = config::Config::read(general.config.as_deref())?.text();
            print(|out| out.write_all(page.as_bytes()))
        }
        Job::Fields => print(list_fields),
        Job::Schema => print(|out| out.write_all(crate::export::JSON_SCHEMA.as_bytes())),
        Job::Completions(shell) => print(|out| {
            let mut out = out;
            clap_complete::generate(shell, &mut Args::command(), "ftpscope", &mut out);
            Ok(())
        }),
        Job::Man => print(manual::write),
    }
}

fn report(job: ReportJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    let fail_on = job.fail_on;
    let begun = Instant::now();
    let outcome = read::run(job, &mut Progress::new(general.progress), &mut |line| {
        if general.verbose > 0 {
            say(line);
        }
    })?;
    if general.quiet == 0 {
        for warning in &outcome.warnings {
            say(&format!("warning: {warning}"));
        }
        if let Some(count) = outcome.all_left_out {
            say(&nothing_passed(count, outcome.warnings.is_empty()));
        }
    }
    if general.verbose > 0 {
        say(&format!("{} packets in {:.3} s", outcome.packets, begun.elapsed().as_secs_f64()));
    }
    Ok(match outcome {
        read::Outcome { worst: Some(worst), .. } if fail_on.is_some_and(|least| worst >= least) => {
            ExitStatus::Found
        }
        read::Outcome { warnings, .. } if !warnings.is_empty() => ExitStatus::Partial,
        _ => ExitStatus::Done,
    })
}

/// Why a filter left nothing.
fn nothing_passed(count: u64, is_complete: bool) -> String {
    let sessions = match count {
        1 => "the only session does not pass the filter".to_owned(),
        _ => format!("none of {count} sessions passes the filter"),
    };
    let why = if is_complete { "nothing else was left out" } else { "limits or damage took others" };
    format!("note: {sessions}; {why}")
}

/// Prints a page of text.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<ExitStatus, Failure> {
    let mut page = Vec::new();
    let mut output = Output::open(&Target::Stdout)?;
    output.write(|sink| {
        write(&mut page)?;
        sink.write_all(&page)
    })?;
    output.finish()?;
    Ok(ExitStatus::Done)
}

/// All fields of filters, with an example each.
fn list_fields(out: &mut dyn Write) -> io::Result<()> {
    for field in filter::fields() {
        writeln!(out, "{:40} {} ({})", field.example, field.meaning, field.values)?;
        if !field.words.is_empty() {
            writeln!(out, "{:40}   {}", "", field.words.join(", "))?;
        }
    }
    writeln!(out, "{:40} no field: looked for in all text, addresses, paths and hashes", "bob")
}

/// All codes of findings, with what each means.
fn list_codes(out: &mut dyn Write) -> io::Result<()> {
    for &code in Code::ALL {
        let explanation = diagnose::explain(code);
        writeln!(out, "{code:27} {:8} {}", explanation.severity, explanation.means)?;
    }
    Ok(())
}
