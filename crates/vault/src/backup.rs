//! Backups: copies of the vault in the folder `backups`, sealed under a key of their own.
//!
//! A backup is a folder whose name is the moment when it was made. In it are `vault.db`, sealed with a key that is made
//! from the data key for backups alone, a copy of `keys.json`, so that keyring or passphrase open it wherever it lies,
//! and the sealed attachments. It is written under another name, opened and checked, and only then given its own.

mod restore;
mod rotation;
mod snapshot;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use crate::{Vault, VaultError, dated, durable, keys::Key, place::Place, tree};

pub(crate) use snapshot::reseal;

/// What a backup is called while it is written.
const MAKING: &str = "making";

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// When it was made, in milliseconds since 1970 UTC.
    pub made_ms: i64,
    /// Its size in bytes, attachments included even where they take no room of their own.
    pub bytes: u64,
    /// Its folder.
    pub path: PathBuf,
}

/// The keys that a backup needs.
pub(crate) struct Sealing {
    /// The database's.
    pub(crate) database: Key,
    /// The backups'.
    pub(crate) backups: Key,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing(…)")
    }
}

impl Vault {
    /// The backups of the vault in the folder `dir`, the newest first. Opens nothing.
    pub fn backups(dir: &Path) -> Result<Vec<Backup>, VaultError> {
        let place = Place::new(dir)?;
        let mut found = Vec::new();
        for entry in tree::entries(&place.backups())? {
            let path = entry.path();
            if let Some(made_ms) = entry.file_name().to_str().and_then(dated::moment) {
                found.push(Backup {
                    made_ms,
                    bytes: tree::bytes(&path)?,
                    path,
                });
            }
        }
        found.sort_by_key(|backup| std::cmp::Reverse(backup.made_ms));
        Ok(found)
    }

    /// Makes a backup, checks it, and lets go of those that the rotation no longer keeps (of seven days and of four
    /// weeks one each). `now_ms` is in milliseconds since 1970 UTC.
    ///
    /// Other calls wait while the file is copied, not while the copy is sealed and checked. When it fails, nothing is
    /// left of it, and no other backup is touched.
    pub async fn back_up(&self, now_ms: i64) -> Result<Backup, VaultError> {
        let place = self.place().clone();
        let made = self.make(&place).await;
        crate::vault::blocking(move || {
            let making = place.backups().join(MAKING);
            let named = made.and_then(|()| name(&place, &making, now_ms));
            if named.is_err() {
                // It is worth nothing; the next attempt tries again.
                let _ = tree::remove(&making);
            }
            let backup = named?;
            prune(&place, backup.made_ms)?;
            Ok(backup)
        })
        .await
    }

    /// Removes the backups that were made before `before_ms`: what was deleted since is in none any more.
    pub async fn forget_backups(&self, before_ms: i64) -> Result<(), VaultError> {
        let place = self.place().clone();
        crate::vault::blocking(move || {
            for backup in Self::backups(place.dir())? {
                if backup.made_ms < before_ms {
                    remove(&place, &backup.path)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn make(&self, place: &Place) -> Result<(), VaultError> {
        let making = place.backups().join(MAKING);
        let copy = Place::new(&making)?;
        let there = copy.clone();
        crate::vault::blocking(move || {
            tree::remove(there.dir())?;
            durable::private_dir(there.dir())
        })
        .await?;
        let number = self.copy_to(&copy).await?;
        let keys = self.sealing();
        reseal(&copy, &keys.database, &keys.backups).await?;
        let found = snapshot::examine(&copy, &keys.backups)
            .await
            .map_err(|error| match error {
                // SQLCipher doesn't say when sealing a copy again failed in the middle. The vault itself is well.
                VaultError::Damaged { .. } | VaultError::Mismatch { .. } => VaultError::Io {
                    path: making.clone(),
                    source: io::Error::other("the copy couldn't be written whole"),
                },
                other => other,
            })?;
        if found != number {
            return Err(VaultError::Backup {
                path: making,
                why: "the copy isn't what was copied".to_owned(),
            });
        }
        Ok(())
    }

    /// Copies database, wraps and attachments while nobody writes. Returns the number of the last commit.
    async fn copy_to(&self, copy: &Place) -> Result<u64, VaultError> {
        // Whoever holds the one connection is alone.
        let mut held = self.database.hold().await?;
        let number = held.emptied().await?;
        let (place, copy, file) = (self.place().clone(), copy.clone(), held.file()?);
        crate::vault::blocking(move || {
            use std::io::Seek;
            (&*file)
                .rewind()
                .map_err(|error| VaultError::from_io(place.database(), error))?;
            tree::copy_open(&file, &copy.database())?;
            tree::copy(&place.key_file(), &copy.key_file())?;
            tree::link(&place.attachments(), &copy.attachments())
        })
        .await?;
        drop(held);
        Ok(number)
    }
}

/// Gives a backup that was checked its name.
fn name(place: &Place, making: &Path, now_ms: i64) -> Result<Backup, VaultError> {
    durable::sync_dir(making)?;
    let mut made_ms = now_ms;
    let mut path = place.backups().join(dated::name(made_ms));
    while durable::is_there(&path)? {
        made_ms += 1;
        path = place.backups().join(dated::name(made_ms));
    }
    fs::rename(making, &path).map_err(|error| VaultError::from_io(&path, error))?;
    durable::sync_dir(&place.backups())?;
    Ok(Backup {
        made_ms,
        bytes: tree::bytes(&path)?,
        path,
    })
}

/// Removes what the rotation no longer keeps; never the one that was just made, whatever the clock says.
fn prune(place: &Place, just_made: i64) -> Result<(), VaultError> {
    let backups = Vault::backups(place.dir())?;
    let gone = rotation::superfluous(backups.iter().map(|backup| backup.made_ms).collect());
    for backup in backups {
        if backup.made_ms != just_made && gone.contains(&backup.made_ms) {
            remove(place, &backup.path)?;
        }
    }
    Ok(())
}

/// Removes a backup, first its name: half a backup looks like none.
fn remove(place: &Place, path: &Path) -> Result<(), VaultError> {
    let leaving = place.backups().join("leaving");
    tree::remove(&leaving)?;
    fs::rename(path, &leaving).map_err(|error| VaultError::from_io(path, error))?;
    tree::remove(&leaving)
}
