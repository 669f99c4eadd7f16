//! How the peers agree on a data connection.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Advertised, Certainty, CommandIndex, Party};
use crate::base::{Endpoint, choices};

/// How the peers agreed on a data connection.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum Origin {
    /// Unseen, under TLS.
    Unseen {
        /// Whether the server connects.
        active: bool,
        /// How sure it is that the connection is the session's.
        certainty: Certainty,
    },
    /// Without negotiation, on the default ports ([`Mode::Default`]): the server connects.
    DefaultPorts,
    /// By a command and its reply.
    Negotiated(Negotiated),
}

/// A negotiation that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Negotiated {
    /// How it was negotiated.
    pub mode: NegotiatedMode,
    /// Index of its command; none where only the reply was captured.
    pub command: Option<CommandIndex>,
    /// How it was answered.
    pub answer: Answer,
}

/// The answer to a negotiation, with the endpoints known by then.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum Answer {
    /// The argument or reply contains no valid endpoint, whatever the answer.
    Malformed,
    /// No reply. In active mode with the endpoint in the command.
    Unanswered(Option<Advertised>),
    /// A 4yz or 5yz reply. In active mode with the endpoint in the command.
    Rejected(Option<Advertised>),
    /// A 2yz reply.
    Accepted {
        /// The endpoint as written on the wire.
        advertised: Advertised,
        /// What the protocol says the data connection will be.
        predicted: Prediction,
    },
}

impl Origin {
    /// How it was negotiated; none where that was unseen.
    pub const fn mode(&self) -> Option<Mode> {
        match self {
            Self::Unseen { .. } => None,
            Self::DefaultPorts => Some(Mode::Default),
            Self::Negotiated(negotiated) => Some(negotiated.mode.mode()),
        }
    }

    /// Whether the server connects.
    pub const fn is_active(&self) -> bool {
        match self {
            Self::Unseen { active, .. } => *active,
            Self::DefaultPorts => true,
            Self::Negotiated(negotiated) => negotiated.mode.is_active(),
        }
    }

    /// The negotiation, where one was seen.
    pub const fn negotiated(&self) -> Option<&Negotiated> {
        match self {
            Self::Unseen { .. } | Self::DefaultPorts => None,
            Self::Negotiated(negotiated) => Some(negotiated),
        }
    }

    /// Index of the negotiating command.
    pub const fn command(&self) -> Option<CommandIndex> {
        match self.negotiated() {
            Some(negotiated) => negotiated.command,
            None => None,
        }
    }

    /// The result of the negotiation.
    pub const fn negotiation(&self) -> Option<Negotiation> {
        match self.negotiated() {
            Some(negotiated) => Some(negotiated.answer.negotiation()),
            None => None,
        }
    }

    /// The endpoint as written on the wire.
    pub const fn advertised(&self) -> Option<Advertised> {
        match self.negotiated() {
            Some(negotiated) => negotiated.answer.advertised(),
            None => None,
        }
    }

    /// What the protocol says the data connection will be.
    pub const fn predicted(&self) -> Option<Prediction> {
        match self.negotiated() {
            Some(negotiated) => negotiated.answer.predicted(),
            None => None,
        }
    }
}

impl Answer {
    /// Its name in reports.
    pub const fn negotiation(self) -> Negotiation {
        match self {
            Self::Malformed => Negotiation::Malformed,
            Self::Unanswered(_) => Negotiation::Unanswered,
            Self::Rejected(_) => Negotiation::Rejected,
            Self::Accepted { .. } => Negotiation::Accepted,
        }
    }

    /// The endpoint as written on the wire.
    pub const fn advertised(self) -> Option<Advertised> {
        match self {
            Self::Malformed => None,
            Self::Unanswered(advertised) | Self::Rejected(advertised) => advertised,
            Self::Accepted { advertised, .. } => Some(advertised),
        }
    }

    /// What the protocol says the data connection will be: nothing before the negotiation is accepted.
    pub const fn predicted(self) -> Option<Prediction> {
        match self {
            Self::Accepted { predicted, .. } => Some(predicted),
            Self::Malformed | Self::Unanswered(_) | Self::Rejected(_) => None,
        }
    }
}

