//! Files and folders that are on the disk when the call returns.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::VaultError;

/// Makes the folder `dir` with its parents and keeps others of the machine out of it.
pub(crate) fn private_dir(dir: &Path) -> Result<(), VaultError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder
            .create(dir)
            .map_err(|error| VaultError::from_io(dir, error))?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
            .map_err(|error| VaultError::from_io(dir, error))?;
    }
    #[cfg(not(unix))]
    builder
        .create(dir)
        .map_err(|error| VaultError::from_io(dir, error))?;
    if let Some(parent) = dir.parent() {
        // The entry of a new folder is in its parent. A parent that can't be synced still holds the folder.
        let _ = sync_dir(parent);
    }
    Ok(())
}

/// Whether something is at `path`. A look that fails decides nothing: it is an error.
pub(crate) fn is_there(path: &Path) -> Result<bool, VaultError> {
    // Not through links: one that leads nowhere is there as well.
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(VaultError::from_io(path, error)),
    }
}

/// Options that give a new file to its owner alone.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Writes `bytes` to `path` so that, whatever happens, the old file or the new one is there, whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let new = path.with_extension("new");
    let written = (|| -> io::Result<()> {
        // What an earlier attempt left behind may have another mode.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private_file().write(true).create_new(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    written.map_err(|error| VaultError::from_io(path, error))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Makes the entries of `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), VaultError> {
    // Windows has no such call: its file systems keep entries in their own journal.
    if cfg!(unix) {
        File::open(dir)
            .and_then(|file| file.sync_all())
            .map_err(|error| VaultError::from_io(dir, error))?;
    }
    Ok(())
}
