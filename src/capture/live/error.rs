//! Why an interface can't be captured on.

use crate::base::Printable;
use crate::decode::LinkType;

/// Why an interface can't be captured on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// libpcap was not there when the program was built.
    #[error("this build has no live capture (libpcap was not found when it was compiled)")]
    NotBuilt,
    /// There is no interface of that name.
    #[error("{}: no such interface. Known: {} (ftpscope -D)", Printable(name), Printable(&known.join(", ")))]
    NoSuchInterface {
        /// The name, or number, as the user gave it.
        name: String,
        /// The known interfaces.
        known: Vec<String>,
    },
    /// The system does not permit it.
    #[error("cannot capture on {}: permission denied ({})", Printable(name), Printable(why))]
    Permission {
        /// The interface.
        name: String,
        /// What libpcap says.
        why: String,
    },
    /// The capture filter is wrong.
    #[error("capture filter '{}': {}", Printable(filter), Printable(why))]
    Filter {
        /// The filter as the user gave it.
        filter: String,
        /// What libpcap says.
        why: String,
    },
    /// Its link type can't be decoded.
    #[error(
        "cannot capture on {}: its packets have link type {}, which isn't supported",
        Printable(name),
        link
    )]
    LinkType {
        /// The interface.
        name: String,
        /// The link type.
        link: LinkType,
    },
    /// Anything else.
    #[error("cannot capture on {}: {}", Printable(name), Printable(why))]
    Open {
        /// The interface.
        name: String,
        /// What libpcap or the system says.
        why: String,
    },
    /// Interfaces can't even be listed.
    #[error("cannot list the interfaces: {}", Printable(.0))]
    List(String),
}
