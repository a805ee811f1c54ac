//! What can be wrong with a file, in words for people.

use std::io;

/// Letters of a name that a message shows.
const MAX_SHOWN: usize = 60;

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
    /// The model lies in several files, of which this is one: the engine may open a single file.
    #[error(
        "this is one of {0} files that make up the model: Tandem can't use such a model yet, only one in a single file"
    )]
    Split(u64),
    /// Something doesn't fit together.
    #[error("the file is damaged or hostile: {0}")]
    Unsound(String),
    /// Something that every model needs is missing.
    #[error("the file is no whole model: it lacks {0}")]
    Lacks(&'static str),
}

/// A name out of the file as a message may show it: in quotes, with nothing that acts on a screen, and not too long.
pub(crate) fn shown(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}
