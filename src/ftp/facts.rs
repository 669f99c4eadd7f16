//! Facts stated by replies, listings and arguments: sizes, features, protocols, types.

use memchr::{memchr, memrchr_iter};

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
///
/// No RFC defines it. The last pair of parentheses counts, since a file name before it may have some too. Other
/// units are not exact.
pub fn announced_size(text: &str) -> Option<u64> {
    parentheses(text).find_map(|inside| {
        let (digits, unit) = inside.trim().split_once(' ')?;
        let unit = unit.trim();
        let counts_bytes = unit.eq_ignore_ascii_case("bytes") || unit.eq_ignore_ascii_case("byte");
        if counts_bytes { decimal(digits) } else { None }
    })
}

/// The first byte and the length of the range in the argument of RANG. None for an empty range: `RANG 1 0`
/// cancels an earlier one.
///
/// ```text
/// first-byte SP last-byte              (draft-bryan-ftpext-range)
/// ```
pub fn range_argument(argument: &str) -> Option<(u64, u64)> {
    let (first, last) = argument.trim().split_once(' ')?;
    let (first, last) = (decimal(first)?, decimal(last.trim_start())?);
    Some((first, last.checked_sub(first)?.checked_add(1)?))
}

/// The size that the text of a 213 reply to SIZE states (RFC 3659 section 4).
pub fn size_reply(text: &str) -> Option<u64> {
    decimal(text.split_ascii_whitespace().next()?)
}

/// The facts of one entry: a line of an MLSD listing, or of a 250 reply to MLST. None for any other line.
///
/// ```text
/// [ SP ] { fact "=" value ";" } SP pathname        (RFC 3659 section 7.2)
/// ```
pub fn mlst_facts(line: &str) -> Option<MlstFacts> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (facts, name) = line.strip_prefix(' ').unwrap_or(line).split_once(' ')?;
    let mut entry = MlstFacts { name: name.into(), ..MlstFacts::default() };
    for fact in facts.split_terminator(';') {
        let (key, value) = fact.split_once('=')?;
        if key.eq_ignore_ascii_case("size") {
            entry.size = decimal(value);
        } else if key.eq_ignore_ascii_case("type") {
            entry.kind = Some(value.to_ascii_lowercase().into());
        }
    }
    (!facts.is_empty() && !name.is_empty()).then_some(entry)
}

/// The facts in a 250 reply to MLST: those of its first line that has any.
pub fn mlst_reply(text: &str) -> Option<MlstFacts> {
    text.lines().find_map(mlst_facts)
}

/// The features that the text of a 211 reply to FEAT lists: the lines between the first and the last, without
/// the space before them (RFC 2389 section 3.2).
pub fn features(text: &str) -> Vec<Text> {
    let between = text.split_once('\n').and_then(|(_, behind)| behind.rsplit_once('\n'));
    let lines = between.map_or("", |(between, _)| between).split('\n');
    lines.map(str::trim).filter(|line| !line.is_empty()).map(Text::from).collect()
}

/// The network protocols that the text of a 522 reply offers (RFC 2428 section 2), or the address families of
/// a 521 reply (RFC 1639 section 3): `(1,2)`.
pub fn protocols_522(text: &str) -> Vec<u32> {
    let number = |number: &str| number.trim().parse().ok();
    parentheses(text).find_map(|inside| inside.split(',').map(number).collect()).unwrap_or_default()
}

/// The representation type that the argument of TYPE puts in force, as the report shows it: `A`, `I`, `E` or
/// `L 8`. None where it is no type.
///
/// ```text
/// A [SP form] | E [SP form] | I | L SP byte-size        (RFC 959 section 5.3.1; form: N | T | C)
/// ```
pub fn type_argument(argument: &str) -> Option<String> {
    let argument = argument.trim().to_ascii_uppercase();
    let mut characters = argument.chars();
    let (kind, rest) = (characters.next()?, characters.as_str());
    match (kind, rest.trim_start()) {
        ('A' | 'E' | 'I', "") => Some(kind.to_string()),
        ('A' | 'E', "N" | "T" | "C") if rest.starts_with(' ') => Some(kind.to_string()),
        ('L', size) => match size.parse::<u8>() {
            Ok(size) if size > 0 => Some(format!("L {size}")),
            _ => None,
        },
        _ => None,
    }
}

/// The structure that the argument of STRU puts in force: `F`, `R` or `P` (RFC 959 section 3.1.2). None where
/// it is none.
pub fn structure_argument(argument: &str) -> Option<char> {
    one_of("FRP", argument)
}

/// The transmission mode that the argument of MODE puts in force: `S`, `B`, `C` (RFC 959 section 3.4) or `Z`
/// (deflate). None for any other argument.
pub fn mode_argument(argument: &str) -> Option<char> {
    one_of("SBCZ", argument)
}

/// The offset that the argument of REST names in stream mode (RFC 3659 section 5). None where it is no
/// number.
pub fn restart_argument(argument: &str) -> Option<u64> {
    decimal(argument.trim())
}

/// The system's name from the text of a 215 reply to SYST.
pub fn system_name(text: &str) -> Option<Text> {
    let name = text.trim();
    (!name.is_empty()).then(|| name.into())
}

/// The contents of parentheses, the last first; of nested ones, the innermost.
fn parentheses(text: &str) -> impl Iterator<Item = &str> {
    let mut end = text.len();
    memrchr_iter(b'(', text.as_bytes()).filter_map(move |open| {
        let piece = text.get(open.saturating_add(1)..end)?;
        end = open;
        piece.get(..memchr(b')', piece.as_bytes())?)
    })
}

/// The one letter of `argument`, in upper case, if it is one of `letters`.
fn one_of(letters: &str, argument: &str) -> Option<char> {
    let mut characters = argument.trim().chars();
    let letter = characters.next()?.to_ascii_uppercase();
    (characters.next().is_none() && letters.contains(letter)).then_some(letter)
}

/// A number made of digits only, if it fits.
fn decimal(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
