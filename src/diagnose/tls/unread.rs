//! TLS that could not be read although keys were given.

use crate::diagnose::case::Case;
use crate::diagnose::draft::{Draft, Groups, Sink, plural};
use crate::report::{Code, TlsDetails};

/// The rule: one finding a session for each reason.
pub(in crate::diagnose) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let session = case.session;
    let control = session.tls_details.as_deref().and_then(obstacle);
    if let Some((reason, decrypted)) = control {
        let what = if decrypted { "A part of the control connection" } else { "The control connection" };
        let summary = format!(
            "{what} of the client {} to the server {} could not be decrypted: {reason}",
            session.client, session.server,
        );
        sink.push(
            Draft::new(Code::TlsNotDecrypted, session.start, summary)
                .frames([session.frames.first])
                .advice(advice(decrypted)),
        );
    }
    let mut groups = Groups::new(case.options.findings);
    for (index, channel) in case.channels() {
        let Some(connection) = channel.connected() else { continue };
        let Some(details) = connection.tls_details.as_deref() else { continue };
        let Some((reason, _)) = obstacle(details) else { continue };
        // The key log is not to blame: the secret is that of the session that it resumes.
        if details.resumed == Some(true)
            && session.tls_details.as_ref().is_some_and(|control| control.decrypted)
        {
            continue;
        }
        // The same reason on all connections is told once.
        if control.is_some_and(|(known, _)| known == reason) {
            continue;
        }
        if let Some(group) = groups.add(reason, index, connection.start) {
            group.prove([connection.frames.first]);
        }
    }
    for (reason, group) in groups.into_iter() {
        let Some(connection) = session.data_channel(group.channel).and_then(|channel| channel.connected())
        else {
            continue;
        };
        let summary = format!(
            "{} of the client {} could not be decrypted, the first one {} to {}: {reason}",
            plural(group.count, "data connection"),
            session.client,
            connection.originator,
            connection.responder,
        );
        sink.push(Draft::of_group(Code::TlsNotDecrypted, &group, summary).advice(advice(false)));
    }
}

/// Why TLS was not read, and whether some of it was.
fn obstacle(details: &TlsDetails) -> Option<(&str, bool)> {
    Some((details.obstacle.as_deref()?, details.decrypted))
}

const fn advice(decrypted: bool) -> &'static str {
    if decrypted {
        "Give a key log that holds all secrets of the session, of both sides, and later ones after key updates."
    } else {
        "Give the key log of the client or server that made this very session: curl, lftp and FileZilla write one \
         if SSLKEYLOGFILE names it, Python if ssl.SSLContext.keylog_filename does."
    }
}
