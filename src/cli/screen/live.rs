//! A live capture in the terminal interface.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::exit::Failure;
use super::{BATCH, message_of};
use crate::analyzer::{Change, Event, EventKind, OverallEvent};
use crate::base::{LimitName, TimeDelta, Timestamp};
use crate::capture::Ring;
use crate::decode::Frame;
use crate::live::{Begun, Now, Watcher};
use crate::report::{Capture, Finding, Session, Uid};
use crate::tui::{self, Feed, Kept, LiveStatus, Outlet, Waiting};

/// Time between two updates of the screen.
const PAUSE: Duration = Duration::from_millis(200);
/// How long assembling active sessions may delay packets.
const BUDGET: Duration = Duration::from_millis(20);
/// Seconds for which rates are shown.
const RATES: usize = 60;

/// Captures on a thread of the interface.
pub(super) struct LiveSource {
    pub(super) begun: Begun,
    /// The interfaces' names.
    pub(super) name: String,
    /// How long predictions wait.
    pub(super) window: TimeDelta,
    /// The last packets, if they are kept.
    pub(super) ring: Option<Arc<Mutex<Ring>>>,
}

impl tui::Source for LiveSource {
    fn has_last_words(&self) -> bool {
        true
    }

    fn run(self: Box<Self>, outlet: &Outlet) {
        let Self { begun, name, window, ring } = *self;
        let watcher = Screen {
            outlet: outlet.clone(),
            name,
            window,
            ring,
            changed: BTreeSet::new(),
            active: BTreeSet::new(),
            ended: Vec::new(),
            lost: 0,
            overall: Vec::new(),
            has_news: false,
            moving: BTreeSet::new(),
            looked: Instant::now(),
            second: Second { begun: Instant::now(), packets: 0, bytes: 0 },
            packet_rates: VecDeque::new(),
            byte_rates: VecDeque::new(),
            is_screen_gone: false,
        };
        let followed = begun.watched(Box::new(watcher), &mut |note| {
            // Dropped if the screen is behind: notes in quick succession would not be read anyway.
            let _ = outlet.offer(Feed::Note(note.to_owned()));
        });
        if let Err(failure) = followed {
            let _ = outlet.send(Feed::Failed(failure.to_string()));
        }
    }
}

/// Passes events, sessions and status on to the screen.
struct Screen {
    outlet: Outlet,
    name: String,
    window: TimeDelta,
    ring: Option<Arc<Mutex<Ring>>>,
    /// Active sessions that changed since the screen last got them.
    changed: BTreeSet<Uid>,
    /// Active sessions.
    active: BTreeSet<Uid>,
    /// Finished sessions that the screen has not got yet.
    ended: Vec<Kept>,
    /// Finished sessions that could not be kept.
    lost: u64,
    /// Findings that belong to no single session, and whether the screen did not get them all yet.
    overall: Vec<Finding>,
    has_news: bool,
    /// Sessions with an open data connection: they change without an event.
    moving: BTreeSet<Uid>,
    looked: Instant,
    second: Second,
    packet_rates: VecDeque<u64>,
    byte_rates: VecDeque<u64>,
    /// Whether the screen is gone.
    is_screen_gone: bool,
}

/// The counters when the current second began.
struct Second {
    begun: Instant,
    packets: u64,
    bytes: u64,
}

impl Screen {
    fn rates(&mut self, now: &Now<'_>) {
        let elapsed = self.second.begun.elapsed();
        if elapsed < Duration::from_secs(1) {
            return;
        }
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = |now: u64, then: u64| now.saturating_sub(then).saturating_mul(1000) / millis;
        for (rates, rate) in [
            (&mut self.packet_rates, rate(now.analyzer.packets(), self.second.packets)),
            (&mut self.byte_rates, rate(now.analyzer.bytes(), self.second.bytes)),
        ] {
            if rates.len() >= RATES {
                rates.pop_front();
            }
            rates.push_back(rate);
        }
        self.second =
            Second { begun: Instant::now(), packets: now.analyzer.packets(), bytes: now.analyzer.bytes() };
    }

    /// Passes on finished sessions.
    fn hand_over(&mut self) {
        if !self.ended.is_empty() {
            let ended = std::mem::take(&mut self.ended);
            self.is_screen_gone |= self.outlet.send(Feed::Sessions(ended)).is_break();
        }
    }

