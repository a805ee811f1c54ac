//! The vault itself: what is there, make it, open it, verify it, close it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::{
    Doubt, KeyStore, KeyringError, OsKeyring, Protection, States, Status, Unlock, VaultError,
    backup::Sealing,
    counter::{Counter, Kept},
    database::Database,
    durable,
    key_file::KeyFile,
    keys::Key,
    owner::Owner,
    place::Place,
    settle::{is_pending, settle},
    wrap::{KEYRING, Kdf, PASSPHRASE, Wrap, WrapError},
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
    /// [`Vault::status`] says how to go on.
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
        let there = place.clone();
        let (owner, dek) = blocking(move || {
            durable::private_dir(there.dir())?;
            let owner = Owner::take(&there)?;
            settle(&there, keys.as_ref())?;
            if durable::is_there(&there.key_file())? {
                return Err(VaultError::Exists {
                    dir: there.dir().to_owned(),
                });
            }
            if there.has_database()? {
                return Err(key_lost(&there));
            }
            Ok((owner, make_key(&there, &protection, keys.as_ref())?))
        })
        .await?;
        Self::with_key(place, owner, &dek, Trust::Database).await
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
        let there = place.clone();
        let (owner, dek) = blocking(move || {
            if !durable::is_there(there.dir())? {
                return Err(VaultError::NoVault {
                    dir: there.dir().to_owned(),
                });
            }
            let owner = Owner::take(&there)?;
            settle(&there, keys.as_ref())?;
            Ok((owner, find_key(&there, &unlock, keys.as_ref())?))
        })
        .await?;
        Self::with_key(place, owner, &dek, trust).await
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
        let counter = Counter::new(place.counter(), Key::random()?, Uuid::nil());
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
            owner: Mutex::new(Some(owner)),
        })
    }

    async fn with_key(
        place: Place,
        owner: Owner,
        dek: &Key,
        trust: Trust,
    ) -> Result<Self, VaultError> {
        let there = place.clone();
        let key = dek.for_counter()?;
        let (counter, kept) = blocking(move || {
            let file = KeyFile::read(&there)?.ok_or_else(|| key_lost(&there))?;
            let counter = Counter::new(there.counter(), key, file.vault);
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
        Ok(Self {
            place,
            database,
            counter,
            doubt,
            sealing,
            states,
            owner: Mutex::new(Some(owner)),
        })
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
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = None;
        emptied
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
enum Trust {
    /// The counter: a database that is behind is refused.
    Counter,
    /// The database: the counter is set to what is there.
    Database,
}

/// Makes the data key and wraps it. The order is the point: what a later step needs is safe before it begins, so an
/// interruption leaves either nothing that is needed or everything.
fn make_key(
    place: &Place,
    protection: &Protection,
    keys: &dyn KeyStore,
) -> Result<Key, VaultError> {
    let vault = random_id()?;
    let dek = Key::random()?;
    let wrap = match protection {
        Protection::Keyring => {
            let kek = Key::random()?;
            keys.write(vault, kek.bytes())?;
            // A keyring that takes a key and doesn't keep it would lose everything at the next start.
            if keys.read(vault)?.as_slice() != kek.bytes() {
                return Err(KeyringError::Other(
                    "it gave back another key than it took".to_owned(),
                )
                .into());
            }
            Wrap::seal(KEYRING, vault, None, &kek, &dek)?
        }
        Protection::Passphrase(passphrase) => {
            let kdf = Kdf::new()?;
            let kek = kdf
                .derive(passphrase)
                .map_err(|error| wrap_error(place, error))?;
            Wrap::seal(PASSPHRASE, vault, Some(kdf), &kek, &dek)?
        }
    };
    KeyFile::new(vault, wrap).write(place)?;
    Ok(dek)
}

/// The data key of the vault that is there.
pub(crate) fn find_key(
    place: &Place,
    unlock: &Unlock,
    keys: &dyn KeyStore,
) -> Result<Key, VaultError> {
    let Some(file) = KeyFile::read(place)? else {
        return Err(if place.has_database()? {
            key_lost(place)
        } else {
            VaultError::NoVault {
                dir: place.dir().to_owned(),
            }
        });
    };
    let (wrap, kek) = match unlock {
        Unlock::Keyring => {
            let wrap = file.wrap(KEYRING).ok_or(VaultError::NoSuchWrap)?;
            let kek = Key::from_slice(&keys.read(file.vault)?).ok_or(KeyringError::Ambiguous)?;
            (wrap, kek)
        }
        Unlock::Passphrase(passphrase) => {
            let wrap = file.wrap(PASSPHRASE).ok_or(VaultError::NoSuchWrap)?;
            let kdf = wrap
                .kdf
                .as_ref()
                .ok_or_else(|| malformed(place, "the passphrase's salt is missing"))?;
            (
                wrap,
                kdf.derive(passphrase)
                    .map_err(|error| wrap_error(place, error))?,
            )
        }
    };
    wrap.open(file.vault, &kek)
        .map_err(|error| wrap_error(place, error))
}

fn random_id() -> Result<Uuid, VaultError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

pub(crate) fn key_lost(place: &Place) -> VaultError {
    VaultError::KeyLost {
        dir: place.dir().to_owned(),
    }
}

fn malformed(place: &Place, why: &str) -> VaultError {
    VaultError::KeyFile {
        path: place.key_file(),
        why: why.to_owned(),
    }
}

fn wrap_error(place: &Place, error: WrapError) -> VaultError {
    match error {
        WrapError::Malformed(why) => malformed(place, why),
        WrapError::WrongKey => VaultError::WrongKey,
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
