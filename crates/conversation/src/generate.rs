//! The one trait for every place where text can be generated: on the device, in the cloud, scripted for a test.

use std::pin::Pin;

use futures_core::Stream;

use crate::{ConversationId, PromptMessage};

/// How tokens are picked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Softmax temperature; 0 picks the likeliest token always.
    pub temperature: f32,
    /// Nucleus: the smallest set of tokens with this total probability is kept; 1 keeps all.
    pub top_p: f32,
    /// Only the likeliest `top_k` tokens are kept; 0 keeps all.
    pub top_k: u32,
    /// Tokens less likely than this share of the likeliest one's probability are dropped; 0 drops none.
    pub min_p: f32,
    /// Divides (or multiplies) the logits of tokens seen lately; 1 changes nothing.
    pub repeat_penalty: f32,
    /// Seed of the choice. The same seed, prompt and device give the same text.
    pub seed: u32,
}

impl Sampling {
    /// What suits small instruction models; the seed is the caller's.
    pub const fn balanced(seed: u32) -> Self {
        Self {
            temperature: 0.3,
            top_p: 0.9,
            top_k: 40,
            min_p: 0.05,
            repeat_penalty: 1.1,
            seed,
        }
    }

    /// The likeliest token always.
    pub const fn greedy() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            seed: 0,
        }
    }
}

/// What an answer's text must conform to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// A JSON schema, as text.
    JsonSchema(String),
    /// A grammar in GBNF; its root is `root`.
    Grammar(String),
}

/// Where drafts come from, several tokens of which the model checks in one pass. What it picks is the same with and
/// without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drafts {
    /// From the text itself, as long as that is measured to be faster.
    #[default]
    Lookup,
    /// From a smaller model, as long as that is measured to be faster.
    Drafter,
    /// Nowhere.
    None,
}

/// A request to generate an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The conversation that it belongs to: what was computed of it is kept for the next question. `None` belongs to
    /// nobody.
    pub conversation: Option<ConversationId>,
    /// Instructions and messages, oldest first.
    pub messages: Vec<PromptMessage>,
    /// The beginning of the answer, where it is given; only what follows it is generated.
    pub so_far: String,
    /// How tokens are picked.
    pub sampling: Sampling,
    /// Tokens at most; `None` ends with the context.
    pub max_tokens: Option<u32>,
    /// What the answer must conform to.
    pub constraint: Option<Constraint>,
    /// An adapter of the model in use, by its place in that model's list, and its strength.
    pub adapter: Option<(u32, f32)>,
    /// Where drafts come from.
    pub drafts: Drafts,
}

impl Prompt {
    /// A prompt of nobody's, without a bound or a constraint.
    pub fn new(messages: Vec<PromptMessage>, sampling: Sampling) -> Self {
        Self {
            conversation: None,
            messages,
            so_far: String::new(),
            sampling,
            max_tokens: None,
            constraint: None,
            adapter: None,
            drafts: Drafts::default(),
        }
    }
}

/// A piece of generated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Whole UTF-8 characters. May be empty while a character is still incomplete.
    pub text: String,
    /// Natural-log probability of the token under the unmodified distribution.
    pub logprob: f32,
    /// Entropy of that distribution, in nats.
    pub entropy: f32,
    /// Log-probability of the likeliest token minus that of the second.
    pub margin: f32,
}

/// Why generation ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended its answer.
    End,
    /// `max_tokens` was reached.
    Length,
    /// The context is full.
    ContextFull,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    /// Tokens of the prompt, those reused from memory included.
    pub prompt_tokens: u32,
    /// Of those, how many were in memory already.
    pub reused_tokens: u32,
    /// Tokens generated.
    pub tokens: u32,
    /// Tokens that were drafted.
    pub drafted_tokens: u32,
    /// Of those, how many stood the model's check.
    pub accepted_tokens: u32,
    /// Milliseconds until the prompt was read.
    pub prompt_ms: u64,
    /// Milliseconds of generating.
    pub generate_ms: u64,
}

/// Why no (more) text comes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateFailure {
    /// The prompt alone is larger than the context.
    #[error("the prompt has {prompt_tokens} tokens, the context holds {context}")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Tokens that the context holds.
        context: u32,
    },
    /// The answer filled the context; its text so far stands.
    #[error("the answer filled the context")]
    ContextFull,
    /// No model is loaded and none could be.
    #[error("{0}")]
    NoModel(String),
    /// The engine process ended.
    #[error("the engine stopped: {0}")]
    Died(String),
    /// The engine made no progress within its deadline.
    #[error("the engine stopped answering")]
    Hung,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// One event of the stream. After `Finished` or `Failed` nothing follows.
#[derive(Clone, Debug, PartialEq)]
pub enum GenerateEvent {
    /// The prompt was read; tokens follow.
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
}

/// A place where text can be generated. The stream is cancelled by dropping it.
pub trait Generate: Send + Sync {
    /// Starts to answer `prompt`.
    fn generate(&self, prompt: Prompt) -> Pin<Box<dyn Stream<Item = GenerateEvent> + Send>>;
}
