//! What the packets show of the way between the hosts: lost connections, sizes, handshakes, windows, devices.

use super::{clean, findings, one, raises, spares};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::diagnose::{Diagnosis, Options};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, between, session};
use crate::report::{
    Capture, Code, ControlGap, EndState, IcmpError, IcmpMessage, IcmpVersion, OddReset, Overshoot, Path,
    Severity, SynAcks, Trouble, Uid, Unheard, WindowScaling,
};

fn second(seconds: f64) -> Timestamp {
    session().at(seconds).now()
}

/// Sent again so often until that time, in frames that follow on what was told so far.
fn unheard(times: u32, from: f64, until: f64) -> Unheard {
    Unheard {
        len: 6,
        times,
        first: (second(from), FrameNumber(80)),
        last: (second(until), FrameNumber(99)),
        acknowledged: 0,
    }
}

fn by_client(told: SessionBuilder, unheard: Unheard) -> SessionBuilder {
    told.but(|it| {
        it.trouble = Some(Box::new(Trouble { unheard: [Some(unheard), None], ..Trouble::default() }));
    })
}

fn by_server(told: SessionBuilder, unheard: Unheard) -> SessionBuilder {
    told.but(|it| {
        it.trouble = Some(Box::new(Trouble { unheard: [None, Some(unheard)], ..Trouble::default() }));
    })
}

#[test]
fn a_line_that_is_never_acknowledged_is_a_control_connection_that_was_lost() {
    let idle = || clean().at(300.0).say("PASV", &[]);
    let hang = session().pasv("203.0.113.21:50000").connected(9).stor("a", &[150, 226]).but(|it| {
        it.commands.last_mut().unwrap().replies[1].time = second(420.0);
    });
    let told = raises(
        Code::ControlLost,
        &[
            by_client(idle(), unheard(5, 300.2, 309.3)),
            by_server(hang, unheard(8, 420.5, 471.0)),
            by_client(session().say("PASS x", &[]), unheard(6, 0.3, 12.6)),
        ],
    );
    assert_eq!(
        told[0],
        "PASV of the client 198.51.100.10:40000 was sent 6 times in 9.3 s and never acknowledged by the server \
         203.0.113.21:21, after the control connection had been idle for 5 min (299.9 s)"
    );
    assert!(
        told[1].starts_with(
            "The server 203.0.113.21:21 sent its reply 226 to STOR 9 times in 51.0 s, and the client"
        ) && told[1].contains("had carried nothing for 7 min"),
        "{}",
        told[1]
    );
    assert!(told[2].starts_with("PASS of the client") && !told[2].contains("idle"), "{}", told[2]);
    // Under TLS that was not decrypted nobody knows what was sent: AUTH is not it.
    let hidden = idle().but(|it| it.tls_details = Some(Box::default()));
    let told = raises(Code::ControlLost, &[by_client(hidden, unheard(5, 300.2, 309.3))]);
    assert!(
        told[0].starts_with("A packet of the client 198.51.100.10:40000 was sent 6 times in 9.1 s"),
        "{}",
        told[0]
    );
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    spares(
        Code::ControlLost,
        &[
            clean(),
            by_client(idle(), unheard(2, 300.2, 300.9)),
            by_client(idle(), unheard(5, 300.2, 309.3)).but(|it| it.gaps.push(gap)),
            // The other side answered by RST, and not after a pause.
            by_client(clean().at(10.0).say("PASV", &[]), unheard(5, 10.2, 19.3))
                .closed(Party::Server)
                .but(|it| it.end_state = EndState::Rst),
        ],
    );
}

#[test]
fn a_reset_in_answer_to_the_first_command_after_a_pause_is_a_lost_connection_too() {
    let reset = |told: SessionBuilder| told.closed(Party::Server).but(|it| it.end_state = EndState::Rst);
    let told = one(&reset(clean().at(300.0).say("PASV", &[])), Code::ControlLost);
    assert!(told.summary.contains("idle for 5 min (299.9 s), was answered by RST"), "{}", told.summary);
    let device = OddReset { hop_limit: 128, usual: 57, packet: (second(300.0), FrameNumber(99)) };
    let told = one(
        &reset(clean().at(300.0).say("PASV", &[])).but(|it| {
            it.trouble = Some(Box::new(Trouble { odd_resets: [None, Some(device)], ..Trouble::default() }));
        }),
        Code::ControlLost,
    );
    assert!(
        told.summary.contains("with hop limit 128, unlike the packets of the server before it (57)"),
        "{told:?}"
    );
    spares(
        Code::ControlLost,
        &[
            reset(clean().at(10.0).say("PASV", &[])),
            reset(clean().at(300.0).say("PASV", &[(227, "x")])),
            clean().at(300.0).say("PASV", &[]).closed(Party::Server),
            // The server had said goodbye.
            reset(clean().at(300.0).say("PASV", &[])).but(|it| {
                it.unsolicited.push(crate::report::testing::reply(second(200.0), 50, 421, "Timeout."));
            }),
        ],
    );
}

