//! An empty vault, made once and copied: making one takes a key derivation that is slow on purpose.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use tandem_vault::{KeyStore, Protection, Vault};

use crate::{campaign::wait_for, ground::Ground, keyring::FileKeys};

/// Files by name.
type Files = Vec<(std::ffi::OsString, Vec<u8>)>;

/// The vault's files and the keyring's.
static MADE: Mutex<Option<(Files, Files)>> = Mutex::new(None);

/// Lays an empty, closed vault in `dir`, which must not exist, and its key in the keyring's folder.
pub fn lay(ground: &Ground, dir: &Path, keys: &Path) -> Result<()> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let (vault_files, key_files) = match &*made {
        Some(made) => made,
        None => made.insert(make(ground)?),
    };
    fs::create_dir(dir)?;
    for (folder, files) in [(dir, vault_files), (keys, key_files)] {
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

fn make(ground: &Ground) -> Result<(Files, Files)> {
    let (folder, keys_folder) = (ground.folder()?, ground.folder()?);
    let dir = folder.path().join("vault");
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(keys_folder.path()));
    wait_for(async {
        let vault = Vault::create_with(&dir, Protection::Keyring, keys).await?;
        Ok(vault.close().await?)
    })?;
    Ok((read(&dir)?, read(keys_folder.path())?))
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != "owner.lock" {
            files.push((entry.file_name(), fs::read(entry.path())?));
        }
    }
    Ok(files)
}
