//! What the capture filter should pass, given the events so far.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::analyzer::{Event, EventKind};
use crate::report::{ChannelIndex, Uid};

/// How long packets of a closed data connection may still be in flight.
const GRACE: Duration = Duration::from_secs(2);
/// Data connections kept for one session: more are never open at a time.
const PER_SESSION: usize = 64;
/// Data connections up to which the filter names hosts. Beyond, ports alone: the kernel takes 4096
/// instructions at most.
const WITH_HOSTS: usize = 24;
/// Data connections up to which the filter names ports. Beyond, it passes all of TCP.
const WITH_PORTS: usize = 400;

/// Packets that pass whatever is predicted: those that open and close TCP connections, ICMP errors that quote
/// one, and what can't be told apart for being a later fragment. libpcap's `tcp[]` and `icmp[]` are for IPv4
/// alone; an error's quote begins behind the 8 bytes of its header.
const ALWAYS: &str = "(tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0) or (ip6[6] = 6 and ip6[53] & 7 != 0) \
                      or (icmp and icmp[17] = 6) or (ip6[6] = 58 and ip6[40] < 128 and ip6[54] = 6) \
                      or (ip[9] = 6 and ip[6:2] & 0x1fff != 0) or ip6[6] = 44";
/// Everything that may matter.
const EVERYTHING: &str = "tcp or icmp or icmp6 or ip6[6] = 44 or (ip[9] = 6 and ip[6:2] & 0x1fff != 0)";

/// What should pass.
pub(super) struct Plan {
    control: String,
    /// Data connections, expected or open, by session, in the order of their predictions.
    wanted: HashMap<Uid, VecDeque<Wanted>>,
    count: usize,
    /// Whether something was added since the filter was last set.
    is_wider: bool,
    is_narrower: bool,
}

/// A data connection, expected or open.
struct Wanted {
    channel: ChannelIndex,
    port: u16,
    /// Either end has one of these addresses: the peers', and the announced one where that is another.
    hosts: [Option<IpAddr>; 3],
    ended: Option<Instant>,
    /// Whether the filter in force passes it.
    is_applied: bool,
}

impl Plan {
    /// Passes control connections only.
    pub(super) fn new(control_ports: impl Iterator<Item = u16>) -> Self {
        let ports: Vec<u16> = control_ports.collect();
        let control = format!("(tcp and ({}))", any_port(ports.into_iter()));
        Self { control, wanted: HashMap::new(), count: 0, is_wider: false, is_narrower: false }
    }

    /// Takes note of what happened.
    pub(super) fn see(&mut self, event: &Event, now: Instant) {
        let (client, server) = (Some(event.client.ip), Some(event.server.ip));
        match &event.kind {
            EventKind::Expecting { channel, prediction, .. } => {
                let listener = prediction.listener;
                let announced = Some(listener.ip).filter(|ip| ![client, server].contains(&Some(*ip)));
                self.want(&event.session, *channel, listener.port, [client, server, announced]);
            }
            EventKind::Connected { channel, originator, responder, .. } => {
                if !self.passes(&event.session, *channel) {
                    let hosts = [Some(originator.ip), Some(responder.ip), None];
                    self.want(&event.session, *channel, responder.port, hosts);
                }
            }
            EventKind::Transferred { transfer, .. } => {
                if let Some(channel) = transfer.data_channel {
                    self.ended(&event.session, Some(channel), now);
                }
            }
            EventKind::TimedOut { channel, .. } => self.ended(&event.session, Some(*channel), now),
            EventKind::Ended { .. } => self.ended(&event.session, None, now),
            EventKind::Opened
            | EventKind::LoggedIn { .. }
            | EventKind::Rejected { .. }
            | EventKind::Refused { .. }
            | EventKind::Found { .. }
            | EventKind::Revised { .. }
            | EventKind::Withdrawn { .. } => {}
        }
    }

    /// Drops what ended long enough ago; whether the filter could be narrower.
    pub(super) fn prune(&mut self, now: Instant) -> bool {
        let before = self.count;
        let mut count = 0_usize;
        self.wanted.retain(|_, channels| {
            channels.retain(|wanted| {
                wanted.ended.is_none_or(|ended| now.saturating_duration_since(ended) < GRACE)
            });
            count = count.saturating_add(channels.len());
            !channels.is_empty()
        });
        self.count = count;
        self.is_narrower |= count < before;
        self.is_narrower
    }

    /// Whether something is wanted that the filter may not pass yet.
    pub(super) const fn is_wider(&self) -> bool {
        self.is_wider
    }

    /// The filter was set to what is wanted now.
    pub(super) fn applied(&mut self) {
        self.is_wider = false;
        self.is_narrower = false;
        for wanted in self.wanted.values_mut().flatten() {
            wanted.is_applied = true;
        }
    }

    /// Whether the filter passes this data connection.
    pub(super) fn passes(&self, session: &Uid, channel: ChannelIndex) -> bool {
        let of_session = self.wanted.get(session).into_iter().flatten();
        of_session.into_iter().any(|wanted| wanted.channel == channel && wanted.is_applied)
    }

    /// How many data connections are wanted.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The filter, in libpcap's language; the same connections give the same text.
    pub(super) fn expression(&self) -> String {
        let mut wanted: Vec<&Wanted> = self.wanted.values().flatten().collect();
        if wanted.len() > WITH_PORTS {
            return EVERYTHING.to_owned();
        }
        let mut expression = format!("{} or {ALWAYS}", self.control);
        wanted.sort_by_key(|wanted| (wanted.port, wanted.hosts));
        if wanted.len() > WITH_HOSTS {
            let mut ports: Vec<u16> = wanted.iter().map(|wanted| wanted.port).collect();
            ports.dedup();
            // Writing to a String can't fail.
            let _ = write!(expression, " or (tcp and ({}))", any_port(ports.into_iter()));
            return expression;
        }
        for Wanted { port, hosts, .. } in wanted {
            let hosts: Vec<String> = hosts.iter().flatten().map(|host| format!("host {host}")).collect();
            let _ = write!(expression, " or (tcp port {port} and ({}))", hosts.join(" or "));
        }
        expression
    }

    fn want(&mut self, session: &Uid, channel: ChannelIndex, port: u16, hosts: [Option<IpAddr>; 3]) {
        let of_session = self.wanted.entry(session.clone()).or_default();
        let before = of_session.len();
        of_session.retain(|wanted| wanted.channel != channel);
        if of_session.len() >= PER_SESSION {
            of_session.pop_front();
        }
        of_session.push_back(Wanted { channel, port, hosts, ended: None, is_applied: false });
        self.count = self.count.saturating_sub(before).saturating_add(of_session.len());
        self.is_wider = true;
    }

    fn ended(&mut self, session: &Uid, channel: Option<ChannelIndex>, now: Instant) {
        for wanted in self.wanted.get_mut(session).into_iter().flatten() {
            if channel.is_none_or(|channel| channel == wanted.channel) {
                wanted.ended.get_or_insert(now);
            }
        }
    }
}

fn any_port(ports: impl Iterator<Item = u16>) -> String {
    let ports: Vec<String> = ports.map(|port| format!("port {port}")).collect();
    ports.join(" or ")
}

#[cfg(test)]
mod tests;
