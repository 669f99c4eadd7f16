//! A dozen varied sessions, made by hand: what the screens are tried on.
#![expect(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a script of small numbers, not code that others build on"
)]

use crate::base::{FrameNumber, TimeDelta};
use std::net::{IpAddr, Ipv4Addr};

use super::words::*;
use crate::report::testing::{self, endpoint};
use crate::report::{ChannelIndex, CommandIndex, TransferIndex};

/// The moment at which the fixture's capture begins: 2026-04-12T09:31:07.114Z.
pub(crate) const BEGIN: i64 = 1_775_986_267_114_000_000;

/// What every listing tells: of each kind of entry, with names that must be made harmless.
const LISTING: &str = "total 24\r\n\
    drwxr-xr-x   2 owner group       4096 Jan 12 13:05 pub\r\n\
    -rw-r--r--   1 owner group  123456789 Dec  1  2025 a b.csv\r\n\
    lrwxrwxrwx   1 owner group         11 Jan 12 13:05 latest -> a b.csv\r\n\
    crw-rw----   1 root  tty       5,   0 Jan 12 13:05 tty\r\n\
    -rw-r--r--   1 owner group          7 Jan 12 13:05 \u{1b}[31mred\u{202e}gpj.exe\r\n\
    \r\n\
    ./pub:\r\n\
    -rw-r--r--   1 owner group          7 Jan 12 13:05 q1.csv\r\n";

/// A session while it is being made. Times are milliseconds since its own start.
pub(crate) struct Dialogue {
    session: Session,
    start: i64,
}

impl Dialogue {
    pub(crate) fn new(uid: &str, client: &str, server: &str, start_ms: i64) -> Self {
        let start = BEGIN + start_ms * 1_000_000;
        let time = Timestamp::from_nanos(start);
        let session = testing::silent_session(uid, client, server, time);
        let mut dialogue = Self { session, start };
        dialogue.session.end_state = EndState::Fin;
        dialogue.session.closed_by = Some(Party::Client);
        dialogue.session.frames.last = FrameNumber::NONE;
        dialogue.session.frames.first = dialogue.frame(0.0);
        dialogue
    }

    fn at(&self, ms: f64) -> Timestamp {
        Timestamp::from_nanos(self.start + (ms * 1e6) as i64)
    }

    /// Frame numbers grow with time, as in a capture.
    fn frame(&self, ms: f64) -> FrameNumber {
        FrameNumber(1 + ((self.start - BEGIN) as f64 / 1e6 + ms) as u64)
    }

    fn reply(&self, (ms, code, text): (f64, u16, &str)) -> Reply {
        testing::reply(self.at(ms), self.frame(ms).0, code, text)
    }

    pub(crate) fn greet(&mut self, ms: f64, text: &str) {
        let reply = self.reply((ms, 220, text));
        self.session.greeting.push(reply);
    }

    pub(crate) fn say(&mut self, ms: f64, line: &str, replies: &[(f64, u16, &str)]) -> CommandIndex {
        let mut command = testing::command(self.at(ms), self.frame(ms).0, line);
        command.replies = replies.iter().map(|&reply| self.reply(reply)).collect();
        let last = command.replies.last().map_or(ms, |_| replies.last().map_or(ms, |reply| reply.0));
        self.session.end = self.session.end.max(self.at(last));
        self.session.frames.last = self.session.frames.last.max(self.frame(last));
        self.session.commands.push(command);
        CommandIndex(self.session.commands.len() as u32 - 1)
    }

    pub(crate) fn login(&mut self, ms: f64, user: &str) {
        self.say(ms, &format!("USER {user}"), &[(ms + 20.0, 331, "Password required")]);
        self.say(ms + 40.0, "PASS secret", &[(ms + 310.0, 230, "User logged in")]);
        self.session.user = Some(Text::from(user));
        self.session.login = Login::Accepted;
    }

    pub(crate) fn refuse_login(&mut self, ms: f64, user: &str) {
        self.say(ms, &format!("USER {user}"), &[(ms + 20.0, 331, "Password required")]);
        self.say(ms + 40.0, "PASS guess", &[(ms + 60.0, 530, "Login incorrect.")]);
        self.session.user = Some(Text::from(user));
        self.session.login = Login::Rejected;
    }

    /// A negotiation whose endpoint is predicted and not (yet) met.
    pub(crate) fn negotiate(&mut self, mode: Mode, command: CommandIndex, listener: &str) -> ChannelIndex {
        let peer = if mode.is_active() { self.session.server } else { self.session.client };
        let connector = Connector { ip: peer.ip, port: mode.is_active().then_some(20) };
        let channel = testing::accepted_channel(mode, command, endpoint(listener), connector);
        self.session.data_channels.push(channel);
        ChannelIndex(self.session.data_channels.len() as u32 - 1)
    }

