//! The one connection, held: nobody writes meanwhile.

use std::{
    fs::File,
    sync::{Arc, PoisonError},
};

use sqlx::{Row, Sqlite, pool::PoolConnection};

use super::{Database, commits};
use crate::VaultError;

/// The connection, and the file that it writes.
pub(crate) struct Held<'database> {
    database: &'database Database,
    connection: PoolConnection<Sqlite>,
}

impl Database {
    /// Waits for the connection and keeps it until the result is dropped. Any other use of the pool waits meanwhile.
    pub(crate) async fn hold(&self) -> Result<Held<'_>, VaultError> {
        let connection = self.pool.acquire().await;
        Ok(Held {
            database: self,
            connection: connection.map_err(|error| self.fault(error))?,
        })
    }

    /// Moves the write-ahead log into the database and cuts it to nothing.
    pub(crate) async fn empty_log(&self) -> Result<(), VaultError> {
        self.hold().await?.empty_log().await
    }
}

impl Held<'_> {
    /// Empties the log into the database, which is whole in its one file then. Returns the number of the last commit.
    pub(crate) async fn emptied(&mut self) -> Result<u64, VaultError> {
        self.empty_log().await?;
        commits::read(&mut self.connection)
            .await
            .map_err(|error| self.database.fault(error))
    }

    /// The database's file, to be read and not to be closed.
    pub(crate) fn file(&self) -> Result<Arc<File>, VaultError> {
        let file = self.database.file.lock();
        file.unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(VaultError::Closed)
    }

    async fn empty_log(&mut self) -> Result<(), VaultError> {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *self.connection)
            .await
            .map_err(|error| self.database.fault(error))?;
        match row.try_get::<i64, _>(0) {
            Ok(0) => Ok(()),
            _ => Err(VaultError::Database(
                "the log couldn't be emptied".to_owned(),
            )),
        }
    }
}
