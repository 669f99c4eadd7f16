//! Key derivation: the PRFs of TLS 1.0 and 1.1 (RFC 2246 section 5) and TLS 1.2 (RFC 5246 section 5), and
//! HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1).

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::suite::Hash;

/// A pseudorandom function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prf {
    /// Of TLS 1.0 and 1.1: MD5 and SHA-1, each with half of the secret.
    Legacy,
    /// Of TLS 1.2.
    Of(Hash),
}

/// Combines `P_hash(secret, label + seed)` with what `out` holds, by exclusive or.
macro_rules! p_hash {
    ($hash:ty, $secret:expr, $label:expr, $seed:expr, $out:expr) => {{
        let keyed = <Hmac<$hash> as hmac::Mac>::new_from_slice($secret).ok()?;
        let with_seed = |mut mac: Hmac<$hash>| {
            mac.update($label);
            for part in $seed {
                mac.update(part);
            }
            mac.finalize().into_bytes()
        };
        let mut a = with_seed(keyed.clone());
        for block in $out.chunks_mut(<$hash as sha2::Digest>::output_size()) {
            let mut mac = keyed.clone();
            mac.update(&a);
            for (byte, value) in block.iter_mut().zip(with_seed(mac)) {
                *byte ^= value;
            }
            let mut mac = keyed.clone();
            mac.update(&a);
            a = mac.finalize().into_bytes();
        }
    }};
}

/// Fills `out` with `PRF(secret, label, seed)`.
pub(super) fn prf(prf: Prf, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) -> Option<()> {
    out.fill(0);
    match prf {
        Prf::Legacy => {
            // The halves share a byte where the length is odd.
            let (one, _) = secret.split_at_checked(secret.len().div_ceil(2))?;
            let (_, other) = secret.split_at_checked(secret.len() / 2)?;
            p_hash!(Md5, one, label, seed, out);
            p_hash!(Sha1, other, label, seed, out);
        }
        Prf::Of(Hash::Sha256) => p_hash!(Sha256, secret, label, seed, out),
        Prf::Of(Hash::Sha384) => p_hash!(Sha384, secret, label, seed, out),
    }
    Some(())
}

/// Fills `out` with `HKDF-Expand-Label(secret, label, "", out.len())`.
pub(super) fn expand_label(hash: Hash, secret: &[u8], label: &[u8], out: &mut [u8]) -> Option<()> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_length = [u8::try_from(PREFIX.len().checked_add(label.len())?).ok()?];
    let info = [&length[..], &label_length, PREFIX, label, &[0]];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand_multi_info(&info, out).ok(),
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand_multi_info(&info, out).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digits: &str) -> Vec<u8> {
        let digits: Vec<u8> = digits.bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn the_prf_gives_the_published_answer() {
        // The vector for P_SHA256 that was posted to the TLS working group's list.
        let mut out = [0; 100];
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        prf(Prf::Of(Hash::Sha256), &secret, b"test label", &[&seed[..7], &seed[7..]], &mut out).unwrap();
        assert_eq!(
            out.to_vec(),
            hex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
                 6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
                 4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
                 87347b66")
        );
    }

    #[test]
    fn labels_expand_to_the_keys_of_rfc_8448() {
        // Section 3: the server's handshake traffic secret, its write key and its write iv.
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let (mut key, mut iv) = ([0; 16], [0; 12]);
        expand_label(Hash::Sha256, &secret, b"key", &mut key).unwrap();
        expand_label(Hash::Sha256, &secret, b"iv", &mut iv).unwrap();
        assert_eq!(key.to_vec(), hex("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(iv.to_vec(), hex("5d313eb2671276ee13000b30"));
    }
}
