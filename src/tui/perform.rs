//! Effects are performed: the only place that copies, saves, exports or starts a program.

use crate::base::FrameNumber;
use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::{panic, thread};

use ratatui::crossterm::clipboard::CopyToClipboard;
use ratatui::crossterm::execute;

use super::chosen::Chosen;
use super::data::Data;
use super::effect::{Effect, ExportRequest, Exporter, SaveRequest, Saver};
use super::evidence;
use super::terminal::Screen;

/// What came of an effect: a word to the user.
type Done = Result<String, String>;

/// What a thread that panicked had to say.
pub(super) fn reason(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason is known")
}

/// Performs effects; those that take long on a thread of their own.
pub(super) struct Performer {
    files: Vec<PathBuf>,
    saver: Option<Arc<dyn Saver>>,
    exporter: Option<Arc<dyn Exporter>>,
    stop: Arc<AtomicBool>,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    running: usize,
}

impl Performer {
    pub(super) fn new(
        files: Vec<PathBuf>,
        saver: Option<Arc<dyn Saver>>,
        exporter: Option<Arc<dyn Exporter>>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let (sender, receiver) = channel();
        Self { files, saver, exporter, stop, sender, receiver, running: 0 }
    }

    /// Results of effects that took long.
    pub(super) fn finished(&mut self) -> Vec<Done> {
        let done: Vec<Done> = self.receiver.try_iter().collect();
        self.running = self.running.saturating_sub(done.len());
        done
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// Performs an effect; what came of it, where that is known at once and worth a word.
    pub(super) fn perform(
        &mut self,
        effect: Effect,
        screen: &mut Screen,
        data: &Data,
    ) -> io::Result<Option<Done>> {
        Ok(match effect {
            Effect::Quit { .. } => None,
            Effect::Copy(text) => {
                execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))?;
                None
            }
            Effect::Wireshark { frame, filter } => Some(self.wireshark(frame, &filter)?),
            Effect::Save { path, sessions, replace } => {
                self.save(home(path), data.chosen(&sessions), replace)?.err().map(Err)
            }
            Effect::Export { format, table, path, sessions, replace } => {
                let mut indexes = sessions;
                indexes.sort_by_key(|&index| data.number(index));
                let request = ExportRequest {
                    format,
                    table,
                    path: home(path),
                    capture: data.capture().cloned(),
                    sessions: data.chosen(&indexes),
                    findings: data.findings().to_vec(),
                };
                self.export(request, replace)?.err().map(Err)
            }
            Effect::Mouse(on) => {
                screen.set_mouse(on)?;
                None
            }
            Effect::Stop => {
                self.stop.store(true, Ordering::Relaxed);
                None
            }
            Effect::Redraw => {
                screen.redraw()?;
                None
            }
            Effect::Suspend => {
                screen.suspend()?;
                None
            }
        })
    }

    fn save(&mut self, path: PathBuf, sessions: Chosen, replace: bool) -> io::Result<Result<(), String>> {
        let Some(saver) = &self.saver else {
            let why = "packets are not kept here: start with --keep-packets 256M, or with -w FILE";
            return Ok(Err(why.into()));
        };
        if let Err(why) = may_write(&path, replace, "w") {
            return Ok(Err(why));
        }
        let saver = Arc::clone(saver);
        self.elsewhere("saving", move || {
            let flows = evidence::flows_of(&sessions).map_err(|error| error.to_string())?;
            saver.save(&SaveRequest { path, flows, sessions: sessions.uids().collect(), replace })
        })?;
        Ok(Ok(()))
    }

    fn export(&mut self, request: ExportRequest, replace: bool) -> io::Result<Result<(), String>> {
        let Some(exporter) = &self.exporter else {
            return Ok(Err("this build exports nothing from here".into()));
        };
        let formats = exporter.formats();
        if !formats.contains(&request.format.as_str()) {
            return Ok(Err(format!("export: '{}' is none of {}", request.format, formats.join(", "))));
        }
        if let Err(why) = may_write(&request.path, replace, "export") {
            return Ok(Err(why));
        }
        let exporter = Arc::clone(exporter);
        self.elsewhere("export", move || exporter.export(&request))?;
        Ok(Ok(()))
    }

    /// Does what takes long on a thread of its own.
    fn elsewhere(&mut self, name: &str, work: impl FnOnce() -> Done + Send + 'static) -> io::Result<()> {
        let sender = self.sender.clone();
        let what = name.to_owned();
        thread::Builder::new().name(name.into()).spawn(move || {
            let done = panic::catch_unwind(AssertUnwindSafe(work));
            let done =
                done.unwrap_or_else(|panic| Err(format!("{what} ended unexpectedly: {}", reason(&*panic))));
            // The receiver is gone only after the interface has ended.
            _ = sender.send(done);
        })?;
        self.running += 1;
        Ok(())
    }

    /// Waits for all that is still being done.
    pub(super) fn wait(&mut self) -> Vec<Done> {
        let done: Vec<Done> = self.receiver.iter().take(self.running).collect();
        self.running = 0;
        done
    }

    /// Opens Wireshark where that can be, else puts the command on the clipboard.
    fn wireshark(&self, frame: FrameNumber, filter: &str) -> io::Result<Done> {
        let [file] = self.files.as_slice() else {
            execute!(io::stdout(), CopyToClipboard::to_clipboard_from(filter))?;
            return Ok(Ok(format!("not one file: copied the filter, {filter}")));
        };
        let shown = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
        if shown {
            let mut command = Command::new("wireshark");
            command.arg("-r").arg(file);
            if frame > FrameNumber::NONE {
                command.args(["-g", &frame.to_string()]);
            }
            command.args(["-Y", filter]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Ok(mut child) = command.spawn() {
                // Waited for elsewhere, so that it leaves no zombie.
                thread::Builder::new().name("wireshark".into()).spawn(move || child.wait())?;
                return Ok(Ok(format!("Wireshark opens at frame {frame}")));
            }
        }
        let command = evidence::wireshark_command(&file.to_string_lossy(), frame, filter);
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(&command))?;
        Ok(Ok(format!("no Wireshark here: copied {command}")))
    }
}

/// A path as a shell would take it: `~/` is the user's own directory.
fn home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// Whether nothing is lost when a file is written, or the user wants it so.
fn may_write(path: &Path, replace: bool, command: &str) -> Result<(), String> {
    // A device or a pipe can only be written to.
    if replace || !path.is_file() {
        return Ok(());
    }
    Err(format!("{} is there already: ':{command}! …' replaces it", path.display()))
}
