//! What the host asks for.

use serde::{Deserialize, Serialize};

use crate::state::StatePart;

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Names the devices → [`crate::Event::Devices`].
    Devices,
    /// Loads a model, unloading another → [`crate::Event::Loading`]s, then [`crate::Event::Loaded`] or
    /// [`crate::Event::NotLoaded`].
    Load(Load),
    /// Generates → [`crate::Event::Started`], [`crate::Event::Tokens`], then [`crate::Event::Finished`] or
    /// [`crate::Event::Failed`].
    Generate(Generate),
    /// Stops a job at the next chance. It still ends with [`crate::Event::Finished`].
    Cancel {
        /// Which.
        job: u32,
    },
    /// Counts tokens → [`crate::Event::Counted`].
    Count {
        /// The prompt.
        messages: Vec<Message>,
    },
    /// Reads a given answer and tells how likely each of its tokens was → [`crate::Event::Scored`] or
    /// [`crate::Event::Failed`].
    Score(Score),
    /// Turns texts into vectors → [`crate::Event::Embedded`] or [`crate::Event::Failed`].
    Embed {
        /// The host's number for it.
        job: u32,
        /// The texts.
        texts: Vec<String>,
    },
    /// Hands out what the context holds of a conversation → [`crate::Event::State`]s, the last of them marked.
    Save {
        /// Which.
        conversation: u128,
    },
    /// Gives a part of what [`Request::Save`] handed out back. The last part takes effect; what doesn't fit this model
    /// is dropped.
    Restore(StatePart),
    /// Forgets what was computed of a conversation, for good.
    Forget {
        /// Which.
        conversation: u128,
    },
    /// Frees the model → [`crate::Event::Unloaded`].
    Unload,
}

/// How much of a model goes to a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offload {
    /// As many layers as fit the free memory, by llama.cpp's own fit.
    #[default]
    Auto,
    /// None: the CPU does it all.
    None,
    /// All of them, fitting or not.
    All,
}

/// A model to load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The GGUF file.
    pub path: String,
    /// Adapters (LoRA files in GGUF) that jobs may name by their place in this list.
    pub adapters: Vec<String>,
    /// A smaller model of the same vocabulary that drafts; empty for none.
    pub drafter: String,
    /// Tokens of context wanted; the model's own limit caps it.
    pub context: u32,
    /// How much goes to a GPU.
    pub offload: Offload,
    /// Bytes of each GPU's memory that are left free for others.
    pub margin: u64,
    /// Threads to compute with; 0 lets the engine choose, and change its mind under load.
    pub threads: u32,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A message of a prompt. Its text is data: no special token is ever read from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What they say.
    pub text: String,
}

/// How tokens are picked. Meanings and limits as in `conversation::Sampling`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Softmax temperature; 0 is greedy.
    pub temperature: f32,
    /// Nucleus.
    pub top_p: f32,
    /// Likeliest tokens kept; 0 keeps all.
    pub top_k: u32,
    /// Least share of the likeliest token's probability.
    pub min_p: f32,
    /// Penalty on tokens seen lately; 1 is none.
    pub repeat_penalty: f32,
    /// Seed.
    pub seed: u32,
}

/// What an answer's text must conform to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Constraint {
    /// A JSON schema, as text.
    JsonSchema(String),
    /// A grammar in llama.cpp's GBNF; its root is `root`.
    Grammar(String),
}

/// Where drafts come from, which one pass of the model checks several tokens of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Drafts {
    /// From the text itself, as long as that is measured to be faster.
    #[default]
    Lookup,
    /// From the smaller model, as long as that is measured to be faster.
    Drafter,
    /// Nowhere: one token at a time.
    None,
}

/// An answer to generate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// The host's number for it.
    pub job: u32,
    /// The conversation that it belongs to: its state is kept apart from others'. `None` belongs to nobody.
    pub conversation: Option<u128>,
    /// The prompt.
    pub messages: Vec<Message>,
    /// The beginning of the answer, which is given and goes on from here.
    pub so_far: String,
    /// How tokens are picked.
    pub sampling: Sampling,
    /// Tokens at most; 0 ends with the context.
    pub max_tokens: u32,
    /// What the text must conform to.
    pub constraint: Option<Constraint>,
    /// An adapter of the loaded list, and its strength.
    pub adapter: Option<(u32, f32)>,
    /// Where drafts come from.
    pub drafts: Drafts,
    /// Whether energy counts more than speed.
    pub saving: bool,
}

/// A given answer to score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The host's number for it.
    pub job: u32,
    /// The prompt.
    pub messages: Vec<Message>,
    /// The answer.
    pub answer: String,
}