/// An upload of which the client's segments were sent again.
fn upload(unheard: Unheard) -> SessionBuilder {
    let told = session().pasv("203.0.113.21:50000").connected(13_740).stor("a", &[150, 426]);
    told.connection(|it| {
        it.trouble = Some(Box::new(Trouble { unheard: [Some(unheard), None], ..Trouble::default() }));
    })
}

#[test]
fn large_segments_that_are_never_acknowledged_fell_into_a_black_hole() {
    let large = Unheard { len: 1460, ..unheard(9, 1.0, 109.0) };
    let told = upload(large);
    let found = findings(&told);
    let cause = found.iter().position(|it| it.code == Code::MtuBlackHole).unwrap();
    assert!(
        found[cause].summary.starts_with(
            "Segments of 1460 bytes of STOR a from 198.51.100.10:50000 to 203.0.113.21:50000 were sent again 9 times"
        ),
        "{}",
        found[cause].summary
    );
    let effect = found.iter().find(|it| it.code == Code::TransferAborted).unwrap();
    assert_eq!(effect.explained_by.map(crate::report::FindingIndex::position), Some(cause));
    let error = |told: SessionBuilder| {
        told.connection(|it| {
            it.icmp.push(IcmpError {
                time: second(1.0),
                frame: FrameNumber(82),
                from: "192.0.2.1".parse().unwrap(),
                message: IcmpMessage { version: IcmpVersion::V4, kind: 3, code: 4, mtu: Some(1280) },
                quoted_sender: it.originator,
            });
        })
    };
    let known = one(&error(upload(Unheard { acknowledged: 3000, ..large })), Code::MtuBlackHole);
    assert!(
        known.summary.contains("the router 192.0.2.1 said “fragmentation needed")
            && known.summary.contains("1280")
    );
    let lost = session().pasv("203.0.113.21:50000").connected(952).stor("a", &[150]).connection(|it| {
        it.from_originator.lost = 7240;
        it.from_originator.unacknowledged = 8192;
        it.end = it.end.plus(TimeDelta::from_secs(25));
    });
    let missing = one(&lost, Code::MtuBlackHole);
    assert!(missing.summary.contains("7240 bytes of STOR a in large segments"), "{}", missing.summary);
    spares(Code::TransferStalled, &[upload(large)]);
    spares(
        Code::MtuBlackHole,
        &[
            clean(),
            upload(Unheard { len: 500, ..large }),
            upload(Unheard { acknowledged: 3000, ..large }),
            upload(unheard(1, 1.0, 1.2)),
            lost.connection(|it| it.from_originator.unacknowledged = 7240),
        ],
    );
}

#[test]
fn a_syn_ack_that_is_sent_again_and_again_is_a_handshake_that_stays_incomplete() {
    let half_open = |count: u32, answered: bool| {
        let told = session().pasv("203.0.113.21:50000").connected(0);
        told.connection(|it| {
            let syn_acks = SynAcks {
                count,
                last: (it.start.plus(TimeDelta::from_secs(31)), FrameNumber(70)),
                was_answered: answered,
            };
            it.trouble = Some(Box::new(Trouble { syn_acks: Some(syn_acks), ..Trouble::default() }));
            it.first_close = None;
            it.close = None;
        })
    };
    let told = raises(
        Code::DataHandshakeIncomplete,
        &[half_open(6, true).retr("a", &[425]), half_open(6, false).retr("a", &[425])],
    );
    assert!(
        told[0].starts_with(
            "The server 203.0.113.21:50000 sent its SYN-ACK 6 times in 31.0 s although the client"
        ) && told[0].ends_with("(425)"),
        "{}",
        told[0]
    );
    assert!(told[1].contains("never acknowledged it"), "{}", told[1]);
    spares(Code::TransferFailed, &[half_open(6, true).retr("a", &[425])]);
    spares(
        Code::DataHandshakeIncomplete,
        &[
            clean(),
            // An empty file that arrived.
            half_open(6, true).retr("a", &[150, 226]),
            half_open(6, true).connection(|it| it.from_responder.bytes = 5).retr("a", &[425]),
        ],
    );
}

/// A download of two megabytes in ten seconds.
fn slow(path: Path) -> SessionBuilder {
    clean()
        .connection(|it| {
            it.from_responder.bytes = 2_000_000;
            it.from_responder.first_payload = Some((second(1.0), FrameNumber(7)));
            it.from_responder.last_payload = Some((second(11.0), FrameNumber(9)));
            it.path = path;
        })
        .last_transfer(|it| it.rate = Some(200_000.0))
}

