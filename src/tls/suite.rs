//! Cipher suites: their names, and how those that ftpscope decrypts are built.

use Block::{Aes128, Aes256, Aria128, Aria256, Camellia128, Camellia256};
use Bulk::{Cbc, Ccm, Ccm8, ChaCha20Poly1305, Gcm};
use Hash::{Sha256, Sha384};

/// The hash function of a suite's key derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
}

impl Hash {
    /// Bytes of a hash, and of every secret of TLS 1.3.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// The MAC of a CBC suite: HMAC with this hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mac {
    Sha1,
    Sha256,
    Sha384,
}

impl Mac {
    /// Bytes of the MAC, and of its key.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A block cipher with a length of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Aes128,
    Aes256,
    Camellia128,
    Camellia256,
    Aria128,
    Aria256,
}

impl Block {
    /// Bytes of the key.
    const fn key_len(self) -> usize {
        match self {
            Aes128 | Camellia128 | Aria128 => 16,
            Aes256 | Camellia256 | Aria256 => 32,
        }
    }
}

/// How records are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bulk {
    Gcm(Block),
    Ccm(Block),
    /// CCM with a tag of 8 bytes instead of 16.
    Ccm8(Block),
    Cbc(Block, Mac),
    ChaCha20Poly1305,
}

impl Bulk {
    /// Bytes of the key.
    pub(super) const fn key_len(self) -> usize {
        match self {
            Gcm(block) | Ccm(block) | Ccm8(block) | Cbc(block, _) => block.key_len(),
            ChaCha20Poly1305 => 32,
        }
    }

    /// Bytes of the tag or MAC.
    pub(super) const fn tag_len(self) -> usize {
        match self {
            Gcm(_) | Ccm(_) | ChaCha20Poly1305 => 16,
            Ccm8(_) => 8,
            Cbc(_, mac) => mac.len(),
        }
    }

    /// Bytes of the part of a nonce that each record of TLS 1.2 carries.
    pub(super) const fn explicit_nonce_len(self) -> usize {
        match self {
            ChaCha20Poly1305 => 0,
            Cbc(..) => 16,
            Gcm(_) | Ccm(_) | Ccm8(_) => 8,
        }
    }
}

/// A cipher suite that ftpscope decrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) number: u16,
    pub(super) bulk: Bulk,
    pub(super) hash: Hash,
}

impl Suite {
    /// The suite, if ftpscope decrypts it.
    pub(super) fn find(number: u16) -> Option<Self> {
        let (bulk, hash) = row(number)?.2?;
        Some(Self { number, bulk, hash })
    }

    /// Whether it is one of TLS 1.3, which no earlier version knows (RFC 8446 appendix B.4).
    pub(super) const fn is_tls13(self) -> bool {
        self.number >> 8 == 0x13
    }

    /// Most bytes by which the padding of a record may be longer than needed to fill its last block.
    pub(super) const fn padding(self) -> usize {
        match self.bulk {
            Cbc(..) => 15,
            Gcm(_) | Ccm(_) | Ccm8(_) | ChaCha20Poly1305 => 0,
        }
    }

    /// Bytes of a Finished message of TLS 1.3.
    pub(super) const fn finished_len(self) -> usize {
        4 + self.hash.len()
    }

    /// Least bytes by which a protected record is longer than its content.
    pub(super) const fn overhead(self) -> usize {
        // One byte more: in TLS 1.3 the inner content type, with CBC the length of the padding.
        match self.bulk {
            bulk if self.is_tls13() => bulk.tag_len() + 1,
            Cbc(_, mac) => 16 + mac.len() + 1,
            bulk => bulk.explicit_nonce_len() + bulk.tag_len(),
        }
    }
}

/// The IANA name of a cipher suite, for those seen in practice.
pub fn suite_name(number: u16) -> Option<&'static str> {
    row(number).map(|row| row.1)
}

type Row = (u16, &'static str, Option<(Bulk, Hash)>);

fn row(number: u16) -> Option<&'static Row> {
    let index = ROWS.binary_search_by_key(&number, |row| row.0).ok()?;
    ROWS.get(index)
}