choices! {
    /// How a data connection is negotiated.
    pub enum Mode {
        /// RFC 959: the client names an IPv4 endpoint.
        Port => "PORT",
        /// RFC 959: the server names an IPv4 endpoint.
        Pasv => "PASV",
        /// RFC 2428: the client names an endpoint of either family.
        Eprt => "EPRT",
        /// RFC 2428: the server names a port.
        Epsv => "EPSV",
        /// RFC 1639: the client names a long endpoint.
        Lprt => "LPRT",
        /// RFC 1639: the server names a long endpoint.
        Lpsv => "LPSV",
        /// RFC 959 section 3.2: no negotiation.
        Default => "DEFAULT",
    }
}

impl Mode {
    /// Whether the server connects.
    pub const fn is_active(self) -> bool {
        match self {
            Self::Port | Self::Eprt | Self::Lprt | Self::Default => true,
            Self::Pasv | Self::Epsv | Self::Lpsv => false,
        }
    }
}

/// Any [`Mode`] but [`Mode::Default`], which needs no negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum NegotiatedMode {
    /// [`Mode::Port`].
    Port,
    /// [`Mode::Pasv`].
    Pasv,
    /// [`Mode::Eprt`].
    Eprt,
    /// [`Mode::Epsv`].
    Epsv,
    /// [`Mode::Lprt`].
    Lprt,
    /// [`Mode::Lpsv`].
    Lpsv,
}

impl NegotiatedMode {
    /// The same mode, unless it is the default.
    pub const fn of(mode: Mode) -> Option<Self> {
        match mode {
            Mode::Port => Some(Self::Port),
            Mode::Pasv => Some(Self::Pasv),
            Mode::Eprt => Some(Self::Eprt),
            Mode::Epsv => Some(Self::Epsv),
            Mode::Lprt => Some(Self::Lprt),
            Mode::Lpsv => Some(Self::Lpsv),
            Mode::Default => None,
        }
    }

    /// The same mode, among all modes.
    pub const fn mode(self) -> Mode {
        match self {
            Self::Port => Mode::Port,
            Self::Pasv => Mode::Pasv,
            Self::Eprt => Mode::Eprt,
            Self::Epsv => Mode::Epsv,
            Self::Lprt => Mode::Lprt,
            Self::Lpsv => Mode::Lpsv,
        }
    }

    /// Whether the server connects.
    pub const fn is_active(self) -> bool {
        self.mode().is_active()
    }
}

choices! {
    /// The result of a negotiation.
    pub enum Negotiation {
        /// The argument or reply can't be read as an endpoint, whatever the answer.
        Malformed => "malformed",
        /// A 2yz reply.
        Accepted => "accepted",
        /// A 4yz or 5yz reply.
        Rejected => "rejected",
        /// No reply.
        Unanswered => "unanswered" | "never answered",
    }
}

/// What the protocol says a data connection will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Prediction {
    /// Who waits for the SYN.
    pub listener: Endpoint,
    /// Who sends it.
    pub connector: Connector,
}

/// A listening endpoint that a server announced to a client, or that the client named to another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The client's address.
    pub client: IpAddr,
    /// Where the server listens.
    pub listener: Endpoint,
    /// Who named it: a server that listens there, or a client in PORT to another server.
    pub by: Party,
}

impl Prediction {
    /// Whose address differs from the predicted one, in a connection from `originator` to `responder`.
    pub fn differs(&self, originator: Endpoint, responder: Endpoint) -> Option<Differs> {
        match (responder.ip != self.listener.ip, originator.ip != self.connector.ip) {
            (false, false) => None,
            (true, false) => Some(Differs::Listener),
            (false, true) => Some(Differs::Connector),
            (true, true) => Some(Differs::Both),
        }
    }
}

choices! {
    /// Whose address in a data connection differs from the predicted one.
    pub enum Differs {
        /// The listener's: NAT translated the server, or the client knew better than the reply.
        Listener => "listener" | "not at the announced address",
        /// The connector's: a partner server, a proxy, or a third host.
        Connector => "connector" | "from another host",
        /// Both.
        Both => "both" | "both addresses differ",
    }
}

/// Who is expected to send the SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Connector {
    /// The other control peer's address.
    pub ip: IpAddr,
    /// The control port − 1 in active mode, none in passive mode.
    pub port: Option<u16>,
}
