//! Every cap in one place, each with its reason.

/// How much of everything ftpscope keeps. A capture is written by whoever sends packets, so all that grows has a cap;
/// reaching one degrades service to the flow that reached it, is counted, and is said in the report.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest control line kept, in bytes. RFC 959 names none; 8 KiB holds the longest path of any system twice.
    pub line_length: usize,
    /// Lines kept of one multi-line reply: help texts and message files stay far below.
    pub reply_lines: usize,
    /// Bytes kept of one whole multi-line reply.
    pub reply_bytes: usize,
    /// Out-of-order bytes held for one direction of one connection: two of the largest usual receive windows.
    pub reassembly_per_stream: usize,
    /// Out-of-order bytes held in all.
    pub reassembly_total: usize,
    /// Separate pieces (and holes) kept for one direction: each costs memory beside its bytes.
    pub pieces_per_stream: usize,
    /// Connections followed at a time, in any state.
    pub connections: usize,
    /// Connections of which only SYNs were seen: what a SYN flood fills.
    pub half_open: usize,
    /// Closed connections that wait for stragglers; at ten thousand closes a second that is half a second for each,
    /// and a straggler comes within a round trip.
    pub lingering: usize,
    /// Flows remembered as not being FTP.
    pub ignored_flows: usize,
    /// Sessions alive at a time.
    pub sessions: usize,
    /// Commands kept in one session.
    pub commands_per_session: usize,
    /// Commands sent and not yet answered: pipelining clients stay below a hundred.
    pub pending_commands: usize,
    /// Data channels kept in one session.
    pub channels_per_session: usize,
    /// Predictions that wait for their connection, in all.
    pub expectations: usize,
    /// Endpoints and pairs remembered for reuse.
    pub history: usize,
    /// Incomplete IP datagrams held, in all.
    pub fragmented_datagrams: usize,
    /// Bytes held of incomplete IP datagrams, in all.
    pub fragment_bytes: usize,
    /// Headers inside headers: tunnels, tags and extension headers of one packet.
    pub encapsulation_depth: usize,
    /// Largest packet that a capture file may hold, in bytes: libpcap's own bound for most link types.
    pub packet_bytes: usize,
    /// Bytes that a compressed file may expand to for each of its own bytes, once past the first 64 MiB.
    pub decompression_ratio: u64,
    /// Interfaces of one pcapng section: capture machines have a few, and each stays in memory until the section ends.
    pub interfaces: usize,
    /// Bytes of TLS secrets kept from pcapng files: a session needs about 500.
    pub tls_secret_bytes: usize,
    /// Findings kept for one session, and for the report.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            line_length: 8 * KIB,
            reply_lines: 4096,
            reply_bytes: 256 * KIB,
            reassembly_per_stream: 16 * MIB,
            reassembly_total: 256 * MIB,
            pieces_per_stream: 8192,
            connections: 1_000_000,
            half_open: 65_536,
            lingering: 4096,
            ignored_flows: 1_000_000,
            sessions: 200_000,
            commands_per_session: 100_000,
            pending_commands: 1024,
            channels_per_session: 50_000,
            expectations: 100_000,
            history: 262_144,
            fragmented_datagrams: 1024,
            fragment_bytes: 16 * MIB,
            encapsulation_depth: 16,
            packet_bytes: 16 * MIB,
            decompression_ratio: 200,
            interfaces: 65_536,
            tls_secret_bytes: 16 * MIB,
            findings: 1000,
        }
    }
}

macro_rules! limit_names {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// The caps that can be reached, by the name under which the report counts them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LimitName { $($(#[$doc])* $variant,)* }

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
    /// Pieces dropped at [`Limits::reassembly_per_stream`], [`Limits::reassembly_total`] or [`Limits::pieces_per_stream`].
    Reassembly => "reassembly",
    /// Connections forgotten at [`Limits::connections`].
    Connections => "connections",
    /// Half-open connections forgotten at [`Limits::half_open`].
    HalfOpen => "half_open",
    /// Flows forgotten at [`Limits::ignored_flows`].
    IgnoredFlows => "ignored_flows",
    /// Sessions closed early at [`Limits::sessions`].
    Sessions => "sessions",
    /// Commands not kept at [`Limits::commands_per_session`] or [`Limits::pending_commands`].
    Commands => "commands",
    /// Data channels not kept at [`Limits::channels_per_session`].
    Channels => "channels",
    /// Predictions dropped at [`Limits::expectations`].
    Expectations => "expectations",
    /// Endpoints forgotten at [`Limits::history`].
    History => "history",
    /// Fragments dropped at [`Limits::fragmented_datagrams`] or [`Limits::fragment_bytes`].
    Fragments => "fragments",
    /// Packets given up at [`Limits::encapsulation_depth`].
    Encapsulation => "encapsulation",
    /// Blocks of TLS secrets not kept at [`Limits::tls_secret_bytes`].
    TlsSecrets => "tls_secrets",
    /// Findings not kept at [`Limits::findings`].
    Findings => "findings",
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

    /// Adds all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (slot, more) in self.0.iter_mut().zip(other.0) {
            *slot = slot.saturating_add(more);
        }
    }

    /// The caps that were reached, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (LimitName, u64)> + '_ {
        LimitName::ALL.iter().copied().zip(self.0).filter(|&(_, count)| count > 0)
    }
}
