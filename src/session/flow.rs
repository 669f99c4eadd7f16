//! A TCP connection as the tracker sees it: a control connection, a data connection, or one that may yet
//! become either.

mod copies;
mod heads;
mod unwrapped;

use std::mem;

use smallvec::SmallVec;

use super::content::{Content, Hashing, NoHashing, Plan};
use super::sessions::SessionId;
use super::tls_details::{self, Circumstances};
use crate::base::{Endpoint, FrameNumber, PacketRef, TimeDelta, Timestamp};
use crate::report::{
    self, Certainty, ChannelIndex, EndState, FirstClose, MatchedBy, Stall, StreamFacts, TlsDetails, Uid,
};
use crate::tcp::{Absence, Chunk, Connection, ConnectionId, Gap, Onset, Side, Stream};
use crate::tls::{self, Keys, Lineage, Version};

pub(super) use heads::ContentHeads;
use unwrapped::Unwrapped;

/// Silence that is worth noting.
const STALL: TimeDelta = TimeDelta::from_secs(1);

/// A connection that is followed.
pub(super) struct Flow {
    pub(super) id: ConnectionId,
    pub(super) originator: Endpoint,
    pub(super) responder: Endpoint,
    pub(super) first: PacketRef,
    pub(super) role: Role,
    /// At how many of its ends it is looked for, the responder's first: at both where it was met in the
    /// middle.
    pub(super) listed: usize,
    /// Whether it waits among the connections between two hosts for somebody to claim it.
    pub(super) candidate: bool,
}

/// What a connection is for.
pub(super) enum Role {
    /// Nothing was said yet; what is said first decides whether it is followed.
    Undecided,
    /// It may be a control connection: nothing was said yet.
    Suspect,
    /// It is one.
    Control(SessionId),
    /// It is a data connection, or may be one that nobody has announced yet.
    Data(Box<DataFlow>),
}

/// A data connection, claimed or not.
pub(super) struct DataFlow {
    /// The channels that it belongs to: one, or two in an FXP transfer.
    pub(super) owners: SmallVec<[(SessionId, ChannelIndex); 2]>,
    /// The channel whose endpoint it goes to although that has its connection, until it comes to something.
    pub(super) attempt: Option<ConnectionAttempt>,
    /// The session that can't be read whose data connection it may be, until it shows what it is.
    pub(super) foreseen: Option<Foreseen>,
    /// Whether it has shown what it is, as far as that tells whose it is.
    pub(super) is_settled: bool,
    /// Whether originator and responder are swapped, compared with what the TCP floor guessed (mid-stream).
    pub(super) swapped: bool,
    /// Whether it was reported that the connection stands.
    pub(super) connection_reported: bool,
    /// How its contents are sent, and what is wanted of them.
    pub(super) plan: Plan,
    streams: [Option<Content>; 2],
    tls: TlsState,
    last_payload: Option<PacketRef>,
    stall: Option<Stall>,
    /// The first and the last packet of whose payload the capture cut something off, of each side.
    cuts: [Option<(PacketRef, PacketRef)>; 2],
    /// What was reckoned for it last.
    pub(super) kept: usize,
    /// How much of that is of copies.
    pub(super) copied: u32,
    /// Whether its content is not read any more because there was no room.
    pub(super) is_unread: bool,
    /// Whether none of its sessions is asked for: then it is not digested. Decided before its first byte.
    pub(super) is_unwanted: bool,
}

/// A connection to the listening endpoint of a channel that has its connection already.
#[derive(Clone)]
pub(super) struct ConnectionAttempt {
    pub(super) session: SessionId,
    pub(super) channel: ChannelIndex,
    pub(super) matched_by: MatchedBy,
    pub(super) peer_session: Option<Uid>,
}

/// A session that may have announced a connection out of sight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Foreseen {
    pub(super) session: SessionId,
    pub(super) certainty: Certainty,
    /// When it may have announced it.
    pub(super) announced: Option<Timestamp>,
}

/// What a connection that nobody announced in sight has shown to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// Nothing yet.
    Nothing,
    /// Another protocol's.
    Another,
    /// It may be a data connection; with the TLS session that it resumes.
    Data(Option<Lineage>),
}

enum TlsState {
    Unknown,
    No,
    Yes(Box<Wrapped>),
}

/// What goes through TLS.
#[derive(Default)]
struct Wrapped {
    session: tls::Session,
    /// Whether a key log was given.
    has_keys: bool,
    /// The frame of the first fatal alert.
    alert_frame: Option<FrameNumber>,
    unwrapped: Unwrapped,
}

