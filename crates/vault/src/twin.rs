//! Two folders with one vault: a copy that somebody made of a folder, opened beside the first.
//!
//! Each of them works, and each goes its own way. What they share is the key in the keyring; so none of them takes that
//! away from the other.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::{Vault, VaultError, key_file::KeyFile, place::Place, vault::blocking};

/// The setting that holds the folder in which the vault was last opened.
const PLACE: &str = "vault.place";

/// What is known of the folder in which the vault was opened before.
enum Before {
    /// This one, or one that is no more.
    Here,
    /// It is still there, and a vault with the same id in it.
    Twin(PathBuf),
    /// It can't be seen just now.
    Unknown,
}

impl Vault {
    /// Another folder that holds a copy of this vault, when this one was opened as the copy.
    pub fn twin(&self) -> Option<PathBuf> {
        self.twin
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Makes a copy stand for itself: the keyring gets a key for this folder alone, and the other keeps its own. Both
    /// hold the same conversations up to now, under the same data key until one of them gets new keys.
    pub async fn separate(&self) -> Result<(), VaultError> {
        if self.ways()?.keyring {
            self.rewrap_keyring().await?;
        }
        self.set_setting(PLACE, &here(self.dir())?).await?;
        *self
            .twin
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        Ok(())
    }

    /// Looks whether this folder is a copy, and notes where it is.
    pub(crate) async fn look_for_twin(&self, vault: Uuid) -> Result<(), VaultError> {
        let now = here(self.dir())?;
        let known = self.setting(PLACE).await?;
        if known.as_deref() == Some(now.as_str()) {
            return Ok(());
        }
        let before = known.and_then(|json| serde_json::from_str::<PathBuf>(&json).ok());
        let (dir, place) = (self.dir().to_owned(), before.clone());
        let found =
            blocking(move || Ok(place.map_or(Before::Here, |place| look(&dir, &place, vault))));
        match found.await? {
            Before::Here => self.set_setting(PLACE, &now).await,
            Before::Unknown => Ok(()),
            Before::Twin(other) => {
                tracing::warn!("another folder holds a copy of this vault");
                *self
                    .twin
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(other);
                Ok(())
            }
        }
    }
}

fn here(dir: &Path) -> Result<String, VaultError> {
    let dir = fs::canonicalize(dir).map_err(|error| VaultError::from_io(dir, error))?;
    serde_json::to_string(&dir).map_err(|error| VaultError::Database(error.to_string()))
}

fn look(here: &Path, before: &Path, vault: Uuid) -> Before {
    match same_folder(here, before) {
        Ok(true) => return Before::Here,
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Before::Here,
        Err(_) => return Before::Unknown,
    }
    match Place::new(before).and_then(|place| KeyFile::read(&place)) {
        Ok(Some(file)) if file.vault == vault => Before::Twin(before.to_owned()),
        Ok(_) => Before::Here,
        Err(_) => Before::Unknown,
    }
}

#[cfg(unix)]
fn same_folder(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (fs::metadata(one)?, fs::metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn same_folder(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(fs::canonicalize(one)? == fs::canonicalize(other)?)
}
