//! What can happen to a turn.

use crate::{Finish, GenerateFailure, Generated, Route, Token};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The person sent a question, or asked for another answer to one.
    Sent,
    /// Question and empty answer are on disk for good.
    Persisted,
    /// They could not be stored.
    NotPersisted,
    /// It was decided where the turn runs.
    Routed {
        /// Where.
        route: Route,
        /// Why, as a stable word.
        reason: &'static str,
    },
    /// The prompt was read.
    Started {
        /// Tokens of the prompt.
        prompt_tokens: u32,
    },
    /// The next token.
    Token(Token),
    /// It broke off, for this reason, and goes on from there.
    Resumed(String),
    /// The end, by itself.
    Finished(Finish, Generated),
    /// The end, by a fault.
    Failed(GenerateFailure),
    /// It is time to store the text so far.
    CheckpointDue,
    /// The person stopped the turn.
    Cancel,
    /// The vault is being locked or the app is closing.
    Lock,
}
