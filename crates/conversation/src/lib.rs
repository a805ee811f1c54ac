//! What a conversation is, without any input or output: its ids, its tree of messages, how a prompt is
//! assembled from it, the trait behind which text is generated, and the turn machine.
//!
//! Nothing here reads a clock, a file or a channel: times and ids come in from outside.

mod fit;
mod generate;
mod id;
mod message;
mod overflow;
mod prompt;
mod tree;
pub mod turn;

pub use fit::{Fit, fit, surely_fits};
pub use generate::{
    Constraint, Drafts, Finish, Generate, GenerateEvent, GenerateFailure, Generated, Prompt,
    Sampling, Token,
};
pub use id::{ConversationId, MessageId, TurnId};
pub use message::{Message, MessageState, Receipt, Role, Route};
pub use overflow::{Overflow, Summary, ask_for_summary, put_before, summary_tokens};
pub use prompt::{PromptMessage, SYSTEM_PROMPT, assemble};
pub use tree::{Tree, TreeError};
