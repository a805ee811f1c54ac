//! A look at a database before it is opened for good.
//!
//! It changes neither the database nor its log: even closing a connection that writes would move what is left of the
//! log into the database, and an older log would spoil a newer database for ever.

use std::{
    fs,
    io::{self, Read},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{Seal, commits, read_only, typed};
use crate::{VaultError, durable, keys::Key, place::Place};

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// How its pages are sealed.
    pub(crate) seal: Seal,
    /// The number of its last commit; 0 where none was ever counted.
    pub(crate) commits: u64,
}

/// Looks at the database of `place`. Fails with [`VaultError::Mismatch`] when `key` doesn't open it.
pub(crate) async fn look(place: &Place, key: &Key) -> Result<Looked, VaultError> {
    let has_log = durable::is_there(&place.log())?;
    let mut found = Err(VaultError::Mismatch {
        path: place.database(),
    });
    for seal in Seal::ALL {
        found = read(place, key, seal, has_log)
            .await
            .map(|commits| Looked { seal, commits })
            .map_err(|error| typed(error, &place.database()));
        if !matches!(found, Err(VaultError::Mismatch { .. })) {
            break;
        }
    }
    if has_log {
        drop_index(place);
    }
    if matches!(found, Err(VaultError::Mismatch { .. })) {
        // To SQLCipher a page that can't be read is one that it can't open.
        must_be_readable(place)?;
    }
    found
}

fn must_be_readable(place: &Place) -> Result<(), VaultError> {
    let path = place.database();
    let mut page = Vec::new();
    fs::File::open(&path)
        .and_then(|file| file.take(4096).read_to_end(&mut page))
        .map(drop)
        .map_err(|error| VaultError::from_io(path, error))
}

async fn read(place: &Place, key: &Key, seal: Seal, has_log: bool) -> Result<u64, sqlx::Error> {
    let options = read_only(place, key, seal, has_log);
    let mut connection: SqliteConnection = options.connect().await?;
    let number = commits::read(&mut connection).await;
    connection.close().await?;
    number
}

/// Drops the log's own index, which the open database keeps in memory. It holds no content.
pub(crate) fn drop_index(place: &Place) {
    match fs::remove_file(place.dir().join("vault.db-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(%error, "an index of the log stays behind");
        }
        _ => {}
    }
}
