//! Reads and checks every page, every table and every index.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{look, read_only, typed};
use crate::{VaultError, keys::Key, place::Place};

/// How thorough a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Each page's seal, and the tables.
    Tables,
    /// That, and whether the indexes agree with them.
    Indexes,
}

/// Fails with [`VaultError::Damaged`] when something is found.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
    depth: Depth,
) -> Result<(), VaultError> {
    let tables = match depth {
        Depth::Tables => "PRAGMA quick_check",
        Depth::Indexes => "PRAGMA integrity_check",
    };
    for check in ["PRAGMA cipher_integrity_check", tables] {
        let found: Vec<String> = sqlx::query_scalar(check)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| typed(error, path))?;
        if let Some(why) = found.into_iter().find(|line| line != "ok") {
            return Err(VaultError::Damaged {
                path: path.to_owned(),
                why,
            });
        }
    }
    Ok(())
}

/// The thorough check of a database that nobody has open and that has no log. Changes nothing.
pub(crate) async fn check_closed(place: &Place, key: &Key) -> Result<(), VaultError> {
    let path = place.database();
    let seal = look(place, key).await?.seal;
    let mut connection = read_only(place, key, seal, false)
        .connect()
        .await
        .map_err(|error| typed(error, &path))?;
    let checked = check(&mut connection, &path, Depth::Indexes).await;
    let closed = connection.close().await;
    checked.and(closed.map_err(|error| typed(error, &path)))
}
