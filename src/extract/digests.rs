//! Digests that tools of old ask for, of contents that are kept.

use std::io::{self, Read};

use md5::Md5;
use sha1::{Digest, Sha1};

/// SHA-1 and MD5 of all that can be read, in hexadecimal.
pub(super) fn of(mut content: impl Read) -> io::Result<(String, String)> {
    let (mut sha1, mut md5) = (Sha1::new(), Md5::new());
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = content.read(&mut piece)?;
        let bytes = piece.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((hex(&sha1.finalize()), hex(&md5.finalize())));
        }
        sha1.update(bytes);
        md5.update(bytes);
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        let (sha1, md5) = of(&b"abc"[..]).unwrap_or_default();
        assert_eq!(sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(md5, "900150983cd24fb0d6963f7d28e17f72");
    }
}
