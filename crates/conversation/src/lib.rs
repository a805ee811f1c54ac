//! What a conversation is, without any input or output: its ids, its tree of messages, how a prompt is
//! assembled from it, the trait behind which text is generated, and the turn machine.
//!
//! Nothing here reads a clock, a file or a channel: times and ids come in from outside.

mod generate;
mod id;
mod message;
mod prompt;
mod tree;
pub mod turn;

pub use generate::{
    Constraint, Drafts, Finish, Generate, GenerateEvent, GenerateFailure, Generated, Prompt,
    Sampling, Token,
};
pub use id::{ConversationId, MessageId, TurnId};
pub use message::{Message, MessageState, Receipt, Role, Route};
pub use prompt::{Fit, PromptMessage, SYSTEM_PROMPT, assemble, fit, surely_fits};
pub use tree::{Tree, TreeError};