#[test]
fn a_slow_transfer_is_told_where_the_packets_show_why() {
    let narrow = Path {
        rtt: Some(TimeDelta::from_nanos(327_675_000)),
        window_scaling: Some(WindowScaling::OriginatorOnly),
        max_in_flight: 65_535,
        ..Path::default()
    };
    let shut = Path { zero_window: TimeDelta::from_secs(4), ..Path::default() };
    let lossy = slow(Path::default()).connection(|it| it.from_responder.retransmitted = 60_000);
    let told = raises(Code::SlowTransfer, &[slow(narrow), slow(shut), lossy.clone()]);
    assert!(
        told[0].contains("the receive window of the client 198.51.100.10: at most 64.0 KiB were in flight")
            && told[0].ends_with("window scaling was offered by the client and not by the server"),
        "{}",
        told[0]
    );
    assert!(told[1].contains("announced a receive window of zero for 4.0 s of 10.0 s"), "{}", told[1]);
    assert!(told[2].contains("3.0 % of the bytes (60000 of 2000000) were sent again"), "{}", told[2]);
    spares(
        Code::SlowTransfer,
        &[
            clean(),
            slow(Path::default()),
            slow(Path { window_scaling: Some(WindowScaling::Both), ..narrow }),
            slow(Path { rtt: Some(TimeDelta::from_millis(1)), ..narrow }),
            lossy.connection(|it| {
                it.from_responder.bytes = 900_000;
                it.from_responder.last_payload = Some((second(2.0), FrameNumber(9)));
                it.from_responder.retransmitted = 900;
            }),
        ],
    );
}

#[test]
fn a_device_that_changes_lengths_or_resets_both_ends_is_told() {
    let beyond = |times: u32, is_contradicted: bool| {
        let overshoot = Overshoot { bytes: 1, times, first: (second(1.0), FrameNumber(90)), is_contradicted };
        session().login("a").port("198.51.100.10:51210").but(|it| {
            it.trouble = Some(Box::new(Trouble {
                overshoot: [Some(overshoot), None],
                unheard: [Some(unheard(6, 1.0, 9.0)), None],
                ..Trouble::default()
            }));
        })
    };
    let told = raises(Code::MiddleboxInterference, &[beyond(5, true)]);
    assert!(
        told[0].starts_with(
            "The server 203.0.113.21:21 acknowledged 1 byte more than the client 198.51.100.10:40000 had sent up to PORT"
        ),
        "{}",
        told[0]
    );
    // Nothing is lost where numbers are shifted.
    spares(Code::ControlLost, &[beyond(5, true)]);
    let reset = |usual: u8, seconds: f64| OddReset {
        hop_limit: 254,
        usual,
        packet: (second(seconds), FrameNumber(90)),
    };
    let resets = |server: Option<OddReset>| {
        session().login("a").but(|it| {
            let odd_resets = [Some(reset(64, 1.0)), server];
            it.trouble = Some(Box::new(Trouble { odd_resets, ..Trouble::default() }));
        })
    };
    let told = raises(Code::MiddleboxInterference, &[resets(Some(reset(57, 1.0)))]);
    assert!(
        told[0].contains("the two RSTs have hop limit 254, unlike the other packets of the client (64)"),
        "{}",
        told[0]
    );
    spares(
        Code::MiddleboxInterference,
        &[clean(), beyond(1, true), beyond(5, false), resets(Some(reset(57, 4.0))), resets(None)],
    );
}

#[test]
fn one_direction_is_told_and_two_halves_of_one_session_are_brought_together() {
    let half = |client: &str, [from_client, from_server]: [u64; 2]| {
        between(client, "203.0.113.21:21").login("a").but(|it| {
            it.traffic.packets_originator = from_client;
            it.traffic.packets_responder = from_server;
        })
    };
    let (outside, inside) = (half("198.51.100.2:5072", [0, 9]), half("10.9.0.1:50388", [9, 0]));
    let told = raises(Code::OneWayCapture, &[outside.clone(), inside.clone()]);
    assert!(
        told[0].starts_with("Only the packets of the server 203.0.113.21:21 are in the capture"),
        "{}",
        told[0]
    );
    spares(Code::OneWayCapture, &[clean(), half("10.9.0.1:50388", [9, 9]), half("10.9.0.1:50388", [2, 0])]);
    let across = |halves: &[&SessionBuilder]| {
        let mut diagnosis = Diagnosis::new(Options::default());
        let mut told = Vec::new();
        for half in halves {
            let mut session = half.session.clone();
            diagnosis.session(&mut session, half.now());
            told.extend(session.findings.into_iter().filter(|it| it.code == Code::OneWayCapture));
        }
        told.extend(diagnosis.finish(&Capture::default()));
        told
    };
    let (one, other) = (Uid("one".into()), Uid("other".into()));
    let inside = inside.but(|it| (it.uid, it.twin) = (one.clone(), Some(other.clone())));
    let outside = outside.but(|it| (it.uid, it.twin) = (other.clone(), Some(one.clone())));
    let joined = across(&[&inside, &outside]);
    assert_eq!(joined.len(), 1, "each half is read with the other's packets");
    assert!(
        joined[0].summary.ends_with("it translates the client 10.9.0.1:50388 to 198.51.100.2:5072"),
        "{}",
        joined[0].summary
    );
    assert_eq!(joined[0].severity, Severity::Notice);
    assert_eq!(across(&[&inside]), []);
}
