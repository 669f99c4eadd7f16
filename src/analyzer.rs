//! The conveyor belt: frames in, a report out. The only place that names all the stages in order.
//!
//! Diagnosis can run in another thread: [`Analyzer::take_batch`] gives what a [`Conclusion`] diagnoses.
//! Together they do what [`Analyzer::report`] does alone.
//!
//! **Invariant:** no clock, thread, lock, file or terminal; the result depends only on the frames and the
//! settings.

mod alerts;
mod conclusion;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;

use crate::base::{FrameNumber, LimitCounts, TimeDelta, Timestamp};
use crate::decode::{Decoded, Decoder, Frame, Segment};
use crate::report::{Capture, ChannelIndex, Finding, Report, Session, Source, Uid};
use crate::session::{self, Finished, Tracker};
use crate::tcp::Table;

pub use crate::session::{
    ContentSink, CurrentTransfer, Event, EventKind, Hashing, InlineHashing, NoHashing, Options, Swap,
    SwapPlace, Tapped, Waiting,
};
pub use alerts::{Change, OverallEvent};
pub use conclusion::{Batch, Conclusion, Pending};

use alerts::Alerts;

/// Analyzes frames in order; returns sessions as they end, and a report at the end.
///
/// ```
/// use ftpscope::analyzer::{Analyzer, Options};
/// use ftpscope::capture;
///
/// let options = Options::default();
/// let mut frames = capture::open(&["samples/pasv-and-port.pcap".into()], &options.limits)?;
/// let mut analyzer = Analyzer::new(options);
/// while let Some(frame) = frames.next() {
///     analyzer.feed(&frame);
/// }
/// assert_eq!(analyzer.report(Vec::new()).sessions.len(), 2);
/// # Ok::<(), capture::Error>(())
/// ```
pub struct Analyzer {
    decoder: Decoder,
    table: Table,
    tracker: Tracker,
    conclusion: Conclusion,
    pending: Vec<Pending>,
    ended: usize,
    /// Bytes of memory kept by finished sessions that were not taken yet.
    kept: usize,
    /// See [`Options::streaming`].
    is_streaming: bool,
    packets: u64,
    bytes: u64,
    /// Times of the earliest and of the latest packet, where there is one.
    first: Timestamp,
    last: Timestamp,
    /// Bytes of the capture files' secrets that were added.
    keys_added: usize,
    /// What was found of sessions under way, where that is wanted.
    alerts: Option<Box<Alerts>>,
    /// The time by the clock of a running capture, where that was told.
    advanced: Timestamp,
    /// How long a SYN may be without answer.
    answer: TimeDelta,
}

impl Analyzer {
    /// An analyzer that makes SHA-256 digests in place, if the options ask for them.
    pub fn new(options: Options) -> Self {
        let hashing: Box<dyn Hashing> =
            if options.hash { Box::new(InlineHashing::default()) } else { Box::new(NoHashing) };
        Self::with_hashing(options, hashing)
    }

    /// An analyzer whose digests are made elsewhere.
    pub fn with_hashing(mut options: Options, hashing: Box<dyn Hashing>) -> Self {
        options.listings |= options.filter.as_ref().is_some_and(|filter| filter.reads_listings());
        let alerts = options.alerts.then(|| Box::new(Alerts::new(&options.thresholds)));
        let answer = options.thresholds.answer;
        Self {
            decoder: Decoder::new(&options.limits),
            table: Table::new(&options.limits),
            conclusion: Conclusion::new(&options),
            pending: Vec::new(),
            ended: 0,
            kept: 0,
            is_streaming: options.streaming,
            tracker: tracker(options, hashing),
            packets: 0,
            bytes: 0,
            first: Timestamp::MAX,
            last: Timestamp::MIN,
            keys_added: 0,
            alerts,
            advanced: Timestamp::MIN,
            answer,
        }
    }

