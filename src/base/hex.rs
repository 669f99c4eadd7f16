//! Hashes as lower-case hexadecimal text.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

use super::Short;

/// Bytes in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8; 32]);

impl Hex<'_> {
    pub(crate) fn text(self) -> Short<64> {
        let mut text = Short::new();
        for &byte in self.0 {
            for nibble in [byte >> 4, byte & 0xf] {
                text.nibble(nibble);
            }
        }
        text
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// Writes a hash, if there is one, as reports show it.
#[expect(clippy::ref_option, reason = "serde passes every field by reference")]
pub(crate) fn serialize<S: Serializer>(hash: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    match hash {
        Some(hash) => serializer.serialize_some(Hex(hash).text().as_str()),
        None => serializer.serialize_none(),
    }
}

/// Reads what [`serialize`] writes.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u8; 32]>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    parse(&text).map(Some).ok_or_else(|| D::Error::custom("not 64 hexadecimal digits"))
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut hash = [0; 32];
    if pairs.len() != hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_hash_reads_as_hexadecimal_and_back(hash: [u8; 32]) {
            let mut want = String::new();
            for byte in hash {
                write!(want, "{byte:02x}").unwrap();
            }
            let text = Hex(&hash).text();
            prop_assert_eq!(text.as_str(), &want);
            prop_assert_eq!(parse(&want), Some(hash));
            let (_, rest) = want.split_at(1);
            for other in [rest.to_owned(), format!("{want}00"), format!("g{rest}"), format!("é{rest}")] {
                prop_assert_eq!(parse(&other), None);
            }
        }
    }
}
