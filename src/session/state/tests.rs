//! Dialogues in short: what was said, what was answered, and what came of the data connections.

use proptest::prelude::*;

use super::*;
use crate::base::{FrameNumber, PacketRef, Timestamp};
use crate::report::testing::{self, endpoint};
use crate::report::{
    Answer, AttemptResult, ChannelIndex, CommandIndex, Connection, Connector, DataChannel, Listing,
    MatchedBy, Mode,
};
use crate::session::active::{Channel, Link};
use crate::session::flow::ContentHeads;

/// When the data connection of a negotiation was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connected {
    Never,
    AtOnce,
    /// Only after all that was said.
    Late,
}

/// One command with its replies, and the data connection that came of it if it negotiates one.
#[derive(Clone, Debug)]
struct Said {
    line: &'static str,
    codes: Vec<(u16, &'static str)>,
    connected: Connected,
}

fn say(line: &'static str, codes: &[(u16, &'static str)]) -> Said {
    Said { line, codes: codes.to_vec(), connected: Connected::AtOnce }
}

fn at(frame: usize) -> (Timestamp, FrameNumber) {
    (Timestamp::from_nanos(i64::try_from(frame).unwrap()), FrameNumber(u64::try_from(frame).unwrap()))
}

fn commands(script: &[Said]) -> Vec<Command> {
    let said = script.iter().enumerate().map(|(index, said)| {
        let (time, frame) = at(10 * index + 10);
        let mut command = testing::command(time, frame.0, said.line);
        command.replies =
            said.codes.iter().map(|&(code, text)| testing::reply(time, frame.next().0, code, text)).collect();
        command
    });
    said.collect()
}

fn connection(index: usize, listing: bool) -> Connection {
    let (time, frame) = at(10 * index + 12);
    let mut connection =
        testing::syn(endpoint("198.51.100.10:50000"), endpoint("203.0.113.21:50000"), time, frame.0);
    connection.established = Some(time);
    connection.from_responder.bytes = if listing { 25 } else { 100 };
    connection.from_responder.first_payload = Some((time, frame.next()));
    connection
}

/// The channels as they stand when so much was said; at the `end` all connections are known.
fn channels(script: &[Said], given: usize, end: bool) -> Vec<Channel> {
    let mut channels = Vec::new();
    for (index, said) in script.iter().enumerate().take(given) {
        let verb = Verb::parse(said.line.split(' ').next().unwrap().as_bytes());
        if !verb.is_negotiation() || said.line == "EPSV ALL" {
            continue;
        }
        let (time, frame) = at(10 * index + 10);
        let command = CommandIndex::from_position(index).unwrap();
        let listener = endpoint("203.0.113.21:50000");
        let connector = Connector { ip: endpoint("198.51.100.10:50000").ip, port: None };
        let DataChannel { origin, .. } = match said.codes.last() {
            None => testing::negotiated_channel(Mode::Pasv, command, Answer::Unanswered(None)),
            Some((200..=299, _)) => testing::accepted_channel(Mode::Pasv, command, listener, connector),
            Some(_) => testing::negotiated_channel(Mode::Pasv, command, Answer::Rejected(None)),
        };
        let mut channel = Channel::new(origin, PacketRef { time, frame });
        let is_linked = match said.connected {
            Connected::Never => false,
            Connected::AtOnce => true,
            Connected::Late => end,
        };
        if is_linked {
            channel.link =
                Link::Ended(Box::new(connection(index, true)), ContentHeads::default(), MatchedBy::Endpoint);
            let text = "type=file;size=77; a\r\n".into();
            channel.listing = Some(Listing { text, is_cut: false }.into());
        }
        channels.push(channel);
    }
    channels
}

fn reported(facts: &[Channel]) -> Vec<DataChannel> {
    let result = AttemptResult::Connected { time_wait: None };
    let attempt = |channel: &Channel| Some(testing::attempt(channel.link.ended()?.clone(), result));
    facts
        .iter()
        .map(|channel| DataChannel { attempt: attempt(channel), ..testing::unnegotiated_channel() })
        .collect()
}

