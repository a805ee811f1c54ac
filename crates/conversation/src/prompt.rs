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

/// The same prompt with less of its beginning, for a context that it doesn't fit: about `tokens_over` of
/// `prompt_tokens` tokens are taken away, oldest messages first. Instructions and the last message stay.
///
/// Returns the shorter prompt and how many messages it lost, or `None` when nothing more can go.
pub fn without_oldest(
    messages: &[PromptMessage],
    prompt_tokens: u32,
    tokens_over: u32,
) -> Option<(Vec<PromptMessage>, usize)> {
    let (head, rest) = match messages {
        [first, rest @ ..] if first.role == Role::System => (Some(first), rest),
        all => (None, all),
    };
    let droppable = rest.len().checked_sub(1).filter(|&n| n > 0)?;
    // The engine has counted the whole; characters share it out among the messages well enough, since the
    // next count corrects what this one misses.
    let chars: usize = messages.iter().map(|m| m.text.len() + 16).sum();
    let goal = (chars as u64 * u64::from(tokens_over)).div_ceil(u64::from(prompt_tokens.max(1)));
    let mut gone = 0u64;
    let mut lost = 0;
    while lost < droppable && (gone < goal || lost == 0) {
        gone += rest[lost].text.len() as u64 + 16;
        lost += 1;
    }
    // A conversation begins with a question.
    while lost < droppable && rest[lost].role == Role::Assistant {
        lost += 1;
    }
    Some((
        head.into_iter().chain(&rest[lost..]).cloned().collect(),
        lost,
    ))
}
