//! Evaluates a filter on a session that is known only in part.
//!
//! **Invariant:** a decision is the one that the whole session would give.

use super::field::Field;
use super::lexer::Operator;
use super::parser::{Expression, Operand};
use super::value;
use crate::report::Session;

/// How many of a field's values are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// All its values.
    All,
    /// Some of its values; there may be others.
    Part,
    /// None of its values.
    Nothing,
}

impl Expression {
    /// Whether a session passes, if the known part of it decides that.
    pub(super) fn decides(&self, session: &Session, knows: &dyn Fn(Field) -> Knowledge) -> Option<bool> {
        match self {
            Self::Or(parts) => any_of(parts, true, |part| part.decides(session, knows)),
            Self::And(parts) => any_of(parts, false, |part| part.decides(session, knows)),
            Self::Not(part) => part.decides(session, knows).map(|holds| !holds),
            Self::Occurs(field) => settled(knows(*field), || value::any(session, *field, &mut |_| true)),
            Self::Search(_) => settled(knows(Field::Text), || self.holds(session)),
            // One equal value makes this false, whatever the others.
            Self::Test { field, operator: Operator::NotEqual, operand } => match knows(*field) {
                Knowledge::All => Some(self.holds(session)),
                Knowledge::Part => has(session, *field, Operator::Equal, operand).then_some(false),
                Knowledge::Nothing => None,
            },
            Self::Test { field, operator, operand } => {
                settled(knows(*field), || has(session, *field, *operator, operand))
            }
        }
    }
}

fn has(session: &Session, field: Field, operator: Operator, operand: &Operand) -> bool {
    value::any(session, field, &mut |value| value::compare(value, operator, operand))
}

/// The result of a search, unless an unknown value could change it.
fn settled(knowledge: Knowledge, find: impl FnOnce() -> bool) -> Option<bool> {
    match knowledge {
        Knowledge::All => Some(find()),
        Knowledge::Part => find().then_some(true),
        Knowledge::Nothing => None,
    }
}

/// `decisive` if any part is; the opposite if all parts are that; otherwise undecided.
fn any_of<'p>(
    parts: &'p [Expression],
    decisive: bool,
    decides: impl Fn(&'p Expression) -> Option<bool>,
) -> Option<bool> {
    let mut is_open = false;
    for part in parts {
        match decides(part) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => is_open = true,
        }
    }
    (!is_open).then_some(!decisive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::filter::Filter;
    use crate::report::testing::silent_session;

    /// What a filter says of a session whose addresses are known, one of whose findings is not, and whose
    /// user is not known at all.
    fn decision(filter: &str) -> Option<bool> {
        let start = Timestamp::from_nanos(0);
        let session = silent_session("one", "192.0.2.1:50000", "192.0.2.2:21", start);
        let knows = |field| match field {
            Field::SessClient | Field::SessServer | Field::SessServerPort => Knowledge::All,
            Field::IpAddr | Field::TcpPort => Knowledge::Part,
            _ => Knowledge::Nothing,
        };
        Filter::parse(filter).unwrap().decides(&session, knows)
    }

    #[test]
    fn what_is_known_as_a_whole_decides_either_way() {
        assert_eq!(decision("sess.client == 192.0.2.1"), Some(true));
        assert_eq!(decision("sess.client == 192.0.2.9"), Some(false));
        assert_eq!(decision("sess.client != 192.0.2.9"), Some(true));
        assert_eq!(decision("!(sess.server.port == 21)"), Some(false));
    }

    #[test]
    fn what_is_known_in_part_decides_only_where_it_holds() {
        assert_eq!(decision("ip.addr == 192.0.2.1"), Some(true));
        assert_eq!(decision("ip.addr == 192.0.2.9"), None, "a data connection may go there");
        assert_eq!(decision("ip.addr != 192.0.2.1"), Some(false));
        assert_eq!(decision("ip.addr != 192.0.2.9"), None);
        assert_eq!(decision("!(ip.addr == 192.0.2.1)"), Some(false));
        assert_eq!(decision("tcp.port"), Some(true));
    }

    #[test]
    fn what_is_not_known_leaves_it_open_unless_another_part_decides() {
        assert_eq!(decision("sess.user == \"x\""), None);
        assert_eq!(decision("sess.user == \"x\" && sess.client == 192.0.2.9"), Some(false));
        assert_eq!(decision("sess.user == \"x\" && sess.client == 192.0.2.1"), None);
        assert_eq!(decision("sess.user == \"x\" || sess.client == 192.0.2.1"), Some(true));
        assert_eq!(decision("sess.user == \"x\" || sess.client == 192.0.2.9"), None);
        assert_eq!(decision("!(sess.user == \"x\")"), None);
    }
}
