//! The vault itself: what is there, make it, open it, verify it, close it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Doubt, KeyStore, OsKeyring, Phrase, Protection, States, Status, Unlock, VaultError,
    backup::Sealing,
    counter::{Counter, Kept},
    custody::{Custody, wrap_known},
    database::Database,
    durable, entry,
    kdf::Kdf,
    key_file::{KeyFile, malformed, wrap_error},
    keys::{Key, random_id},
    owner::Owner,
    place::Place,
    settle::{is_pending, settle},
    wrap::{KEYRING, PASSPHRASE, PHRASE, Wrap},
};

/// An open vault. Every call that changes it is on the disk when it returns.
///
/// All calls share one connection and wait for each other. They need a tokio runtime.
pub struct Vault {
    place: Place,
    pub(crate) database: Database,
    pub(crate) counter: Counter,
    doubt: Option<Doubt>,
    sealing: Sealing,
    states: States,
    /// Nothing in the twin without encryption.
    custody: Option<Arc<Custody>>,
    /// The recovery phrase of a new vault, until it is taken.
    phrase: Mutex<Option<Phrase>>,
    pub(crate) twin: Mutex<Option<PathBuf>>,
    /// After the database, so that it is dropped last.
    owner: Mutex<Option<Owner>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("dir", &self.place.dir())
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// What is in the folder `dir`. Opens nothing. Only where a restoration or a deletion was interrupted is the lock
    /// taken, and the keyring asked, to complete it.
    pub fn status(dir: &Path) -> Status {
        let settled = Place::new(dir).and_then(|place| {
            if is_pending(&place)? {
                let owner = Owner::take(&place)?;
                settle(&place, &OsKeyring::new())?;
                drop(owner);
            }
            Ok(place)
        });
        let found = settled.and_then(|place| match KeyFile::read(&place)? {
            None if place.has_database()? => Err(key_lost(&place)),
            None => Ok(Status::None),
            Some(file) if file.wrap(KEYRING).is_some() => Ok(Status::Keyring),
            Some(file) if file.wrap(PASSPHRASE).is_some() => Ok(Status::Passphrase),
            Some(file) if file.wrap(PHRASE).is_some() => Ok(Status::Phrase),
            Some(_) => Err(malformed(
                &place,
                "it holds no way to unlock that this program knows",
            )),
        });
        found.unwrap_or_else(Status::Trouble)
    }

    /// Makes a vault in the folder `dir`, which may be missing, and opens it.
    ///
    /// Fails with [`VaultError::Exists`] or [`VaultError::KeyLost`] when there is one. When it is interrupted, the next
    /// [`Vault::status`] says how to go on. [`Vault::first_phrase`] then gives the recovery phrase, once.
    pub async fn create(dir: &Path, protection: Protection) -> Result<Self, VaultError> {
        Self::create_with(dir, protection, Arc::new(OsKeyring::new())).await
    }

    /// [`Vault::create`] with another keyring.
    pub async fn create_with(
        dir: &Path,
        protection: Protection,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self, VaultError> {
        let place = Place::new(dir)?;
        let (there, keyring) = (place.clone(), Arc::clone(&keys));
        let (owner, made) = blocking(move || {
            durable::private_dir(there.dir())?;
            let owner = Owner::take(&there)?;
            settle(&there, keyring.as_ref())?;
            if durable::is_there(&there.key_file())? {
                return Err(VaultError::Exists {
                    dir: there.dir().to_owned(),
                });
            }
            if there.has_database()? {
                return Err(key_lost(&there));
            }
            Ok((owner, make_key(&there, &protection, keyring.as_ref())?))
        })
        .await?;
        let vault =
            Self::with_key(place, owner, keys, made.dek, made.file, Trust::Database).await?;
        *vault.phrase.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.phrase);
        Ok(vault)
    }

    /// Opens the vault in the folder `dir`. A vault whose making was interrupted is completed.
    ///
    /// Fails with [`VaultError::RolledBack`] when the database lacks what was acknowledged; [`Vault::go_on`] opens it
    /// then.
    pub async fn open(dir: &Path, unlock: Unlock) -> Result<Self, VaultError> {
        Self::open_with(dir, unlock, Arc::new(OsKeyring::new())).await
    }

