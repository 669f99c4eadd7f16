use super::*;
use crate::analyzer::Event;
use crate::base::{Endpoint, PacketRef, TimeDelta};
use crate::report::{ChannelIndex, Connector, EndState, MatchedBy, Mode, Prediction};

const CONTROL: &str = "(tcp and (port 21 or port 990))";

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

fn plan() -> Plan {
    Plan::new([21, 990].into_iter())
}

fn event(session: &str, kind: EventKind) -> Event {
    Event {
        packet: PacketRef::default(),
        session: Uid(session.into()),
        client: endpoint("192.0.2.1:40000"),
        server: endpoint("192.0.2.2:21"),
        kind,
    }
}

fn expecting(channel: ChannelIndex, listener: &str) -> EventKind {
    let connector = Connector { ip: "192.0.2.1".parse().unwrap(), port: None };
    EventKind::Expecting {
        channel,
        mode: Some(Mode::Pasv),
        prediction: Prediction { listener: endpoint(listener), connector },
    }
}

fn connected(channel: ChannelIndex, responder: &str) -> EventKind {
    EventKind::Connected {
        channel,
        mode: None,
        originator: endpoint("192.0.2.1:41000"),
        responder: endpoint(responder),
        matched_by: MatchedBy::Inferred,
        differs: None,
        after: TimeDelta::ZERO,
    }
}

#[test]
fn at_first_control_connections_pass_and_what_opens_and_closes_others() {
    assert_eq!(plan().expression(), format!("{CONTROL} or {ALWAYS}"));
    assert!(!plan().is_wider());
}

#[test]
fn a_prediction_widens_the_filter_by_its_port_between_the_peers() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.see(&event("a", expecting(ChannelIndex(0), "192.0.2.2:50000")), now);
    assert!(plan.is_wider() && !plan.passes(&Uid("a".into()), ChannelIndex(0)));
    let expected = " or (tcp port 50000 and (host 192.0.2.1 or host 192.0.2.2))";
    assert_eq!(plan.expression(), format!("{CONTROL} or {ALWAYS}{expected}"));
    plan.applied();
    assert!(!plan.is_wider() && plan.passes(&Uid("a".into()), ChannelIndex(0)));
    // That it is met changes nothing.
    plan.see(&event("a", connected(ChannelIndex(0), "192.0.2.2:50000")), now);
    assert!(!plan.is_wider());
}

#[test]
fn an_announced_third_host_passes_too() {
    let mut plan = plan();
    plan.see(&event("a", expecting(ChannelIndex(0), "198.51.100.9:50000")), Instant::now());
    let expected = "(tcp port 50000 and (host 192.0.2.1 or host 192.0.2.2 or host 198.51.100.9))";
    assert!(plan.expression().ends_with(expected), "{}", plan.expression());
}

#[test]
fn a_connection_that_nobody_could_predict_passes_once_it_is_there() {
    let mut plan = plan();
    plan.see(&event("a", connected(ChannelIndex(0), "192.0.2.2:50000")), Instant::now());
    assert!(plan.is_wider());
    assert!(plan.expression().contains("tcp port 50000 and (host 192.0.2.1 or host 192.0.2.2)"));
}

#[test]
fn what_is_over_goes_after_a_while() {
    let now = Instant::now();
    let timed_out = EventKind::TimedOut {
        channel: ChannelIndex(0),
        mode: None,
        prediction: Prediction {
            listener: endpoint("192.0.2.2:50000"),
            connector: Connector { ip: "192.0.2.1".parse().unwrap(), port: None },
        },
        waited: TimeDelta::ZERO,
        attempted: false,
    };
    for ending in [timed_out, EventKind::Ended { end_state: EndState::Fin }] {
        let mut plan = plan();
        plan.see(&event("a", expecting(ChannelIndex(0), "192.0.2.2:50000")), now);
        plan.see(&event("b", expecting(ChannelIndex(0), "192.0.2.2:50001")), now);
        plan.applied();
        plan.see(&event("a", ending), now);
        assert!(!plan.prune(now + GRACE / 2));
        assert_eq!(plan.len(), 2);
        assert!(plan.prune(now + GRACE));
        assert_eq!(plan.len(), 1);
        assert!(!plan.expression().contains("50000") && plan.expression().contains("50001"));
        // It stays narrower until that was applied.
        assert!(plan.prune(now + GRACE));
        plan.applied();
        assert!(!plan.prune(now + GRACE));
    }
}

#[test]
fn many_predictions_are_ports_alone_and_too_many_all_of_tcp() {
    let (mut plan, now) = (plan(), Instant::now());
    for session in 0..WITH_PORTS {
        let listener = format!("192.0.2.2:{}", 50_000 + session);
        plan.see(&event(&session.to_string(), expecting(ChannelIndex(0), &listener)), now);
    }
    let ports = plan.expression();
    assert!(!ports.contains("host") && ports.contains("port 50000 or port 50001"), "{ports}");
    plan.see(&event("one more", expecting(ChannelIndex(0), "192.0.2.2:60000")), now);
    assert!(plan.expression().starts_with("tcp or"));
}

#[test]
fn errors_that_quote_a_tcp_packet_pass_however_much_is_predicted() {
    let (mut plan, now) = (plan(), Instant::now());
    for session in 0..=WITH_PORTS {
        let expression = plan.expression();
        let passes = |errors: &str| expression.contains(errors);
        assert!(passes("(icmp and icmp[17] = 6)") && passes("ip6[54] = 6"), "{expression}");
        let listener = format!("192.0.2.2:{}", 50_000 + session);
        plan.see(&event(&session.to_string(), expecting(ChannelIndex(0), &listener)), now);
    }
    assert!(plan.expression().contains("or icmp or icmp6"));
}

#[test]
fn a_session_that_negotiates_without_end_keeps_its_last_wishes() {
    let (mut plan, now) = (plan(), Instant::now());
    for channel in (0..1000).map(ChannelIndex) {
        plan.see(&event("a", expecting(channel, "192.0.2.2:50000")), now);
    }
    assert_eq!(plan.len(), PER_SESSION);
    assert_eq!(plan.wanted.values().map(VecDeque::len).sum::<usize>(), PER_SESSION);
}

/// Whether libpcap and the kernel would take it: every form, and how large it gets.
#[cfg(live_capture)]
#[test]
fn libpcap_understands_every_form_and_the_kernel_can_hold_it() {
    let (mut plan, now) = (plan(), Instant::now());
    let compiler = ::pcap::Capture::dead(::pcap::Linktype::ETHERNET).unwrap();
    let size = |plan: &Plan| compiler.compile(&plan.expression(), true).unwrap().get_instructions().len();
    assert!(size(&plan) < 100);
    for session in 0..=WITH_PORTS {
        let listener = match session % 2 {
            0 => format!("[2001:db8::2]:{}", 50_000 + 2 * session),
            _ => format!("198.51.100.9:{}", 50_000 + 2 * session),
        };
        plan.see(&event(&session.to_string(), expecting(ChannelIndex(0), &listener)), now);
        if [1, WITH_HOSTS - 1, WITH_HOSTS, WITH_PORTS - 1, WITH_PORTS].contains(&session) {
            let size = size(&plan);
            assert!(size <= 4096, "{size} instructions for {session}");
        }
    }
}
