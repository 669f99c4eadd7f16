//! Findings in the making, and where they are gathered.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use super::explain::explain;
use super::relate;
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::report::{Certainty, ChannelIndex, Code, CommandIndex, Finding, Severity, TransferIndex};

/// Frames named by one finding at most: enough to prove it, few enough to read.
const FRAMES: usize = 32;

/// Channels remembered of one finding to tell what it follows from.
const CHANNELS: usize = 32;

/// A finding that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) finding: Finding,
    /// The channels that it is about: what it follows from, or leads to, is on one of them.
    pub(super) channels: Vec<ChannelIndex>,
    /// The codes that it follows from, the nearest cause first.
    pub(super) causes: &'static [Code],
}

impl Draft {
    /// A finding with the usual severity and advice of its code.
    pub(super) fn new(code: Code, time: Timestamp, summary: String) -> Self {
        let explanation = explain(code);
        let finding = Finding {
            code,
            severity: explanation.severity,
            summary,
            advice: Some(Cow::Borrowed(explanation.advice)),
            time,
            frames: Vec::new(),
            command: None,
            data_channel: None,
            transfer: None,
            count: 1,
            certainty: Certainty::Proven,
            explained_by: None,
        };
        Self { finding, channels: Vec::new(), causes: relate::causes(code) }
    }

    /// A finding about a group of like cases.
    pub(super) fn of_group(code: Code, group: &Group, summary: String) -> Self {
        Self::new(code, group.time, summary)
            .count(group.count)
            .frames(group.frames.iter().copied())
            .channel(Some(group.channel))
            .about(group.channels.iter().copied())
    }

    /// Another severity than the usual one.
    pub(super) const fn severity(mut self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// Advice for just this case.
    pub(super) fn advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.finding.advice = Some(advice.into());
        self
    }

    /// The channels that it is about.
    pub(super) fn channels(&self) -> impl Iterator<Item = ChannelIndex> + '_ {
        let own = self.finding.data_channel.filter(|_| self.channels.is_empty());
        own.into_iter().chain(self.channels.iter().copied())
    }

    /// More frames that prove it; 0 stands for an unknown one.
    pub(super) fn frames(mut self, frames: impl IntoIterator<Item = FrameNumber>) -> Self {
        let room = FRAMES.saturating_sub(self.finding.frames.len());
        self.finding.frames.extend(frames.into_iter().filter(|&frame| frame > FrameNumber::NONE).take(room));
        self
    }

    /// The command concerned.
    pub(super) const fn command(mut self, index: Option<CommandIndex>) -> Self {
        self.finding.command = index;
        self
    }

    /// How often it happened.
    pub(super) const fn count(mut self, count: u64) -> Self {
        self.finding.count = count;
        self
    }

    /// How sure it is.
    pub(super) const fn certainty(mut self, certainty: Certainty) -> Self {
        self.finding.certainty = certainty;
        self
    }

    /// Nothing is to be done about it.
    pub(super) fn without_advice(mut self) -> Self {
        self.finding.advice = None;
        self
    }

    /// What it follows from, where that differs from what its code usually does.
    pub(super) const fn caused_by(mut self, causes: &'static [Code]) -> Self {
        self.causes = causes;
        self
    }

    /// The channels on which its cause is to be looked for, beside the one concerned.
    pub(super) fn about(mut self, channels: impl IntoIterator<Item = ChannelIndex>) -> Self {
        for channel in channels {
            if self.channels.len() < CHANNELS && !self.channels.contains(&channel) {
                self.channels.push(channel);
            }
        }
        self
    }

    /// The data channel concerned.
    pub(super) const fn channel(mut self, index: Option<ChannelIndex>) -> Self {
        self.finding.data_channel = index;
        self
    }

    /// The transfer concerned.
    pub(super) const fn transfer(mut self, index: Option<TransferIndex>) -> Self {
        self.finding.transfer = index;
        self
    }
}

/// Where findings are gathered. Each severity has its own room, so that no flood of notices hides an alert.
#[derive(Debug)]
pub(super) struct Sink {
    room: usize,
    dropped: u64,
    by_severity: [Vec<Draft>; 4],
}

impl Sink {
    /// A sink that keeps `room` findings.
    pub(super) const fn new(room: usize) -> Self {
        Self { room, dropped: 0, by_severity: [Vec::new(), Vec::new(), Vec::new(), Vec::new()] }
    }

