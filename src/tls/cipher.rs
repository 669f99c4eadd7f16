//! Record protection: one direction's keys, and what opens a record with them.

use std::fmt;
use std::ops::Range;

use aes::{Aes128, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aead::generic_array::typenum::Unsigned;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aria::{Aria128, Aria256};
use camellia::{Camellia128, Camellia256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyIvInit};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::Version;
use super::hello::ServerHello;
use super::record::{ContentType, Header};
use super::schedule::{Prf, expand_label, prf};
use super::suite::{Block, Bulk, Hash, Mac, Suite};

/// Bytes of the initialisation vector of every AEAD of TLS.
const IV: usize = 12;

/// Bytes of a block of every block cipher here.
const BLOCK: usize = 16;

/// Opens the records of one direction under one set of keys.
pub(super) struct RecordCipher(Form);

enum Form {
    /// TLS 1.3 (RFC 8446 section 5.2): the content type is inside.
    Tls13 { aead: Box<dyn Aead>, iv: [u8; IV] },
    /// TLS 1.2 with an AEAD: the nonce is the salt and 8 bytes from the record (RFC 5288, RFC 6655).
    Explicit { aead: Box<dyn Aead>, salt: [u8; 4] },
    /// TLS 1.2 with ChaCha20-Poly1305: the nonce comes from the sequence number (RFC 7905).
    Implicit { aead: Box<dyn Aead>, iv: [u8; IV] },
    /// TLS 1.2 and before with CBC and a MAC (RFC 5246 section 6.2.3.2).
    Cbc(Cbc),
}

struct Cbc {
    block: Block,
    key: Zeroizing<Box<[u8]>>,
    mac_key: Zeroizing<Box<[u8]>>,
    mac: Mac,
    /// The MAC is computed over the cipher text (RFC 7366).
    encrypt_then_mac: bool,
    /// TLS 1.0: the next record's initialisation vector, which is the last block of the one before.
    chained: Option<[u8; BLOCK]>,
}

impl RecordCipher {
    /// The keys that follow from a traffic secret (RFC 8446 section 7.3).
    pub(super) fn tls13(suite: Suite, secret: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new(vec![0; suite.bulk.key_len()]);
        expand_label(suite.hash, secret, b"key", &mut key)?;
        let mut iv = [0; IV];
        expand_label(suite.hash, secret, b"iv", &mut iv)?;
        Some(Self(Form::Tls13 { aead: aead(suite.bulk, &key)?, iv }))
    }

    /// The keys with which a side writes in TLS 1.2 and before (RFC 5246 section 6.3).
    pub(super) fn tls12(
        suite: Suite,
        master: &[u8],
        client_random: &[u8; 32],
        server: &ServerHello,
        is_client: bool,
    ) -> Option<Self> {
        let is_legacy = server.version < Version::TLS12;
        let (mac_len, iv_len) = match suite.bulk {
            Bulk::Cbc(_, mac) if server.version == Version::TLS10 => (mac.len(), BLOCK),
            Bulk::Cbc(_, mac) => (mac.len(), 0),
            // Those came with TLS 1.2.
            _ if is_legacy => return None,
            Bulk::ChaCha20Poly1305 => (0, IV),
            Bulk::Gcm(_) | Bulk::Ccm(_) | Bulk::Ccm8(_) => (0, 4),
        };
        let key_len = suite.bulk.key_len();
        let mut block = Zeroizing::new(vec![0; 2 * (mac_len + key_len + iv_len)]);
        let function = if is_legacy { Prf::Legacy } else { Prf::Of(suite.hash) };
        prf(function, master, b"key expansion", &[&server.random, client_random], &mut block)?;
        let mut rest = &block[..];
        let mut half = |len: usize| {
            let (client, after) = rest.split_at_checked(len)?;
            let (server, after) = after.split_at_checked(len)?;
            rest = after;
            Some(if is_client { client } else { server })
        };
        let (mac_key, key, iv) = (half(mac_len)?, half(key_len)?, half(iv_len)?);
        Some(Self(match suite.bulk {
            Bulk::Cbc(block, mac) => Form::Cbc(Cbc {
                block,
                key: Zeroizing::new(key.into()),
                mac_key: Zeroizing::new(mac_key.into()),
                mac,
                encrypt_then_mac: server.encrypt_then_mac,
                chained: iv.first_chunk().copied(),
            }),
            Bulk::ChaCha20Poly1305 => Form::Implicit { aead: aead(suite.bulk, key)?, iv: *iv.first_chunk()? },
            Bulk::Gcm(_) | Bulk::Ccm(_) | Bulk::Ccm8(_) => {
                Form::Explicit { aead: aead(suite.bulk, key)?, salt: *iv.first_chunk()? }
            }
        }))
    }

    /// What the next record's decryption depends on of this one, before it is opened: its last block, in TLS
    /// 1.0.
    pub(super) fn last_block(&self, body: &[u8]) -> Option<[u8; BLOCK]> {
        let Form::Cbc(Cbc { chained: Some(_), mac, encrypt_then_mac, .. }) = &self.0 else { return None };
        let behind = if *encrypt_then_mac { mac.len() } else { 0 };
        body.get(..body.len().checked_sub(behind)?)?.last_chunk().copied()
    }

    /// The record with this last block has passed, opened or not.
    pub(super) fn follow(&mut self, last_block: [u8; BLOCK]) {
        if let Form::Cbc(cbc) = &mut self.0 {
            cbc.chained = Some(last_block);
        }
    }

    /// Opens the record with number `sequence` in place: its true content type, and where in the body the
    /// content is. A body that does not open is left as it was.
    pub(super) fn open(
        &self,
        sequence: u64,
        header: Header,
        body: &mut [u8],
    ) -> Option<(ContentType, Range<usize>)> {
        match &self.0 {
            Form::Tls13 { aead, iv } => {
                if header.kind != ContentType::ApplicationData {
                    return None;
                }
                let length = aead.open(&mask(iv, sequence), &header.to_wire(), body)?;
                let inner = body.get(..length)?;
                let end = inner.iter().rposition(|&byte| byte != 0)?;
                Some((ContentType::from_wire(*inner.get(end)?)?, 0..end))
            }
            Form::Explicit { aead, salt } => {
                let (explicit, sealed) = body.split_first_chunk_mut::<8>()?;
                let mut nonce = [0; IV];
                nonce.iter_mut().zip(salt.iter().chain(&*explicit)).for_each(|(to, from)| *to = *from);
                let length = sealed.len().checked_sub(aead.tag_len())?;
                let length = aead.open(&nonce, &pseudo_header(sequence, header, length)?, sealed)?;
                Some((header.kind, 8..8 + length))
            }
            Form::Implicit { aead, iv } => {
                let length = body.len().checked_sub(aead.tag_len())?;
                let length =
                    aead.open(&mask(iv, sequence), &pseudo_header(sequence, header, length)?, body)?;
                Some((header.kind, 0..length))
            }
            Form::Cbc(cbc) => Some((header.kind, cbc.open(sequence, header, body)?)),
        }
    }
}

/// Says nothing of the keys.
impl fmt::Debug for RecordCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordCipher").finish_non_exhaustive()
    }
}

