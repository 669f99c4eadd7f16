//! Floods within sessions: commands, replies, negotiations, holes.

use crate::run::{scaled, stands};
use crate::wire::{ACK, Dice, End, FIN, SYN, Talk, Wire, end};

const SERVER: [u8; 4] = [198, 51, 100, 2];
const GREEDY: [u8; 4] = [10, 0, 0, 1];

/// The attacker's session, opened at the first step.
#[derive(Default)]
struct Greedy(Option<Talk>);

impl Greedy {
    fn talk(&mut self, wire: &mut Wire<'_>) -> &mut Talk {
        self.0.get_or_insert_with(|| {
            let mut talk = Talk::open(wire, end(GREEDY, 40_000), end(SERVER, 21));
            talk.server(wire, b"220 ready\r\n");
            talk
        })
    }

    fn exchange(&mut self, wire: &mut Wire<'_>, command: &str, reply: &str) {
        let talk = self.talk(wire);
        talk.client(wire, format!("{command}\r\n").as_bytes());
        talk.server(wire, format!("{reply}\r\n").as_bytes());
    }
}

fn port(number: u64) -> (u64, u64) {
    let port = 1024 + number % 60_000;
    (port / 256, port % 256)
}

#[test]
fn a_hundred_thousand_ports_without_data() {
    stands(scaled(100_000), 600, || {
        let mut greedy = Greedy::default();
        move |number, wire: &mut Wire<'_>| {
            let (high, low) = port(number);
            greedy.exchange(wire, &format!("PORT 10,0,0,1,{high},{low}"), "200 ok");
        }
    });
}

#[test]
fn a_hundred_thousand_ports_that_are_all_one() {
    stands(scaled(100_000), 600, || {
        let mut greedy = Greedy::default();
        move |_, wire: &mut Wire<'_>| {
            greedy.exchange(wire, "PORT 10,0,0,1,200,0", "200 ok");
        }
    });
}

#[test]
fn one_port_in_a_hundred_thousand_commands_of_a_thousand_sessions() {
    stands(scaled(100_000), 600, || {
        let mut sessions: Vec<Talk> = Vec::new();
        move |number, wire: &mut Wire<'_>| {
            let place = (number % 1000) as usize;
            if number < 1000 {
                let mut talk = Talk::open(wire, end(GREEDY, 2000 + number as u16), end(SERVER, 21));
                talk.server(wire, b"220 ready\r\n");
                sessions.truncate(place);
                sessions.push(talk);
            }
            let talk = &mut sessions[place];
            talk.client(wire, b"PORT 10,0,0,1,200,0\r\n");
            talk.server(wire, b"200 ok\r\n");
        }
    });
}

#[test]
fn as_many_predictions_as_there_can_be_and_more() {
    stands(scaled(50_000), 600, || {
        let mut sessions: Vec<Talk> = Vec::new();
        move |number, wire: &mut Wire<'_>| {
            if number % 64 == 0 {
                let client = end(GREEDY, 2000 + (number / 64) as u16);
                let mut talk = Talk::open(wire, client, end(SERVER, 21));
                talk.server(wire, b"220 ready\r\n");
                sessions.push(talk);
            }
            let (high, low) = port(number);
            let talk = sessions.last_mut().unwrap();
            talk.client(wire, format!("PORT 10,0,0,1,{high},{low}\r\n").as_bytes());
            talk.server(wire, b"200 ok\r\n");
        }
    });
}

#[test]
fn fifty_thousand_transfers_without_an_answer() {
    stands(scaled(50_000), 600, || {
        let mut greedy = Greedy::default();
        move |number, wire: &mut Wire<'_>| {
            let (high, low) = port(number);
            greedy.exchange(wire, "PASV", &format!("227 Entering Passive Mode (198,51,100,2,{high},{low})"));
            greedy.exchange(wire, "RETR file", "150 opening");
            greedy.exchange(wire, "NOOP", "200 ok");
        }
    });
}

#[test]
fn fifty_thousand_transfers_on_one_announced_port() {
    stands(scaled(50_000), 900, || {
        let mut greedy = Greedy::default();
        move |number, wire: &mut Wire<'_>| {
            if number == 0 {
                greedy.exchange(wire, "PASV", "227 Entering Passive Mode (198,51,100,2,200,0)");
            }
            let client = end(GREEDY, 1024 + (number % 60_000) as u16);
            let mut data = Talk::open(wire, client, end(SERVER, 51_200));
            data.server(wire, b"data");
            data.close(wire);
            greedy.exchange(wire, "RETR file", "150 opening");
            greedy.talk(wire).server(wire, b"226 done\r\n");
        }
    });
}

#[test]
fn fifty_thousand_transfers_on_default_ports() {
    stands(scaled(50_000), 900, || {
        let mut greedy = Greedy::default();
        move |number, wire: &mut Wire<'_>| {
            greedy.talk(wire);
            let isn = (number as u32).wrapping_mul(50_021);
            let mut data = Talk::open_at(wire, end(SERVER, 20), end(GREEDY, 40_000), isn);
            data.client(wire, b"data");
            data.close(wire);
            greedy.exchange(wire, "RETR file", "150 opening");
            greedy.talk(wire).server(wire, b"226 done\r\n");
        }
    });
}

