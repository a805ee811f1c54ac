//! Whole folders: linked or copied, synced, removed.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::{VaultError, durable};

/// Folders in folders that are followed. Ours are one deep.
const DEEPEST: u32 = 4;

/// Makes `to` a private folder with what is in `from`: files are linked where the file system can, else copied. For
/// files that are never written again. Links in `from` are passed over; a `from` that isn't there is an empty one.
pub(crate) fn link(from: &Path, to: &Path) -> Result<(), VaultError> {
    link_level(from, to, DEEPEST)
}

fn link_level(from: &Path, to: &Path, deepest: u32) -> Result<(), VaultError> {
    durable::private_dir(to)?;
    for entry in entries(from)? {
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry
            .file_type()
            .map_err(|error| VaultError::from_io(&path, error))?;
        if kind.is_dir() && deepest > 0 {
            link_level(&path, &to.join(name), deepest - 1)?;
        } else if kind.is_file() {
            link_file(&path, &to.join(name))?;
        }
    }
    durable::sync_dir(to)
}

/// One file, linked where the file system can, else copied and synced.
fn link_file(from: &Path, to: &Path) -> Result<(), VaultError> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)
}

/// A private, synced copy of a file. `to` must not be there.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), VaultError> {
    let source = File::open(from).map_err(|error| VaultError::from_io(from, error))?;
    copy_open(&source, to)
}

/// The same of an open file, from where it stands.
pub(crate) fn copy_open(mut from: &File, to: &Path) -> Result<(), VaultError> {
    let copied = durable::private_file()
        .write(true)
        .create_new(true)
        .open(to)
        .and_then(|mut target| {
            io::copy(&mut from, &mut target)?;
            target.sync_all()
        });
    copied.map_err(|error| VaultError::from_io(to, error))
}

/// Bytes of all files in `dir`, those that are linked elsewhere included; 0 when it isn't there.
pub(crate) fn bytes(dir: &Path) -> Result<u64, VaultError> {
    bytes_level(dir, DEEPEST)
}

fn bytes_level(dir: &Path, deepest: u32) -> Result<u64, VaultError> {
    let mut sum = 0;
    for entry in entries(dir)? {
        let path = entry.path();
        let metadata = entry
            .metadata()
            .map_err(|error| VaultError::from_io(&path, error))?;
        if metadata.is_dir() && deepest > 0 {
            sum += bytes_level(&path, deepest - 1)?;
        } else if metadata.is_file() {
            sum += metadata.len();
        }
    }
    Ok(sum)
}

/// Removes the folder or file `path` with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), VaultError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(VaultError::from_io(path, error)),
    };
    let removed = if kind.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::from_io(path, error))
        }
        _ => Ok(()),
    }
}

/// What is in `dir`; nothing when it isn't there.
pub(crate) fn entries(dir: &Path) -> Result<Vec<fs::DirEntry>, VaultError> {
    match fs::read_dir(dir) {
        Ok(entries) => entries
            .collect::<Result<_, _>>()
            .map_err(|error| VaultError::from_io(dir, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(VaultError::from_io(dir, error)),
    }
}
