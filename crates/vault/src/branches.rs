//! Deleting a part of a conversation's tree, for good.

use tandem_conversation::{ConversationId, MessageId};

use crate::{Vault, VaultError};

/// The messages from ?2 down, of conversation ?1. UNION, not UNION ALL: a damaged tree with a ring ends.
const BELOW: &str = "WITH RECURSIVE below (id) AS (
         SELECT id FROM messages WHERE conversation = ?1 AND id = ?2
         UNION SELECT m.id FROM messages m JOIN below ON m.conversation = ?1 AND m.parent = below.id
     ) DELETE FROM messages WHERE conversation = ?1 AND id IN (SELECT id FROM below)";

/// The messages that are not on the way from the first one to ?2.
const ASIDE: &str = "WITH RECURSIVE path (id, parent) AS (
         SELECT id, parent FROM messages WHERE conversation = ?1 AND id = ?2
         UNION SELECT m.id, m.parent FROM messages m JOIN path ON m.conversation = ?1 AND m.id = path.parent
     ) DELETE FROM messages WHERE conversation = ?1 AND id NOT IN (SELECT id FROM path)";

/// The newest end below ?2, by the newest child each time; ?2 itself when nothing follows it.
const NEWEST: &str = "WITH RECURSIVE way (id, depth) AS (
         SELECT ?2, 0
         UNION ALL
         SELECT (SELECT max(m.id) FROM messages m WHERE m.conversation = ?1 AND m.parent = way.id), depth + 1
         FROM way WHERE way.id IS NOT NULL AND depth < (SELECT messages FROM conversations WHERE id = ?1)
     ) SELECT id FROM way WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1";

impl Vault {
    /// Deletes a message with all that follows it, for good: pages are overwritten, the log is emptied. If what is
    /// shown went with it, the newest branch beside it is shown, else what it followed.
    ///
    /// Fails with [`VaultError::NoConversation`] and [`VaultError::NoMessage`]. When only the emptying fails, the error
    /// says so and the messages are gone all the same.
    pub async fn delete_branch(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<(), VaultError> {
        let of = conversation.0.as_bytes().as_slice();
        let mut change = self.begin().await?;
        let parent: Option<Vec<u8>> = self.parent_of(&mut change, conversation, message).await?;
        sqlx::query(BELOW)
            .bind(of)
            .bind(message.0.as_bytes().as_slice())
            .execute(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
        let shown: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages m JOIN conversations c ON m.conversation = c.id AND m.id = c.leaf
             WHERE c.id = ?1)",
        )
        .bind(of)
        .fetch_one(&mut *change)
        .await
        .map_err(|error| self.fault(error))?;
        if !shown {
            let beside: Option<Vec<u8>> = sqlx::query_scalar(
                "SELECT max(id) FROM messages WHERE conversation = ?1 AND parent IS ?2",
            )
            .bind(of)
            .bind(&parent)
            .fetch_one(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
            let leaf: Option<Vec<u8>> = match beside {
                Some(beside) => sqlx::query_scalar(NEWEST)
                    .bind(of)
                    .bind(beside)
                    .fetch_one(&mut *change)
                    .await
                    .map_err(|error| self.fault(error))?,
                None => parent,
            };
            sqlx::query("UPDATE conversations SET leaf = ?2 WHERE id = ?1")
                .bind(of)
                .bind(leaf)
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await?;
        self.database.empty_log().await?;
        self.remove_gone().await
    }

    /// Keeps the branch that ends with `leaf` and shows it; all other messages of the conversation are deleted for good.
    ///
    /// Fails as [`Vault::delete_branch`] does.
    pub async fn keep_branch(
        &self,
        conversation: ConversationId,
        leaf: MessageId,
    ) -> Result<(), VaultError> {
        let of = conversation.0.as_bytes().as_slice();
        let mut change = self.begin().await?;
        self.parent_of(&mut change, conversation, leaf).await?;
        for sql in [ASIDE, "UPDATE conversations SET leaf = ?2 WHERE id = ?1"] {
            sqlx::query(sql)
                .bind(of)
                .bind(leaf.0.as_bytes().as_slice())
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await?;
        self.database.empty_log().await?;
        self.remove_gone().await
    }

    /// What the message follows, or why there is no such message.
    async fn parent_of(
        &self,
        connection: &mut sqlx::SqliteConnection,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let known: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)")
                .bind(conversation.0.as_bytes().as_slice())
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| self.fault(error))?;
        if !known {
            return Err(VaultError::NoConversation(conversation));
        }
        sqlx::query_scalar("SELECT parent FROM messages WHERE conversation = ?1 AND id = ?2")
            .bind(conversation.0.as_bytes().as_slice())
            .bind(message.0.as_bytes().as_slice())
            .fetch_optional(connection)
            .await
            .map_err(|error| self.fault(error))?
            .ok_or(VaultError::NoMessage(message))
    }
}
