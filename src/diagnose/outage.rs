//! Servers that some data connections reach and others do not.

use std::net::IpAddr;

use super::draft::{Draft, Sink, duration, plural};
use super::ports::{Failure, Use};
use super::words::list;
use crate::base::Address;
use crate::report::{Code, Thresholds};

/// What those that failed have in common.
#[derive(Clone, Debug, PartialEq)]
enum Pattern {
    /// Every second one failed.
    Alternating,
    /// All failed from a moment on.
    Since,
    /// They went to ports outside the range of those that worked.
    Outside(u16, u16),
    /// They went to a few ports that never worked.
    Ports(u16, u16),
    /// Nothing.
    Some,
}

/// The rule, over all uses of a listener by one peer.
pub(super) fn rule(
    listener: IpAddr,
    connector: IpAddr,
    uses: &mut [Use],
    thresholds: &Thresholds,
    sink: &mut Sink,
) {
    uses.sort_by_key(|it| it.time);
    let uses: Vec<&Use> = uses.iter().filter(|it| !it.hindered).collect();
    let Some(pattern) = pattern(&uses, thresholds) else { return };
    let failed: Vec<&Use> = uses.iter().copied().filter(|it| it.failure.is_some()).collect();
    let (Some(first), Some(last)) = (failed.first(), failed.last()) else { return };
    let unanswered = failed.iter().any(|it| it.failure == Some(Failure::Unanswered));
    let refused = failed.iter().any(|it| it.failure == Some(Failure::Refused));
    let end = match (refused, unanswered) {
        (true, false) => "were refused",
        (false, _) => "went unanswered",
        (true, true) => "were refused or went unanswered",
    };
    let ports = distinct(&failed);
    let names: Vec<String> = ports.iter().map(u16::to_string).collect();
    let named = format!("port{} {}", if names.len() == 1 { "" } else { "s" }, list(&names));
    let worked = uses.len().saturating_sub(failed.len());
    let within = duration(last.time.elapsed_since(first.time));
    let what = match pattern {
        Pattern::Alternating => format!(", every second one, within {within} ({named})"),
        Pattern::Since => format!(", all of them after the {worked} that worked ({named})"),
        Pattern::Outside(low, high) => format!(
            " ({named}); the {worked} that worked used ports {low} to {high}, so those that failed lie outside the range \
             that works"
        ),
        Pattern::Ports(low, high) => {
            format!(": only {named} failed, while {worked} others (ports {low} to {high}) worked")
        }
        Pattern::Some => format!(", within {within} ({named})"),
    };
    let summary = format!(
        "{} of {} from {} to {} {end}{what}",
        failed.len(),
        plural(uses.len() as u64, "data connection"),
        Address(connector),
        Address(listener),
    );
    sink.push(
        Draft::new(Code::PartialOutage, first.time, summary)
            .count(failed.len() as u64)
            .advice(advice(&pattern, &ports))
            .frames(failed.iter().map(|it| it.frame)),
    );
}

fn distinct(uses: &[&Use]) -> Vec<u16> {
    let mut ports = Vec::new();
    for it in uses {
        if ports.len() < 64 && !ports.contains(&it.port) {
            ports.push(it.port);
        }
    }
    ports
}

/// The first pattern that fits, if the failures are one.
fn pattern(uses: &[&Use], thresholds: &Thresholds) -> Option<Pattern> {
    let failed: Vec<&Use> = uses.iter().copied().filter(|it| it.failure.is_some()).collect();
    let worked: Vec<&Use> = uses.iter().copied().filter(|it| it.failure.is_none()).collect();
    let (bad, good) = (failed.len(), worked.len());
    // One failure among a few says nothing.
    let enough = thresholds.outage_worked * if bad == 1 { 2.0 } else { 1.0 };
    // Where the mode decides, the fallback tells it.
    let by_mode = failed.iter().all(|it| it.by_epsv) && worked.iter().all(|it| !it.by_epsv);
    if bad == 0 || (good as f64) < enough || by_mode {
        return None;
    }
    let (low, high) = (worked.iter().map(|it| it.port).min()?, worked.iter().map(|it| it.port).max()?);
    let alternating = uses
        .iter()
        .zip(uses.iter().skip(1))
        .all(|(one, next)| one.failure.is_some() != next.failure.is_some());
    let since = uses.iter().skip(good).all(|it| it.failure.is_some());
    let far = high.saturating_sub(low).max(1);
    let outside =
        failed.iter().all(|it| it.port < low.saturating_sub(far) || it.port > high.saturating_add(far));
    let ports = distinct(&failed);
    let never_worked = ports.len() <= 3 && !worked.iter().any(|it| ports.contains(&it.port));
    if bad >= 3 && alternating {
        Some(Pattern::Alternating)
    } else if bad >= 2 && since {
        Some(Pattern::Since)
    } else if good >= 5 && outside {
        Some(Pattern::Outside(low, high))
    } else if never_worked {
        Some(Pattern::Ports(low, high))
    } else {
        (bad >= 3).then_some(Pattern::Some)
    }
}

