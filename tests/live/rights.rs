//! Who may capture, and as whom.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::User;

use crate::lab::{CABLE, Lab, SERVER, Sniffer};
use crate::server::{Errand, Shelf, curl, pyftpdlib};

fn nobody() -> User {
    User::from_name("nobody").unwrap().expect("every system has a nobody")
}

/// Numbers from a line of /proc/PID/status.
fn status(sniffer: &Sniffer, field: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", sniffer.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').split_whitespace().map(str::to_owned).collect()
}

/// The program, where everybody can get at it.
fn copy(lab: &Lab) -> PathBuf {
    let copy = lab.path("ftpscope");
    fs::copy(env!("CARGO_BIN_EXE_ftpscope"), &copy).unwrap();
    for path in [lab.path(""), copy.clone()] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    copy
}

/// The program as nobody.
fn as_nobody(lab: &Lab, program: &std::path::Path) -> Command {
    let mut command = lab.in_server("setpriv");
    let nobody = nobody();
    command
        .arg(format!("--reuid={}", nobody.uid))
        .arg(format!("--regid={}", nobody.gid))
        .arg("--clear-groups")
        .arg(program);
    command
}

#[test]
fn started_by_root_it_becomes_whoever_called_sudo_and_goes_on() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let spool = lab.path("spool");
    fs::create_dir(&spool).unwrap();
    fs::set_permissions(&spool, PermissionsExt::from_mode(0o777)).unwrap();
    let nobody = nobody();
    for (number, by_sudo) in [true, false].into_iter().enumerate() {
        let file = spool.join(format!("{number}.pcapng"));
        let mut command = lab.in_server(env!("CARGO_BIN_EXE_ftpscope"));
        let mut arguments = vec!["live", "-i", CABLE, "-l", "-w", file.to_str().unwrap()];
        if by_sudo {
            command.env("SUDO_UID", nobody.uid.to_string()).env("SUDO_GID", nobody.gid.to_string());
        } else {
            arguments.extend(["-Z", "nobody"]);
        }
        let mut sniffer = lab.start(command, &arguments);
        lab.wait_for("ftpscope to listen", || sniffer.said().contains("listening on"));
        let (uid, gid) = (nobody.uid.to_string(), nobody.gid.to_string());
        assert_eq!(status(&sniffer, "Uid"), vec![uid; 4]);
        assert_eq!(status(&sniffer, "Gid"), vec![gid; 4]);
        assert!(!status(&sniffer, "Groups").contains(&"0".to_owned()));
        for set in ["CapPrm", "CapEff"] {
            assert_eq!(status(&sniffer, set), ["0000000000000000"], "{set}");
        }
        curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
        lab.wait_for("the session", || sniffer.wrote().contains("session closed"));
        sniffer.stop();
        assert_eq!(fs::metadata(&file).unwrap().uid(), nobody.uid.as_raw());
    }
}

#[test]
fn root_stays_root_only_where_nobody_else_is_meant() {
    let Some(lab) = Lab::with(&[]) else { return };
    let mut sniffer = lab.sniff(&[]);
    assert_eq!(status(&sniffer, "Uid"), vec!["0"; 4]);
    sniffer.stop();
    let mut unknown = lab
        .start(lab.in_server(env!("CARGO_BIN_EXE_ftpscope")), &["live", "-i", CABLE, "-Z", "no-such-user"]);
    assert_eq!(unknown.end().code(), Some(1));
    assert!(unknown.said().contains("-Z no-such-user: no such user"), "{}", unknown.said());
}

#[test]
fn without_the_right_to_capture_it_says_how_to_get_it() {
    let Some(lab) = Lab::with(&["setpriv"]) else { return };
    let program = copy(&lab);
    let mut sniffer = lab.start(as_nobody(&lab, &program), &["live", "-i", CABLE]);
    assert_eq!(sniffer.end().code(), Some(1));
    let said = sniffer.said();
    assert!(said.starts_with(&format!("ftpscope: cannot capture on {CABLE}: permission denied (")), "{said}");
    let setcap = format!("sudo setcap cap_net_raw=ep {}", program.canonicalize().unwrap().display());
    assert!(said.contains(&setcap), "{said}");
    assert_eq!(sniffer.wrote(), "");
}

#[test]
fn the_one_capability_that_it_names_is_enough() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss", "setpriv", "setcap"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let program = copy(&lab);
    crate::server::succeed(Command::new("setcap").arg("cap_net_raw=ep").arg(&program));
    let mut sniffer = lab.start(as_nobody(&lab, &program), &["live", "-i", CABLE, "-l"]);
    lab.wait_for("ftpscope to listen", || sniffer.said().contains("listening on"));
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    lab.wait_for("the session", || sniffer.wrote().contains("session closed"));
    sniffer.stop();
}