const BUDGET: Budget = Budget { paths: 100_000, names: 100_000, listings: true };

/// Takes in a script, after each of its exchanges or only at the end, and reports on it.
fn concluded(script: &[Said], after_each: bool) -> Session {
    let mut state = DialogueState::default();
    for given in 1..=script.len() {
        if after_each {
            let commands = commands(&script[..given]);
            let facts = channels(script, given, false);
            let dialogue = Dialogue { commands: &commands, gaps: &[] };
            state.catch_up(dialogue, given, Channels::under_way(&facts), BUDGET);
        }
    }
    let facts = channels(script, script.len(), true);
    let mut session = testing::session().session;
    session.commands = commands(script);
    session.data_channels = reported(&facts);
    state.conclude(&mut session, &facts, BUDGET);
    session
}

/// What a client has begun on a channel when so much was said.
fn current(script: &[Said], channel: ChannelIndex, settled: usize) -> Option<CurrentTransfer> {
    let commands = commands(script);
    let facts = channels(script, script.len(), false);
    let dialogue = Dialogue { commands: &commands, gaps: &[] };
    let mut state = DialogueState::default();
    state.catch_up(dialogue, settled, Channels::under_way(&facts), BUDGET);
    state.current(channel, dialogue, Channels::under_way(&facts))
}

const LINES: [&str; 29] = [
    "USER bob",
    "PASS secret",
    "CWD sub",
    "CWD /pub",
    "CDUP",
    "PWD",
    "TYPE I",
    "TYPE A",
    "MODE B",
    "STRU R",
    "REST 7",
    "SIZE a",
    "MLST a",
    "DELE a",
    "SYST",
    "FEAT",
    "CLNT x",
    "EPSV ALL",
    "PASV",
    "PASV",
    "PASV",
    "RETR a",
    "RETR a",
    "STOR a",
    "LIST",
    "STOU",
    "ABOR",
    "REIN",
    "NOOP",
];

