//! Changes of the database: all of them go through here, because each is counted.

use std::ops::{Deref, DerefMut};

use sqlx::{Execute, Sqlite, SqliteConnection, Transaction, sqlite::SqliteQueryResult};

use crate::{Vault, VaultError};

/// A change that has begun: all of it happens at [`Change::commit`], or nothing when it is dropped.
///
/// It holds the one connection. Whoever calls a method of [`Vault`] before it is committed or dropped waits for himself.
pub(crate) struct Change<'vault> {
    vault: &'vault Vault,
    transaction: Transaction<'static, Sqlite>,
}

impl Vault {
    /// Begins a change.
    pub(crate) async fn begin(&self) -> Result<Change<'_>, VaultError> {
        let transaction = self
            .pool()
            .begin()
            .await
            .map_err(|error| self.fault(error))?;
        Ok(Change {
            vault: self,
            transaction,
        })
    }

    /// A change of one statement. Where no row is affected, nothing is committed.
    pub(crate) async fn change<'q>(
        &self,
        statement: impl Execute<'q, Sqlite> + 'q,
    ) -> Result<SqliteQueryResult, VaultError> {
        let mut change = self.begin().await?;
        let done = sqlx::Executor::execute(&mut *change, statement)
            .await
            .map_err(|error| self.fault(error))?;
        if done.rows_affected() > 0 {
            change.commit().await?;
        } else {
            change.take_back().await?;
        }
        Ok(done)
    }
}

impl Change<'_> {
    /// Raises the number of commits and commits. When this returns the change survives a loss of power.
    pub(crate) async fn commit(mut self) -> Result<(), VaultError> {
        let number: i64 = sqlx::query_scalar(
            "UPDATE commits SET number = number + 1 WHERE one = 1 RETURNING number",
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(|error| self.vault.fault(error))?;
        self.transaction
            .commit()
            .await
            .map_err(|error| self.vault.fault(error))?;
        // Only now: the file may be behind the database, never ahead of it.
        self.vault
            .counter
            .note(u64::try_from(number).unwrap_or_default());
        Ok(())
    }

    /// Takes it back and returns the connection at once.
    pub(crate) async fn take_back(self) -> Result<(), VaultError> {
        self.transaction
            .rollback()
            .await
            .map_err(|error| self.vault.fault(error))
    }
}

impl Deref for Change<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}
