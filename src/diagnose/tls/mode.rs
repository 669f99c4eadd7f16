//! Client and server that disagree on when TLS begins.

use crate::diagnose::case::Case;
use crate::diagnose::draft::{Draft, Sink, duration};
use crate::report::{Code, Party, Security};

/// The rule.
pub(in crate::diagnose) fn rules(case: &Case<'_>, sink: &mut Sink) {
    unasked(case, sink);
    awaited(case, sink);
}

/// TLS at once, where the server greets in the clear.
fn unasked(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let Some(greeting) = session.greeting.first() else { return };
    if session.security != Security::None || session.tls_details.is_none() {
        return;
    }
    let summary = format!(
        "The client {} started TLS at once, but the server {} greets in the clear ({})",
        session.client, session.server, greeting.code,
    );
    sink.push(
        Draft::new(Code::TlsModeMismatch, greeting.time, summary)
            .advice(
                "Set the client to explicit TLS (AUTH TLS) on this port, or connect to the port for implicit TLS (usually \
                 990), if the server has one.",
            )
            .frames([session.frames.first, greeting.frame]),
    );
}

/// A client that waits for a greeting, where the server waits for TLS: it is the server's alert that tells.
fn awaited(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let Some(details) = &session.tls_details else { return };
    let hello = details.offered.is_some() || details.version.is_some();
    let Some(alert) = details.alert.as_ref().filter(|alert| alert.from == Party::Server && !hello) else {
        return;
    };
    if session.security != Security::ImplicitTls || !session.handshake {
        return;
    }
    let summary = format!(
        "The client {} said nothing for {} on port {} of the server {}, which waits for TLS there: it probably waited for a \
         greeting in the clear",
        session.client,
        duration(session.end.elapsed_since(session.start)),
        session.server.port,
        crate::base::Address(session.server.ip),
    );
    sink.push(
        Draft::new(Code::TlsModeMismatch, session.end, summary)
            .advice(
                "Set the client to implicit TLS for this port, or use port 21 with explicit TLS (AUTH TLS).",
            )
            .certainty(crate::report::Certainty::Likely)
            .frames([session.frames.first, alert.frame, session.frames.last]),
    );
}
