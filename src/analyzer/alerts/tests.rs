use super::*;
use crate::report::testing::{SessionBuilder, finding, session};
use crate::report::{Code, CommandIndex};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_nanos(0).plus(TimeDelta::from_millis(millis))
}

fn alerts() -> Alerts {
    Alerts::new(&Thresholds::default())
}

fn named(number: usize) -> SessionBuilder {
    session().but(|it| it.uid = Uid(format!("s{number:05}").as_str().into()))
}

fn found(code: Code, severity: Severity, command: u32) -> Finding {
    let found = finding(code, severity, "It went wrong", at(0), &[u64::from(command) + 1]);
    Finding { command: Some(CommandIndex(command)), ..found }
}

/// What events tell: `+code` for what is found, `!code` for what is revised, `-code` for what is withdrawn.
fn told(events: &[Event]) -> Vec<String> {
    let told = events.iter().map(|event| match &event.kind {
        EventKind::Found { finding } => format!("+{}", finding.code),
        EventKind::Revised { finding, is_graver: true } => format!("!{}", finding.code),
        EventKind::Revised { finding, is_graver: false } => format!("~{}", finding.code),
        EventKind::Withdrawn { finding } => format!("-{}", finding.code),
        other => panic!("{other:?}"),
    });
    told.collect()
}

#[test]
fn a_finding_is_told_once_again_when_it_is_graver_and_withdrawn_when_it_no_longer_holds() {
    let (mut alerts, session) = (alerts(), named(1).session);
    alerts.stir(&session.uid, at(0));
    let mut look = |found: Vec<Finding>| told(&alerts.compare(&session, found, at(0)));
    let notice = || found(Code::SessionTimeout, Severity::Notice, 1);
    assert_eq!(look(vec![notice()]), ["+session-timeout"]);
    assert_eq!(look(vec![notice()]), [""; 0]);
    let other_words = Finding { summary: "It went on".to_owned(), ..notice() };
    assert_eq!(look(vec![other_words]), [""; 0]);
    let graver = Finding { severity: Severity::Warning, ..notice() };
    assert_eq!(look(vec![graver]), ["!session-timeout"]);
    // About something else by now, but by the same packet.
    let of_nothing = Finding { command: None, severity: Severity::Warning, ..notice() };
    let other = found(Code::DataUnanswered, Severity::Warning, 2);
    assert_eq!(look(vec![of_nothing, other.clone()]), ["+data-unanswered"]);
    assert_eq!(look(vec![other]), ["-session-timeout"]);
    assert_eq!(look(vec![]), ["-data-unanswered"]);
}

#[test]
fn the_end_of_a_session_tells_what_was_not_told_and_what_is_otherwise() {
    let mut alerts = alerts();
    let early = vec![
        found(Code::DataUnanswered, Severity::Warning, 1),
        found(Code::LoginRejected, Severity::Notice, 2),
        found(Code::CaptureGap, Severity::Notice, 3),
    ];
    let session = named(1).session;
    alerts.stir(&session.uid, at(0));
    assert_eq!(alerts.compare(&session, early.clone(), at(0)).len(), 3);
    let [unanswered, _, gap] = <[Finding; 3]>::try_from(early).unwrap();
    let last =
        vec![Finding { count: 5, ..unanswered }, gap, found(Code::TransferFailed, Severity::Warning, 4)];
    let over = Session { findings: last, ..session };
    let events = alerts.settle(&over, at(9000));
    assert_eq!(told(&events), ["~data-unanswered", "+transfer-failed", "-login-rejected"]);
    assert_eq!(events[2].packet.time, at(9000));
    assert_eq!((alerts.sessions.len(), alerts.due.len(), alerts.raised), (0, 0, 0));
    assert_eq!(alerts.settle(&over, at(9000)).len(), 3, "a session that nobody looked at is told in the end");
}

#[test]
fn a_session_is_looked_at_again_when_silence_may_have_proven_something() {
    let (mut alerts, session) = (alerts(), named(1).session);
    alerts.stir(&session.uid, at(0));
    let mut looks = Vec::new();
    for millis in (0..100_000).step_by(100) {
        while alerts.next(at(millis)).is_some() {
            alerts.compare(&session, Vec::new(), at(millis));
            looks.push(millis);
        }
        alerts.looked(at(millis));
    }
    let twice_a_second = |from: i64, to: i64| (from..to).step_by(500).all(|millis| looks.contains(&millis));
    assert!(twice_a_second(0, 10_000), "{looks:?}");
    for threshold in Thresholds::ALL.iter().filter(|it| it.unit == Unit::Seconds) {
        let proven = TimeDelta::from_seconds(threshold.default).nanos() / 1_000_000;
        let next = looks.iter().find(|&&millis| millis >= proven).unwrap();
        assert!(next - proven < 500, "{} is noticed {} ms late", threshold.name, next - proven);
    }
    assert!(looks.len() < 30, "{looks:?}");
}

#[test]
fn many_sessions_share_the_allowance_of_each_second() {
    let mut alerts = alerts();
    let sessions: Vec<Session> = (0..20_000).map(|number| named(number).session).collect();
    let looks_within = |alerts: &mut Alerts, from: i64, to: i64| {
        let mut looks = 0;
        for millis in (from..to).step_by(100) {
            for session in &sessions {
                alerts.stir(&session.uid, at(millis));
            }
            while let Some(uid) = alerts.next(at(millis)) {
                let session = &sessions[uid.0.trim_start_matches('s').parse::<usize>().unwrap()];
                alerts.compare(session, Vec::new(), at(millis));
                looks += 1;
            }
        }
        looks
    };
    let most = usize::try_from(ALLOWANCE / work(&sessions[0])).unwrap() + 1;
    let first = looks_within(&mut alerts, 0, 100);
    assert!((most / 2..=most).contains(&first), "{first} of {most}");
    let second = looks_within(&mut alerts, 100, 1100);
    assert!((most / 2..=most + 20).contains(&second), "{second} of {most}");
    // Those that waited longest come first, so that all get their turn.
    assert!(alerts.sessions.values().filter(|watched| watched.looked.is_some()).count() > most);
}

#[test]
fn no_more_findings_are_kept_than_there_is_room_for() {
    let mut alerts = alerts();
    for number in 0..50 {
        let session = named(number).session;
        alerts.stir(&session.uid, at(0));
        let found = (0..100).map(|command| found(Code::DataRefused, Severity::Warning, command)).collect();
        let events = alerts.compare(&session, found, at(0));
        assert_eq!(events.len(), RAISED.saturating_sub(number * 100).min(100));
        assert!(alerts.raised <= RAISED);
    }
}
