//! The vault's entries in a keyring: what they hold, and what it means when one isn't as it should be.
//!
//! Each wrap has an entry of its own, named by a random id that `keys.json` tells; so no key is ever written over another,
//! and a copy of the folder goes on with its own. An entry holds the vault's id and the key. Those of the first Tandem hold
//! the key alone and are named by the vault's id.

use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    KeyStore, KeyringError, VaultError,
    key_file::malformed,
    keys::{KEY_BYTES, Key, random_id},
    machine,
    place::Place,
    wrap::{KEYRING, Wrap, WrapError},
};

/// Bytes of an id.
const ID_BYTES: usize = 16;

/// Puts a new key into the keyring and seals the data key with it. Nothing that is there already is touched.
pub(crate) fn make(vault: Uuid, dek: &Key, keys: &dyn KeyStore) -> Result<Wrap, VaultError> {
    let entry = random_id()?;
    let kek = Key::random()?;
    let mut secret = Zeroizing::new([0; ID_BYTES + KEY_BYTES]);
    secret[..ID_BYTES].copy_from_slice(vault.as_bytes());
    secret[ID_BYTES..].copy_from_slice(kek.bytes());
    keys.write(entry, secret.as_slice())?;
    // A keyring that takes a key and doesn't keep it would lose everything at the next start.
    if keys.read(entry)?.as_slice() != secret.as_slice() {
        return Err(KeyringError::Other("it gave back another key than it took".to_owned()).into());
    }
    let mut wrap = Wrap::seal(KEYRING, vault, None, &kek, dek)?;
    wrap.entry = Some(entry);
    wrap.store = keys.name();
    wrap.machine = machine::name(vault);
    Ok(wrap)
}

/// Opens a wrap with the keyring's key.
pub(crate) fn open(
    place: &Place,
    vault: Uuid,
    wrap: &Wrap,
    keys: &dyn KeyStore,
) -> Result<Key, VaultError> {
    let kek = match keys.read(name_of(vault, wrap)) {
        Ok(secret) => key_in(&secret, vault)?,
        Err(KeyringError::Missing) => return Err(why_missing(vault, wrap, keys).into()),
        Err(error) => return Err(error.into()),
    };
    wrap.open(vault, &kek).map_err(|error| match error {
        WrapError::WrongKey => KeyringError::Changed.into(),
        WrapError::Malformed(why) => malformed(place, why),
    })
}

/// The entry of a wrap.
pub(crate) fn name_of(vault: Uuid, wrap: &Wrap) -> Uuid {
    wrap.entry.unwrap_or(vault)
}

/// Whether a wrap that is being replaced leaves a key in the keyring that opened it. When the keyring doesn't say, it does.
pub(crate) fn is_used(vault: Uuid, wrap: &Wrap, keys: &dyn KeyStore) -> bool {
    match keys.read(name_of(vault, wrap)) {
        Ok(secret) => key_in(&secret, vault).is_ok_and(|kek| wrap.open(vault, &kek).is_ok()),
        Err(KeyringError::Missing | KeyringError::Ambiguous) => false,
        Err(_) => true,
    }
}

/// Removes an entry that no wrap needs any more. What isn't this vault's key stays.
pub(crate) fn remove(vault: Uuid, entry: Uuid, keys: &dyn KeyStore) -> Result<(), KeyringError> {
    match keys.read(entry) {
        Ok(secret) => match key_in(&secret, vault) {
            Ok(_) => keys.remove(entry),
            Err(_) => Ok(()),
        },
        Err(KeyringError::Missing | KeyringError::Ambiguous) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Notes in the keyring which entry holds this vault's key now, or that none does. It is no secret, opens nothing, and
/// serves to tell a lost key from a restored `keys.json`.
pub(crate) fn note(vault: Uuid, entry: Option<Uuid>, keys: &dyn KeyStore) {
    let entry = entry.unwrap_or(Uuid::nil());
    if let Err(error) = keys.write(note_of(vault), entry.as_bytes()) {
        tracing::debug!(code = error.code(), "the keyring takes no note");
    }
}

/// The name of that note.
pub(crate) fn note_of(vault: Uuid) -> Uuid {
    let hash = Sha256::digest(format!("tandem note v1|{vault}"));
    let mut id = [0; ID_BYTES];
    id.copy_from_slice(&hash[..ID_BYTES]);
    uuid::Builder::from_random_bytes(id).into_uuid()
}

fn key_in(secret: &[u8], vault: Uuid) -> Result<Key, KeyringError> {
    match secret.len() {
        KEY_BYTES => Key::from_slice(secret),
        len if len == ID_BYTES + KEY_BYTES => {
            if secret[..ID_BYTES] != *vault.as_bytes() {
                return Err(KeyringError::WrongVault);
            }
            Key::from_slice(&secret[ID_BYTES..])
        }
        _ => None,
    }
    .ok_or(KeyringError::Ambiguous)
}

/// The likeliest reason why there is no entry. Where nothing more is known, it is lost.
fn why_missing(vault: Uuid, wrap: &Wrap, keys: &dyn KeyStore) -> KeyringError {
    let entry = name_of(vault, wrap);
    if let Ok(noted) = keys.read(note_of(vault))
        && noted.len() == ID_BYTES
        && noted.as_slice() != entry.as_bytes()
    {
        return KeyringError::Restored;
    }
    if let (Some(then), Some(now)) = (&wrap.machine, machine::name(vault))
        && *then != now
    {
        return KeyringError::OtherMachine;
    }
    match (&wrap.store, keys.name()) {
        (Some(was), Some(now)) if *was != now => KeyringError::Switched {
            was: was.clone(),
            now,
        },
        _ => KeyringError::Missing,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_taken_only_from_what_is_one_and_of_this_vault() {
        let vault = Uuid::from_u128(7);
        assert_eq!(key_in(&[3; 32], vault).unwrap().bytes(), &[3; 32]);
        let own = [vault.as_bytes().as_slice(), &[4; 32]].concat();
        assert_eq!(key_in(&own, vault).unwrap().bytes(), &[4; 32]);
        let other = key_in(&own, Uuid::from_u128(8));
        assert_eq!(other.unwrap_err(), KeyringError::WrongVault);
        for length in [0, 16, 31, 33, 47, 49] {
            let error = key_in(&vec![0; length], vault).unwrap_err();
            assert_eq!(error, KeyringError::Ambiguous, "{length}");
        }
    }

    #[test]
    fn a_note_has_a_name_of_its_own() {
        let vault = Uuid::from_u128(7);
        assert_eq!(note_of(vault), note_of(vault));
        assert_ne!(note_of(vault), vault);
        assert_ne!(note_of(vault), note_of(Uuid::from_u128(8)));
    }
}
