//! The one verdict on a data channel, which exporters, filters and the terminal interface share.

use super::{Answer, AttemptResult, DataChannel, Origin, Session, Severity, Status, Transfer, TransferIndex};
use crate::base::choices;

choices! {
    /// What became of a data channel, from harmless to grave.
    #[non_exhaustive]
    pub enum ChannelState {
        /// A connection was made and served its purpose.
        Connected => "connected",
        /// No connection was made, and nothing failed for the lack of it.
        Unused => "unused" | "not used",
        /// The server rejected the negotiation.
        Rejected => "rejected",
        /// The negotiation contains no valid address and port.
        Malformed => "malformed" | "no valid endpoint",
        /// The negotiation was never answered.
        NoReply => "no_reply" | "no reply",
        /// A connection was made, and the transfer failed or was cut short.
        CutShort => "cut_short" | "cut short",
        /// Nobody tried to connect, and something failed because of that.
        NeverTried => "never_tried" | "never tried",
        /// The SYN was answered by RST.
        Refused => "refused",
        /// The SYN was not answered.
        Unanswered => "unanswered" | "no answer",
    }
}

impl ChannelState {
    /// Whether it is worth a look.
    pub const fn is_problem(self) -> bool {
        match self {
            Self::Connected | Self::Unused => false,
            Self::Rejected
            | Self::Malformed
            | Self::NoReply
            | Self::CutShort
            | Self::NeverTried
            | Self::Refused
            | Self::Unanswered => true,
        }
    }

    /// Whether a connection was made.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::CutShort)
    }

    /// Whether a SYN was sent and no connection was made.
    pub const fn is_failed_attempt(self) -> bool {
        match self {
            Self::Refused | Self::Unanswered => true,
            Self::Connected
            | Self::Unused
            | Self::Rejected
            | Self::Malformed
            | Self::NoReply
            | Self::CutShort
            | Self::NeverTried => false,
        }
    }

    /// The state of the connection alone, whatever became of its transfer.
    #[must_use]
    pub const fn of_the_connection(self) -> Self {
        match self {
            Self::CutShort => Self::Connected,
            Self::NeverTried => Self::Unused,
            Self::Connected
            | Self::Unused
            | Self::Rejected
            | Self::Malformed
            | Self::NoReply
            | Self::Refused
            | Self::Unanswered => self,
        }
    }

    fn of(channel: &DataChannel, transfer: Option<&Transfer>, worst: Option<Severity>) -> Self {
        let is_warned_of = worst >= Some(Severity::Warning);
        match (&channel.attempt, &channel.origin) {
            (Some(attempt), _) => match attempt.result {
                AttemptResult::Connected { .. } if transfer.is_some_and(|it| failed(it, is_warned_of)) => {
                    Self::CutShort
                }
                AttemptResult::Connected { .. } => Self::Connected,
                AttemptResult::Refused => Self::Refused,
                AttemptResult::Unanswered => Self::Unanswered,
            },
            (None, Origin::Unseen { .. } | Origin::DefaultPorts) => Self::Unused,
            (None, Origin::Negotiated(negotiated)) => match negotiated.answer {
                Answer::Rejected(_) => Self::Rejected,
                Answer::Malformed => Self::Malformed,
                Answer::Unanswered(_) => Self::NoReply,
                Answer::Accepted { .. } if is_warned_of => Self::NeverTried,
                Answer::Accepted { .. } => Self::Unused,
            },
        }
    }
}

/// Whether a transfer failed or moved too little. One that lacks only its final reply may still be running, so a
/// finding must say that it failed.
fn failed(transfer: &Transfer, is_warned_of: bool) -> bool {
    let short = || {
        let (Some(expected), Some(bytes)) = (transfer.expected_size, transfer.bytes) else { return false };
        bytes < expected.saturating_sub(transfer.offset)
    };
    match transfer.status {
        Status::Aborted | Status::Failed => true,
        Status::Unfinished => is_warned_of,
        Status::Complete => is_warned_of && short(),
    }
}

