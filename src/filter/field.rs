//! The fields: name, kind and meaning, in one table.

use crate::ftp::listing::EntryKind;
use crate::report::{
    ChannelState, Code, Content, ContentKind, Differs, Direction, EndState, Holder, Login, MatchedBy, Mode,
    ReuseKind, ReuseOutcome, Security, Severity, Status,
};

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Seconds; written with a unit (`ms`, `s`, `m`, `h`, `d`) or without.
    Duration,
    /// Bytes; written with a unit (`k`, `M`, `G`, `T`) or without.
    Bytes,
    /// An address of either family, or a network.
    Address,
    Ipv4,
    Ipv6,
    Flag,
    Time,
    /// One of a list of words.
    Choice(&'static [&'static str]),
    /// The same, and they have an order.
    Scale(&'static [&'static str]),
    /// A kind of finding.
    Code,
    /// First and last frame of something.
    Frames,
    /// Has no value; the field only asks whether it occurs.
    Presence,
}

impl Kind {
    /// What a value looks like, for error messages.
    pub(super) fn wanted(self) -> String {
        match self {
            Self::Text => "text in quotes".into(),
            Self::Number => "a number".into(),
            Self::Duration => "a duration, such as 5s, 250ms or 2m".into(),
            Self::Bytes => "a number of bytes, such as 100 or 10M".into(),
            Self::Address => "an address or network, such as 10.1.0.0/16".into(),
            Self::Ipv4 => "an IPv4 address or network, such as 10.1.0.0/16 (ipv6.addr is for IPv6)".into(),
            Self::Ipv6 => "an IPv6 address or network, such as 2001:db8::/32 (ip.addr is for IPv4)".into(),
            Self::Flag => "true or false".into(),
            Self::Time => "a time (UTC), such as \"2026-04-12 09:31:07\"".into(),
            Self::Choice(words) | Self::Scale(words) => one_of(words),
            Self::Code => "a kind of finding, such as data-unanswered".into(),
            Self::Frames => "a frame number".into(),
            Self::Presence => "nothing: it only asks whether it occurs".into(),
        }
    }

    /// What values are, in a word or two, and how one is compared.
    const fn shown(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "contains \"report\""),
            Self::Number => ("number", ">= 21"),
            Self::Duration => ("duration", "> 2.5s"),
            Self::Bytes => ("bytes", ">= 10M"),
            Self::Address => ("address", "== 10.1.0.0/16"),
            Self::Ipv4 => ("IPv4 address", "== 10.1.0.0/16"),
            Self::Ipv6 => ("IPv6 address", "== 2001:db8::/32"),
            Self::Flag => ("true or false", "== true"),
            Self::Time => ("time (UTC)", ">= \"2026-04-12 09:31\""),
            Self::Choice(_) => ("word", "== "),
            Self::Scale(_) => ("word of a scale", ">= "),
            Self::Code => ("finding code", "== data-unanswered"),
            Self::Frames => ("frame", "== 1205"),
            Self::Presence => ("none", ""),
        }
    }

    /// The words that a value can be.
    pub(super) fn words(self) -> Vec<&'static str> {
        match self {
            Self::Choice(words) | Self::Scale(words) => words.to_vec(),
            Self::Code => Code::NAMES.to_vec(),
            Self::Flag => vec!["true", "false"],
            Self::Text
            | Self::Number
            | Self::Duration
            | Self::Bytes
            | Self::Address
            | Self::Ipv4
            | Self::Ipv6
            | Self::Time
            | Self::Frames
            | Self::Presence => Vec::new(),
        }
    }
}

fn one_of(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The modes, and a word for those that TLS hides.
const MODES: &[&str] = &{
    let mut words = ["TLS"; Mode::NAMES.len() + 1];
    let mut at = 0;
    while at < Mode::NAMES.len() {
        words[at] = Mode::NAMES[at];
        at += 1;
    }
    words
};

macro_rules! fields {
    ($($variant:ident $name:literal $kind:expr, $help:literal;)*) => {
        /// A field of the filter language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each says what it is by `help`")]
        pub enum Field { $($variant,)* }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, in a few words.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            pub(super) const fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind,)* }
            }
        }
    };
}

