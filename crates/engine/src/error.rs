//! What can go wrong with an engine.

use std::io;

use tandem_protocol::LoadProblem;

use crate::Death;

/// Why the engine didn't do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Its program could not be started.
    #[error("the engine can't be started: {0}")]
    Start(String),
    /// Its program is of another version than this one.
    #[error("the engine is of another version ({0}): install Tandem again")]
    Version(String),
    /// The process ended.
    #[error("the engine stopped: {0}")]
    Died(Death),
    /// It made no progress within its deadline and was ended.
    #[error("the engine stopped answering")]
    Hung,
    /// There wasn't enough memory to go on.
    #[error("there isn't enough memory")]
    OutOfMemory,
    /// The model ended its engine time and again: it is left alone for a while.
    #[error("this model stopped the engine several times in a row")]
    Broken,
    /// The engine can't do what was asked, in words.
    #[error("{0}")]
    Refused(String),
    /// No model was chosen.
    #[error("no model is chosen")]
    NoModel,
    /// The model was refused.
    #[error("{message}")]
    NotLoaded {
        /// Why.
        problem: LoadProblem,
        /// In words.
        message: String,
    },
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Start(error.to_string())
    }
}