const fn index(side: Side) -> usize {
    match side {
        Side::Originator => 0,
        Side::Responder => 1,
    }
}

const fn end_of(side: Side) -> tls::End {
    match side {
        Side::Originator => tls::End::A,
        Side::Responder => tls::End::B,
    }
}

impl DataFlow {
    /// Whether no channel has it, nor waits to see what comes of it.
    pub(super) fn is_unowned(&self) -> bool {
        self.owners.is_empty() && self.attempt.is_none()
    }

    pub(super) fn new() -> Self {
        Self {
            owners: SmallVec::new(),
            attempt: None,
            foreseen: None,
            is_settled: false,
            swapped: false,
            connection_reported: false,
            plan: Plan::default(),
            streams: [None, None],
            tls: TlsState::Unknown,
            last_payload: None,
            stall: None,
            cuts: [None; 2],
            kept: 0,
            copied: 0,
            is_unread: false,
            is_unwanted: false,
        }
    }

    /// What is kept of its content, in bytes of memory.
    pub(super) fn weight(&self) -> usize {
        let (tls, plain) = match &self.tls {
            TlsState::Yes(wrapped) => {
                (size_of::<Wrapped>().saturating_add(wrapped.session.memory()), &wrapped.unwrapped.plain[..])
            }
            TlsState::Unknown | TlsState::No => (0, &[][..]),
        };
        let contents = self.streams.iter().chain(plain).flatten();
        contents.fold(tls, |total, content| total.saturating_add(content.weight()))
    }

    /// Keeps nothing of its content from now on: it is still counted and digested, but not read.
    pub(super) fn stop_reading(&mut self, hashing: &mut dyn Hashing) {
        self.is_unread = true;
        self.streams.iter_mut().flatten().for_each(Content::stop_reading);
        if let TlsState::Yes(wrapped) = &mut self.tls {
            for content in wrapped.unwrapped.plain.iter_mut().flatten() {
                content.forget(hashing);
                content.finish(hashing);
            }
        }
        self.tls = TlsState::No;
    }

    /// Whether it carried anything.
    pub(super) const fn has_payload(&self) -> bool {
        self.last_payload.is_some()
    }

    /// Whether this side sent something and the other one nothing.
    pub(super) fn sent(&self, side: Side) -> bool {
        let has = |side: Side| self.streams.get(index(side)).is_some_and(Option::is_some);
        has(side) && !has(side.other())
    }

    /// Whether it is to be found out whose it is: what it has carried may tell now.
    pub(super) fn awaits_settling(&self) -> bool {
        let is_open = self.foreseen.is_some() || matches!(self.tls, TlsState::Yes(_));
        is_open && self.owners.is_empty() && !self.is_settled
    }

    /// What it has shown to be.
    pub(super) fn shows(&self) -> Shows {
        match &self.tls {
            TlsState::Unknown => Shows::Nothing,
            TlsState::No => {
                let heads = self.streams.iter().flatten().map(|content| content.head.as_slice());
                if heads.into_iter().any(is_other_protocol) { Shows::Another } else { Shows::Data(None) }
            }
            TlsState::Yes(wrapped) => match wrapped.session.facts() {
                facts if facts.version.is_none() => Shows::Nothing,
                facts if facts.version >= Some(Version::TLS13) => Shows::Data(None),
                facts if facts.resumed.is_none() && !facts.established => Shows::Nothing,
                facts => Shows::Data(facts.lineage.filter(|_| facts.resumed == Some(true))),
            },
        }
    }

    /// Takes more bytes.
    pub(super) fn data(&mut self, chunk: &Chunk<'_>, hashing: &mut dyn Hashing, keys: &mut Keys<'_>) {
        let hashing = if self.is_unwanted { &mut NoHashing } else { hashing };
        self.note_silence(chunk.packet);
        let mut plan = self.plan;
        if matches!(self.tls, TlsState::Yes(_)) {
            // Of what TLS hides a copy is of no use.
            plan.copy = 0;
        }
        let Some(slot) = self.streams.get_mut(index(chunk.side)) else { return };
        let content = slot.get_or_insert_with(|| begun(hashing, plan, chunk));
        content.update(hashing, chunk.bytes, chunk.packet);
        if !matches!(self.tls, TlsState::No) {
            self.tls(chunk, hashing, keys);
        }
    }

