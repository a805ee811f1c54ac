//! Rows and pages as a host shows them.

use serde::{Deserialize, Serialize};
use tandem_conversation::{ConversationId, MessageId, MessageState, Overflow, Role, TurnId};
use ts_rs::TS;
use uuid::Uuid;

use super::AttachmentView;

/// A conversation in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ConversationRow {
    /// Its id.
    #[ts(type = "string")]
    pub id: ConversationId,
    /// Its title; empty until the first question.
    pub title: String,
    /// When something was last said, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub updated_ms: i64,
    /// Its folder.
    #[ts(type = "string | null")]
    pub folder: Option<Uuid>,
    /// Whether it stays at the top of its lists.
    pub pinned: bool,
    /// Whether it is out of the ordinary lists.
    pub archived: bool,
    /// Its tags, in no order.
    pub tags: Vec<String>,
}

/// A conversation with its current branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ConversationView {
    /// Its id.
    #[ts(type = "string")]
    pub id: ConversationId,
    /// Its title; empty until the first question.
    pub title: String,
    /// The current branch, oldest first.
    pub messages: Vec<MessageView>,
    /// What becomes of its beginning when the model's context no longer holds it.
    #[ts(type = "\"drop\" | \"summarize\"")]
    pub overflow: Overflow,
    /// The turn that is being answered here.
    #[ts(type = "string | null")]
    pub turn: Option<TurnId>,
}

/// The versions of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BranchPoint {
    /// All versions, oldest first, this one included.
    #[ts(type = "string[]")]
    pub versions: Vec<MessageId>,
    /// Which of them this is, from 0.
    pub index: u32,
}

/// A message of the current branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MessageView {
    /// Its id.
    #[ts(type = "string")]
    pub id: MessageId,
    /// The message before it.
    #[ts(type = "string | null")]
    pub parent: Option<MessageId>,
    /// Who speaks.
    #[ts(type = "\"user\" | \"assistant\"")]
    pub role: Role,
    /// Its text: Markdown for answers, plain for questions.
    pub text: String,
    /// What is attached to it.
    pub attachments: Vec<AttachmentView>,
    /// How far it got.
    #[ts(type = "\"streaming\" | \"complete\" | \"stopped\" | \"interrupted\"")]
    pub state: MessageState,
    /// When it was made, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// Its versions.
    pub branch: BranchPoint,
    /// How it came to be; answers only.
    pub receipt: Option<ReceiptView>,
}

/// How an answer came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ReceiptView {
    /// Where it ran: `device`.
    pub route: String,
    /// Why there, as a stable word.
    pub reason: String,
    /// The model's name.
    pub model: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of those, how many were still in memory and not read again.
    pub reused_tokens: u32,
    /// Tokens generated.
    pub tokens: u32,
    /// Of those, how many were drafted beforehand and stood the model's check.
    pub accepted_tokens: u32,
    /// Milliseconds from the question to the first token.
    pub first_token_ms: u32,
    /// Tokens generated a second; `null` for fewer than two.
    pub tokens_per_second: Option<f32>,
    /// Messages of the beginning that the model no longer saw because the context was full.
    pub unseen_messages: u32,
    /// What the model was shown in the place of some or all of them.
    pub summary: Option<SummaryView>,
}

/// What a model read in place of a conversation's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SummaryView {
    /// Messages that it stands for.
    pub messages: u32,
    /// Its text.
    pub text: String,
}

/// A model's speeds, in tokens a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Speeds {
    /// Reading a prompt.
    pub prompt: f32,
    /// Writing an answer, one token at a time.
    pub answer: f32,
}

/// How fast the chosen model is on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BenchView {
    /// The model's name.
    pub model: String,
    /// The device that carries its layers, such as `CPU`.
    pub device: String,
    /// Threads that compute.
    pub threads: u32,
    /// Measured now.
    pub speeds: Speeds,
    /// Measured the last time.
    pub before: Option<Speeds>,
    /// How many days ago that was.
    pub days_ago: Option<u32>,
}

/// A piece of a search result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Snippet {
    /// The text.
    pub text: String,
    /// Whether it matched.
    pub hit: bool,
}

/// A search result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SearchHit {
    /// The conversation.
    #[ts(type = "string")]
    pub conversation: ConversationId,
    /// Its title.
    pub title: String,
    /// The message; `null` when the title matched.
    #[ts(type = "string | null")]
    pub message: Option<MessageId>,
    /// The surroundings of the match.
    pub snippet: Vec<Snippet>,
    /// When the message was written or the conversation begun, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub created_ms: i64,
}

/// A model at hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ModelCard {
    /// A stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Such as `Q4_1`; empty when unknown.
    pub quantization: String,
    /// Bytes of the file.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Tokens of context that it was trained for.
    pub context: u32,
    /// Its license; empty when the file doesn't say.
    pub license: String,
    /// Whether it came with Tandem.
    pub embedded: bool,
}

/// How a line of the doctor's report is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Outcome {
    /// As it should be.
    Good,
    /// To know; nothing is broken.
    Note,
    /// Something doesn't work.
    Bad,
}

/// A line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct DoctorLine {
    /// What was looked at.
    pub topic: String,
    /// How it is.
    pub outcome: Outcome,
    /// What was found, and what to do about it.
    pub text: String,
}
