//! How much memory a session takes.

use super::{
    Argument, Command, Connection, DataChannel, Decoded, Finding, InferredTransfer, Listing, Reply, Session,
    StreamFacts, TlsDetails, Transfer, Verification,
};
use crate::base::{FrameNumber, Secret, Text, cost};

impl Session {
    /// Bytes of memory that it takes, the allocator's overhead included.
    pub fn memory(&self) -> usize {
        let texts = [&self.user, &self.system, &self.client_software].into_iter().flatten();
        let features = self.features.iter().flatten();
        let secrets = [&self.password, &self.account].into_iter().flatten().filter_map(Secret::reveal);
        let parts = [
            list(&self.greeting, |reply| reply.text.memory()),
            list(&self.unsolicited, |reply| reply.text.memory()),
            list(&self.commands, Command::beside),
            list(&self.data_channels, DataChannel::beside),
            list(&self.transfers, Transfer::beside),
            list(&self.findings, Finding::beside),
            list(&self.gaps, |_| 0),
            list(&self.oversized, |_| 0),
            list(&self.icmp, |_| 0),
            texts.chain(features).chain(secrets).map(Text::memory).fold(0, usize::saturating_add),
            tls(self.tls_details.as_deref()),
        ];
        parts.into_iter().fold(size_of::<Self>().saturating_add(cost::ALLOCATION), usize::saturating_add)
    }
}

impl Command {
    /// What it takes beside its own size.
    fn beside(&self) -> usize {
        let argument = match &self.argument {
            Some(Argument::Text(text)) => text.memory(),
            Some(Argument::Secret(secret)) => secret.reveal().map_or(0, Text::memory),
            None => 0,
        };
        let replies = self.replies.iter().map(|reply| reply.text.memory());
        let spilled = if self.replies.spilled() { self.replies.capacity() * size_of::<Reply>() } else { 0 };
        replies.fold(argument.saturating_add(spilled), usize::saturating_add)
    }
}

impl DataChannel {
    fn beside(&self) -> usize {
        let own = self.connection().map_or(0, |connection| {
            connection.beside().saturating_add(size_of::<Connection>()).saturating_add(cost::ALLOCATION)
        });
        let inferred = self.inferred_transfer.as_ref();
        let own = own.saturating_add(
            inferred.map_or(0, |_| size_of::<InferredTransfer>().saturating_add(cost::ALLOCATION)),
        );
        own.saturating_add(list(&self.other_attempts, Connection::beside))
    }
}

impl Connection {
    fn beside(&self) -> usize {
        let syns = if self.syn_frames.spilled() { self.syn_frames.capacity() } else { 0 };
        let parts = [
            tls(self.tls_details.as_deref()),
            list(&self.icmp, |_| 0),
            syns.saturating_mul(size_of::<FrameNumber>()),
            self.from_originator.beside(),
            self.from_responder.beside(),
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

impl StreamFacts {
    fn beside(&self) -> usize {
        decoded(self.decoded.as_deref())
    }
}

impl Transfer {
    fn beside(&self) -> usize {
        let mime = self.mime.as_ref().map_or(0, |mime| mime.len().saturating_add(cost::ALLOCATION));
        let texts = [&self.path, &self.path_from_login].into_iter().flatten().chain([&self.representation]);
        let texts = texts.map(Text::memory).fold(mime, usize::saturating_add);
        let verification = self.verification.as_deref().map_or(0, Verification::memory);
        let listing = self.listing.as_ref().map_or(0, |listing| listing.memory());
        let more = verification.saturating_add(listing);
        texts.saturating_add(decoded(self.decoded.as_deref())).saturating_add(more)
    }
}

impl Listing {
    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        self.text.memory().saturating_add(size_of::<Self>()).saturating_add(cost::ALLOCATION)
    }
}

impl Finding {
    fn beside(&self) -> usize {
        self.summary
            .capacity()
            .saturating_add(self.frames.capacity().saturating_mul(size_of::<FrameNumber>()))
            .saturating_add(2 * cost::ALLOCATION)
    }
}

impl Verification {
    const fn memory(&self) -> usize {
        let texts = self.claimed.len().saturating_add(self.computed.len());
        texts.saturating_add(size_of::<Self>()).saturating_add(3 * cost::ALLOCATION)
    }
}

fn decoded(content: Option<&Decoded>) -> usize {
    content.map_or(0, |_| size_of::<Decoded>().saturating_add(cost::ALLOCATION))
}

fn tls(details: Option<&TlsDetails>) -> usize {
    details.map_or(0, |details| {
        details.beside().saturating_add(size_of::<TlsDetails>()).saturating_add(cost::ALLOCATION)
    })
}

/// What a list takes, and what its items take beside their own size.
fn list<T>(items: &Vec<T>, beside: impl Fn(&T) -> usize) -> usize {
    let own = items.capacity().saturating_mul(size_of::<T>()).saturating_add(cost::ALLOCATION);
    items.iter().map(beside).fold(own, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use crate::base::{Secret, Timestamp};

    #[test]
    fn whatever_a_session_holds_is_counted() {
        let bare =
            testing::silent_session("one", "192.0.2.1:50000", "192.0.2.2:21", Timestamp::from_nanos(0));
        let before = bare.memory();
        let mut more = bare.clone();
        more.user = Some("a".repeat(1000).as_str().into());
        assert!(more.memory() >= before + 1000);
        let mut more = bare.clone();
        more.gaps.reserve(100);
        assert!(more.memory() > before + 1000);
        let mut more = bare.clone();
        more.password = Some(Secret::shown("a".repeat(1000).as_str().into()));
        assert!(more.memory() >= before + 1000);
        let mut more = bare;
        let long = format!("RETR {}", "x".repeat(100_000));
        more.commands.extend(vec![testing::command(Timestamp::from_nanos(0), 1, &long); 3]);
        assert!(more.memory() >= before + 300_000);
    }
}