    /// It will never be anybody's: what was begun for it ends.
    #[cold]
    pub(super) fn discard(&mut self, hashing: &mut dyn Hashing) {
        let plain = match &mut self.tls {
            TlsState::Yes(wrapped) => &mut wrapped.unwrapped.plain[..],
            TlsState::Unknown | TlsState::No => &mut [],
        };
        for content in self.streams.iter_mut().chain(plain).flatten() {
            content.forget(hashing);
            content.finish(hashing);
        }
    }

    fn note_silence(&mut self, packet: PacketRef) {
        if let Some(before) = self.last_payload {
            let silence = packet.time.since(before.time);
            let longest = self.stall.map_or(STALL, |stall| stall.until.since(stall.from));
            if silence > longest {
                self.stall = Some(Stall {
                    from: before.time,
                    until: packet.time,
                    frames: report::FrameSpan { first: before.frame, last: packet.frame },
                });
            }
        }
        self.last_payload = Some(packet);
    }

    fn tls(&mut self, chunk: &Chunk<'_>, hashing: &mut dyn Hashing, keys: &mut Keys<'_>) {
        if matches!(self.tls, TlsState::Unknown) {
            self.tls = if chunk.offset == 0 && tls::looks_like_tls(chunk.bytes) == tls::Sniff::Yes {
                self.streams.iter_mut().flatten().for_each(Content::forget_copy);
                TlsState::Yes(Box::default())
            } else {
                TlsState::No
            };
        }
        let TlsState::Yes(wrapped) = &mut self.tls else { return };
        let Wrapped { session, unwrapped, has_keys, alert_frame } = &mut **wrapped;
        *has_keys = keys.log.is_given();
        let plan = self.plan;
        session.push(end_of(chunk.side), chunk.bytes, keys, &mut |end, event| {
            unwrapped.take(end, event, hashing, plan, chunk.packet);
        });
        if session.facts().fatal.is_some() {
            alert_frame.get_or_insert(chunk.packet.frame);
        }
        // Records are no content.
        if session.facts().client.is_some() {
            self.streams.iter_mut().flatten().for_each(|content| content.forget(hashing));
        }
    }

    /// Bytes of one side are missing.
    pub(super) fn gap(&mut self, gap: Gap, hashing: &mut dyn Hashing, keys: &mut Keys<'_>) {
        let hashing = if self.is_unwanted { &mut NoHashing } else { hashing };
        if gap.absence == Absence::Cut
            && let Some(cut) = self.cuts.get_mut(index(gap.side))
        {
            let first = cut.map_or(gap.packet, |(first, _)| first);
            *cut = Some((first, gap.packet));
        }
        if let Some(Some(content)) = self.streams.get_mut(index(gap.side)) {
            content.gap(hashing, gap.len);
        }
        if let TlsState::Yes(wrapped) = &mut self.tls {
            let Wrapped { session, unwrapped, .. } = &mut **wrapped;
            let plan = self.plan;
            session.gap(end_of(gap.side), gap.len, keys, &mut |end, event| {
                unwrapped.take(end, event, hashing, plan, gap.packet);
            });
        }
    }

    /// The listing that a stream carried, where it was wanted.
    pub(super) fn listing(&self) -> Option<report::Listing> {
        let plain = match &self.tls {
            TlsState::Yes(wrapped) => wrapped.unwrapped.plain.iter().flatten().find_map(Content::listing),
            TlsState::Unknown | TlsState::No => None,
        };
        plain.or_else(|| self.streams.iter().flatten().find_map(Content::listing))
    }

    /// The connection is over: what TLS had held back is delivered.
    pub(super) fn finish(&mut self, last: PacketRef, hashing: &mut dyn Hashing, keys: &mut Keys<'_>) {
        let hashing = if self.is_unwanted { &mut NoHashing } else { hashing };
        let TlsState::Yes(wrapped) = &mut self.tls else { return };
        let Wrapped { session, unwrapped, .. } = &mut **wrapped;
        let plan = self.plan;
        for end in [tls::End::A, tls::End::B] {
            session.finish(end, keys, &mut |end, event| {
                unwrapped.take(end, event, hashing, plan, last);
            });
        }
    }

    /// The connection as the report shows it, as it stands now.
    pub(super) fn describe(&mut self, connection: &Connection) -> Box<report::Connection> {
        let (mut described, heads) = self.facts(connection, None);
        heads.complete(&mut described);
        described
    }

