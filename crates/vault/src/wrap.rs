//! The data key sealed by another key, and that other key from a passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64, Encoding};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    VaultError,
    keys::{KEY_BYTES, Key},
};

/// What opens a wrap, as it is named in `keys.json`.
pub(crate) const KEYRING: &str = "keyring";
/// What opens a wrap, as it is named in `keys.json`.
pub(crate) const PASSPHRASE: &str = "passphrase";

/// One wrap of the data key, as it stands in `keys.json`. Bytes are Base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wrap {
    /// What opens it: [`KEYRING`], [`PASSPHRASE`], or a word of a later Tandem.
    pub(crate) kind: String,
    /// How the passphrase becomes a key; passphrases only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kdf: Option<Kdf>,
    nonce: String,
    sealed: String,
}

/// Why a wrap doesn't open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrapError {
    /// The wrap itself is malformed, in words.
    Malformed(&'static str),
    /// The key is another one, or the wrap was changed or moved here from another vault.
    WrongKey,
}

impl Wrap {
    /// Seals `dek` of the vault `vault` with `kek`.
    pub(crate) fn seal(
        kind: &str,
        vault: Uuid,
        kdf: Option<Kdf>,
        kek: &Key,
        dek: &Key,
    ) -> Result<Self, VaultError> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
        let aad = bound_to(vault, kind);
        let payload = Payload {
            msg: dek.bytes(),
            aad: aad.as_bytes(),
        };
        let sealed = cipher(kek)
            .and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
            .ok_or_else(|| VaultError::Database("the key couldn't be sealed".to_owned()))?;
        Ok(Self {
            kind: kind.to_owned(),
            kdf,
            nonce: Base64::encode_string(&nonce),
            sealed: Base64::encode_string(&sealed),
        })
    }

    /// The data key.
    pub(crate) fn open(&self, vault: Uuid, kek: &Key) -> Result<Key, WrapError> {
        let nonce = Base64::decode_vec(&self.nonce)
            .map_err(|_| WrapError::Malformed("a nonce isn't Base64"))?;
        let nonce: [u8; 24] = nonce
            .try_into()
            .map_err(|_| WrapError::Malformed("a nonce isn't 24 bytes long"))?;
        let sealed = Base64::decode_vec(&self.sealed)
            .map_err(|_| WrapError::Malformed("a wrap isn't Base64"))?;
        let aad = bound_to(vault, &self.kind);
        let payload = Payload {
            msg: &sealed,
            aad: aad.as_bytes(),
        };
        let opened = cipher(kek)
            .and_then(|cipher| cipher.decrypt(&XNonce::from(nonce), payload).ok())
            .map(Zeroizing::new)
            .ok_or(WrapError::WrongKey)?;
        Key::from_slice(&opened).ok_or(WrapError::Malformed("a wrapped key isn't 32 bytes long"))
    }
}

/// A wrap opens only in its own vault, and only as what it was made for.
fn bound_to(vault: Uuid, kind: &str) -> String {
    format!("tandem wrap v1|{vault}|{kind}")
}

fn cipher(kek: &Key) -> Option<XChaCha20Poly1305> {
    XChaCha20Poly1305::new_from_slice(kek.bytes()).ok()
}

/// How a passphrase becomes a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kdf {
    algorithm: String,
    /// Memory, in KiB.
    m_kib: u32,
    /// Passes over the memory.
    t: u32,
    /// Lanes.
    p: u32,
    salt: String,
}

/// Memory that a key file may ask for, in KiB: not too little to be slow for a guesser, not more than a phone has.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 64 * 1024..=1024 * 1024;
/// Passes that a key file may ask for.
const PASSES: std::ops::RangeInclusive<u32> = 1..=16;
/// Lanes that a key file may ask for.
const LANES: std::ops::RangeInclusive<u32> = 1..=16;

