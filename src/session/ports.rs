//! How a side chose its successive listening ports.

use crate::report::{Allocation, DataChannel, Negotiation, PortAllocation};

/// Fewer ports than this show no pattern.
const ENOUGH: usize = 3;

/// The most that one port may lie above the one before to count as the next: a busy host takes some in
/// between.
const STEP: u16 = 8;

/// The pattern of each side's listening ports, in the order of the negotiations.
pub(super) fn allocation(channels: &[DataChannel]) -> PortAllocation {
    let of = |active: bool| {
        let mut last_command = None;
        let ports: Vec<u16> = channels
            .iter()
            .filter(|channel| {
                channel.is_active() == active && channel.negotiation() != Some(Negotiation::Malformed)
            })
            .filter(|channel| {
                // A further connection on the same negotiation shows no further choice.
                let again = channel.command().is_some() && channel.command() == last_command;
                last_command = channel.command();
                !again
            })
            .filter_map(|channel| Some(channel.advertised()?.port))
            .collect();
        pattern(&ports)
    };
    PortAllocation { client: of(true), server: of(false) }
}

fn pattern(ports: &[u16]) -> Option<Allocation> {
    if ports.len() < ENOUGH {
        return None;
    }
    let steps = || ports.iter().zip(ports.iter().skip(1)).map(|(before, port)| (*before, *port));
    if steps().all(|(before, port)| before == port) {
        return Some(Allocation::Fixed);
    }
    if steps().all(|(before, port)| port > before && port.saturating_sub(before) <= STEP) {
        return Some(Allocation::Sequential);
    }
    Some(Allocation::Scattered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ports_show_a_pattern_and_two_do_not() {
        assert_eq!(pattern(&[1025, 1026]), None);
        assert_eq!(pattern(&[1025, 1026, 1027]), Some(Allocation::Sequential));
        assert_eq!(pattern(&[1025, 1029, 1030]), Some(Allocation::Sequential));
        assert_eq!(pattern(&[50500, 50500, 50500]), Some(Allocation::Fixed));
        assert_eq!(pattern(&[50500, 50500, 50501]), Some(Allocation::Scattered));
        assert_eq!(pattern(&[1025, 1027, 1026]), Some(Allocation::Scattered));
        assert_eq!(pattern(&[1025, 1026, 2000]), Some(Allocation::Scattered));
    }
}
