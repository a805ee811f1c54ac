//! From the crates' errors to what a host shows.

use tandem_conversation::{GenerateFailure, TreeError};
use tandem_engine_client::EngineError;
use tandem_vault::VaultError;

use crate::wire::{Failure, Notice};

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self {
            code: format!("vault.{}", error.code()),
            message: error.to_string(),
        }
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        Self::new("conversation.no-message", error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Start(_) => "engine.start",
            EngineError::Version(_) => "engine.version",
            EngineError::Died(_) => "engine.died",
            EngineError::Hung => "engine.hung",
            EngineError::OutOfMemory => "engine.memory",
            EngineError::Broken => "engine.broken",
            EngineError::Refused(_) => "engine.refused",
            EngineError::NoModel => "engine.no-model",
            EngineError::NotLoaded { .. } => "engine.not-loaded",
        };
        let message = match &error {
            EngineError::NoModel => "No model is at hand. Choose one in the settings.".into(),
            EngineError::NotLoaded { message, .. } => {
                format!("The model can't be loaded: {message}.")
            }
            EngineError::OutOfMemory => {
                "There isn't enough memory for this model. Close other programs or choose a smaller one.".into()
            }
            EngineError::Broken => {
                "This model stopped the engine several times in a row and is left alone for two minutes. Choose another one in the settings, or this one again to try it now.".into()
            }
            other => format!("{}.", capital(&other.to_string())),
        };
        Self::new(code, message)
    }
}

/// The line under an answer that ended early.
pub(crate) fn notice(failure: &GenerateFailure) -> Notice {
    let (code, message) = match failure {
        GenerateFailure::PromptTooLong { prompt_tokens, context } => (
            "context.too-long",
            format!("This question is too long for the model: about {prompt_tokens} tokens, it can read {context}. Shorten it or split it."),
        ),
        GenerateFailure::ContextFull => (
            "context.full",
            "The answer filled the model's memory and ends here. Ask it to go on.".to_owned(),
        ),
        GenerateFailure::NoModel(why) => ("engine.no-model", format!("No model can answer: {why}. Choose another in the settings.")),
        GenerateFailure::Died(why) => (
            "engine.died",
            format!("The engine stopped ({why}). The text so far is kept; ask again and it starts anew."),
        ),
        GenerateFailure::Hung => (
            "engine.hung",
            "The engine stopped answering and was ended. The text so far is kept; ask again and it starts anew."
                .to_owned(),
        ),
        GenerateFailure::Other(why) => ("engine.failed", format!("{}. Ask again; if it stays so, install Tandem again.", capital(why))),
    };
    Notice {
        code: code.into(),
        message,
    }
}

/// The line under an answer that broke off and goes on.
pub(crate) fn resumed(why: &str) -> Notice {
    Notice {
        code: "engine.resumed".into(),
        message: format!("{}. The answer went on from there.", capital(why)),
    }
}

/// The line under an answer that no longer fits the model's memory together with the conversation.
pub(crate) fn outgrown() -> Notice {
    Notice {
        code: "context.outgrown".into(),
        message: "This answer is longer than the model can hold. It goes on, but the model no longer sees its beginning.".into(),
    }
}

/// The line under an answer that waits for a summary.
pub(crate) fn summarizing() -> Notice {
    Notice {
        code: "context.summarizing".into(),
        message: "The beginning of this conversation no longer fits the model. It is being summarized first.".into(),
    }
}

/// An engine's error as a sentence.
pub(crate) fn sentence(error: EngineError) -> String {
    Failure::from(error).message
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
