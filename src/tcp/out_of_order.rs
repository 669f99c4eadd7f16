//! What a stream with a hole holds, and what of it was given up.

use std::collections::BTreeMap;

use super::Stream;
use super::half::length;
use super::reassembly::{Arrival, Budget};
use super::sink::Absence;
use crate::base::{LimitName, PacketRef, Timestamp, cost};

/// What a piece costs beside its bytes: its entry in the tree, and what the allocator adds.
pub(super) const PIECE_COST: usize = cost::in_tree(size_of::<(u64, Piece)>()) + cost::ALLOCATION;

/// What a given-up range costs.
const GIVEN_UP_COST: usize = cost::in_tree(size_of::<(u64, GivenUp)>());

/// How many given-up ranges of a stream are remembered, so that late bytes can be distinguished from
/// retransmissions.
const GIVEN_UP: usize = 1024;

/// A range that was given up.
#[derive(Clone, Copy, Debug)]
struct GivenUp {
    len: u64,
    absence: Absence,
}

/// Bytes that wait for those before them.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Box<[u8]>,
    /// Bytes behind them that the capture cut off.
    pub cut: u64,
    /// The packet that carried them.
    pub packet: PacketRef,
    acked: Option<u64>,
    leads: bool,
    /// Whether they had been acknowledged before.
    pub was_acked: bool,
    /// When they came, by the clock that timers run by.
    pub noticed: Timestamp,
}

/// What only a stream with a hole needs.
#[derive(Debug, Default)]
pub(super) struct OutOfOrderQueue {
    /// By offset; they overlap neither each other nor what was delivered, and never touch the latter.
    pieces: BTreeMap<u64, Piece>,
    /// What they cost.
    cost: usize,
    /// What was given up, by its start.
    given_up: BTreeMap<u64, GivenUp>,
    /// Where the first of those gaps starts that are no longer remembered one by one, and how many bytes they
    /// are.
    forgotten: Option<(u64, u64)>,
}

/// What of the held bytes is at an offset.
pub(super) enum Covered {
    /// A piece that ends there.
    Until(u64),
    /// None, and the next one starts there.
    NotBefore(u64),
}

impl OutOfOrderQueue {
    /// The first piece and where it starts.
    #[cold]
    pub(super) fn first(&self) -> Option<(u64, &Piece)> {
        self.pieces.first_key_value().map(|(&start, piece)| (start, piece))
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.given_up.is_empty()
    }

    /// Whether it is more than may be held.
    pub(super) fn is_over(&self, budget: &Budget) -> bool {
        !self.pieces.is_empty()
            && (self.pieces.len() > budget.pieces
                || self.cost > budget.per_stream
                // A stream that holds much makes way for one that holds little: none may hold more than is
                // left.
                || self.cost > budget.total.saturating_sub(budget.held))
    }

    /// What is held at an offset.
    pub(super) fn covered(&self, offset: u64) -> Covered {
        if let Some((&start, piece)) = self.pieces.range(..=offset).next_back() {
            let end = piece.end(start);
            if offset < end {
                return Covered::Until(end);
            }
        }
        let later = self.pieces.range(offset.saturating_add(1)..).next();
        Covered::NotBefore(later.map_or(u64::MAX, |(&start, _)| start))
    }

    /// Counts the part of a segment that other segments brought before it.
    pub(super) fn count_again(&self, arrival: &Arrival<'_>, end: u64, stream: &mut Stream) {
        for (&start, piece) in self.overlapping(arrival.offset, end) {
            let from = start.max(arrival.offset);
            let len = piece.end(start).min(end).saturating_sub(from);
            let first = part(&piece.bytes, from.saturating_sub(start), len);
            let second = part(arrival.bytes, from.saturating_sub(arrival.offset), len);
            let differing = first.iter().zip(second).filter(|(one, other)| one != other).count();
            stream.retransmitted = stream.retransmitted.saturating_add(len);
            stream.conflicting =
                stream.conflicting.saturating_add(u64::try_from(differing).unwrap_or(u64::MAX));
        }
    }

    /// Copies bytes that can't be delivered yet: the one copy on the way through this module.
    pub(super) fn hold(&mut self, run: &Arrival<'_>, budget: &mut Budget) {
        let piece = Piece {
            bytes: run.bytes.into(),
            cut: 0,
            packet: run.packet,
            acked: run.acked,
            leads: run.leads,
            was_acked: run.was_acked,
            noticed: run.now,
        };
        self.cost = self.cost.saturating_add(piece.cost());
        budget.held = budget.held.saturating_add(piece.cost());
        self.pieces.insert(run.offset, piece);
    }

    /// Takes out the first piece if it starts at `next`.
    pub(super) fn take_at(&mut self, next: u64, budget: &mut Budget) -> Option<(u64, Piece)> {
        let first = self.pieces.first_entry().filter(|first| *first.key() <= next)?;
        let (start, piece) = first.remove_entry();
        self.release(&piece, budget);
        Some((start, piece))
    }

    /// Takes note that the capture cut off bytes behind the piece that ends at `end`.
    pub(super) fn cut_behind(&mut self, end: u64, cut: u64) {
        if let Some((&start, piece)) = self.pieces.range_mut(..end).next_back()
            && piece.end(start) == end
        {
            piece.cut = cut;
        }
    }

