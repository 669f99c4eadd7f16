//! Findings at once: sessions under way are diagnosed again when evidence arrives, and when time alone may have
//! proven something; what is new, and what no longer holds, becomes an event.
//!
//! **Invariant:** the cost is bounded whatever arrives: a session is looked at a few times a second at most, a
//! long one more seldom, and all of them together within an allowance of work for each second. What is told late
//! for that is told when its session ends.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::net::IpAddr;

use super::{Event, EventKind};
use crate::base::{PacketRef, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{Code, EndState, Finding, Session, Severity, Thresholds, Uid, Unit};

/// A session is looked at again this soon after a look, where evidence has arrived.
const PAUSE: TimeDelta = TimeDelta::from_millis(200);

/// One in which something may be under way is looked at this often, whether or not evidence arrives.
const EVERY: TimeDelta = TimeDelta::from_millis(500);

/// For so long after the last evidence something may still be under way.
const FRESH: TimeDelta = TimeDelta::from_secs(10);

/// The work of one second, in steps, of which each takes well below a microsecond.
const ALLOWANCE: u64 = 200_000;

/// Findings that are kept so that they can be withdrawn; those beyond are told when their sessions end.
const RAISED: usize = 4096;

/// Data channels at the end of a session that may still be open.
const LATEST: usize = 8;

/// Sessions under way that count for findings that span sessions.
const COUNTED: usize = 32;

/// Clients and servers that are looked at at a time.
const CHANGED: usize = 1024;

/// Clients and their servers.
type Ends = BTreeSet<(IpAddr, IpAddr)>;

/// Something that happened to a finding that belongs to no single session.
#[derive(Clone, Debug, serde::Serialize)]
pub struct OverallEvent {
    /// When, and the last frame that proves it.
    #[serde(flatten)]
    pub packet: PacketRef,
    /// What happened.
    #[serde(rename = "event")]
    pub change: Change,
    /// To what.
    pub finding: Box<Finding>,
}

/// What happens to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was found.
    Found,
    /// It was found before, and these are its final words.
    Revised,
    /// It was found before, and turned out not to be so.
    Withdrawn,
}

/// What was raised of which sessions, and when to look at them again.
#[derive(Debug)]
pub(super) struct Alerts {
    /// By the name of the session.
    sessions: BTreeMap<Uid, Watched>,
    /// In the order in which they are due.
    due: BTreeSet<(Timestamp, Uid)>,
    /// Nothing is due before.
    look_at: Timestamp,
    /// Steps of work that are left, since when.
    allowance: u64,
    refilled: Timestamp,
    /// Findings that are kept in all.
    raised: usize,
    /// Those that belong to no single session, and when they are due.
    overall: Vec<Finding>,
    overall_at: Timestamp,
    /// Clients and servers between which something has changed since.
    changed: Ends,
    /// Silences that prove something, in order.
    silences: Vec<TimeDelta>,
}

/// A session under way.
#[derive(Debug, Default)]
struct Watched {
    due: Option<Timestamp>,
    looked: Option<Timestamp>,
    stirred: Timestamp,
    /// What was raised, as it was told last.
    raised: Vec<Finding>,
    /// Whether findings that span sessions may count on it.
    counts: bool,
}

impl Alerts {
    pub(super) fn new(thresholds: &Thresholds) -> Self {
        let seconds = Thresholds::ALL.iter().filter(|threshold| threshold.unit == Unit::Seconds);
        let mut silences: Vec<TimeDelta> =
            seconds.map(|threshold| TimeDelta::from_seconds(threshold.of(thresholds))).collect();
        silences.sort_unstable();
        silences.dedup();
        Self {
            sessions: BTreeMap::new(),
            due: BTreeSet::new(),
            look_at: Timestamp::MIN,
            allowance: ALLOWANCE,
            refilled: Timestamp::MIN,
            raised: 0,
            overall: Vec::new(),
            overall_at: Timestamp::MIN,
            changed: BTreeSet::new(),
            silences,
        }
    }

    /// Evidence about a session has arrived.
    pub(super) fn stir(&mut self, uid: &Uid, now: Timestamp) {
        if !self.sessions.contains_key(uid) {
            self.sessions.insert(uid.clone(), Watched::default());
        }
        let Some(watched) = self.sessions.get_mut(uid) else { return };
        watched.stirred = now;
        let soon = watched.looked.map_or(now, |looked| looked.plus(PAUSE).max(now));
        if watched.due.is_none_or(|due| due > soon) {
            self.schedule(uid, Some(soon));
        }
    }

    fn schedule(&mut self, uid: &Uid, at: Option<Timestamp>) {
        let Some(watched) = self.sessions.get_mut(uid) else { return };
        if let Some(due) = mem::replace(&mut watched.due, at) {
            self.due.remove(&(due, uid.clone()));
        }
        if let Some(at) = at {
            self.due.insert((at, uid.clone()));
            self.look_at = self.look_at.min(at);
        }
    }

