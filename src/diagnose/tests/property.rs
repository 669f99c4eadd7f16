//! What holds of the findings of any session.

use crate::base::FrameNumber;
use proptest::prelude::*;

use crate::diagnose::{Diagnosis, Options};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, endpoint, session};
use crate::report::{Capture, Code, EndState, Mode, Negotiation, ReuseOutcome};

/// A step that any story may take.
fn step(told: SessionBuilder, what: u8, port: u16) -> SessionBuilder {
    let listener = format!("203.0.113.21:{port}");
    let own = format!("198.51.100.10:{port}");
    match what {
        0 => told.login("alice"),
        1 => told.pasv(&listener),
        2 => told.pasv(&listener).connected(u64::from(port)),
        3 => told.pasv(&listener).connected_between(endpoint("192.0.2.66:5"), endpoint(&listener), 7),
        4 => told.pasv(&listener).refused(),
        5 => told.port(&own).unanswered(3),
        6 => told.port(&own).connected(1).reused(true, ReuseOutcome::Accepted),
        7 => told.port_rejected(&format!("192.0.2.7:{port}"), 500),
        8 => told.port("10.0.0.1:20"),
        9 => told.say("EPSV ALL", &[(200, "")]),
        10 => told.epsv(port).retr("a", &[150, 226]),
        11 => told.epsv(port).retr("a", &[425]),
        12 => told.epsv(port).connected(5).retr("a", &[150]),
        13 => told.epsv(port).connected(5).stor("b", &[150, 426]),
        14 => told.say("PASV", &[(227, "?")]).channel(Mode::Pasv, None, Negotiation::Malformed),
        15 => told.say("USER root", &[(331, "")]).say("PASS x", &[(530, "use TLS")]),
        16 => told.say("AUTH TLS", &[(502, "no")]),
        17 => told.wait(f64::from(port)),
        18 => told.tls(),
        19 => {
            told.epsv(port).connected(5).connection(|it| it.end_state = EndState::Rst).retr("a", &[150, 226])
        }
        20 => told.say("\u{1b}[31m", &[]),
        _ => told.closed(Party::Client),
    }
}

proptest! {
    #[test]
    fn findings_are_ordered_bounded_and_point_at_what_is_there(
        steps in proptest::collection::vec((0_u8..22, 1_u16..), 0..40),
        room in 1_usize..30,
    ) {
        let mut told = steps.into_iter().fold(session(), |told, (what, port)| step(told, what, port));
        let options = Options { findings: room, ..Options::default() };
        let now = told.now();
        let alone = crate::diagnose::session(&told.session, &options, now);
        let mut diagnosis = Diagnosis::new(options);
        diagnosis.session(&mut told.session, now);
        let session = &told.session;
        let whole = Capture { last: Some(now), ..Capture::default() };
        let of_report = [Code::BruteForce, Code::CaptureFiltered, Code::PartialOutage];
        let finished = diagnosis.finish(&whole);
        prop_assert!(finished.iter().all(|finding| of_report.contains(&finding.code)));
        prop_assert_eq!(&alone, &session.findings);
        prop_assert!(alone.len() <= room);
        prop_assert!(alone.is_sorted_by_key(|finding| finding.time));
        for finding in &alone {
            prop_assert!(finding.frames.is_sorted_by(|one, other| one < other) && !finding.frames.contains(&FrameNumber::NONE));
            prop_assert!(finding.command.is_none_or(|index| session.command(index).is_some()));
            prop_assert!(finding.data_channel.is_none_or(|index| session.data_channel(index).is_some()));
            prop_assert!(finding.transfer.is_none_or(|index| session.transfer(index).is_some()));
            // A cause is in the list, and no circle of causes leads back.
            let mut seen = 0;
            let mut cause = finding.explained_by;
            while let Some(index) = cause {
                prop_assert!(seen < alone.len());
                seen += 1;
                cause = index.of(&alone).unwrap().explained_by;
            }
            prop_assert!(finding.weight() <= finding.severity);
            prop_assert!(finding.count >= 1);
        }
    }
}