impl Kdf {
    /// Argon2id with 64 MiB, three passes, one lane (RFC 9106's second choice, with one lane: it runs on one thread)
    /// and a new salt.
    pub(crate) fn new() -> Result<Self, VaultError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self {
            algorithm: "argon2id".to_owned(),
            m_kib: 64 * 1024,
            t: 3,
            p: 1,
            salt: Base64::encode_string(&salt),
        })
    }

    /// The key of `passphrase`. Takes about a fifth of a second of one core and the memory that it names.
    pub(crate) fn derive(&self, passphrase: &str) -> Result<Key, WrapError> {
        // The file is the only thing that an attacker may write: it must not be able to hang the device.
        if self.algorithm != "argon2id" {
            return Err(WrapError::Malformed(
                "the passphrase's algorithm is unknown",
            ));
        }
        if !MEMORY_KIB.contains(&self.m_kib)
            || !PASSES.contains(&self.t)
            || !LANES.contains(&self.p)
        {
            return Err(WrapError::Malformed(
                "the passphrase's cost is out of bounds",
            ));
        }
        let salt = Base64::decode_vec(&self.salt)
            .map_err(|_| WrapError::Malformed("the salt isn't Base64"))?;
        if !(16..=64).contains(&salt.len()) {
            return Err(WrapError::Malformed("the salt's length is out of bounds"));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        Params::new(self.m_kib, self.t, self.p, Some(KEY_BYTES))
            .and_then(|params| {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    passphrase.as_bytes(),
                    &salt,
                    bytes.as_mut_slice(),
                )
            })
            .map_err(|_| WrapError::Malformed("the passphrase's cost is out of bounds"))?;
        Key::from_slice(bytes.as_slice()).ok_or(WrapError::Malformed("the key isn't 32 bytes long"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(byte: u8) -> Key {
        Key::from_slice(&[byte; KEY_BYTES]).unwrap()
    }

    fn sealed(vault: Uuid) -> Wrap {
        Wrap::seal(KEYRING, vault, None, &key(1), &key(2)).unwrap()
    }

    #[test]
    fn a_wrap_opens_with_its_key() {
        let vault = Uuid::from_u128(1);
        assert_eq!(
            sealed(vault).open(vault, &key(1)).unwrap().bytes(),
            key(2).bytes()
        );
    }

    #[test]
    fn a_wrap_opens_with_no_other_key_vault_or_kind() {
        let vault = Uuid::from_u128(1);
        let wrap = sealed(vault);
        assert_eq!(wrap.open(vault, &key(3)).unwrap_err(), WrapError::WrongKey);
        assert_eq!(
            wrap.open(Uuid::from_u128(2), &key(1)).unwrap_err(),
            WrapError::WrongKey
        );
        let posing = Wrap {
            kind: PASSPHRASE.to_owned(),
            ..wrap
        };
        assert_eq!(
            posing.open(vault, &key(1)).unwrap_err(),
            WrapError::WrongKey
        );
    }

    #[test]
    fn two_wraps_of_one_key_share_nothing() {
        let vault = Uuid::from_u128(1);
        let (one, other) = (sealed(vault), sealed(vault));
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.sealed, other.sealed);
    }

    #[test]
    fn a_wrap_that_is_cut_short_is_an_error() {
        let vault = Uuid::from_u128(1);
        let whole = sealed(vault);
        for nonce in ["", "AAAA", "not base64"] {
            let wrap = Wrap {
                nonce: nonce.to_owned(),
                ..whole.clone()
            };
            assert!(
                matches!(wrap.open(vault, &key(1)), Err(WrapError::Malformed(_))),
                "{nonce}"
            );
        }
        for sealed in ["", "AAAA"] {
            let wrap = Wrap {
                sealed: sealed.to_owned(),
                ..whole.clone()
            };
            assert_eq!(
                wrap.open(vault, &key(1)).unwrap_err(),
                WrapError::WrongKey,
                "{sealed}"
            );
        }
    }

    #[test]
    fn a_hostile_cost_is_refused_before_any_work() {
        let kdf = Kdf::new().unwrap();
        let hostile = [
            Kdf {
                m_kib: 1024 * 1024 + 1,
                ..kdf.clone()
            },
            Kdf {
                m_kib: u32::MAX,
                ..kdf.clone()
            },
            Kdf {
                m_kib: 8,
                ..kdf.clone()
            },
            Kdf {
                t: 17,
                ..kdf.clone()
            },
            Kdf {
                t: 0,
                ..kdf.clone()
            },
            Kdf {
                p: 17,
                ..kdf.clone()
            },
            Kdf {
                p: 0,
                ..kdf.clone()
            },
            Kdf {
                algorithm: "argon2d".to_owned(),
                ..kdf.clone()
            },
            Kdf {
                salt: "AAAA".to_owned(),
                ..kdf.clone()
            },
            Kdf {
                salt: "!".to_owned(),
                ..kdf
            },
        ];
        for kdf in hostile {
            assert!(
                matches!(kdf.derive("passphrase"), Err(WrapError::Malformed(_))),
                "{kdf:?}"
            );
        }
    }

    #[test]
    fn the_salt_and_the_passphrase_both_decide_the_key() {
        let (one, other) = (Kdf::new().unwrap(), Kdf::new().unwrap());
        let key = one.derive("passphrase").unwrap();
        assert_eq!(key.bytes(), one.derive("passphrase").unwrap().bytes());
        assert_ne!(key.bytes(), one.derive("Passphrase").unwrap().bytes());
        assert_ne!(key.bytes(), other.derive("passphrase").unwrap().bytes());
    }
}
