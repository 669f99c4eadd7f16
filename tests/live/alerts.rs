//! Findings at once: how long after the packet, or the silence, that proves them they are told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{CABLE, Lab, Seen, wait_for};
use crate::server::succeed;

/// A server that does what the argument of each command says, in no order of its own.
const SERVER_SIDE: &str = r"
import socket, sys, threading, time
def serve(control):
    lines = control.makefile('r', newline='\r\n')
    say = lambda line: control.sendall((line + '\r\n').encode())
    say('220 ready')
    data = None
    for line in lines:
        verb, _, argument = line.strip().partition(' ')
        if verb == 'PASS' and argument == 'wrong': say('530 Login incorrect.')
        elif verb == 'PASS': say('230 in')
        elif verb == 'USER': say('331 password')
        elif verb == 'SLOW': time.sleep(5.2); say('200 at last')
        elif verb == 'PASV': say('227 Entering Passive Mode (%s).' % argument)
        elif verb == 'EPSV':
            data = socket.create_server(('0.0.0.0', 50000))
            say('229 Entering Extended Passive Mode (|||50000|)')
        elif verb == 'PORT': say('200 PORT command successful.')
        elif verb == 'RETR' and argument == 'missing': say('550 No such file.')
        elif verb == 'RETR' and argument == 'denied': say('425 Can not open data connection.')
        elif verb == 'RETR':
            taken, _ = data.accept()
            say('150 here it comes')
            taken.sendall(b'x' * 1000)
            time.sleep(7)
            taken.close(); data.close()
            say('226 done')
        elif verb == 'IDLE': say('421 Timeout.'); control.close(); return
        else: say('200 ok')
listener = socket.create_server(('192.0.2.2', 21))
while True:
    control, peer = listener.accept()
    threading.Thread(target=serve, args=(control,), daemon=True).start()
";

/// A client that brings about one kind of finding after the other, and says which one when.
const CLIENT_SIDE: &str = r"
import socket, time
class Session:
    def __init__(self):
        self.control = socket.create_connection(('192.0.2.2', 21))
        self.lines = self.control.makefile('r', newline='\r\n')
        self.lines.readline()
    def say(self, line):
        self.control.sendall((line + '\r\n').encode())
        return self.lines.readline()
    def log_in(self):
        self.say('USER alice'); return self.say('PASS secret')
def told(code): print(code, flush=True)
def connect(port, host, patience):
    one = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET); one.settimeout(patience)
    try: one.connect((host, port))
    except OSError: pass
    return one
one = Session(); one.log_in(); told('cleartext-credentials')
one.say('RETR missing'); told('transfer-failed')
one.say('PORT 192,0,2,99,0,25'); told('bounce-attempt'); told('privileged-port')
two = Session(); two.say('USER bob'); two.say('PASS wrong'); told('login-rejected')
for _ in range(3): two.say('USER bob'); two.say('PASS wrong')
two.say('USER bob'); two.say('PASS other'); two.say('USER carol'); two.say('PASS wrong'); told('brute-force')
three = Session(); three.log_in(); three.say('PASV 192,0,2,2,195,90')
connect(50010, '192.0.2.2', 1); told('data-refused')
four = Session(); four.log_in(); four.say('SLOW'); told('slow-reply')
five = Session(); five.log_in(); five.say('PASV 192,0,2,77,195,80')
connect(50000, '192.0.2.77', 0.5); five.say('RETR denied'); told('address-mismatch')
connect(21, '2001:db8::2', 1); told('control-refused')
began = time.time(); lost = socket.socket(); lost.setblocking(False)
try: lost.connect(('192.0.2.77', 21))
except BlockingIOError: pass
time.sleep(max(0, began + 3 - time.time())); told('control-unanswered')
six = Session(); six.log_in(); six.say('EPSV')
data = connect(50000, '192.0.2.2', 1)
six.control.sendall(b'RETR stands-still\r\n'); six.lines.readline()
data.recv(1000); time.sleep(5); told('transfer-stalled')
time.sleep(2.5); six.lines.readline()
six.control.sendall(b'IDLE\r\n'); six.lines.readline(); told('session-timeout')
";

/// How much later each may be told.
const AT_ONCE: Duration = Duration::from_secs(1);

/// When an event with this name tells of this kind of finding, as far as it was written.
fn tells(wrote: &str, event: &str, code: &str) -> bool {
    let events = wrote.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.into_iter().any(|it| it["event"] == event && it["finding"]["code"] == code)
}

#[test]
fn each_kind_of_alert_is_told_within_a_second_of_what_proves_it() {
    let Some(mut lab) = Lab::with(&["python3"]) else { return };
    // Somebody at this address takes packets, and never answers.
    succeed(lab.in_client("ip").args([
        "neigh",
        "add",
        "192.0.2.77",
        "lladdr",
        "02:00:00:00:00:77",
        "dev",
        CABLE,
    ]));
    let mut server = lab.in_server("python3");
    server.args(["-c", SERVER_SIDE]);
    lab.keep(server);
    let probe = || {
        lab.in_client("python3")
            .args(["-c", "import socket; socket.create_connection(('192.0.2.2', 21))"])
            .stderr(Stdio::null())
            .status()
    };
    wait_for("the server", || probe().is_ok_and(|status| status.success()));
    let file = lab.path("all.pcapng");
    let mut sniffer = lab.sniff(&["-T", "events-jsonl", "-l", "-w", file.to_str().unwrap()]);
    let mut client =
        lab.in_client("python3").args(["-c", CLIENT_SIDE]).stdout(Stdio::piped()).spawn().unwrap();
    let mut delays = BTreeMap::new();
    for code in BufReader::new(client.stdout.take().unwrap()).lines() {
        let (code, proven) = (code.unwrap(), Instant::now());
        wait_for(&code, || tells(&sniffer.wrote(), "found", &code));
        delays.insert(code, proven.elapsed());
    }
    assert!(client.wait().unwrap().success());
    assert_eq!(delays.len(), 13, "{delays:?}");
    assert!(delays.values().all(|delay| *delay < AT_ONCE), "{delays:?}");
    sniffer.stop();
    assert_same_in_the_end(&sniffer.wrote(), &Seen::files(&[&file]));
}

/// What was found and not withdrawn is what the file says.
fn assert_same_in_the_end(wrote: &str, file: &Seen) {
    let events: Vec<Value> = wrote.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut codes: BTreeMap<String, i64> = BTreeMap::new();
    for event in &events {
        let code = event["finding"]["code"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("found") => *codes.entry(code).or_default() += 1,
            Some("withdrawn") => *codes.entry(code).or_default() -= 1,
            _ => {}
        }
    }
    codes.retain(|_, count| *count != 0);
    let of_sessions = file.sessions.iter().flat_map(|session| session["findings"].as_array().unwrap());
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for finding in of_sessions.chain(file.closing["findings"].as_array().unwrap()) {
        *expected.entry(finding["code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(codes, expected);
}