    /// Takes a finding.
    pub(super) fn push(&mut self, mut draft: Draft) {
        draft.finding.frames.sort_unstable();
        draft.finding.frames.dedup();
        match self.by_severity.get_mut(draft.finding.severity as usize) {
            Some(kept) if kept.len() < self.room => kept.push(draft),
            _ => self.dropped = self.dropped.saturating_add(1),
        }
    }

    /// What is said only of data connections that may be another session's is no warning.
    pub(super) fn soften(&mut self, is_ambiguous: impl Fn(ChannelIndex) -> bool) {
        for severity in [Severity::Warning, Severity::Alert] {
            let Some(drafts) = self.by_severity.get_mut(severity as usize) else { continue };
            let all = std::mem::take(drafts);
            let doubtful = |draft: &Draft| {
                let mut channels = draft.channels().peekable();
                channels.peek().is_some() && channels.all(&is_ambiguous)
            };
            let (soft, kept) = all.into_iter().partition::<Vec<_>, _>(doubtful);
            *drafts = kept;
            for draft in soft {
                self.push(draft.severity(Severity::Notice).certainty(Certainty::Possible));
            }
        }
    }

    /// Takes out the findings that `keep` does not approve of.
    pub(super) fn retain(&mut self, keep: impl Fn(&Finding) -> bool) {
        self.by_severity.iter_mut().for_each(|drafts| drafts.retain(|draft| keep(&draft.finding)));
    }

    /// The findings by time, the gravest where there are too many, and how many were dropped.
    pub(super) fn into_findings(self) -> (Vec<Finding>, u64) {
        let mut drafts: Vec<Draft> = self.by_severity.into_iter().rev().flatten().collect();
        let excess = drafts.len().saturating_sub(self.room);
        drafts.truncate(self.room);
        drafts.sort_by_key(|draft| (draft.finding.time, draft.finding.code));
        (relate::relate(drafts), self.dropped.saturating_add(excess as u64))
    }
}

/// Up to this many groups are searched one by one: most sessions have no more.
const FEW: usize = 8;

/// Similar cases: what happens to the same thing again and again becomes one finding.
#[derive(Debug)]
pub(super) struct Groups<K> {
    room: usize,
    /// Places of all but the first few.
    index: HashMap<K, usize>,
    found: Vec<(K, Group)>,
}

/// What happened to one thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// How often.
    pub(super) count: u64,
    /// Index of the first data channel concerned.
    pub(super) channel: ChannelIndex,
    /// When it happened first.
    pub(super) time: Timestamp,
    /// Frames of the first few times.
    pub(super) frames: Vec<FrameNumber>,
    /// The different ports involved, the first few in order of appearance.
    pub(super) ports: Vec<u16>,
    /// Channels concerned, the first few.
    pub(super) channels: Vec<ChannelIndex>,
    /// Index of the first transfer concerned.
    pub(super) transfer: Option<TransferIndex>,
    /// Index of the first command concerned.
    pub(super) command: Option<CommandIndex>,
    /// What else differs from case to case, the first few in order of appearance.
    pub(super) names: Vec<String>,
}

impl Group {
    /// Adds frames, as far as a finding takes them.
    pub(super) fn prove(&mut self, frames: impl IntoIterator<Item = FrameNumber>) {
        let room = FRAMES.saturating_sub(self.frames.len());
        self.frames.extend(frames.into_iter().filter(|&frame| frame > FrameNumber::NONE).take(room));
    }

    /// Adds a name, if it is new and among the first few.
    pub(super) fn name(&mut self, name: &str) {
        if self.names.len() < 8 && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    /// Adds a port, if it is new and among the first few.
    pub(super) fn port(&mut self, port: u16) {
        if self.ports.len() < 8 && !self.ports.contains(&port) {
            self.ports.push(port);
        }
    }
}

impl<K: Clone + Eq + Hash> Groups<K> {
    /// No more than `room` groups.
    pub(super) fn new(room: usize) -> Self {
        Self { room, index: HashMap::new(), found: Vec::new() }
    }