    pub(crate) fn no_endpoint(&mut self, mode: Mode, command: CommandIndex, answer: Answer) -> ChannelIndex {
        self.session.data_channels.push(testing::negotiated_channel(mode, command, answer));
        ChannelIndex(self.session.data_channels.len() as u32 - 1)
    }

    pub(crate) fn channel(&mut self, index: ChannelIndex) -> &mut DataChannel {
        &mut self.session.data_channels[index.position()]
    }

    fn attempt(&mut self, index: ChannelIndex) -> &mut Attempt {
        self.channel(index).attempt.as_mut().unwrap()
    }

    /// A connection on a channel, from its SYN to its last packet.
    pub(crate) fn connect(
        &mut self,
        index: ChannelIndex,
        from: f64,
        until: f64,
        originator: &str,
        bytes: u64,
    ) {
        let responder = self.session.data_channels[index.position()]
            .predicted()
            .map_or(endpoint("192.0.2.8:50099"), |predicted| predicted.listener);
        let active = self.session.data_channels[index.position()].is_active();
        let (begin, finish) = (self.at(from), self.at(until));
        let frames = FrameSpan { first: self.frame(from), last: self.frame(until) };
        let payload = StreamFacts {
            bytes,
            start_seen: true,
            end_seen: true,
            first_payload: Some((self.at(from + 1.0), frames.first)),
            last_payload: (bytes > 0).then_some((finish, frames.last)),
            ..StreamFacts::default()
        };
        let server_sends = StreamFacts { start_seen: true, end_seen: true, ..StreamFacts::default() };
        let (from_originator, from_responder) =
            if active { (payload, server_sends) } else { (server_sends, payload) };
        let connection = Connection {
            end: finish,
            frames,
            end_state: EndState::Fin,
            first_close: Some(if active { FirstClose::Originator } else { FirstClose::Responder }),
            from_originator,
            from_responder,
            established: Some(begin),
            close: Some((finish, frames.last)),
            closed: Some(finish),
            ..testing::syn(endpoint(originator), responder, begin, frames.first.0)
        };
        let wait =
            TimeWait { holder: Holder::Server, from: finish, until: finish.plus(TimeDelta::from_secs(60)) };
        let result = AttemptResult::Connected { time_wait: Some(wait) };
        self.channel(index).attempt = Some(testing::attempt(connection, result));
    }

    /// SYNs that nobody answers, or that a RST answers.
    pub(crate) fn fail(
        &mut self,
        index: ChannelIndex,
        from: f64,
        until: f64,
        originator: &str,
        result: AttemptResult,
    ) {
        self.connect(index, from, until, originator, 0);
        let frame = self.frame(until);
        let is_refused = result == AttemptResult::Refused;
        let attempt = self.attempt(index);
        attempt.result = result;
        attempt.connection.close = None;
        attempt.connection.closed = None;
        attempt.connection.first_close = None;
        attempt.connection.established = None;
        attempt.connection.end_state = if is_refused { EndState::Rst } else { EndState::Open };
        attempt.connection.syn_attempts = if is_refused { 1 } else { 4 };
        attempt.connection.refused_frame = is_refused.then_some(frame);
    }

    pub(crate) fn transfer(
        &mut self,
        command: CommandIndex,
        channel: ChannelIndex,
        bytes: u64,
        status: Status,
    ) -> TransferIndex {
        let sent = &self.session.commands[command.position()];
        let upload = matches!(sent.verb, Verb::Stor | Verb::Appe | Verb::Stou);
        let listing = matches!(sent.verb, Verb::List | Verb::Nlst | Verb::Mlsd);
        let argument = sent.text().map(|text| text.raw().to_owned());
        let reply_code = sent.completion().map(|reply| reply.code);
        let connection = self.session.data_channels[channel.position()].connection();
        let span = connection.map(|connection| (connection.start, connection.end));
        let direction = if upload { Direction::Upload } else { Direction::Download };
        self.session.transfers.push(Transfer {
            path: argument.map(|argument| {
                let path = if argument.starts_with('/') { argument } else { format!("/pub/{argument}") };
                Text::from(path.as_str())
            }),
            content: if listing { Content::Listing } else { Content::File },
            listing: listing.then(|| Listing { text: LISTING.into(), is_cut: false }.into()),
            data_channel: Some(channel),
            bytes: Some(bytes),
            expected_size: (bytes > 1000).then_some(bytes),
            sha256: (status == Status::Complete).then_some([0x9f; 32]),
            decoded: None,
            verification: None,
            file: None,
            piece: None,
            mime: (bytes > 1000).then_some("text/csv".into()),
            reply_code,
            start: span.map(|span| span.0),
            end: span.map(|span| span.1),
            ..testing::transfer(command, direction, status)
        });
        TransferIndex(self.session.transfers.len() as u32 - 1)
    }

