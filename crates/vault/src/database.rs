//! The SQLCipher database: how it is connected, checked and brought up to date.

mod commits;
mod fault;
mod look;
mod migrations;
mod options;
mod versions;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

pub(crate) use fault::typed;
pub(crate) use options::{Seal, options, sealed};
pub use versions::{Versions, versions};

use crate::{VaultError, durable, index, keys::Key, place::Place};

/// Longest wait for the one connection, for a call that comes while the vault is being verified.
const ACQUIRE: Duration = Duration::from_mins(2);

/// The open database.
pub(crate) struct Database {
    /// One connection: two on one write-ahead log meet SQLite's WAL-reset bug, which the linked 3.50.4 still has.
    pub(crate) pool: SqlitePool,
    path: PathBuf,
}

impl Database {
    /// Opens the database of `place`, or makes it when it isn't there. `key` is the database's own. `acknowledged` is
    /// the number of the last commit that is known of; a database that doesn't have it is refused as it is.
    pub(crate) async fn open(
        place: &Place,
        key: &Key,
        acknowledged: u64,
    ) -> Result<Self, VaultError> {
        let fresh = prepare(place, acknowledged)?;
        let mut seal = Seal::Sha256;
        if !fresh {
            let looked = look::at(place, key).await?;
            if looked.commits < acknowledged {
                return Err(behind(&place.database(), looked.commits, acknowledged));
            }
            seal = looked.seal;
        }
        let sealed = sealed(options(&place.database()), key, seal);
        Self::connect(place, sealed, fresh, acknowledged).await
    }

    #[cfg(feature = "plain-twin")]
    pub(crate) async fn open_plain(place: &Place) -> Result<Self, VaultError> {
        let fresh = !place.has_database()?;
        Self::connect(place, options(&place.database()), fresh, 0).await
    }

    /// Never prints the options: the key is inside.
    async fn connect(
        place: &Place,
        options: SqliteConnectOptions,
        fresh: bool,
        acknowledged: u64,
    ) -> Result<Self, VaultError> {
        let versions = versions().await?;
        let path = place.database();
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(|error| typed(error, &path))?;
        let database = Self { pool, path };
        match database.bring_up_to_date(fresh, place, acknowledged).await {
            Ok(()) => {
                tracing::debug!(
                    sqlite = versions.sqlite,
                    sqlcipher = versions.sqlcipher,
                    fresh,
                    "the vault is open"
                );
                Ok(database)
            }
            Err(error) => {
                database.pool.close().await;
                Err(error)
            }
        }
    }

    async fn bring_up_to_date(
        &self,
        fresh: bool,
        place: &Place,
        acknowledged: u64,
    ) -> Result<(), VaultError> {
        // Before anything is written. Also: a wrong key may only show when a page is read.
        let has = self.commits().await?;
        if has < acknowledged {
            return Err(behind(&self.path, has, acknowledged));
        }
        migrations::run(&self.pool, |error| self.fault(error)).await?;
        index::fill(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        if fresh {
            // The checkpoint syncs the file; its entry in the folder is left to us.
            self.empty_log().await?;
            durable::sync_dir(place.dir())?;
        }
        Ok(())
    }

    /// The number of the last commit; 0 where none was ever counted.
    pub(crate) async fn commits(&self) -> Result<u64, VaultError> {
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(|error| self.fault(error))?;
        commits::read(&mut connection)
            .await
            .map_err(|error| self.fault(error))
    }

    /// Moves the write-ahead log into the database and cuts it to nothing.
    pub(crate) async fn empty_log(&self) -> Result<(), VaultError> {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        match row.try_get::<i64, _>(0) {
            Ok(0) => Ok(()),
            _ => Err(VaultError::Database(
                "the log couldn't be emptied".to_owned(),
            )),
        }
    }

    /// Reads and checks every page, every table and the search index.
    pub(crate) async fn verify(&self) -> Result<(), VaultError> {
        // The cipher's check reads the file alone.
        self.empty_log().await?;
        for check in ["PRAGMA cipher_integrity_check", "PRAGMA quick_check"] {
            let found: Vec<String> = sqlx::query_scalar(check)
                .fetch_all(&self.pool)
                .await
                .map_err(|error| self.fault(error))?;
            if let Some(why) = found.into_iter().find(|line| line != "ok") {
                return Err(VaultError::Damaged {
                    path: self.path.clone(),
                    why,
                });
            }
        }
        Ok(())
    }

    /// What an error of the database means.
    pub(crate) fn fault(&self, error: sqlx::Error) -> VaultError {
        typed(error, &self.path)
    }
}

fn behind(path: &Path, has: u64, acknowledged: u64) -> VaultError {
    VaultError::RolledBack {
        path: path.to_owned(),
        missing: acknowledged - has,
    }
}

/// Bytes of the file `path`; 0 when it isn't there.
fn length(path: &Path) -> Result<u64, VaultError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(VaultError::from_io(path, error)),
    }
}

/// Looks at the files before SQLite touches them. Says whether the database is new.
///
/// Only before: on POSIX, closing any handle of the database gives up the locks that SQLite holds on it.
fn prepare(place: &Place, acknowledged: u64) -> Result<bool, VaultError> {
    let path = place.database();
    let fresh = length(&path)? == 0;
    if fresh && length(&place.log())? > 0 {
        return Err(VaultError::LogWithoutDatabase { path });
    }
    if fresh && acknowledged > 0 {
        return Err(behind(&path, 0, acknowledged));
    }
    // Made here, with its mode; SQLite gives the log the same one.
    let mut file = durable::private_file()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| VaultError::from_io(&path, error))?;
    if fresh {
        durable::sync_dir(place.dir())?;
        return Ok(true);
    }
    let mut header = [0; 16];
    match io::Read::read_exact(&mut file, &mut header) {
        Ok(()) if &header == b"SQLite format 3\0" => Err(VaultError::NotEncrypted { path }),
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(VaultError::Damaged {
            path,
            why: "it is cut short".to_owned(),
        }),
        Err(error) => Err(VaultError::from_io(path, error)),
    }
}
