//! The values of a field in a session, and how they compare.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::field::Field;
use super::lexer::Operator;
use super::literal::{Literal, is_within};
use super::parser::Operand;
use crate::base::hex::Hex;
use crate::base::{Bytes, Choice, Endpoint, TimeDelta, Timestamp};
use crate::ftp::listing::Entry;
use crate::report::{Advertised, Code, Connection, DataChannel, Mode, Outcome, Reply, Session, Transfer};

/// A value that occurs in a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    /// Text whose case has no meaning.
    Verb(&'a str),
    /// Written as hex digits.
    Hash(&'a [u8; 32]),
    Number(u64),
    Duration(TimeDelta),
    Address(IpAddr),
    Flag(bool),
    Time(Timestamp),
    /// The place in the field's words.
    Word(usize),
    Code(Code),
    Frames(u64, u64),
    Present,
}

/// Called for each value; returns whether to stop.
type Each<'e, 's> = &'e mut dyn FnMut(Value<'s>) -> bool;

/// Compares a value.
pub(super) fn compare(value: Value<'_>, operator: Operator, operand: &Operand) -> bool {
    match operand {
        Operand::Pattern(pattern) => match value {
            Value::Text(text) | Value::Verb(text) => pattern.is_match(text),
            Value::Hash(hash) => pattern.is_match(Hex(hash).text().as_str()),
            _ => false,
        },
        Operand::Set(items) => items.iter().any(|(first, last)| match last {
            None => is(value, Operator::Equal, first),
            Some(last) => within(value, first, last),
        }),
        Operand::One(literal) => is(value, operator, literal),
    }
}

/// Whether a value lies in a range, both ends included.
fn within(value: Value<'_>, first: &Literal, last: &Literal) -> bool {
    match (value, first, last) {
        (Value::Frames(from, to), Literal::Number(first), Literal::Number(last)) => {
            from <= *last && to >= *first
        }
        (
            Value::Address(address),
            Literal::Net { address: first, .. },
            Literal::Net { address: last, .. },
        ) => address.is_ipv4() == first.is_ipv4() && address >= *first && address <= *last,
        (Value::Text(text), Literal::Text(first), Literal::Text(last)) => {
            text >= first.as_str() && text <= last.as_str()
        }
        _ => is(value, Operator::GreaterOrEqual, first) && is(value, Operator::LessOrEqual, last),
    }
}

fn is(value: Value<'_>, operator: Operator, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Text(text), Literal::Text(wanted)) => match operator {
            Operator::Contains => text.contains(wanted.as_str()),
            _ => text == wanted,
        },
        (Value::Verb(verb), Literal::Text(wanted)) => match operator {
            Operator::Contains => verb.contains(&wanted.to_uppercase()),
            _ => verb.eq_ignore_ascii_case(wanted),
        },
        (Value::Hash(hash), Literal::Text(wanted)) => match operator {
            Operator::Contains => Hex(hash).text().as_str().contains(&wanted.to_ascii_lowercase()),
            _ => Hex(hash).text().as_str().eq_ignore_ascii_case(wanted),
        },
        (Value::Number(number), Literal::Number(wanted)) => ordered(number.cmp(wanted), operator),
        (Value::Duration(delta), Literal::Duration(wanted)) => ordered(delta.cmp(wanted), operator),
        (Value::Address(address), Literal::Net { address: net, prefix }) => is_within(address, *net, *prefix),
        (Value::Flag(flag), Literal::Flag(wanted)) => flag == *wanted,
        (Value::Time(time), Literal::Time(first, last)) => match operator {
            Operator::Less => time < *first,
            Operator::LessOrEqual => time <= *last,
            Operator::Greater => time > *last,
            Operator::GreaterOrEqual => time >= *first,
            _ => time >= *first && time <= *last,
        },
        (Value::Word(place), Literal::Word(wanted)) => ordered(place.cmp(wanted), operator),
        (Value::Code(code), Literal::Code(wanted)) => code == *wanted,
        (Value::Frames(first, last), Literal::Number(wanted)) => match operator {
            Operator::Less => first < *wanted,
            Operator::LessOrEqual => first <= *wanted,
            Operator::Greater => last > *wanted,
            Operator::GreaterOrEqual => last >= *wanted,
            _ => first <= *wanted && *wanted <= last,
        },
        _ => false,
    }
}

const fn ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Equal | Operator::NotEqual | Operator::Contains | Operator::Matches | Operator::In => {
            order.is_eq()
        }
    }
}

