//! How the sides choose their listening ports, and whether they have enough of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::Options;
use super::address;
use super::case::Case;
use super::draft::{Draft, Sink, duration, plural};
use super::outage;
use crate::base::{FrameNumber, TimeDelta, Timestamp, cost};
use crate::report::{Code, Mode, Outcome, ReuseKind, ReuseOutcome, Severity};

/// Fewer uses than this show no pattern.
const FEWEST_USES: usize = 3;

/// Uses remembered of one listener over all sessions: a server that needs more ports has enough of them.
const USES_KEPT: usize = 2048;

/// One use of a listening port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) time: Timestamp,
    pub(super) port: u16,
    pub(super) frame: FrameNumber,
    pub(super) in_time_wait: bool,
    /// Whether the same pair in TIME_WAIT delayed or prevented the connection.
    pub(super) hindered: bool,
    /// Whether it led to nothing, and whether by RST.
    pub(super) failure: Option<Failure>,
    pub(super) by_epsv: bool,
}

/// How a data connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Refused,
    Unanswered,
}

/// A range of listening ports that is too small.
#[derive(Debug, PartialEq)]
struct Shortage {
    /// Different ports that were used.
    ports: usize,
    /// Lowest and highest of them.
    range: (u16, u16),
    /// Uses in all.
    uses: usize,
    /// From the first to the last use.
    span: TimeDelta,
    /// Most uses within one TIME_WAIT.
    peak: usize,
    /// Whether a connection was delayed or failed for it.
    hindered: bool,
}

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for active in [false, true] {
        let mut uses = uses(case, active);
        let Some(shortage) = shortage(&mut uses, active, case.options.time_wait) else { continue };
        let (listener, pattern) = if active {
            (case.session.client.ip, case.session.port_allocation.client)
        } else {
            (case.session.server.ip, case.session.port_allocation.server)
        };
        let whose = format!("The {} {listener}", if active { "client" } else { "server" });
        let pattern = pattern.map(|it| format!(" ({})", it.phrase())).unwrap_or_default();
        sink.push(draft(&whose, &pattern, active, &shortage, &uses, case.options));
    }
}

fn uses(case: &Case<'_>, active: bool) -> Vec<Use> {
    case.channels()
        .filter(|(_, channel)| channel.is_active() == active && channel.command().is_some())
        .filter_map(|(_, channel)| {
            let prediction = channel.predicted()?;
            let connection = channel.connection()?;
            if address::is_foreign(case, channel) {
                return None;
            }
            Some(Use {
                time: connection.start,
                port: prediction.listener.port,
                frame: connection.frames.first,
                in_time_wait: channel.reuse.as_ref().is_some_and(|reuse| reuse.in_time_wait),
                hindered: channel.reuse.as_ref().is_some_and(|reuse| {
                    reuse.in_time_wait
                        && reuse.kind == ReuseKind::FourTuple
                        && reuse.outcome != ReuseOutcome::Accepted
                }),
                failure: match channel.outcome() {
                    Some(Outcome::Refused) => Some(Failure::Refused),
                    Some(Outcome::Unanswered) => Some(Failure::Unanswered),
                    Some(Outcome::Connected | Outcome::Unused) | None => None,
                },
                by_epsv: channel.mode() == Some(Mode::Epsv),
            })
        })
        .collect()
}

/// Whether so many uses of so few ports must meet inside TIME_WAIT; the ports of a range lie together, and
/// those that were kept on purpose need not. More uses than ports within one TIME_WAIT do so for certain;
/// that the few ports seen are all there are is taken from each having served twice on average, or from their
/// lying close together.
fn shortage(uses: &mut [Use], active: bool, time_wait: TimeDelta) -> Option<Shortage> {
    if uses.len() < FEWEST_USES || !uses.iter().any(|it| it.in_time_wait) {
        return None;
    }
    uses.sort_by_key(|it| it.time);
    let ports: HashSet<u16> = uses.iter().map(|it| it.port).collect();
    let (low, high) = (*ports.iter().min()?, *ports.iter().max()?);
    let width = usize::from(high.saturating_sub(low)).saturating_add(1);
    let together = width <= ports.len().saturating_mul(2).saturating_add(8);
    let served_twice = together && ports.len().saturating_mul(2) <= uses.len();
    let hindered = uses.iter().any(|it| it.hindered);
    // A client that always listens on the same port has chosen to.
    if active && ports.len() == 1 && !hindered {
        return None;
    }
    let close_together = ports.len() >= 4 && width <= ports.len().saturating_add(ports.len() / 2);
    let peak = peak(uses, time_wait);
    let span = uses.last()?.time.since(uses.first()?.time);
    (peak > ports.len() && (served_twice || close_together)).then_some(Shortage {
        ports: ports.len(),
        range: (low, high),
        uses: uses.len(),
        span,
        peak,
        hindered,
    })
}

/// Most uses within one window of that length; `uses` are ordered by time.
fn peak(uses: &[Use], window: TimeDelta) -> usize {
    let mut peak = 0;
    let mut first = 0;
    for (at, current) in uses.iter().enumerate() {
        while uses.get(first).is_some_and(|it| current.time.since(it.time) >= window) {
            first += 1;
        }
        peak = peak.max(at + 1 - first);
    }
    peak
}

