//! Every cap in one place, each with its reason and its cost.
//!
//! Anyone can send packets into a capture, so every growing structure is capped. Reaching a cap degrades
//! service for the flow that reached it, and is counted and reported.
//!
//! Together the caps keep the program below [`Limits::max_memory`]: each states the most that one unit can cost
//! (see [`cost`]), and the worst cases add up to less than that budget. A smaller budget scales down every cap
//! that costs memory. A cap that is set by hand is used as it is.

pub mod cost;

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::choices;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Memory of the program itself: code, stacks, buffers of fixed size.
const PROGRAM: usize = 20 * MIB;
/// The largest packet that every budget has room for: the default snap length of tcpdump and dumpcap.
const LEAST_PACKET: usize = 256 * KIB;
/// The part of the budget reserved for the allocator's overhead: one in this many.
const WASTE: usize = 16;

/// How a cap counts towards the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Each unit costs this many bytes; the cap scales with the budget.
    Share(usize),
    /// Each unit costs this many bytes; the cap does not scale in proportion to the budget.
    Fixed(usize),
    /// Its cost is part of another cap's.
    Within,
}

/// One cap, for those who list or set them.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its name: that of the field.
    pub name: &'static str,
    /// Its value with the default budget.
    pub default: usize,
    /// What it costs.
    pub cost: Cost,
    /// What it caps, and why at this value.
    pub reason: &'static str,
    get: fn(&Limits) -> usize,
    set: fn(&mut Limits, usize),
}

impl Limit {
    /// Its value in `limits`.
    pub fn of(&self, limits: &Limits) -> usize {
        (self.get)(limits)
    }

    /// The most memory that it can cost with that value, in bytes.
    pub fn worst_case(&self, limits: &Limits) -> usize {
        match self.cost {
            Cost::Share(bytes) | Cost::Fixed(bytes) => self.of(limits).saturating_mul(bytes),
            Cost::Within => 0,
        }
    }
}

macro_rules! limits {
    ($($(#[doc = $reason:literal])+ $name:ident: $default:expr, $cost:expr;)*) => {
        /// Caps on everything that grows.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            /// The memory budget in bytes; all limits scale with it: `--max-memory`.
            pub max_memory: usize,
            $($(#[doc = $reason])+ pub $name: usize,)*
        }

        impl Limits {
            /// All caps, in the order of `ftpscope limits`.
            pub const ALL: &'static [Limit] = &[$(Limit {
                name: stringify!($name),
                default: $default,
                cost: $cost,
                reason: concat!($($reason),+),
                get: |limits| limits.$name,
                set: |limits, value| limits.$name = value,
            },)*];

            /// The default budget.
            pub const DEFAULT_MEMORY: usize = 1024 * MIB;
            /// The smallest useful budget.
            pub const LEAST_MEMORY: usize = 64 * MIB;

            const DEFAULT: Self = Self { max_memory: Self::DEFAULT_MEMORY, $($name: $default,)* };
        }
    };
}

