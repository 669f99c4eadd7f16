//! Types that all floors share: times, endpoints, text from the wire, secrets, limits.
//!
//! **Invariant:** nothing here knows FTP, TCP or a file.

mod bytes;
mod choice;
#[cfg(feature = "store")]
pub(crate) mod encode;
mod endpoint;
mod hash_keys;
pub(crate) mod hex;
mod index;
mod limits;
mod number_map;
mod packet;
mod refuse;
mod secret;
mod short;
mod text;
mod time;
mod time_delta;

pub use bytes::Bytes;
pub use choice::{Choice, UnknownName};
pub(crate) use choice::{choices, phrase};
pub use endpoint::Endpoint;
#[cfg(any(test, all(target_family = "wasm", target_os = "unknown")))]
pub use hash_keys::set_hash_keys;
pub(crate) use hash_keys::{FastKeys, KeyedMap, KeyedSet, StrongKeys};
pub(crate) use index::indices;
pub use limits::{Cost, Limit, LimitCounts, LimitName, LimitSet, Limits, cost};
pub(crate) use number_map::NumberMap;
pub use packet::{FrameNumber, PacketRef};
pub(crate) use refuse::{refuse_other_values, refuse_values};
pub use secret::{Secret, SecretKey};
pub(crate) use short::{Address, Short, digits};
pub use text::{Printable, Text, is_unprintable};
pub(crate) use text::{is_plain, plain_length};
pub(crate) use time::TIME_LENGTH;
pub use time::{InvalidTime, Timestamp};
pub use time_delta::TimeDelta;
