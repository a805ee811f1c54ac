//! Everything after the handshake.

use serde::{Deserialize, Serialize};

/// What the host asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Names the devices → [`Event::Devices`].
    Devices,
    /// Loads a model, unloading another → [`Event::Loading`]s, then [`Event::Loaded`] or [`Event::NotLoaded`].
    Load(Load),
    /// Generates → [`Event::Started`], [`Event::Token`]s, then [`Event::Finished`] or [`Event::Failed`].
    Generate(Generate),
    /// Stops a job at the next chance. It still ends with [`Event::Finished`].
    Cancel {
        /// Which.
        job: u32,
    },
    /// Frees the model → [`Event::Unloaded`].
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
    /// Tokens of context wanted; the model's own limit caps it.
    pub context: u32,
    /// How much goes to a GPU.
    pub offload: Offload,
    /// Threads to compute with; 0 lets the engine choose.
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

/// An answer to generate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// The host's number for it.
    pub job: u32,
    /// The prompt.
    pub messages: Vec<Message>,
    /// How tokens are picked.
    pub sampling: Sampling,
    /// Tokens at most; 0 ends with the context.
    pub max_tokens: u32,
}

/// The kind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A graphics card with memory of its own.
    Gpu,
    /// Graphics that share the machine's memory.
    IntegratedGpu,
    /// Something else.
    Accelerator,
}

/// A device that llama.cpp can compute on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Such as `Vulkan0`.
    pub name: String,
    /// In words.
    pub description: String,
    /// The backend, such as `Vulkan`.
    pub backend: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Bytes of memory in all.
    pub memory_total: u64,
    /// Bytes free now.
    pub memory_free: u64,
}

/// What was chosen for a loaded model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The device that carries the layers, such as `CPU` or `Vulkan0`.
    pub device: String,
    /// Layers on a GPU.
    pub gpu_layers: u32,
    /// Tokens of context.
    pub context: u32,
    /// Threads.
    pub threads: u32,
}

/// A model that was loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// What was chosen.
    pub chosen: Chosen,
    /// Whether the file has a chat template that could be used.
    pub template: bool,
    /// Milliseconds that loading took.
    pub load_ms: u64,
}

/// Why a model was not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadProblem {
    /// The file can't be read.
    Unreadable,
    /// The file is no sound GGUF model.
    BadFile,
    /// It is sound, but this engine doesn't know that kind of model.
    Unsupported,
    /// There isn't enough memory.
    OutOfMemory,
}

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
    /// llama.cpp could not compute, in its words.
    Compute(String),
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
    /// The next token.
    Token {
        /// Which job.
        job: u32,
        /// Whole characters; may be empty.
        text: String,
        /// Natural-log probability under the unmodified distribution.
        logprob: f32,
        /// Entropy in nats.
        entropy: f32,
        /// Log-probability of the likeliest token minus that of the second.
        margin: f32,
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
}