impl Cbc {
    fn open(&self, sequence: u64, header: Header, body: &mut [u8]) -> Option<Range<usize>> {
        let protected = if self.encrypt_then_mac {
            let (protected, tag) = body.split_at_checked(body.len().checked_sub(self.mac.len())?)?;
            self.verify(&pseudo_header(sequence, header, protected.len())?, protected, tag)?;
            protected
        } else {
            &*body
        };
        let (iv, sealed) = match &self.chained {
            Some(iv) => (iv, protected),
            None => protected.split_first_chunk::<BLOCK>()?,
        };
        let mut opened = Zeroizing::new(sealed.to_vec());
        let text = &mut opened[..];
        match self.block {
            Block::Aes128 => decrypt::<Aes128>(&self.key, iv, text)?,
            Block::Aes256 => decrypt::<Aes256>(&self.key, iv, text)?,
            Block::Camellia128 => decrypt::<Camellia128>(&self.key, iv, text)?,
            Block::Camellia256 => decrypt::<Camellia256>(&self.key, iv, text)?,
            Block::Aria128 => decrypt::<Aria128>(&self.key, iv, text)?,
            Block::Aria256 => decrypt::<Aria256>(&self.key, iv, text)?,
        }
        let padding = usize::from(*text.last()?).checked_add(1)?;
        let text = text.get(..text.len().checked_sub(padding)?)?;
        let content = if self.encrypt_then_mac {
            text
        } else {
            let (content, tag) = text.split_at_checked(text.len().checked_sub(self.mac.len())?)?;
            self.verify(&pseudo_header(sequence, header, content.len())?, content, tag)?;
            content
        };
        body.get_mut(..content.len())?.copy_from_slice(content);
        Some(0..content.len())
    }

