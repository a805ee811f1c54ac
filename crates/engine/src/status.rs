//! What an engine is at, for hosts to show.

use tandem_protocol::{Confinement, Device};

use crate::EngineError;

/// A loaded model's particulars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The device that carries the layers, such as `CPU` or `Vulkan0`.
    pub device: String,
    /// Layers on a GPU.
    pub gpu_layers: u32,
    /// Layers of the model.
    pub layers: u32,
    /// What was given up after failures, in the order of giving up; empty when nothing was.
    pub given_up: Vec<GivenUp>,
    /// Tokens that the context holds.
    pub context: u32,
    /// Threads that compute.
    pub threads: u32,
    /// Whether the model's own chat template is used.
    pub template: bool,
    /// Whether the smaller model is at hand to draft.
    pub drafter: bool,
    /// Milliseconds that loading took.
    pub load_ms: u64,
}

/// What an engine does without after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// Instructions that not every processor of this kind has: they were refused.
    Instructions,
    /// A part of the graphics memory.
    GraphicsMemory,
    /// Graphics.
    Graphics,
    /// A part of the context.
    Context,
}

/// What the engine is at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    /// No model is loaded. The next question loads it.
    #[default]
    Asleep,
    /// The model is being loaded.
    Loading {
        /// From 0 to 1.
        progress: f32,
    },
    /// It is loaded.
    Ready(Ready),
    /// It could not be loaded. The next question tries again.
    Failed(EngineError),
}

impl Status {
    /// Tokens that the loaded model's context holds.
    pub fn context(&self) -> Option<u32> {
        match self {
            Self::Ready(ready) => Some(ready.context),
            _ => None,
        }
    }
}

/// What an engine finds on this machine, for the doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The devices, as llama.cpp sees them.
    pub devices: Vec<Device>,
    /// The engine's build.
    pub build: String,
    /// What the system keeps the engine from.
    pub confinement: Confinement,
}

/// The tokens of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Each message's, in order.
    pub messages: Vec<u32>,
    /// The template's own.
    pub frame: u32,
    /// Tokens that the context holds.
    pub context: u32,
}
