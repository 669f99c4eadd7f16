//! Watches what happens while packets are read: each event as a line of JSON, then the state of each session
//! at its end.
//!
//! ```sh
//! cargo run --example watch_events -- samples/pasv-and-port.pcap
//! ```
//!
//! A running capture is watched in the same way: it is another source for the same pump.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;

use ftpscope::analyzer::{Event, Options};
use ftpscope::reading::{Observer, Pump, SessionObserver};
use ftpscope::report::Session;
use ftpscope::{capture, export};

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    run(&files, &mut io::stdout().lock())
}

pub(crate) fn run(files: &[PathBuf], out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let options = Options { events: true, ..Options::default() };
    let mut frames = capture::open(files, &options.limits)?;
    let closing = Pump::new(options).run(&mut frames, &mut Watcher { out: &mut *out })?;
    writeln!(out, "{} packets", closing.capture.packets)?;
    Ok(())
}

/// Prints every event.
struct Watcher<'o, W> {
    out: &'o mut W,
}

impl<W: Write> SessionObserver for Watcher<'_, W> {
    type Error = io::Error;

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        writeln!(self.out, "session {} had {} transfers", session.uid, session.transfers.len())
    }
}

impl<W: Write> Observer for Watcher<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        export::event_line(event, self.out)
    }
}
