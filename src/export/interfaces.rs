//! The list of capture interfaces, for people and programs.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use crate::base::Printable;
use crate::report::Interface;

/// Writes the list as a table: number, name, state, addresses, and in parentheses the kind and description.
pub fn interfaces_text(interfaces: &[Interface], out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> =
        interfaces.iter().map(|interface| Printable(&interface.name).to_string()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (number, (name, interface)) in (1..).zip(names.iter().zip(interfaces)) {
        let addresses: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
        let addresses = if addresses.is_empty() { "-".to_owned() } else { addresses.join(", ") };
        write!(out, "{number:>3}  {name:width$}  {:7}  {addresses}", interface.state())?;
        let kind = [(interface.is_loopback, "loopback"), (interface.is_wireless, "wireless")];
        let kind = kind.into_iter().filter(|(applies, _)| *applies).map(|(_, name)| name.to_owned());
        let description = interface.description.iter().map(|description| Printable(description).to_string());
        let remarks: Vec<String> = kind.chain(description).collect();
        if !remarks.is_empty() {
            write!(out, "  ({})", remarks.join("; "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes the list as a JSON array.
pub fn interfaces_json(interfaces: &[Interface], out: &mut dyn Write) -> io::Result<()> {
    let list: Vec<Row<'_>> =
        (1..).zip(interfaces).map(|(number, interface)| Row { number, interface }).collect();
    json::line(&list, out)
}

/// An interface as JSON, with the number that selects it on the command line.
#[derive(Serialize)]
struct Row<'a> {
    number: usize,
    #[serde(flatten)]
    interface: &'a Interface,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eth0_and_loopback() -> [Interface; 2] {
        let eth0 = Interface {
            name: "eth0".to_owned(),
            addresses: vec!["192.0.2.8".parse().unwrap(), "2001:db8::8".parse().unwrap()],
            is_up: true,
            is_running: true,
            ..Interface::default()
        };
        let lo = Interface {
            name: "lo\u{1b}[m".to_owned(),
            description: Some("within".to_owned()),
            is_loopback: true,
            ..Interface::default()
        };
        [eth0, lo]
    }

    #[test]
    fn people_get_a_table_of_numbers_names_states_and_addresses() {
        let mut page = Vec::new();
        interfaces_text(&eth0_and_loopback(), &mut page).unwrap();
        assert_eq!(
            String::from_utf8(page).unwrap(),
            "  1  eth0      up       192.0.2.8, 2001:db8::8\n  2  lo\\x1b[m  down     -  (loopback; within)\n"
        );
    }

    #[test]
    fn programs_get_an_array() {
        let mut line = Vec::new();
        interfaces_json(&eth0_and_loopback(), &mut line).unwrap();
        let list: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(list[0]["name"], "eth0");
        assert_eq!(list[0]["addresses"][1], "2001:db8::8");
        assert_eq!((&list[1]["number"], &list[1]["loopback"]), (&2.into(), &true.into()));
    }
}
