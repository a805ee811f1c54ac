//! A new file that is there whole, or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::ExchangeError;

/// A file that is being written beside its place, and moved there when it is whole. Dropped before, it is gone.
pub struct Target {
    file: Option<File>,
    beside: PathBuf,
    path: PathBuf,
    overwrite: bool,
}

impl Target {
    /// Begins to write `path`. Fails with [`ExchangeError::Exists`] when it is there and `overwrite` doesn't say that the
    /// person wants it replaced.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self, ExchangeError> {
        let io = |error| ExchangeError::io(path, error);
        let path = std::path::absolute(path).map_err(io)?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io(io::ErrorKind::IsADirectory.into()));
        };
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => return Err(io(io::ErrorKind::IsADirectory.into())),
            Ok(_) if !overwrite => return Err(ExchangeError::Exists { path }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let mut mark = [0; 8];
        getrandom::fill(&mut mark).map_err(|_| io(io::Error::other("no random numbers")))?;
        let beside = folder.join(format!(
            ".{}.{:016x}.part",
            name.to_string_lossy(),
            u64::from_le_bytes(mark)
        ));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // Conversations are for their owner's eyes.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&beside)
            .map_err(|error| ExchangeError::io(&beside, error))?;
        Ok(Self {
            file: Some(file),
            beside,
            path,
            overwrite,
        })
    }

    /// Where the file will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file in its place, on the disk for good.
    pub fn commit(mut self) -> Result<(), ExchangeError> {
        let io = |error| ExchangeError::io(&self.path, error);
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(io)?;
        }
        if self.overwrite {
            fs::rename(&self.beside, &self.path).map_err(io)?;
        } else {
            self.place()?;
        }
        // Windows has no such call: its file systems keep entries in their own journal.
        if cfg!(unix)
            && let Some(folder) = self.path.parent()
        {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io)?;
        }
        Ok(())
    }

    /// Moves it without replacing what came there meanwhile: a second name fails where there is a file, renaming doesn't.
    fn place(&self) -> Result<(), ExchangeError> {
        let io = |error| ExchangeError::io(&self.path, error);
        let exists = || ExchangeError::Exists {
            path: self.path.clone(),
        };
        match fs::hard_link(&self.beside, &self.path) {
            // The first name goes with the drop.
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
            // Not every file system has second names.
            Err(_) => match fs::symlink_metadata(&self.path) {
                Ok(_) => Err(exists()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::rename(&self.beside, &self.path).map_err(io)
                }
                Err(error) => Err(io(error)),
            },
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.file = None;
        // After a move it isn't there any more; otherwise it is half a file that nobody needs.
        let _ = fs::remove_file(&self.beside);
    }
}