fn advice(pattern: &Pattern, ports: &[u16]) -> String {
    let sip = if ports.contains(&5060) { " (5060 is SIP, which some firewalls inspect)" } else { "" };
    match pattern {
        Pattern::Alternating => "Several machines probably answer behind one address, and half of the data connections reach one \
                                 that does not expect them: have the load balancer send a client's connections to one \
                                 machine (source persistence)."
            .to_owned(),
        Pattern::Since => "Something changed at that moment: a ban or a connection limit for this client, or a firewall's \
                           rule. See the server's and the firewall's logs of that time."
            .to_owned(),
        Pattern::Outside(..) => "The server left its passive port range, probably because it was used up: widen the range and \
                                 open it on the firewall, or see where the range is set."
            .to_owned(),
        Pattern::Ports(..) => format!(
            "Something on the path treats {} alone{sip}: leave {} out of the port range, or find the device.",
            if ports.len() == 1 { "this port" } else { "these ports" },
            if ports.len() == 1 { "it" } else { "them" },
        ),
        Pattern::Some => "See what those that failed have in common: time, load, or one of several machines behind the address."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FrameNumber, Timestamp};

    /// Uses of these ports, a second apart; those with `false` were refused.
    fn uses(ports: &[(u16, bool)]) -> Vec<Use> {
        (1..)
            .zip(ports)
            .map(|(number, &(port, works))| Use {
                time: Timestamp::from_nanos(number * 1_000_000_000),
                port,
                frame: FrameNumber(number.unsigned_abs()),
                in_time_wait: false,
                hindered: false,
                failure: (!works).then_some(Failure::Refused),
                by_epsv: false,
            })
            .collect()
    }

    fn told(ports: &[(u16, bool)]) -> Option<Pattern> {
        let uses = uses(ports);
        pattern(&uses.iter().collect::<Vec<_>>(), &Thresholds::default())
    }

    #[test]
    fn failures_are_told_by_what_they_have_in_common() {
        let half: Vec<(u16, bool)> = (0..10).map(|port| (50_000 + port, port % 2 == 0)).collect();
        assert_eq!(told(&half), Some(Pattern::Alternating));
        let worked = |port: u16| (50_000 + port, true);
        let six: Vec<_> = (0..6).map(worked).collect();
        let with = |more: &[(u16, bool)]| [&six[..3], more, &six[3..]].concat();
        assert_eq!(told(&with(&[(50_007, false)])), Some(Pattern::Ports(50_000, 50_005)));
        assert_eq!(told(&with(&[(41_000, false)])), Some(Pattern::Outside(50_000, 50_005)));
        assert_eq!(told(&[&six[..], &[(50_007, false), (50_008, false)]].concat()), Some(Pattern::Since));
        let many: Vec<_> = (20..24).map(|port| (50_000 + port, false)).collect();
        assert_eq!(told(&with(&many)), Some(Pattern::Outside(50_000, 50_005)));
        assert_eq!(told(&six), None);
        assert_eq!(told(&[(50_000, true), (50_001, false)]), None);
        assert_eq!(told(&[worked(0), worked(1), (50_009, false), worked(2)]), None);
    }

    #[test]
    fn the_sentence_counts_and_names_ports() {
        let mut sink = Sink::new(9);
        let mut half = uses(&(0..10).map(|port| (50_000 + port, port % 2 == 0)).collect::<Vec<_>>());
        let (listener, connector) = ("203.0.113.21".parse().unwrap(), "198.51.100.10".parse().unwrap());
        rule(listener, connector, &mut half, &Thresholds::default(), &mut sink);
        let (found, _) = sink.into_findings();
        assert_eq!(
            found[0].summary,
            "5 of 10 data connections from 198.51.100.10 to 203.0.113.21 were refused, every second one, within 8.0 s \
             (ports 50001, 50003, 50005, 50007 and 50009)"
        );
    }
}
