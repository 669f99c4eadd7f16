//! Two network namespaces, one for clients and one for servers, and what runs in them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Addresses of the two ends, from the ranges for documentation.
pub(crate) const CLIENT: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
pub(crate) const SERVER: [&str; 2] = ["192.0.2.2", "2001:db8::2"];
/// The server's end of the cable.
pub(crate) const CABLE: &str = "cable";

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two namespaces with a cable between them.
pub(crate) struct Lab {
    name: String,
    directory: TempDir,
    children: Vec<Child>,
}

impl Lab {
    /// Makes the namespaces, if these tools are there to be used in them.
    pub(crate) fn with(tools: &[&str]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !ftpscope::capture::live::IS_BUILT {
            return lacking("this build can't capture: libpcap was not there");
        }
        for tool in tools.iter().chain(&["ip"]) {
            if !is_there(tool) {
                return lacking(&format!("{tool} is not installed"));
            }
        }
        let name = format!("fs{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let lab = Self { name, directory: tempfile::tempdir().unwrap(), children: Vec::new() };
        let (client, server) = (lab.client(), lab.server());
        for namespace in [&client, &server] {
            if !ip(&["netns", "add", namespace]) {
                return lacking("network namespaces can't be made here (not root, or not allowed to)");
            }
        }
        assert!(ip(&[
            "link", "add", CABLE, "netns", &client, "type", "veth", "peer", "name", CABLE, "netns", &server
        ]));
        for (namespace, [v4, v6]) in [(&client, CLIENT), (&server, SERVER)] {
            assert!(ip(&["-n", namespace, "addr", "add", &format!("{v4}/24"), "dev", CABLE]));
            assert!(ip(&["-n", namespace, "addr", "add", &format!("{v6}/64"), "dev", CABLE, "nodad"]));
            assert!(ip(&["-n", namespace, "link", "set", "lo", "up"]));
            assert!(ip(&["-n", namespace, "link", "set", CABLE, "up"]));
        }
        // The first IPv6 packets would otherwise wait for the cable to be noticed.
        lab.wait_for("the cable", || {
            lab.in_client("ping")
                .args(["-c1", "-W1", SERVER[1]])
                .output()
                .is_ok_and(|out| out.status.success())
                || !is_there("ping")
        });
        Some(lab)
    }

    pub(crate) fn client(&self) -> String {
        format!("{}c", self.name)
    }

    pub(crate) fn server(&self) -> String {
        format!("{}s", self.name)
    }

    /// A path in the scratch directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program to be run where the clients are.
    pub(crate) fn in_client(&self, program: &str) -> Command {
        self.within(&self.client(), program)
    }

    /// A program to be run where the servers are.
    pub(crate) fn in_server(&self, program: &str) -> Command {
        self.within(&self.server(), program)
    }

    fn within(&self, namespace: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, program]).current_dir(self.directory.path());
        // Nothing of the caller's may decide how programs behave.
        for variable in ["SUDO_UID", "SUDO_GID", "SSLKEYLOGFILE"] {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Starts a program that runs until the lab is closed.
    pub(crate) fn keep(&mut self, mut command: Command) {
        self.children.push(command.spawn().unwrap());
    }

    /// Starts ftpscope on the server's end of the cable, with further arguments, and waits until it listens.
    pub(crate) fn sniff(&self, arguments: &[&str]) -> Sniffer {
        let sniffer = self.start(
            self.in_server(env!("CARGO_BIN_EXE_ftpscope")),
            &[&["live", "-i", CABLE], arguments].concat(),
        );
        self.wait_for("ftpscope to listen", || sniffer.said().contains("listening on"));
        sniffer
    }

    /// Starts ftpscope by this command.
    pub(crate) fn start(&self, mut command: Command, arguments: &[&str]) -> Sniffer {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let [output, messages] = ["out", "err"].map(|end| self.path(&format!("sniffer-{number}.{end}")));
        let child = command
            .args(arguments)
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&messages).unwrap())
            .spawn()
            .unwrap();
        Sniffer { child, output, messages }
    }

    /// Waits until something is so.
    pub(crate) fn wait_for(&self, what: &str, is_so: impl FnMut() -> bool) {
        wait_for(what, is_so);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for namespace in [self.client(), self.server()] {
            let _ = Command::new("ip").args(["netns", "del", &namespace]).stderr(Stdio::null()).status();
        }
    }
}