limits! {
    /// Longest control line kept, in bytes. RFC 959 sets no limit; 8 KiB is twice the longest path of any
    /// system.
    line_length: 8 * KIB, Cost::Within;
    /// Lines kept of one multi-line reply: help texts and message files are much shorter.
    reply_lines: 4096, Cost::Within;
    /// Bytes kept of one whole multi-line reply.
    reply_bytes: 256 * KIB, Cost::Within;
    /// Out-of-order bytes held for one direction of one connection: two of the largest usual receive windows.
    reassembly_per_stream: 16 * MIB, Cost::Within;
    /// Out-of-order bytes held in all, overhead included.
    reassembly_total: 64 * MIB, Cost::Share(1);
    /// Separate pieces (and holes) kept for one direction: more full segments than a receive window holds.
    pieces_per_stream: 8192, Cost::Within;
    /// Connections followed at a time, in any state.
    connections: 56_320, Cost::Share(cost::CONNECTION);
    /// Connections of which only SYNs were seen, as in a SYN flood: half of all, so that room is left for real
    /// ones.
    half_open: 28_160, Cost::Within;
    /// Complete, closed connections that wait for late packets, which come within a round trip: at a thousand
    /// closes a second, each waits a quarter of a second. They are visited often, and should fit into a
    /// processor's cache.
    lingering: 256, Cost::Within;
    /// Flows remembered as not FTP.
    ignored_flows: 524_288, Cost::Share(cost::FLOW);
    /// Active sessions; if there are more, one that has long been silent ends early (or is put aside, in programs
    /// that hand in a place for such).
    sessions: 30_720, Cost::Share(cost::SESSION);
    /// Idle sessions whose state is put aside while there is little room, in programs that hand in a place for it;
    /// beyond that, those that have been there for longest end early.
    sessions_aside: 1024, Cost::Share(cost::SESSION_ASIDE);
    /// Bytes kept of all active sessions: commands, replies, data channels, transfers, the beginnings of
    /// contents. One session may add at most a quarter of what is left, so that small sessions find room beside
    /// large ones. Finished sessions do not count: they are written at once or wait in a temporary file (the
    /// lists of the terminal interface are in the other half of the budget).
    kept_bytes: 160 * MIB, Cost::Share(1);
    /// Bytes kept of one session: sixty thousand commands with their replies. Counted five times: being handed
    /// over and waiting to be written, with equally large sessions before and after it, and for its text.
    kept_per_session: 28 * MIB, Cost::Share(5);
    /// Bytes of finished sessions that wait to be written: half on the way to the writer (if that is full, the
    /// reader waits), half behind sessions that began earlier (the rest waits in a temporary file).
    handover_bytes: 16 * MIB, Cost::Share(1);
    /// Commands kept in one session.
    commands_per_session: 100_000, Cost::Within;
    /// Unanswered commands of one session: pipelining clients stay below a hundred.
    pending_commands: 1024, Cost::Within;
    /// Data channels kept in one session.
    channels_per_session: 50_000, Cost::Within;
    /// Predictions that wait for their data connection, in all.
    expectations: 23_040, Cost::Share(cost::EXPECTATION);
    /// Endpoints, pairs and announcements remembered to detect reuse.
    history: 65_536, Cost::Share(cost::HISTORY);
    /// Hosts and pairs of hosts remembered for findings across sessions: password guessing, exhausted port
    /// ranges.
    hosts: 8192, Cost::Share(cost::HOST);
    /// Pairs of client and server whose control connections failed.
    attempts: 16_384, Cost::Share(cost::ATTEMPT);
    /// Incomplete IP datagrams held, in all.
    fragmented_datagrams: 1024, Cost::Share(cost::DATAGRAM);
    /// Bytes held of incomplete IP datagrams, in all: Linux holds 4 MiB.
    fragment_bytes: 8 * MIB, Cost::Share(cost::FRAGMENT_BYTE);
    /// Nested headers of one packet: tunnels, tags, extension headers.
    encapsulation_depth: 16, Cost::Within;
    /// Largest packet in a capture file, in bytes: four times libpcap's bound for most link types, and never
    /// less than that bound.
    packet_bytes: MIB, Cost::Fixed(cost::PACKET_BUFFERS);
    /// Expansion of a compressed file beyond its first 64 MiB, in bytes for each of its own.
    decompression_ratio: 200, Cost::Within;
    /// Largest window of a zstd file, in bytes, shared by all files; a power of two. zstd needs 8 MiB unless
    /// --ultra or --long was used.
    decompression_window: 64 * MIB, Cost::Share(1);
    /// Interfaces of one pcapng section; each stays in memory until the section ends.
    interfaces: 16_384, Cost::Share(cost::INTERFACE);
    /// Bytes of TLS secrets kept from pcapng files: a session needs about 500.
    tls_secret_bytes: 4 * MIB, Cost::Share(cost::TLS_SECRET_BYTE);
    /// Findings of one session, and of the report as a whole.
    findings: 1000, Cost::Within;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// Caps whose worst cases fit into a budget, in bytes; it is raised to [`Limits::LEAST_MEMORY`].
    pub fn within(max_memory: usize) -> Self {
        let max_memory = max_memory.max(Self::LEAST_MEMORY);
        let packet_bytes = (max_memory / 1024).clamp(LEAST_PACKET, Self::DEFAULT.packet_bytes);
        let mut limits = Self { max_memory, packet_bytes, ..Self::DEFAULT };
        let (share, of) = (limits.shared(), Self::DEFAULT.shared());
        for limit in Self::ALL {
            if let Cost::Share(_) = limit.cost {
                let scaled = (limit.default as u128).saturating_mul(share as u128) / (of as u128).max(1);
                (limit.set)(&mut limits, usize::try_from(scaled).unwrap_or(usize::MAX).max(1));
            }
        }
        // Caps within another cap keep their share of it.
        limits.half_open = limits.half_open.min(limits.connections / 2).max(1);
        limits.lingering = limits.lingering.min(limits.connections / 16).max(1);
        limits.reassembly_per_stream = limits.reassembly_per_stream.min(limits.reassembly_total / 4);
        limits.reply_bytes = limits.reply_bytes.min(limits.kept_per_session / 4);
        limits
    }

    /// The part of the budget that the caps share.
    fn shared(&self) -> usize {
        let fixed = Self::ALL.iter().filter(|limit| matches!(limit.cost, Cost::Fixed(_)));
        let fixed = fixed.map(|limit| limit.worst_case(self)).fold(PROGRAM, usize::saturating_add);
        self.max_memory.saturating_sub(self.max_memory / WASTE).saturating_sub(fixed)
    }

    /// The most that the program can take, in bytes: all caps, the program itself, the allocator's overhead.
    pub fn worst_case(&self) -> usize {
        let caps = Self::ALL.iter().map(|limit| limit.worst_case(self));
        caps.fold(PROGRAM.saturating_add(self.max_memory / WASTE), usize::saturating_add)
    }

    /// Sets the cap of this name (`-` and `_` are the same); false where there is none.
    pub fn set(&mut self, name: &str, value: usize) -> bool {
        let name = name.replace('-', "_");
        let found = Self::ALL.iter().find(|limit| limit.name == name);
        if let Some(limit) = found {
            (limit.set)(self, value);
        }
        found.is_some()
    }

    /// A table of all caps for people: value, worst-case cost, reason.
    pub fn table(&self) -> String {
        let mut page = String::new();
        // Writing to a string can't fail.
        let _ = writeln!(page, "{:21} {:>9} {:>9}", "name", "limit", "memory");
        for limit in Self::ALL {
            let memory = match limit.cost {
                Cost::Within => String::new(),
                Cost::Share(_) | Cost::Fixed(_) => with_suffix(limit.worst_case(self)),
            };
            let _ = writeln!(page, "{:21} {:>9} {memory:>9}", limit.name, with_suffix(limit.of(self)));
            for line in wrapped(limit.reason, 74) {
                let _ = writeln!(page, "    {line}");
            }
        }
        let rest = PROGRAM.saturating_add(self.max_memory / WASTE);
        let _ = writeln!(
            page,
            "\nThe program itself and the allocator's overhead: {}. Worst case in all: {}; --max-memory is {}.",
            with_suffix(rest),
            with_suffix(self.worst_case()),
            with_suffix(self.max_memory),
        );
        page
    }
}

