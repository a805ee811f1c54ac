//! What is linked into this program, and whether it can keep data safely.

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::VaultError;

/// The oldest SQLCipher that is accepted.
const OLDEST_SQLCIPHER: [u32; 3] = [4, 10, 0];

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