    /// [`Vault::open`] with another keyring.
    pub async fn open_with(
        dir: &Path,
        unlock: Unlock,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self, VaultError> {
        Self::open_trusting(dir, unlock, keys, Trust::Counter).await
    }

    /// Opens the vault in the folder `dir` as it is, even if it lacks what was acknowledged: what is missing is given up,
    /// and the commit counter begins anew from what is there. For a person who was told and chose so.
    pub async fn go_on(dir: &Path, unlock: Unlock) -> Result<Self, VaultError> {
        Self::go_on_with(dir, unlock, Arc::new(OsKeyring::new())).await
    }

    /// [`Vault::go_on`] with another keyring.
    pub async fn go_on_with(
        dir: &Path,
        unlock: Unlock,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self, VaultError> {
        Self::open_trusting(dir, unlock, keys, Trust::Database).await
    }

    async fn open_trusting(
        dir: &Path,
        unlock: Unlock,
        keys: Arc<dyn KeyStore>,
        trust: Trust,
    ) -> Result<Self, VaultError> {
        let place = Place::new(dir)?;
        let (there, keyring) = (place.clone(), Arc::clone(&keys));
        let (owner, dek, file) = blocking(move || {
            if !durable::is_there(there.dir())? {
                return Err(VaultError::NoVault {
                    dir: there.dir().to_owned(),
                });
            }
            let owner = Owner::take(&there)?;
            settle(&there, keyring.as_ref())?;
            let file = read_keys(&there)?;
            let dek = key_of(&there, &file, &unlock, keyring.as_ref())?;
            Ok((owner, dek, file))
        })
        .await?;
        let swapped = file.swap;
        // The counter is still under the old key then.
        let trust = if swapped { Trust::Database } else { trust };
        let vault = Self::with_key(place, owner, keys, dek, file, trust).await?;
        if swapped {
            vault.settled().await?;
        }
        Ok(vault)
    }

    /// The same store without encryption in the folder `dir`, made when it is missing: what encryption costs is measured
    /// against it.
    #[cfg(feature = "plain-twin")]
    pub async fn plain_twin(dir: &Path) -> Result<Self, VaultError> {
        let place = Place::new(dir)?;
        durable::private_dir(place.dir())?;
        let owner = Owner::take(&place)?;
        let database = Database::open_plain(&place).await?;
        let states = States::new(place.states(), Key::random()?);
        let counter = Counter::new(place.counter(), Key::random()?, uuid::Uuid::nil());
        counter.set(database.commits().await?)?;
        Ok(Self {
            place,
            database,
            counter,
            doubt: None,
            sealing: Sealing {
                database: Key::random()?,
                backups: Key::random()?,
            },
            states,
            custody: None,
            phrase: Mutex::default(),
            twin: Mutex::default(),
            owner: Mutex::new(Some(owner)),
        })
    }

    pub(crate) async fn with_key(
        place: Place,
        owner: Owner,
        keys: Arc<dyn KeyStore>,
        dek: Key,
        file: KeyFile,
        trust: Trust,
    ) -> Result<Self, VaultError> {
        let counter = Counter::new(place.counter(), dek.for_counter()?, file.vault);
        let (counter, kept) = blocking(move || {
            let kept = counter.kept()?;
            Ok((counter, kept))
        })
        .await?;
        let acknowledged = match (trust, kept) {
            (Trust::Counter, Kept::Number(number)) => number,
            _ => 0,
        };
        let sealing = Sealing {
            database: dek.for_database()?,
            backups: dek.for_backups()?,
        };
        let database = Database::open(&place, &sealing.database, acknowledged).await?;
        let number = database.commits().await?;
        let doubt = match (trust, kept) {
            (Trust::Counter, Kept::Missing) if number > 0 => Some(Doubt::CounterMissing),
            (Trust::Counter, Kept::Damaged) => Some(Doubt::CounterDamaged),
            _ => None,
        };
        if let Some(doubt) = doubt {
            tracing::warn!(code = doubt.code(), "{doubt}");
        }
        let begun = counter.clone();
        if let Err(error) = blocking(move || begun.set(number)).await {
            // As much is known as before; who can't keep a counter still gets at his data.
            tracing::warn!(%error, "the commit counter could not be written");
        }
        let states = States::new(place.states(), dek.for_states()?);
        let id = file.vault;
        let vault = Self {
            custody: Some(Arc::new(Custody::new(place.clone(), keys, dek, file))),
            place,
            database,
            counter,
            doubt,
            sealing,
            states,
            phrase: Mutex::default(),
            twin: Mutex::default(),
            owner: Mutex::new(Some(owner)),
        };
        vault.look_for_twin(id).await?;
        Ok(vault)
    }

    /// The recovery phrase of a vault that was made just now; the first call gets it, and no other ever.
    pub fn first_phrase(&self) -> Option<Phrase> {
        self.phrase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The lock of the folder, for another vault that goes on in this one's place.
    pub(crate) fn take_owner(&self) -> Option<Owner> {
        self.owner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(crate) fn custody(&self) -> Result<Arc<Custody>, VaultError> {
        self.custody.clone().ok_or(VaultError::NoSuchWrap)
    }

    /// The vault's folder.
    pub fn dir(&self) -> &Path {
        self.place.dir()
    }

    /// What can't be told of this vault since it was opened; a person should know.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Reads and checks everything: each page's seal, the tables, the search index.
    ///
    /// Fails with [`VaultError::Damaged`] or [`VaultError::Mismatch`]; nothing is repaired. Other calls wait
    /// meanwhile.
    pub async fn verify(&self) -> Result<(), VaultError> {
        self.database.verify().await
    }

    /// Empties the log into the database, closes it and lets the next owner in. Later calls fail with
    /// [`VaultError::Closed`].
    pub async fn close(&self) -> Result<(), VaultError> {
        let emptied = self.database.close().await;
        let counter = self.counter.clone();
        let _ = blocking(move || {
            counter.close();
            Ok(())
        })
        .await;
        self.first_phrase();
        let custody = self.custody.clone();
        // A change of the keys that goes on is waited for, off the async threads.
        let forgotten = blocking(move || {
            if let Some(custody) = custody {
                custody.close();
            }
            Ok(())
        });
        let forgotten = forgotten.await;
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = None;
        emptied.and(forgotten)
    }

    /// What the engine computed of conversations, sealed beside the database.
    pub fn states(&self) -> States {
        self.states.clone()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    pub(crate) fn pool(&self) -> &sqlx::SqlitePool {
        &self.database.pool
    }

    pub(crate) fn fault(&self, error: sqlx::Error) -> VaultError {
        self.database.fault(error)
    }
}

/// Which is believed when database and counter don't agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The counter: a database that is behind is refused.
    Counter,
    /// The database: the counter is set to what is there.
    Database,
}

/// A key that was just made.
struct Made {
    dek: Key,
    file: KeyFile,
    phrase: Phrase,
}

/// Makes the data key and wraps it. The order is the point: what a later step needs is safe before it begins, so an
/// interruption leaves either nothing that is needed or everything.
fn make_key(
    place: &Place,
    protection: &Protection,
    keys: &dyn KeyStore,
) -> Result<Made, VaultError> {
    let vault = random_id()?;
    let dek = Key::random()?;
    let phrase = Phrase::random()?;
    let known = |kind: &str, kdf: Kdf, secret: &[u8]| -> Result<Wrap, VaultError> {
        wrap_known(place, vault, kind, kdf, secret, &dek)
    };
    let first = match protection {
        Protection::Keyring => entry::make(vault, &dek, keys)?,
        Protection::Passphrase(passphrase) => {
            known(PASSPHRASE, Kdf::tuned()?, passphrase.as_bytes())?
        }
    };
    let second = known(PHRASE, Kdf::for_phrase()?, &phrase.secret())?;
    let file = KeyFile::new(vault, vec![first, second]);
    file.write(place)?;
    Ok(Made { dek, file, phrase })
}

/// The key file of the vault that is there.
pub(crate) fn read_keys(place: &Place) -> Result<KeyFile, VaultError> {
    match KeyFile::read(place)? {
        Some(file) => Ok(file),
        None if place.has_database()? => Err(key_lost(place)),
        None => Err(VaultError::NoVault {
            dir: place.dir().to_owned(),
        }),
    }
}

/// The data key of the vault that is there.
pub(crate) fn find_key(
    place: &Place,
    unlock: &Unlock,
    keys: &dyn KeyStore,
) -> Result<Key, VaultError> {
    key_of(place, &read_keys(place)?, unlock, keys)
}

/// The data key of a key file.
pub(crate) fn key_of(
    place: &Place,
    file: &KeyFile,
    unlock: &Unlock,
    keys: &dyn KeyStore,
) -> Result<Key, VaultError> {
    let known = |wrap: &Wrap, secret: &[u8], wrong: fn() -> VaultError| {
        let kdf = wrap
            .kdf
            .as_ref()
            .ok_or_else(|| malformed(place, "the passphrase's salt is missing"))?;
        kdf.derive(secret)
            .and_then(|kek| wrap.open(file.vault, &kek))
            .map_err(|error| wrap_error(place, error, wrong()))
    };
    match unlock {
        Unlock::Keyring => {
            let wrap = file.wrap(KEYRING).ok_or(VaultError::NoSuchWrap)?;
            entry::open(place, file.vault, wrap, keys)
        }
        Unlock::Passphrase(passphrase) => {
            let wrap = file.wrap(PASSPHRASE).ok_or(VaultError::NoSuchWrap)?;
            known(wrap, passphrase.as_bytes(), || VaultError::WrongKey)
        }
        Unlock::Phrase(phrase) => {
            let wrap = file.wrap(PHRASE).ok_or(VaultError::NoPhrase)?;
            known(wrap, &phrase.secret(), || VaultError::WrongPhrase)
        }
    }
}

pub(crate) fn key_lost(place: &Place) -> VaultError {
    VaultError::KeyLost {
        dir: place.dir().to_owned(),
    }
}

/// Runs what blocks (the keyring, Argon2id, fsync) off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|error| Err(VaultError::Database(error.to_string())))
}
