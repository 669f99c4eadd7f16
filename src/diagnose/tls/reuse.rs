//! Servers that want a data connection to resume the TLS session of the control connection.

use crate::base::{Address, TimeDelta};
use crate::diagnose::case::{Case, first_closer};
use crate::diagnose::draft::{Draft, Sink};
use crate::diagnose::software::{Setting, called};
use crate::report::{
    Certainty, Code, Connection, DataChannel, EndState, Party, Security, TlsDetails, TlsHandshake,
};

/// The rule where the replies can't be read: what the server does to the data connection tells.
pub(in crate::diagnose) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let under_tls = matches!(case.session.security, Security::ExplicitTls | Security::ImplicitTls);
    if !under_tls || !case.is_unread() || has_worked(case) {
        return;
    }
    let Some((index, channel, connection)) = case
        .channels()
        .filter_map(|(index, channel)| Some((index, channel, ended_at_once(case, channel)?)))
        .last()
    else {
        return;
    };
    let summary = format!(
        "The data connection {} to {} made a full TLS handshake instead of resuming the session of the control connection, \
         and the server {} ended it at once, before any data; it probably requires TLS session reuse",
        connection.originator,
        connection.responder,
        Address(case.session.server.ip),
    );
    sink.push(
        Draft::new(Code::TlsReuseRequired, connection.end, summary)
            .advice(advice(case))
            .certainty(Certainty::Likely)
            .frames([connection.frames.first, connection.frames.last])
            .frames(connection.close.map(|(_, frame)| frame))
            .command(channel.command())
            .channel(Some(index)),
    );
}

/// What to do about a server that wants its TLS session resumed.
pub(in crate::diagnose) fn advice(case: &Case<'_>) -> String {
    format!(
        "Have the client resume the TLS session of the control connection, or lift the requirement on the server{}.",
        called(Setting::NoTlsReuse, case.session)
    )
}

/// Whether a data connection carried nothing but a full handshake.
pub(in crate::diagnose) fn is_bare_full_handshake(channel: &DataChannel) -> bool {
    let details = channel.connected().and_then(|it| it.tls_details.as_deref());
    details.is_some_and(|details| is_full(details) && details.records == [0, 0])
}

fn is_full(details: &TlsDetails) -> bool {
    details.resumed == Some(false) && details.handshake == TlsHandshake::Complete
}

/// Whether a data connection with a full handshake carried something: then none is refused for it.
fn has_worked(case: &Case<'_>) -> bool {
    let mut details = case.channels().filter_map(|(_, channel)| channel.connected()?.tls_details.as_deref());
    details.any(|details| is_full(details) && details.records != [0, 0])
}

/// The connection, where the server closed it right after a full handshake, and the session ended with it.
fn ended_at_once<'a>(case: &Case<'a>, channel: &'a DataChannel) -> Option<&'a Connection> {
    const AT_ONCE: TimeDelta = TimeDelta::from_secs(1);
    const SOON: TimeDelta = TimeDelta::from_secs(5);
    let connection = channel.connected().filter(|_| is_bare_full_handshake(channel))?;
    let details = connection.tls_details.as_deref()?;
    // In TLS 1.3 session tickets can't be told from data.
    let readable = details.shows_alerts && !details.decrypted;
    let by_server = first_closer(channel, connection) == Some(Party::Server);
    let session = case.session;
    let after = session.end.elapsed_since(connection.end);
    let over = session.end_state != EndState::Open && after <= SOON;
    let lasted = connection.end.elapsed_since(connection.established.unwrap_or(connection.start));
    (readable && by_server && over && lasted <= AT_ONCE).then_some(connection)
}
