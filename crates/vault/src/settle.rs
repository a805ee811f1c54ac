//! What a kill left half done is completed or undone before anything else.

use crate::{KeyStore, VaultError, durable, erase, place::Place, swap};

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
    swap::settle(place)
}
