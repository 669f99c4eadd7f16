//! What a capture filter hides.

/// Ports of control connections and of active mode, by their names in services(5): those that people filter
/// for.
const CONTROL: [&str; 4] = ["21", "ftp", "990", "ftps"];
const ACTIVE: [&str; 4] = ["20", "ftp-data", "989", "ftps-data"];

/// A note on a capture filter that passes control connections but hides their data connections; none for any
/// other filter.
pub(super) fn note_on(filter: &str, control_ports: &[u16]) -> Option<String> {
    let spaced = filter.replace(['(', ')'], " ").replace("||", " or ").replace("&&", " and ");
    let words: Vec<String> = spaced.split_whitespace().map(str::to_lowercase).collect();
    let mut has_active = false;
    for alternative in words.split(|word| word == "or") {
        let mut ports = 0_usize;
        let mut rest = alternative.iter().peekable();
        while let Some(word) = rest.next() {
            match word.as_str() {
                // Not worth parsing: the filter may pass anything.
                "not" | "!" | "portrange" | "vlan" | "greater" | "less" => return None,
                "port" => {
                    let port = rest.next()?;
                    let is_control = CONTROL.contains(&port.as_str())
                        || control_ports.iter().any(|control| control.to_string() == *port);
                    let is_active = ACTIVE.contains(&port.as_str());
                    if !is_control && !is_active {
                        return None;
                    }
                    has_active |= is_active;
                    ports = ports.saturating_add(1);
                }
                _ => {}
            }
        }
        // `port 20 or 21`: an alternative that is a bare port goes on with the word before it.
        let is_bare = matches!(alternative, [port] if CONTROL.contains(&port.as_str()) || ACTIVE.contains(&port.as_str()));
        if ports == 0 && !is_bare {
            return None;
        }
        has_active |= is_bare && alternative.iter().any(|port| ACTIVE.contains(&port.as_str()));
    }
    let hidden = if has_active { "the data connections of passive mode" } else { "all data connections" };
    Some(format!("capture filter \"{filter}\" hides {hidden}; use \"tcp\" or add the data port range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_hide_data_connections_get_a_note() {
        for (filter, hidden) in [
            ("port 21", "all data"),
            ("tcp port 21", "all data"),
            ("tcp port ftp and host 192.0.2.1", "all data"),
            ("(tcp port 21) || (tcp port 990)", "all data"),
            ("port 2121", "all data"),
            ("port 20 or port 21", "of passive mode"),
            ("port 21 or 20", "of passive mode"),
            ("tcp port 21 or tcp port ftp-data", "of passive mode"),
        ] {
            let note = note_on(filter, &[21, 2121]).unwrap_or_default();
            assert!(note.contains(hidden), "{filter}: {note}");
        }
    }

    #[test]
    fn other_filters_get_none() {
        for filter in [
            "",
            "tcp",
            "host 192.0.2.1",
            "port 21 or portrange 50000-51000",
            "port 21 or port 50000",
            "not port 22",
            "port 21 or host 192.0.2.1",
            "tcp port 80",
            "port",
        ] {
            assert_eq!(note_on(filter, &[21]), None, "{filter}");
        }
    }
}