    /// The connection as the report shows it, but for the kinds of its contents, and the first bytes that
    /// show those. With `hashing`, digests are finished: once only.
    pub(super) fn facts(
        &mut self,
        connection: &Connection,
        hashing: Option<&mut dyn Hashing>,
    ) -> (Box<report::Connection>, ContentHeads) {
        let mut none = NoHashing;
        let mut hashing: Option<&mut dyn Hashing> = match hashing {
            Some(_) if self.is_unwanted => Some(&mut none),
            Some(hashing) => Some(hashing),
            None => None,
        };
        let Self { streams, tls, cuts, .. } = self;
        let ReadTls { is_tls: tls, decrypted, details, mut plain } = ReadTls::of(tls, connection);
        let mut described = outline(connection, self.stall);
        (described.tls, described.decrypted, described.tls_details) = (tls, decrypted, details);
        let report::Connection { from_originator, from_responder, .. } = &mut *described;
        let mut heads = [Vec::new(), Vec::new()];
        for ((place, facts), head) in
            [from_originator, from_responder].into_iter().enumerate().zip(&mut heads)
        {
            let wire = streams.get_mut(place).and_then(Option::as_mut);
            let plain = plain.as_mut().and_then(|plain| plain.get_mut(place)?.as_mut());
            facts.content_bytes = decrypted.then_some(0);
            let cut = cuts.get(place).copied().flatten();
            let ended = facts.end_seen || matches!(connection.end_state, EndState::Fin | EndState::Rst);
            let whole = facts.missing == 0 && facts.lost == 0 && facts.start_seen && ended;
            let payload = payload_span(wire.as_deref(), cut);
            facts.first_payload = payload.map(|(first, _)| (first.time, first.frame));
            facts.last_payload = payload.map(|(_, last)| (last.time, last.frame));
            // What went over the wire for a content of nothing was all TLS's own.
            let of_tls_alone = |wire: &mut Content| {
                hashing.as_deref_mut().map(|hashing| wire.finish(hashing));
            };
            let wire = if decrypted && plain.is_none() {
                wire.map(of_tls_alone);
                None
            } else {
                wire
            };
            let Some(wire) = wire else {
                facts.content_span = duration(payload).filter(|_| !decrypted);
                if let Some(hashing) =
                    hashing.as_deref_mut().filter(|_| whole && connection.established.is_some())
                {
                    let nothing = hashing.start();
                    facts.sha256 = hashing.finish(nothing);
                }
                continue;
            };
            let (content, other) = match plain {
                Some(plain) if decrypted => (plain, Some(wire)),
                plain => (wire, plain),
            };
            // Whoever finishes the digests has no more use for it.
            *head = if hashing.is_some() { mem::take(&mut content.head) } else { content.head.clone() };
            facts.bare_line_feeds = content.bare_line_feeds;
            let is_known = decrypted || !tls;
            facts.content_span = duration(payload_span(Some(content), cut)).filter(|_| is_known);
            facts.content_bytes = decrypted.then_some(content.len);
            facts.kept = content.kept();
            if let Some(hashing) = hashing.as_deref_mut() {
                // Nobody asks for the other's digests, which are to go as well.
                if let Some(other) = other {
                    other.forget(hashing);
                    other.finish(hashing);
                }
                let finished = content.finish(hashing);
                let delivered_all = decrypted || content.len == facts.bytes;
                facts.sha256 = finished.sha256.filter(|_| whole && delivered_all);
                let readable = whole && delivered_all && (decrypted || !tls);
                facts.decoded = finished.decoded.filter(|_| readable).map(Box::new);
            }
        }
        let [originator, responder] = heads;
        if self.swapped {
            swap(&mut described);
            (described, ContentHeads::new(responder, originator))
        } else {
            (described, ContentHeads::new(originator, responder))
        }
    }
}

/// Whether a stream begins as no file does that is likely to be moved: with what another protocol says first.
fn is_other_protocol(head: &[u8]) -> bool {
    const FIRST: [&[u8]; 8] =
        [b"SSH-2.0-", b"HTTP/1.", b"GET /", b"POST /", b"HEAD /", b"OPTIONS ", b"RFB 003.", b"@RSYNCD:"];
    FIRST.iter().any(|first| head.starts_with(first))
}

/// A content that begins with this chunk, or after what is missing before it.
fn begun(hashing: &mut dyn Hashing, plan: Plan, chunk: &Chunk<'_>) -> Content {
    let mut content = Content::new(hashing, plan, chunk.packet);
    if chunk.offset > 0 {
        content.gap(hashing, chunk.offset);
    }
    content
}

/// What TLS has shown of a connection.
struct ReadTls<'a> {
    is_tls: bool,
    decrypted: bool,
    details: Option<Box<TlsDetails>>,
    plain: Option<&'a mut [Option<Content>; 2]>,
}

