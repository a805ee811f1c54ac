//! What the model reads: the instructions, then the path of messages that ends in the question.

use crate::{Message, Role};

/// The instructions before every conversation. Short: a small model reads them on every cold start.
pub const SYSTEM_PROMPT: &str = "You are Tandem, a helpful assistant that runs on the person's own device. Answer clearly and briefly, in the language of the question. Use Markdown where it helps.";

/// One message as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// The text, untrusted: it is never read as part of the template.
    pub text: String,
}

/// The prompt for the path `path`, oldest first, the question last.
///
/// Answers without text are left out with nothing in their place; templates accept two questions in a row.
pub fn assemble<'a>(
    system: &str,
    path: impl IntoIterator<Item = &'a Message>,
) -> Vec<PromptMessage> {
    let instructions = PromptMessage {
        role: Role::System,
        text: system.to_owned(),
    };
    let spoken = path
        .into_iter()
        .filter(|message| message.role == Role::User || !message.text.is_empty())
        .map(|message| PromptMessage {
            role: message.role,
            text: message.text.clone(),
        });
    std::iter::once(instructions).chain(spoken).collect()
}
