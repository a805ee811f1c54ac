//! The handshake.

use serde::{Deserialize, Serialize};

/// The version of everything after the handshake. Raised with every change to a message.
pub const VERSION: u32 = 4;

/// The first frame each way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Always [`Hello::MAGIC`].
    pub magic: [u8; 4],
    /// The sender's [`VERSION`].
    pub version: u32,
    /// The sender's build, for the doctor's report.
    pub build: String,
}

impl Hello {
    /// What tells a Tandem peer from anything else that writes to a pipe.
    pub const MAGIC: [u8; 4] = *b"TNDM";

    /// This side's handshake.
    pub fn new(build: &str) -> Self {
        Self {
            magic: Self::MAGIC,
            version: VERSION,
            build: build.to_owned(),
        }
    }

    /// Whether the sender can be talked to.
    pub fn fits(&self) -> bool {
        self.magic == Self::MAGIC && self.version == VERSION
    }
}

/// The host's second frame: what the engine may touch. It locks itself in with it before it does anything else, and
/// serves no other model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// The files that it may read: a model, its adapters and its drafter.
    pub files: Vec<String>,
    /// Whether only instructions that every processor of this kind has may be used: the better ones were refused.
    pub plain: bool,
}

/// The engine's second frame: what the system enforces on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// It reads its model and the system's files alone.
    pub files: bool,
    /// It changes no file of the person's.
    pub writes: bool,
    /// It opens no socket, starts no program and reaches no other process.
    pub network: bool,
}
