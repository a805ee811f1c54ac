//! What becomes of the beginning of a conversation that a model's context no longer holds.

use serde::{Deserialize, Serialize};

use crate::{PromptMessage, Role};

/// What becomes of it; each conversation has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// It is left out.
    #[default]
    Drop,
    /// The model reads a summary in its place, which it wrote itself.
    Summarize,
}

/// What a model read in place of a conversation's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages of the conversation's beginning that it stands for.
    pub messages: u32,
    /// Its text.
    pub text: String,
}

/// Words of the person's side that ask for a summary.
const REQUEST: &str = "Summarize our conversation so far in a few short sentences, in its own language. Keep names, numbers, decisions and open questions. Write the summary alone.";
const BEFORE: &str = "\n\nWhat was said before, in short: ";

/// Tokens of a summary at most, for a context of `context` tokens. So much of it is kept free.
pub fn summary_tokens(context: u32) -> u32 {
    (context / 8).min(240)
}

/// The prompt that has a model summarize `messages`, which follow what `earlier` says in short. `instructions` are the
/// conversation's own: with the same beginning, what was computed of it is of use.
pub fn ask_for_summary(
    instructions: Option<&PromptMessage>,
    earlier: Option<&str>,
    messages: &[PromptMessage],
) -> Vec<PromptMessage> {
    let mut prompt: Vec<_> = instructions.into_iter().chain(messages).cloned().collect();
    if let Some(earlier) = earlier {
        put_before(&mut prompt, earlier);
    }
    prompt.push(PromptMessage {
        role: Role::User,
        text: REQUEST.to_owned(),
    });
    prompt
}

/// Tells a prompt's instructions what was said before its first message.
pub fn put_before(prompt: &mut Vec<PromptMessage>, summary: &str) {
    match prompt.first_mut() {
        Some(first) if first.role == Role::System => {
            first.text.push_str(BEFORE);
            first.text.push_str(summary);
        }
        _ => prompt.insert(
            0,
            PromptMessage {
                role: Role::System,
                text: format!("{}{summary}", BEFORE.trim_start()),
            },
        ),
    }
}
