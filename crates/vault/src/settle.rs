//! What a kill left half done is completed or undone before anything else.

use crate::{
    KeyStore, VaultError, durable, erase, key_file::KeyFile, place::Place, rotation, swap,
};

/// Whether something is left to settle.
pub(crate) fn is_pending(place: &Place) -> Result<bool, VaultError> {
    Ok(durable::is_there(&place.erasing())?
        || durable::is_there(&place.swap())?
        || durable::is_there(&place.staged())?)
}

/// Settles it. For the vault's owner alone.
pub(crate) fn settle(place: &Place, keys: &dyn KeyStore) -> Result<(), VaultError> {
    if durable::is_there(&place.erasing())? {
        erase::finish(place, keys)?;
        return Ok(());
    }
    swap::settle(place)?;
    // A key file that can't be read decides nothing here; whoever needs it says what is wrong with it.
    match KeyFile::read(place) {
        Ok(Some(file)) => rotation::settle(place, &file),
        Ok(None) | Err(_) => Ok(()),
    }
}
