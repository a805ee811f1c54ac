//! The number of the last commit that a database has.

use std::{fs, io};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{sealed, typed};
use crate::{VaultError, keys::Key, place::Place};

/// The number of the last commit; 0 where none was ever counted.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let counted: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'commits')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !counted {
        return Ok(0);
    }
    let number: Option<i64> = sqlx::query_scalar("SELECT number FROM commits WHERE one = 1")
        .fetch_optional(connection)
        .await?;
    Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
}

/// The same of a database with a log, before it is opened for good, and without a change of either file: even closing
/// would write what is left of the log into the database, and an older log would spoil a newer database for ever.
pub(super) async fn peek(place: &Place, key: &Key) -> Result<u64, VaultError> {
    let path = place.database();
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .disable_statement_logging();
    let looked = async {
        let mut connection = sealed(options, key).connect().await?;
        let number = read(&mut connection).await;
        connection.close().await?;
        number
    };
    let number = looked.await.map_err(|error| typed(error, &path));
    // The log's own index, which the open database keeps in memory. It holds no content.
    let index = place.dir().join("vault.db-shm");
    match fs::remove_file(&index) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(%error, "an index of the log stays behind");
        }
        _ => {}
    }
    number
}
