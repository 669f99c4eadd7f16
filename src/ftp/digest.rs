//! Digests of files that servers compute on request: HASH (draft-bryan-ftpext-hash), and the older XCRC, XMD5,
//! MD5, XSHA and their kin, which no RFC defines.

use super::Verb;
use crate::base::choices;

choices! {
    /// How a digest is computed.
    pub enum Algorithm {
        /// CRC-32 as in Ethernet and ZIP.
        Crc32 => "CRC32",
        /// MD5.
        Md5 => "MD5",
        /// SHA-1.
        Sha1 => "SHA-1",
        /// SHA-256.
        Sha256 => "SHA-256",
        /// SHA-512.
        Sha512 => "SHA-512",
    }
}

impl Algorithm {
    /// Hexadecimal digits of a digest.
    const fn digits(self) -> usize {
        match self {
            Self::Crc32 => 8,
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    /// By its name in HASH, however it is spelt: `SHA-1`, `sha1`.
    fn named(name: &str) -> Option<Self> {
        let letters = || name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase());
        let is = |known: &Self| letters().eq(known.name().bytes().filter(u8::is_ascii_alphanumeric));
        Self::ALL.iter().copied().find(is)
    }
}

/// What a command asks for that makes a server compute a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestRequest {
    /// One by the algorithm that is selected: HASH.
    Selected,
    /// One by this algorithm.
    By(Algorithm),
}

/// What a command asks for, if it makes a server compute a digest.
pub fn digest_request(verb: &Verb) -> Option<DigestRequest> {
    let Verb::Other(name) = verb else { return None };
    Some(DigestRequest::By(match &**name {
        "HASH" => return Some(DigestRequest::Selected),
        "XCRC" => Algorithm::Crc32,
        "XMD5" | "MD5" => Algorithm::Md5,
        "XSHA" | "XSHA1" => Algorithm::Sha1,
        "XSHA256" => Algorithm::Sha256,
        "XSHA512" => Algorithm::Sha512,
        _ => return None,
    }))
}

/// Whether the text of a reply to FEAT offers digests.
pub fn offers_digests(features: &str) -> bool {
    let verb = |line: &str| line.trim().split([' ', '\r']).next().map(|verb| Verb::parse(verb.as_bytes()));
    features.lines().filter_map(verb).any(|verb| digest_request(&verb).is_some())
}

/// Which bytes of a file a digest is of, as far as it was said. Servers don't agree on whether the end is the last
/// byte or the one behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct DigestRange {
    /// The first byte.
    pub start: u64,
    /// The end.
    pub end: Option<u64>,
}

/// A digest that a server states.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct DigestReply {
    /// How it was computed.
    pub algorithm: Algorithm,
    /// The digest, in lower-case hexadecimal.
    pub digest: Box<str>,
    /// Of which bytes, where the reply says so.
    pub range: Option<DigestRange>,
}

/// The digest in the text of a 213, 250 or 251 reply; `None` where there is none, or more than one.
///
/// ```text
/// SHA-1 0-49 6ac3c336e4094835293a3fed8a4b5fedde1b5e2626d9838fed50693bba00af0e name    (HASH)
/// 2C7F0FCB                      XMD5 2529ac5bbadc78478353c3e3dd75aa96                 (XCRC, XMD5, …)
/// name 2529AC5BBADC78478353C3E3DD75AA96                                               (MD5)
/// ```
pub fn digest_reply(request: DigestRequest, text: &str) -> Option<DigestReply> {
    // Some say first that they compute it.
    let line = text.lines().rfind(|line| !line.trim().is_empty())?;
    match request {
        DigestRequest::Selected => hash_reply(line),
        DigestRequest::By(algorithm) => {
            let digest = only_digest(algorithm, line)?;
            Some(DigestReply { algorithm, digest, range: None })
        }
    }
}

fn hash_reply(line: &str) -> Option<DigestReply> {
    let mut words = line.split_ascii_whitespace();
    let algorithm = Algorithm::named(words.next()?)?;
    let (start, end) = words.next()?.split_once('-')?;
    let range = DigestRange { start: start.parse().ok()?, end: end.parse().ok() };
    let digest = words.next().filter(|word| is_digest(algorithm, word))?;
    Some(DigestReply { algorithm, digest: digest.to_ascii_lowercase().into(), range: Some(range) })
}