    /// Whether it is time to look.
    #[inline]
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.look_at
    }

    /// The next session to look at, while there is allowance for it.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Uid> {
        self.refill(now);
        let uid = self.due.first().filter(|(due, _)| *due <= now && self.allowance > 0)?.1.clone();
        self.schedule(&uid, None);
        if let Some(watched) = self.sessions.get_mut(&uid) {
            watched.looked = Some(now);
        }
        Some(uid)
    }

    fn refill(&mut self, now: Timestamp) {
        let since = now.elapsed_since(self.refilled).min(TimeDelta::from_secs(1));
        let millis = u64::try_from(since.nanos() / 1_000_000).unwrap_or(0);
        if millis > 0 {
            self.allowance = self.allowance.saturating_add(millis * (ALLOWANCE / 1000)).min(ALLOWANCE);
            self.refilled = now;
        }
    }

    /// A session was diagnosed as it stands: what is new, and what no longer holds.
    pub(super) fn compare(&mut self, session: &Session, found: Vec<Finding>, now: Timestamp) -> Vec<Event> {
        let work = work(session).saturating_add(found.len() as u64);
        self.allowance = self.allowance.saturating_sub(work);
        let Some(watched) = self.sessions.get_mut(&session.uid) else { return Vec::new() };
        // What it was told of before makes room for what holds now.
        let room = RAISED.saturating_sub(self.raised.saturating_sub(watched.raised.len()));
        watched.counts = counts(session, &found);
        if watched.counts {
            note_change(&mut self.changed, session);
        }
        let mut events = Vec::new();
        let before = watched.raised.len();
        let (pairs, gone) = pair(mem::take(&mut watched.raised), found);
        for (finding, known) in pairs {
            match known {
                Some(known) if known.severity >= finding.severity => watched.raised.push(known),
                Some(known) => {
                    events.push(event(session, &finding, revised(&known, &finding)));
                    watched.raised.push(finding);
                }
                None if watched.raised.len() < room => {
                    events.push(event(
                        session,
                        &finding,
                        EventKind::Found { finding: finding.clone().into() },
                    ));
                    watched.raised.push(finding);
                }
                None => {}
            }
        }
        events.extend(gone.into_iter().map(|gone| withdrawn(session, gone, now)));
        self.raised = self.raised.saturating_sub(before).saturating_add(watched.raised.len());
        let next = self.next_look(session, work, now);
        self.schedule(&session.uid, next);
        events
    }

    /// When to look at a session again though no evidence arrives.
    fn next_look(&self, session: &Session, work: u64, now: Timestamp) -> Option<Timestamp> {
        let stirred = self.sessions.get(&session.uid)?.stirred;
        let silent = now.elapsed_since(stirred);
        if silent < FRESH || has_open_data(session) {
            // A long session may take a tenth of the allowance.
            let millis = work.saturating_mul(10_000) / ALLOWANCE;
            let pause = TimeDelta::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)).max(EVERY);
            return Some(now.plus(pause));
        }
        self.silences.iter().find(|silence| **silence > silent).map(|silence| stirred.plus(*silence))
    }

    /// A session is over, and these are its findings: what was not told of it, or otherwise.
    pub(super) fn settle(&mut self, session: &Session, now: Timestamp) -> Vec<Event> {
        self.schedule(&session.uid, None);
        note_change(&mut self.changed, session);
        let earlier = self.sessions.remove(&session.uid).unwrap_or_default().raised;
        self.raised = self.raised.saturating_sub(earlier.len());
        let (pairs, gone) = pair(earlier, session.findings.iter().collect());
        let mut events = Vec::new();
        for (finding, known) in pairs {
            let kind = match known {
                None => EventKind::Found { finding: finding.clone().into() },
                Some(known) if known != *finding => revised(&known, finding),
                Some(_) => continue,
            };
            events.push(event(session, finding, kind));
        }
        events.extend(gone.into_iter().map(|gone| withdrawn(session, gone, now)));
        events
    }

    /// Where findings that span sessions are due: between whom something has changed, and the sessions under
    /// way that may count.
    pub(super) fn due_overall(&mut self, now: Timestamp) -> Option<(Ends, Vec<Uid>)> {
        if now < self.overall_at || self.allowance == 0 {
            return None;
        }
        // The latest, where there are very many.
        let counted = self.sessions.iter().filter(|(_, watched)| watched.counts);
        let mut counted: Vec<(Reverse<Timestamp>, &Uid)> =
            counted.map(|(uid, watched)| (Reverse(watched.stirred), uid)).collect();
        counted.sort_unstable();
        let uids = counted.into_iter().take(COUNTED).map(|(_, uid)| uid.clone()).collect();
        Some((mem::take(&mut self.changed), uids))
    }

    /// What spans sessions was diagnosed as it stands, by so much work. What no longer holds is withdrawn in
    /// the end only: sessions under way count for it as far as there is time.
    pub(super) fn compare_overall(
        &mut self,
        found: Vec<Finding>,
        work: u64,
        now: Timestamp,
    ) -> Vec<OverallEvent> {
        self.allowance = self.allowance.saturating_sub(work);
        let millis = i64::try_from(work.saturating_mul(10_000) / ALLOWANCE).unwrap_or(i64::MAX);
        self.overall_at = now.plus(TimeDelta::from_millis(millis).max(EVERY));
        let mut events = Vec::new();
        for finding in found {
            let is_known = self.overall.iter().any(|known| rests_on_same(known, &finding));
            if !is_known && self.overall.len() < RAISED {
                events.push(overall(&finding, Change::Found));
                self.overall.push(finding);
            }
        }
        events
    }

    /// The capture is over, and these are the findings that span sessions.
    pub(super) fn settle_overall(&mut self, found: &[Finding], now: Timestamp) -> Vec<OverallEvent> {
        let mut earlier = mem::take(&mut self.overall);
        let mut events = Vec::new();
        for finding in found {
            let known = earlier.iter().position(|known| rests_on_same(known, finding));
            let change = match known.map(|place| earlier.remove(place)) {
                None => Change::Found,
                Some(known) if known != *finding => Change::Revised,
                Some(_) => continue,
            };
            events.push(overall(finding, change));
        }
        for gone in earlier {
            let mut event = overall(&gone, Change::Withdrawn);
            event.packet.time = now;
            events.push(event);
        }
        events
    }

    /// All that was due has been looked at, or as much of it as there is allowance for.
    pub(super) fn looked(&mut self, now: Timestamp) {
        let next = self.due.first().map_or(Timestamp::MAX, |(due, _)| *due).min(self.overall_at);
        self.look_at = if next <= now { now.plus(PAUSE) } else { next };
    }
}

