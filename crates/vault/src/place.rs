//! Where a vault's files are.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{VaultError, durable};

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

    /// The database under new keys, before it takes the other's place.
    pub(crate) fn next_database(&self) -> PathBuf {
        self.dir.join("vault.db.new")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("vault.db-wal")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.join("vault.db-journal")
    }

    pub(crate) fn states(&self) -> PathBuf {
        self.dir.join("states")
    }

    pub(crate) fn owner_lock(&self) -> PathBuf {
        self.dir.join("owner.lock")
    }

    pub(crate) fn counter(&self) -> PathBuf {
        self.dir.join("counter")
    }

    pub(crate) fn attachments(&self) -> PathBuf {
        self.dir.join("attachments")
    }

    pub(crate) fn backups(&self) -> PathBuf {
        self.dir.join("backups")
    }

    /// Where a new vault file is made before it takes the place of this one.
    pub(crate) fn staged(&self) -> PathBuf {
        self.dir.join("staged")
    }

    /// The mark that what is staged is to take its place.
    pub(crate) fn swap(&self) -> PathBuf {
        self.dir.join("swap.json")
    }

    /// The mark that everything is being deleted.
    pub(crate) fn erasing(&self) -> PathBuf {
        self.dir.join("erasing.json")
    }

    /// Whether a database, or a part of one, is there. Fails when the system doesn't say.
    pub(crate) fn has_database(&self) -> Result<bool, VaultError> {
        Ok(durable::is_there(&self.database())? || durable::is_there(&self.log())?)
    }
}
