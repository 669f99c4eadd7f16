//! Effects are performed: the only place that copies, saves, exports or starts a program.

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

use super::data::Data;
use super::effect::{Effect, ExportRequest, Exporter, Saver};
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
    exporter: Option<Box<dyn Exporter>>,
    stop: Arc<AtomicBool>,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    running: usize,
}

impl Performer {
    pub(super) fn new(
        files: Vec<PathBuf>,
        saver: Option<Arc<dyn Saver>>,
        exporter: Option<Box<dyn Exporter>>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let (sender, receiver) = channel();
        Self { files, saver, exporter, stop, sender, receiver, running: 0 }
    }

    /// What has come of effects that took long.
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
            Effect::Save(request) => match &self.saver {
                None => Some(Err("packets can't be saved here: there is no file to read again".into())),
                Some(saver) => {
                    let (saver, sender) = (Arc::clone(saver), self.sender.clone());
                    thread::Builder::new().name("save".into()).spawn(move || {
                        let saved = panic::catch_unwind(AssertUnwindSafe(|| saver.save(&request)));
                        let saved = saved.unwrap_or_else(|panic| {
                            Err(format!("saving ended unexpectedly: {}", reason(&*panic)))
                        });
                        // Nobody listens any more only after the interface has ended.
                        _ = sender.send(saved);
                    })?;
                    self.running += 1;
                    None
                }
            },
            Effect::Export { format, path, sessions } => Some(self.export(&format, &path, &sessions, data)),
            Effect::Mouse(on) => {
                screen.set_mouse(on)?;
                None
            }
            Effect::Stop => {
                self.stop.store(true, Ordering::Relaxed);
                None
            }
            Effect::Redraw => {
                screen.terminal.clear()?;
                None
            }
            Effect::Suspend => {
                screen.suspend()?;
                None
            }
        })
    }

    fn export(&self, format: &str, path: &Path, sessions: &[u32], data: &Data) -> Done {
        let Some(exporter) = &self.exporter else {
            return Err("this build exports nothing from here".into());
        };
        if !exporter.formats().contains(&format) {
            return Err(format!("export: '{format}' is none of {}", exporter.formats().join(", ")));
        }
        let mut indexes = sessions.to_vec();
        indexes.sort_by_key(|&index| data.number(index));
        exporter.export(&ExportRequest {
            format,
            path,
            capture: data.capture(),
            sessions: indexes.iter().filter_map(|&index| data.session(index)).collect(),
            findings: data.findings(),
        })
    }

    /// Opens Wireshark where that can be, else puts the command on the clipboard.
    fn wireshark(&self, frame: u64, filter: &str) -> io::Result<Done> {
        let [file] = self.files.as_slice() else {
            execute!(io::stdout(), CopyToClipboard::to_clipboard_from(filter))?;
            return Ok(Ok(format!("not one file: copied the filter, {filter}")));
        };
        let shown = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
        if shown {
            let mut command = Command::new("wireshark");
            command.arg("-r").arg(file);
            if frame > 0 {
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
