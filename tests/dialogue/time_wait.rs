//! Pairs and listeners that are used again.

use super::check;
use ftpscope::report::ChannelIndex;

/// A session that downloads two files by the same PORT, `between` the two transfers, and by `second`.
fn twice(between: &str, second: &str) -> String {
    format!(
        "
        C: PORT 198,51,100,1,160,40
        S: 200 ok
        C: RETR a
        data S:20 -> C:41000, S sends 10
        S: 226 done
        {between}
        C: PORT 198,51,100,1,160,40
        S: 200 ok
        C: RETR b
        {second}
        "
    )
}

#[test]
fn the_first_to_close_holds_the_pair() {
    for (close, holder) in [("close S", "server"), ("close C", "client"), ("reset S", "-")] {
        check(
            &format!(
                "
                C: PASV
                S: 227 (198,51,100,2,195,80)
                C: RETR f
                open C:41000 -> S:50000
                send S 10
                {close}
                S: 226 done
                "
            ),
            &format!("W {holder}"),
        );
    }
}

#[test]
fn a_pair_used_again_in_time_wait_is_reported_with_what_came_of_it() {
    check(
        &twice("wait 5", "data S:20 -> C:41000, S sends 20\nS: 226 done"),
        "D PORT accepted connected endpoint S:20>C:41000
         W server
         R -
         D PORT accepted connected endpoint S:20>C:41000
         W server
         R fourtuple accepted in TIME_WAIT
         T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1
         F time-wait-reuse",
    );
}

#[test]
fn after_two_msl_a_reuse_is_no_finding() {
    check(
        &twice("wait 61", "data S:20 -> C:41000, S sends 20\nS: 226 done"),
        "R -
         R fourtuple accepted after TIME_WAIT
         F none",
    );
}

#[test]
fn a_server_that_can_not_connect_again_is_told_by_its_425() {
    check(
        &twice("", "S: 425 can't connect"),
        "D PORT accepted connected endpoint S:20>C:41000
         R -
         D PORT accepted unused - -
         R fourtuple notattempted in TIME_WAIT
         T RETR - 10 complete 226 via 0
         T RETR - 0 failed 425 via 1",
    );
}

#[test]
fn a_syn_in_time_wait_may_be_refused_ignored_or_challenged() {
    for (step, outcome, reuse) in [
        ("refused S:20 -> C:41000", "refused", "refused"),
        ("syn S:20 -> C:41000", "unanswered", "ignored"),
        ("challenged S:20 -> C:41000", "unanswered", "challenged"),
    ] {
        check(
            &twice("wait 1", &format!("{step}\nS: 425 can't connect")),
            &format!(
                "D PORT accepted connected endpoint S:20>C:41000
                 R -
                 D PORT accepted {outcome} endpoint S:20>C:41000
                 R fourtuple {reuse} in TIME_WAIT"
            ),
        );
    }
}

#[test]
fn a_listener_used_again_from_another_port_is_reported() {
    check(
        "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR b
        data C:41001 -> S:50000, S sends 20
        S: 226 done
        ",
        "R -
         R listener accepted in TIME_WAIT
         T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn a_reuse_across_sessions_names_the_earlier_one() {
    let script = "
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        data C:41000 -> S:50000, S sends 10
        S: 226 done
        end C
        session B X:40000 -> S:21
        B X: PASV
        B S: 227 (198,51,100,2,195,80)
        B X: RETR b
        data X:41000 -> S:50000, S sends 20
        B S: 226 done
    ";
    let report = super::analyse(script);
    let [first, second] = &report.sessions[..] else { panic!("two sessions") };
    let reuse = second.data_channels[0].reuse.as_ref().expect("it is a reuse");
    assert_eq!(reuse.previous.session, first.uid);
    assert_eq!(reuse.previous.data_channel, ChannelIndex(0));
}

#[test]
fn a_pair_whose_close_was_lost_is_still_told_apart() {
    check(
        &twice("", "data S:20 -> C:41000, S sends 20\nS: 226 done").replacen(
            "data S:20 -> C:41000, S sends 10",
            "open S:20 -> C:41000\nsend S 10\nlost close S",
            1,
        ),
        "D PORT accepted connected endpoint S:20>C:41000
         D PORT accepted connected endpoint S:20>C:41000
         T RETR - 10 complete 226 via 0
         T RETR - 20 complete 226 via 1",
    );
}

#[test]
fn a_control_connection_on_the_same_pair_is_a_new_session() {
    check(
        "
        C: USER a
        S: 230 in
        end C
        wait 2
        session A C:40000 -> S:21
        C: USER b
        S: 230 in
        ",
        "S C:40000>S:21 a accepted none
         S C:40000>S:21 b accepted none",
    );
}