    fn verify(&self, pseudo_header: &[u8], text: &[u8], tag: &[u8]) -> Option<()> {
        fn check<M: hmac::Mac + KeyInit>(key: &[u8], parts: [&[u8]; 2], tag: &[u8]) -> Option<()> {
            let mut mac = <M as hmac::Mac>::new_from_slice(key).ok()?;
            for part in parts {
                mac.update(part);
            }
            mac.verify_slice(tag).ok()
        }
        let parts = [pseudo_header, text];
        match self.mac {
            Mac::Sha1 => check::<Hmac<Sha1>>(&self.mac_key, parts, tag),
            Mac::Sha256 => check::<Hmac<Sha256>>(&self.mac_key, parts, tag),
            Mac::Sha384 => check::<Hmac<Sha384>>(&self.mac_key, parts, tag),
        }
    }
}

fn decrypt<B>(key: &[u8], iv: &[u8], text: &mut [u8]) -> Option<()>
where
    B: BlockCipher + BlockDecryptMut + KeyInit,
{
    let decryptor = <cbc::Decryptor<B> as KeyIvInit>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_mut::<NoPadding>(text).ok().map(|_| ())
}

/// Replaces a traffic secret by its successor (RFC 8446 section 7.2).
pub(super) fn update_secret(hash: Hash, secret: &mut Zeroizing<Box<[u8]>>) -> Option<()> {
    let mut next = Zeroizing::new(vec![0; secret.len()].into_boxed_slice());
    expand_label(hash, secret, b"traffic upd", &mut next)?;
    *secret = next;
    Some(())
}

/// The nonce of a record: the initialisation vector with the sequence number in its last eight bytes.
fn mask(iv: &[u8; IV], sequence: u64) -> [u8; IV] {
    let mut nonce = *iv;
    nonce.iter_mut().rev().zip(sequence.to_le_bytes()).for_each(|(byte, part)| *byte ^= part);
    nonce
}

/// What TLS 1.2 authenticates beside the text: sequence number, content type, version and length.
fn pseudo_header(sequence: u64, header: Header, length: usize) -> Option<[u8; 13]> {
    let mut bytes = [0; 13];
    let parts = sequence.to_be_bytes().into_iter().chain([header.kind.to_wire()]);
    let parts = parts.chain(header.version.to_be_bytes());
    let parts = parts.chain(u16::try_from(length).ok()?.to_be_bytes());
    bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Some(bytes)
}

/// An authenticated cipher with a nonce of 12 bytes whose tag follows the text.
trait Aead: Send + Sync {
    fn tag_len(&self) -> usize;

    /// Decrypts in place and returns the length of the text; the bytes stay as they are where the tag is
    /// wrong.
    fn open(&self, nonce: &[u8; IV], associated: &[u8], sealed: &mut [u8]) -> Option<usize>;
}

/// A cipher, and whether it decrypts before it verifies: then the bytes are lost where the tag is wrong.
struct Sealed<A> {
    cipher: A,
    decrypts_first: bool,
}

impl<A: AeadInPlace<NonceSize = U12> + Send + Sync> Aead for Sealed<A> {
    fn tag_len(&self) -> usize {
        A::TagSize::USIZE
    }

    fn open(&self, nonce: &[u8; IV], associated: &[u8], sealed: &mut [u8]) -> Option<usize> {
        let length = sealed.len().checked_sub(self.tag_len())?;
        let (text, tag) = sealed.split_at_mut_checked(length)?;
        let tag = GenericArray::from_exact_iter(tag.iter().copied())?;
        let nonce = (*nonce).into();
        if self.decrypts_first {
            let mut opened = Zeroizing::new(text.to_vec());
            self.cipher.decrypt_in_place_detached(&nonce, associated, &mut opened, &tag).ok()?;
            text.copy_from_slice(&opened);
        } else {
            self.cipher.decrypt_in_place_detached(&nonce, associated, text, &tag).ok()?;
        }
        Some(length)
    }
}

