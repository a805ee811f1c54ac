//! Our own form of a conversation, in the archive and as JSON. docs/archive.md describes it; a field that was written
//! once is never given another meaning.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_conversation::{MessageState, Overflow, Role};

use crate::{
    Attachment, Content, Conversation, ExchangeError, Files, Reason,
    draft::{Draft, Node, Said},
    limits, text, time,
};

/// The version of the form. A later one may have more fields under the same number, never fewer.
pub(crate) const VERSION: u32 = 1;
/// The word in the manifest of an archive.
pub(crate) const ARCHIVE: &str = "tandem-archive";
/// The manifest of an archive.
pub(crate) const MANIFEST: &str = "manifest.json";

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// When it was written, for people.
    pub(crate) written: String,
    pub(crate) conversations: u64,
    pub(crate) messages: u64,
    pub(crate) attachments: u64,
    /// The files of conversations, in their order.
    pub(crate) files: Vec<String>,
}

/// A conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// The version of the form, which also tells that it is ours.
    pub(crate) tandem: u32,
    id: String,
    title: String,
    created_ms: i64,
    /// For people and programs that read it; ours takes the messages' dates.
    #[serde(default)]
    updated_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    overflow: Overflow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    messages: Vec<StoredMessage>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredMessage {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    role: String,
    text: String,
    created_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<MessageState>,
    /// As the vault has it. One that a later Tandem wrote may not be understood, which costs the message nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<StoredAttachment>,
}

/// An attachment; `file` names its bytes in the archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredAttachment {
    name: String,
    mime: String,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl Stored {
    /// The form of `conversation`. `file` names where an attachment's bytes were put, if they were.
    pub(crate) fn new(
        conversation: &Conversation,
        mut file: impl FnMut(&Attachment) -> Result<Option<String>, ExchangeError>,
    ) -> Result<Self, ExchangeError> {
        let id = |at: usize| {
            conversation
                .messages
                .get(at)
                .map(|message| message.id.clone())
        };
        let mut messages = Vec::with_capacity(conversation.messages.len());
        for message in &conversation.messages {
            let mut attachments = Vec::new();
            for attachment in &message.attachments {
                attachments.push(StoredAttachment {
                    name: attachment.name.clone(),
                    mime: attachment.mime.clone(),
                    bytes: attachment.content.bytes(),
                    file: file(attachment)?,
                });
            }
            messages.push(StoredMessage {
                id: message.id.clone(),
                parent: message.parent.and_then(id),
                role: match message.role {
                    Role::User => "user",
                    Role::Assistant => "assistant",
                    Role::System => "system",
                }
                .to_owned(),
                text: message.text.clone(),
                created_ms: message.created_ms,
                model: message.model.clone(),
                state: Some(message.state),
                receipt: message
                    .receipt
                    .as_ref()
                    .and_then(|receipt| serde_json::to_value(receipt).ok()),
                attachments,
            });
        }
        Ok(Self {
            tandem: VERSION,
            id: conversation.id.clone(),
            title: conversation.title.clone(),
            created_ms: conversation.created_ms,
            updated_ms: conversation.updated_ms,
            folder: conversation.folder.clone(),
            tags: conversation.tags.clone(),
            pinned: conversation.pinned,
            archived: conversation.archived,
            overflow: conversation.overflow,
            leaf: conversation.leaf.and_then(id),
            messages,
        })
    }

    /// As a reader's draft.
    pub(crate) fn draft(self, files: &Files, now_ms: i64) -> Draft {
        let mut draft = Draft {
            id: self.id,
            title: self.title,
            created_ms: time::plausible(self.created_ms, now_ms),
            folder: self.folder,
            tags: self.tags,
            pinned: self.pinned,
            archived: self.archived,
            overflow: self.overflow,
            leaf: self.leaf,
            ..Draft::default()
        };
        for (rank, message) in self.messages.into_iter().enumerate() {
            let role = crate::draft::role(text::role(&message.role), &mut draft.left_out);
            let said = role.map(|role| {
                let mut said = Said::new(role, message.text);
                said.created_ms = time::plausible(message.created_ms, now_ms);
                said.model = message.model;
                said.state = match message.state {
                    Some(MessageState::Streaming) => MessageState::Interrupted,
                    Some(state) => state,
                    None => MessageState::Complete,
                };
                said.receipt = message
                    .receipt
                    .and_then(|receipt| serde_json::from_value(receipt).ok());
                for stored in message.attachments.into_iter().take(limits::ATTACHMENTS) {
                    match stored.attachment(files) {
                        Ok(attachment) => said.attachments.push(attachment),
                        Err(reason) => draft.left_out.add(reason),
                    }
                }
                said
            });
            draft.nodes.push(Node {
                id: message.id,
                parent: message.parent,
                rank,
                said,
            });
        }
        draft
    }
}

impl StoredAttachment {
    fn attachment(self, files: &Files) -> Result<Attachment, Reason> {
        let entry = self
            .file
            .and_then(|file| files.entry(&file))
            .ok_or(Reason::Absent)?;
        if entry.bytes > limits::ATTACHMENT {
            return Err(Reason::Large);
        }
        let name = text::file_name(&self.name);
        Ok(Attachment {
            mime: text::mime_or(&self.mime, &name),
            name,
            content: Content::Stored {
                key: entry.name,
                bytes: entry.bytes,
            },
        })
    }
}
