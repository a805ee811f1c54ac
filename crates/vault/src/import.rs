//! Conversations from elsewhere: each whole in one transaction, with its own dates, and never twice.

use std::collections::{HashMap, HashSet};

use sqlx::{Row, SqliteConnection};
use tandem_conversation::{ConversationId, MessageId, MessageState, Overflow, Receipt, Role};
use uuid::Uuid;

use crate::{Vault, VaultError, attachments::Kept, rows, words};

/// The source that is Tandem itself: its ids are UUIDs and are kept where they are free.
const OWN: &str = "tandem";

/// A conversation to be imported.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The kind of export, such as `chatgpt`.
    pub source: String,
    /// What it is called there.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// The name of its folder, which is made when there is none.
    pub folder: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it stays at the top of its lists.
    pub pinned: bool,
    /// Whether it is out of the ordinary lists.
    pub archived: bool,
    /// What becomes of its beginning when the context is full.
    pub overflow: Overflow,
    /// The end of the shown path, by its place in `messages`.
    pub leaf: Option<usize>,
    /// Its messages; each after its parent, versions in their order.
    pub messages: Vec<IncomingMessage>,
}

/// A message to be imported.
#[derive(Clone, Debug)]
pub struct IncomingMessage {
    /// What it is called where it comes from.
    pub id: String,
    /// The message before it, by its place, which is lower than its own.
    pub parent: Option<usize>,
    /// The person or the model.
    pub role: Role,
    /// Its text.
    pub text: String,
    /// How far it got; not [`MessageState::Streaming`].
    pub state: MessageState,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// How it came to be.
    pub receipt: Option<Receipt>,
    /// What is attached to it.
    pub attachments: Vec<IncomingAttachment>,
}

/// An attachment to be imported.
#[derive(Clone, Debug)]
pub struct IncomingAttachment {
    /// Its name, without folders.
    pub name: String,
    /// Its kind, such as `image/png`.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an import of one conversation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whether it wasn't there before.
    pub new: bool,
    /// Messages that were added.
    pub messages: u64,
    /// Attachments that were added.
    pub attachments: u64,
}

/// A message that is there: its row and its id.
type There = (i64, MessageId);

impl Vault {
    /// The messages of an imported conversation that are here already, by what they are called where they come from;
    /// nothing where the conversation isn't here.
    pub async fn known(
        &self,
        source: &str,
        id: &str,
    ) -> Result<Option<HashSet<String>>, VaultError> {
        let mut connection = self
            .pool()
            .acquire()
            .await
            .map_err(|error| self.fault(error))?;
        let Some((row, _)) = self.imported_as(&mut connection, source, id).await? else {
            return Ok(None);
        };
        let there = self.there(&mut connection, source, row).await?;
        Ok(Some(there.into_keys().collect()))
    }

