//! Endpoints used again while an earlier connection on them was still in TIME_WAIT.

use super::case::{Case, connecting_side};
use super::draft::{Draft, Group, Groups, Sink, duration, plural, times};
use crate::base::{Endpoint, Timestamp};
use crate::report::{
    ChannelIndex, Code, DataChannel, Holder, Outcome, Reuse, ReuseKind, ReuseOutcome, Severity,
};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let mut accepted = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        // An earlier connection that was still open was in no TIME_WAIT.
        let waits = |reuse: &&Reuse| reuse.in_time_wait && reuse.gap.is_some();
        let Some(reuse) = channel.reuse.as_ref().filter(waits) else { continue };
        // Another pair on the same listener hinders nobody, whatever became of it.
        if reuse.outcome == ReuseOutcome::Accepted || !is_pair(reuse) {
            let listener = channel.connection().map(|it| it.responder);
            let listener = listener.or(channel.predicted().map(|it| it.listener));
            if let Some(group) = accepted.add((is_pair(reuse), listener), index, began(case, channel)) {
                group.prove(case.negotiation_frames(channel));
                group.prove(channel.connection().iter().map(|it| it.frames.first));
            }
        } else {
            sink.push(costly(case, index, channel, reuse));
        }
    }
    for ((_, listener), group) in accepted.into_iter() {
        let Some(channel) = case.session.data_channel(group.channel) else { continue };
        let Some(reuse) = &channel.reuse else { continue };
        if !is_pair(reuse) {
            sink.push(listener_kept(&group, listener));
            continue;
        }
        let more = match (group.count, listener) {
            (2.., Some(listener)) => format!(" ({} of {listener} in all)", plural(group.count, "such reuse")),
            _ => String::new(),
        };
        let text = format!("{}: the new connection was accepted at once{more}", again(case, channel, reuse));
        sink.push(
            Draft::new(Code::TimeWaitReuse, group.time, text)
                .count(group.count)
                .frames(group.frames.iter().copied())
                .command(channel.command())
                .channel(Some(group.channel))
                .transfer(case.transfers_on(group.channel).next().map(|(transfer, _)| transfer)),
        );
    }
}

/// A listening endpoint that serves one connection after the other.
fn listener_kept(group: &Group, listener: Option<Endpoint>) -> Draft {
    let listener = listener.map(|it| format!(" {it}")).unwrap_or_default();
    let text = format!(
        "The listening endpoint{listener} was used again{} within TIME_WAIT of an earlier connection; the other ends differ, \
         so TIME_WAIT hinders none",
        times(group.count),
    );
    Draft::of_group(Code::TimeWaitReuse, group, text).without_advice()
}

const fn is_pair(reuse: &Reuse) -> bool {
    matches!(reuse.kind, ReuseKind::FourTuple)
}

fn began(case: &Case<'_>, channel: &DataChannel) -> Timestamp {
    channel.connection().map_or_else(|| case.negotiated(channel).0, |it| it.start)
}

/// A reuse that cost retries or the transfer.
fn costly(case: &Case<'_>, index: ChannelIndex, channel: &DataChannel, reuse: &Reuse) -> Draft {
    let outcome = match reuse.outcome {
        ReuseOutcome::Accepted => "the new connection was accepted at once".to_owned(),
        ReuseOutcome::Ignored => format!("SYNs went unanswered{}", end(channel)),
        ReuseOutcome::Challenged => {
            format!("a SYN was answered by a plain ACK of the old connection{}", end(channel))
        }
        ReuseOutcome::Refused => "the SYN was answered by RST".to_owned(),
        ReuseOutcome::NotAttempted => {
            format!("the {} sent no SYN, as it could not use the pair", connecting_side(channel))
        }
    };
    let text = format!("{}: {outcome}", again(case, channel, reuse));
    let connection = channel.connection();
    Draft::new(Code::TimeWaitReuse, began(case, channel), text)
        .severity(Severity::Warning)
        .frames(case.negotiation_frames(channel))
        .frames(connection.iter().flat_map(|it| it.syn_frames.iter().copied()))
        .frames(connection.and_then(|it| it.challenge_frame))
        .frames(connection.and_then(|it| it.refused_frame))
        .frames(connection.map(|it| it.frames.first))
        .command(channel.command())
        .channel(Some(index))
        .transfer(case.transfers_on(index).next().map(|(transfer, _)| transfer))
}

/// What was used again, when, and who still held it.
fn again(case: &Case<'_>, channel: &DataChannel, reuse: &Reuse) -> String {
    let pair = |one: &dyn std::fmt::Display, other: Endpoint| format!("The pair {one} and {other}");
    let what = match (reuse.kind, channel.connection(), channel.predicted()) {
        (ReuseKind::FourTuple, Some(it), _) => pair(&it.originator, it.responder),
        (ReuseKind::Listener, Some(it), _) => format!("The listening endpoint {}", it.responder),
        (ReuseKind::Listener, None, Some(it)) => format!("The listening endpoint {}", it.listener),
        (ReuseKind::FourTuple, None, Some(it)) => match it.connector.port {
            Some(port) => pair(&Endpoint::new(it.connector.ip, port), it.listener),
            None => pair(&it.connector.ip, it.listener),
        },
        (_, None, None) => "The endpoint".to_owned(),
    };
    let held = case
        .session
        .data_channel(reuse.previous.data_channel)
        .filter(|_| reuse.previous.session == case.session.uid)
        .and_then(DataChannel::time_wait)
        .map(|wait| format!(" at the {}", holder(wait.holder)))
        .unwrap_or_default();
    let gap = duration(reuse.gap.unwrap_or_default());
    format!("{what} was used again {gap} after an earlier connection, which was still in TIME_WAIT{held}")
}

/// How it ended after the first SYN failed.
fn end(channel: &DataChannel) -> String {
    let syns = channel.connection().map_or(0, |it| it.syn_attempts);
    match channel.outcome() {
        Some(Outcome::Connected) if syns > 1 => format!(" until the last of {syns} was accepted"),
        Some(Outcome::Connected) => " before one was accepted".to_owned(),
        Some(Outcome::Refused | Outcome::Unanswered | Outcome::Unused) | None => {
            ", and the connection never came about".to_owned()
        }
    }
}

const fn holder(holder: Holder) -> &'static str {
    match holder {
        Holder::Client => "client",
        Holder::Server => "server",
        Holder::Both => "client and the server",
        Holder::Partner => "other server",
    }
}
