//! A keyring that is a folder: child processes and their parent share it, and no desktop has to run.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use tandem_vault::{KeyStore, KeyringError};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Keys of vaults, one file each.
#[derive(Clone, Debug)]
pub struct FileKeys {
    folder: PathBuf,
}

impl FileKeys {
    /// The keyring in `folder`, which must exist.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Where the key of `vault` is kept.
    pub fn path(&self, vault: Uuid) -> PathBuf {
        self.folder.join(format!("{vault}.key"))
    }
}

impl KeyStore for FileKeys {
    fn read(&self, vault: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        match fs::read(self.path(vault)) {
            Ok(key) => Ok(Zeroizing::new(key)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(KeyringError::Missing),
            Err(error) => Err(KeyringError::Other(error.to_string())),
        }
    }

    fn remove(&self, entry: Uuid) -> Result<(), KeyringError> {
        match fs::remove_file(self.path(entry)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(KeyringError::Other(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, vault: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        // Whole or not at all, as a keyring's own call is; names differ, because two may be at it.
        let new = self
            .folder
            .join(format!("{vault}.{}.new", std::process::id()));
        fs::write(&new, key)
            .and_then(|()| fs::rename(&new, self.path(vault)))
            .map_err(|error| KeyringError::Other(error.to_string()))
    }
}
