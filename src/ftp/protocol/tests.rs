use proptest::prelude::*;

use super::*;

#[test]
fn clients_of_ftp_are_told_from_others_by_their_first_lines() {
    use Plausible::{NeedMore, No, Yes};
    let cases: &[(&[u8], Plausible)] = &[
        (b"AUTH TLS\r\n", Yes),
        (b"auth ssl\r\n", Yes),
        (b"FEAT\r\n", Yes),
        (b"HOST ftp.example.com\r\n", Yes),
        (b"OPTS UTF8 ON\r\n", Yes),
        (b"USER anonymous\r\n", Yes),
        (b"USER bob\r\nPASS x\r\nSYST\r\n", Yes),
        (b"\xff\xfb\x18\xff\xf4FEAT\r\n", Yes),
        (b"\r\nPASV\r\n", Yes),
        (b"MODE Z\r\n", Yes),
        // POP3 knows these too.
        (b"USER bob\r\n", NeedMore),
        (b"USER bob\r\nPASS x\r\nSTAT\r\nLIST\r\n", NeedMore),
        (b"QUIT\r\n", NeedMore),
        // Not whole.
        (b"", NeedMore),
        (b"FEA", NeedMore),
        (b"FEAT\r", NeedMore),
        (b"USER bo", NeedMore),
        (b"\xff\xfb", NeedMore),
        // Others.
        (b"GET / HTTP/1.1\r\nHost: x\r\n", No),
        (b"GET / HT", No),
        (b"HELO x\r\n", No),
        (b"EHLO x\r\n", No),
        (b"MAIL FROM:<a@b>\r\n", No),
        (b"AUTH PLAIN AGEAYg==\r\n", No),
        (b"AUTH LOGIN\r\n", No),
        (b"CAPA\r\n", No),
        (b"USER bob 0 * :Bob\r\n", No),
        (b"MODE READER\r\n", No),
        (b"SSH-2.0-OpenSSH_9.6\r\n", No),
        (b"SSH-2.0", No),
        (b"\x16\x03\x01\x02\x00\x01", No),
        (b"\0\0\0\0", No),
        (b"a001 LOGIN x y\r\n", No),
    ];
    for (prefix, expected) in cases {
        assert_eq!(command_plausibility(prefix), *expected, "{}", prefix.escape_ascii());
    }
}

#[test]
fn servers_of_ftp_are_told_from_others_by_their_first_lines() {
    use Plausible::{NeedMore, No, Yes};
    let cases: &[(&[u8], Plausible)] = &[
        (b"220 (vsFTPd 3.0.3)\r\n", Yes),
        (b"220-Welcome\r\n220-to our mail and FTP server\r\n", Yes),
        (b"120 Ready in 3 minutes\r\n", Yes),
        (b"227 Entering Passive Mode (10,0,0,2,4,5)\r\n", Yes),
        (b"226\r\n", Yes),
        (b"331 Password required\r\n", Yes),
        (b"200 ok\r\n226 done\r\n", Yes),
        (b"\xff\xfb\x01\xff\xfd\x03220 FTP\r\n", Yes),
        // SMTP greets so, too.
        (b"220 ready\r\n", NeedMore),
        (b"220-Welcome\r\n", NeedMore),
        (b"421 Too many connections\r\n", NeedMore),
        // Not whole: more may name another protocol.
        (b"220 ftp.example.com", NeedMore),
        (b"22", NeedMore),
        (b"227", NeedMore),
        (b"227\r", NeedMore),
        (b"", NeedMore),
        // Others.
        (b"2270 bytes\r\n", No),
        (b"220 mx.example.com ESMTP Postfix\r\n", No),
        (b"220 ftp.example.com SMTP\r\n", No),
        (b"220 LMTP server\r\n", No),
        (b"554 no service\r\n", No),
        (b"200 NNTP service ready\r\n", No),
        (b"201 news, no posting\r\n", No),
        (b"+OK POP3 ready\r\n", No),
        (b"* OK IMAP4rev1\r\n", No),
        (b"SSH-2.0-OpenSSH\r\n", No),
        (b"HTTP/1.1 200 OK\r\n", No),
        (b"\x15\x03\x01\0\x02\x02\x28", No),
        (b"99 bottles\r\n", No),
        (b"2264 x\r\n", No),
        (b"700 x\r\n", No),
        (b"9", No),
    ];
    for (prefix, expected) in cases {
        assert_eq!(reply_plausibility(prefix), *expected, "{}", prefix.escape_ascii());
    }
}

#[test]
fn a_client_that_never_becomes_decisive_is_given_up() {
    assert_eq!(command_plausibility(&b"NOOP\r\n".repeat(FIRST_LINES)), Plausible::No);
    assert_eq!(command_plausibility(&[b"USER ".as_slice(), &[b'a'; 600]].concat()), Plausible::No);
}

proptest! {
    #[test]
    fn what_was_decided_stays_when_more_bytes_come(
        line in "(USER bob|FEAT|GET /|AUTH TLS|EHLO x|LIST|220 FTP|220 x|220 ESMTP|\\+OK|xyz|227 x)(\r\n|\n)",
        more in "(NOOP|PASV|PASS x|226 x|220 y)\r\n",
        cut in 0_usize..20,
    ) {
        let bytes = [line.as_bytes(), more.as_bytes()].concat();
        let prefix = &bytes[..cut.min(bytes.len())];
        for judge in [command_plausibility, reply_plausibility] {
            let early = judge(prefix);
            prop_assert!(early == Plausible::NeedMore || early == judge(&bytes));
        }
    }
}