impl<'a> ReadTls<'a> {
    fn of(state: &'a mut TlsState, connection: &Connection) -> Self {
        let TlsState::Yes(wrapped) = state else {
            return Self { is_tls: false, decrypted: false, details: None, plain: None };
        };
        let Wrapped { session, has_keys, alert_frame, unwrapped } = &mut **wrapped;
        let around = Circumstances {
            alert_frame: *alert_frame,
            has_keys: *has_keys,
            opaque: unwrapped.opaque,
            is_over: is_over_and_whole(connection),
        };
        let facts = session.facts();
        Self {
            is_tls: facts.client.is_some(),
            decrypted: facts.decrypted && facts.obstacle.is_none(),
            details: tls_details::details(facts, around),
            plain: Some(&mut unwrapped.plain),
        }
    }
}

/// Whether both sides were heard until the connection was closed: what did not come never will.
fn is_over_and_whole(connection: &Connection) -> bool {
    let whole = |stream: &Stream| stream.start_seen && stream.missing == 0;
    matches!(connection.end_state, EndState::Fin | EndState::Rst)
        && connection.established.is_some()
        && whole(&connection.from_originator)
        && whole(&connection.from_responder)
}

/// What is known of a connection but for its contents.
fn outline(connection: &Connection, stall: Option<Stall>) -> Box<report::Connection> {
    // Made where it stays, and completed there: it is large.
    Box::new(report::Connection {
        originator: connection.originator,
        responder: connection.responder,
        start: connection.first.time,
        end: connection.last.time,
        frames: report::FrameSpan { first: connection.first.frame, last: connection.last.frame },
        handshake: connection.onset == Onset::Handshake,
        syn_attempts: connection.syn_attempts,
        end_state: connection.end_state,
        first_close: connection.first_close,
        from_originator: numbers(&connection.from_originator),
        from_responder: numbers(&connection.from_responder),
        tls: false,
        tls_details: None,
        decrypted: false,
        syn_frames: connection.syn_frames.clone(),
        established: connection.established.map(|packet| packet.time),
        refused_frame: connection.refused.map(|packet| packet.frame),
        challenge_frame: connection.challenged.map(|packet| packet.frame),
        close: connection.close.map(|packet| (packet.time, packet.frame)),
        closed: connection.closed,
        stall,
        icmp: connection.icmp.clone(),
        path: connection.path,
        history: connection.history,
        trouble: connection.trouble.clone(),
    })
}

/// The first and the last packet with payload, whether the capture holds it whole, in part or not at all.
fn payload_span(
    content: Option<&Content>,
    cut: Option<(PacketRef, PacketRef)>,
) -> Option<(PacketRef, PacketRef)> {
    let spans = || cut.into_iter().chain(content.map(|content| (content.first, content.last)));
    let first = spans().map(|(first, _)| first).min_by_key(|packet| (packet.time, packet.frame))?;
    let last = spans().map(|(_, last)| last).max_by_key(|packet| (packet.time, packet.frame))?;
    Some((first, last))
}

/// How long it took, where it took more than one packet.
fn duration(span: Option<(PacketRef, PacketRef)>) -> Option<TimeDelta> {
    let (first, last) = span?;
    Some(last.time.since(first.time)).filter(|&time| time > TimeDelta::ZERO && first.frame != last.frame)
}

fn numbers(stream: &Stream) -> StreamFacts {
    StreamFacts {
        bytes: stream.bytes,
        packets: stream.packets,
        ip_bytes: stream.ip_bytes,
        missing: stream.missing,
        unacknowledged: stream.unacknowledged,
        lost: stream.lost,
        retransmitted: stream.retransmitted,
        conflicting: stream.conflicting,
        start_seen: stream.start_seen,
        end_seen: stream.end_seen,
        gap_frame: stream.gap_frame,
        ..StreamFacts::default()
    }
}

/// Makes the responder the originator, and the other way round.
#[cold]
fn swap(connection: &mut report::Connection) {
    mem::swap(&mut connection.originator, &mut connection.responder);
    mem::swap(&mut connection.from_originator, &mut connection.from_responder);
    connection.history = connection.history.swapped();
    connection.path = connection.path.swapped();
    connection.trouble = connection.trouble.take().map(|trouble| Box::new(trouble.swapped()));
    connection.first_close = connection.first_close.map(|close| match close {
        FirstClose::Originator => FirstClose::Responder,
        FirstClose::Responder => FirstClose::Originator,
        FirstClose::Both => FirstClose::Both,
    });
}
