//! What an error of the database means.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::VaultError;

/// The error of this crate for `error`, which came of the database at `path`.
pub(crate) fn typed(error: sqlx::Error, path: &Path) -> VaultError {
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
                // 7 is what SQLCipher answers once it couldn't read a page. This program's statements are sound, so a
                // "logic error" without a detail is a failed read as well: the full-text index calls it so.
                Some(7 | 10 | 14) => unread(path, error.message()),
                Some(1) if error.message() == "SQL logic error" => unread(path, error.message()),
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

fn unread(path: PathBuf, message: &str) -> VaultError {
    VaultError::Io {
        path,
        source: io::Error::other(message.to_owned()),
    }
}