fields! {
    SessMode "sess.mode" Kind::Choice(MODES), "mode of any of the session's data channels";
    SessUser "sess.user" Kind::Text, "argument of the last USER";
    SessClient "sess.client" Kind::Address, "address of the FTP client";
    SessClientPort "sess.client.port" Kind::Number, "control port of the client";
    SessServer "sess.server" Kind::Address, "address of the FTP server";
    SessServerPort "sess.server.port" Kind::Number, "control port of the server";
    SessLogin "sess.login" Kind::Choice(Login::NAMES), "result of the last login";
    SessSecurity "sess.security" Kind::Choice(Security::NAMES), "highest protection reached";
    SessDuration "sess.duration" Kind::Duration, "length of the control connection";
    SessStart "sess.start" Kind::Time, "first packet";
    SessEnd "sess.end" Kind::Time, "last packet";
    SessEndState "sess.end_state" Kind::Choice(EndState::NAMES), "how the control connection ended";
    SessHandshake "sess.handshake" Kind::Flag, "whether its SYN was captured";
    SessEpsvAll "sess.epsv_all" Kind::Flag, "whether EPSV ALL was accepted";
    SessBanner "sess.banner" Kind::Text, "the greeting";
    SessSystem "sess.system" Kind::Text, "from SYST";
    SessSoftware "sess.software" Kind::Text, "from CLNT";
    SessCommands "sess.commands" Kind::Number, "how many commands";
    SessTransfers "sess.transfers" Kind::Number, "how many transfers";
    SessChannels "sess.channels" Kind::Number, "how many data channels";
    SessFindings "sess.findings" Kind::Number, "how many findings";
    SessBytes "sess.bytes" Kind::Bytes, "payload on all data connections";
    SessUid "sess.uid" Kind::Text, "the session's name";

    DataState "data.state" Kind::Choice(ChannelState::NAMES), "what became of a data channel";
    DataMatched "data.matched" Kind::Flag, "whether a data connection was made";
    DataMode "data.mode" Kind::Choice(MODES), "mode of a data channel";
    DataActive "data.active" Kind::Flag, "whether the server connects";
    DataIp "data.ip" Kind::Address, "address of the listening side";
    DataPort "data.port" Kind::Number, "the listening port";
    DataPeer "data.peer" Kind::Address, "address of the connecting side";
    DataPeerPort "data.peer.port" Kind::Number, "port of the connecting side";
    DataBytes "data.bytes" Kind::Bytes, "payload of a data connection";
    DataDuration "data.duration" Kind::Duration, "length of a data connection";
    DataSyns "data.syns" Kind::Number, "SYNs sent for a data connection";
    DataMissing "data.missing" Kind::Bytes, "bytes not in the capture";
    DataRetransmitted "data.retransmitted" Kind::Bytes, "bytes retransmitted";
    DataTls "data.tls" Kind::Flag, "whether it carries TLS";
    DataMatchedBy "data.matched_by" Kind::Choice(MatchedBy::NAMES), "how the connection was matched";
    DataDiffers "data.differs" Kind::Choice(Differs::NAMES), "whose address is not the predicted one";
    DataTimeWait "data.time_wait" Kind::Choice(Holder::NAMES), "who holds TIME_WAIT";
    DataReuse "data.reuse" Kind::Choice(ReuseKind::NAMES), "what was reused";
    DataReuseOutcome "data.reuse.outcome" Kind::Choice(ReuseOutcome::NAMES), "result of the reuse";
    DataInTimeWait "data.in_time_wait" Kind::Flag, "whether it was reused inside TIME_WAIT";

    XferVerb "xfer.verb" Kind::Text, "RETR, STOR, LIST ...";
    XferPath "xfer.path" Kind::Text, "absolute path, or from the login directory, or the argument";
    XferPathFromLogin "xfer.path_from_login" Kind::Text, "path from the login directory, if the absolute path is unknown";
    XferBytes "xfer.bytes" Kind::Bytes, "payload captured";
    XferSize "xfer.size" Kind::Bytes, "size announced";
    XferStatus "xfer.status" Kind::Choice(Status::NAMES), "how it ended";
    XferCode "xfer.code" Kind::Number, "final reply";
    XferDirection "xfer.direction" Kind::Choice(Direction::NAMES), "upload or download";
    XferContent "xfer.content" Kind::Choice(Content::NAMES), "file or listing";
    XferType "xfer.type" Kind::Text, "representation type: A, I ...";
    XferMime "xfer.mime" Kind::Text, "media type of the content";
    XferKind "xfer.kind" Kind::Choice(ContentKind::NAMES), "kind of the content, by its first bytes";
    XferSha256 "xfer.sha256" Kind::Text, "hash of the content, lower-case hex";
    XferDuration "xfer.duration" Kind::Duration, "how long it took";
    XferRate "xfer.rate" Kind::Bytes, "bytes per second";
    XferEncrypted "xfer.encrypted" Kind::Flag, "whether it was TLS and not decrypted";

    ListingName "listing.name" Kind::Text, "name in a listing";
    ListingSize "listing.size" Kind::Bytes, "size of a file in a listing";
    ListingKind "listing.kind" Kind::Choice(EntryKind::NAMES), "what a listing tells of";

    FindId "find.id" Kind::Code, "a kind of finding";
    FindSeverity "find.severity" Kind::Scale(Severity::NAMES), "how bad a finding is";
    FindSummary "find.summary" Kind::Text, "a finding in words";

    Text "text" Kind::Text, "any text: user, commands, replies, findings";

    IpAddr "ip.addr" Kind::Ipv4, "address of any packet (IPv4)";
    IpSrc "ip.src" Kind::Ipv4, "sender of any packet (IPv4)";
    IpDst "ip.dst" Kind::Ipv4, "receiver of any packet (IPv4)";
    Ipv6Addr "ipv6.addr" Kind::Ipv6, "address of any packet (IPv6)";
    Ipv6Src "ipv6.src" Kind::Ipv6, "sender of any packet (IPv6)";
    Ipv6Dst "ipv6.dst" Kind::Ipv6, "receiver of any packet (IPv6)";
    TcpPort "tcp.port" Kind::Number, "port of any packet";
    TcpSrcPort "tcp.srcport" Kind::Number, "sender's port of any packet";
    TcpDstPort "tcp.dstport" Kind::Number, "receiver's port of any packet";
    FrameNumber "frame.number" Kind::Frames, "frame within the session's connections";
    Ftp "ftp" Kind::Presence, "every session";
    FtpData "ftp-data" Kind::Presence, "a data connection";
    FtpRequest "ftp.request" Kind::Presence, "a command";
    FtpRequestCommand "ftp.request.command" Kind::Text, "verb of a command";
    FtpRequestArg "ftp.request.arg" Kind::Text, "argument of a command";
    FtpResponse "ftp.response" Kind::Presence, "a reply";
    FtpResponseCode "ftp.response.code" Kind::Number, "code of a reply";
    FtpResponseArg "ftp.response.arg" Kind::Text, "text of a reply";
    FtpPassiveIp "ftp.passive.ip" Kind::Ipv4, "address announced by PASV";
    FtpPassivePort "ftp.passive.port" Kind::Number, "port announced by PASV";
    FtpActiveCip "ftp.active.cip" Kind::Ipv4, "address announced by PORT";
    FtpActivePort "ftp.active.port" Kind::Number, "port announced by PORT";
    FtpEprtIp "ftp.eprt.ip" Kind::Ipv4, "address announced by EPRT (IPv4)";
    FtpEprtIpv6 "ftp.eprt.ipv6" Kind::Ipv6, "address announced by EPRT (IPv6)";
    FtpEprtPort "ftp.eprt.port" Kind::Number, "port announced by EPRT";
    FtpEpsvPort "ftp.epsv.port" Kind::Number, "port announced by EPSV";
}

