//! Which replies may answer which commands.
//!
//! Replies come in the order of their commands, mostly. Where commands are pipelined, answered out of turn,
//! or lost in a gap, the code tells which command a reply can't belong to.

use super::Verb;

/// Whether a reply may answer a command, from no to yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// No known server does: the reply answers another command.
    Unlikely,
    /// Some servers do, or the code is generic.
    Possible,
    /// RFC 959 section 5.4 or the RFC of the command names it.
    Usual,
}

/// Whether a reply of `code` may answer `verb`.
pub fn may_answer(verb: &Verb, code: u16) -> Answer {
    use Answer::{Possible, Unlikely};
    match verb {
        // A command that no RFC defines may be answered by anything but a greeting.
        Verb::Other(_) => match code {
            120 | 220 => Unlikely,
            _ => Possible,
        },
        // RFC 2228: the wrapped command decides.
        Verb::Mic | Verb::Conf | Verb::Enc => Possible,
        verb => match code {
            100..=199 => preliminary(verb, code),
            200..=299 => completion(verb, code),
            300..=399 => intermediate(verb, code),
            400..=599 => negative(verb, code),
            // RFC 2228: protected replies.
            631..=633 => Possible,
            _ => Unlikely,
        },
    }
}

/// Completion codes, each with the commands that RFCs name it for, and those that some servers use it for.
/// Transfers are handled apart.
static COMPLETIONS: &[(u16, &[Verb], &[Verb])] = {
    use Verb::{
        Abor, Acct, Adat, Algs, Allo, Auth, Ccc, Cdup, Clnt, Cwd, Dele, Eprt, Epsv, Feat, Help, Host, Lang,
        Lprt, Lpsv, Mdtm, Mfmt, Mkd, Mlst, Mode, Noop, Opts, Pass, Pasv, Pbsz, Port, Prot, Pwd, Quit, Rein,
        Rmd, Rnto, Site, Size, Smnt, Stat, Stru, Syst, Type, User, Xcup, Xcwd, Xmkd, Xpwd, Xrmd,
    };
    &[
        (
            200,
            &[
                Allo, Port, Eprt, Lprt, Type, Stru, Mode, Noop, Site, Opts, Clnt, Cdup, Xcup, Pbsz, Prot,
                Ccc, Lang,
            ],
            // EPSV ALL; and commands that lax servers answer with a plain yes.
            &[
                Epsv, Cwd, Xcwd, Smnt, Dele, Rmd, Xrmd, Rnto, Mfmt, Algs, Help, Abor, Host, Acct, Rein, Pass,
                Auth, Adat, Feat, Quit, Stat, Syst,
            ],
        ),
        (
            202,
            &[Allo, Acct, Site, Smnt, Pass],
            &[Noop, Opts, Clnt, Host, Mode, Stru, Type, Lang, Pbsz, Prot, Mfmt],
        ),
        (211, &[Stat, Help, Feat], &[Syst, Site, Opts]),
        (212, &[Stat], &[Site]),
        (213, &[Stat, Size, Mdtm, Mfmt], &[Site]),
        (214, &[Help, Site], &[Feat]),
        (215, &[Syst], &[]),
        (216, &[Algs], &[]),
        (220, &[Rein, Host], &[]),
        (221, &[Quit], &[Rein]),
        (225, &[Abor], &[]),
        (226, &[Abor], &[Stat]),
        (227, &[Pasv], &[Epsv]),
        (228, &[Lpsv], &[]),
        (229, &[Epsv], &[Pasv]),
        (230, &[User, Pass, Acct], &[]),
        (231, &[Rein], &[Quit]),
        (232, &[User, Pass, Auth], &[Acct]),
        (234, &[Auth], &[]),
        (235, &[Adat], &[Auth]),
        (250, &[Cwd, Xcwd, Cdup, Xcup, Smnt, Dele, Rnto, Rmd, Xrmd, Mlst], &[Mkd, Xmkd, Site, Mfmt]),
        (257, &[Pwd, Xpwd, Mkd, Xmkd], &[Cwd, Xcwd]),
    ]
};

/// 1yz.
fn preliminary(verb: &Verb, code: u16) -> Answer {
    match code {
        110 | 125 | 150 if verb.is_transfer() => Answer::Usual,
        120 if *verb == Verb::Rein => Answer::Usual,
        _ if verb.is_transfer() => Answer::Possible,
        _ => Answer::Unlikely,
    }
}

/// 2yz.
fn completion(verb: &Verb, code: u16) -> Answer {
    let Some((_, usual, possible)) = COMPLETIONS.iter().find(|(listed, ..)| *listed == code) else {
        return Answer::Possible;
    };
    let transfer = match code {
        226 | 250 => Answer::Usual,
        225 => Answer::Possible,
        _ => Answer::Unlikely,
    };
    match verb {
        verb if verb.is_transfer() => transfer,
        verb => either(usual.contains(verb), possible.contains(verb)),
    }
}

/// 3yz.
fn intermediate(verb: &Verb, code: u16) -> Answer {
    let (usual, possible) = match code {
        331 => (matches!(verb, Verb::User), false),
        332 => (matches!(verb, Verb::User | Verb::Pass), matches!(verb, Verb::Acct)),
        334 | 336 => (matches!(verb, Verb::Auth | Verb::Adat), matches!(verb, Verb::User | Verb::Pass)),
        335 => (matches!(verb, Verb::Adat), false),
        350 => (matches!(verb, Verb::Rest | Verb::Rang | Verb::Rnfr), matches!(verb, Verb::Site)),
        // One-time passwords and the like.
        _ => (false, matches!(verb, Verb::User | Verb::Pass | Verb::Acct)),
    };
    either(usual, possible)
}

/// 4yz and 5yz: any command may be refused; few codes belong to particular commands.
fn negative(verb: &Verb, code: u16) -> Answer {
    use Verb::{
        Abor, Acct, Auth, Dele, Eprt, Epsv, Lprt, Lpsv, Pass, Pasv, Port, Rnfr, Rnto, Stor, Stou, User,
    };
    let transfer = verb.is_transfer();
    let (usual, possible) = match code {
        421 | 500..=504 | 530 | 550 => (true, true),
        425 => (transfer, matches!(verb, Pasv | Epsv | Lpsv | Port | Eprt | Lprt)),
        426 => (transfer, matches!(verb, Abor)),
        430 => (matches!(verb, User | Pass), matches!(verb, Acct)),
        431 => (matches!(verb, Auth), true),
        450 => (transfer || matches!(verb, Dele | Rnfr), true),
        451 | 551 => (transfer, true),
        452 | 552 => (transfer, matches!(verb, Verb::Allo | Verb::Mkd | Verb::Xmkd | Rnto | Verb::Site)),
        // Servers also use them where a data connection lacks the protection they want.
        521 => (matches!(verb, Lprt | Lpsv), true),
        522 => (matches!(verb, Eprt | Epsv), transfer),
        532 => (matches!(verb, Stor | Stou | Verb::Appe | Rnfr | Rnto), true),
        553 => (matches!(verb, Stor | Stou | Verb::Appe | Rnto), true),
        _ => (false, true),
    };
    either(usual, possible)
}

const fn either(usual: bool, possible: bool) -> Answer {
    if usual {
        Answer::Usual
    } else if possible {
        Answer::Possible
    } else {
        Answer::Unlikely
    }
}

#[cfg(test)]
mod tests;
