//! Where a vault's files are.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::VaultError;

/// The folder of one vault.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    dir: PathBuf,
}

impl Place {
    /// The vault in `dir`, which need not exist yet.
    pub(crate) fn new(dir: &Path) -> Result<Self, VaultError> {
        // Absolute, because SQLite reads a relative name that begins with `file:` as a URI.
        let dir = std::path::absolute(dir).map_err(|error| VaultError::from_io(dir, error))?;
        if dir.to_str().is_none() {
            let why = io::Error::new(
                io::ErrorKind::InvalidInput,
                "the folder's name isn't valid Unicode",
            );
            return Err(VaultError::Io {
                path: dir,
                source: why,
            });
        }
        Ok(Self { dir })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.dir.join("keys.json")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("vault.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("vault.db-wal")
    }

    pub(crate) fn states(&self) -> PathBuf {
        self.dir.join("states")
    }

    pub(crate) fn owner_lock(&self) -> PathBuf {
        self.dir.join("owner.lock")
    }

    /// Whether a database, or a part of one, is there. When the system doesn't say, it is taken to be there.
    pub(crate) fn has_database(&self) -> bool {
        self.database().try_exists().unwrap_or(true) || self.log().try_exists().unwrap_or(true)
    }
}