/// A number as the command line takes it, such as `64M`; odd ones are rounded down to a tenth.
fn with_suffix(number: usize) -> String {
    for (unit, size) in [("G", 1024 * MIB), ("M", MIB), ("K", KIB)] {
        if number >= size && (number.is_multiple_of(size) || number >= 16 * size) {
            let tenths = (number % size).saturating_mul(10) / size;
            let whole = number / size;
            return if tenths == 0 { format!("{whole}{unit}") } else { format!("{whole}.{tenths}{unit}") };
        }
    }
    number.to_string()
}

/// A paragraph as lines.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

choices! {
    /// The caps that can be reached, by the names under which reports count them.
    pub enum LimitName {
    /// Lines cut at [`Limits::line_length`].
    LineLength => "line_length",
    /// Replies cut at [`Limits::reply_lines`] or [`Limits::reply_bytes`].
    ReplyLines => "reply_lines",
    /// Pieces dropped at [`Limits::reassembly_per_stream`], [`Limits::reassembly_total`] or
    /// [`Limits::pieces_per_stream`].
    Reassembly => "reassembly",
    /// Connections forgotten at [`Limits::connections`].
    Connections => "connections",
    /// Half-open connections forgotten at [`Limits::half_open`].
    HalfOpen => "half_open",
    /// Flows forgotten at [`Limits::ignored_flows`].
    IgnoredFlows => "ignored_flows",
    /// Sessions closed early at [`Limits::sessions`], or of which nothing could be kept at
    /// [`Limits::kept_bytes`].
    Sessions => "sessions",
    /// Commands, replies, channels, notes and contents not kept, or not whole, at
    /// [`Limits::kept_per_session`] or [`Limits::kept_bytes`].
    KeptBytes => "kept_bytes",
    /// Commands not kept at [`Limits::commands_per_session`] or [`Limits::pending_commands`].
    Commands => "commands",
    /// Data channels not kept at [`Limits::channels_per_session`].
    Channels => "channels",
    /// Predictions dropped at [`Limits::expectations`].
    Expectations => "expectations",
    /// Endpoints forgotten at [`Limits::history`].
    History => "history",
    /// Hosts and pairs of hosts not remembered at [`Limits::hosts`].
    Hosts => "hosts",
    /// Attempts at control connections not remembered at [`Limits::attempts`].
    Attempts => "attempts",
    /// Fragments dropped at [`Limits::fragmented_datagrams`] or [`Limits::fragment_bytes`].
    Fragments => "fragments",
    /// Packets given up at [`Limits::encapsulation_depth`].
    Encapsulation => "encapsulation",
    /// Blocks of TLS secrets not kept at [`Limits::tls_secret_bytes`].
    TlsSecrets => "tls_secrets",
    /// Findings not kept at [`Limits::findings`].
    Findings => "findings",
    }
}