/// ftpscope, capturing.
pub(crate) struct Sniffer {
    child: Child,
    output: PathBuf,
    messages: PathBuf,
}

impl Sniffer {
    /// What it wrote so far.
    pub(crate) fn wrote(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.messages).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for("ftpscope to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Ends it as Ctrl-C does, and expects that all is well.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGINT);
        let status = self.end();
        assert!(status.success(), "{status}: {}", self.said());
    }
}

impl Drop for Sniffer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a capture came to, in JSON.
pub(crate) struct Seen {
    pub(crate) sessions: Vec<Value>,
    pub(crate) closing: Value,
}

impl Seen {
    /// Reads JSON Lines; sessions come in order of their first packets.
    pub(crate) fn lines(text: &str) -> Self {
        let mut sessions: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let closing = sessions.pop().unwrap();
        sessions.sort_by_key(|session| session["frames"]["first"].as_u64());
        Self { sessions, closing }
    }

    /// Analyzes saved files.
    pub(crate) fn files(files: &[&Path]) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_ftpscope"))
            .args(["export", "-T", "json"])
            .args(files)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let sessions = report["sessions"].take();
        Self { sessions: sessions.as_array().unwrap().clone(), closing: report }
    }

    /// Holds one against the other, but for what a file can't know: where packets came from, and what was
    /// dropped; and for what a running capture can't: which files transfers belong to.
    pub(crate) fn assert_same(&self, other: &Self) {
        assert_eq!(without_files(&self.sessions), without_files(&other.sessions));
        assert_eq!(self.closing["findings"], other.closing["findings"]);
        for field in ["packets", "bytes", "first", "last", "ignored", "silent_connections", "limits"] {
            assert_eq!(self.closing["capture"][field], other.closing["capture"][field], "{field}");
        }
    }

    /// Transfers, as the tests' clients note them.
    pub(crate) fn transfers(&self) -> Vec<Moved> {
        let of = |session: &Value| {
            let channels = session["data_channels"].as_array().unwrap().clone();
            let transfers = session["transfers"].as_array().unwrap().clone();
            transfers
                .into_iter()
                .map(move |transfer| {
                    let channel = transfer["data_channel"]
                        .as_u64()
                        .and_then(|index| channels.get(usize::try_from(index).unwrap()));
                    Moved {
                        verb: transfer["verb"].as_str().unwrap().to_owned(),
                        mode: channel
                            .and_then(|channel| channel["mode"].as_str())
                            .unwrap_or("none")
                            .to_owned(),
                        bytes: transfer["bytes"].as_u64().unwrap(),
                        sha256: transfer["sha256"].as_str().unwrap_or("unknown").to_owned(),
                    }
                })
                .collect::<Vec<_>>()
        };
        let mut all: Vec<Moved> = self.sessions.iter().flat_map(of).collect();
        all.sort();
        all
    }

    /// How many findings of each kind there are.
    pub(crate) fn findings(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.sessions.iter().flat_map(|session| session["findings"].as_array().unwrap()) {
            *counts.entry(finding["code"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }
}

/// A transfer, as both ends know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moved {
    pub(crate) verb: String,
    pub(crate) mode: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A test can't run here: fine on a developer's machine, wrong in CI.
pub(crate) fn lacking<T>(what: &str) -> Option<T> {
    let is_ci =
        std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0");
    assert!(!is_ci, "live capture can't be tested here, and must be: {what}");
    // Past the test harness, which would swallow it.
    let _ = writeln!(std::io::stderr(), "live capture is not tested: {what}");
    None
}

/// Whether a program, or a Python module by the name `python3:MODULE`, is installed.
pub(crate) fn is_there(tool: &str) -> bool {
    if let Some(module) = tool.strip_prefix("python3:") {
        let import =
            Command::new("python3").args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        return import.is_ok_and(|status| status.success());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .any(|directory| directory.join(tool).exists())
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Sessions whose transfers don't say which file they belong to.
fn without_files(sessions: &[Value]) -> Vec<Value> {
    let mut sessions = sessions.to_vec();
    let transfers = sessions.iter_mut().filter_map(|session| session["transfers"].as_array_mut());
    for transfer in transfers.flatten() {
        transfer["file"] = Value::Null;
    }
    sessions
}
