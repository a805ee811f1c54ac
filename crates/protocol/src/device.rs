//! Devices, and what was chosen for a model.

use serde::{Deserialize, Serialize};

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
    /// Layers of the model.
    pub layers: u32,
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
    /// Whether the smaller model is at hand to draft.
    pub drafter: bool,
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
