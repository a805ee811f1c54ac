//! Conversations in and out.

use serde::{Deserialize, Serialize};
use tandem_conversation::ConversationId;
use ts_rs::TS;
use uuid::Uuid;

use super::Failure;

/// What to bring in or out. One at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum ExchangeCall {
    /// What an import of this file or folder would bring; changes nothing → [`super::Reply::Import`].
    Look {
        /// Its path.
        path: String,
        /// What it was sealed with.
        passphrase: Option<String>,
    },
    /// Imports what isn't here yet → [`super::Reply::Import`].
    Import {
        /// The path of the file or folder.
        path: String,
        /// What it was sealed with.
        passphrase: Option<String>,
    },
    /// Writes conversations to a new file → [`super::Reply::Export`].
    Export {
        /// The file's path.
        path: String,
        /// How.
        format: ExportFormat,
        /// What to seal it with; archives only.
        passphrase: Option<String>,
        /// One conversation; `null` for all.
        #[ts(type = "string | null")]
        conversation: Option<ConversationId>,
        /// Whether a file that is there may be replaced: the person was asked.
        overwrite: bool,
    },
    /// Writes an attachment to a new file, as it was attached → [`super::Reply::Done`].
    Save {
        /// Which.
        #[ts(type = "string")]
        attachment: Uuid,
        /// The file's path.
        path: String,
    },
    /// Ends what is under way: an import keeps what is in, an export leaves no file → [`super::Reply::Done`].
    Cancel,
}

/// How conversations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum ExportFormat {
    /// Tandem's archive: everything, attachments too.
    Archive,
    /// JSON: everything but the bytes of attachments.
    Json,
    /// Markdown: what is shown of each.
    Markdown,
}

/// Something that can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct LeftOutView {
    /// A stable word, such as `tools`.
    pub code: String,
    /// What, in English.
    pub text: String,
    /// How often.
    #[ts(type = "number")]
    pub count: u64,
}

/// What an import would bring, or has brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ImportView {
    /// Whose export it is, such as `ChatGPT`.
    pub source: String,
    /// Conversations in it that can be taken.
    #[ts(type = "number")]
    pub conversations: u64,
    /// Of these, how many are new here.
    #[ts(type = "number")]
    pub new_conversations: u64,
    /// Of these, how many are here and get further messages.
    #[ts(type = "number")]
    pub grown: u64,
    /// Messages that are new here.
    #[ts(type = "number")]
    pub messages: u64,
    /// Further versions in it, of messages or beginnings.
    #[ts(type = "number")]
    pub branches: u64,
    /// Attachments that are new here.
    #[ts(type = "number")]
    pub attachments: u64,
    /// What can't be taken, and what isn't as it was.
    pub left_out: Vec<LeftOutView>,
    /// Whether it was ended before the end.
    pub cancelled: bool,
    /// Why it ended before the end; what came before is in.
    pub failure: Option<Failure>,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ExportView {
    /// The file's path.
    pub path: String,
    /// Conversations in it.
    #[ts(type = "number")]
    pub conversations: u64,
    /// Their messages.
    #[ts(type = "number")]
    pub messages: u64,
    /// Attachments with their bytes.
    #[ts(type = "number")]
    pub attachments: u64,
}

/// An attachment of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct AttachmentView {
    /// Its id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its kind, such as `image/png`.
    pub mime: String,
    /// Its bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}
