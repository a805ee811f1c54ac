//! The lock that makes one process the vault's owner.

use std::fs::{File, TryLockError};

use crate::{VaultError, durable, place::Place};

/// Held while a vault is open. The system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Owner {
    file: File,
}

impl Owner {
    /// Takes the lock or says at once that another has it. The folder must exist.
    pub(crate) fn take(place: &Place) -> Result<Self, VaultError> {
        let path = place.owner_lock();
        let file = durable::private_file()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| VaultError::from_io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(VaultError::Owned),
            Err(TryLockError::Error(error)) => Err(VaultError::from_io(path, error)),
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Closing isn't enough: a program that is being started at this moment holds a copy of every open file, and the
        // lock with it, until it really runs. If unlocking fails, the end of the process lets go.
        let _ = self.file.unlock();
    }
}
