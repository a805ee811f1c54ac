//! The SQLCipher database: how it is connected, checked and brought up to date.

use std::{fs, io, path::PathBuf, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Row, SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use crate::{VaultError, durable, index, keys::Key, place::Place};

/// Forward only. A step that was released is never changed: its checksum is in every database.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../migrations/0001_first.sql")),
    (2, "history", include_str!("../migrations/0002_history.sql")),
    (
        5,
        "overflow",
        include_str!("../migrations/0005_overflow.sql"),
    ),
];

/// The oldest SQLCipher that is accepted.
const OLDEST_SQLCIPHER: [u32; 3] = [4, 10, 0];

/// Longest wait for the one connection, for a call that comes while the vault is being verified.
const ACQUIRE: Duration = Duration::from_mins(2);

/// What is linked into this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// SQLite's version, such as `3.50.4`.
    pub sqlite: String,
    /// SQLCipher's version, such as `4.10.0 community`.
    pub sqlcipher: String,
}

/// Names the linked SQLite and SQLCipher, or fails with [`VaultError::TooOld`] when they can't keep data safely.
pub async fn versions() -> Result<Versions, VaultError> {
    let fault = |error: sqlx::Error| VaultError::Database(error.to_string());
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging();
    let mut memory = options.connect().await.map_err(fault)?;
    // SQLCipher writes to standard error, for the whole process, from the first key on; its errors come back as codes.
    sqlx::query("PRAGMA cipher_log_level = NONE")
        .fetch_all(&mut memory)
        .await
        .map_err(fault)?;
    let sqlite: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut memory)
        .await
        .map_err(fault)?;
    // Plain SQLite knows no such pragma and answers nothing.
    let sqlcipher: Option<String> = sqlx::query_scalar("PRAGMA cipher_version")
        .fetch_optional(&mut memory)
        .await
        .map_err(fault)?;
    memory.close().await.map_err(fault)?;
    match sqlcipher {
        Some(sqlcipher) if is_new_enough(&sqlcipher) => Ok(Versions { sqlite, sqlcipher }),
        Some(sqlcipher) => Err(VaultError::TooOld {
            linked: format!("SQLCipher {sqlcipher}"),
        }),
        None => Err(VaultError::TooOld {
            linked: format!("SQLite {sqlite} without SQLCipher"),
        }),
    }
}

fn is_new_enough(sqlcipher: &str) -> bool {
    let number = sqlcipher.split(' ').next().unwrap_or_default();
    let parts: Vec<u32> = number
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    parts.len() == 3 && parts.as_slice() >= OLDEST_SQLCIPHER.as_slice()
}

/// The open database.
pub(crate) struct Database {
    /// One connection: two on one write-ahead log meet SQLite's WAL-reset bug, which the linked 3.50.4 still has.
    pub(crate) pool: SqlitePool,
    path: PathBuf,
}

impl Database {
    /// Opens the database of `place`, or makes it when it isn't there. `key` is the database's own.
    pub(crate) async fn open(place: &Place, key: &Key) -> Result<Self, VaultError> {
        let fresh = prepare(place)?;
        let sealed = options(&place.database()).pragma("key", key.pragma().to_string());
        Self::connect(place, sealed, fresh).await
    }

    #[cfg(feature = "plain-twin")]
    pub(crate) async fn open_plain(place: &Place) -> Result<Self, VaultError> {
        let fresh = !place.has_database();
        Self::connect(place, options(&place.database()), fresh).await
    }

    /// Never prints the options: the key is inside.
    async fn connect(
        place: &Place,
        options: SqliteConnectOptions,
        fresh: bool,
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
        match database.bring_up_to_date(fresh, place).await {
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

    async fn bring_up_to_date(&self, fresh: bool, place: &Place) -> Result<(), VaultError> {
        // A wrong key may only show when a page is read.
        let _: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.fault(error))?;
        let steps = MIGRATIONS.iter().map(|&(version, name, sql)| {
            Migration::new(
                version,
                name.into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        Migrator::with_migrations(steps.collect())
            .run(&self.pool)
            .await
            .map_err(|error| match error {
                MigrateError::VersionMissing(migration)
                | MigrateError::VersionMismatch(migration) => VaultError::FromNewer { migration },
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                    self.fault(error)
                }
                other => VaultError::Database(other.to_string()),
            })?;
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

/// Looks at the files before SQLite touches them. Says whether the database is new.
///
/// Only before: on POSIX, closing any handle of the database gives up the locks that SQLite holds on it.
fn prepare(place: &Place) -> Result<bool, VaultError> {
    let path = place.database();
    let length = |path: &PathBuf| match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(VaultError::from_io(path, error)),
    };
    let fresh = length(&path)? == 0;
    if fresh && length(&place.log())? > 0 {
        return Err(VaultError::LogWithoutDatabase { path });
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

/// With the key in them never printed: `Debug` would show it. Statement logging is off for the same reason.
fn options(path: &PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // No other connection, of whatever process, gets in; and the log needs no shared memory file.
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "0")
        // Pages in the cache are read without being deciphered again: 64 MiB at most, taken as they are needed.
        .pragma("cache_size", "-65536")
        // On macOS a plain fsync leaves data in the drive's cache; elsewhere these do nothing.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

fn typed(error: sqlx::Error, path: &std::path::Path) -> VaultError {
    let path = path.to_owned();
    match error {
        sqlx::Error::PoolClosed => VaultError::Closed,
        sqlx::Error::Io(error) => VaultError::from_io(path, error),
        sqlx::Error::ColumnDecode { index, source } => VaultError::Damaged {
            path,
            why: format!("column {index}: {source}"),
        },
        sqlx::Error::Database(error) => {
            // The lower byte is SQLite's primary result code, https://www.sqlite.org/rescode.html
            match error
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .map(|code| code & 0xff)
            {
                Some(5 | 6) => VaultError::Owned,
                Some(8) => VaultError::ReadOnly { path },
                Some(10 | 14) => VaultError::Io {
                    path,
                    source: io::Error::other(error.message().to_owned()),
                },
                Some(11) => VaultError::Damaged {
                    path,
                    why: error.message().to_owned(),
                },
                Some(13) => VaultError::Full { path },
                Some(26) => VaultError::Mismatch { path },
                _ if error.is_unique_violation() => VaultError::AlreadyThere,
                _ => VaultError::Database(error.to_string()),
            }
        }
        other => VaultError::Database(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn sqlcipher_below_4_10_is_too_old() {
        for new in [
            "4.10.0 community",
            "4.10.1",
            "4.11.0 community",
            "5.0.0",
            "10.0.0",
        ] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["4.9.0 community", "4.5.6", "3.99.99", "", "x", "4.10"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
