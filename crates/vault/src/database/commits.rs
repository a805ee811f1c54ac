//! The number of the last commit that a database has.

use sqlx::SqliteConnection;

/// The number of the last commit; 0 where none was ever counted.
pub(super) async fn read(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let counted: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'commits')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !counted {
        return Ok(0);
    }
    let number: Option<i64> = sqlx::query_scalar("SELECT number FROM commits WHERE one = 1")
        .fetch_optional(connection)
        .await?;
    Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
}