impl LimitName {
    /// Whether reaching it can take something from a report. The others only shorten what is remembered of the
    /// past: flows that are not FTP, endpoints, hosts.
    pub const fn takes_something(self) -> bool {
        !matches!(self, Self::IgnoredFlows | Self::History | Self::Hosts)
    }
}

/// A set of caps, such as those that took something from a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct LimitSet(u32);

// Each has a bit.
const _: () = assert!(LimitName::ALL.len() <= 32);

impl LimitSet {
    /// No cap.
    pub const NONE: Self = Self(0);

    /// Adds a cap.
    pub const fn insert(&mut self, name: LimitName) {
        self.0 |= 1 << (name as u32);
    }

    /// Adds the caps of another set.
    pub const fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this cap is one of them.
    pub const fn contains(self, name: LimitName) -> bool {
        self.0 >> (name as u32) & 1 == 1
    }

    /// The caps, in report order.
    pub fn iter(self) -> impl Iterator<Item = LimitName> {
        LimitName::ALL.iter().copied().filter(move |&name| self.contains(name))
    }
}

impl FromIterator<LimitName> for LimitSet {
    fn from_iter<I: IntoIterator<Item = LimitName>>(names: I) -> Self {
        let mut set = Self::default();
        names.into_iter().for_each(|name| set.insert(name));
        set
    }
}

/// The names, separated by commas.
impl std::fmt::Display for LimitSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.iter().map(LimitName::name).collect();
        f.write_str(&names.join(", "))
    }
}

impl Serialize for LimitSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for LimitSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<LimitName>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// How often each cap was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitCounts([u64; LimitName::ALL.len()]);

impl LimitCounts {
    /// Counts one more time that `name` was reached.
    pub fn reached(&mut self, name: LimitName) {
        self.add(name, 1);
    }

    /// Counts `count` more times that `name` was reached.
    pub fn add(&mut self, name: LimitName, count: u64) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            *slot = slot.saturating_add(count);
        }
    }

    /// Whether none was reached.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; LimitName::ALL.len()]
    }

    /// The caps that were reached.
    pub fn names(&self) -> LimitSet {
        self.iter().map(|(name, _)| name).collect()
    }

    /// Adds all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (slot, more) in self.0.iter_mut().zip(other.0) {
            *slot = slot.saturating_add(more);
        }
    }

    /// The caps that were reached, with how often each.
    pub fn iter(&self) -> impl Iterator<Item = (LimitName, u64)> + '_ {
        LimitName::ALL.iter().copied().zip(self.0).filter(|&(_, count)| count > 0)
    }
}

/// One entry of [`LimitCounts`] as reports list it.
#[derive(Serialize, Deserialize)]
struct Reached {
    name: LimitName,
    count: u64,
}

impl Serialize for LimitCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(name, count)| Reached { name, count }))
    }
}

impl<'de> Deserialize<'de> for LimitCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counts = Self::default();
        for Reached { name, count } in Vec::deserialize(deserializer)? {
            counts.add(name, count);
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests;
