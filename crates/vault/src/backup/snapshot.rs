//! A database file under another key, and its examination.

use std::fs;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    VaultError,
    database::{check_closed, look, options, sealed, typed},
    durable,
    keys::Key,
    place::Place,
};

/// Seals the database of `place`, which nobody has open and which has no log, with `new` instead of `old`, page by page. When this is
/// interrupted the file is good for nothing: it is for copies.
pub(crate) async fn reseal(place: &Place, old: &Key, new: &Key) -> Result<(), VaultError> {
    let path = &place.database();
    let seal = look(place, old).await?.seal;
    let resealed = async {
        let options = options(path)
            .create_if_missing(false)
            // One file is left, without a log.
            .journal_mode(SqliteJournalMode::Off)
            // All of it is synced below.
            .synchronous(SqliteSynchronous::Off);
        let mut connection = sealed(options, old, seal).connect().await?;
        let done = run(&mut connection, new).await;
        connection.close().await?;
        done
    };
    resealed.await.map_err(|error| typed(error, path))?;
    let synced = durable::private_file()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all());
    synced.map_err(|error| VaultError::from_io(path, error))
}

async fn run(connection: &mut SqliteConnection, new: &Key) -> Result<(), sqlx::Error> {
    let pragma = format!("PRAGMA rekey = {}", new.pragma().as_str());
    sqlx::query(AssertSqlSafe(pragma))
        .fetch_all(connection)
        .await?;
    Ok(())
}

/// Opens the database of `place`, which has no log, and checks every page, table and index of it. Changes nothing.
/// Returns the number of its last commit.
pub(crate) async fn examine(place: &Place, key: &Key) -> Result<u64, VaultError> {
    let path = place.database();
    let length = fs::metadata(&path).map_err(|error| VaultError::from_io(&path, error))?;
    if length.len() == 0 {
        // To SQLite an empty file is an empty database.
        return Err(VaultError::Damaged {
            path,
            why: "it is empty".to_owned(),
        });
    }
    let number = look(place, key).await?.commits;
    check_closed(place, key).await?;
    Ok(number)
}
