//! The SQLCipher database: how it is connected, checked and brought up to date.

mod check;
mod commits;
mod fault;
mod held;
mod look;
mod migrations;
mod options;
mod versions;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use check::{Depth, check};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

pub(crate) use check::check_closed;
pub(crate) use fault::typed;
pub(crate) use look::{drop_index, look};
pub(crate) use options::{Seal, options, read_only, sealed};
pub use versions::{Versions, versions};

use crate::{VaultError, durable, index, keys::Key, place::Place};

/// Longest wait for the one connection, for a call that comes while the vault is being verified.
const ACQUIRE: Duration = Duration::from_mins(2);

/// The open database.
pub(crate) struct Database {
    /// One connection: two on one write-ahead log meet SQLite's WAL-reset bug, which the linked 3.50.4 still has.
    pub(crate) pool: SqlitePool,
    path: PathBuf,
    /// The same file, for copies. Open as long as the pool is: on POSIX, closing any handle of the database gives up the
    /// locks that SQLite holds on it.
    file: Mutex<Option<Arc<File>>>,
}

impl Database {
    /// Opens the database of `place`, or makes it when it isn't there. `key` is the database's own. `acknowledged` is
    /// the number of the last commit that is known of; a database that doesn't have it is refused as it is.
    pub(crate) async fn open(
        place: &Place,
        key: &Key,
        acknowledged: u64,
    ) -> Result<Self, VaultError> {
        let (fresh, file) = prepare(place, acknowledged)?;
        let mut seal = Seal::Sha256;
        // A database has a journal only while it is made, before it has a log. What a loss of power left of it is nothing
        // to look at: SQLite takes it back first.
        let half_made = durable::is_there(&place.journal())?;
        if !fresh && !half_made {
            let looked = look(place, key).await?;
            if looked.commits < acknowledged {
                return Err(behind(&place.database(), looked.commits, acknowledged));
            }
            seal = looked.seal;
        }
        let sealed = sealed(options(&place.database()), key, seal);
        Self::connect(place, sealed, file, fresh, acknowledged).await
    }

    #[cfg(feature = "plain-twin")]
    pub(crate) async fn open_plain(place: &Place) -> Result<Self, VaultError> {
        let fresh = !place.has_database()?;
        let path = place.database();
        let file = private(&path)?;
        Self::connect(place, options(&path), file, fresh, 0).await
    }

    /// Never prints the options: the key is inside.
    async fn connect(
        place: &Place,
        options: SqliteConnectOptions,
        file: File,
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
        let database = Self {
            pool,
            path,
            file: Mutex::new(Some(Arc::new(file))),
        };
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
                database.let_go().await;
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

    /// Sets the number of the last commit, for a database that takes the place of another.
    pub(crate) async fn set_commits(&self, number: u64) -> Result<(), VaultError> {
        sqlx::query("UPDATE commits SET number = ?1 WHERE one = 1")
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .execute(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// Empties the log and closes the connection.
    pub(crate) async fn close(&self) -> Result<(), VaultError> {
        let emptied = self.empty_log().await;
        self.let_go().await;
        emptied
    }

    async fn let_go(&self) {
        self.pool.close().await;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Reads and checks every page, every table and the search index.
    pub(crate) async fn verify(&self) -> Result<(), VaultError> {
        // The cipher's check reads the file alone.
        self.empty_log().await?;
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(|error| self.fault(error))?;
        check(&mut connection, &self.path, Depth::Tables).await
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
fn prepare(place: &Place, acknowledged: u64) -> Result<(bool, File), VaultError> {
    let path = place.database();
    let fresh = length(&path)? == 0;
    if fresh && length(&place.log())? > 0 {
        return Err(VaultError::LogWithoutDatabase { path });
    }
    if fresh && acknowledged > 0 {
        return Err(behind(&path, 0, acknowledged));
    }
    // Made here, with its mode; SQLite gives the log the same one.
    let mut file = private(&path)?;
    if fresh {
        durable::sync_dir(place.dir())?;
        return Ok((true, file));
    }
    let mut header = [0; 16];
    match io::Read::read_exact(&mut file, &mut header) {
        Ok(()) if &header == b"SQLite format 3\0" => Err(VaultError::NotEncrypted { path }),
        Ok(()) => Ok((false, file)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(VaultError::Damaged {
            path,
            why: "it is cut short".to_owned(),
        }),
        Err(error) => Err(VaultError::from_io(path, error)),
    }
}

fn private(path: &Path) -> Result<File, VaultError> {
    durable::private_file()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| VaultError::from_io(path, error))
}
