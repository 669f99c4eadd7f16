//! Which interface the user means.

use crate::report::Interface;

/// The interface that the user means: by name, else by number from 1 on.
#[cfg_attr(
    all(not(live_capture), not(test)),
    expect(dead_code, reason = "only names of interfaces that there are mean any")
)]
pub(super) fn chosen<'a>(interfaces: &'a [Interface], name: &str) -> Option<&'a Interface> {
    interfaces.iter().find(|interface| interface.name == name).or_else(|| {
        let number: usize = name.parse().ok()?;
        interfaces.get(number.checked_sub(1)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_chosen_by_name_and_else_by_number() {
        let named = |name: &str| Interface { name: name.to_owned(), ..Interface::default() };
        let interfaces = ["eth0", "2", "lo"].map(named);
        let choice = |name: &str| chosen(&interfaces, name).map(|interface| interface.name.as_str());
        for (name, meant) in [
            ("eth0", Some("eth0")),
            ("1", Some("eth0")),
            ("2", Some("2")),
            ("3", Some("lo")),
            ("0", None),
            ("4", None),
        ] {
            assert_eq!(choice(name), meant, "{name}");
        }
    }
}
