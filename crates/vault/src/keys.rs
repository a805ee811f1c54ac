//! The data key and what is derived from it.

use std::fmt::{self, Write};

use hkdf::Hkdf;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::VaultError;

/// Bytes of every key.
pub(crate) const KEY_BYTES: usize = 32;

/// A key of 256 bits, wiped when dropped and never printed.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A new random key.
    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// The key in `bytes`, or `None` when it isn't 32 bytes long.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The key of the database: the data key itself never leaves this crate's memory.
    pub(crate) fn for_database(&self) -> Result<Self, VaultError> {
        self.derive(b"tandem database v1")
    }

    /// The key of the states that are kept beside the database.
    pub(crate) fn for_states(&self) -> Result<Self, VaultError> {
        self.derive(b"tandem states v1")
    }

    /// The key of the commit counter beside the database.
    pub(crate) fn for_counter(&self) -> Result<Self, VaultError> {
        self.derive(b"tandem counter v1")
    }

    /// The key of the database files in backups.
    pub(crate) fn for_backups(&self) -> Result<Self, VaultError> {
        self.derive(b"tandem backups v1")
    }

    fn derive(&self, purpose: &[u8]) -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        Hkdf::<Sha256>::new(None, self.bytes())
            .expand(purpose, bytes.as_mut_slice())
            .map_err(|error| VaultError::Database(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// The value of `PRAGMA key` that makes SQLCipher take these bytes as they are.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        // Its length is known: a string that grows would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 5));
        text.push_str("\"x'");
        for byte in self.bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push_str("'\"");
        text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A new random id.
pub(crate) fn random_id() -> Result<Uuid, VaultError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_database_key_is_derived_and_stable() {
        let dek = Key::from_slice(&[7; KEY_BYTES]).unwrap();
        // HKDF-SHA256 of 32 bytes of 7, no salt, "tandem database v1": a change here would lose every vault.
        assert_eq!(
            dek.for_database().unwrap().pragma().as_str(),
            "\"x'905143447665661284a22628d4b872c908ba432cdb21658a8127340b83a7a576'\""
        );
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = Key::random().unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        assert!(Key::from_slice(&[0; 31]).is_none());
        assert!(Key::from_slice(&[0; 33]).is_none());
    }
}
