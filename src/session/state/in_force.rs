//! What is in force when a command is given.

use super::Effect;
use crate::base::Text;
use crate::ftp::{self, Verb, WorkingDirectory};
use crate::report::{ChannelIndex, Command, Negotiation, Reply};

/// RFC 959's defaults, until the session says otherwise.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub(super) directory: WorkingDirectory,
    pub(super) representation: Text,
    pub(super) structure: char,
    pub(super) mode: char,
    /// The marker of the last REST that no transfer has used yet.
    pub(super) offset: u64,
    /// How many bytes from there the last RANG asks for.
    pub(super) range: Option<u64>,
    /// The channel of the last negotiation that was not rejected.
    pub(super) channel: Option<ChannelIndex>,
}

impl Default for InForce {
    fn default() -> Self {
        Self {
            directory: WorkingDirectory::default(),
            representation: Text::from("A"),
            structure: 'F',
            mode: 'S',
            offset: 0,
            range: None,
            channel: None,
        }
    }
}

impl InForce {
    /// A command ended like this; `negotiated` gives the channel that it made.
    pub(super) fn apply(
        &mut self,
        command: &Command,
        effect: Effect,
        negotiated: impl FnOnce() -> Option<(ChannelIndex, Option<Negotiation>)>,
    ) {
        let argument = command.text().map(Text::raw);
        match command.verb {
            Verb::Rein if effect == Effect::Done => *self = Self::default(),
            Verb::Cwd | Verb::Xcwd => match effect {
                Effect::Done => self.directory.enter(argument),
                Effect::Unknown => self.directory.forget(),
                Effect::Refused => {}
            },
            Verb::Cdup | Verb::Xcup => match effect {
                Effect::Done => self.directory.leave(),
                Effect::Unknown => self.directory.forget(),
                Effect::Refused => {}
            },
            Verb::Pwd | Verb::Xpwd => self.ask_directory(command, effect),
            Verb::User | Verb::Pass if command.completion().is_some_and(Reply::accepts_login) => {
                self.directory.logged_in();
            }
            Verb::Type | Verb::Stru | Verb::Mode | Verb::Rest | Verb::Rang if effect != Effect::Refused => {
                self.represent(&command.verb, argument.unwrap_or_default());
            }
            Verb::Port | Verb::Eprt | Verb::Lprt | Verb::Pasv | Verb::Epsv | Verb::Lpsv => {
                self.negotiate(effect, negotiated());
            }
            // These leave all of it in force, or were refused.
            Verb::User
            | Verb::Pass
            | Verb::Acct
            | Verb::Smnt
            | Verb::Rein
            | Verb::Quit
            | Verb::Type
            | Verb::Stru
            | Verb::Mode
            | Verb::Retr
            | Verb::Stor
            | Verb::Stou
            | Verb::Appe
            | Verb::Allo
            | Verb::Rest
            | Verb::Rnfr
            | Verb::Rnto
            | Verb::Abor
            | Verb::Dele
            | Verb::Rmd
            | Verb::Mkd
            | Verb::List
            | Verb::Nlst
            | Verb::Site
            | Verb::Syst
            | Verb::Stat
            | Verb::Help
            | Verb::Noop
            | Verb::Xmkd
            | Verb::Xrmd
            | Verb::Auth
            | Verb::Adat
            | Verb::Prot
            | Verb::Pbsz
            | Verb::Ccc
            | Verb::Mic
            | Verb::Conf
            | Verb::Enc
            | Verb::Feat
            | Verb::Opts
            | Verb::Lang
            | Verb::Mdtm
            | Verb::Size
            | Verb::Mlst
            | Verb::Mlsd
            | Verb::Algs
            | Verb::Host
            | Verb::Clnt
            | Verb::Mfmt
            | Verb::Rang
            | Verb::Other(_) => {}
        }
    }

    fn ask_directory(&mut self, command: &Command, effect: Effect) {
        if let Some(reply) = command.completion().filter(|reply| reply.code == 257) {
            self.directory.reported(reply.text.raw());
        } else if effect == Effect::Unknown {
            // Where the directories that were entered led is the server's to say, and what it said was not captured.
            self.directory.forget();
        }
    }

    fn represent(&mut self, verb: &Verb, argument: &str) {
        let letter = argument.trim().chars().next().map(|letter| letter.to_ascii_uppercase());
        match (verb, letter) {
            (Verb::Type, _) => {
                if let Some(kind) = ftp::type_argument(argument) {
                    self.representation = Text::from(kind.as_str());
                }
            }
            (Verb::Stru, Some(letter @ ('F' | 'R' | 'P'))) => self.structure = letter,
            (Verb::Mode, Some(letter @ ('S' | 'B' | 'C' | 'Z'))) => self.mode = letter,
            (Verb::Rest, _) => {
                self.offset = argument.trim().parse().unwrap_or(0);
                self.range = None;
            }
            (Verb::Rang, _) => {
                let range = ftp::range_argument(argument);
                self.offset = range.map_or(0, |(first, _)| first);
                self.range = range.map(|(_, length)| length);
            }
            _ => {}
        }
    }

    /// A transfer was begun: it has used the marker or the range.
    pub(super) const fn begin_transfer(&mut self) {
        self.offset = 0;
        self.range = None;
    }

    fn negotiate(&mut self, effect: Effect, negotiated: Option<(ChannelIndex, Option<Negotiation>)>) {
        let Some((channel, negotiation)) = negotiated else { return };
        match (negotiation, effect) {
            (None | Some(Negotiation::Rejected), _) | (Some(Negotiation::Malformed), Effect::Refused) => {}
            (Some(Negotiation::Accepted | Negotiation::Unanswered | Negotiation::Malformed), _) => {
                self.channel = Some(channel);
            }
        }
    }
}