/// Whether `each` returns true for any value of a field; stops at the first.
pub(super) fn any<'s>(session: &'s Session, field: Field, each: Each<'_, 's>) -> bool {
    let name = field.name();
    if name.starts_with("sess.") {
        of_session(session, field, each)
    } else if field == Field::DataState {
        states(session, each)
    } else if name.starts_with("data.") {
        session.data_channels.iter().any(|channel| of_channel(channel, field, each))
    } else if name.starts_with("xfer.") {
        session.transfers.iter().any(|transfer| of_transfer(session, transfer, field, each))
    } else if field.is_of_listings() {
        session.listings().any(|told| told.entries().any(|entry| of_entry(entry, field, each)))
    } else if name.starts_with("ftp") {
        of_ftp(session, field, each)
    } else {
        of_packets(session, field, each)
    }
}

fn count(length: usize) -> Value<'static> {
    Value::Number(length as u64)
}

fn text<'s>(text: Option<&'s crate::base::Text>, each: Each<'_, 's>) -> bool {
    text.is_some_and(|text| each(Value::Text(text.raw())))
}

fn endpoint(endpoint: Endpoint, wants_port: bool) -> Value<'static> {
    if wants_port { Value::Number(endpoint.port.into()) } else { Value::Address(endpoint.ip) }
}

fn mode(mode: Option<Mode>) -> Value<'static> {
    mode.map_or(Value::Word(Mode::NAMES.len()), word)
}

/// A choice whose names are the field's words.
fn word(choice: impl Choice) -> Value<'static> {
    Value::Word(choice.position())
}

fn of_session<'s>(session: &'s Session, field: Field, each: Each<'_, 's>) -> bool {
    let value = match field {
        Field::SessMode => return session.data_channels.iter().any(|channel| each(mode(channel.mode()))),
        Field::SessUser => return text(session.user.as_ref(), each),
        Field::SessSystem => return text(session.system.as_ref(), each),
        Field::SessSoftware => return text(session.client_software.as_ref(), each),
        Field::SessBanner => return session.greeting.iter().any(|reply| each(Value::Text(reply.text.raw()))),
        Field::SessUid => Value::Text(&session.uid.0),
        Field::SessClient | Field::SessClientPort => endpoint(session.client, field == Field::SessClientPort),
        Field::SessServer | Field::SessServerPort => endpoint(session.server, field == Field::SessServerPort),
        Field::SessLogin => word(session.login),
        Field::SessSecurity => word(session.security),
        Field::SessEndState => word(session.end_state),
        Field::SessDuration => Value::Duration(session.end.elapsed_since(session.start)),
        Field::SessStart => Value::Time(session.start),
        Field::SessEnd => Value::Time(session.end),
        Field::SessHandshake => Value::Flag(session.handshake),
        Field::SessEpsvAll => Value::Flag(session.epsv_all),
        Field::SessCommands => count(session.commands.len()),
        Field::SessTransfers => count(session.transfers.len()),
        Field::SessChannels => count(session.data_channels.len()),
        Field::SessFindings => count(session.findings.len()),
        Field::SessBytes => {
            Value::Number(connections(session).map(Connection::bytes).fold(0, u64::saturating_add))
        }
        _ => return false,
    };
    each(value)
}

fn of_channel<'s>(channel: &'s DataChannel, field: Field, each: Each<'_, 's>) -> bool {
    let connection = channel.connection();
    let value = match field {
        Field::DataMode => Some(mode(channel.mode())),
        Field::DataMatched => Some(Value::Flag(channel.connected().is_some())),
        Field::DataActive => Some(Value::Flag(channel.is_active())),
        Field::DataIp | Field::DataPort => {
            channel.listener().map(|listener| endpoint(listener, field == Field::DataPort))
        }
        Field::DataPeer | Field::DataPeerPort => {
            connection.map(|connection| endpoint(connection.originator, field == Field::DataPeerPort))
        }
        Field::DataBytes => connection.map(|connection| Value::Number(connection.bytes())),
        Field::DataDuration => {
            connection.map(|connection| Value::Duration(connection.end.elapsed_since(connection.start)))
        }
        Field::DataSyns => connection.map(|connection| Value::Number(connection.syn_attempts.into())),
        Field::DataMissing => connection.map(|connection| Value::Number(connection.missing_bytes())),
        Field::DataRetransmitted => {
            connection.map(|connection| Value::Number(connection.retransmitted_bytes()))
        }
        Field::DataTls => connection.map(|connection| Value::Flag(connection.tls)),
        Field::DataMatchedBy => channel.matched_by().map(word),
        Field::DataDiffers => channel.differs().map(word),
        Field::DataTimeWait => channel.time_wait().map(|wait| word(wait.holder)),
        Field::DataReuse => channel.reuse.as_ref().map(|reuse| word(reuse.kind)),
        Field::DataReuseOutcome => channel.reuse.as_ref().map(|reuse| word(reuse.outcome)),
        Field::DataInTimeWait => channel.reuse.as_ref().map(|reuse| Value::Flag(reuse.in_time_wait)),
        _ => None,
    };
    value.is_some_and(each)
}

