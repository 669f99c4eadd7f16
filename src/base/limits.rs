//! Every cap in one place, each with its reason and with what it costs.
//!
//! Anyone can send packets into a capture, so every growing structure is capped. Reaching a cap degrades
//! service to the flow that reached it; it is counted and reported.
//!
//! Together the caps keep the program below [`Limits::max_memory`]: each states what one unit costs at most
//! (see [`cost`]), and the sum of the worst cases stays below that budget. A smaller budget scales down every
//! cap that costs memory. A cap that is set by hand is used as it is, whatever the sum.

pub mod cost;

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Memory that the program itself takes: code, stacks, buffers of fixed size.
const PROGRAM: usize = 20 * MIB;
/// The largest packet that any budget has room for: what tcpdump and dumpcap capture at most.
const LEAST_PACKET: usize = 256 * KIB;
/// The allocator's overhead: one part in so many of the budget.
const WASTE: usize = 16;

/// How a cap counts for the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Each unit costs so many bytes; the cap follows the budget.
    Share(usize),
    /// Each unit costs so many bytes; the cap does not scale with the budget in proportion.
    Fixed(usize),
    /// What it allows is counted by another cap.
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
    /// What it is for, and why this much.
    pub reason: &'static str,
    get: fn(&Limits) -> usize,
    set: fn(&mut Limits, usize),
}

impl Limit {
    /// Its value in `limits`.
    pub fn of(&self, limits: &Limits) -> usize {
        (self.get)(limits)
    }

    /// The most memory that it can cost there, in bytes.
    pub fn worst_case(&self, limits: &Limits) -> usize {
        match self.cost {
            Cost::Share(bytes) | Cost::Fixed(bytes) => self.of(limits).saturating_mul(bytes),
            Cost::Within => 0,
        }
    }
}

macro_rules! limits {
    ($($(#[doc = $reason:literal])+ $name:ident: $default:expr, $cost:expr;)*) => {
        /// How much ftpscope keeps of everything.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            /// The memory budget in bytes; all limits scale with it: `--max-memory`.
            pub max_memory: usize,
            $($(#[doc = $reason])+ pub $name: usize,)*
        }

        impl Limits {
            /// All caps, in the order in which they are listed.
            pub const ALL: &'static [Limit] = &[$(Limit {
                name: stringify!($name),
                default: $default,
                cost: $cost,
                reason: concat!($($reason),+),
                get: |limits| limits.$name,
                set: |limits, value| limits.$name = value,
            },)*];

            /// The budget that the defaults are made for.
            pub const DEFAULT_MEMORY: usize = 1024 * MIB;
            /// The smallest useful budget.
            pub const LEAST_MEMORY: usize = 64 * MIB;

            const DEFAULT: Self = Self { max_memory: Self::DEFAULT_MEMORY, $($name: $default,)* };
        }
    };
}

