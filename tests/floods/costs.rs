//! Floods that make one thing be looked at again and again: each look must cost the same, however many there
//! were before.

use crate::run::{scaled, stands, stands_as};
use crate::wire::{ACK, Talk, Wire, end};

const SERVER: [u8; 4] = [198, 51, 100, 2];
const OTHER: [u8; 4] = [10, 0, 0, 1];

/// A session of another client, with its greeting.
fn session(wire: &mut Wire<'_>, port: u16) -> Talk {
    let mut talk = Talk::open(wire, end(OTHER, port), end(SERVER, 21));
    talk.server(wire, b"220 ready\r\n");
    talk
}

/// A download by PASV from a port of its own.
fn download(wire: &mut Wire<'_>, talk: &mut Talk, number: u64) {
    let port = u16::try_from(1024 + number % 60_000).unwrap();
    let [high, low] = port.to_be_bytes();
    talk.client(wire, b"PASV\r\n");
    talk.server(wire, format!("227 ok (198,51,100,2,{high},{low})\r\n").as_bytes());
    talk.client(wire, format!("RETR {number}\r\n").as_bytes());
    let mut data = Talk::open_at(wire, end(OTHER, 50_000), end(SERVER, port), u32::try_from(number).unwrap());
    talk.server(wire, b"150 here\r\n");
    data.server(wire, b"abc");
    data.close(wire);
    talk.server(wire, b"226 done\r\n");
}

#[test]
fn transfers_in_one_session_that_is_told_as_it_goes_on() {
    stands_as(&["live", "-T", "jsonl", "-r"], scaled(24_000), 600, || {
        let mut talk = None;
        move |number, wire: &mut Wire<'_>| {
            let talk = talk.get_or_insert_with(|| session(wire, 40_000));
            download(wire, talk, number);
        }
    });
}

#[test]
fn holes_that_are_never_filled_and_hours_that_pass() {
    let count = scaled(40_000);
    stands(count, 600, || {
        move |number, wire: &mut Wire<'_>| {
            if number % 4 == 0 {
                let port = u16::try_from(1024 + number / 4 % 60_000).unwrap();
                let mut talk = session(wire, port);
                talk.next[1] = talk.next[1].wrapping_add(20);
                talk.server(wire, b"331 password\r\n");
            } else {
                wire.wait(500_000_000);
                wire.tcp((end([10, 0, 0, 9], 9), end(OTHER, 9)), (1, 1), ACK, b"nothing");
            }
        }
    });
}

#[test]
fn replies_that_end_none_of_ever_more_open_commands() {
    stands(scaled(400_000), 600, || {
        let mut talk = None;
        move |number, wire: &mut Wire<'_>| {
            let talk = talk.get_or_insert_with(|| session(wire, 40_000));
            if number % 16 == 0 {
                talk.client(wire, format!("SITE {number}\r\n").as_bytes());
                talk.server(wire, b"150 soon\r\n");
            }
            talk.server(wire, b"199 not yet\r\n");
        }
    });
}

#[test]
fn sessions_that_are_left_in_the_middle_of_a_transfer() {
    stands(scaled(20_600), 1024, || {
        move |number, wire: &mut Wire<'_>| {
            wire.wait(60_000_000);
            let mut talk = session(wire, u16::try_from(1024 + number % 60_000).unwrap());
            talk.client(wire, b"PORT 10,0,0,1,200,0\r\n");
            talk.server(wire, b"200 ok\r\n");
            talk.client(wire, b"RETR f\r\n");
            talk.server(wire, b"150 here\r\n");
        }
    });
}
