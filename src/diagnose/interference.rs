//! Devices between the hosts that altered the session: lengths that they changed, RSTs that they sent.

use super::case::Case;
use super::draft::{Draft, Sink, excerpt, plural};
use crate::base::TimeDelta;
use crate::report::{Code, CommandIndex, OddReset, Overshoot};

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    changed_lengths(case, sink);
    resets(case, sink);
}

/// So many acknowledgements of bytes that were never sent are no chance.
const OFTEN: u32 = 2;

/// Acknowledgements of bytes that the client never sent.
fn overshoot(case: &Case<'_>) -> Option<Overshoot> {
    let [of_client, _] = case.session.trouble.as_ref()?.overshoot;
    // Where the capture lacks bytes, those may be what was acknowledged.
    of_client.filter(|it| it.is_contradicted && it.times >= OFTEN && case.session.gaps.is_empty())
}

/// Whether a device changed the length of a line and not the numbers behind it.
pub(super) fn has_changed_lengths(case: &Case<'_>) -> bool {
    overshoot(case).is_some()
}

fn changed_lengths(case: &Case<'_>, sink: &mut Sink) {
    let Some(overshoot) = overshoot(case) else { return };
    let (time, frame) = overshoot.first;
    let before = case.commands().take_while(|(_, command)| command.frame <= frame).last();
    let line = before
        .map(|(_, command)| {
            let argument = command.text().map(|text| format!(" {}", excerpt(text.raw()))).unwrap_or_default();
            format!(" up to {}{argument}", excerpt(command.verb.name()))
        })
        .unwrap_or_default();
    let verb = before.map_or("a line".into(), |(_, command)| excerpt(command.verb.name()));
    let summary = format!(
        "The server {} acknowledged {} more than the client {} had sent{line}: a device between them changed the length of \
         {verb} without adjusting the sequence numbers",
        case.session.server,
        plural(u64::from(overshoot.bytes), "byte"),
        case.session.client,
    );
    let index: Option<CommandIndex> = before.map(|(index, _)| index);
    sink.push(
        Draft::new(Code::MiddleboxInterference, time, summary)
            .count(u64::from(overshoot.times))
            .frames(before.map(|(_, command)| command.frame))
            .frames([frame])
            .command(index)
            .channel(index.and_then(|index| case.channel_of(index))),
    );
}

/// RSTs to both ends that neither of them sent.
fn resets(case: &Case<'_>, sink: &mut Sink) {
    const TOGETHER: TimeDelta = TimeDelta::from_millis(100);
    let odd_resets = case.session.trouble.as_ref().map(|trouble| trouble.odd_resets);
    let Some([Some(client), Some(server)]) = odd_resets else { return };
    if client.packet.0.since(server.packet.0).abs() > TOGETHER {
        return;
    }
    let summary = format!(
        "A device between the client {} and the server {} reset both ends at once: the two RSTs have {}, unlike the other \
         packets of the client ({}) and of the server ({})",
        case.session.client,
        case.session.server,
        hop_limits(&client, &server),
        client.usual,
        server.usual,
    );
    let time = client.packet.0.min(server.packet.0);
    sink.push(
        Draft::new(Code::MiddleboxInterference, time, summary)
            .advice(
                "Neither host sent these resets. Look for a firewall or an intrusion prevention system on the path that \
                 inspects FTP, and for what it disliked in the packets right before them.",
            )
            .frames([client.packet.1, server.packet.1]),
    );
}

fn hop_limits(client: &OddReset, server: &OddReset) -> String {
    if client.hop_limit == server.hop_limit {
        format!("hop limit {}", client.hop_limit)
    } else {
        format!("hop limits {} and {}", client.hop_limit, server.hop_limit)
    }
}
