//! What a session takes of memory, as it is.

use super::{Argument, Command, Connection, DataChannel, Finding, Reply, Session, TlsDetails, Transfer};
use crate::base::{FrameNumber, Text, cost};

impl Session {
    /// The bytes of memory that it takes, with what the allocator adds to each piece of them.
    pub fn memory(&self) -> usize {
        let texts = [&self.user, &self.system, &self.client_software].into_iter().flatten();
        let features = self.features.iter().flatten();
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
            texts.chain(features).map(Text::memory).fold(0, usize::saturating_add),
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
        let connections = usize::from(self.attempt.is_some()).saturating_add(self.other_attempts.capacity());
        let details = self.connection().and_then(|connection| connection.tls_details.as_deref());
        let others = self.other_attempts.iter().map(|connection| tls(connection.tls_details.as_deref()));
        let errors = self.connection().map_or(0, |connection| list(&connection.icmp, |_| 0));
        let own = connections.saturating_mul(size_of::<Connection>().saturating_add(cost::ALLOCATION));
        others.fold(own.saturating_add(tls(details)).saturating_add(errors), usize::saturating_add)
    }
}

impl Transfer {
    fn beside(&self) -> usize {
        let mime = self.mime.as_ref().map_or(0, |mime| mime.len().saturating_add(cost::ALLOCATION));
        let paths = self.path.iter().chain(&self.path_from_login);
        paths.map(Text::memory).fold(mime, usize::saturating_add)
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
    use crate::base::Timestamp;

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
        let mut more = bare;
        let long = format!("RETR {}", "x".repeat(100_000));
        more.commands.extend(vec![testing::command(Timestamp::from_nanos(0), 1, &long); 3]);
        assert!(more.memory() >= before + 300_000);
    }
}
