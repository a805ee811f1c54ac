//! Why nothing, or no more, can be read or written.

use std::{io, path::PathBuf};

/// Why nothing, or no more, can be read or written. What was taken before stays taken.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The file isn't there.
    #[error("There is no file {}.", path.display())]
    Missing {
        /// Its path.
        path: PathBuf,
    },
    /// The file can't be read or written.
    #[error("{} can't be read or written: {source}.", path.display())]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing in it is a conversation of a format that is known.
    #[error(
        "No conversations were found in this file. Tandem reads the exports of ChatGPT, Claude, Jan, LM Studio, Ollama \
         and Open WebUI, and its own archives: choose the file or folder as you got it."
    )]
    Unrecognized,
    /// It is a database of Ollama's window.
    #[error(
        "This is Ollama's own database, which Tandem doesn't read. It reads conversations that are saved as JSON, as \
         the address /api/chat takes them."
    )]
    Database,
    /// The text in it breaks off or isn't what it should be.
    #[error("The file is damaged after {conversations} conversations: {why}.")]
    Damaged {
        /// Conversations that were read before.
        conversations: u64,
        /// What is wrong, without its content.
        why: String,
    },
    /// It asks for more than a file may.
    #[error("The file can't be read: {0}.")]
    TooLarge(&'static str),
    /// The packed file itself is locked.
    #[error("The packed file is locked with a password. Unpack it and choose the folder.")]
    Locked,
    /// It is sealed, and no passphrase was given.
    #[error("This archive is sealed. Its passphrase is needed.")]
    PassphraseNeeded,
    /// It is sealed and doesn't open.
    #[error("{0}")]
    Sealed(tandem_sealing::SealError),
    /// The archive comes from a later Tandem.
    #[error("A newer Tandem wrote this archive. Update Tandem and try again.")]
    Newer,
    /// There is a file already.
    #[error("There is a file {} already. Choose another name.", path.display())]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// An attachment can't be read.
    #[error("An attachment can't be read: {0}.")]
    Attachment(String),
}

impl ExchangeError {
    /// A stable word for the host's `{ code, message }`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Io { .. } => "io",
            Self::Unrecognized => "unrecognized",
            Self::Database => "database",
            Self::Damaged { .. } => "damaged",
            Self::TooLarge(_) => "too-large",
            Self::Locked => "locked",
            Self::PassphraseNeeded => "passphrase-needed",
            Self::Sealed(tandem_sealing::SealError::Wrong) => "passphrase-wrong",
            Self::Sealed(_) => "sealed",
            Self::Newer => "newer",
            Self::Exists { .. } => "exists",
            Self::Attachment(_) => "attachment",
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing { path }
        } else {
            Self::Io { path, source }
        }
    }
}
