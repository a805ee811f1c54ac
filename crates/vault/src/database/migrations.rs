//! Brings the tables of a database up to what this program writes.

use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::VaultError;

/// Forward only. A step that was released is never changed: its checksum is in every database.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../../migrations/0001_first.sql")),
    (
        2,
        "history",
        include_str!("../../migrations/0002_history.sql"),
    ),
    (
        5,
        "overflow",
        include_str!("../../migrations/0005_overflow.sql"),
    ),
    (
        6,
        "exchange",
        include_str!("../../migrations/0006_exchange.sql"),
    ),
    (
        7,
        "commits",
        include_str!("../../migrations/0007_commits.sql"),
    ),
    (
        8,
        "drafts",
        include_str!("../../migrations/0008_drafts.sql"),
    ),
    (9, "index", include_str!("../../migrations/0009_index.sql")),
];

/// Runs the steps that are missing, each in a transaction of its own. `fault` says what an error of the database means.
pub(super) async fn run(
    pool: &SqlitePool,
    fault: impl Fn(sqlx::Error) -> VaultError,
) -> Result<(), VaultError> {
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
        .run(pool)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(migration) | MigrateError::VersionMismatch(migration) => {
                VaultError::FromNewer { migration }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => fault(error),
            other => VaultError::Database(other.to_string()),
        })
}