fn said(lines: &[&'static str], connected: &[Connected]) -> impl Strategy<Value = Said> + use<> {
    let codes = prop::sample::select(vec![
        vec![],
        vec![(200, "ok")],
        vec![(230, "in")],
        vec![(213, "77")],
        vec![(257, "\"/home\"")],
        vec![(150, "Opening (100 bytes)"), (226, "done")],
        vec![(150, "FILE: b"), (426, "aborted")],
        vec![(550, "no")],
        vec![(530, "no")],
        vec![(211, "Features\n SIZE\nEnd")],
    ]);
    let connected = prop::sample::select(connected.to_vec());
    (prop::sample::select(lines.to_vec()), codes, connected).prop_map(|(line, codes, connected)| {
        let begins =
            Verb::parse(line.split(' ').next().unwrap().as_bytes()).is_transfer() || line.starts_with('X');
        let codes = codes.into_iter().filter(|&(code, _)| begins || code != 150).collect();
        Said { line, codes, connected }
    })
}

/// All that a script has brought about, taken in after each of its exchanges or in one go.
fn brought_about(script: &[Said], after_each: bool) -> String {
    let mut state = DialogueState::default();
    let first = if after_each { 1 } else { script.len() };
    for given in first..=script.len() {
        let commands = commands(&script[..given]);
        let facts = channels(script, given, false);
        let dialogue = Dialogue { commands: &commands, gaps: &[] };
        state.catch_up(dialogue, given, Channels::under_way(&facts), BUDGET);
    }
    assert_eq!(state.taken_in, script.len());
    let Sizes { by_name, .. } = &state.sizes;
    let sizes: std::collections::BTreeMap<_, _> = by_name.iter().collect();
    format!("{:?} {:?} {:?} {sizes:?}", state.in_force, state.identity, state.transfers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn when_exchanges_are_taken_in_makes_no_difference(
        script in prop::collection::vec(
            said(&[&LINES[..], &["MLSD", "MLSD /pub", "XGET a"]].concat(), &[Connected::Never, Connected::AtOnce]),
            0..30,
        )
    ) {
        prop_assert_eq!(brought_about(&script, true), brought_about(&script, false));
    }

    #[test]
    fn a_connection_that_is_captured_late_finds_the_transfer_that_it_belongs_to(
        script in prop::collection::vec(
            said(&LINES, &[Connected::Never, Connected::AtOnce, Connected::Late]),
            0..30,
        )
    ) {
        let (each, end) = (concluded(&script, true), concluded(&script, false));
        prop_assert_eq!(format!("{each:?}"), format!("{end:?}"));
    }
}

#[test]
fn a_transfer_is_known_by_its_command_before_any_reply_to_it() {
    let script = [
        say("PWD", &[(257, "\"/home/bob\"")]),
        say("TYPE I", &[(200, "ok")]),
        say("PASV", &[(227, "Entering (203,0,113,21,195,80)")]),
        say("REST 512", &[(350, "go on")]),
        say("RETR a.bin", &[]),
    ];
    let expected = CurrentTransfer {
        command: CommandIndex(4),
        path: Some("/home/bob/a.bin".into()),
        direction: Direction::Download,
        content: Content::File,
        representation: "I".into(),
        structure: 'F',
        mode: 'S',
        offset: 512,
        data_channel: ChannelIndex(0),
    };
    for settled in 0..=4 {
        assert_eq!(
            current(&script, ChannelIndex(0), settled).as_ref(),
            Some(&expected),
            "{settled} exchanges taken in"
        );
    }
}

#[test]
fn a_restart_marker_serves_one_transfer_and_the_type_stays_in_force() {
    let script = [
        say("TYPE I", &[(200, "ok")]),
        say("PASV", &[(227, "")]),
        say("REST 9", &[(350, "")]),
        say("RETR a", &[(150, ""), (226, "")]),
        say("PASV", &[(227, "")]),
        say("STOR b", &[]),
    ];
    let now = current(&script, ChannelIndex(1), 5).unwrap();
    assert_eq!((now.command, now.offset, now.direction), (CommandIndex(5), 0, Direction::Upload));
    assert_eq!(now.representation, "I".into());
}

#[test]
fn on_a_channel_without_a_transfer_command_no_transfer_is_under_way() {
    let script =
        [say("PASV", &[(227, "")]), say("RETR a", &[(150, ""), (226, "")]), say("PASV", &[(227, "")])];
    assert_eq!(current(&script, ChannelIndex(1), 3), None);
    assert_eq!(current(&script, ChannelIndex(0), 3).map(|transfer| transfer.command), Some(CommandIndex(1)));
}

#[test]
fn sizes_of_a_machine_listing_wait_for_its_data_connection() {
    let script = [
        say("PASV", &[(227, "")]),
        say("MLSD /pub", &[(150, ""), (226, "")]),
        say("PASV", &[(227, "")]),
        say("RETR /pub/a", &[(150, ""), (226, "")]),
    ];
    let commands = commands(&script);
    let dialogue = Dialogue { commands: &commands, gaps: &[] };
    let mut facts = channels(&script, 4, false);
    let ended = std::mem::replace(
        &mut facts[0].link,
        Link::Open(crate::tcp::ConnectionId::new(1, 1), FrameNumber(12), MatchedBy::Endpoint),
    );
    let mut state = DialogueState::default();
    state.catch_up(dialogue, 4, Channels::under_way(&facts), BUDGET);
    assert_eq!(state.taken_in, 1);
    facts[0].link = ended;
    state.catch_up(dialogue, 4, Channels::under_way(&facts), BUDGET);
    let retr = state.transfer(CommandIndex(3), dialogue, Channels::under_way(&facts), |_| None).unwrap();
    assert_eq!(retr.expected_size, Some(77));
}

#[test]
fn an_exchange_is_taken_in_once_however_often_somebody_asks() {
    let script: Vec<Said> = (0..100).map(|_| say("NOOP", &[(200, "")])).collect();
    let commands = commands(&script);
    let mut state = DialogueState::default();
    for given in 0..=100 {
        let dialogue = Dialogue { commands: &commands[..given], gaps: &[] };
        state.catch_up(dialogue, given, Channels::under_way(&[]), BUDGET);
        assert_eq!(state.taken_in, given);
    }
}
