//! What an open vault needs to change the ways that lead into it, and how `keys.json` is rewritten.
//!
//! The order is the point. A new entry of the keyring is there before `keys.json` names it; `keys.json` is replaced whole
//! and is on the disk before an old entry goes. Killed anywhere between, the vault opens as before or as after.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use zeroize::Zeroizing;

use crate::{
    KeyStore, KeyringError, Phrase, Unlock, Vault, VaultError, Ways, entry,
    kdf::Kdf,
    key_file::{KeyFile, wrap_error},
    keys::Key,
    place::Place,
    vault::{blocking, key_of},
    wrap::{KEYRING, PASSPHRASE, PHRASE, Wrap},
};

/// The key and the key file of an open vault, and the keyring.
pub(crate) struct Custody {
    pub(crate) place: Place,
    pub(crate) keys: Arc<dyn KeyStore>,
    /// Nothing once the vault is closed.
    held: Mutex<Option<Held>>,
}

struct Held {
    dek: Key,
    file: KeyFile,
}

impl Custody {
    pub(crate) fn new(place: Place, keys: Arc<dyn KeyStore>, dek: Key, file: KeyFile) -> Self {
        Self {
            place,
            keys,
            held: Mutex::new(Some(Held { dek, file })),
        }
    }

    /// Forgets the key.
    pub(crate) fn close(&self) {
        *self.lock() = None;
    }

