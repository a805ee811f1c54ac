//! What the engine tells.

use serde::{Deserialize, Serialize};

use crate::{
    device::{Device, LoadProblem, Loaded},
    state::StatePart,
};

/// Why a job ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FinishReason {
    /// The model ended its answer.
    End,
    /// `max_tokens` was reached.
    Length,
    /// The context is full.
    ContextFull,
    /// It was cancelled.
    Cancelled,
}

/// What was spent on a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of those, how many were in memory already.
    pub reused_tokens: u32,
    /// Tokens generated.
    pub tokens: u32,
    /// Tokens that were drafted.
    pub drafted: u32,
    /// Of those, how many stood the check.
    pub accepted: u32,
    /// Microseconds until the prompt was read.
    pub prompt_us: u64,
    /// Microseconds of generating.
    pub generate_us: u64,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// No model is loaded.
    NoModel,
    /// The prompt alone is larger than the context.
    PromptTooLong {
        /// Its tokens.
        prompt_tokens: u32,
        /// Tokens that the context holds.
        context: u32,
    },
    /// What the text must conform to can't be read, in words.
    Constraint(String),
    /// There is no such adapter.
    NoAdapter,
    /// There wasn't enough memory to compute.
    OutOfMemory,
    /// llama.cpp could not compute, in its words.
    Compute(String),
}

/// A generated token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Whole characters; may be empty.
    pub text: String,
    /// Natural-log probability under the unmodified distribution.
    pub logprob: f32,
    /// Entropy in nats.
    pub entropy: f32,
    /// Log-probability of the likeliest token minus that of the second.
    pub margin: f32,
}

/// A token of a given answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredToken {
    /// Its number in the vocabulary.
    pub id: i32,
    /// The number of the likeliest token at its place.
    pub likeliest: i32,
    /// Bytes of the answer's text that end with it, counted from the start.
    pub end: u32,
    /// Natural-log probability.
    pub logprob: f32,
    /// Entropy in nats.
    pub entropy: f32,
    /// Log-probability of the likeliest token minus that of the second.
    pub margin: f32,
}

/// What the engine tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The devices.
    Devices(Vec<Device>),
    /// A model is being loaded.
    Loading {
        /// From 0 to 1.
        progress: f32,
    },
    /// It is loaded.
    Loaded(Loaded),
    /// It is not.
    NotLoaded {
        /// Why.
        problem: LoadProblem,
        /// In words.
        message: String,
    },
    /// The model was freed.
    Unloaded,
    /// A batch of the prompt was read; there is more.
    Reading {
        /// Which job.
        job: u32,
    },
    /// The prompt was read.
    Started {
        /// Which job.
        job: u32,
        /// Tokens of the prompt.
        prompt_tokens: u32,
    },
    /// The next tokens. Several are joined where they come faster than anyone looks.
    Tokens {
        /// Which job.
        job: u32,
        /// The tokens, in order.
        tokens: Vec<Token>,
    },
    /// A job ended.
    Finished {
        /// Which.
        job: u32,
        /// Why.
        reason: FinishReason,
        /// What was spent.
        spent: Spent,
    },
    /// A job failed.
    Failed {
        /// Which.
        job: u32,
        /// Why.
        problem: Problem,
    },
    /// Tokens of a prompt.
    Counted {
        /// Each message's, in order.
        messages: Vec<u32>,
        /// The template's own.
        frame: u32,
        /// Tokens that the context holds.
        context: u32,
    },
    /// A given answer was read.
    Scored {
        /// Which job.
        job: u32,
        /// Its tokens.
        tokens: Vec<ScoredToken>,
    },
    /// Texts were turned into vectors of length 1.
    Embedded {
        /// Which job.
        job: u32,
        /// A vector for each text, in order.
        vectors: Vec<Vec<f32>>,
    },
    /// A part of a conversation's state.
    State(StatePart),
}
