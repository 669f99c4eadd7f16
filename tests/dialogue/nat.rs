//! A session that is captured on both sides of a NAT.

use ftpscope::analyzer::Options;
use ftpscope::report::{Directions, Login, Report};

use super::support::{Packet, packets, report};

const SESSION: &str = r"
    S: 220 hello
    C: USER bob
    S: 331 password?
    C: PASS x
    S: 230 in
    C: NOOP
    S: 200 ok
    end C
";

/// Where the client's addresses stand in a frame, by whether the server sent it.
fn place(from_server: bool) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    if from_server { (30..34, 36..38) } else { (26..30, 34..36) }
}

fn is_from_server(packet: &Packet) -> bool {
    packet.bytes[26..30] == [198, 51, 100, 2]
}

/// The packet behind a NAT that gives the client another address and port.
fn translated(packet: &Packet) -> Packet {
    let (address, port) = place(is_from_server(packet));
    let mut packet = packet.clone();
    packet.bytes[address].copy_from_slice(&[203, 0, 113, 9]);
    packet.bytes[port].copy_from_slice(&[0x13, 0xd0]);
    packet
}

fn analysed(packets: &[Packet]) -> Report {
    report(packets, Options::default())
}

/// Who names whom, whose packets there are, and what was understood.
fn twins(report: &Report) -> Vec<(Option<usize>, Directions, Login, usize, usize)> {
    let sessions = &report.sessions;
    let named = |uid| sessions.iter().position(|session| Some(&session.uid) == uid);
    let of = sessions.iter().map(|session| {
        let answered = session.commands.iter().filter(|command| !command.replies.is_empty()).count();
        (named(session.twin.as_ref()), session.directions(), session.login, session.greeting.len(), answered)
    });
    of.collect()
}

#[test]
fn halves_on_either_side_of_a_nat_name_each_other_and_are_read_together() {
    let each: Vec<Packet> = packets(SESSION)
        .iter()
        .map(|packet| if is_from_server(packet) { translated(packet) } else { packet.clone() })
        .collect();
    let both = [
        (Some(1), Directions::ClientOnly, Login::Accepted, 1, 3),
        (Some(0), Directions::ServerOnly, Login::Accepted, 1, 3),
    ];
    assert_eq!(twins(&analysed(&each)), both);
    // Whoever is captured alone has no twin, and nothing is known of the other one.
    let alone: Vec<Packet> = each.iter().filter(|packet| !is_from_server(packet)).cloned().collect();
    assert_eq!(twins(&analysed(&alone)), [(None, Directions::ClientOnly, Login::None, 0, 0)]);
}

#[test]
fn a_session_captured_whole_on_both_sides_of_a_nat_is_two_that_name_each_other() {
    let all: Vec<Packet> = packets(SESSION)
        .iter()
        .flat_map(|packet| {
            let (inside, outside) = (packet.clone(), translated(packet));
            if is_from_server(packet) { [outside, inside] } else { [inside, outside] }
        })
        .collect();
    let both = [
        (Some(1), Directions::Both, Login::Accepted, 1, 3),
        (Some(0), Directions::Both, Login::Accepted, 1, 3),
    ];
    assert_eq!(twins(&analysed(&all)), both);
}

#[test]
fn the_end_of_one_half_takes_nothing_from_the_other() {
    let mut each: Vec<Packet> = packets(SESSION)
        .iter()
        .map(|packet| if is_from_server(packet) { translated(packet) } else { packet.clone() })
        .collect();
    // The client's half ends with its PASS: what the server says later is the server's half's.
    let pass = each.iter().position(|packet| packet.bytes.ends_with(b"PASS x\r\n")).unwrap();
    let later = each.split_off(pass + 1);
    each.extend(later.into_iter().filter(is_from_server));
    let (client, server) = (Login::Accepted, Login::Accepted);
    let found: Vec<_> =
        twins(&analysed(&each)).into_iter().map(|(twin, _, login, ..)| (twin, login)).collect();
    assert_eq!(found, [(Some(1), client), (Some(0), server)]);
}
