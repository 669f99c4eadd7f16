//! Real servers and clients under TLS: with the clients' key log every transfer is read, byte for byte, whether
//! data connections resume the TLS session of their control connection or not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::lab::{CABLE, Lab, Moved, SERVER, Seen};
use crate::server::{Shelf, await_server, moved, noise, succeed};

const SIZES: [usize; 3] = [0, 1000, 300_000];

/// Starts a server under TLS in the lab.
type Start = fn(&mut Lab, &Shelf);

const PYFTPDLIB: &str = r"
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer
users = DummyAuthorizer()
users.add_user('alice', 'secret', sys.argv[1], perm='elradfmwMT')
TLS_FTPHandler.authorizer = users
TLS_FTPHandler.certfile, TLS_FTPHandler.tls_control_required = sys.argv[2], True
FTPServer(('::', 21), TLS_FTPHandler).serve_forever()
";

/// Gets and stores with Python, as `ftplib` does, or resuming the session of the control connection.
const FTPLIB: &str = r"
import ftplib, io, ssl, sys
host, user, password, resumes, version, sizes = *sys.argv[1:6], sys.argv[6:]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
class Resuming(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session), size
kind = Resuming if resumes == 'yes' else ftplib.FTP_TLS
ftp = kind(host, user, password, context=context, timeout=20)
ftp.prot_p()
for size in sizes:
    got = io.BytesIO()
    ftp.retrbinary('RETR ' + size, got.write)
    assert len(got.getvalue()) == int(size)
    got.seek(0)
    ftp.storbinary('STOR in/python-' + size, got)
ftp.quit()
";

/// A certificate with its key in one file.
fn certificate(lab: &Lab) -> String {
    let (key, both) = (lab.path("key.pem"), lab.path("both.pem"));
    succeed(
        Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=ftp.example",
            ])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(lab.path("certificate.pem"))
            .stderr(Stdio::null()),
    );
    let parts = [fs::read(&key).unwrap(), fs::read(lab.path("certificate.pem")).unwrap()];
    fs::write(&both, parts.concat()).unwrap();
    both.to_str().unwrap().to_owned()
}