    pub(crate) fn find(
        &mut self,
        ms: f64,
        code: Code,
        severity: Severity,
        channel: Option<ChannelIndex>,
        summary: &str,
        advice: &'static str,
    ) {
        let frames = [self.frame(ms - 5.0).0, self.frame(ms).0];
        let finding = Finding {
            advice: (!advice.is_empty()).then_some(advice.into()),
            data_channel: channel,
            ..testing::finding(code, severity, summary, self.at(ms), &frames)
        };
        self.session.findings.push(finding);
    }

    pub(crate) fn reuse(
        &mut self,
        index: ChannelIndex,
        previous: ChannelIndex,
        gap_ms: f64,
        outcome: ReuseOutcome,
    ) {
        let session = self.session.uid.clone();
        self.channel(index).reuse = Some(Reuse {
            kind: ReuseKind::FourTuple,
            previous: Previous { session, data_channel: previous },
            gap: Some(TimeDelta::from_seconds(gap_ms / 1e3)),
            in_time_wait: true,
            outcome,
        });
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    pub(crate) fn quit(mut self, ms: f64) -> Session {
        self.say(ms, "QUIT", &[(ms + 20.0, 221, "Goodbye.")]);
        self.session.findings.sort_by_key(|finding| finding.time);
        self.session
    }

    pub(crate) fn finish(mut self) -> Session {
        self.session.findings.sort_by_key(|finding| finding.time);
        self.session
    }
}

/// Everything in one session: every mode, one blocked, one reused in TIME_WAIT and cut short.
pub(crate) fn alice() -> Session {
    let mut dialogue = Dialogue::new("CAlice", "10.1.7.33:49822", "192.0.2.8:21", 0);
    dialogue.greet(60.0, "ProFTPD 1.3.8 Server ready");
    dialogue.login(500.0, "alice");
    dialogue.find(
        550.0,
        Code::CleartextCredentials,
        Severity::Notice,
        None,
        "alice's password crossed the wire in the clear.",
        "Use TLS (AUTH TLS), and change the password.",
    );
    dialogue.say(2_000.0, "SYST", &[(2_060.0, 215, "UNIX Type: L8")]);
    let pasv = dialogue.say(6_000.0, "PASV", &[(6_055.0, 227, "Entering Passive Mode (192,0,2,8,195,91)")]);
    let channel = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.8:50011");
    dialogue.connect(channel, 6_056.0, 6_600.0, "10.1.7.33:37604", 342);
    let list = dialogue.say(
        6_150.0,
        "LIST",
        &[
            (6_200.0, 150, "Opening ASCII mode data connection for file list"),
            (6_700.0, 226, "Transfer complete"),
        ],
    );
    dialogue.transfer(list, channel, 342, Status::Complete);
    dialogue.say(13_000.0, "TYPE I", &[(13_050.0, 200, "Type set to I")]);
    let pasv = dialogue.say(15_000.0, "PASV", &[(15_050.0, 227, "Entering Passive Mode (192,0,2,8,195,92)")]);
    let first = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.8:50012");
    dialogue.connect(first, 15_051.0, 25_500.0, "10.1.7.33:37605", 39_951_004);
    let retr = dialogue.say(
        15_200.0,
        "RETR /pub/q1.csv",
        &[
            (15_250.0, 150, "Opening BINARY mode data connection for /pub/q1.csv (39951004 bytes)"),
            (25_600.0, 226, "Transfer complete"),
        ],
    );
    dialogue.transfer(retr, first, 39_951_004, Status::Complete);
    let epsv =
        dialogue.say(30_000.0, "EPSV", &[(30_055.0, 229, "Entering Extended Passive Mode (|||50013|)")]);
    let channel = dialogue.negotiate(Mode::Epsv, epsv, "192.0.2.8:50013");
    dialogue.connect(channel, 30_056.0, 31_000.0, "10.1.7.33:37606", 1_203);
    let nlst = dialogue.say(
        30_150.0,
        "NLST",
        &[(30_200.0, 150, "Opening data connection"), (31_100.0, 226, "Transfer complete")],
    );
    dialogue.transfer(nlst, channel, 1_203, Status::Complete);
    let port =
        dialogue.say(38_201.0, "PORT 10,1,7,33,199,56", &[(38_260.0, 200, "PORT command successful.")]);
    let blocked = dialogue.negotiate(Mode::Port, port, "10.1.7.33:51000");
    let retr = dialogue.say(39_004.0, "RETR /pub/q2.csv", &[(59_012.0, 425, "Can't open data connection.")]);
    dialogue.transfer(retr, blocked, 0, Status::Failed);
    dialogue.find(59_012.0, Code::DataNeverAttempted, Severity::Warning, Some(blocked), "192.0.2.8 never connected to 10.1.7.33:51000, which PORT announced, and the transfer got 425.", "A firewall or NAT on the client's side hides the announced port: use passive mode (PASV or EPSV), or let 192.0.2.8 in.");
    dialogue.find(
        38_260.0,
        Code::PrivateAddressAdvertised,
        Severity::Notice,
        Some(blocked),
        "PORT announces the private address 10.1.7.33 to the public server 192.0.2.8.",
        "It works only if a NAT helper on the way rewrites it.",
    );
    let eprt =
        dialogue.say(62_000.0, "EPRT |1|10.1.7.33|51004|", &[(62_050.0, 200, "EPRT command successful.")]);
    let channel = dialogue.negotiate(Mode::Eprt, eprt, "10.1.7.33:51004");
    dialogue.connect(channel, 62_110.0, 67_000.0, "192.0.2.8:61920", 3_145_728);
    let stor = dialogue.say(
        62_060.0,
        "STOR /in/report.zip",
        &[(62_100.0, 150, "Opening BINARY mode data connection"), (67_100.0, 226, "Transfer complete")],
    );
    dialogue.transfer(stor, channel, 3_145_728, Status::Complete);
    let pasv = dialogue.say(72_000.0, "PASV", &[(72_050.0, 227, "Entering Passive Mode (192,0,2,8,195,92)")]);
    let again = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.8:50012");
    dialogue.connect(again, 73_100.0, 77_000.0, "10.1.7.33:37605", 1_153_434);
    dialogue.reuse(again, first, 47_600.0, ReuseOutcome::Ignored);
    let connection = &mut dialogue.attempt(again).connection;
    connection.syn_attempts = 2;
    connection.end_state = EndState::Rst;
    let retr = dialogue.say(
        72_100.0,
        "RETR /pub/q1.csv",
        &[
            (73_200.0, 150, "Opening BINARY mode data connection for /pub/q1.csv (39951004 bytes)"),
            (77_050.0, 426, "Connection closed; transfer aborted."),
        ],
    );
    let transfer = dialogue.transfer(retr, again, 1_153_434, Status::Aborted);
    dialogue.session().transfers[transfer.position()].expected_size = Some(39_951_004);
    dialogue.find(73_100.0, Code::TimeWaitReuse, Severity::Warning, Some(again), "10.1.7.33:37605 → 192.0.2.8:50012 was used again 47.6 s after its last connection, inside TIME_WAIT: the first SYN was ignored.", "Widen the server's passive port range.");
    dialogue.find(
        77_050.0,
        Code::TransferAborted,
        Severity::Notice,
        Some(again),
        "RETR /pub/q1.csv was aborted after 1153434 of 39951004 bytes (426).",
        "",
    );
    dialogue.session().port_allocation.server = Some(Allocation::Sequential);
    dialogue.quit(80_000.0)
}

/// A fallback: EPSV is filtered on the way, PASV works.
fn bob() -> Session {
    let mut dialogue = Dialogue::new("CBob", "10.1.7.88:61204", "203.0.113.5:21", 2_368);
    dialogue.greet(30.0, "(vsFTPd 3.0.5)");
    dialogue.login(60.0, "bob");
    let epsv = dialogue.say(500.0, "EPSV", &[(520.0, 229, "Entering Extended Passive Mode (|||40001|)")]);
    let lost = dialogue.negotiate(Mode::Epsv, epsv, "203.0.113.5:40001");
    dialogue.fail(lost, 521.0, 7_600.0, "10.1.7.88:61205", AttemptResult::Unanswered);
    let list = dialogue.say(8_000.0, "LIST", &[(8_020.0, 425, "Failed to establish connection.")]);
    dialogue.transfer(list, lost, 0, Status::Failed);
    dialogue.find(
        7_600.0,
        Code::DataUnanswered,
        Severity::Warning,
        Some(lost),
        "4 SYNs from 10.1.7.88 to 203.0.113.5:40001 (EPSV) went unanswered for 7.1 s.",
        "A firewall drops them: open the server's passive ports.",
    );
    let pasv = dialogue.say(8_100.0, "PASV", &[(8_120.0, 227, "Entering Passive Mode (203,0,113,5,156,66)")]);
    let refused = dialogue.negotiate(Mode::Pasv, pasv, "203.0.113.5:40002");
    dialogue.fail(refused, 8_121.0, 8_122.0, "10.1.7.88:61206", AttemptResult::Refused);
    dialogue.find(
        8_122.0,
        Code::DataRefused,
        Severity::Warning,
        Some(refused),
        "203.0.113.5:40002, announced by PASV, answered 10.1.7.88's SYN by RST.",
        "Nobody listens there, or a firewall resets it.",
    );
    dialogue.find(
        8_120.0,
        Code::ModeFallback,
        Severity::Notice,
        Some(refused),
        "PASV was tried because EPSV led to nothing.",
        "",
    );
    dialogue.quit(9_000.0)
}

/// Anonymous over IPv6, extended modes.
fn six() -> Session {
    let mut dialogue =
        Dialogue::new("CSix", "[2001:470:1f11:81f::2e3e]:49186", "[2001:470:4867:99::21]:21", 3_001);
    dialogue.greet(100.0, "ftp.example.net ready");
    dialogue.login(200.0, "anonymous");
    for (number, at) in [(0_u16, 1_000.0), (1, 4_000.0), (2, 7_000.0)] {
        let epsv = dialogue.say(
            at,
            "EPSV",
            &[(at + 60.0, 229, &format!("Entering Extended Passive Mode (|||{}|)", 57_086 + number))],
        );
        let channel =
            dialogue.negotiate(Mode::Epsv, epsv, &format!("[2001:470:4867:99::21]:{}", 57_086 + number));
        dialogue.connect(
            channel,
            at + 61.0,
            at + 400.0,
            &format!("[2001:470:1f11:81f::2e3e]:{}", 49_187 + number),
            366,
        );
        let list = dialogue.say(
            at + 120.0,
            "LIST",
            &[(at + 180.0, 150, "Here it comes"), (at + 500.0, 226, "Done")],
        );
        dialogue.transfer(list, channel, 366, Status::Complete);
    }
    let eprt = dialogue.say(
        15_000.0,
        "EPRT |2|2001:470:1f11:81f::2e3e|49189|",
        &[(15_100.0, 200, "EPRT successful")],
    );
    let channel = dialogue.negotiate(Mode::Eprt, eprt, "[2001:470:1f11:81f::2e3e]:49189");
    dialogue.connect(channel, 15_210.0, 15_900.0, "[2001:470:4867:99::21]:55785", 77);
    let retr = dialogue.say(
        15_110.0,
        "RETR robots.txt",
        &[(15_300.0, 150, "Opening"), (16_000.0, 226, "Transfer complete")],
    );
    dialogue.transfer(retr, channel, 77, Status::Complete);
    dialogue.quit(26_000.0)
}

/// PORT that works, from an unprivileged server port.
fn carol() -> Session {
    let mut dialogue = Dialogue::new("CCarol", "141.142.220.235:50003", "199.233.217.249:21", 896);
    dialogue.greet(55.0, "ftp.NetBSD.org FTP server (NetBSD-ftpd 20100320) ready.");
    dialogue.login(5_000.0, "anonymous");
    let pasv =
        dialogue.say(13_712.0, "PASV", &[(13_767.0, 227, "Entering Passive Mode (199,233,217,249,221,90)")]);
    let channel = dialogue.negotiate(Mode::Pasv, pasv, "199.233.217.249:56666");
    dialogue.connect(channel, 13_768.0, 13_880.0, "141.142.220.235:37604", 342);
    let list = dialogue.say(
        13_823.0,
        "LIST",
        &[
            (13_878.0, 150, "Opening ASCII mode data connection for '/bin/ls'."),
            (13_934.0, 226, "Transfer complete."),
        ],
    );
    dialogue.transfer(list, channel, 342, Status::Complete);
    let port =
        dialogue.say(32_072.0, "PORT 141,142,220,235,131,46", &[(32_127.0, 200, "PORT command successful.")]);
    let channel = dialogue.negotiate(Mode::Port, port, "141.142.220.235:33582");
    dialogue.connect(channel, 32_183.0, 32_239.0, "199.233.217.249:61920", 342);
    let list = dialogue.say(
        32_127.5,
        "LIST",
        &[
            (32_239.5, 150, "Opening ASCII mode data connection for '/bin/ls'."),
            (32_331.0, 226, "Transfer complete."),
        ],
    );
    dialogue.transfer(list, channel, 342, Status::Complete);
    dialogue.quit(38_000.0)
}

/// NAT without a helper: the server announces its inside address.
fn nat() -> Session {
    let mut dialogue = Dialogue::new("CNat", "198.51.100.7:40411", "203.0.113.80:21", 2_906);
    dialogue.greet(20.0, "FileZilla Server 1.8.0");
    dialogue.login(50.0, "svc-edi");
    let pasv = dialogue.say(500.0, "PASV", &[(530.0, 227, "Entering Passive Mode (10,0,0,80,199,100)")]);
    let channel = dialogue.negotiate(Mode::Pasv, pasv, "10.0.0.80:51044");
    dialogue.fail(channel, 532.0, 11_000.0, "198.51.100.7:40412", AttemptResult::Unanswered);
    dialogue.find(
        530.0,
        Code::AddressMismatch,
        Severity::Warning,
        Some(channel),
        "PASV announces 10.0.0.80, but the server is 203.0.113.80: NAT without an FTP helper.",
        "Set the server's external address (passive address), or use EPSV.",
    );
    dialogue.find(
        11_000.0,
        Code::DataUnanswered,
        Severity::Warning,
        Some(channel),
        "4 SYNs from 198.51.100.7 to 10.0.0.80:51044 (PASV) went unanswered for 10.5 s.",
        "A firewall drops them.",
    );
    dialogue.session().end_state = EndState::Rst;
    dialogue.finish()
}

/// All under TLS.
fn tls() -> Session {
    let mut dialogue = Dialogue::new("CTls", "10.1.7.61:39022", "192.0.2.8:21", 1_217);
    dialogue.greet(15.0, "ready");
    dialogue.say(30.0, "AUTH TLS", &[(40.0, 234, "Proceed with negotiation.")]);
    dialogue.session().security = Security::ExplicitTls;
    for number in 0..4_u32 {
        dialogue.session().data_channels.push(testing::unnegotiated_channel());
        let at = 1_000.0 + f64::from(number) * 900.0;
        dialogue.connect(
            ChannelIndex(number),
            at,
            at + 500.0,
            &format!("10.1.7.61:{}", 39_030 + number),
            88_000,
        );
        dialogue.attempt(ChannelIndex(number)).matched_by = MatchedBy::Inferred;
    }
    let last = dialogue.at(5_000.0);
    dialogue.session().end = last;
    dialogue.finish()
}

/// Somebody guesses passwords.
fn brute(number: i64) -> Session {
    let uid = format!("CBrute{number}");
    let mut dialogue =
        Dialogue::new(&uid, &format!("10.1.9.4:{}", 50_110 + number), "192.0.2.8:21", 788 + number * 1_097);
    dialogue.greet(10.0, "ready");
    dialogue.refuse_login(20.0, "root");
    dialogue.find(
        80.0,
        Code::LoginRejected,
        Severity::Notice,
        None,
        "192.0.2.8 rejected the login of root (530).",
        "",
    );
    dialogue.finish()
}

/// Names that want to own the terminal.
fn evil() -> Session {
    let mut dialogue = Dialogue::new("CEvil", "10.6.6.6:6666", "192.0.2.66:21", 5_000);
    dialogue.greet(10.0, "\u{1b}]0;owned\u{7}\u{1b}[2Jwelcome");
    dialogue.login(20.0, "m\u{202e}gnp.exe\u{1b}[31m");
    let pasv = dialogue.say(400.0, "PASV", &[(420.0, 227, "文字文字 (192,0,2,66,195,80)")]);
    let channel = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.66:50000");
    dialogue.connect(channel, 421.0, 900.0, "10.6.6.6:6667", 1);
    let retr = dialogue.say(
        450.0,
        "RETR /пример/文字文字文字文字文字文字文字文字文字文字文字文字文字文字/\u{9b}2J\u{200b}x",
        &[(460.0, 150, "ok\u{85}"), (950.0, 226, "done\u{0}")],
    );
    dialogue.transfer(retr, channel, 1, Status::Complete);
    dialogue.say(960.0, "X\u{1b}[5mYZ \u{feff}", &[(970.0, 500, "\u{202e}?")]);
    dialogue.find(
        970.0,
        Code::BounceAttempt,
        Severity::Alert,
        Some(channel),
        "evil \u{1b}[1m summary \u{202e}",
        "Do not let it.",
    );
    dialogue.quit(1_000.0)
}

/// One port again and again.
fn reuse() -> Session {
    let mut dialogue = Dialogue::new("CReuse", "10.1.7.12:40022", "192.0.2.9:2121", 7_000);
    dialogue.greet(10.0, "pyftpdlib ready");
    dialogue.login(50.0, "ops");
    for number in 0..5_u32 {
        let at = 1_000.0 + f64::from(number) * 4_000.0;
        let pasv = dialogue.say(at, "PASV", &[(at + 10.0, 227, "Entering passive mode (192,0,2,9,234,96).")]);
        let channel = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.9:60000");
        dialogue.connect(channel, at + 11.0, at + 800.0, "10.1.7.12:40100", 10_240);
        if number > 0 {
            dialogue.reuse(
                channel,
                ChannelIndex(number - 1),
                3_200.0,
                if number == 3 { ReuseOutcome::Challenged } else { ReuseOutcome::Accepted },
            );
        }
        let stor = dialogue.say(
            at + 20.0,
            &format!("STOR out-{number}.csv"),
            &[(at + 30.0, 150, "ok"), (at + 820.0, 226, "Transfer complete.")],
        );
        dialogue.transfer(stor, channel, 10_240, Status::Complete);
    }
    dialogue.find(
        13_100.0,
        Code::PortRangeExhausted,
        Severity::Warning,
        None,
        "192.0.2.9 listens on 1 port only: at this rate reuse inside TIME_WAIT can't be avoided.",
        "Widen the passive port range.",
    );
    dialogue.quit(22_000.0)
}

/// Endpoints that nobody can read, and a server that says no.
fn odd() -> Session {
    let mut dialogue = Dialogue::new("COdd", "10.1.7.90:50500", "192.0.2.8:21", 9_000);
    dialogue.greet(10.0, "ready");
    dialogue.login(20.0, "dave");
    let eprt = dialogue.say(
        400.0,
        "EPRT |3|host|99999|",
        &[(410.0, 522, "Network protocol not supported, use (1,2)")],
    );
    dialogue.no_endpoint(Mode::Eprt, eprt, Answer::Malformed);
    let port = dialogue.say(500.0, "PORT 10,1,7,90,0,21", &[(510.0, 500, "Illegal PORT command.")]);
    dialogue.no_endpoint(Mode::Port, port, Answer::Rejected(None));
    let pasv = dialogue.say(600.0, "PASV", &[(610.0, 227, "Entering Passive Mode (192,0,2,8,195,120)")]);
    let channel = dialogue.negotiate(Mode::Pasv, pasv, "192.0.2.8:50040");
    let retr = dialogue.say(620.0, "RETR missing.txt", &[(630.0, 550, "No such file.")]);
    dialogue.transfer(retr, channel, 0, Status::Failed);
    dialogue.find(
        410.0,
        Code::MalformedEndpoint,
        Severity::Warning,
        Some(ChannelIndex(0)),
        "EPRT |3|host|99999| carries no readable endpoint.",
        "",
    );
    dialogue.quit(700.0)
}

/// From server to server.
fn fxp() -> [Session; 2] {
    let mut from = Dialogue::new("CFxpFrom", "10.1.7.5:40000", "192.0.2.8:21", 11_000);
    from.greet(10.0, "ready");
    from.login(20.0, "mover");
    let port = from.say(500.0, "PORT 203,0,113,5,200,1", &[(510.0, 200, "ok")]);
    let channel = from.negotiate(Mode::Port, port, "203.0.113.5:51201");
    from.connect(channel, 600.0, 3_000.0, "192.0.2.8:20", 5_000_000);
    from.attempt(channel).matched_by = MatchedBy::ThirdParty;
    from.channel(channel).peer_session = Some(Uid("CFxpTo".into()));
    let retr = from.say(550.0, "RETR image.iso", &[(560.0, 150, "ok"), (3_100.0, 226, "done")]);
    from.transfer(retr, channel, 5_000_000, Status::Complete);
    from.find(
        600.0,
        Code::FxpTransfer,
        Severity::Info,
        Some(channel),
        "192.0.2.8 sends to 203.0.113.5 directly.",
        "",
    );
    let mut to = Dialogue::new("CFxpTo", "10.1.7.5:40001", "203.0.113.5:21", 11_010);
    to.greet(10.0, "ready");
    to.login(20.0, "mover");
    let pasv = to.say(450.0, "PASV", &[(460.0, 227, "Entering Passive Mode (203,0,113,5,200,1)")]);
    let channel = to.negotiate(Mode::Pasv, pasv, "203.0.113.5:51201");
    to.connect(channel, 590.0, 2_990.0, "192.0.2.8:20", 5_000_000);
    to.attempt(channel).matched_by = MatchedBy::ThirdParty;
    let stor = to.say(540.0, "STOR image.iso", &[(545.0, 150, "ok"), (3_110.0, 226, "done")]);
    to.transfer(stor, channel, 5_000_000, Status::Complete);
    [from.quit(3_300.0), to.quit(3_310.0)]
}

/// A session with many commands.
pub(crate) fn long(commands: u32) -> Session {
    let mut dialogue = Dialogue::new("CLong", "10.1.8.1:44444", "192.0.2.10:21", 1_500);
    dialogue.greet(10.0, "ready");
    dialogue.login(20.0, "backup");
    for number in 0..commands / 2 {
        let at = 1_000.0 + f64::from(number) * 250.0;
        let port = 50_000 + number % 40;
        let epsv = dialogue.say(
            at,
            "EPSV",
            &[(at + 2.0, 229, &format!("Entering Extended Passive Mode (|||{port}|)"))],
        );
        let channel = dialogue.negotiate(Mode::Epsv, epsv, &format!("192.0.2.10:{port}"));
        dialogue.connect(
            channel,
            at + 3.0,
            at + 200.0,
            &format!("10.1.8.1:{}", 30_000 + number % 30_000),
            1_900_000,
        );
        let stor = dialogue.say(
            at + 5.0,
            &format!("STOR vm-{number:05}.img"),
            &[(at + 6.0, 150, "ok"), (at + 205.0, 226, "done")],
        );
        dialogue.transfer(stor, channel, 1_900_000, Status::Complete);
    }
    dialogue.quit(1_000.0 + f64::from(commands / 2) * 250.0 + 500.0)
}

/// All of them, as a capture would give them.
pub(crate) fn sessions() -> Vec<Session> {
    let mut sessions = vec![alice(), bob(), six(), carol(), nat(), tls(), evil(), reuse(), odd(), long(240)];
    sessions.extend((0..6).map(brute));
    sessions.extend(fxp());
    sessions
}

/// Many small ones, for trying how fast it all is.
pub(crate) fn many(count: u32) -> Vec<Session> {
    (0..count)
        .map(|number| {
            let client = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number % 5_000));
            let mut dialogue = Dialogue::new(
                &format!("CMany{number}"),
                &format!("{client}:{}", 1_024 + number % 60_000),
                "192.0.2.8:21",
                i64::from(number) * 37,
            );
            dialogue.greet(1.0, "ready");
            dialogue.login(2.0, &format!("user{}", number % 100));
            let mode = [Mode::Pasv, Mode::Epsv, Mode::Port, Mode::Eprt][number as usize % 4];
            let listener = if mode.is_active() {
                format!("{client}:{}", 40_000 + number % 20_000)
            } else {
                format!("192.0.2.8:{}", 50_000 + number % 1_000)
            };
            let command = dialogue.say(400.0, mode.name(), &[(410.0, 200, "ok")]);
            let channel = dialogue.negotiate(mode, command, &listener);
            let list = dialogue.say(420.0, "LIST", &[(430.0, 150, "ok"), (600.0, 226, "done")]);
            if number % 17 == 0 {
                dialogue.find(
                    600.0,
                    Code::DataUnanswered,
                    Severity::Warning,
                    Some(channel),
                    "no answer",
                    "open the port",
                );
            } else {
                let originator = if mode.is_active() {
                    "192.0.2.8:20".into()
                } else {
                    format!("{client}:{}", 2_000 + number % 60_000)
                };
                dialogue.connect(channel, 415.0, 590.0, &originator, u64::from(number % 9_999));
            }
            dialogue.transfer(list, channel, u64::from(number % 9_999), Status::Complete);
            dialogue.quit(700.0)
        })
        .collect()
}

/// What a whole capture leaves besides its sessions.
pub(crate) fn capture() -> (Capture, Vec<Finding>) {
    let capture = Capture {
        packets: 2_148_031,
        bytes: 1_900_000_000,
        first: Some(Timestamp::from_nanos(BEGIN)),
        last: Some(Timestamp::from_nanos(BEGIN + 90_000_000_000)),
        ..Capture::default()
    };
    let finding = Finding {
        advice: Some("Block the address, or slow logins down.".into()),
        ..testing::finding(
            Code::BruteForce,
            Severity::Alert,
            "10.1.9.4 was rejected 6 times by 192.0.2.8:21 in 5.5 s.",
            Timestamp::from_nanos(BEGIN + 6_000_000_000),
            &[850, 1_950],
        )
    };
    (capture, vec![finding])
}
