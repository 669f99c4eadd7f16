//! Key derivation: the PRF of TLS 1.2 (RFC 5246 section 5) and HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1).

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Sha256, Sha384};

use super::suite::Hash;

/// Fills `out` with `PRF(secret, label, seed)`.
pub(super) fn prf(hash: Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) -> Option<()> {
    macro_rules! p_hash {
        ($hash:ty) => {{
            let keyed = <Hmac<$hash> as hmac::Mac>::new_from_slice(secret).ok()?;
            let with_seed = |mut mac: Hmac<$hash>| {
                mac.update(label);
                for part in seed {
                    mac.update(part);
                }
                mac.finalize().into_bytes()
            };
            let mut a = with_seed(keyed.clone());
            for block in out.chunks_mut(<$hash as sha2::Digest>::output_size()) {
                let mut mac = keyed.clone();
                mac.update(&a);
                for (byte, value) in block.iter_mut().zip(with_seed(mac)) {
                    *byte = value;
                }
                let mut mac = keyed.clone();
                mac.update(&a);
                a = mac.finalize().into_bytes();
            }
        }};
    }
    match hash {
        Hash::Sha256 => p_hash!(Sha256),
        Hash::Sha384 => p_hash!(Sha384),
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
