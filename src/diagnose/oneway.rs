//! Captures that saw only one direction of a session.

use std::collections::BTreeMap;

use super::case::Case;
use super::draft::{Draft, Sink};
use crate::base::{Endpoint, FrameNumber, Timestamp};
use crate::report::{Code, Directions, Party, Uid};

/// Fewer packets than these show no session.
const FEWEST: u64 = 3;

/// The party whose packets are the only ones in the capture.
pub(super) fn only_side(case: &Case<'_>) -> Option<Party> {
    let traffic = &case.session.traffic;
    let packets = traffic.packets_originator.max(traffic.packets_responder);
    match case.session.directions() {
        Directions::ClientOnly if packets >= FEWEST => Some(Party::Client),
        Directions::ServerOnly if packets >= FEWEST => Some(Party::Server),
        Directions::Both | Directions::ClientOnly | Directions::ServerOnly => None,
    }
}

/// The rule of one session.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    // What lacks is read from the other side of the NAT.
    let Some(only) = only_side(case).filter(|_| session.twin.is_none()) else { return };
    let (seen, unseen) = match only {
        Party::Client => (format!("the client {}", session.client), format!("the server {}", session.server)),
        Party::Server => (format!("the server {}", session.server), format!("the client {}", session.client)),
    };
    let summary = format!(
        "Only the packets of {seen} are in the capture, none of {unseen}: what {} said is unknown",
        match only {
            Party::Client => "the server",
            Party::Server => "the client",
        },
    );
    sink.push(
        Draft::new(Code::OneWayCapture, session.start, summary)
            .frames([session.frames.first, session.frames.last]),
    );
}

/// A session of which one direction was captured, and the other one on the other side of a NAT.
#[derive(Clone, Debug)]
struct OneWaySession {
    uid: Uid,
    client: Endpoint,
    start: Timestamp,
    frame: FrameNumber,
}

/// The sessions of which one direction was captured on each side of a NAT.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Those whose twin is not told of yet, by its name.
    waiting: BTreeMap<Uid, OneWaySession>,
    findings: Vec<(OneWaySession, OneWaySession)>,
}

impl Ledger {
    /// As many are remembered and told of.
    const KEPT: usize = 64;

    /// Adds a session, if it is one of these.
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let session = case.session;
        let Some(twin) = session.twin.as_ref().filter(|_| only_side(case).is_some()) else { return };
        let this = OneWaySession {
            uid: session.uid.clone(),
            client: session.client,
            start: session.start,
            frame: session.frames.first,
        };
        if let Some(other) = self.waiting.remove(&this.uid) {
            if self.findings.len() < Self::KEPT {
                self.findings.push((other, this));
            }
        } else if self.waiting.len() < Self::KEPT {
            self.waiting.insert(twin.clone(), this);
        }
    }

    /// What was captured on both sides of a NAT.
    pub(super) fn close(&mut self, sink: &mut Sink) {
        for (one, other) in std::mem::take(&mut self.findings) {
            let (inside, outside) = if one.frame <= other.frame { (one, other) } else { (other, one) };
            let summary = format!(
                "Each side of a NAT shows one direction of one session only: it translates the client {} to {}",
                inside.client, outside.client,
            );
            sink.push(
                Draft::new(Code::OneWayCapture, inside.start.max(outside.start), summary)
                    .advice("Capture both directions on one side of the NAT.")
                    .frames([inside.frame, outside.frame]),
            );
        }
    }
}