fn draft(
    whose: &str,
    pattern: &str,
    active: bool,
    shortage: &Shortage,
    uses: &[Use],
    options: &Options,
) -> Draft {
    let rate = if shortage.span < options.time_wait {
        format!(
            "{} within {}, {} a minute at least",
            plural(shortage.uses as u64, "data connection"),
            duration(shortage.span),
            shortage.uses,
        )
    } else {
        let per_minute = shortage.uses as f64 * 60.0 / shortage.span.seconds();
        format!(
            "{} ({per_minute:.1} a minute, up to {} within one TIME_WAIT)",
            plural(shortage.uses as u64, "data connection"),
            shortage.peak
        )
    };
    let ports = match shortage.range {
        (low, high) if low == high => format!("only port {low}"),
        (low, high) => format!("only {} ports between {low} and {high}", shortage.ports),
    };
    // Twice what one TIME_WAIT consumes leaves room for chance, and for more than was seen.
    let wanted = shortage.peak.saturating_mul(2).max(10);
    let summary = format!(
        "{whose} used {ports}{pattern} for {rate}, so that {} inside TIME_WAIT ({})",
        if shortage.hindered { "reuse can't be avoided" } else { "ports are used again" },
        duration(options.time_wait),
    );
    let severity = if shortage.hindered { Severity::Warning } else { Severity::Info };
    let advice = if active {
        format!("Let the client choose from at least {wanted} ports at this rate, or use passive mode.")
    } else {
        format!(
            "Give the server a passive port range of at least {wanted} ports at this rate, and open it in the firewall."
        )
    };
    let time = uses.iter().find(|it| it.in_time_wait).map_or_else(Timestamp::default, |it| it.time);
    Draft::new(Code::PortRangeExhausted, time, summary)
        .severity(severity)
        .advice(advice)
        .frames(uses.iter().map(|it| it.frame))
}

/// The listener, who connects to it, and whether the server is the one who connects.
type Pair = (IpAddr, IpAddr, bool);

/// What each listener used over all sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    listeners: HashMap<Pair, Listener>,
    /// Uses kept of all listeners.
    uses: usize,
}

/// What a listener costs, but for its uses.
pub(super) const LISTENER_COST: usize = cost::in_hash_table(size_of::<(Pair, Listener)>());

const _: () = assert!(2 * size_of::<Use>() <= cost::PORT_USE);

#[derive(Clone, Debug, Default)]
struct Listener {
    uses: Vec<Use>,
    sessions: u64,
    told: bool,
}

impl Ledger {
    /// What is known between these clients and servers.
    pub(super) fn of(&self, between: &BTreeSet<(IpAddr, IpAddr)>) -> Self {
        let ends =
            between.iter().flat_map(|&(client, server)| [(client, server, true), (server, client, false)]);
        let known = ends.filter_map(|ends| Some((ends, self.listeners.get(&ends)?.clone())));
        Self { listeners: known.collect(), uses: 0 }
    }

    /// Adds a session's uses; gives how many could not be remembered.
    pub(super) fn add(&mut self, case: &Case<'_>) -> u64 {
        let mut forgotten = 0;
        for active in [false, true] {
            let mut uses = uses(case, active);
            if !case.session.limited.is_empty() {
                // The answer may be among what was left out.
                uses.retain(|it| it.failure != Some(Failure::Unanswered));
            }
            if uses.is_empty() {
                continue;
            }
            let (client, server) = (case.session.client.ip, case.session.server.ip);
            let pair = if active { (client, server, true) } else { (server, client, false) };
            if self.listeners.len() >= case.options.hosts && !self.listeners.contains_key(&pair) {
                forgotten += 1;
                continue;
            }
            let listener = self.listeners.entry(pair).or_default();
            listener.sessions = listener.sessions.saturating_add(1);
            listener.told |= shortage(&mut uses, active, case.options.time_wait).is_some();
            let room = USES_KEPT
                .saturating_sub(listener.uses.len())
                .min(case.options.history.saturating_sub(self.uses));
            let before = listener.uses.len();
            listener.uses.extend(uses.into_iter().take(room));
            self.uses = self.uses.saturating_add(listener.uses.len().saturating_sub(before));
        }
        forgotten
    }

    /// The listeners whose shortage shows only over several sessions, and those that some connections reach
    /// and others not.
    pub(super) fn close(&mut self, options: &Options, sink: &mut Sink) {
        let mut listeners: Vec<_> = self.listeners.drain().collect();
        listeners.sort_unstable_by_key(|&(key, _)| key);
        for ((ip, other, active), mut listener) in listeners {
            outage::rule(ip, other, &mut listener.uses, &options.thresholds, sink);
            if listener.told || listener.sessions < 2 {
                continue;
            }
            let Some(shortage) = shortage(&mut listener.uses, active, options.time_wait) else { continue };
            let side = if active { "client" } else { "server" };
            let whose = format!("Over {} sessions the {side} {ip}", listener.sessions);
            sink.push(draft(&whose, "", active, &shortage, &listener.uses, options));
        }
    }
}