/// The state of each data channel. If its transfer made that worse, the state of the connection alone is a value
/// too: one that was cut short was connected.
fn states<'s>(session: &'s Session, each: Each<'_, 's>) -> bool {
    session.verdicts().iter().any(|verdict| {
        let (state, plain) = (verdict.state, verdict.state.of_the_connection());
        each(word(state)) || state != plain && each(word(plain))
    })
}

fn of_transfer<'s>(session: &'s Session, transfer: &'s Transfer, field: Field, each: Each<'_, 's>) -> bool {
    let command = session.command(transfer.command);
    let value = match field {
        Field::XferVerb => command.map(|command| Value::Verb(command.verb.name())),
        Field::XferPath => {
            return text(session.name_of(transfer), each);
        }
        Field::XferPathFromLogin => return text(transfer.path_from_login.as_ref(), each),
        Field::XferBytes => transfer.bytes.map(Value::Number),
        Field::XferSize => transfer.expected_size.map(Value::Number),
        Field::XferStatus => Some(word(transfer.status)),
        Field::XferCode => transfer.reply_code.map(|code| Value::Number(code.into())),
        Field::XferDirection => Some(word(transfer.direction)),
        Field::XferContent => Some(word(transfer.content)),
        Field::XferType => Some(Value::Text(transfer.representation.raw())),
        Field::XferMime => transfer.mime.as_deref().map(Value::Text),
        Field::XferKind => transfer.kind.map(word),
        Field::XferSha256 => transfer.sha256.as_ref().map(Value::Hash),
        Field::XferDuration => transfer.duration().map(Value::Duration),
        Field::XferRate => transfer.bytes.zip(transfer.duration()).and_then(|(bytes, duration)| {
            Bytes(bytes).per_second(duration).map(|rate| Value::Number(rate.0))
        }),
        Field::XferEncrypted => Some(Value::Flag(transfer.encrypted)),
        _ => None,
    };
    value.is_some_and(each)
}

fn of_entry<'s>(entry: Entry<'s>, field: Field, each: Each<'_, 's>) -> bool {
    let value = match field {
        Field::ListingName => Some(Value::Text(entry.name)),
        Field::ListingSize => entry.size.map(Value::Number),
        Field::ListingKind => entry.kind.map(word),
        _ => None,
    };
    value.is_some_and(each)
}

fn connections(session: &Session) -> impl Iterator<Item = &Connection> {
    session
        .data_channels
        .iter()
        .flat_map(|channel| channel.connection().into_iter().chain(&channel.other_attempts))
}

fn replies(session: &Session) -> impl Iterator<Item = &Reply> {
    let answers = session.commands.iter().flat_map(|command| &command.replies);
    session.greeting.iter().chain(answers).chain(&session.unsolicited)
}

fn of_ftp<'s>(session: &'s Session, field: Field, each: Each<'_, 's>) -> bool {
    let announced = |wanted: Mode| {
        let of_mode = session.data_channels.iter().filter(move |channel| channel.mode() == Some(wanted));
        of_mode.filter_map(DataChannel::advertised)
    };
    let port = |advertised: Advertised| Value::Number(advertised.port.into());
    let ip = |advertised: Advertised| advertised.ip.map(Value::Address);
    match field {
        Field::Ftp => each(Value::Present),
        Field::FtpData => connections(session).next().is_some() && each(Value::Present),
        Field::FtpRequest => !session.commands.is_empty() && each(Value::Present),
        Field::FtpResponse => replies(session).next().is_some() && each(Value::Present),
        Field::FtpRequestCommand => {
            session.commands.iter().any(|command| each(Value::Verb(command.verb.name())))
        }
        Field::FtpRequestArg => session.commands.iter().any(|command| text(command.text(), each)),
        Field::FtpResponseCode => replies(session).any(|reply| each(Value::Number(reply.code.into()))),
        Field::FtpResponseArg => replies(session).any(|reply| each(Value::Text(reply.text.raw()))),
        Field::FtpPassiveIp => announced(Mode::Pasv).filter_map(ip).any(each),
        Field::FtpPassivePort => announced(Mode::Pasv).map(port).any(each),
        Field::FtpActiveCip => announced(Mode::Port).filter_map(ip).any(each),
        Field::FtpActivePort => announced(Mode::Port).map(port).any(each),
        Field::FtpEprtIp | Field::FtpEprtIpv6 => announced(Mode::Eprt).filter_map(ip).any(each),
        Field::FtpEprtPort => announced(Mode::Eprt).map(port).any(each),
        Field::FtpEpsvPort => announced(Mode::Epsv).map(port).any(each),
        _ => false,
    }
}