/// In order of their numbers.
const ROWS: &[Row] = &[
    (0x0000, "TLS_NULL_WITH_NULL_NULL", None),
    (0x0001, "TLS_RSA_WITH_NULL_MD5", None),
    (0x0002, "TLS_RSA_WITH_NULL_SHA", None),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5", None),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA", None),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA", None),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", None),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", None),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", None),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", None),
    (0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", None),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256", None),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", Some((Cbc(Aes256, Mac::Sha256), Sha256))),
    (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", Some((Cbc(Camellia128, Mac::Sha1), Sha256))),
    (0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA", Some((Cbc(Camellia128, Mac::Sha1), Sha256))),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", Some((Cbc(Camellia128, Mac::Sha1), Sha256))),
    (0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA", Some((Cbc(Camellia128, Mac::Sha1), Sha256))),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", Some((Cbc(Aes256, Mac::Sha256), Sha256))),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", Some((Cbc(Aes256, Mac::Sha256), Sha256))),
    (0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", Some((Cbc(Aes256, Mac::Sha256), Sha256))),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA", Some((Cbc(Camellia256, Mac::Sha1), Sha256))),
    (0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA", Some((Cbc(Camellia256, Mac::Sha1), Sha256))),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", Some((Cbc(Camellia256, Mac::Sha1), Sha256))),
    (0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA", Some((Cbc(Camellia256, Mac::Sha1), Sha256))),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0x00bd, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0x00bf, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256", Some((Cbc(Camellia256, Mac::Sha256), Sha256))),
    (0x00c3, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256", Some((Cbc(Camellia256, Mac::Sha256), Sha256))),
    (0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", Some((Cbc(Camellia256, Mac::Sha256), Sha256))),
    (0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256", Some((Cbc(Camellia256, Mac::Sha256), Sha256))),
    (0x1301, "TLS_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0x1302, "TLS_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", Some((ChaCha20Poly1305, Sha256))),
    (0x1304, "TLS_AES_128_CCM_SHA256", Some((Ccm(Aes128), Sha256))),
    (0x1305, "TLS_AES_128_CCM_8_SHA256", Some((Ccm8(Aes128), Sha256))),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", None),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", None),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", None),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", None),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", Some((Cbc(Aes128, Mac::Sha1), Sha256))),
    (0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", Some((Cbc(Aes256, Mac::Sha1), Sha256))),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", Some((Cbc(Aes256, Mac::Sha384), Sha384))),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", Some((Cbc(Aes128, Mac::Sha256), Sha256))),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", Some((Cbc(Aes256, Mac::Sha384), Sha384))),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Some((Gcm(Aes128), Sha256))),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Some((Gcm(Aes256), Sha384))),
    (0xc03c, "TLS_RSA_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc03d, "TLS_RSA_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc042, "TLS_DHE_DSS_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc043, "TLS_DHE_DSS_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc044, "TLS_DHE_RSA_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc045, "TLS_DHE_RSA_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc046, "TLS_DH_anon_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc047, "TLS_DH_anon_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc048, "TLS_ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc049, "TLS_ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc04c, "TLS_ECDHE_RSA_WITH_ARIA_128_CBC_SHA256", Some((Cbc(Aria128, Mac::Sha256), Sha256))),
    (0xc04d, "TLS_ECDHE_RSA_WITH_ARIA_256_CBC_SHA384", Some((Cbc(Aria256, Mac::Sha384), Sha384))),
    (0xc050, "TLS_RSA_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc052, "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc053, "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc056, "TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc057, "TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc05a, "TLS_DH_anon_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc05b, "TLS_DH_anon_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc05c, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc05d, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256", Some((Gcm(Aria128), Sha256))),
    (0xc061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384", Some((Gcm(Aria256), Sha384))),
    (0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", Some((Cbc(Camellia256, Mac::Sha384), Sha384))),
    (0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", Some((Cbc(Camellia128, Mac::Sha256), Sha256))),
    (0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", Some((Cbc(Camellia256, Mac::Sha384), Sha384))),
    (0xc07a, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc07b, "TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc07c, "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc07d, "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc080, "TLS_DHE_DSS_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc081, "TLS_DHE_DSS_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc084, "TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc085, "TLS_DH_anon_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc086, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc087, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc08a, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256", Some((Gcm(Camellia128), Sha256))),
    (0xc08b, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384", Some((Gcm(Camellia256), Sha384))),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM", Some((Ccm(Aes128), Sha256))),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM", Some((Ccm(Aes256), Sha256))),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM", Some((Ccm(Aes128), Sha256))),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM", Some((Ccm(Aes256), Sha256))),
    (0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8", Some((Ccm8(Aes128), Sha256))),
    (0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8", Some((Ccm8(Aes256), Sha256))),
    (0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", Some((Ccm8(Aes128), Sha256))),
    (0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", Some((Ccm8(Aes256), Sha256))),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", Some((Ccm(Aes128), Sha256))),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", Some((Ccm(Aes256), Sha256))),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", Some((Ccm8(Aes128), Sha256))),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", Some((Ccm8(Aes256), Sha256))),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Some((ChaCha20Poly1305, Sha256))),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Some((ChaCha20Poly1305, Sha256))),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Some((ChaCha20Poly1305, Sha256))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_in_order_and_built_as_their_names_say() {
        assert!(ROWS.is_sorted_by_key(|row| row.0));
        for &(number, name, _) in ROWS {
            let Some(suite) = Suite::find(number) else { continue };
            let says = |part: &str| name.contains(part);
            assert_eq!(suite.bulk.key_len() == 16, says("_128_"), "{name}");
            assert_eq!(suite.hash == Sha384, says("SHA384"), "{name}");
            assert_eq!(suite.bulk.tag_len() == 8, says("CCM_8"), "{name}");
            assert_eq!(matches!(suite.bulk, Gcm(_)), says("GCM"), "{name}");
            assert_eq!(matches!(suite.bulk, Cbc(..)), says("CBC"), "{name}");
            if let Gcm(block) | Ccm(block) | Ccm8(block) | Cbc(block, _) = suite.bulk {
                assert_eq!(matches!(block, Aes128 | Aes256), says("_AES_"), "{name}");
                assert_eq!(matches!(block, Aria128 | Aria256), says("_ARIA_"), "{name}");
            }
            if let Cbc(_, mac) = suite.bulk {
                assert_eq!(mac == Mac::Sha1, name.ends_with("_SHA"), "{name}");
                assert_eq!(mac == Mac::Sha384, says("SHA384"), "{name}");
            }
        }
        assert_eq!(suite_name(0x1301), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(suite_name(0x0a0a), None);
    }
}
