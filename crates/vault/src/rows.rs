//! Rows of the database as types of the conversation, and back.

use sqlx::{Row, sqlite::SqliteRow};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use uuid::Uuid;

use crate::ConversationRow;

/// The columns of a message, in [`message`]'s names.
pub(crate) fn message(row: &SqliteRow) -> Result<Message, sqlx::Error> {
    let receipt: Option<String> = row.try_get("receipt")?;
    Ok(Message {
        id: MessageId(id(row, "id")?),
        conversation: ConversationId(id(row, "conversation")?),
        parent: maybe_id(row, "parent")?.map(MessageId),
        role: role(row)?,
        text: row.try_get("text")?,
        state: state(row)?,
        created_ms: row.try_get("created_ms")?,
        receipt: receipt
            .map(|json| serde_json::from_str(&json))
            .transpose()
            // The error's own words may quote the receipt.
            .map_err(|_| unreadable("receipt"))?,
    })
}

/// The columns of the conversation `c`, in [`conversation`]'s names.
pub(crate) const CONVERSATION: &str =
    "c.row, c.id, c.title, c.leaf, c.created_ms, c.updated_ms, c.order_ms, c.messages, c.folder, c.pinned, c.archived,
     (SELECT group_concat(tags.name, char(31)) FROM conversation_tags t JOIN tags ON tags.row = t.tag
      WHERE t.conversation = c.row) AS tags";

/// A conversation.
pub(crate) fn conversation(row: &SqliteRow) -> Result<ConversationRow, sqlx::Error> {
    Ok(ConversationRow {
        id: ConversationId(id(row, "id")?),
        title: row.try_get("title")?,
        leaf: maybe_id(row, "leaf")?.map(MessageId),
        created_ms: row.try_get("created_ms")?,
        updated_ms: row.try_get("updated_ms")?,
        order_ms: row.try_get("order_ms")?,
        messages: row.try_get("messages")?,
        folder: maybe_id(row, "folder")?,
        pinned: row.try_get("pinned")?,
        archived: row.try_get("archived")?,
        tags: row
            .try_get::<Option<&str>, _>("tags")?
            .map(|names| names.split('\u{1f}').map(ToOwned::to_owned).collect())
            .unwrap_or_default(),
    })
}

pub(crate) fn id(row: &SqliteRow, column: &str) -> Result<Uuid, sqlx::Error> {
    maybe_id(row, column)?.ok_or_else(|| unreadable(column))
}

fn maybe_id(row: &SqliteRow, column: &str) -> Result<Option<Uuid>, sqlx::Error> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    bytes
        .map(|bytes| Uuid::from_slice(&bytes).map_err(|_| unreadable(column)))
        .transpose()
}

/// The word of `state` in the database.
pub(crate) fn state_word(state: MessageState) -> &'static str {
    match state {
        MessageState::Streaming => "streaming",
        MessageState::Complete => "complete",
        MessageState::Stopped => "stopped",
        MessageState::Interrupted => "interrupted",
    }
}

fn state(row: &SqliteRow) -> Result<MessageState, sqlx::Error> {
    match row.try_get("state")? {
        "streaming" => Ok(MessageState::Streaming),
        "complete" => Ok(MessageState::Complete),
        "stopped" => Ok(MessageState::Stopped),
        "interrupted" => Ok(MessageState::Interrupted),
        _ => Err(unreadable("state")),
    }
}

fn role(row: &SqliteRow) -> Result<Role, sqlx::Error> {
    match row.try_get("role")? {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        _ => Err(unreadable("role")),
    }
}

fn unreadable(column: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "it can't be read".into(),
    }
}
