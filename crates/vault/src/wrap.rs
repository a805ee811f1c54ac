//! The data key sealed by another key.

use base64ct::{Base64, Encoding};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{VaultError, kdf::Kdf, keys::Key};

/// What opens a wrap, as it is named in `keys.json`.
pub(crate) const KEYRING: &str = "keyring";
/// What opens a wrap, as it is named in `keys.json`.
pub(crate) const PASSPHRASE: &str = "passphrase";
/// What opens a wrap, as it is named in `keys.json`.
pub(crate) const PHRASE: &str = "phrase";

/// One wrap of the data key, as it stands in `keys.json`. Bytes are Base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrap {
    /// What opens it: [`KEYRING`], [`PASSPHRASE`], [`PHRASE`], or a word of a later Tandem.
    pub(crate) kind: String,
    /// How the passphrase or phrase becomes a key; those alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kdf: Option<Kdf>,
    /// The keyring's entry that holds the key. A wrap of the first Tandem has none: the vault's id names its entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<Uuid>,
    /// Which program kept the entry, where that is known, such as `GNOME Keyring`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    /// The machine on which it was kept, as [`crate::machine`] names it for this vault, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) machine: Option<String>,
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
            entry: None,
            store: None,
            machine: None,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::KEY_BYTES;

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
}