/// How much work a session makes, in steps.
pub(super) fn work(session: &Session) -> u64 {
    let parts = session.commands.len().saturating_add(session.data_channels.len().saturating_mul(4));
    (parts as u64).saturating_add(20)
}

/// Whether one of its latest data connections is open.
fn has_open_data(session: &Session) -> bool {
    let latest = session.data_channels.iter().rev().take(LATEST);
    latest.filter_map(|channel| channel.connection()).any(|connection| connection.end_state == EndState::Open)
}

/// Whether findings that span sessions may count on a session: something failed in it, or passwords were tried.
fn counts(session: &Session, found: &[Finding]) -> bool {
    let passwords = session.commands.iter().filter(|command| command.verb == Verb::Pass).take(2).count();
    passwords > 1 || found.iter().any(|it| it.severity >= Severity::Warning || it.code == Code::LoginRejected)
}

/// Each finding with what was told of it earlier, if anything was; and what is no longer found. The same finding
/// is about the same things, or rests on the same packet, whatever its words are by now.
fn pair<F: Borrow<Finding>>(
    earlier: Vec<Finding>,
    found: Vec<F>,
) -> (Vec<(F, Option<Finding>)>, Vec<Finding>) {
    let about = |it: &Finding| (it.code, it.command, it.data_channel, it.transfer);
    let mut earlier: VecDeque<Finding> = earlier.into();
    let mut pairs: Vec<(F, Option<Finding>)> = Vec::with_capacity(found.len());
    for finding in found {
        let known = earlier.iter().position(|known| about(known) == about(finding.borrow()));
        let known = known.and_then(|place| earlier.remove(place));
        pairs.push((finding, known));
    }
    for (finding, known) in pairs.iter_mut().filter(|(_, known)| known.is_none()) {
        let same = earlier.iter().position(|known| rests_on_same(known, (*finding).borrow()));
        *known = same.and_then(|place| earlier.remove(place));
    }
    (pairs, earlier.into())
}

/// Whether two findings of a code rest on the same packet.
fn rests_on_same(one: &Finding, other: &Finding) -> bool {
    one.code == other.code && one.frames.iter().any(|frame| other.frames.contains(frame))
}

/// Something has changed between the ends of a session; of too many, some are told in the end.
fn note_change(changed: &mut Ends, session: &Session) {
    if changed.len() < CHANGED {
        changed.insert((session.client.ip, session.server.ip));
    }
}

fn revised(known: &Finding, finding: &Finding) -> EventKind {
    EventKind::Revised { finding: finding.clone().into(), is_graver: finding.severity > known.severity }
}

fn packet(finding: &Finding) -> PacketRef {
    PacketRef { time: finding.time, frame: finding.frames.last().copied().unwrap_or_default() }
}

fn event(session: &Session, finding: &Finding, kind: EventKind) -> Event {
    Event {
        packet: packet(finding),
        session: session.uid.clone(),
        client: session.client,
        server: session.server,
        kind,
    }
}

fn withdrawn(session: &Session, gone: Finding, now: Timestamp) -> Event {
    let packet = PacketRef { time: now, ..packet(&gone) };
    let kind = EventKind::Withdrawn { finding: gone.into() };
    Event { packet, session: session.uid.clone(), client: session.client, server: session.server, kind }
}

fn overall(finding: &Finding, change: Change) -> OverallEvent {
    OverallEvent { packet: packet(finding), change, finding: finding.clone().into() }
}