limits! {
    /// Longest control line kept, in bytes. RFC 959 names none; 8 KiB holds the longest path of any system
    /// twice.
    line_length: 8 * KIB, Cost::Within;
    /// Lines kept of one multi-line reply: help texts and message files stay far below.
    reply_lines: 4096, Cost::Within;
    /// Bytes kept of one whole multi-line reply.
    reply_bytes: 256 * KIB, Cost::Within;
    /// Out-of-order bytes held for one direction of one connection: two of the largest usual receive windows.
    reassembly_per_stream: 16 * MIB, Cost::Within;
    /// Out-of-order bytes held in all, each piece with what it costs beside its bytes.
    reassembly_total: 64 * MIB, Cost::Share(1);
    /// Separate pieces (and holes) kept for one direction: a receiver's window holds no more full segments.
    pieces_per_stream: 8192, Cost::Within;
    /// Connections followed at a time, in any state.
    connections: 61_440, Cost::Share(cost::CONNECTION);
    /// Connections of which only SYNs were seen: what a SYN flood fills. Half of all, so that the others have
    /// a place.
    half_open: 30_720, Cost::Within;
    /// Closed connections of which nothing is missing and that wait for stragglers, which come within a round
    /// trip: at a thousand closes a second that is a quarter of a second for each. All that linger are gone
    /// through again and again, so that more of them than fit into a processor's cache make each one slow.
    lingering: 256, Cost::Within;
    /// Flows remembered as not being FTP.
    ignored_flows: 524_288, Cost::Share(cost::FLOW);
    /// Sessions alive at a time; where there are more, one that was silent for long and transferred nothing
    /// ends early.
    sessions: 32_768, Cost::Share(cost::SESSION);
    /// Bytes kept of all sessions that are alive: commands, replies, data channels, transfers, the beginnings
    /// of contents. The fuller it is, the less any one session may add: a quarter of what is left. So one
    /// that keeps little finds room where others were greedy. Sessions that are over do not count: they are
    /// written at once, or wait in a temporary file (what the terminal interface shows of each in its lists
    /// takes memory in the other half of the budget).
    kept_bytes: 170 * MIB, Cost::Share(1);
    /// Bytes kept of one session: sixty thousand commands with their replies. Counted five times: where it is
    /// handed over and where it waits to be written, the sessions before and after it being as large, and for
    /// the text that is made of it.
    kept_per_session: 26 * MIB, Cost::Share(5);
    /// Bytes of sessions that are over and wait to be written: half on their way to the writer, which makes
    /// the reader wait, half for sessions that began earlier; what is more waits in a temporary file.
    handover_bytes: 16 * MIB, Cost::Share(1);
    /// Commands kept in one session.
    commands_per_session: 100_000, Cost::Within;
    /// Commands sent and not yet answered: pipelining clients stay below a hundred.
    pending_commands: 1024, Cost::Within;
    /// Data channels kept in one session.
    channels_per_session: 50_000, Cost::Within;
    /// Predictions that wait for their connection, in all.
    expectations: 23_040, Cost::Share(cost::EXPECTATION);
    /// Endpoints, pairs and announcements remembered for reuse.
    history: 65_536, Cost::Share(cost::HISTORY);
    /// Hosts and pairs of hosts remembered for what spans sessions: guessed passwords, exhausted port ranges.
    hosts: 8192, Cost::Share(cost::HOST);
    /// Clients and servers remembered whose control connections never came about.
    attempts: 16_384, Cost::Share(cost::ATTEMPT);
    /// Incomplete IP datagrams held, in all.
    fragmented_datagrams: 1024, Cost::Share(cost::DATAGRAM);
    /// Bytes held of incomplete IP datagrams, in all: an IP stack holds 4 MiB.
    fragment_bytes: 8 * MIB, Cost::Share(cost::FRAGMENT_BYTE);
    /// Headers inside headers: tunnels, tags and extension headers of one packet.
    encapsulation_depth: 16, Cost::Within;
    /// Largest packet that a capture file may hold, in bytes: four times libpcap's own bound for most link
    /// types, and no less than that whatever the budget.
    packet_bytes: MIB, Cost::Fixed(cost::PACKET_BUFFERS);
    /// Bytes that a compressed file may expand to for each of its own bytes, once past the first 64 MiB.
    decompression_ratio: 200, Cost::Within;
    /// Largest window of a zstd file, in bytes (of several files, all together); a window is a power of two.
    /// The highest level without --ultra takes 8 MiB.
    decompression_window: 64 * MIB, Cost::Share(1);
    /// Interfaces of one pcapng section: capture machines have a few, and each stays in memory until the
    /// section ends.
    interfaces: 16_384, Cost::Share(cost::INTERFACE);
    /// Bytes of TLS secrets kept from pcapng files: a session needs about 500.
    tls_secret_bytes: 4 * MIB, Cost::Share(cost::TLS_SECRET_BYTE);
    /// Findings kept for one session, and for the report.
    findings: 1000, Cost::Within;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// The caps whose worst cases stay below a budget in bytes, which is at least [`Limits::LEAST_MEMORY`].
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
        // What is a part of another cap stays that part.
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

    /// The most that all caps together can cost, in bytes, with the program itself and what the allocator
    /// wastes.
    pub fn worst_case(&self) -> usize {
        let caps = Self::ALL.iter().map(|limit| limit.worst_case(self));
        caps.fold(PROGRAM.saturating_add(self.max_memory / WASTE), usize::saturating_add)
    }

    /// Sets the cap of this name, in which a dash is as good as an underscore; false where there is none.
    pub fn set(&mut self, name: &str, value: usize) -> bool {
        let name = name.replace('-', "_");
        let found = Self::ALL.iter().find(|limit| limit.name == name);
        if let Some(limit) = found {
            (limit.set)(self, value);
        }
        found.is_some()
    }

    /// All caps with what they are, what they may cost, and why: for people, in lines of eighty columns or a
    /// little more.
    pub fn table(&self) -> String {
        let mut page = String::new();
        // Writing to a string can't fail.
        let _ = writeln!(page, "{:21} {:>9} {:>9}", "name", "limit", "memory");
        for limit in Self::ALL {
            let memory = match limit.cost {
                Cost::Within => String::new(),
                Cost::Share(_) | Cost::Fixed(_) => short(limit.worst_case(self)),
            };
            let _ = writeln!(page, "{:21} {:>9} {memory:>9}", limit.name, short(limit.of(self)));
            for line in wrapped(limit.reason, 74) {
                let _ = writeln!(page, "    {line}");
            }
        }
        let rest = PROGRAM.saturating_add(self.max_memory / WASTE);
        let _ = writeln!(
            page,
            "\nThe program itself and what the allocator wastes: {}. At worst {} in all; --max-memory is {}.",
            short(rest),
            short(self.worst_case()),
            short(self.max_memory),
        );
        page
    }
}

/// A number as it is written on the command line: `64M` where it is even, else to the next lower tenth.
fn short(number: usize) -> String {
    for (unit, size) in [("G", 1024 * MIB), ("M", MIB), ("K", KIB)] {
        if number >= size && (number.is_multiple_of(size) || number >= 16 * size) {
            let tenths = (number % size).saturating_mul(10) / size;
            let whole = number / size;
            return if tenths == 0 { format!("{whole}{unit}") } else { format!("{whole}.{tenths}{unit}") };
        }
    }
    number.to_string()
}

/// A paragraph in lines.
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

macro_rules! limit_names {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// The caps that can be reached, by the name under which the report counts them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum LimitName { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl LimitName {
            /// All of them, in report order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the report.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

limit_names! {
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

impl LimitName {
    /// Whether reaching it can take something from a report. The others only shorten the memory of what was
    /// before: of flows that are no FTP, of endpoints for reuse, of hosts.
    pub const fn takes_something(self) -> bool {
        !matches!(self, Self::IgnoredFlows | Self::History | Self::Hosts)
    }
}

/// Some caps: those that took something from one session.
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