#[test]
fn a_reply_of_ten_million_lines() {
    let outcome = stands(scaled(10_000_000) / 450, 300, || {
        let mut greedy = Greedy::default();
        let lines = b"x\r\n".repeat(450);
        move |number, wire: &mut Wire<'_>| {
            let talk = greedy.talk(wire);
            if number == 0 {
                talk.client(wire, b"HELP\r\n");
                talk.server(wire, b"214-these\r\n");
            }
            talk.server(wire, &lines);
        }
    });
    assert_eq!(outcome.limit("reply_lines"), 1);
}

#[test]
fn a_million_replies_that_nobody_asked_for() {
    stands(scaled(1_000_000) / 20, 900, || {
        let mut greedy = Greedy::default();
        let replies = b"226 done and done and done\r\n".repeat(20);
        move |_, wire: &mut Wire<'_>| greedy.talk(wire).server(wire, &replies)
    });
}

#[test]
fn a_million_replies_to_one_command() {
    stands(scaled(1_000_000) / 40, 900, || {
        let mut greedy = Greedy::default();
        let replies = b"150 and again\r\n".repeat(40);
        move |number, wire: &mut Wire<'_>| {
            let talk = greedy.talk(wire);
            if number == 0 {
                talk.client(wire, b"RETR x\r\n");
            }
            talk.server(wire, &replies);
        }
    });
}

#[test]
fn a_hundred_thousand_lines_that_are_too_long() {
    stands(scaled(100_000), 900, || {
        let mut greedy = Greedy::default();
        let line = [b"SITE ".as_slice(), &[b'x'; 1300]].concat();
        move |number, wire: &mut Wire<'_>| {
            let talk = greedy.talk(wire);
            talk.client(wire, &line);
            if number % 8 == 7 {
                talk.client(wire, b"\r\n");
            }
        }
    });
}

/// A stream that jumps ahead by this, again and again, with a few bytes after each jump.
fn leap(wire: &mut Wire<'_>, talk: &mut Talk, by: u32, side: usize) {
    talk.next[side] = talk.next[side].wrapping_add(by);
    let bytes = b"NOOP\r\n";
    if side == 0 { talk.client(wire, bytes) } else { talk.server(wire, b"200 ok\r\n") }
}

#[test]
fn holes_of_four_gib_in_a_control_connection() {
    let outcome = stands(scaled(100_000), 600, || {
        let mut greedy = Greedy::default();
        move |_, wire: &mut Wire<'_>| {
            let talk = greedy.talk(wire);
            // Seventy leaps over nearly a sixteenth of the number space: four GiB, and more.
            for _ in 0..2 {
                leap(wire, talk, 60 << 20, 0);
                leap(wire, talk, 60 << 20, 1);
            }
            wire.wait(10_000_000);
        }
    });
    assert!(outcome.sessions >= 2);
}

#[test]
fn holes_of_four_gib_in_a_data_connection() {
    stands(scaled(200_000), 600, || {
        let mut greedy = Greedy::default();
        let mut data: Option<Talk> = None;
        move |number, wire: &mut Wire<'_>| {
            if number == 0 {
                greedy.exchange(wire, "PASV", "227 Entering Passive Mode (198,51,100,2,200,0)");
                data = Some(Talk::open(wire, end(GREEDY, 50_000), end(SERVER, 51_200)));
            }
            leap(wire, data.as_mut().unwrap(), 60 << 20, 1);
        }
    });
}

#[test]
fn small_holes_in_as_many_streams_as_there_can_be() {
    stands(scaled(300_000), 900, || {
        let mut dice = Dice(8);
        move |_, wire: &mut Wire<'_>| {
            let client = dice.end();
            let mut talk = Talk::open(wire, client, end(SERVER, 21));
            for _ in 0..4 {
                talk.next[1] = talk.next[1].wrapping_add(1000);
                talk.server(wire, &[b'x'; 400]);
            }
        }
    });
}

#[test]
fn a_million_segments_before_a_hole_that_is_never_filled() {
    stands(scaled(1_000_000), 600, || {
        let mut greedy = Greedy::default();
        move |number, wire: &mut Wire<'_>| {
            let talk = greedy.talk(wire);
            if number == 0 {
                talk.next[1] = talk.next[1].wrapping_add(1);
            }
            // Every other byte: as many pieces as there can be.
            talk.next[1] = talk.next[1].wrapping_add(1);
            talk.server(wire, b"y");
        }
    });
}

#[test]
fn connections_that_are_opened_again_and_again_beside_themselves() {
    stands(scaled(300_000), 600, || {
        let server = end(SERVER, 21);
        let clients: Vec<End> = (0..1000).map(|number| end(GREEDY, 2000 + number)).collect();
        move |number, wire: &mut Wire<'_>| {
            let client = clients[(number % 1000) as usize];
            let isn = (number as u32).wrapping_mul(100_003);
            wire.tcp((client, server), (isn, 0), SYN, b"");
            wire.tcp((server, client), (isn ^ 0x5555, isn.wrapping_add(1)), SYN | ACK, b"");
            wire.tcp((client, server), (isn.wrapping_add(1), (isn ^ 0x5555).wrapping_add(1)), ACK, b"");
            if number % 3 == 0 {
                wire.tcp(
                    (client, server),
                    (isn.wrapping_add(1), (isn ^ 0x5555).wrapping_add(1)),
                    FIN | ACK,
                    b"",
                );
            }
        }
    });
}
