//! What was typed and not yet sent.

use sqlx::Row;
use tandem_conversation::ConversationId;
use uuid::Uuid;

use crate::{Vault, VaultError};

/// Bytes of a draft at most: the largest question.
const LONGEST: usize = 1 << 20;

/// A text that was typed and not yet sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// In which conversation; nothing for one that isn't begun.
    pub conversation: Option<ConversationId>,
    /// The text, never empty.
    pub text: String,
}

impl Vault {
    /// All drafts.
    pub async fn drafts(&self) -> Result<Vec<Draft>, VaultError> {
        let rows = sqlx::query("SELECT conversation, text FROM drafts")
            .fetch_all(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        rows.iter()
            .map(|row| {
                let id: Vec<u8> = row.try_get("conversation")?;
                Ok(Draft {
                    conversation: Uuid::from_slice(&id).ok().map(ConversationId),
                    text: row.try_get("text")?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(|error| self.fault(error))
    }

    /// Keeps what was typed in a conversation, or in none yet; an empty text forgets it. A draft goes with its
    /// conversation.
    ///
    /// Fails with [`VaultError::NoConversation`]. What is longer than 1 MiB is cut there.
    pub async fn set_draft(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
    ) -> Result<(), VaultError> {
        let id = conversation.map_or(vec![], |id| id.0.as_bytes().to_vec());
        if text.is_empty() {
            self.change(sqlx::query("DELETE FROM drafts WHERE conversation = ?1").bind(id))
                .await?;
            return Ok(());
        }
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let query = sqlx::query(
            "INSERT INTO drafts (conversation, text)
             SELECT ?1, ?2 WHERE ?1 = x'' OR EXISTS (SELECT 1 FROM conversations WHERE id = ?1)
             ON CONFLICT (conversation) DO UPDATE SET text = excluded.text",
        )
        .bind(id)
        .bind(&text[..end]);
        let done = self.change(query).await?;
        match conversation {
            Some(id) if done.rows_affected() == 0 => Err(VaultError::NoConversation(id)),
            _ => Ok(()),
        }
    }
}
