//! Keeps the search index: messages reach it in batches, and all of them anew when the way in which texts are split
//! into words has changed.
//!
//! A word that enters alone dirties more pages than the message itself; a hundred messages together dirty little more
//! than one (docs/adr/0012). Until then they stand in the table `unindexed`, and a search takes them in first.

use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};

use crate::{Vault, VaultError, words};

/// Counts the ways of splitting, see [`words`].
const WAY: &str = "1";
/// The setting that says by which way the index was filled.
const FILLED: &str = "index.words";
/// Rows that are read at once.
const ROWS: i64 = 1_000;
/// Messages that wait before they enter the index together, and that enter it in one transaction.
const BATCH: i64 = 100;

/// Takes waiting messages in when they make a batch, or, with `all`, whatever their number. One transaction a batch,
/// so that other calls come in between.
pub(crate) async fn keep_up(vault: &Vault, all: bool) -> Result<(), VaultError> {
    let enough = if all { 1 } else { BATCH };
    loop {
        let waiting: i64 =
            sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM unindexed LIMIT ?1)")
                .bind(BATCH)
                .fetch_one(vault.pool())
                .await
                .map_err(|error| vault.fault(error))?;
        if waiting < enough {
            return Ok(());
        }
        let mut change = vault.begin().await?;
        take_in(&mut change)
            .await
            .map_err(|error| vault.fault(error))?;
        change.commit().await?;
        if waiting < BATCH {
            return Ok(());
        }
    }
}

async fn take_in(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT max(row) FROM (SELECT row FROM unindexed ORDER BY row LIMIT ?1)",
    )
    .bind(BATCH)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO message_index (rowid, text)
         SELECT m.row, coalesce(m.words, m.text) FROM unindexed u CROSS JOIN messages m ON m.row = u.row
         WHERE u.row <= ?1 ORDER BY u.row",
    )
    .bind(last)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM unindexed WHERE row <= ?1")
        .bind(last)
        .execute(connection)
        .await?;
    Ok(())
}

/// Brings the index to this program's way of splitting: all of it anew when another one was used, which takes about a
/// minute for a million messages. All or nothing: after an interruption the next start tries again.
pub(crate) async fn fill(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let filled: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE key = ?1")
        .bind(FILLED)
        .fetch_optional(pool)
        .await?;
    if filled.as_deref() == Some(WAY) {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    split(&mut transaction, "messages", "text").await?;
    split(&mut transaction, "conversations", "title").await?;
    sqlx::raw_sql(
        "DELETE FROM unindexed;
         INSERT INTO message_index (message_index) VALUES ('rebuild');
         INSERT INTO title_index (title_index) VALUES ('rebuild');",
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query("INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(FILLED)
        .bind(WAY)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Stores the words of a column's texts. No trigger runs: those that keep the index wait for the text itself.
async fn split(
    connection: &mut SqliteConnection,
    table: &'static str,
    column: &'static str,
) -> Result<(), sqlx::Error> {
    let read = format!(
        "SELECT row, {column} AS text, words FROM {table} WHERE row > ?1 ORDER BY row LIMIT ?2"
    );
    let write = format!("UPDATE {table} SET words = ?2 WHERE row = ?1");
    let mut last = i64::MIN;
    loop {
        let rows = sqlx::query(AssertSqlSafe(read.clone()))
            .bind(last)
            .bind(ROWS)
            .fetch_all(&mut *connection)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            last = row.try_get("row")?;
            let old: Option<&str> = row.try_get("words")?;
            let new = words::stored(row.try_get("text")?);
            if new.as_deref() != old {
                sqlx::query(AssertSqlSafe(write.clone()))
                    .bind(last)
                    .bind(new)
                    .execute(&mut *connection)
                    .await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    #[tokio::test]
    async fn what_was_written_before_the_index_is_found_in_it() {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .unwrap();
        for sql in [
            include_str!("../migrations/0001_first.sql"),
            "INSERT INTO conversations VALUES (1, x'00000000000000000000000000000001', '東京の天気', NULL, 5, 7);
             INSERT INTO messages VALUES
                 (1, x'01000000000000000000000000000001', x'00000000000000000000000000000001', NULL, 'user',
                  '明日の京都は', 'complete', 5, NULL),
                 (2, x'01000000000000000000000000000002', x'00000000000000000000000000000001', NULL, 'assistant',
                  'plain rain', 'complete', 9, '{\"route\":\"device\",\"model\":\"small\"}'),
                 (3, x'01000000000000000000000000000003', x'00000000000000000000000000000001', NULL, 'assistant',
                  'unended', 'streaming', 9, NULL);",
            include_str!("../migrations/0002_history.sql"),
            include_str!("../migrations/0009_index.sql"),
        ] {
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        }
        for _ in 0..2 {
            fill(&pool).await.unwrap();
            let rows = |sql: &'static str| {
                let pool = pool.clone();
                async move {
                    let found: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
                    found
                }
            };
            let found =
                rows("SELECT rowid FROM message_index WHERE message_index MATCH '\"京都\"'");
            assert_eq!(found.await, [1]);
            let found =
                rows("SELECT rowid FROM message_index WHERE message_index MATCH 'rain OR unended'");
            assert_eq!(found.await, [2]);
            let found = rows("SELECT rowid FROM title_index WHERE title_index MATCH '\"天気\"'");
            assert_eq!(found.await, [1]);
            let kept = rows(
                "SELECT messages FROM conversations UNION ALL SELECT order_ms FROM conversations
                 UNION ALL SELECT last_ms FROM message_spans",
            );
            assert_eq!(kept.await, [3, 7, 0x3ff_ffff]);
            let told: (String, String) =
                sqlx::query_as("SELECT route, model FROM messages WHERE row = 2")
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            assert_eq!(told, ("device".to_owned(), "small".to_owned()));
        }
        for table in ["message_index", "title_index"] {
            sqlx::query(AssertSqlSafe(format!(
                "INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)"
            )))
            .execute(&pool)
            .await
            .unwrap();
        }
        sqlx::raw_sql("DELETE FROM messages WHERE row = 1")
            .execute(&pool)
            .await
            .unwrap();
        sqlx::raw_sql(
            "INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)",
        )
        .execute(&pool)
        .await
        .unwrap();
    }
}
