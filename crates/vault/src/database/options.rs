//! How each database file is opened: the vault itself, and its backups.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};

use crate::{keys::Key, place::Place};

/// Without a key. With the key in them never printed: `Debug` would show it. Statement logging is off for the same
/// reason.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
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

/// What SQLCipher seals each page with (docs/adr/0012).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// HMAC-SHA-256: all that is new.
    Sha256,
    /// HMAC-SHA-512, SQLCipher's own choice: vaults of the first days.
    Sha512,
}

impl Seal {
    /// All, the likeliest first.
    pub(crate) const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];
}

/// The same for what `key` enciphers.
pub(crate) fn sealed(options: SqliteConnectOptions, key: &Key, seal: Seal) -> SqliteConnectOptions {
    let options = options.pragma("key", key.pragma().to_string());
    match seal {
        Seal::Sha256 => options.pragma("cipher_hmac_algorithm", "HMAC_SHA256"),
        Seal::Sha512 => options,
    }
}

/// For a look at the database of `place` that changes neither it nor its log. `has_log` says whether there is one.
pub(crate) fn read_only(
    place: &Place,
    key: &Key,
    seal: Seal,
    has_log: bool,
) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(place.database())
        .read_only(true)
        // Without a log there is nothing but the file, and nothing may appear beside it.
        .immutable(!has_log)
        .pragma("temp_store", "MEMORY")
        .pragma("mmap_size", "0")
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    sealed(options, key, seal)
}
