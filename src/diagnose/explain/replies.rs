//! Explanations of findings about replies, or their absence.

use super::Row;
use crate::report::{Code, Severity};

pub(super) const fn replies(code: Code) -> Row {
    match code {
        Code::NotFromPort20 => (
            Severity::Info,
            [
                "The server opened an active data connection from a port other than the one below its \
                 control port.",
                "The source port of the server's SYN is not the control port less one (RFC 959: 20). Info where the \
                 connection was made, notice where it went unanswered or was refused.",
                "Firewalls that expect port 20 drop such connections: set the server to use port 20, or use passive mode.",
            ],
        ),
        Code::UnexpectedReply => (
            Severity::Notice,
            [
                "The server answered with a reply code that belongs to another command.",
                "229 in answer to PASV, or 227 in answer to EPSV, although the reply contains a valid \
                 endpoint.",
                "Update the server, or set the client to the command that the reply belongs to.",
            ],
        ),
        Code::SessionTimeout => (
            Severity::Notice,
            [
                "The server ended the session, usually because the client was idle for too long.",
                "421 that is neither a greeting nor about a limit, or a close by the server after an idle time without any \
                 reply. Warning where a transfer was under way or the client went on.",
                "Raise the server's idle timeout, or have the client send NOOP while it waits and reconnect after 421.",
            ],
        ),
        Code::ConnectionLimit => (
            Severity::Warning,
            [
                "The server turned the client away because it has too many connections or users.",
                "A 421 instead of a greeting, or a 421 or 530 that mentions too many connections or users.",
                "Lower the number of parallel connections in the client, or raise the limit on the server.",
            ],
        ),
        Code::NotFtpAnymore => (
            Severity::Alert,
            [
                "An FTP session turned into something else, such as shell code and a shell's dialogue.",
                "After an exchange that was answered, three lines or more of the client are no commands, none of them was \
                 answered by a reply, and some are no words at all. Nothing of the session is missing from the capture, and it \
                 is not under TLS.",
                "Possible compromise: treat the server as taken over, look at what the session did, and update the server.",
            ],
        ),
        _ => (
            Severity::Notice,
            [
                "The server took seconds to reply, or never did.",
                "Time from the client's command (or from the end of its upload) to the reply. Warning where the client gave up \
                 before the reply came, or it never came.",
                "Look at what the server does in that time: name or ident look-ups, slow storage, load.",
            ],
        ),
    }
}