    /// Takes the next frame.
    #[expect(clippy::inline_always, reason = "every packet goes this way, and a call is a hundredth of it")]
    #[inline(always)]
    pub fn feed(&mut self, frame: &Frame<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::from(frame.wire_len));
        let now = frame.packet.time;
        self.first = self.first.min(now);
        self.last = self.last.max(now);
        self.tracker.advance(now);
        // Almost all frames take the fast path, which returns the segment itself rather than a `Decoded`.
        if let Some(segment) = &self.decoder.decode_fast(frame) {
            follow(segment, &mut self.table, &mut self.tracker);
        } else {
            match &self.decoder.decode_slow(frame) {
                Decoded::Segment(segment) => follow(segment, &mut self.table, &mut self.tracker),
                Decoded::SegmentError(about) => self.table.undelivered(about, &mut self.tracker),
                Decoded::NameQuery(query) => self.tracker.looked_up(query),
                // The decoder counts what it ignores.
                Decoded::Other | Decoded::Ignored(_) | Decoded::Fragment => return,
            }
        }
        self.collect_ended();
    }

    /// Adds the TLS secrets that capture files carry, which stand before the packets that need them: call it
    /// before those packets are fed. `known` is everything read so far; what earlier calls added is skipped.
    pub fn add_keys_of(&mut self, known: &[u8]) {
        if let Some(more) = known.get(self.keys_added..).filter(|more| !more.is_empty()) {
            self.keys_added = known.len();
            self.tracker.add_keys(more);
        }
    }

    /// Adds the secrets of a TLS key log (`SSLKEYLOGFILE`), as a capture file may carry one.
    pub fn add_keys(&mut self, key_log: &[u8]) {
        self.tracker.add_keys(key_log);
    }

    /// Capture time has reached `now`, even if no frame arrived.
    pub fn advance(&mut self, now: Timestamp) {
        self.advanced = self.advanced.max(now);
        self.table.advance(now, &mut self.tracker);
        self.tracker.advance(now);
        self.collect_ended();
    }

    /// Keeps the sessions that have just ended, and what else findings depend on, in order.
    #[inline]
    fn collect_ended(&mut self) {
        if self.tracker.has_announced() || self.tracker.has_done() {
            self.collect();
        }
    }

    // Few packets get here; kept apart so that the common path stays short.
    #[inline(never)]
    fn collect(&mut self) {
        self.pending.extend(self.tracker.take_announced().map(Pending::Announced));
        if self.tracker.has_done() {
            let until = self.last;
            let done = self.tracker.take_done();
            self.ended = self.ended.saturating_add(done.len());
            for Finished { session, kept } in done {
                self.kept = self.kept.saturating_add(kept);
                self.pending.push(Pending::Ended { session, until });
            }
        }
    }

    /// What happened since the last call; nothing unless [`Options::events`] is set.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.tracker.take_events()
    }

    /// What was found since the last call in sessions under way, and between several; nothing unless
    /// [`Options::alerts`] is set. Sessions that have ended are to be taken before.
    pub fn take_alerts(&mut self) -> (Vec<Event>, Vec<OverallEvent>) {
        let now = self.now();
        let Some(alerts) = &mut self.alerts else { return (Vec::new(), Vec::new()) };
        for uid in self.tracker.take_stirred() {
            alerts.stir(&uid, now);
        }
        if alerts.is_due(now) { self.look_for_alerts(now) } else { (Vec::new(), Vec::new()) }
    }

    #[inline(never)]
    fn look_for_alerts(&mut self, now: Timestamp) -> (Vec<Event>, Vec<OverallEvent>) {
        let (mut events, mut overall) = (Vec::new(), Vec::new());
        let Some(mut alerts) = self.alerts.take() else { return (events, overall) };
        while let Some(uid) = alerts.next(now) {
            if let Some(session) = self.assembled(&uid) {
                let found = self.conclusion.session_so_far(&session, now);
                events.extend(alerts.compare(&session, found, now));
            }
        }
        if let Some((mut between, uids)) = alerts.due_overall(now) {
            let table = &self.table;
            let attempts = self.tracker.attempts_so_far(now.minus(self.answer), &|id| table.get(id));
            between.extend(attempts.iter().map(|attempt| (attempt.client, attempt.server.ip)));
            let mut work = (self.tracker.connections() / 16 + attempts.len() + between.len()) as u64;
            let found = if between.is_empty() {
                Vec::new()
            } else {
                let sessions: Vec<Session> = uids.iter().filter_map(|uid| self.assembled(uid)).collect();
                work = sessions.iter().map(alerts::work).fold(work, u64::saturating_add);
                let capture = Capture { attempts, last: Some(now), ..Capture::default() };
                self.conclusion.diagnosis().so_far(&between, &sessions, &capture, now)
            };
            overall = alerts.compare_overall(found, work, now);
        }
        alerts.looked(now);
        self.alerts = Some(alerts);
        (events, overall)
    }

    /// What the findings of a session that was taken say otherwise than was told of it.
    pub fn settle_alerts(&mut self, session: &Session) -> Vec<Event> {
        let now = self.now();
        self.alerts.as_mut().map(|alerts| alerts.settle(session, now)).unwrap_or_default()
    }

    /// What the closing findings say otherwise than was told.
    pub fn settle_overall(&mut self, found: &[Finding]) -> Vec<OverallEvent> {
        let now = self.now();
        self.alerts.as_mut().map(|alerts| alerts.settle_overall(found, now)).unwrap_or_default()
    }

    /// The capture's time.
    fn now(&self) -> Timestamp {
        self.last.max(self.advanced)
    }

    /// Pending predictions of data connections.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.tracker.waiting()
    }

    /// An active session as it stands now; with its findings, where [`Options::alerts`] is set.
    pub fn session_now(&mut self, uid: &Uid) -> Option<Session> {
        let mut session = self.assembled(uid)?;
        if self.alerts.is_some() {
            session.findings = self.conclusion.session_so_far(&session, self.now());
        }
        Some(session)
    }

    fn assembled(&mut self, uid: &Uid) -> Option<Session> {
        let table = &self.table;
        self.tracker.session_now(uid, &|id| table.as_it_stands(id))
    }

    /// The newest transfer on a data channel of a session under way, with what was in force when its command
    /// was given.
    pub fn current_transfer(&mut self, uid: &Uid, channel: ChannelIndex) -> Option<CurrentTransfer> {
        self.tracker.current_transfer(uid, channel)
    }

    /// Memory kept by finished sessions that were not taken yet, in bytes.
    pub const fn kept(&self) -> usize {
        self.kept
    }

    /// Accounts for finished sessions that are taken now; returns the memory that they keep.
    fn hand_over(&mut self) -> usize {
        self.ended = 0;
        let kept = std::mem::take(&mut self.kept);
        if self.is_streaming {
            self.tracker.release(kept);
        }
        kept
    }

    /// Sessions that have ended and were not taken yet, in order of their end.
    pub fn take_ended(&mut self) -> Vec<Session> {
        let mut sessions = Vec::new();
        self.drain_ended(|session| {
            sessions.push(*session);
            Ok(())
        })
        .unwrap_or_else(|never: Infallible| match never {});
        sessions
    }

    /// Passes the sessions that have ended and were not taken yet to `each`, in order of their end; stops at
    /// its first error.
    pub fn drain_ended<E>(&mut self, each: impl FnMut(Box<Session>) -> Result<(), E>) -> Result<(), E> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.hand_over();
        let Self { pending, conclusion, .. } = self;
        pending.drain(..).filter_map(|pending| conclusion.conclude(pending)).try_for_each(each)
    }

    /// Packets analyzed so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Their bytes, as on the wire.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Time of the latest packet.
    pub fn latest(&self) -> Option<Timestamp> {
        (self.packets > 0).then_some(self.last)
    }

    /// How many sessions have ended and were not taken yet.
    pub const fn ended(&self) -> usize {
        self.ended
    }

    /// The sessions that have ended and were not taken yet, for a [`Conclusion`] elsewhere.
    pub fn take_batch(&mut self) -> Batch {
        let unopened = self.table.first_unopened().unwrap_or(FrameNumber::MAX);
        let settled_before = self.tracker.settled_before().min(unopened);
        let kept = self.hand_over();
        Batch { pending: std::mem::take(&mut self.pending), settled_before, kept }
    }

    /// Active sessions as they stand now.
    pub fn snapshot(&mut self) -> Vec<Session> {
        let table = &self.table;
        self.tracker.snapshot(&|id| table.as_it_stands(id))
    }

    /// The capture as analyzed so far; the caller adds what the reader knows.
    pub fn capture(&self, sources: Vec<Source>) -> Capture {
        let mut limits = LimitCounts::default();
        limits.merge(&self.decoder.limits());
        limits.merge(self.table.limits());
        limits.merge(self.tracker.limits());
        limits.merge(self.conclusion.limits());
        Capture {
            sources,
            packets: self.packets,
            bytes: self.bytes,
            first: (self.packets > 0).then_some(self.first),
            last: self.latest(),
            dropped: None,
            ignored: self.ignored(),
            directions: self.tracker.directions(),
            silent_connections: self.tracker.silent_connections(),
            limits,
            attempts: self.tracker.attempts(),
        }
    }

    /// Packets that were left out, by the reason.
    fn ignored(&self) -> BTreeMap<Cow<'static, str>, u64> {
        let forged = self.table.forged();
        let thrown_away = [
            ("wrong TCP checksum", forged.wrong_checksum),
            ("hop limit too low to reach the receiver", forged.low_hop_limit),
        ];
        let decoded = self.decoder.ignored().into_iter();
        let all = decoded.chain(thrown_away.into_iter().filter(|&(_, count)| count > 0));
        all.map(|(reason, count)| (reason.into(), count)).collect()
    }

    /// Where idle sessions are put aside when there is little room for others. Without it some of those end
    /// early then.
    pub fn put_aside_in(&mut self, swap: Box<dyn Swap>) {
        self.tracker.put_aside_in(swap);
    }

    /// Puts all sessions aside for which nothing is going on, whatever room there is; the result is the same.
    pub fn put_all_aside(&mut self) {
        self.tracker.put_all_aside();
    }

    /// How many sessions are put aside.
    pub const fn aside(&self) -> usize {
        self.tracker.aside()
    }

    /// The capture is over: ends some of the sessions that are put aside, and returns whether there were any.
    /// Whoever takes those that have ended between calls never has all of them in memory.
    pub fn finish_some(&mut self) -> bool {
        let connections = self.tracker.call_some_back();
        for &id in &connections {
            self.table.finish_one(id, &mut self.tracker);
        }
        self.collect_ended();
        !connections.is_empty()
    }

    /// Ends the capture, and with it every session.
    pub fn finish(&mut self) {
        while self.finish_some() {}
        self.tracker.finishing();
        self.table.finish(&mut self.tracker);
        self.tracker.finish();
        self.collect_ended();
    }

    /// The findings that belong to no single session, once the capture is over and all sessions were taken.
    pub fn closing_findings(&mut self) -> Vec<Finding> {
        let capture = self.capture(Vec::new());
        self.conclusion.finish(&capture)
    }

    /// Ends the capture and reports on all that was not taken before.
    pub fn report(mut self, sources: Vec<Source>) -> Report {
        self.finish();
        let mut sessions = self.take_ended();
        sessions.sort_by_key(|session| session.frames.first);
        let findings = self.closing_findings();
        let files = session::files(&mut sessions);
        Report { capture: self.capture(sources), sessions, files, findings, ..Report::default() }
    }
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Analyzer")
            .field("packets", &self.packets)
            .field("bytes", &self.bytes)
            .field("latest", &self.latest())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn tracker(options: Options, hashing: Box<dyn Hashing>) -> Tracker {
    let (events, alerts, streaming) = (options.events, options.alerts, options.streaming);
    let mut tracker = Tracker::new(options, hashing);
    if events {
        tracker.watch();
    }
    if alerts {
        tracker.note_stirred();
    }
    if streaming {
        tracker.stream();
    }
    tracker
}

/// Lets a segment act on its connection.
#[inline]
fn follow(segment: &Segment<'_>, table: &mut Table, tracker: &mut Tracker) {
    table.push(segment, tracker);
    while let Some(id) = tracker.take_let_go() {
        table.ignore(id);
    }
}
