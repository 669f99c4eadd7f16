//! Captures that saw only one direction of a session.

use super::case::Case;
use super::draft::{Draft, Sink};
use crate::base::{Address, Endpoint, FrameNumber, TimeDelta, Timestamp, cost};
use crate::report::{Certainty, Code, Directions, Party};

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
    let Some(only) = only_side(case) else { return };
    let session = case.session;
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

/// One session of which one direction was captured.
#[derive(Clone, Copy, Debug)]
struct Half {
    only: Party,
    client: Endpoint,
    server: Endpoint,
    start: Timestamp,
    end: Timestamp,
    frame: FrameNumber,
}

/// The sessions of which one direction was captured.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    halves: Vec<Half>,
}

const _: () = assert!(size_of::<Half>() <= cost::ANNOUNCEMENT);

impl Ledger {
    /// Such sessions that are remembered.
    const KEPT: usize = 64;

    /// Adds a session, if it is one of these.
    pub(super) fn add(&mut self, case: &Case<'_>) {
        let Some(only) = only_side(case).filter(|_| self.halves.len() < Self::KEPT) else { return };
        let session = case.session;
        self.halves.push(Half {
            only,
            client: session.client,
            server: session.server,
            start: session.start,
            end: session.end,
            frame: session.frames.first,
        });
    }

    /// Pairs of halves that are one session, seen on both sides of a NAT.
    pub(super) fn close(&mut self, sink: &mut Sink) {
        let halves = std::mem::take(&mut self.halves);
        let mut taken = vec![false; halves.len()];
        for (place, client) in halves.iter().enumerate().filter(|(_, half)| half.only == Party::Client) {
            let mut others = halves.iter().enumerate();
            let other =
                others.find(|(at, half)| !taken.get(*at).copied().unwrap_or(true) && joins(client, half));
            let Some((at, server)) = other else { continue };
            for place in [place, at] {
                if let Some(taken) = taken.get_mut(place) {
                    *taken = true;
                }
            }
            let summary = format!(
                "The packets of the client {} to {} and those of the server {} to {} are probably one session, captured on \
                 both sides of a NAT that translates {} to {}",
                client.client,
                client.server,
                server.server,
                server.client,
                Address(client.client.ip),
                Address(server.client.ip),
            );
            sink.push(
                Draft::new(Code::OneWayCapture, client.start.max(server.start), summary)
                    .certainty(Certainty::Likely)
                    .advice("Capture on one side of the NAT.")
                    .frames([client.frame, server.frame]),
            );
        }
    }
}

/// Whether these are the two directions of one session: the same server at the same time.
fn joins(client: &Half, server: &Half) -> bool {
    /// Both begin with the handshake.
    const TOGETHER: TimeDelta = TimeDelta::from_secs(1);
    server.only == Party::Server
        && client.server == server.server
        && client.client != server.client
        && client.start.since(server.start).abs() <= TOGETHER
        && client.end >= server.start
        && server.end >= client.start
}