/// Sender and receiver of the packets in each direction.
fn directions(session: &Session) -> impl Iterator<Item = (Endpoint, Endpoint)> {
    let control = [(session.client, session.server), (session.server, session.client)];
    let data = session.data_channels.iter().flat_map(|channel| {
        let answered = channel.outcome() != Some(Outcome::Unanswered);
        channel.connection().into_iter().flat_map(move |connection| {
            let back = answered.then_some((connection.responder, connection.originator));
            std::iter::once((connection.originator, connection.responder)).chain(back)
        })
    });
    control.into_iter().chain(data)
}

fn of_packets<'s>(session: &'s Session, field: Field, each: Each<'_, 's>) -> bool {
    match field {
        Field::IpAddr | Field::Ipv6Addr => directions(session)
            .any(|(from, to)| family(from.ip, field).into_iter().chain(family(to.ip, field)).any(&mut *each)),
        Field::IpSrc | Field::Ipv6Src => {
            directions(session).any(|(from, _)| family(from.ip, field).is_some_and(&mut *each))
        }
        Field::IpDst | Field::Ipv6Dst => {
            directions(session).any(|(_, to)| family(to.ip, field).is_some_and(&mut *each))
        }
        Field::TcpPort => directions(session)
            .any(|(from, to)| each(Value::Number(from.port.into())) || each(Value::Number(to.port.into()))),
        Field::TcpSrcPort => directions(session).any(|(from, _)| each(Value::Number(from.port.into()))),
        Field::TcpDstPort => directions(session).any(|(_, to)| each(Value::Number(to.port.into()))),
        Field::FrameNumber => {
            let control = session.frames;
            each(Value::Frames(control.first.0, control.last.0))
                || connections(session).any(|connection| {
                    each(Value::Frames(connection.frames.first.0, connection.frames.last.0))
                })
        }
        Field::FindId => session.findings.iter().any(|finding| each(Value::Code(finding.code))),
        Field::FindSeverity => session.findings.iter().any(|finding| each(word(finding.severity))),
        Field::FindSummary => session.findings.iter().any(|finding| each(Value::Text(&finding.summary))),
        Field::Text => {
            text(session.user.as_ref(), each)
                || session
                    .commands
                    .iter()
                    .any(|command| each(Value::Text(command.verb.name())) || text(command.text(), each))
                || replies(session).any(|reply| each(Value::Text(reply.text.raw())))
                || session.findings.iter().any(|finding| each(Value::Text(&finding.summary)))
        }
        _ => false,
    }
}

/// Whether a pattern is found in any text of the session, or in an address, a path or a hash.
pub(super) fn mentions(session: &Session, pattern: &regex_lite::Regex) -> bool {
    const TEXTS: [Field; 5] =
        [Field::Text, Field::SessUid, Field::SessSystem, Field::SessSoftware, Field::XferPath];
    let in_text = |value: Value<'_>| match value {
        Value::Text(text) | Value::Verb(text) => pattern.is_match(text),
        _ => false,
    };
    TEXTS.into_iter().any(|field| any(session, field, &mut { in_text }))
        || directions(session).any(|(from, _)| pattern.is_match(&from.to_string()))
        || session.transfers.iter().any(|transfer| {
            let hash = transfer.sha256.as_ref().map(|hash| Hex(hash).to_string());
            hash.is_some_and(|hash| pattern.is_match(&hash))
        })
}

/// An address, if it is of the field's family.
const fn family(ip: IpAddr, field: Field) -> Option<Value<'static>> {
    let wants_ipv6 = matches!(field, Field::Ipv6Addr | Field::Ipv6Src | Field::Ipv6Dst);
    if ip.is_ipv6() == wants_ipv6 { Some(Value::Address(ip)) } else { None }
}
