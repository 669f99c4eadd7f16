//! Floods of connections and sessions.

use crate::run::{self, scaled, stands};
use crate::wire::{ACK, Dice, End, SYN, Talk, Wire, end};

const SERVER: [u8; 4] = [198, 51, 100, 2];

#[test]
fn a_million_syns_to_port_21_from_random_sources() {
    let outcome = stands(scaled(1_000_000), 300, || {
        let mut dice = Dice(1);
        move |_, wire: &mut Wire<'_>| {
            let from = dice.end();
            wire.tcp((from, end(SERVER, 21)), (dice.roll() as u32, 0), SYN, b"");
        }
    });
    assert_eq!(outcome.sessions, 2);
}

#[test]
fn a_million_connections_on_which_nobody_says_anything() {
    stands(scaled(1_000_000), 1024, || {
        let mut dice = Dice(2);
        move |_, wire: &mut Wire<'_>| {
            Talk::open(wire, dice.end(), end(SERVER, 21));
        }
    });
}

#[test]
fn a_million_silent_connections_on_other_ports() {
    stands(scaled(1_000_000), 1024, || {
        let mut dice = Dice(3);
        move |_, wire: &mut Wire<'_>| {
            Talk::open(wire, dice.end(), end([203, 0, 113, 1], 8080));
        }
    });
}

#[test]
fn a_million_connections_of_which_the_middle_is_seen() {
    stands(scaled(1_000_000), 600, || {
        let mut dice = Dice(4);
        move |number, wire: &mut Wire<'_>| {
            let port = if number % 2 == 0 { 21 } else { 3000 };
            wire.tcp((dice.end(), end(SERVER, port)), (dice.roll() as u32, 1), ACK, b"\x00\x01\x02\x03");
        }
    });
}

/// Opens a session, says hello, and leaves it.
fn leave(wire: &mut Wire<'_>, client: End) -> Talk {
    let mut talk = Talk::open(wire, client, end(SERVER, 21));
    talk.server(wire, b"220 ready\r\n");
    talk.client(wire, b"USER bob\r\n");
    talk.server(wire, b"331 password\r\n");
    talk
}

#[test]
fn a_hundred_thousand_sessions_opened_and_left() {
    let count = scaled(100_000);
    let outcome = stands(count, 900, || {
        let mut dice = Dice(5);
        move |_, wire: &mut Wire<'_>| {
            leave(wire, dice.end());
        }
    });
    assert!(outcome.sessions >= count);
}

#[test]
fn as_many_sessions_of_one_client_as_it_has_ports() {
    stands(scaled(60_000), 900, || {
        move |number, wire: &mut Wire<'_>| {
            leave(wire, end([10, 0, 0, 1], 2000 + (number % 63_000) as u16));
        }
    });
}

#[test]
fn connections_from_everywhere_to_an_announced_port() {
    stands(scaled(500_000), 600, || {
        let mut dice = Dice(6);
        move |number, wire: &mut Wire<'_>| {
            if number == 0 {
                let mut talk = Talk::open(wire, end([10, 0, 0, 1], 40_000), end(SERVER, 21));
                talk.server(wire, b"220 ready\r\n");
                talk.client(wire, b"PASV\r\n");
                talk.server(wire, b"227 Entering Passive Mode (198,51,100,2,200,0)\r\n");
            }
            wire.tcp((dice.end(), end(SERVER, 51_200)), (1, 0), SYN, b"");
        }
    });
}

#[test]
fn sessions_that_all_wait_for_one_that_began_before_them() {
    // A document has them in the order of their first packets, and the first session lasts as long as the
    // capture.
    let count = scaled(100_000);
    let mut dice = Dice(7);
    let outcome = run::with(&["--format", "json"], |out| {
        let mut step = |_, wire: &mut Wire<'_>| {
            let mut talk = leave(wire, dice.end());
            talk.close(wire);
        };
        run::write(count, &mut step, out)
    });
    println!("{} sessions, {} MiB, {} s", outcome.sessions, outcome.peak, outcome.seconds);
    outcome.holds_the_honest();
    assert!(outcome.sessions >= count);
    assert!(outcome.peak <= 1024, "{} MiB", outcome.peak);
}
