//! Fills the search index when the way in which texts are split into words has changed.

use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};

use crate::words;

/// Counts the ways of splitting, see [`words`].
const WAY: &str = "1";
/// The setting that says by which way the index was filled.
const FILLED: &str = "index.words";
/// Rows that are read at once.
const BATCH: i64 = 1_000;

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
        "INSERT INTO message_index (message_index) VALUES ('rebuild');
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
            .bind(BATCH)
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
            assert_eq!(kept.await, [3, 7, 9]);
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
