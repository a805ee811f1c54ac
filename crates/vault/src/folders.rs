//! Where conversations are kept: folders, pins, the archive, tags.

use sqlx::{Row, SqliteConnection};
use tandem_conversation::ConversationId;
use uuid::Uuid;

use crate::{Vault, VaultError, rows};

/// A folder. Folders are flat; a conversation is in one at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id, a UUID of version 7 made by the caller.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many conversations are in it, archived ones included.
    pub conversations: u32,
}

/// A tag. A conversation may have many; a tag that none has is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name. Case doesn't tell two tags apart.
    pub name: String,
    /// How many conversations have it.
    pub conversations: u32,
}

impl Vault {
    /// All folders, in the person's order.
    pub async fn folders(&self) -> Result<Vec<Folder>, VaultError> {
        let rows = sqlx::query(
            "SELECT id, name, (SELECT count(*) FROM conversations c WHERE c.folder = folders.id) AS conversations
             FROM folders ORDER BY position, id",
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Folder {
                id: rows::id(row, "id")?,
                name: row.try_get("name")?,
                conversations: row.try_get("conversations")?,
            })
        };
        rows.iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(error))
    }

    /// Makes an empty folder, after all others. Fails with [`VaultError::AlreadyThere`] when the id is taken.
    pub async fn create_folder(&self, id: Uuid, name: &str) -> Result<(), VaultError> {
        let query = sqlx::query(
            "INSERT INTO folders (id, name, position)
             VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM folders))",
        )
        .bind(id.as_bytes().as_slice())
        .bind(name);
        self.change(query).await?;
        Ok(())
    }

    /// Gives a folder another name. Fails with [`VaultError::NoFolder`].
    pub async fn rename_folder(&self, id: Uuid, name: &str) -> Result<(), VaultError> {
        let query = sqlx::query("UPDATE folders SET name = ?2 WHERE id = ?1")
            .bind(id.as_bytes().as_slice())
            .bind(name);
        let done = self.change(query).await?;
        found(done.rows_affected(), VaultError::NoFolder)
    }

    /// Puts the folders in this order. Those that aren't named keep theirs, after the others.
    pub async fn order_folders(&self, ids: &[Uuid]) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        sqlx::query("UPDATE folders SET position = position + ?1")
            .bind(i64::try_from(ids.len()).unwrap_or(0))
            .execute(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
        for (position, id) in (0_i64..).zip(ids) {
            sqlx::query("UPDATE folders SET position = ?2 WHERE id = ?1")
                .bind(id.as_bytes().as_slice())
                .bind(position)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await
    }

    /// Deletes a folder. Its conversations stay, in no folder. Fails with [`VaultError::NoFolder`].
    pub async fn delete_folder(&self, id: Uuid) -> Result<(), VaultError> {
        let query = sqlx::query("DELETE FROM folders WHERE id = ?1").bind(id.as_bytes().as_slice());
        let done = self.change(query).await?;
        found(done.rows_affected(), VaultError::NoFolder)?;
        self.database.empty_log().await
    }

    /// Moves conversations into a folder, or out of any; all of them or none. Their places in the list stay.
    ///
    /// Fails with [`VaultError::NoFolder`] and [`VaultError::NoConversation`].
    pub async fn file(
        &self,
        conversations: &[ConversationId],
        folder: Option<Uuid>,
    ) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        if let Some(id) = folder {
            let known: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM folders WHERE id = ?1)")
                    .bind(id.as_bytes().as_slice())
                    .fetch_one(&mut *change)
                    .await
                    .map_err(|error| self.fault(error))?;
            found(u64::from(known), VaultError::NoFolder)?;
        }
        let folder = folder.map(|id| id.as_bytes().to_vec());
        for &id in conversations {
            let done = sqlx::query("UPDATE conversations SET folder = ?2 WHERE id = ?1")
                .bind(id.0.as_bytes().as_slice())
                .bind(&folder)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
            found(done.rows_affected(), VaultError::NoConversation(id))?;
        }
        change.commit().await
    }

    /// Pins conversations to the top of their lists, or lets them go; all of them or none.
    ///
    /// Fails with [`VaultError::NoConversation`].
    pub async fn pin(
        &self,
        conversations: &[ConversationId],
        pinned: bool,
    ) -> Result<(), VaultError> {
        self.mark(
            "UPDATE conversations SET pinned = ?2 WHERE id = ?1",
            conversations,
            pinned,
        )
        .await
    }

    /// Takes conversations out of the ordinary lists, or back into them; all of them or none. Search still finds them.
    ///
    /// Fails with [`VaultError::NoConversation`].
    pub async fn archive(
        &self,
        conversations: &[ConversationId],
        archived: bool,
    ) -> Result<(), VaultError> {
        self.mark(
            "UPDATE conversations SET archived = ?2 WHERE id = ?1",
            conversations,
            archived,
        )
        .await
    }

    async fn mark(
        &self,
        sql: &'static str,
        conversations: &[ConversationId],
        on: bool,
    ) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        for &id in conversations {
            let done = sqlx::query(sql)
                .bind(id.0.as_bytes().as_slice())
                .bind(on)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
            found(done.rows_affected(), VaultError::NoConversation(id))?;
        }
        change.commit().await
    }

    /// All tags, by name.
    pub async fn tags(&self) -> Result<Vec<Tag>, VaultError> {
        let rows = sqlx::query(
            "SELECT name, (SELECT count(*) FROM conversation_tags t WHERE t.tag = tags.row) AS conversations
             FROM tags ORDER BY name COLLATE NOCASE",
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Tag {
                name: row.try_get("name")?,
                conversations: row.try_get("conversations")?,
            })
        };
        rows.iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(error))
    }

    /// Gives conversations a tag, which is made when it is new, or takes it from them; all of them or none.
    ///
    /// Fails with [`VaultError::NoConversation`].
    pub async fn tag(
        &self,
        conversations: &[ConversationId],
        tag: &str,
        on: bool,
    ) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        if on && !conversations.is_empty() {
            sqlx::query("INSERT INTO tags (name) VALUES (?1) ON CONFLICT DO NOTHING")
                .bind(tag)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        for &id in conversations {
            let row = self.row_of(&mut change, id).await?;
            let sql = if on {
                "INSERT INTO conversation_tags (conversation, tag, order_ms)
                 SELECT c.row, tags.row, c.order_ms FROM conversations c, tags WHERE c.row = ?1 AND tags.name = ?2
                 ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM conversation_tags
                 WHERE conversation = ?1 AND tag = (SELECT row FROM tags WHERE name = ?2)"
            };
            sqlx::query(sql)
                .bind(row)
                .bind(tag)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await
    }

    async fn row_of(
        &self,
        connection: &mut SqliteConnection,
        id: ConversationId,
    ) -> Result<i64, VaultError> {
        sqlx::query_scalar("SELECT row FROM conversations WHERE id = ?1")
            .bind(id.0.as_bytes().as_slice())
            .fetch_optional(connection)
            .await
            .map_err(|error| self.fault(error))?
            .ok_or(VaultError::NoConversation(id))
    }
}

fn found(rows: u64, missing: VaultError) -> Result<(), VaultError> {
    if rows == 0 { Err(missing) } else { Ok(()) }
}
