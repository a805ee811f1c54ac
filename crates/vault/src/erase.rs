//! Everything is deleted: first the keys, so that what is left is noise whatever happens next, then the files.
//!
//! The mark `erasing` is written before anything else and removed last: whoever finds it goes on.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    KeyStore, KeyringError, OsKeyring, Vault, VaultError, durable, entry::note_of, owner::Owner,
    place::Place, tree, vault::blocking, wrap::KEYRING,
};

/// Bytes of the largest key file, or mark, that is read.
const LARGEST: u64 = 64 * 1024;
/// Folders in which key files are looked for: the vault's own, `backups`, each backup.
const DEEPEST: u32 = 3;

/// What became of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The keyring's words when it kept an entry of ours. The entry opens nothing any more.
    pub keyring: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Mark {
    /// The keyring's entries that are ours.
    entries: BTreeSet<Uuid>,
    /// Whether a wrap needs the keyring. Where none does, what the keyring says is of no interest.
    #[serde(default)]
    keyring: bool,
}

impl Vault {
    /// Deletes everything that is in the folder `dir`, backups and what was kept aside included. No key is needed, the
    /// vault may be in any trouble, and must not be open.
    ///
    /// When it is interrupted after this began, the next start completes it.
    pub async fn erase(dir: &Path) -> Result<Erased, VaultError> {
        Self::erase_with(dir, Arc::new(OsKeyring::new())).await
    }

    /// [`Vault::erase`] with another keyring.
    pub async fn erase_with(dir: &Path, keys: Arc<dyn KeyStore>) -> Result<Erased, VaultError> {
        let place = Place::new(dir)?;
        blocking(move || {
            if !durable::is_there(place.dir())? {
                return Ok(Erased { keyring: None });
            }
            let owner = Owner::take(&place)?;
            begin(&place)?;
            let erased = finish(&place, keys.as_ref());
            drop(owner);
            erased
        })
        .await
    }
}

/// Writes the mark.
fn begin(place: &Place) -> Result<(), VaultError> {
    let mut mark = Mark::default();
    for path in key_files(place.dir(), DEEPEST)? {
        mark.entries.extend(entries(&path)?);
        mark.keyring |= needs_keyring(&path)?;
    }
    let text =
        serde_json::to_vec(&mark).map_err(|error| VaultError::Database(error.to_string()))?;
    durable::replace(&place.erasing(), &text)
}

/// Does what the mark says, as often as it is needed.
pub(crate) fn finish(place: &Place, keys: &dyn KeyStore) -> Result<Erased, VaultError> {
    // A mark that can't be read still says that everything goes.
    let mark: Mark = read(&place.erasing())?
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    for path in key_files(place.dir(), DEEPEST)? {
        shred(&path)?;
    }
    durable::sync_dir(place.dir())?;
    let mut keyring = None;
    for entry in mark.entries {
        match keys.remove(entry) {
            Ok(()) | Err(KeyringError::Missing) => {}
            Err(error) if mark.keyring => keyring = Some(error.to_string()),
            Err(_) => {}
        }
    }
    for entry in tree::entries(place.dir())? {
        let path = entry.path();
        if path != place.erasing() && path != place.owner_lock() {
            tree::remove(&path)?;
        }
    }
    durable::sync_dir(place.dir())?;
    tree::remove(&place.erasing())?;
    durable::sync_dir(place.dir())?;
    Ok(Erased { keyring })
}

/// All key files below `dir`, those that were being written included.
fn key_files(dir: &Path, deepest: u32) -> Result<Vec<PathBuf>, VaultError> {
    let mut found = Vec::new();
    for entry in tree::entries(dir)? {
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(|error| VaultError::from_io(&path, error))?;
        if kind.is_dir() && deepest > 0 {
            found.extend(key_files(&path, deepest - 1)?);
        } else if kind.is_file() && path.file_stem().is_some_and(|stem| stem == "keys") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The keyring's entries that a key file names: the vault itself, and what its wraps say.
fn entries(path: &Path) -> Result<Vec<Uuid>, VaultError> {
    let Some(text) = read(path)? else {
        return Ok(Vec::new());
    };
    // One that is damaged names none; its entry opens nothing without it.
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let wraps = value
        .get("wraps")
        .and_then(|wraps| wraps.as_array())
        .into_iter()
        .flatten();
    let named = wraps
        .map(|wrap| wrap.get("entry"))
        .chain([value.get("vault")]);
    let mut found: Vec<Uuid> = named.filter_map(|id| id?.as_str()?.parse().ok()).collect();
    let stale = value.get("stale").and_then(|stale| stale.as_array());
    found.extend(
        stale
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str()?.parse::<Uuid>().ok()),
    );
    // The note about which entry is the present one.
    let vault = value.get("vault").and_then(|id| id.as_str()?.parse().ok());
    found.extend(vault.map(note_of));
    Ok(found)
}

/// Whether a key file has a wrap that the keyring opens, or had one and the keyring kept its entry.
fn needs_keyring(path: &Path) -> Result<bool, VaultError> {
    let text = read(path)?.unwrap_or_default();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let wraps = value.get("wraps").and_then(|wraps| wraps.as_array());
    let stale = value.get("stale").and_then(|stale| stale.as_array());
    if stale.is_some_and(|stale| !stale.is_empty()) {
        return Ok(true);
    }
    Ok(wraps
        .into_iter()
        .flatten()
        .any(|wrap| wrap.get("kind").and_then(|kind| kind.as_str()) == Some(KEYRING)))
}

/// At most [`LARGEST`] bytes of a file, or `None` when it isn't there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VaultError::from_io(path, error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| VaultError::from_io(path, error))?;
    Ok(Some(bytes))
}

/// Overwrites a key file where it lies, and removes it. A drive may keep what it was told to overwrite; the threat model
/// says so.
fn shred(path: &Path) -> Result<(), VaultError> {
    let overwritten = || -> io::Result<()> {
        let mut file = File::options().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len().min(LARGEST)).unwrap_or(0);
        let mut noise = vec![0; length];
        getrandom::fill(&mut noise).map_err(io::Error::other)?;
        file.write_all(&noise)?;
        file.sync_all()
    };
    if let Err(error) = overwritten() {
        // Then removing it is all that can be done.
        tracing::warn!(%error, "a key file could not be overwritten");
    }
    fs::remove_file(path).map_err(|error| VaultError::from_io(path, error))
}