    /// Imports a conversation, all of it or nothing, with its own dates. Of one that is here already only those messages
    /// are added that aren't; its title and its place stay as the person has them.
    ///
    /// Fails with [`VaultError::NoSystemMessages`] and [`VaultError::NotAnEnd`].
    pub async fn import(&self, mut incoming: Incoming) -> Result<Imported, VaultError> {
        for message in &incoming.messages {
            if message.role == Role::System {
                return Err(VaultError::NoSystemMessages);
            }
            if message.state == MessageState::Streaming {
                return Err(VaultError::NotAnEnd);
            }
        }
        let known = self
            .known(&incoming.source, &incoming.id)
            .await?
            .unwrap_or_default();
        // The bytes are sealed before the transaction begins: other calls go on meanwhile.
        let contents: Vec<Vec<u8>> = incoming
            .messages
            .iter_mut()
            .filter(|message| !known.contains(&message.id))
            .flat_map(|message| &mut message.attachments)
            .map(|attachment| std::mem::take(&mut attachment.bytes))
            .collect();
        let sizes: Vec<i64> = contents
            .iter()
            .map(|bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX))
            .collect();
        let kept = self.keep_files(contents).await?;
        match self.import_rows(&incoming, &kept, &sizes).await {
            Ok(imported) => {
                self.index_batch().await;
                Ok(imported)
            }
            Err(error) => {
                self.drop_kept(kept).await;
                Err(error)
            }
        }
    }

    async fn import_rows(
        &self,
        incoming: &Incoming,
        kept: &[Kept],
        sizes: &[i64],
    ) -> Result<Imported, VaultError> {
        let mut change = self.begin().await?;
        let found = self
            .imported_as(&mut change, &incoming.source, &incoming.id)
            .await?;
        let new = found.is_none();
        let (row, conversation) = match found {
            Some(found) => found,
            None => self.new_conversation(&mut change, incoming).await?,
        };
        let mut there = self.there(&mut change, &incoming.source, row).await?;
        let mut files = kept.iter().zip(sizes);
        let mut imported = Imported {
            conversation,
            new,
            messages: 0,
            attachments: 0,
        };
        // The last id that was given to a version of each message, so that versions stay in their order.
        let mut versions: HashMap<Option<MessageId>, MessageId> = HashMap::new();
        let mut standing: Vec<MessageId> = Vec::with_capacity(incoming.messages.len());
        for message in &incoming.messages {
            let parent = message.parent.and_then(|at| standing.get(at).copied());
            if let Some(&(_, id)) = there.get(&message.id) {
                standing.push(id);
                continue;
            }
            let own = own_id(&incoming.source, &message.id);
            let id = match own {
                Some(id) if self.is_free(&mut change, "messages", id).await? => MessageId(id),
                _ => dated_id(message.created_ms, versions.get(&parent))?,
            };
            versions.insert(parent, id);
            standing.push(id);
            let row_of = self
                .insert_imported(&mut change, conversation, id, parent, message)
                .await?;
            there.insert(message.id.clone(), (row_of, id));
            sqlx::query(
                "INSERT INTO imported_messages (conversation, id, message) VALUES (?1, ?2, ?3)",
            )
            .bind(row)
            .bind(&message.id)
            .bind(row_of)
            .execute(&mut *change)
            .await
            .map_err(|error| self.fault(error))?;
            imported.messages += 1;
            for attachment in &message.attachments {
                let Some((file, size)) = files.next() else {
                    return Err(VaultError::Database(
                        "an attachment came after its message".to_owned(),
                    ));
                };
                sqlx::query(
                    "INSERT INTO attachments (id, message, name, mime, bytes, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .bind(file.id.as_bytes().as_slice())
                .bind(row_of)
                .bind(&attachment.name)
                .bind(&attachment.mime)
                .bind(size)
                .bind(file.key.as_slice())
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
                imported.attachments += 1;
            }
        }
        if imported.messages > 0 {
            let leaf = incoming.leaf.and_then(|at| standing.get(at).copied());
            self.settle(&mut change, row, leaf).await?;
        }
        change.commit().await?;
        Ok(imported)
    }

    /// The conversation that was imported under this name.
    async fn imported_as(
        &self,
        connection: &mut SqliteConnection,
        source: &str,
        id: &str,
    ) -> Result<Option<(i64, ConversationId)>, VaultError> {
        let own = own_id(source, id).map(|id| id.as_bytes().to_vec());
        let found = sqlx::query(
            "SELECT c.row, c.id FROM conversations c
             WHERE c.row = (SELECT conversation FROM imported_conversations WHERE source = ?1 AND id = ?2)
                OR c.id = ?3",
        )
        .bind(source)
        .bind(id)
        .bind(own)
        .fetch_optional(connection)
        .await
        .map_err(|error| self.fault(error))?;
        found
            .map(|row| Ok((row.try_get("row")?, ConversationId(rows::id(&row, "id")?))))
            .transpose()
            .map_err(|error| self.fault(error))
    }

    /// Its messages that were imported, by what they are called where they come from.
    async fn there(
        &self,
        connection: &mut SqliteConnection,
        source: &str,
        conversation: i64,
    ) -> Result<HashMap<String, There>, VaultError> {
        let found = sqlx::query(
            "SELECT i.id AS called, m.row, m.id FROM imported_messages i JOIN messages m ON m.row = i.message
             WHERE i.conversation = ?1",
        )
        .bind(conversation)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.fault(error))?;
        let mut there = HashMap::with_capacity(found.len());
        let read = |row: &sqlx::sqlite::SqliteRow| -> Result<There, sqlx::Error> {
            Ok((row.try_get("row")?, MessageId(rows::id(row, "id")?)))
        };
        if source == OWN {
            // What this vault made itself is called by its id.
            let all = sqlx::query(
                "SELECT m.row, m.id FROM messages m JOIN conversations c ON c.id = m.conversation
                 WHERE c.row = ?1",
            )
            .bind(conversation)
            .fetch_all(connection)
            .await
            .map_err(|error| self.fault(error))?;
            for row in &all {
                let (row, id) = read(row).map_err(|error| self.fault(error))?;
                there.insert(id.0.to_string(), (row, id));
            }
        }
        for row in &found {
            let called = row.try_get("called").map_err(|error| self.fault(error))?;
            there.insert(called, read(row).map_err(|error| self.fault(error))?);
        }
        Ok(there)
    }

    async fn new_conversation(
        &self,
        connection: &mut SqliteConnection,
        incoming: &Incoming,
    ) -> Result<(i64, ConversationId), VaultError> {
        let id = match own_id(&incoming.source, &incoming.id) {
            Some(id) if self.is_free(connection, "conversations", id).await? => id,
            _ => dated_id(incoming.created_ms, None)?.0,
        };
        let folder = match &incoming.folder {
            Some(name) => Some(self.folder_called(connection, name, incoming).await?),
            None => None,
        };
        let row: i64 = sqlx::query_scalar(
            "INSERT INTO conversations
             (id, title, words, created_ms, updated_ms, order_ms, folder, pinned, archived, overflow)
             VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?5, ?6, ?7, ?8) RETURNING row",
        )
        .bind(id.as_bytes().as_slice())
        .bind(&incoming.title)
        .bind(words::stored(&incoming.title))
        .bind(incoming.created_ms)
        .bind(folder)
        .bind(incoming.pinned)
        .bind(incoming.archived)
        .bind(match incoming.overflow {
            Overflow::Drop => "drop",
            Overflow::Summarize => "summarize",
        })
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.fault(error))?;
        sqlx::query(
            "INSERT INTO imported_conversations (source, id, conversation) VALUES (?1, ?2, ?3)",
        )
        .bind(&incoming.source)
        .bind(&incoming.id)
        .bind(row)
        .execute(&mut *connection)
        .await
        .map_err(|error| self.fault(error))?;
        for tag in &incoming.tags {
            for sql in [
                "INSERT INTO tags (name) VALUES (?2) ON CONFLICT DO NOTHING",
                "INSERT INTO conversation_tags (conversation, tag, order_ms)
                 SELECT c.row, tags.row, c.order_ms FROM conversations c, tags WHERE c.row = ?1 AND tags.name = ?2
                 ON CONFLICT DO NOTHING",
            ] {
                sqlx::query(sql)
                    .bind(row)
                    .bind(tag)
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| self.fault(error))?;
            }
        }
        Ok((row, ConversationId(id)))
    }

    /// The folder of this name, which is made when there is none.
    async fn folder_called(
        &self,
        connection: &mut SqliteConnection,
        name: &str,
        incoming: &Incoming,
    ) -> Result<Vec<u8>, VaultError> {
        let found: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT id FROM folders WHERE name = ?1 ORDER BY position LIMIT 1")
                .bind(name)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.fault(error))?;
        if let Some(found) = found {
            return Ok(found);
        }
        let id = dated_id(incoming.created_ms, None)?.0.as_bytes().to_vec();
        sqlx::query(
            "INSERT INTO folders (id, name, position)
             VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM folders))",
        )
        .bind(&id)
        .bind(name)
        .execute(connection)
        .await
        .map_err(|error| self.fault(error))?;
        Ok(id)
    }

    async fn insert_imported(
        &self,
        connection: &mut SqliteConnection,
        conversation: ConversationId,
        id: MessageId,
        parent: Option<MessageId>,
        message: &IncomingMessage,
    ) -> Result<i64, VaultError> {
        let receipt = message
            .receipt
            .as_ref()
            .map(serde_json::to_string)
            .transpose()
            .map_err(|_| VaultError::Database("the receipt couldn't be written".to_owned()))?;
        sqlx::query_scalar(
            "INSERT INTO messages (id, conversation, parent, role, text, state, created_ms, receipt, words)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING row",
        )
        .bind(id.0.as_bytes().as_slice())
        .bind(conversation.0.as_bytes().as_slice())
        .bind(parent.as_ref().map(|parent| parent.0.as_bytes().as_slice()))
        .bind(match message.role {
            Role::Assistant => "assistant",
            Role::User | Role::System => "user",
        })
        .bind(&message.text)
        .bind(rows::state_word(message.state))
        .bind(message.created_ms)
        .bind(receipt)
        .bind(words::stored(&message.text))
        .fetch_one(connection)
        .await
        .map_err(|error| self.fault(error))
    }

    /// Puts the conversation where its dates belong. Shows the end of what came, unless the person went on here.
    async fn settle(
        &self,
        connection: &mut SqliteConnection,
        row: i64,
        leaf: Option<MessageId>,
    ) -> Result<(), VaultError> {
        sqlx::query(
            "UPDATE conversations SET
                 updated_ms = max(updated_ms, coalesce((SELECT max(m.created_ms) FROM imported_messages i
                     JOIN messages m ON m.row = i.message WHERE i.conversation = ?1), updated_ms)),
                 leaf = CASE WHEN leaf IS NULL OR EXISTS (
                     SELECT 1 FROM messages m JOIN imported_messages i ON i.message = m.row AND i.conversation = ?1
                     WHERE m.conversation = conversations.id AND m.id = conversations.leaf
                 ) THEN coalesce(?2, leaf) ELSE leaf END
             WHERE row = ?1",
        )
        .bind(row)
        .bind(leaf.as_ref().map(|leaf| leaf.0.as_bytes().as_slice()))
        .execute(&mut *connection)
        .await
        .map_err(|error| self.fault(error))?;
        sqlx::query("UPDATE conversations SET order_ms = max(order_ms, updated_ms) WHERE row = ?1")
            .bind(row)
            .execute(connection)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    async fn is_free(
        &self,
        connection: &mut SqliteConnection,
        table: &'static str,
        id: Uuid,
    ) -> Result<bool, VaultError> {
        let sql = if table == "messages" {
            "SELECT NOT EXISTS (SELECT 1 FROM messages WHERE id = ?1)"
        } else {
            "SELECT NOT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)"
        };
        sqlx::query_scalar(sql)
            .bind(id.as_bytes().as_slice())
            .fetch_one(connection)
            .await
            .map_err(|error| self.fault(error))
    }
}

/// The id that something of Tandem's own has.
fn own_id(source: &str, id: &str) -> Option<Uuid> {
    if source == OWN { id.parse().ok() } else { None }
}

/// An id of this date, and after the last version's: versions are ordered by their ids.
fn dated_id(created_ms: i64, last: Option<&MessageId>) -> Result<MessageId, VaultError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|_| VaultError::NoRandomness)?;
    let mut ms = u64::try_from(created_ms).unwrap_or(0);
    if let Some(last) = last {
        let bytes = last.0.as_bytes();
        let before = bytes[..6]
            .iter()
            .fold(0_u64, |ms, &byte| (ms << 8) | u64::from(byte));
        ms = ms.max(before + 1);
    }
    let id = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
    Ok(MessageId(id))
}
