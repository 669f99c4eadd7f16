//! Digests by the algorithms of FTP servers.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::ftp::Algorithm;

/// The digest of these bytes, in lower-case hexadecimal.
pub(super) fn digest(algorithm: Algorithm, bytes: &[u8]) -> Box<str> {
    match algorithm {
        Algorithm::Crc32 => hex(&crc32(bytes).to_be_bytes()),
        Algorithm::Md5 => hex(&Md5::digest(bytes)),
        Algorithm::Sha1 => hex(&Sha1::digest(bytes)),
        Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
        Algorithm::Sha512 => hex(&Sha512::digest(bytes)),
    }
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> Box<str> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect::<String>().into()
}

/// The remainders of all bytes. A dependency would be longer than this table.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut left: &mut [u32] = &mut table;
    let mut byte = 0_u32;
    while let Some((place, others)) = left.split_first_mut() {
        let mut rest = byte;
        let mut bit = 0;
        while bit < 8 {
            rest = (rest >> 1) ^ if rest & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        *place = rest;
        left = others;
        byte += 1;
    }
    table
};

/// CRC-32 as in Ethernet, ZIP and gzip.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, &byte: &u8| {
        let [low, ..] = sum.to_le_bytes();
        (sum >> 8) ^ TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default()
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_other_programs_compute() {
        for (algorithm, of_nothing, of_digits) in [
            (Algorithm::Crc32, "00000000", "cbf43926"),
            (Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e", "25f9e794323b453885f5181f1b624d0b"),
            (
                Algorithm::Sha1,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
            ),
            (
                Algorithm::Sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
        ] {
            assert_eq!(&*digest(algorithm, b""), of_nothing);
            assert_eq!(&*digest(algorithm, b"123456789"), of_digits);
        }
        let sha512 = digest(Algorithm::Sha512, b"123456789");
        assert!(sha512.starts_with("d9e6762dd1c8eaf6d61b3c6192fc408d"), "{sha512}");
    }
}
