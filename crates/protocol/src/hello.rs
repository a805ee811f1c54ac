//! The handshake.

use serde::{Deserialize, Serialize};

/// The version of everything after the handshake. Raised with every change to a message.
pub const VERSION: u32 = 1;

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
