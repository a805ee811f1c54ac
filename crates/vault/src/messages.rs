//! Messages: appended once, filled while they stream, then final.

use sqlx::{AssertSqlSafe, SqliteConnection};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Receipt, Role};

use crate::{Vault, VaultError, conversations::NEXT, index, rows, words};

impl Vault {
    /// Appends the message, makes it its conversation's leaf and the conversation the last updated one, all or nothing.
    /// When this returns, the message survives a loss of power.
    ///
    /// Fails with [`VaultError::NoConversation`], [`VaultError::ForeignParent`], [`VaultError::AlreadyThere`] and
    /// [`VaultError::NoSystemMessages`].
    pub async fn append(&self, message: &Message) -> Result<(), VaultError> {
        self.append_all(&[message], None).await
    }

    /// Appends the messages in their order and, with `title`, renames the conversation of the last one, all or nothing.
    /// Fails as [`Self::append`] does.
    pub async fn append_all(
        &self,
        messages: &[&Message],
        title: Option<&str>,
    ) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        let mut conversation = None;
        for &message in messages {
            self.insert(&mut change, message).await?;
            conversation = Some(message.conversation);
        }
        if let (Some(id), Some(title)) = (conversation, title) {
            sqlx::query("UPDATE conversations SET title = ?2, words = ?3 WHERE id = ?1")
                .bind(id.0.as_bytes().as_slice())
                .bind(title)
                .bind(words::stored(title))
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await?;
        self.index_batch().await;
        Ok(())
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        message: &Message,
    ) -> Result<(), VaultError> {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => return Err(VaultError::NoSystemMessages),
        };
        let receipt = json(message.receipt.as_ref())?;
        // First, because it also says whether the conversation is there. Clocks may go back, the list may not.
        let touched = sqlx::query(AssertSqlSafe(format!(
            "UPDATE conversations SET leaf = ?2, updated_ms = max(updated_ms, ?3), order_ms = max(?3, {NEXT})
             WHERE id = ?1"
        )))
        .bind(message.conversation.0.as_bytes().as_slice())
        .bind(message.id.0.as_bytes().as_slice())
        .bind(message.created_ms)
        .execute(&mut *connection)
        .await
        .map_err(|error| self.fault(error))?;
        if touched.rows_affected() == 0 {
            return Err(VaultError::NoConversation(message.conversation));
        }
        if let Some(parent) = message.parent
            && !self
                .belongs(connection, message.conversation, parent)
                .await?
        {
            return Err(VaultError::ForeignParent {
                message: message.id,
                parent,
            });
        }
        sqlx::query(
            "INSERT INTO messages (id, conversation, parent, role, text, state, created_ms, receipt, words)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(message.id.0.as_bytes().as_slice())
        .bind(message.conversation.0.as_bytes().as_slice())
        .bind(message.parent.as_ref().map(|parent| parent.0.as_bytes().as_slice()))
        .bind(role)
        .bind(&message.text)
        .bind(rows::state_word(message.state))
        .bind(message.created_ms)
        .bind(receipt)
        // What streams is split when it ends.
        .bind(match message.state {
            MessageState::Streaming => None,
            _ => words::stored(&message.text),
        })
        .execute(connection)
        .await
        .map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// Replaces the text of a message that is streaming.
    ///
    /// Fails with [`VaultError::NoMessage`] and, when the message has ended, [`VaultError::Settled`].
    pub async fn checkpoint(&self, id: MessageId, text: &str) -> Result<(), VaultError> {
        let query =
            sqlx::query("UPDATE messages SET text = ?2 WHERE id = ?1 AND state = 'streaming'")
                .bind(id.0.as_bytes().as_slice())
                .bind(text);
        let done = self.change(query).await?;
        self.must_have_been_streaming(done.rows_affected(), id)
            .await
    }

    /// Ends a message that is streaming: its text is final, and it can be found from now on.
    ///
    /// Fails as [`Vault::checkpoint`] does, and with [`VaultError::NotAnEnd`] for [`MessageState::Streaming`].
    pub async fn finish(
        &self,
        id: MessageId,
        text: &str,
        state: MessageState,
        receipt: Option<&Receipt>,
    ) -> Result<(), VaultError> {
        if state == MessageState::Streaming {
            return Err(VaultError::NotAnEnd);
        }
        let query = sqlx::query(
            "UPDATE messages SET text = ?2, state = ?3, receipt = ?4, words = ?5
             WHERE id = ?1 AND state = 'streaming'",
        )
        .bind(id.0.as_bytes().as_slice())
        .bind(text)
        .bind(rows::state_word(state))
        .bind(json(receipt)?)
        .bind(words::stored(text));
        let done = self.change(query).await?;
        self.must_have_been_streaming(done.rows_affected(), id)
            .await?;
        self.index_batch().await;
        Ok(())
    }

    /// Lets the messages that wait for the search index in, when they make a batch. What was asked for is safe by now, so
    /// a failure is no one's: they go on waiting.
    pub(crate) async fn index_batch(&self) {
        if let Err(error) = index::keep_up(self, false).await {
            tracing::warn!(code = error.code(), "messages wait for the search index");
        }
    }

    /// Remembers `message` as the end of the path that is shown. The conversation's place in the list stays.
    ///
    /// Fails with [`VaultError::NoConversation`], and with [`VaultError::NoMessage`] when the message is of another one.
    pub async fn set_leaf(
        &self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        let known = self.belongs(&mut change, conversation, message).await?;
        let done = sqlx::query("UPDATE conversations SET leaf = ?2 WHERE id = ?1")
            .bind(conversation.0.as_bytes().as_slice())
            .bind(message.0.as_bytes().as_slice())
            .execute(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
        if done.rows_affected() == 0 {
            return Err(VaultError::NoConversation(conversation));
        }
        if !known {
            return Err(VaultError::NoMessage(message));
        }
        change.commit().await
    }

    /// Marks what an earlier run left streaming as interrupted, so that it can be found. For the start, before any
    /// answer streams. Returns how many there were.
    pub async fn settle_interrupted(&self) -> Result<u64, VaultError> {
        let mut change = self.begin().await?;
        let found: Vec<(i64, String)> =
            sqlx::query_as("SELECT row, text FROM messages WHERE state = 'streaming'")
                .fetch_all(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        if found.is_empty() {
            change.take_back().await?;
            return Ok(0);
        }
        for (row, text) in &found {
            sqlx::query("UPDATE messages SET state = 'interrupted', words = ?2 WHERE row = ?1")
                .bind(row)
                .bind(words::stored(text))
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await?;
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }

    async fn belongs(
        &self,
        connection: &mut SqliteConnection,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<bool, VaultError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE conversation = ?1 AND id = ?2)",
        )
        .bind(conversation.0.as_bytes().as_slice())
        .bind(message.0.as_bytes().as_slice())
        .fetch_one(connection)
        .await
        .map_err(|error| self.fault(error))
    }

    async fn must_have_been_streaming(
        &self,
        changed: u64,
        id: MessageId,
    ) -> Result<(), VaultError> {
        if changed > 0 {
            return Ok(());
        }
        let known: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM messages WHERE id = ?1)")
                .bind(id.0.as_bytes().as_slice())
                .fetch_one(self.pool())
                .await
                .map_err(|error| self.fault(error))?;
        Err(if known {
            VaultError::Settled(id)
        } else {
            VaultError::NoMessage(id)
        })
    }
}

fn json(receipt: Option<&Receipt>) -> Result<Option<String>, VaultError> {
    receipt
        .map(serde_json::to_string)
        .transpose()
        .map_err(|_| VaultError::Database("the receipt couldn't be written".to_owned()))
}