/// Starts pyftpdlib; its key log would be the clients' as well.
fn pyftpdlib(lab: &mut Lab, shelf: &Shelf) {
    let certificate = certificate(lab);
    let mut server = lab.in_server("python3");
    server.arg("-c").arg(PYFTPDLIB).arg(&shelf.root).arg(certificate).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

fn vsftpd(lab: &mut Lab, shelf: &Shelf) {
    let (certificate, settings, empty) = (certificate(lab), lab.path("vsftpd.conf"), lab.path("empty"));
    fs::create_dir_all(&empty).unwrap();
    let text = format!(
        "listen=NO\nlisten_ipv6=YES\nbackground=NO\nanonymous_enable=YES\nlocal_enable=NO\nwrite_enable=YES\n\
         anon_upload_enable=YES\nanon_other_write_enable=YES\nanon_umask=022\nno_anon_password=YES\nseccomp_sandbox=NO\n\
         ssl_enable=YES\nallow_anon_ssl=YES\nrequire_ssl_reuse=NO\nssl_ciphers=HIGH\nstrict_ssl_read_eof=NO\n\
         rsa_cert_file={certificate}\nrsa_private_key_file={certificate}\nanon_root={}\nsecure_chroot_dir={}\n",
        shelf.root.display(),
        empty.display()
    );
    fs::write(&settings, text).unwrap();
    let mut server = lab.in_server("vsftpd");
    server.arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

/// Where a server's programs were found: its modules lie beside them.
fn program(name: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| Path::new("/usr/sbin").join(name)).to_str().unwrap().to_owned()
}

fn proftpd(lab: &mut Lab, shelf: &Shelf) {
    let (certificate, settings, program) = (certificate(lab), lab.path("proftpd.conf"), program("proftpd"));
    let modules = program.replace("sbin/proftpd", "lib/proftpd");
    let text = format!(
        "ServerType standalone\nDefaultServer on\nUseIPv6 on\nPort 21\nUser nobody\nGroup nogroup\nPidFile {0}/pid\n\
         ScoreboardFile {0}/scores\nDelayEngine off\nWtmpLog off\nTransferLog none\nRequireValidShell off\n\
         ModulePath {modules}\nLoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\nTLSLog none\n\
         TLSProtocol TLSv1.2 TLSv1.3\nTLSOptions NoSessionReuseRequired\nTLSRSACertificateFile {certificate}\n\
         TLSRSACertificateKeyFile {certificate}\n<Anonymous {1}>\nUser nobody\nGroup nogroup\nUserAlias anonymous nobody\n\
         RequireValidShell off\nUseFtpUsers off\nAllowOverwrite on\n</Anonymous>\n",
        lab.path("").display(),
        shelf.root.display()
    );
    fs::write(&settings, text).unwrap();
    let mut server = lab.in_server(&program);
    server.args(["-n", "-c"]).arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

fn pure_ftpd(lab: &mut Lab, shelf: &Shelf) {
    let (certificate, program) = (certificate(lab), program("pure-ftpd"));
    fs::set_permissions(&certificate, PermissionsExt::from_mode(0o600)).unwrap();
    let (users, table) = (lab.path("users"), lab.path("users.pdb"));
    let hash = Command::new("openssl").args(["passwd", "-6", "secret"]).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let home = shelf.root.display();
    fs::write(&users, format!("alice:{}:65534:65534::{home}/./::::::::::::\n", hash.trim())).unwrap();
    succeed(
        Command::new(program.replace("sbin/pure-ftpd", "bin/pure-pw"))
            .arg("mkdb")
            .arg(&table)
            .arg("-f")
            .arg(&users),
    );
    let mut server = lab.in_server(&program);
    server.args(["-H", "-E", "-u", "1", "-Y", "2", "-2", &certificate, "-S", "21", "-l"]);
    server.arg(format!("puredb:{}", table.display())).stdout(Stdio::null()).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

/// Clients of a server: user and password, and where the keys go.
struct Clients<'l> {
    lab: &'l Lab,
    user: &'static str,
    password: &'static str,
}

impl Clients<'_> {
    fn command(&self, program: &str) -> Command {
        let mut command = self.lab.in_client(program);
        command.env("SSLKEYLOGFILE", self.lab.path("keys"));
        command
    }

    fn curl(&self, version: &str) -> Vec<Moved> {
        let mut all = Vec::new();
        for size in SIZES {
            let (got, put) = (self.lab.path("curl-got"), self.lab.path("curl-put"));
            let login = format!("{}:{}", self.user, self.password);
            let url = |path: String| format!("ftp://{}/{path}", SERVER[0]);
            let common =
                ["--silent", "--show-error", "--fail", "--insecure", "--ssl-reqd", "--max-time", "60"];
            fs::write(&put, noise(size)).unwrap();
            let curl = |url: String, moves: [&str; 2]| {
                let mut curl = self.command("curl");
                curl.args(common).args(["--user", &login, "--tls-max", version, &url]).args(moves);
                succeed(&mut curl);
            };
            curl(url(size.to_string()), ["--output", got.to_str().unwrap()]);
            curl(url(format!("in/curl-{size}")), ["--upload-file", put.to_str().unwrap()]);
            assert_eq!(fs::read(&got).unwrap_or_default(), noise(size));
            all.extend([moved("RETR", "EPSV", &put), moved("STOR", "EPSV", &put)]);
        }
        all
    }

    fn lftp(&self, version: &str) -> Vec<Moved> {
        let mut script = format!(
            "set net:max-retries 1; set net:timeout 20; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; \
             set ssl:verify-certificate no; set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS{version}; set ftp:use-mode-z no; \
             set xfer:clobber on; set ftp:prefer-epsv on; open -u {},{} ftp://{}; ",
            self.user, self.password, SERVER[0]
        );
        let mut all = Vec::new();
        // It does not open a data connection for nothing.
        for size in &SIZES[1..] {
            let local = self.lab.path(&format!("lftp-{size}"));
            script += &format!("get {size} -o {0}; put {0} -o in/lftp-{size}; ", local.display());
            fs::write(&local, noise(*size)).unwrap();
            all.extend([moved("RETR", "EPSV", &local), moved("STOR", "EPSV", &local)]);
            fs::remove_file(&local).unwrap();
        }
        succeed(self.command("lftp").args(["--norc", "-c", &script]));
        all
    }

    fn ftplib(&self, version: &str, resumes: &str) -> Vec<Moved> {
        let version = format!("TLSv{}", version.replace('.', "_"));
        let sizes = SIZES.map(|size| size.to_string());
        let mut python = self.command("python3");
        python.args(["-c", FTPLIB, SERVER[0], self.user, self.password, resumes, &version]).args(&sizes);
        succeed(&mut python);
        let local = self.lab.path("python");
        let mut all = Vec::new();
        for size in SIZES {
            fs::write(&local, noise(size)).unwrap();
            all.extend([moved("RETR", "PASV", &local), moved("STOR", "PASV", &local)]);
        }
        all
    }
}

/// Captures what the clients move from and to a server, and reads it with their keys.
fn everything_is_read(tools: &[&str], start: Start, user: &'static str, password: &'static str) {
    let all = [&["openssl", "curl", "lftp", "python3", "ss", "tcpdump"], tools].concat();
    let Some(mut lab) = Lab::with(&all) else { return };
    let shelf = Shelf::fill(&lab, &SIZES);
    start(&mut lab, &shelf);
    let file = lab.path("all.pcap");
    let tcpdump = begin(&lab, &file);
    let clients = Clients { lab: &lab, user, password };
    let mut expected = Vec::new();
    for version in ["1.2", "1.3"] {
        expected.extend(clients.curl(version));
        expected.extend(clients.lftp(version));
        for resumes in ["no", "yes"] {
            expected.extend(clients.ftplib(version, resumes));
        }
    }
    expected.sort();
    end(&lab, tcpdump, &file);
    let seen = Seen::files(&[Path::new("--keylog"), &lab.path("keys"), &file]);
    assert_eq!(seen.transfers(), expected);
    for session in &seen.sessions {
        assert_eq!(session["tls_details"]["decrypted"], true, "{session}");
        for transfer in session["transfers"].as_array().unwrap() {
            assert_eq!(transfer["encrypted"], false, "{transfer}");
        }
    }
    sizes_show_without_keys(&seen, &Seen::files(&[&file]));
}

/// Holds what is inferred without keys against what was read with them: which way, how much, and what.
fn sizes_show_without_keys(read: &Seen, inferred: &Seen) {
    // A client's port may serve again, towards another of the server's.
    let ports = |channel: &Value| {
        let port = |end: &str| channel["connection"][end]["port"].as_u64();
        port("originator").zip(port("responder"))
    };
    let mut known = BTreeMap::new();
    for session in &read.sessions {
        for transfer in session["transfers"].as_array().unwrap() {
            let index = transfer["data_channel"].as_u64().unwrap();
            let channel = &session["data_channels"][usize::try_from(index).unwrap()];
            known.insert(ports(channel).unwrap(), transfer);
        }
    }
    let channels = inferred.sessions.iter().flat_map(|session| session["data_channels"].as_array().unwrap());
    let mut count = 0;
    for (channel, transfer) in channels.filter_map(|channel| Some((channel, known.get(&ports(channel)?)?))) {
        let guess = &channel["inferred_transfer"];
        assert_eq!(guess["bytes"], transfer["bytes"], "{channel} {transfer}");
        for member in ["direction", "content"] {
            let is_right = guess[member] == transfer[member] || guess[member].is_null();
            assert!(is_right, "{member}: {channel} {transfer}");
        }
        assert!(transfer["bytes"] == 0 || !guess["direction"].is_null(), "{channel} {transfer}");
        count += 1;
    }
    assert_eq!(count, known.len());
}

/// Starts capturing into a file.
fn begin(lab: &Lab, file: &Path) -> Child {
    let mut tcpdump = lab.in_server("tcpdump");
    tcpdump.args(["-i", CABLE, "-B", "16384", "--immediate-mode", "-U", "-Z", "root", "-w"]).arg(file);
    let tcpdump = tcpdump.stderr(Stdio::null()).spawn().unwrap();
    // The header is written once it listens.
    lab.wait_for("tcpdump to listen", || fs::metadata(file).is_ok_and(|file| file.len() > 0));
    tcpdump
}

/// Ends capturing, once what was said last is in the file.
fn end(lab: &Lab, mut tcpdump: Child, file: &Path) {
    let mut before = 0;
    lab.wait_for("the last packets", || {
        let now = fs::metadata(file).map_or(0, |file| file.len());
        let is_quiet = now == std::mem::replace(&mut before, now);
        std::thread::sleep(std::time::Duration::from_millis(300));
        is_quiet
    });
    tcpdump.kill().unwrap();
    tcpdump.wait().unwrap();
}

#[test]
fn every_transfer_from_and_to_vsftpd_under_tls_is_read_with_the_keys() {
    everything_is_read(&["vsftpd"], vsftpd, "anonymous", "x");
}

#[test]
fn every_transfer_from_and_to_pyftpdlib_under_tls_is_read_with_the_keys() {
    everything_is_read(&["python3:pyftpdlib", "python3:OpenSSL"], pyftpdlib, "alice", "secret");
}

#[test]
fn every_transfer_from_and_to_proftpd_under_tls_is_read_with_the_keys() {
    everything_is_read(&["proftpd"], proftpd, "anonymous", "x");
}

#[test]
fn every_transfer_from_and_to_pure_ftpd_under_tls_is_read_with_the_keys() {
    everything_is_read(&["pure-ftpd"], pure_ftpd, "alice", "secret");
}

/// To which client's port each data connection belongs, with how sure that is.
fn owners(seen: &Seen) -> Vec<(u64, u64, String)> {
    let mut owners = Vec::new();
    for session in &seen.sessions {
        let client = session["client"]["port"].as_u64().unwrap();
        for channel in session["data_channels"].as_array().unwrap() {
            let Some(port) = channel["connection"]["originator"]["port"].as_u64() else { continue };
            owners.push((port, client, channel["certainty"].as_str().unwrap().to_owned()));
        }
    }
    owners.sort();
    owners
}

#[test]
fn of_four_sessions_at_once_none_gets_anothers_connection_without_a_doubt() {
    let Some(mut lab) = Lab::with(&["openssl", "vsftpd", "curl", "ss", "tcpdump"]) else { return };
    let shelf = Shelf::fill(&lab, &[10_000, 20_000, 30_000, 40_000, 50_000]);
    vsftpd(&mut lab, &shelf);
    for version in ["1.2", "1.3"] {
        let (file, keys) = (lab.path(&format!("{version}.pcap")), lab.path(&format!("keys-{version}")));
        let tcpdump = begin(&lab, &file);
        let clients = Clients { lab: &lab, user: "anonymous", password: "x" };
        let children: Vec<Child> = (0..4)
            .map(|_| {
                let mut curl = clients.command("curl");
                curl.env("SSLKEYLOGFILE", &keys).args([
                    "--silent",
                    "--insecure",
                    "--ssl-reqd",
                    "--tls-max",
                    version,
                ]);
                curl.arg(format!("ftp://{}/[1-5]0000", SERVER[0])).args(["--output", "/dev/null"]);
                curl.spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        end(&lab, tcpdump, &file);
        let truth = owners(&Seen::files(&[Path::new("--keylog"), &keys, &file]));
        let guessed = owners(&Seen::files(&[&file]));
        assert_eq!((truth.len(), guessed.len()), (20, 20), "TLS {version}");
        for ((port, client, _), (_, guess, certainty)) in truth.iter().zip(&guessed) {
            assert!(client == guess || certainty == "possible", "TLS {version}, port {port}: {certainty}");
        }
    }
}
