//! The words of the report contract for the choices of the report.

use super::json::{Json, Writer};
use crate::report::{
    Allocation, Content, Direction, EndState, FirstClose, Holder, Login, MatchedBy, Negotiation, Outcome,
    Party, ReuseKind, ReuseOutcome, Security, Status,
};

/// A choice that the contract has a word for.
pub(super) trait Word: Copy {
    /// The word, as in the contract.
    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($choice:ident { $($variant:ident => $word:literal,)* })*) => {
        $(impl Word for $choice {
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl Json for $choice {
            fn write(&self, json: &mut Writer) {
                json.literal(match self { $(Self::$variant => concat!("\"", $word, "\","),)* });
            }
        })*
    };
}

words! {
    EndState { Open => "open", Fin => "fin", Rst => "rst", Idle => "idle", }
    FirstClose { Originator => "originator", Responder => "responder", Both => "both", }
    Login { None => "none", Accepted => "accepted", Rejected => "rejected", }
    Security {
        None => "none", ExplicitTls => "explicit_tls", ImplicitTls => "implicit_tls", Gssapi => "gssapi",
    }
    Allocation { Sequential => "sequential", Fixed => "fixed", Scattered => "scattered", }
    Party { Client => "client", Server => "server", }
    Negotiation {
        Malformed => "malformed", Accepted => "accepted", Rejected => "rejected", Unanswered => "unanswered",
    }
    Outcome { Connected => "connected", Refused => "refused", Unanswered => "unanswered", Unused => "unused", }
    MatchedBy {
        Endpoint => "endpoint", Translated => "translated", ThirdParty => "third_party", Default => "default",
        Inferred => "inferred",
    }
    Holder { Client => "client", Server => "server", Both => "both", Partner => "partner", }
    ReuseKind { FourTuple => "four_tuple", Listener => "listener", }
    ReuseOutcome {
        Accepted => "accepted", Ignored => "ignored", Challenged => "challenged", Refused => "refused",
        NotAttempted => "not_attempted",
    }
    Direction { Download => "download", Upload => "upload", }
    Content { File => "file", Listing => "listing", }
    Status { Complete => "complete", Aborted => "aborted", Failed => "failed", Unfinished => "unfinished", }
}
