//! Makes a whole of what was saved: nothing points to what is lost.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::rows::quoted;
use crate::{VaultError, database::Database};

/// In this order. Ids in the place of what is lost come from the rows that name them.
const STEPS: [&str; 7] = [
    // Messages whose conversation is lost get one without a title.
    "INSERT INTO conversations (id, title, created_ms, updated_ms, order_ms)
     SELECT m.conversation, '', min(m.created_ms), max(m.created_ms), max(m.created_ms) FROM messages m
     WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = m.conversation) GROUP BY m.conversation",
    // What followed a lost message follows the one before it.
    "UPDATE messages SET parent = (
         SELECT b.id FROM messages b WHERE b.conversation = messages.conversation AND b.row < messages.row
         ORDER BY b.row DESC LIMIT 1)
     WHERE parent IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM messages p WHERE p.conversation = messages.conversation AND p.id = messages.parent)",
    "UPDATE conversations SET leaf = (
         SELECT m.id FROM messages m WHERE m.conversation = conversations.id ORDER BY m.row DESC LIMIT 1)
     WHERE leaf IS NULL OR NOT EXISTS (
         SELECT 1 FROM messages m WHERE m.conversation = conversations.id AND m.id = conversations.leaf)",
    "UPDATE conversations SET messages = (SELECT count(*) FROM messages m WHERE m.conversation = conversations.id)",
    "UPDATE conversations SET folder = NULL
     WHERE folder IS NOT NULL AND NOT EXISTS (SELECT 1 FROM folders f WHERE f.id = conversations.folder)",
    "DELETE FROM conversation_tags WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.row = conversation)
         OR NOT EXISTS (SELECT 1 FROM tags WHERE tags.row = tag)",
    // Then the search index is made anew when the vault is opened.
    "DELETE FROM settings WHERE key = 'index.words'",
];

/// Mends it. Returns how many conversations and messages there are.
pub(super) async fn mend(new: &Database) -> Result<(u64, u64), VaultError> {
    let fault = |error| new.fault(error);
    let mut connection = new.pool.acquire().await.map_err(fault)?;
    for step in STEPS {
        sqlx::query(step)
            .execute(&mut *connection)
            .await
            .map_err(fault)?;
    }
    drop_orphans(&mut connection).await.map_err(fault)?;
    let counts: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(fault)?;
    let count = |number| u64::try_from(number).unwrap_or_default();
    Ok((count(counts.0), count(counts.1)))
}

/// What else points to lost rows goes with them, until nothing does.
async fn drop_orphans(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    loop {
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")
                .fetch_all(&mut *connection)
                .await?;
        let mut dropped = 0;
        for table in &tables {
            // Without numbers for rows, as some tables are, each key must be asked for by its columns.
            let keys: Vec<(i64, String, String, Option<String>)> = sqlx::query_as(
                "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
            )
            .bind(table)
            .fetch_all(&mut *connection)
            .await?;
            for key in keys.chunk_by(|one, next| one.0 == next.0) {
                let Some(sql) = orphans(table, key) else {
                    continue;
                };
                let done = sqlx::query(AssertSqlSafe(sql))
                    .execute(&mut *connection)
                    .await?;
                dropped += done.rows_affected();
            }
        }
        if dropped == 0 {
            return Ok(());
        }
    }
}

/// Deletes the rows of `table` that name, by one foreign key, a row that isn't there. The key's columns are given.
fn orphans(table: &str, key: &[(i64, String, String, Option<String>)]) -> Option<String> {
    let table = quoted(table);
    let parent = quoted(&key.first()?.1);
    let mut named = Vec::new();
    let mut equal = Vec::new();
    for (_, _, from, to) in key {
        let from = quoted(from);
        named.push(format!("{table}.{from} IS NOT NULL"));
        equal.push(format!("parent.{} = {table}.{from}", quoted(to.as_ref()?)));
    }
    Some(format!(
        "DELETE FROM {table} WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE {})",
        named.join(" AND "),
        equal.join(" AND ")
    ))
}