    fn waiting(&self, now: &Now<'_>) -> Vec<Waiting> {
        let mut waiting: Vec<Waiting> = now
            .analyzer
            .waiting()
            .into_iter()
            .map(|waiting| Waiting {
                session: waiting.session,
                mode: waiting.mode,
                listener: waiting.prediction.listener,
                connector: waiting.prediction.connector,
                since: waiting.since.time,
                until: waiting.since.time.plus(self.window),
            })
            .collect();
        waiting.sort_by_key(|waiting| waiting.until);
        waiting
    }

    /// The sessions that have changed, as they stand now. If there are too many, some wait for the next time.
    fn sessions(&mut self, now: &mut Now<'_>) -> Vec<Session> {
        self.changed.extend(self.moving.iter().cloned());
        let begun = Instant::now();
        let mut sessions = Vec::new();
        while begun.elapsed() < BUDGET
            && let Some(uid) = self.changed.pop_first()
        {
            sessions.extend(now.analyzer.session_now(&uid));
        }
        sessions
    }
}

impl Watcher for Screen {
    fn is_stop_wanted(&self) -> bool {
        self.is_screen_gone || self.outlet.stopped()
    }

    fn packet(&mut self, frame: &Frame<'_>) {
        if let Some(ring) = &self.ring {
            ring.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
        }
    }

    fn event(&mut self, event: &Event) {
        match event.kind {
            EventKind::Connected { .. } => _ = self.moving.insert(event.session.clone()),
            EventKind::Transferred { .. } | EventKind::Ended { .. } => _ = self.moving.remove(&event.session),
            _ => {}
        }
        if matches!(event.kind, EventKind::Ended { .. }) {
            self.active.remove(&event.session);
        } else {
            self.active.insert(event.session.clone());
        }
        self.changed.insert(event.session.clone());
    }

    fn overall(&mut self, event: &OverallEvent) {
        if event.change == Change::Found {
            self.overall.push((*event.finding).clone());
            self.has_news = true;
        }
    }

    fn session(&mut self, session: Session) {
        self.changed.remove(&session.uid);
        self.moving.remove(&session.uid);
        self.active.remove(&session.uid);
        match self.outlet.keep(&session) {
            Ok(kept) => self.ended.push(kept),
            Err(error) => {
                self.lost = self.lost.saturating_add(1);
                let text = message_of(Failure::from(error));
                for feed in [Feed::Lost(session.uid), Feed::Note(text)] {
                    self.is_screen_gone |= self.outlet.send(feed).is_break();
                }
            }
        }
        if self.ended.len() >= BATCH {
            self.hand_over();
        }
    }

    fn look(&mut self, mut now: Now<'_>) {
        self.rates(&now);
        if self.looked.elapsed() < PAUSE {
            return;
        }
        self.hand_over();
        if std::mem::take(&mut self.has_news) {
            self.is_screen_gone |= self.outlet.send(Feed::Findings(self.overall.clone())).is_break();
        }
        let status = LiveStatus {
            interface: self.name.clone(),
            sessions: self.sessions(&mut now),
            active: self.active.len() as u64,
            waiting: self.waiting(&now),
            packets: now.analyzer.packets(),
            bytes: now.analyzer.bytes(),
            dropped: now.dropped,
            packet_rates: self.packet_rates.iter().copied().collect(),
            byte_rates: self.byte_rates.iter().copied().collect(),
            recording: now.recording.map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes)),
            now: now.time.unwrap_or(Timestamp::from_nanos(0)),
        };
        match self.outlet.hand(Feed::Live(Box::new(status))) {
            ControlFlow::Continue(None) => {}
            // The screen is behind: it gets the same a little later.
            ControlFlow::Continue(Some(feed)) => {
                if let Feed::Live(status) = feed {
                    self.changed.extend(status.sessions.into_iter().map(|session| session.uid));
                }
            }
            ControlFlow::Break(()) => self.is_screen_gone = true,
        }
        self.looked = Instant::now();
    }

    fn over(&mut self, mut capture: Capture, findings: Vec<Finding>) {
        self.hand_over();
        capture.limits.add(LimitName::Sessions, self.lost);
        let _ = self.outlet.send(Feed::Finished { capture: Box::new(capture), findings });
    }
}
