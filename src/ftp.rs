//! The language of the control connection: lines, commands, replies, endpoints and paths.
//!
//! In come bytes of one direction, split anywhere; out come lines, and from lines commands and replies.
//!
//! **Invariant:** knows bytes and lines, not packets or connections, so that its tests are strings. Nothing here
//! fails, whatever the bytes: what can't be parsed is `None`, garbage, or plain text.

mod answers;
mod command;
mod digest;
mod endpoint;
mod facts;
mod line;
pub mod listing;
mod path;
mod protocol;
mod reply;
mod secret;
mod verb;

pub use answers::{Answer, may_answer};
pub use command::{AuthMechanism, EpsvArgument, auth_mechanism, epsv_argument, parse_command};
pub use digest::{
    Algorithm, DigestRange, DigestReply, DigestRequest, digest_argument, digest_reply, digest_request,
    offers_digests,
};
pub use endpoint::{
    HostPort, active_argument, eprt_argument, epsv_reply, lprt_argument, lpsv_reply, passive_reply,
    pasv_reply, port_argument,
};
pub use facts::{
    MlstFacts, announced_size, features, mlst_facts, mlst_reply, mode_argument, protocols_522,
    range_argument, restart_argument, size_reply, structure_argument, system_name, type_argument,
};
pub use line::{ControlLine, LineEnd, LineLayout, LineSplitter, only_line};
pub use path::{WorkingDirectory, join, listing_path, quoted_path, stou_name};
pub use protocol::{
    Plausible, command_plausibility, names_another_protocol, reply_plausibility, without_leading_rubbish,
};
pub use reply::{Assembled, AssembledReply, GarbageLine, ReplyAssembler, single_line_reply};
pub use secret::{Secrecy, secrecy, without_secret};
pub use verb::{Purpose, Verb};

use crate::base::choices;

choices! {
    /// One end of a control connection, whoever opened it.
    pub enum Party {
        /// Gives commands.
        Client => "client",
        /// Replies.
        Server => "server",
    }
}

impl Party {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