/// The verdict on a data channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What became of it.
    pub state: ChannelState,
    /// The worst finding about it or about its transfer.
    pub worst: Option<Severity>,
    /// Index of its first transfer.
    pub transfer: Option<TransferIndex>,
}

impl Session {
    /// The verdict on each data channel, in their order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut transfers = vec![None; self.data_channels.len()];
        for (index, transfer) in TransferIndex::number(&self.transfers) {
            let slot = transfer.data_channel.and_then(|channel| channel.of_mut(&mut transfers));
            slot.map(|slot| slot.get_or_insert(index));
        }
        let mut worst: Vec<Option<Severity>> = vec![None; self.data_channels.len()];
        for finding in &self.findings {
            let of_transfer = || self.transfer(finding.transfer?)?.data_channel;
            if let Some(slot) = finding.data_channel.or_else(of_transfer).and_then(|at| at.of_mut(&mut worst))
            {
                *slot = (*slot).max(Some(finding.severity));
            }
        }
        let channels = self.data_channels.iter().zip(transfers).zip(worst);
        let verdict =
            |((channel, transfer), worst): ((&DataChannel, Option<TransferIndex>), Option<Severity>)| {
                Verdict {
                    state: ChannelState::of(channel, transfer.and_then(|index| self.transfer(index)), worst),
                    worst,
                    transfer,
                }
            };
        channels.map(verdict).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        accepted_channel, attempt, endpoint, negotiated_channel, silent_session, syn, transfer,
        unnegotiated_channel,
    };
    use super::super::{ChannelIndex, CommandIndex, Connector, Direction, Mode};
    use super::*;
    use crate::base::Timestamp;

    const START: Timestamp = Timestamp::from_nanos(1_772_366_400_000_000_000);

    const CONNECTED: AttemptResult = AttemptResult::Connected { time_wait: None };

    fn channel(result: Option<AttemptResult>) -> DataChannel {
        let (client, server) = (endpoint("192.0.2.1:40000"), endpoint("192.0.2.8:50000"));
        let connector = Connector { ip: client.ip, port: None };
        DataChannel {
            attempt: result.map(|result| attempt(syn(client, server, START, 9), result)),
            ..accepted_channel(Mode::Pasv, CommandIndex(0), server, connector)
        }
    }

    fn state(channel: DataChannel, status: Option<Status>) -> ChannelState {
        let mut session = silent_session("S", "192.0.2.1:39999", "192.0.2.8:21", START);
        session.data_channels.push(channel);
        session.transfers.extend(status.map(|it| Transfer {
            data_channel: Some(ChannelIndex(0)),
            ..transfer(CommandIndex(1), Direction::Download, it)
        }));
        session.verdicts()[0].state
    }

    #[test]
    fn the_packets_decide_where_no_connection_was_made() {
        for (answer, expected) in [
            (Answer::Rejected(None), ChannelState::Rejected),
            (Answer::Malformed, ChannelState::Malformed),
            (Answer::Unanswered(None), ChannelState::NoReply),
        ] {
            assert_eq!(state(negotiated_channel(Mode::Pasv, CommandIndex(0), answer), None), expected);
        }
        assert_eq!(state(channel(Some(AttemptResult::Refused)), Some(Status::Failed)), ChannelState::Refused);
        assert_eq!(state(channel(Some(AttemptResult::Unanswered)), None), ChannelState::Unanswered);
        assert_eq!(state(channel(None), Some(Status::Complete)), ChannelState::Unused);
        assert_eq!(state(unnegotiated_channel(), None), ChannelState::Unused);
    }

    #[test]
    fn a_connection_whose_transfer_failed_was_cut_short() {
        for (status, expected) in [
            (None, ChannelState::Connected),
            (Some(Status::Complete), ChannelState::Connected),
            (Some(Status::Unfinished), ChannelState::Connected),
            (Some(Status::Aborted), ChannelState::CutShort),
            (Some(Status::Failed), ChannelState::CutShort),
        ] {
            let state = state(channel(Some(CONNECTED)), status);
            assert_eq!(state, expected);
            assert_eq!(state.of_the_connection(), ChannelState::Connected);
        }
    }
}
