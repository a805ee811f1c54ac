//! The list of conversations.

use sqlx::AssertSqlSafe;
use tandem_conversation::{ConversationId, Message, MessageId};
use uuid::Uuid;

use crate::{
    Vault, VaultError,
    rows::{self, CONVERSATION},
    words,
};

/// The order of what is written next: above all that is there, whatever the clock says. Four ends of one index.
pub(crate) const NEXT: &str = "(SELECT 1 + max(
         coalesce((SELECT max(order_ms) FROM conversations WHERE archived = 0 AND pinned = 0), -1),
         coalesce((SELECT max(order_ms) FROM conversations WHERE archived = 0 AND pinned = 1), -1),
         coalesce((SELECT max(order_ms) FROM conversations WHERE archived = 1 AND pinned = 0), -1),
         coalesce((SELECT max(order_ms) FROM conversations WHERE archived = 1 AND pinned = 1), -1)))";

/// One conversation, without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: ConversationId,
    /// Its title; empty until it gets one.
    pub title: String,
    /// The last message of the path that the person saw last; `None` before the first one.
    pub leaf: Option<MessageId>,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When a message was last appended, in milliseconds since 1970 UTC, as the clock said.
    pub updated_ms: i64,
    /// Its place in lists, the highest first. Like `updated_ms`, but never at odds with the order of appending.
    pub order_ms: i64,
    /// How many messages it has, on all branches.
    pub messages: u32,
    /// The folder that it is in.
    pub folder: Option<Uuid>,
    /// Whether it stays at the top of its lists.
    pub pinned: bool,
    /// Whether it is out of the ordinary lists.
    pub archived: bool,
    /// The names of its tags, in no order.
    pub tags: Vec<String>,
}

impl Vault {
    /// All conversations, archived ones included, the one that was last written in first. For few; see
    /// [`Vault::page`].
    pub async fn conversations(&self) -> Result<Vec<ConversationRow>, VaultError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {CONVERSATION} FROM conversations c ORDER BY c.order_ms DESC, c.row DESC"
        )))
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        rows.iter()
            .map(rows::conversation)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(error))
    }

    /// The ids of all conversations, in no order.
    pub async fn ids(&self) -> Result<Vec<ConversationId>, VaultError> {
        let found: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM conversations")
            .fetch_all(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        let ids = found
            .iter()
            .filter_map(|bytes| Uuid::from_slice(bytes).ok());
        Ok(ids.map(ConversationId).collect())
    }

    /// A new conversation without a title or messages. `now_ms` is in milliseconds since 1970 UTC.
    ///
    /// Fails with [`VaultError::AlreadyThere`] when the id is taken.
    pub async fn create_conversation(
        &self,
        id: ConversationId,
        now_ms: i64,
    ) -> Result<(), VaultError> {
        let query = sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO conversations (id, title, created_ms, updated_ms, order_ms)
             VALUES (?1, '', ?2, ?2, max(?2, {NEXT}))"
        )))
        .bind(id.0.as_bytes().as_slice())
        .bind(now_ms);
        self.change(query).await?;
        Ok(())
    }

    /// Gives the conversation another title. Its place in the list stays.
    pub async fn rename(&self, id: ConversationId, title: &str) -> Result<(), VaultError> {
        let query = sqlx::query("UPDATE conversations SET title = ?2, words = ?3 WHERE id = ?1")
            .bind(id.0.as_bytes().as_slice())
            .bind(title)
            .bind(words::stored(title));
        let done = self.change(query).await?;
        if done.rows_affected() == 0 {
            Err(VaultError::NoConversation(id))
        } else {
            Ok(())
        }
    }

    /// Deletes the conversation with all its messages, for good: the pages are overwritten, the log is emptied, and the
    /// files of its attachments go. When only one of these fails, the error says so and the conversation is gone all the
    /// same.
    pub async fn delete_conversation(&self, id: ConversationId) -> Result<(), VaultError> {
        let query =
            sqlx::query("DELETE FROM conversations WHERE id = ?1").bind(id.0.as_bytes().as_slice());
        let done = self.change(query).await?;
        if done.rows_affected() == 0 {
            return Err(VaultError::NoConversation(id));
        }
        self.database.empty_log().await?;
        self.remove_gone().await
    }

    /// The conversation with its messages in the order of appending, so that each follows its parent.
    pub async fn conversation(
        &self,
        id: ConversationId,
    ) -> Result<(ConversationRow, Vec<Message>), VaultError> {
        // One transaction: the leaf is among the messages.
        let mut transaction = self
            .pool()
            .begin()
            .await
            .map_err(|error| self.fault(error))?;
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT {CONVERSATION} FROM conversations c WHERE c.id = ?1"
        )))
        .bind(id.0.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| self.fault(error))?
        .ok_or(VaultError::NoConversation(id))?;
        let messages = sqlx::query(
            "SELECT id, conversation, parent, role, text, state, created_ms, receipt
             FROM messages WHERE conversation = ?1 ORDER BY row",
        )
        .bind(id.0.as_bytes().as_slice())
        .fetch_all(&mut *transaction)
        .await
        .map_err(|error| self.fault(error))?;
        transaction
            .commit()
            .await
            .map_err(|error| self.fault(error))?;
        let read = || {
            Ok((
                rows::conversation(&row)?,
                messages
                    .iter()
                    .map(rows::message)
                    .collect::<Result<_, _>>()?,
            ))
        };
        read().map_err(|error| self.fault(error))
    }
}
