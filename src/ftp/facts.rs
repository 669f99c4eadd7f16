//! Facts that replies and listings state: sizes, features, protocols.

use crate::base::Text;

/// The facts of one entry of MLST or MLSD that ftpscope uses (RFC 3659 section 7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MlstFacts {
    /// Size in bytes.
    pub size: Option<u64>,
    /// `file`, `dir`, `cdir`, `pdir` or a system's own, in lower case.
    pub kind: Option<Box<str>>,
    /// The path name, as it is.
    pub name: Box<str>,
}

/// The exact size that the text of a 125 or 150 reply announces: `(1234 bytes)`.
pub fn announced_size(text: &str) -> Option<u64> {
    let _ = text;
    None
}

/// The size that the text of a 213 reply to SIZE states.
pub fn size_reply(text: &str) -> Option<u64> {
    let _ = text;
    None
}

/// The facts of one entry: a line of an MLSD listing, or of the text of a 250 reply to MLST. None where it is no such
/// line.
pub fn mlst_facts(line: &str) -> Option<MlstFacts> {
    let _ = line;
    None
}

/// The features that the text of a 211 reply to FEAT lists (RFC 2389 section 3.2).
pub fn features(text: &str) -> Vec<Text> {
    let _ = text;
    Vec::new()
}

/// The network protocols that the text of a 522 (RFC 2428) or 521 (RFC 1639) reply offers: `(1,2)`.
pub fn protocols_522(text: &str) -> Vec<u32> {
    let _ = text;
    Vec::new()
}

/// The representation type that the argument of TYPE puts in force, as the report shows it: `A`, `I`, `E` or `L 8`.
/// None where it is no type.
pub fn type_argument(argument: &str) -> Option<String> {
    let _ = argument;
    None
}

/// The system's name from the text of a 215 reply to SYST.
pub fn system_name(text: &str) -> Option<Text> {
    let _ = text;
    None
}
