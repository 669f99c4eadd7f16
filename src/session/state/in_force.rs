//! What is in force when a command is given.

use super::Effect;
use crate::base::Text;
use crate::ftp::{self, Purpose, Verb, WorkingDirectory};
use crate::report::{ChannelIndex, Command, Negotiation, Reply};

/// RFC 959's defaults, until the session says otherwise.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct InForce {
    pub(super) directory: WorkingDirectory,
    pub(super) representation: Text,
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::letter",
            deserialize_with = "crate::base::encode::read_letter"
        )
    )]
    pub(super) structure: char,
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::letter",
            deserialize_with = "crate::base::encode::read_letter"
        )
    )]
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
        match command.verb.purpose() {
            Purpose::BeginAnew => {
                if effect == Effect::Done {
                    *self = Self::default();
                }
            }
            Purpose::EnterDirectory => match effect {
                Effect::Done => self.directory.enter(argument),
                Effect::Unknown => self.directory.forget(),
                Effect::Refused => {}
            },
            Purpose::LeaveDirectory => match effect {
                Effect::Done => self.directory.leave(),
                Effect::Unknown => self.directory.forget(),
                Effect::Refused => {}
            },
            Purpose::NameDirectory => self.ask_directory(command, effect),
            Purpose::LogIn => {
                if matches!(command.verb, Verb::User | Verb::Pass)
                    && command.completion().is_some_and(Reply::accepts_login)
                {
                    self.directory.logged_in();
                }
            }
            Purpose::SetUpTransfer => {
                if effect != Effect::Refused {
                    self.set_up(&command.verb, argument.unwrap_or_default());
                }
            }
            Purpose::Negotiate => self.negotiate(effect, negotiated()),
            Purpose::MoveFile
            | Purpose::MoveListing
            | Purpose::MeasureFile
            | Purpose::ReplaceFile
            | Purpose::Introduce
            | Purpose::Other => {}
        }
    }

    fn ask_directory(&mut self, command: &Command, effect: Effect) {
        if let Some(reply) = command.completion().filter(|reply| reply.code == 257) {
            self.directory.reported(reply.text.raw());
        } else if effect == Effect::Unknown {
            // Where the directories that were entered led is the server's to say, and what it said was not
            // captured.
            self.directory.forget();
        }
    }

    /// TYPE, STRU, MODE, REST or RANG was not refused.
    fn set_up(&mut self, verb: &Verb, argument: &str) {
        let letter = argument.trim().chars().next().map(|letter| letter.to_ascii_uppercase());
        if *verb == Verb::Type {
            if let Some(kind) = ftp::type_argument(argument) {
                self.representation = Text::from(kind.as_str());
            }
        } else if *verb == Verb::Stru {
            if let Some(letter @ ('F' | 'R' | 'P')) = letter {
                self.structure = letter;
            }
        } else if *verb == Verb::Mode {
            if let Some(letter @ ('S' | 'B' | 'C' | 'Z')) = letter {
                self.mode = letter;
            }
        } else {
            let range = ftp::range_argument(argument).filter(|_| *verb == Verb::Rang);
            let marker = argument.trim().parse().ok().filter(|_| *verb == Verb::Rest);
            self.offset = range.map(|(first, _)| first).or(marker).unwrap_or(0);
            self.range = range.map(|(_, length)| length);
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
