//! Servers, and the clients' side of the story.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use crate::lab::{Lab, Moved, SERVER};

const PYFTPDLIB: &str = r"
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
users = DummyAuthorizer()
users.add_user('alice', 'secret', sys.argv[1], perm='elradfmwMT')
FTPHandler.authorizer = users
FTPServer(('::', 21), FTPHandler).serve_forever()
";

const VSFTPD: &str = "
listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_umask=022
no_anon_password=YES
port_enable=YES
connect_from_port_20=YES
seccomp_sandbox=NO
";

/// Files that a server has to give.
pub(crate) struct Shelf {
    pub(crate) root: PathBuf,
}

impl Shelf {
    /// Files of these sizes, called by them, and a directory to store into.
    pub(crate) fn fill(lab: &Lab, sizes: &[usize]) -> Self {
        let root = lab.path("root");
        fs::create_dir_all(root.join("in")).unwrap();
        for &size in sizes {
            fs::write(root.join(size.to_string()), noise(size)).unwrap();
        }
        fs::set_permissions(root.join("in"), PermissionsExt::from_mode(0o777)).unwrap();
        // Servers give up their rights, and must still get in.
        for directory in [lab.path(""), root.clone()] {
            fs::set_permissions(directory, PermissionsExt::from_mode(0o755)).unwrap();
        }
        Self { root }
    }
}

/// Bytes that look like nothing, and differ by their number.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = (size as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// Starts pyftpdlib, where user `alice` may do everything.
pub(crate) fn pyftpdlib(lab: &mut Lab, shelf: &Shelf) {
    let mut server = lab.in_server("python3");
    server.arg("-c").arg(PYFTPDLIB).arg(&shelf.root).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

/// Starts vsftpd, where anybody may read, and store into `in`.
pub(crate) fn vsftpd(lab: &mut Lab, shelf: &Shelf) {
    let empty = lab.path("empty");
    fs::create_dir_all(&empty).unwrap();
    let settings = lab.path("vsftpd.conf");
    let own = format!("{VSFTPD}anon_root={}\nsecure_chroot_dir={}\n", shelf.root.display(), empty.display());
    fs::write(&settings, own.trim_start()).unwrap();
    let mut server = lab.in_server("vsftpd");
    server.arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
    lab.keep(server);
    await_server(lab);
}

pub(crate) fn await_server(lab: &Lab) {
    // Asked in its own namespace, where nobody listens: a SYN on the cable would be a session, or none.
    lab.wait_for("the server", || {
        let sockets = lab.in_server("ss").args(["-Hltn", "sport = :21"]).output().unwrap();
        !sockets.stdout.is_empty()
    });
}

/// What a client gets or stores.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    Get(usize),
    Put(usize),
    List,
}

/// Runs an errand with curl in this mode against the server's first or second address, and notes what was
/// moved.
pub(crate) fn curl(lab: &Lab, address: &str, mode: &str, errand: Errand) -> Moved {
    let local = lab.path(&format!("curl-{mode}-{}", address.len()));
    let mut curl = lab.in_client("curl");
    curl.args(["--silent", "--show-error", "--fail", "--max-time", "60", "--user", "alice:secret"]);
    curl.args::<&[&str], _>(match mode {
        "PORT" => &["--ftp-port", "-", "--disable-eprt"],
        "EPRT" => &["--ftp-port", "-"],
        "PASV" => &["--disable-epsv"],
        "EPSV" => &[],
        _ => panic!("curl does not know {mode}"),
    });
    let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let (verb, path) = match errand {
        Errand::Get(size) => ("RETR", size.to_string()),
        Errand::Put(size) => ("STOR", format!("in/{size}")),
        Errand::List => ("LIST", String::new()),
    };
    curl.arg(format!("ftp://{host}/{path}"));
    if let Errand::Put(size) = errand {
        fs::write(&local, noise(size)).unwrap();
        curl.arg("--upload-file").arg(&local);
    } else {
        curl.arg("--output").arg(&local);
    }
    succeed(&mut curl);
    if let Errand::List = errand {
        // curl ends lines as this system does.
        let lines = fs::read_to_string(&local).unwrap();
        fs::write(&local, lines.replace('\n', "\r\n")).unwrap();
    }
    moved(verb, mode, &local)
}

/// Gets and stores files with lftp in this mode, in one session, and notes what was moved.
pub(crate) fn lftp(lab: &Lab, address: &str, mode: &str, sizes: &[usize]) -> Vec<Moved> {
    let settings = match mode {
        "PORT" | "EPRT" => "set ftp:passive-mode off",
        "PASV" => "set ftp:passive-mode on; set ftp:prefer-epsv off",
        "EPSV" => "set ftp:passive-mode on; set ftp:prefer-epsv on",
        _ => panic!("lftp does not know {mode}"),
    };
    let mut script = format!(
        "set net:max-retries 1; set net:timeout 20; set ftp:ssl-allow no; set ftp:use-mode-z no; set xfer:clobber on; {settings}; \
         open ftp://anonymous:x@{}; ",
        if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
    );
    let mut all = Vec::new();
    for size in sizes {
        let local = lab.path(&format!("lftp-{mode}-{}-{size}", address.len()));
        script += &format!("get {size} -o {0}; put {0} -o in/{mode}-{size}; ", local.display());
        fs::write(&local, noise(*size)).unwrap();
        all.extend([moved("RETR", mode, &local), moved("STOR", mode, &local)]);
        fs::remove_file(&local).unwrap();
    }
    succeed(lab.in_client("lftp").args(["--norc", "-c", &script]));
    for size in sizes {
        let local = lab.path(&format!("lftp-{mode}-{}-{size}", address.len()));
        assert_eq!(fs::read(&local).unwrap(), noise(*size), "lftp got something else");
    }
    all
}

/// Modes that exist for an address, and the address.
pub(crate) fn ways() -> Vec<(&'static str, &'static str)> {
    let [v4, v6] = SERVER;
    let mut ways: Vec<_> = ["PORT", "PASV", "EPRT", "EPSV"].map(|mode| (v4, mode)).to_vec();
    ways.extend(["EPRT", "EPSV"].map(|mode| (v6, mode)));
    ways
}

pub(crate) fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn moved(verb: &str, mode: &str, file: &Path) -> Moved {
    let bytes = fs::read(file).unwrap();
    let sum = Sha256::digest(&bytes);
    Moved {
        verb: verb.to_owned(),
        mode: mode.to_owned(),
        bytes: bytes.len() as u64,
        sha256: sum.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