fn is_digest(algorithm: Algorithm, word: &str) -> bool {
    word.len() == algorithm.digits() && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The one word that can be a digest, among a name and perhaps more. Servers that write numbers without leading
/// zeros do so in a reply of nothing else.
fn only_digest(algorithm: Algorithm, line: &str) -> Option<Box<str>> {
    let words = || line.split(|letter: char| letter.is_ascii_whitespace() || "\"'<>():=,;".contains(letter));
    let mut digests = words().filter(|word| is_digest(algorithm, word));
    if let Some(digest) = digests.next() {
        // A file may be called as if it were one.
        let last = digests.next_back().unwrap_or(digest);
        return Some(last.to_ascii_lowercase().into());
    }
    let alone = line.trim();
    let is_short = alone.len() < 8 && !alone.is_empty() && alone.bytes().all(|byte| byte.is_ascii_hexdigit());
    (algorithm == Algorithm::Crc32 && is_short).then(|| format!("{alone:0>8}").to_ascii_lowercase().into())
}

/// What the argument of a digest command may mean: a name and a range of bytes. Where numbers end it they may be part
/// of the name, so that all readings are given.
///
/// ```text
/// name    "name"    "name" start end    name start end
/// ```
pub fn digest_argument(argument: &str) -> impl Iterator<Item = (&str, Option<DigestRange>)> {
    let argument = argument.trim();
    let quoted = argument.strip_prefix('"').and_then(|rest| rest.rsplit_once('"'));
    let number = |word: &str| word.parse::<u64>().ok();
    let quoted = quoted.map(|(name, rest)| {
        let mut numbers = rest.split_ascii_whitespace().map_while(number);
        (name, numbers.next().map(|start| DigestRange { start, end: numbers.next() }))
    });
    let behind =
        |text: &'_ str| text.rsplit_once(' ').map(|(rest, word)| (rest.trim_end().len(), number(word)));
    let one = behind(argument).and_then(|(cut, start)| Some((argument.get(..cut)?, start?)));
    let two = one.and_then(|(rest, end)| {
        let (cut, start) = behind(rest)?;
        Some((rest.get(..cut)?, DigestRange { start: start?, end: Some(end) }))
    });
    let bare = [
        Some((argument, None)),
        one.map(|(name, start)| (name, Some(DigestRange { start, end: None }))),
        two.map(|(name, range)| (name, Some(range))),
    ];
    let bare = bare.into_iter().flatten().filter(move |_| quoted.is_none());
    quoted.into_iter().chain(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "2529AC5BBADC78478353C3E3DD75AA96";

    fn read(verb: &str, text: &str) -> Option<(Algorithm, String, Option<DigestRange>)> {
        let reply = digest_reply(digest_request(&Verb::parse(verb.as_bytes()))?, text)?;
        Some((reply.algorithm, reply.digest.into(), reply.range))
    }

    #[test]
    fn what_servers_answer_is_read_whatever_stands_around_the_digest() {
        let md5 = Some((Algorithm::Md5, MD5.to_lowercase(), None));
        for (verb, text) in [
            ("XMD5", MD5.to_owned()),
            ("XMD5", format!("MD5: {MD5}")),
            ("XMD5", format!("Computing MD5 digest\n{MD5}")),
            ("md5", format!("\"a b.txt\" {MD5}")),
            ("MD5", format!("{} {MD5}", "a".repeat(32))),
        ] {
            assert_eq!(read(verb, &text), md5, "{text}");
        }
        let range = DigestRange { start: 0, end: Some(49) };
        let sha1 = "2a8a6cf44c5cfa9a57dc26e885297f2cfc0f0f66";
        let hash = format!("Computing SHA-1 digest\nSHA-1 0-49 {sha1} mid.bin");
        assert_eq!(read("HASH", &hash), Some((Algorithm::Sha1, sha1.into(), Some(range))));
    }

    #[test]
    fn a_number_is_filled_up_with_zeros_only_where_it_stands_alone() {
        assert_eq!(read("XCRC", "BC1"), Some((Algorithm::Crc32, "00000bc1".into(), None)));
        assert_eq!(read("XCRC", "XCRC 2C7F0FCB"), Some((Algorithm::Crc32, "2c7f0fcb".into(), None)));
        for text in ["Done", "bad file", "", "XCRC BC1", "123456789"] {
            assert_eq!(read("XCRC", text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_digest_is_none() {
        for (verb, text) in [
            ("XSHA256", MD5),
            ("HASH", MD5),
            ("HASH", "SHA-3 0-4 aa name"),
            ("HASH", "SHA-1 0-4 zz name"),
            ("SIZE", MD5),
        ] {
            assert_eq!(read(verb, text), None, "{verb} {text}");
        }
    }

    #[test]
    fn an_argument_is_a_name_and_perhaps_a_range() {
        let range = |start, end| Some(DigestRange { start, end });
        let read = |argument| digest_argument(argument).collect::<Vec<_>>();
        assert_eq!(read("a b"), [("a b", None)]);
        assert_eq!(read("\"a 1\" 2 3"), [("a 1", range(2, Some(3)))]);
        assert_eq!(read("\"a 1\""), [("a 1", None)]);
        assert_eq!(read("a 2 3"), [("a 2 3", None), ("a 2", range(3, None)), ("a", range(2, Some(3)))]);
    }

    #[test]
    fn features_tell_whether_digests_are_offered() {
        assert!(offers_digests("Features:\n SIZE\n HASH SHA-1*;MD5\nEnd"));
        assert!(offers_digests("Features:\r\n XCRC \"file\" SP EP\r\nEnd"));
        assert!(!offers_digests("Features:\n SIZE\n MDTM\nEnd"));
    }
}
