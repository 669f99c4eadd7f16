//! What to do when an interface can't be opened.

use std::path::Path;

use crate::base::Printable;
use crate::capture::live::Error;

/// What to do about this error, to be printed below it. `program` is the path of this program with symbolic
/// links resolved, because setcap refuses them, and `command` the command that was given, if any.
pub fn advice(error: &Error, program: &Path, command: Option<&str>) -> Option<String> {
    let command = command.map_or_else(String::new, |command| format!(" {command}"));
    match error {
        Error::Permission { name, .. } => {
            let (program, name) = (quoted(&program.to_string_lossy()), quoted(name));
            Some(format!(
                "
  Give this program the right to capture, once:
    sudo setcap cap_net_raw=ep {program}
  or run it as root (it returns to your user after opening the device):
    sudo {program}{command} -i {name}
  or let tcpdump capture:
    sudo tcpdump -i {name} -U -w - | ftpscope{command} -r -

  setcap is undone by reinstalling; it has no effect on nosuid or NFS mounts, NixOS store paths, AppImages."
            ))
        }
        Error::NotBuilt => Some(format!(
            "  Debian/Ubuntu: sudo apt install libpcap-dev && cargo install --force ftpscope
  or: sudo tcpdump -i eth0 -U -w - | ftpscope{command} -r -"
        )),
        Error::NoSuchInterface { .. }
        | Error::Filter { .. }
        | Error::LinkType { .. }
        | Error::Open { .. }
        | Error::List(_) => None,
    }
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", Printable(&word.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lacking_permission_names_the_very_commands_that_help() {
        let why = "socket: Operation not permitted".to_owned();
        let error = Error::Permission { name: "eth0".to_owned(), why };
        let program = Path::new("/home/me/.cargo/bin/ftpscope");
        assert_eq!(
            format!("ftpscope: {error}\n{}", advice(&error, program, None).unwrap()),
            "\
ftpscope: cannot capture on eth0: permission denied (socket: Operation not permitted)

  Give this program the right to capture, once:
    sudo setcap cap_net_raw=ep /home/me/.cargo/bin/ftpscope
  or run it as root (it returns to your user after opening the device):
    sudo /home/me/.cargo/bin/ftpscope -i eth0
  or let tcpdump capture:
    sudo tcpdump -i eth0 -U -w - | ftpscope -r -

  setcap is undone by reinstalling; it has no effect on nosuid or NFS mounts, NixOS store paths, AppImages."
        );
        let live = advice(&error, Path::new("/opt/my tools/ftpscope"), Some("live")).unwrap();
        assert!(live.contains("sudo '/opt/my tools/ftpscope' live -i eth0"), "{live}");
        assert!(live.contains("-w - | ftpscope live -r -"), "{live}");
    }
}
