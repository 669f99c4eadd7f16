//! Wireshark display filters and frame numbers for what is shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Deref;

use super::chosen::Chosen;
use super::effect::Flow;
use crate::base::{Endpoint, FrameNumber};
use crate::report::{ChannelIndex, Session};
use crate::store::Error;

/// The most ports listed in a filter; more become one range.
const MOST_PORTS: usize = 60;

/// The connections of a session, control first.
pub(super) fn flows(session: &Session) -> Vec<Flow> {
    let mut flows = vec![Flow { a: session.client, b: session.server, frames: session.frames }];
    for channel in &session.data_channels {
        for connection in channel.connection().into_iter().chain(&channel.other_attempts) {
            flows.push(Flow { a: connection.originator, b: connection.responder, frames: connection.frames });
        }
    }
    flows
}

/// The connections of all these sessions.
pub(super) fn flows_of(sessions: &Chosen) -> Result<Vec<Flow>, Error> {
    let mut all = Vec::new();
    let gather = |session: &Session| {
        all.extend(flows(session));
        Ok::<_, Error>(())
    };
    sessions.each(gather)?;
    Ok(all)
}

/// A Wireshark filter for all connections of some sessions.
pub(super) fn filter_of(sessions: impl Iterator<Item = impl Deref<Target = Session>>) -> String {
    // By pair of hosts, the ports that identify the connections.
    let mut pairs: BTreeMap<(IpAddr, IpAddr), Vec<u16>> = BTreeMap::new();
    let mut frames = (FrameNumber::MAX, FrameNumber::NONE);
    for session in sessions {
        for (at, flow) in flows(&session).into_iter().enumerate() {
            let key = if flow.a.ip <= flow.b.ip { (flow.a.ip, flow.b.ip) } else { (flow.b.ip, flow.a.ip) };
            // Of the control connection the client's port is the rare one; of data connections the
            // listener's.
            let port = if at == 0 { flow.a.port } else { flow.b.port };
            pairs.entry(key).or_default().push(port);
            frames = (frames.0.min(flow.frames.first), frames.1.max(flow.frames.last));
        }
    }
    let mut text = String::new();
    for ((a, b), mut ports) in pairs {
        ports.sort_unstable();
        ports.dedup();
        if !text.is_empty() {
            text.push_str(" || ");
        }
        let name = host_field(a);
        _ = write!(text, "({name} == {a} && {} == {b} && {})", host_field(b), ports_filter(&ports));
    }
    if frames.1 > FrameNumber::NONE {
        text = format!("({text}) && frame.number >= {} && frame.number <= {}", frames.0, frames.1);
    }
    text
}

/// The first frame of a data channel, and a filter for all its frames.
pub(super) fn of_channel(session: &Session, channel: ChannelIndex) -> Option<(FrameNumber, String)> {
    let (first, last, port) = frames_of(session, channel)?;
    Some((first, filter_of_frames(first, last, port, session)))
}

/// The frames that concern a channel, from the negotiation to the close, and its ports.
fn frames_of(session: &Session, index: ChannelIndex) -> Option<(FrameNumber, FrameNumber, Option<u16>)> {
    let channel = session.data_channel(index)?;
    let mut frames = Vec::new();
    if let Some(command) = channel.command().and_then(|index| session.command(index)) {
        frames.push(command.frame);
        frames.extend(command.replies.iter().map(|reply| reply.frame));
    }
    if let Some(connection) = channel.connection() {
        frames.extend([connection.frames.first, connection.frames.last]);
    }
    for transfer in session.transfers.iter().filter(|transfer| transfer.data_channel == Some(index)) {
        if let Some(command) = session.command(transfer.command) {
            frames.push(command.frame);
            frames.extend(command.replies.iter().map(|reply| reply.frame));
        }
    }
    let port = channel
        .connection()
        .map(|connection| connection.responder.port)
        .or_else(|| channel.predicted().map(|prediction| prediction.listener.port));
    Some((frames.iter().copied().min()?, frames.iter().copied().max()?, port))
}

/// A filter for a range of frames, on the control connection and perhaps one more port.
fn filter_of_frames(first: FrameNumber, last: FrameNumber, port: Option<u16>, session: &Session) -> String {
    let frames = if first == last {
        format!("frame.number == {first}")
    } else {
        format!("frame.number in {{{first}..{last}}}")
    };
    match port {
        Some(port) => format!("tcp.port in {{{}, {port}}} && {frames}", session.client.port),
        None => frames,
    }
}

/// A filter for single frames.
pub(super) fn filter_of_list(frames: &[FrameNumber]) -> String {
    let list: Vec<String> = frames.iter().take(MOST_PORTS).map(FrameNumber::to_string).collect();
    format!("frame.number in {{{}}}", list.join(", "))
}

/// A filter for one listening endpoint.
pub(super) fn filter_of_endpoint(endpoint: Endpoint) -> String {
    format!("{} == {} && tcp.port == {}", host_field(endpoint.ip), endpoint.ip, endpoint.port)
}

const fn host_field(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "ip.addr",
        IpAddr::V6(_) => "ipv6.addr",
    }
}

fn ports_filter(ports: &[u16]) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for &port in ports {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => ranges.push((port, port)),
        }
    }
    if let [(only, last)] = ranges.as_slice()
        && only == last
    {
        return format!("tcp.port == {only}");
    }
    if ranges.len() > MOST_PORTS {
        let first = ranges.first().map_or(0, |range| range.0);
        let last = ranges.last().map_or(u16::MAX, |range| range.1);
        ranges = vec![(first, last)];
    }
    let parts: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}..{last}") })
        .collect();
    format!("tcp.port in {{{}}}", parts.join(", "))
}

/// The command that opens Wireshark at a frame, quoted for a shell.
pub(super) fn wireshark_command(file: &str, frame: FrameNumber, filter: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut command = format!("wireshark -r {}", quoted(file));
    if frame > FrameNumber::NONE {
        _ = write!(command, " -g {frame}");
    }
    if !filter.is_empty() {
        _ = write!(command, " -Y {}", quoted(filter));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ports_become_ranges() {
        assert_eq!(ports_filter(&[21]), "tcp.port == 21");
        assert_eq!(ports_filter(&[21, 50000, 50001, 50002, 60000]), "tcp.port in {21, 50000..50002, 60000}");
        let scattered: Vec<u16> = (0..200).map(|port| port * 3).collect();
        assert_eq!(ports_filter(&scattered), "tcp.port in {0..597}");
    }

    #[test]
    fn the_wireshark_command_is_safe_to_paste() {
        assert_eq!(
            wireshark_command("it's.pcap", FrameNumber(7), "tcp.port == 21"),
            r"wireshark -r 'it'\''s.pcap' -g 7 -Y 'tcp.port == 21'"
        );
    }
}