    /// The group of `key` for one more case, which is the first one's channel and time if it is new; none
    /// where there is no room for another.
    pub(super) fn add(&mut self, key: K, channel: ChannelIndex, time: Timestamp) -> Option<&mut Group> {
        let next = self.found.len();
        let among_first = self.found.iter().take(FEW).position(|(known, _)| *known == key);
        let position = match among_first.or_else(|| self.index.get(&key).copied()) {
            Some(position) => position,
            None if next < self.room => {
                if next >= FEW {
                    self.index.insert(key.clone(), next);
                }
                self.found.push((key, Group { channel, time, ..Group::default() }));
                next
            }
            None => return None,
        };
        let group = &mut self.found.get_mut(position)?.1;
        group.count = group.count.saturating_add(1);
        if group.channels.len() < CHANNELS {
            group.channels.push(channel);
        }
        Some(group)
    }

    /// The groups in order of appearance.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, Group)> {
        self.found.into_iter()
    }
}

/// The beginning of a text from the wire: a summary is one sentence, whatever a peer sent.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    beginning(text, 80)
}

/// The first so many characters of a text.
pub(super) fn beginning(text: &str, kept: usize) -> Cow<'_, str> {
    // No more bytes are no more characters either.
    let more = if text.len() <= kept { None } else { text.char_indices().nth(kept) };
    match more.and_then(|(kept, _)| text.get(..kept)) {
        Some(beginning) => Cow::Owned(format!("{beginning}…")),
        None => Cow::Borrowed(text),
    }
}

/// ` twice`, ` 3 times`; nothing for once.
pub(super) fn times(count: u64) -> String {
    match count {
        0 | 1 => String::new(),
        2 => " twice".to_owned(),
        _ => format!(" {count} times"),
    }
}

/// `1 SYN`, `2 SYNs`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// As people read it, with the seconds where it is minutes.
pub(super) fn duration(delta: TimeDelta) -> String {
    format!("{delta:#}")
}

/// `port 20`, `ports 20, 25 and more`.
pub(super) fn ports(group: &Group) -> String {
    let mut text = String::from(if group.ports.len() == 1 { "port " } else { "ports " });
    let has_more = group.ports.len() == 8 && group.count > 8;
    let last = group.ports.len().saturating_sub(1);
    for (index, port) in group.ports.iter().enumerate() {
        match index {
            0 => {}
            _ if index == last && !has_more => text.push_str(" and "),
            _ => text.push_str(", "),
        }
        text.push_str(itoa::Buffer::new().format(*port));
    }
    if has_more {
        text.push_str(" and more");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_excerpt_is_the_first_eighty_characters_and_tells_of_more(text in "(?s)[a-zé→🦀]{0,100}|.{70,90}") {
            let more = if text.chars().count() > 80 { "…" } else { "" };
            let want: String = text.chars().take(80).chain(more.chars()).collect();
            prop_assert_eq!(excerpt(&text), want);
        }
    }

    #[test]
    fn like_cases_are_one_group_among_few_and_among_many() {
        for (kinds, room) in [(3, 100), (FEW, 100), (FEW + 1, 100), (50, 100), (50, 20), (5, 3)] {
            let mut groups = Groups::new(room);
            for channel in (0..500).map(ChannelIndex) {
                let kind = channel.position() % kinds;
                let group = groups.add(kind, channel, Timestamp::default());
                assert_eq!(group.is_some(), kind < room, "{kind} of {kinds}");
            }
            let found: Vec<_> = groups.into_iter().collect();
            assert_eq!(found.len(), kinds.min(room));
            for (index, (kind, group)) in found.into_iter().enumerate() {
                assert_eq!((kind, group.channel.position()), (index, index));
                assert_eq!(group.count, (0..500).filter(|channel| channel % kinds == kind).count() as u64);
            }
        }
    }

    #[test]
    fn ports_are_named_in_order_and_the_eighth_tells_of_more() {
        let mut group = Group::default();
        let mut told = Vec::new();
        for port in [20, 65_535, 20, 3, 4, 5, 6, 7, 8, 9] {
            group.count += 1;
            group.port(port);
            told.push(ports(&group));
        }
        assert_eq!(told[0], "port 20");
        assert_eq!(told[2], "ports 20 and 65535");
        assert_eq!(told[8], "ports 20, 65535, 3, 4, 5, 6, 7, 8 and more");
        assert_eq!(told[9], told[8]);
    }
}
