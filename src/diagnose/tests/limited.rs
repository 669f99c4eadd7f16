//! What is said of several sessions where caps took something from some of them.

use super::*;
use crate::report::{Capture, Session};

/// The findings of a capture with these sessions.
fn of_capture(sessions: Vec<Session>) -> BTreeSet<Code> {
    let mut diagnosis = Diagnosis::new(Options::default());
    let mut last = crate::base::Timestamp::default();
    for mut session in sessions {
        last = last.max(session.end);
        diagnosis.session(&mut session, last);
    }
    let capture = Capture { last: Some(last), ..Capture::default() };
    diagnosis.finish(&capture).iter().map(|finding| finding.code).collect()
}

/// The same session, from which a cap took connections.
fn limited(told: SessionBuilder) -> SessionBuilder {
    told.but(|session| session.limited.insert(LimitName::Connections))
}

#[test]
fn an_outage_does_not_rest_on_answers_that_may_have_been_left_out() {
    let worked = (50_000..50_008)
        .fold(session(), |told, port| told.pasv(&format!("203.0.113.21:{port}")).connected(7));
    let failed = |told: SessionBuilder| {
        (50_008..50_012).fold(told, |told, port| told.pasv(&format!("203.0.113.21:{port}")).unanswered(3))
    };
    let whole = vec![worked.session.clone(), failed(session()).session];
    assert!(of_capture(whole).contains(&Code::PartialOutage));
    let cut = vec![worked.session.clone(), limited(failed(session())).session];
    assert!(!of_capture(cut).contains(&Code::PartialOutage));
}

#[test]
fn a_capture_is_not_called_filtered_for_connections_that_a_cap_took() {
    let unseen = || session().epsv(50_000).retr("a", &[150, 226]).last_transfer(|it| it.bytes = None);
    assert!(of_capture(vec![unseen().session]).contains(&Code::CaptureFiltered));
    assert!(!of_capture(vec![limited(unseen()).session]).contains(&Code::CaptureFiltered));
}
