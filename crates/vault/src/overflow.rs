//! What becomes of a conversation's beginning when it no longer fits.

use tandem_conversation::{ConversationId, Overflow};

use crate::{Vault, VaultError};

impl Vault {
    /// What the person chose for this conversation.
    ///
    /// Fails with [`VaultError::NoConversation`].
    pub async fn overflow(&self, id: ConversationId) -> Result<Overflow, VaultError> {
        let word: Option<String> =
            sqlx::query_scalar("SELECT overflow FROM conversations WHERE id = ?1")
                .bind(id.0.as_bytes().as_slice())
                .fetch_optional(self.pool())
                .await
                .map_err(|error| self.fault(error))?;
        match word.as_deref() {
            None => Err(VaultError::NoConversation(id)),
            Some("summarize") => Ok(Overflow::Summarize),
            Some(_) => Ok(Overflow::Drop),
        }
    }

    /// Remembers the person's choice. The conversation's place in the list stays.
    ///
    /// Fails with [`VaultError::NoConversation`].
    pub async fn set_overflow(
        &self,
        id: ConversationId,
        overflow: Overflow,
    ) -> Result<(), VaultError> {
        let word = match overflow {
            Overflow::Drop => "drop",
            Overflow::Summarize => "summarize",
        };
        let query = sqlx::query("UPDATE conversations SET overflow = ?2 WHERE id = ?1")
            .bind(id.0.as_bytes().as_slice())
            .bind(word);
        let done = self.change(query).await?;
        if done.rows_affected() == 0 {
            return Err(VaultError::NoConversation(id));
        }
        Ok(())
    }
}