    /// The key file as it was last read or written.
    pub(crate) fn file(&self) -> Result<KeyFile, VaultError> {
        self.lock()
            .as_ref()
            .map(|held| held.file.clone())
            .ok_or(VaultError::Closed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces `keys.json` by what `change` makes of it; one caller at a time. What the keyring no longer needs is
    /// removed from it, unless `spare` says to leave that to another folder.
    ///
    /// Returns why the keyring didn't remove it, if it didn't: that is noted, and tried again by [`Vault::tidy_keyring`].
    fn rewrap(
        &self,
        spare: bool,
        change: impl FnOnce(&Key, &mut KeyFile) -> Result<(), VaultError>,
    ) -> Result<Option<KeyringError>, VaultError> {
        let mut held = self.lock();
        let held = held.as_mut().ok_or(VaultError::Closed)?;
        let (vault, keys) = (held.file.vault, self.keys.as_ref());
        let mut next = held.file.clone();
        change(&held.dek, &mut next)?;
        let (before, after) = (held.file.entry(), next.entry());
        if let Some(old) = held.file.wrap(KEYRING)
            && before != after
            && !spare
            && entry::is_used(vault, old, keys)
        {
            next.stale.push(entry::name_of(vault, old));
        }
        if let Err(error) = next.replace(&self.place, &held.file) {
            // It may have come to be all the same: only the directory's own sync failed.
            if matches!(KeyFile::read(&self.place), Ok(Some(there)) if there == next) {
                held.file = next;
            } else if let Some(made) = after
                && before != after
            {
                // Nobody needs it. One that stays opens nothing.
                let _ = keys.remove(made);
            }
            return Err(error);
        }
        held.file = next;
        if before != after {
            entry::note(vault, after, keys);
        }
        self.tidy(held)
    }

    /// Removes from the keyring what no wrap needs any more.
    fn tidy(&self, held: &mut Held) -> Result<Option<KeyringError>, VaultError> {
        let mut trouble = None;
        let mut next = held.file.clone();
        next.stale.retain(|&stale| {
            match entry::remove(held.file.vault, stale, self.keys.as_ref()) {
                Ok(()) => false,
                Err(error) => {
                    trouble = Some(error);
                    true
                }
            }
        });
        if next != held.file {
            next.write(&self.place)?;
            held.file = next;
        }
        Ok(trouble)
    }
}

impl KeyFile {
    /// The ways that it offers.
    pub(crate) fn ways(&self) -> Ways {
        Ways {
            keyring: self.wrap(KEYRING).is_some(),
            passphrase: self.wrap(PASSPHRASE).is_some(),
            phrase: self.wrap(PHRASE).is_some(),
        }
    }
}

/// Seals the data key with what a person knows.
pub(crate) fn wrap_known(
    place: &Place,
    file: uuid::Uuid,
    kind: &str,
    kdf: Kdf,
    secret: &[u8],
    dek: &Key,
) -> Result<Wrap, VaultError> {
    let kek = kdf
        .derive(secret)
        .map_err(|error| wrap_error(place, error, VaultError::WrongKey))?;
    Wrap::seal(kind, file, Some(kdf), &kek, dek)
}

/// Why the keyring still holds a key that nothing needs any more. Nothing, when it doesn't.
pub type Left = Option<KeyringError>;

impl Vault {
    /// The ways that lead into this vault.
    pub fn ways(&self) -> Result<Ways, VaultError> {
        Ok(self.custody()?.file()?.ways())
    }

    /// The ways that lead into the vault in the folder `dir`, or nothing where none is. Opens nothing.
    pub fn ways_of(dir: &std::path::Path) -> Result<Option<Ways>, VaultError> {
        Ok(KeyFile::read(&Place::new(dir)?)?.map(|file| file.ways()))
    }

    /// Locks the vault with a passphrase, in place of the keyring or of an earlier passphrase. Takes about a second.
    ///
    /// The keyring's key is removed; where it couldn't be, the result says why, it opens nothing any more, and
    /// [`Vault::tidy_keyring`] tries again. Fails with [`VaultError::Twin`] when another folder needs that key.
    pub async fn set_passphrase(&self, passphrase: Zeroizing<String>) -> Result<Left, VaultError> {
        if self.ways()?.keyring {
            self.refuse_twin()?;
        }
        self.rewrap(false, move |custody, dek, file| {
            let wrap = wrap_known(
                &custody.place,
                file.vault,
                PASSPHRASE,
                Kdf::tuned()?,
                passphrase.as_bytes(),
                dek,
            )?;
            file.put(wrap);
            file.drop_kind(KEYRING);
            Ok(())
        })
        .await
    }

    /// Gives the key to the system's keyring and leaves the passphrase out.
    pub async fn remove_passphrase(&self) -> Result<Left, VaultError> {
        self.rewrap(false, |custody, dek, file| {
            file.put(entry::make(file.vault, dek, custody.keys.as_ref())?);
            file.drop_kind(PASSPHRASE);
            Ok(())
        })
        .await
    }

    /// Makes `phrase` the recovery phrase; the one before opens nothing from here on.
    pub async fn set_phrase(&self, phrase: &Phrase) -> Result<(), VaultError> {
        let secret = phrase.secret();
        self.rewrap(false, move |custody, dek, file| {
            let kdf = Kdf::for_phrase()?;
            file.put(wrap_known(
                &custody.place,
                file.vault,
                PHRASE,
                kdf,
                &secret,
                dek,
            )?);
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Gives the keyring a new key, after it lost the one it had and the recovery phrase opened the vault.
    ///
    /// Fails with [`VaultError::NoSuchWrap`] when a passphrase locks the vault. What else the keyring holds stays.
    pub async fn rewrap_keyring(&self) -> Result<Left, VaultError> {
        if !self.ways()?.keyring {
            return Err(VaultError::NoSuchWrap);
        }
        self.rewrap(self.twin().is_some(), |custody, dek, file| {
            file.put(entry::make(file.vault, dek, custody.keys.as_ref())?);
            Ok(())
        })
        .await
    }

    /// Whether `unlock` opens this vault. Takes as long as opening it.
    pub async fn is_opened_by(&self, unlock: Unlock) -> Result<bool, VaultError> {
        let custody = self.custody()?;
        let file = custody.file()?;
        blocking(
            move || match key_of(&custody.place, &file, &unlock, custody.keys.as_ref()) {
                Ok(_) => Ok(true),
                Err(VaultError::WrongKey | VaultError::WrongPhrase) => Ok(false),
                Err(error) => Err(error),
            },
        )
        .await
    }

    /// Removes keys from the keyring that nothing needs any more, where it refused before.
    pub async fn tidy_keyring(&self) -> Result<Left, VaultError> {
        let custody = self.custody()?;
        blocking(move || match custody.lock().as_mut() {
            Some(held) => custody.tidy(held),
            None => Err(VaultError::Closed),
        })
        .await
    }

    /// Notes that the database under new keys is in place, and its counter with it.
    pub(crate) async fn settled(&self) -> Result<(), VaultError> {
        self.rewrap(false, |_, _, file| {
            file.swap = false;
            Ok(())
        })
        .await
        .map(drop)
    }

    async fn rewrap(
        &self,
        spare: bool,
        change: impl FnOnce(&Custody, &Key, &mut KeyFile) -> Result<(), VaultError> + Send + 'static,
    ) -> Result<Left, VaultError> {
        let custody = self.custody()?;
        blocking(move || custody.rewrap(spare, |dek, file| change(&custody, dek, file))).await
    }

    /// Fails with [`VaultError::Twin`] when another folder needs the keyring's key as well.
    pub(crate) fn refuse_twin(&self) -> Result<(), VaultError> {
        self.twin().map_or(Ok(()), |other: PathBuf| {
            Err(VaultError::Twin {
                here: self.dir().to_owned(),
                other,
            })
        })
    }
}
