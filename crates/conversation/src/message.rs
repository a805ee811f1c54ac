//! One message of the tree, and the receipt of how it came to be.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, MessageId, Summary};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instructions that precede a conversation. Never stored as a message.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// Text is still arriving. Found at start-up, it means that the app ended in mid-answer.
    Streaming,
    /// Whole.
    Complete,
    /// The person stopped it; the text so far is kept.
    Stopped,
    /// It ended early through a fault or the end of the app; the text so far is kept.
    Interrupted,
}

/// Where a turn runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// The local model alone.
    Device,
    /// Another assistant, before the conversation was imported. No turn runs there.
    Imported,
}

/// How an answer came to be. Kept with the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Where it ran.
    pub route: Route,
    /// Why it ran there, as a stable word of the `routing` crate, such as `only-device`.
    pub reason: String,
    /// The model's name.
    pub model: String,
    /// Tokens of the prompt, those reused from the engine's memory included.
    pub prompt_tokens: u32,
    /// Of those, how many were reused and not read again.
    #[serde(default)]
    pub reused_tokens: u32,
    /// Tokens generated.
    pub tokens: u32,
    /// Of those, how many were drafted beforehand and stood the model's check.
    #[serde(default)]
    pub accepted_tokens: u32,
    /// Milliseconds until the prompt was read.
    pub prompt_ms: u64,
    /// Milliseconds from the first token to the last.
    pub generate_ms: u64,
    /// Mean natural-log probability of the generated tokens under the unmodified distribution; `None` without tokens.
    pub mean_logprob: Option<f32>,
    /// Messages of the conversation's beginning that the model no longer saw because the context was full.
    pub unseen_messages: u32,
    /// What the model was shown in their place, in this conversation's way of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

/// One message of a conversation's tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// The message that it answers or follows; `None` for a first one.
    pub parent: Option<MessageId>,
    /// Who speaks: [`Role::User`] or [`Role::Assistant`].
    pub role: Role,
    /// Its text, as typed or generated.
    pub text: String,
    /// How far it got.
    pub state: MessageState,
    /// Milliseconds since 1970 UTC. For show alone: order is the tree's and the ids'.
    pub created_ms: i64,
    /// How it came to be; answers only.
    pub receipt: Option<Receipt>,
}