/// A field as the documentation has it.
#[derive(Clone, Debug)]
pub struct FieldHelp {
    /// Its name.
    pub name: &'static str,
    /// What its values are, in a word or two.
    pub values: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// The words that its values may be, where they are words.
    pub words: Vec<&'static str>,
    /// A filter with it.
    pub example: String,
}

/// All fields, for the documentation.
pub fn fields() -> impl Iterator<Item = FieldHelp> {
    Field::ALL.iter().map(|field| {
        let (values, comparison) = field.kind().shown();
        let word = match field.kind() {
            Kind::Choice(words) | Kind::Scale(words) => words.first().copied().unwrap_or_default(),
            _ => "",
        };
        let example = format!("{} {comparison}{word}", field.name()).trim_end().to_owned();
        let words = match field.kind() {
            Kind::Choice(_) | Kind::Scale(_) => field.kind().words(),
            _ => Vec::new(),
        };
        FieldHelp { name: field.name(), values, meaning: field.help(), words, example }
    })
}

impl Field {
    /// Whether it is about what listings tell.
    pub(super) fn is_of_listings(self) -> bool {
        self.name().starts_with("listing.")
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// The field with the most similar name, if it is similar enough.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        Self::ALL
            .iter()
            .copied()
            .map(|field| (distance(field.name(), &lower), field))
            .filter(|(distance, _)| *distance <= 3)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, field)| field)
    }
}

/// The edit distance of two words: letters changed, inserted or left out.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    // No name is long enough to be similar to a longer word.
    if b.len() > 40 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, other) in row.iter_mut().skip(1).zip(b.chars()) {
            let here = (diagonal + usize::from(letter != other)).min(*slot + 1).min(left + 1);
            diagonal = *slot;
            left = here;
            *slot = here;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
