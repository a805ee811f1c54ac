//! What can be wrong with a file, in words for people.

use std::io;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// It can't be read.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// It doesn't begin like a GGUF file.
    #[error("this is not a GGUF model file")]
    NotGguf,
    /// A version that this reader doesn't know.
    #[error("GGUF version {0} is not supported (versions 2 and 3 are)")]
    Version(u32),
    /// It ends before its header or its tensors do.
    #[error("the file is cut short: it needs at least {needed} bytes and has {length}")]
    Truncated {
        /// Bytes that its header speaks of.
        needed: u64,
        /// Bytes that it has.
        length: u64,
    },
    /// A count or length is beyond any sound file.
    #[error("the file is damaged or hostile: {what} is {value}, which can't be")]
    Absurd {
        /// What was read.
        what: &'static str,
        /// What it said.
        value: u64,
    },
    /// Something doesn't fit together.
    #[error("the file is damaged or hostile: {0}")]
    Unsound(String),
    /// Something that every model needs is missing.
    #[error("the file is no whole model: it lacks {0}")]
    Lacks(&'static str),
}