    /// Forgets what is held from `end` on; returns how many bytes that were.
    pub(super) fn truncate(&mut self, end: u64, budget: &mut Budget) -> u64 {
        let mut forgotten = 0_u64;
        for piece in self.pieces.split_off(&end).into_values() {
            self.release(&piece, budget);
            forgotten = forgotten.saturating_add(length(&piece.bytes));
        }
        forgotten
    }

    /// Forgets all that is held.
    pub(super) fn discard(&mut self, budget: &mut Budget) {
        self.forget_given_up(budget);
        budget.held = budget.held.saturating_sub(self.cost);
        self.cost = 0;
        self.pieces.clear();
    }

    /// Takes note that these bytes were given up.
    pub(super) fn give_up(&mut self, start: u64, len: u64, absence: Absence, budget: &mut Budget) {
        if self.given_up.len() >= GIVEN_UP
            && let Some((start, range)) = self.given_up.pop_first()
        {
            self.forget_range(start, range);
            budget.given_up = budget.given_up.saturating_sub(GIVEN_UP_COST);
        }
        let cost = budget.given_up.saturating_add(GIVEN_UP_COST);
        if cost > budget.given_up_total {
            // Should they come after all, they count as sent again.
            budget.counts.reached(LimitName::Reassembly);
            self.forget_range(start, GivenUp { len, absence });
        } else if self.given_up.insert(start, GivenUp { len, absence }).is_none() {
            budget.given_up = cost;
        }
    }

    fn forget_range(&mut self, start: u64, range: GivenUp) {
        if range.absence == Absence::Gap {
            let (first, bytes) = self.forgotten.get_or_insert((start, 0));
            *first = start.min(*first);
            *bytes = bytes.saturating_add(range.len);
        }
    }

    /// How many bytes of the gaps lie behind all that the receiver had.
    pub(super) fn never_received(&self, received: u64) -> u64 {
        let forgotten = self.forgotten.filter(|&(first, _)| first >= received).map_or(0, |(_, bytes)| bytes);
        let gaps = self.given_up.iter().rev().filter(|(_, range)| range.absence == Absence::Gap);
        gaps.map(|(&start, range)| start.saturating_add(range.len).saturating_sub(start.max(received)))
            .take_while(|&len| len > 0)
            .fold(forgotten, u64::saturating_add)
    }

    /// Forgets what was given up: the connection is over.
    #[cold]
    pub(super) fn forget_given_up(&mut self, budget: &mut Budget) {
        let cost = self.given_up.len().saturating_mul(GIVEN_UP_COST);
        budget.given_up = budget.given_up.saturating_sub(cost);
        self.given_up.clear();
    }

    /// Removes a range from what was given up; returns how many bytes of it had been.
    pub(super) fn reclaim(&mut self, from: u64, to: u64, budget: &mut Budget) -> u64 {
        let mut reclaimed = 0_u64;
        let before = self.given_up.len();
        while let Some((&start, &GivenUp { len, absence })) = self.given_up.range(..to).next_back() {
            let end = start.saturating_add(len);
            if end <= from {
                break;
            }
            self.given_up.remove(&start);
            if end > to {
                self.given_up.insert(to, GivenUp { len: end.saturating_sub(to), absence });
            }
            reclaimed = reclaimed.saturating_add(end.min(to).saturating_sub(start.max(from)));
            if start < from {
                self.given_up.insert(start, GivenUp { len: from.saturating_sub(start), absence });
                break;
            }
        }
        let (now, cost) = (self.given_up.len(), |count: usize| count.saturating_mul(GIVEN_UP_COST));
        budget.given_up = budget.given_up.saturating_add(cost(now)).saturating_sub(cost(before));
        reclaimed
    }

    fn release(&mut self, piece: &Piece, budget: &mut Budget) {
        self.cost = self.cost.saturating_sub(piece.cost());
        budget.held = budget.held.saturating_sub(piece.cost());
    }

    /// The pieces that share bytes with a range.
    fn overlapping(&self, from: u64, to: u64) -> impl Iterator<Item = (&u64, &Piece)> {
        let before = self.pieces.range(..from).next_back().filter(|(start, piece)| piece.end(**start) > from);
        // A range whose start lies behind its end would panic.
        before.into_iter().chain(self.pieces.range(from..to.max(from)))
    }
}

impl Piece {
    const fn cost(&self) -> usize {
        self.bytes.len().saturating_add(PIECE_COST)
    }

    fn end(&self, start: u64) -> u64 {
        start.saturating_add(length(&self.bytes))
    }

    /// The piece that starts at `start`, without its first `known` bytes.
    pub(super) fn as_arrival(&self, start: u64, known: u64) -> Arrival<'_> {
        Arrival {
            offset: start.saturating_add(known),
            bytes: part(&self.bytes, known, u64::MAX),
            cut: 0,
            packet: self.packet,
            acked: self.acked,
            leads: self.leads && known == 0,
            counts: true,
            was_acked: self.was_acked,
            now: self.noticed,
        }
    }
}

/// `len` bytes from `from`, or as many as there are.
pub(super) fn part(bytes: &[u8], from: u64, len: u64) -> &[u8] {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let rest = bytes.get(from..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}
