//! Settings: small values under a name.

use crate::{Vault, VaultError};

impl Vault {
    /// The value of the setting `key`, as JSON, or `None` when it was never set.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, VaultError> {
        sqlx::query_scalar("SELECT value FROM settings WHERE key = ?1")
            .bind(key)
            .fetch_optional(self.pool())
            .await
            .map_err(|error| self.fault(error))
    }

    /// Sets `key` to `value`, which is JSON of the caller's own shape; it isn't looked into.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), VaultError> {
        let query = sqlx::query("INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
            .bind(key)
            .bind(value);
        self.change(query).await?;
        Ok(())
    }
}
