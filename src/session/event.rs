//! What happens, as it happens.

use serde::Serialize;

use crate::base::{Endpoint, PacketRef, Text, TimeDelta};
use crate::ftp::Verb;
use crate::report::{
    ChannelIndex, Differs, EndState, Finding, Login, MatchedBy, Mode, Prediction, Transfer, Uid,
};

/// Something that happened in a session.
///
/// ```
/// use ftpscope::analyzer::{Analyzer, EventKind, Options};
/// use ftpscope::capture;
///
/// let options = Options { events: true, ..Options::default() };
/// let mut frames = capture::open(&["samples/pasv-and-port.pcap".into()], &options.limits)?;
/// let mut analyzer = Analyzer::new(options);
/// let mut connected = 0;
/// while let Some(frame) = frames.next() {
///     analyzer.feed(&frame);
///     let events = analyzer.take_events();
///     connected += events.iter().filter(|event| matches!(event.kind, EventKind::Connected { .. })).count();
/// }
/// assert!(connected > 0);
/// # Ok::<(), capture::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// The packet that shows it.
    #[serde(flatten)]
    pub packet: PacketRef,
    /// The session.
    pub session: Uid,
    /// Who gives commands.
    pub client: Endpoint,
    /// Who replies.
    pub server: Endpoint,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// FTP is spoken on a new connection.
    Opened,
    /// A login was accepted or rejected.
    #[serde(rename = "login")]
    LoggedIn {
        /// Argument of the last USER.
        user: Option<Text>,
        /// Accepted or rejected.
        login: Login,
        /// The reply's code.
        code: u16,
    },
    /// A negotiation was accepted: this data connection is expected; not reported where it is there already.
    Expecting {
        /// The channel's index.
        #[serde(rename = "data_channel")]
        channel: ChannelIndex,
        /// How it was negotiated.
        mode: Option<Mode>,
        /// Who is to connect to whom.
        #[serde(flatten)]
        prediction: Prediction,
    },
    /// A negotiation was rejected.
    Rejected {
        /// The channel's index.
        #[serde(rename = "data_channel")]
        channel: ChannelIndex,
        /// How it was negotiated.
        mode: Mode,
        /// The reply's code.
        code: u16,
    },
    /// The data connection of a channel stands.
    Connected {
        /// The channel's index.
        #[serde(rename = "data_channel")]
        channel: ChannelIndex,
        /// How it was negotiated; none where that can't be read.
        mode: Option<Mode>,
        /// Who connected.
        originator: Endpoint,
        /// To whom.
        responder: Endpoint,
        /// How it was matched.
        matched_by: MatchedBy,
        /// Whose address is not the predicted one.
        differs: Option<Differs>,
        /// How long after the negotiation.
        #[serde(rename = "after_s")]
        after: TimeDelta,
    },
    /// The SYN of a data connection was answered by RST.
    Refused {
        /// The channel's index.
        #[serde(rename = "data_channel")]
        channel: ChannelIndex,
        /// How it was negotiated.
        mode: Option<Mode>,
        /// Who tried.
        originator: Endpoint,
        /// Who refused.
        responder: Endpoint,
    },
    /// An expected data connection did not come about in time.
    TimedOut {
        /// The channel's index.
        #[serde(rename = "data_channel")]
        channel: ChannelIndex,
        /// How it was negotiated.
        mode: Option<Mode>,
        /// Who was to connect to whom.
        #[serde(flatten)]
        prediction: Prediction,
        /// How long it was waited for.
        #[serde(rename = "waited_s")]
        waited: TimeDelta,
        /// Whether a SYN was seen at least.
        attempted: bool,
    },
    /// A transfer has its final reply, and its data connection is closed.
    Transferred {
        /// The transfer command.
        verb: Verb,
        /// Its argument.
        argument: Option<Text>,
        /// What was moved.
        #[serde(flatten)]
        transfer: Box<Transfer>,
    },
    /// Something odd was found.
    Found {
        /// What.
        finding: Box<Finding>,
    },
    /// What was found before, in other words: graver by now, or final.
    Revised {
        /// What.
        finding: Box<Finding>,
        /// Whether it is graver than what was told before.
        #[serde(rename = "graver")]
        is_graver: bool,
    },
    /// What was found before turned out not to be so.
    Withdrawn {
        /// What.
        finding: Box<Finding>,
    },
    /// The control connection is over.
    Ended {
        /// How.
        end_state: EndState,
    },
}

/// A prediction that waits for its connection.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The session.
    pub session: Uid,
    /// The channel's index.
    pub channel: ChannelIndex,
    /// How it was negotiated.
    pub mode: Option<Mode>,
    /// Who is to connect to whom.
    pub prediction: Prediction,
    /// When it was announced.
    pub since: PacketRef,
}