fn aead(bulk: Bulk, key: &[u8]) -> Option<Box<dyn Aead>> {
    fn build<A>(key: &[u8], decrypts_first: bool) -> Option<Box<dyn Aead>>
    where
        A: AeadInPlace<NonceSize = U12> + KeyInit + Send + Sync + 'static,
    {
        Some(Box::new(Sealed { cipher: A::new_from_slice(key).ok()?, decrypts_first }))
    }
    match bulk {
        Bulk::Gcm(Block::Aes128) => build::<AesGcm<Aes128, U12>>(key, false),
        Bulk::Gcm(Block::Aes256) => build::<AesGcm<Aes256, U12>>(key, false),
        Bulk::Gcm(Block::Camellia128) => build::<AesGcm<Camellia128, U12>>(key, false),
        Bulk::Gcm(Block::Camellia256) => build::<AesGcm<Camellia256, U12>>(key, false),
        Bulk::Gcm(Block::Aria128) => build::<AesGcm<Aria128, U12>>(key, false),
        Bulk::Gcm(Block::Aria256) => build::<AesGcm<Aria256, U12>>(key, false),
        Bulk::ChaCha20Poly1305 => build::<ChaCha20Poly1305>(key, false),
        Bulk::Ccm(Block::Aes128) => build::<Ccm<Aes128, U16, U12>>(key, true),
        Bulk::Ccm(Block::Aes256) => build::<Ccm<Aes256, U16, U12>>(key, true),
        Bulk::Ccm8(Block::Aes128) => build::<Ccm<Aes128, U8, U12>>(key, true),
        Bulk::Ccm8(Block::Aes256) => build::<Ccm<Aes256, U8, U12>>(key, true),
        // No suite has them.
        Bulk::Ccm(_) | Bulk::Ccm8(_) | Bulk::Cbc(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8448 section 3: the client's application traffic secret and its first record.
    const SECRET: [u8; 32] = [
        0x9e, 0x40, 0x64, 0x6c, 0xe7, 0x9a, 0x7f, 0x9d, 0xc0, 0x5a, 0xf8, 0x88, 0x9b, 0xce, 0x65, 0x52, 0x87,
        0x5a, 0xfa, 0x0b, 0x06, 0xdf, 0x00, 0x87, 0xf7, 0x92, 0xeb, 0xb7, 0xc1, 0x75, 0x04, 0xa5,
    ];
    const RECORD: [u8; 72] = [
        0x17, 0x03, 0x03, 0x00, 0x43, 0xa2, 0x3f, 0x70, 0x54, 0xb6, 0x2c, 0x94, 0xd0, 0xaf, 0xfa, 0xfe, 0x82,
        0x28, 0xba, 0x55, 0xcb, 0xef, 0xac, 0xea, 0x42, 0xf9, 0x14, 0xaa, 0x66, 0xbc, 0xab, 0x3f, 0x2b, 0x98,
        0x19, 0xa8, 0xa5, 0xb4, 0x6b, 0x39, 0x5b, 0xd5, 0x4a, 0x9a, 0x20, 0x44, 0x1e, 0x2b, 0x62, 0x97, 0x4e,
        0x1f, 0x5a, 0x62, 0x92, 0xa2, 0x97, 0x70, 0x14, 0xbd, 0x1e, 0x3d, 0xea, 0xe6, 0x3a, 0xee, 0xbb, 0x21,
        0x69, 0x49, 0x15, 0xe4,
    ];

    #[test]
    fn the_record_of_rfc_8448_opens_under_its_own_number_only() {
        let cipher = RecordCipher::tls13(Suite::find(0x1301).unwrap(), &SECRET).unwrap();
        let header = Header::read(&RECORD).unwrap();
        let mut body = RECORD[5..].to_vec();
        assert_eq!(cipher.open(1, header, &mut body), None);
        assert_eq!(body, RECORD[5..], "a body that does not open stays as it is");
        assert_eq!(cipher.open(0, header, &mut body), Some((ContentType::ApplicationData, 0..50)));
        assert_eq!(body[..50], std::array::from_fn::<u8, 50, _>(|index| u8::try_from(index).unwrap()));
    }

    #[test]
    fn bodies_too_short_for_their_cipher_do_not_open() {
        let server = ServerHello::read(&[&[3, 3][..], &[0; 32], &[0, 0, 0, 0]].concat()).unwrap();
        let etm = ServerHello { encrypt_then_mac: true, ..server.clone() };
        for number in 0..=u16::MAX {
            let Some(suite) = Suite::find(number) else { continue };
            for server in [&server, &etm] {
                let cipher = if suite.is_tls13() {
                    RecordCipher::tls13(suite, &[1; 48][..suite.hash.len()])
                } else {
                    RecordCipher::tls12(suite, &[1; 48], &[2; 32], server, true)
                };
                let cipher = cipher.unwrap();
                for length in 1..100 {
                    let header = Header { kind: ContentType::ApplicationData, version: 0x0303, length };
                    assert_eq!(cipher.open(0, header, &mut vec![0; length]), None, "{suite:?} {length}");
                }
            }
        }
    }
}
