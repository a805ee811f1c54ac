//! A backup takes the place of the vault, which is kept aside.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{reseal, snapshot};
use crate::{
    KeyStore, OsKeyring, Unlock, Vault, VaultError,
    counter::{Counter, Kept},
    database::Database,
    durable,
    key_file::KeyFile,
    keys::Key,
    owner::Owner,
    place::Place,
    settle::settle,
    swap::{self, Aside},
    tree,
    vault::{blocking, find_key},
};

/// Whose keys open a backup.
struct Opened {
    key: Key,
    /// Whether the backup's own wraps were needed: they are restored with it then.
    own: bool,
}

impl Vault {
    /// Puts the backup in the folder `backup` in the place of the vault in `dir`, which may be missing, damaged or out of
    /// reach, and must not be open. `unlock` opens the backup: with the vault's present wraps if they fit, else with those
    /// in the backup. `now_ms` is in milliseconds since 1970 UTC. Returns the folder in which the files that were there
    /// are kept.
    ///
    /// Everything is checked before anything is replaced; [`VaultError::Backup`] says what is wrong with a backup. When
    /// it is interrupted, the next start has the old vault or the restored one.
    pub async fn restore(
        dir: &Path,
        backup: &Path,
        unlock: Unlock,
        now_ms: i64,
    ) -> Result<PathBuf, VaultError> {
        Self::restore_with(dir, backup, unlock, Arc::new(OsKeyring::new()), now_ms).await
    }

    /// [`Vault::restore`] with another keyring.
    pub async fn restore_with(
        dir: &Path,
        backup: &Path,
        unlock: Unlock,
        keys: Arc<dyn KeyStore>,
        now_ms: i64,
    ) -> Result<PathBuf, VaultError> {
        let (place, backup) = (Place::new(dir)?, Place::new(backup)?);
        let (there, from, way, store) =
            (place.clone(), backup.clone(), unlock.clone(), keys.clone());
        let (owner, present) = blocking(move || {
            durable::private_dir(there.dir())?;
            let owner = Owner::take(&there)?;
            settle(&there, store.as_ref())?;
            if !durable::is_there(&from.database())? || !durable::is_there(&from.key_file())? {
                return Err(VaultError::NoBackup {
                    path: from.dir().to_owned(),
                });
            }
            Ok((owner, find_key(&there, &way, store.as_ref())))
        })
        .await?;
        let opened = open(&backup, present, unlock, keys).await?;
        let staged = stage(&place, &backup, &opened).await?;
        let aside = blocking(move || {
            let aside = swap::decide(&place, Aside::Replaced, now_ms);
            drop(owner);
            Ok(place.dir().join(aside?))
        })
        .await?;
        tracing::info!(commits = staged, "a backup was restored");
        Ok(aside)
    }
}

/// The key that opens the backup, which is examined with it.
async fn open(
    backup: &Place,
    present: Result<Key, VaultError>,
    unlock: Unlock,
    keys: Arc<dyn KeyStore>,
) -> Result<Opened, VaultError> {
    if let Ok(key) = present {
        match examined(backup, &key).await {
            Ok(()) => return Ok(Opened { key, own: false }),
            // The data key was another one then.
            Err(VaultError::Mismatch { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let from = backup.clone();
    let key = blocking(move || find_key(&from, &unlock, keys.as_ref())).await?;
    match examined(backup, &key).await {
        Ok(()) => Ok(Opened { key, own: true }),
        Err(VaultError::Mismatch { path }) => Err(VaultError::Backup {
            path,
            why: "it doesn't belong to the keys.json beside it, or its beginning is damaged"
                .to_owned(),
        }),
        Err(error) => Err(error),
    }
}

async fn examined(backup: &Place, key: &Key) -> Result<(), VaultError> {
    match snapshot::examine(backup, &key.for_backups()?).await {
        Ok(_) => Ok(()),
        Err(VaultError::Damaged { path, why }) => Err(VaultError::Backup { path, why }),
        // Of a file that was cut, or a disk that fails: either way it can't be verified.
        Err(VaultError::Io { path, source }) => Err(VaultError::Backup {
            path,
            why: source.to_string(),
        }),
        Err(error) => Err(error),
    }
}

/// Makes the vault that is to be, whole and synced, and checks it.
async fn stage(place: &Place, backup: &Place, opened: &Opened) -> Result<u64, VaultError> {
    let (there, from, own) = (place.clone(), backup.clone(), opened.own);
    let counting = opened.key.for_counter()?;
    let (staged, number, counter) = blocking(move || {
        let staged = swap::stage(&there)?;
        tree::copy(&from.database(), &staged.database())?;
        tree::link(&from.attachments(), &staged.attachments())?;
        let wraps = if own { &from } else { &there };
        let file = KeyFile::read(wraps)?.ok_or_else(|| VaultError::NoBackup {
            path: from.dir().to_owned(),
        })?;
        if own {
            tree::copy(&from.key_file(), &staged.key_file())?;
        }
        // Above all numbers that were given: whatever older file is put back later is behind.
        let kept = Counter::new(there.counter(), counting.clone(), file.vault).kept()?;
        let number = match kept {
            Kept::Number(number) => number,
            Kept::Missing | Kept::Damaged => 0,
        };
        let counter = Counter::new(staged.counter(), counting, file.vault);
        Ok((staged, number, counter))
    })
    .await?;
    let key = opened.key.for_database()?;
    reseal(&staged, &opened.key.for_backups()?, &key).await?;
    // Brings it up to date as well, and refuses one of a newer program.
    let database = Database::open(&staged, &key, 0).await?;
    let completed = complete(&database, number).await;
    let closed = database.close().await;
    let number = completed?;
    closed?;
    blocking(move || {
        counter.set(number)?;
        counter.close();
        Ok(())
    })
    .await?;
    Ok(number)
}

async fn complete(database: &Database, given: u64) -> Result<u64, VaultError> {
    let number = database.commits().await?.max(given) + 1;
    database.set_commits(number).await?;
    database.verify().await?;
    Ok(number)
}
