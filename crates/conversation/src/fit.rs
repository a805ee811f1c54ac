//! What of a prompt a context holds.

use crate::{PromptMessage, Role};

/// Tokens of a message's frame that a prompt's own count may miss.
const SLACK: u32 = 8;

/// What of a prompt a context holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The prompt, with as much of it as fits.
    pub messages: Vec<PromptMessage>,
    /// Messages of its beginning that are left out.
    pub unseen: usize,
}

/// The part of a prompt that a context of `context` tokens holds with room for an answer: a quarter of it. `tokens` are
/// those of each message, `frame` those that the model's template puts around all of them.
///
/// Instructions and the last message always stay. Once something must go, the oldest go down to half the context: the
/// beginning then stays the same for many turns, and what was computed of it is of use. The cut depends on nothing but
/// the messages. A last message that is too long alone is returned all the same; the engine refuses it.
pub fn fit(messages: &[PromptMessage], tokens: &[u32], frame: u32, context: u32) -> Fit {
    let fixed = usize::from(
        messages
            .first()
            .is_some_and(|first| first.role == Role::System),
    );
    let each = frame / u32::try_from(messages.len().max(1)).unwrap_or(u32::MAX) + SLACK;
    let cost = |index: usize| u64::from(tokens.get(index).copied().unwrap_or(0)) + u64::from(each);
    let instructions: u64 = (0..fixed).map(cost).sum();
    let (most, half) = (u64::from(context - context / 4), u64::from(context / 2));
    // As the conversation went: each question in turn might have been the one that didn't fit any more.
    let mut first = fixed;
    let mut held = instructions;
    for index in fixed..messages.len() {
        held += cost(index);
        if held <= most {
            continue;
        }
        while held > half && first < index {
            held -= cost(first);
            first += 1;
        }
    }
    // A conversation begins with a question.
    while first + 1 < messages.len() && messages[first].role == Role::Assistant {
        first += 1;
    }
    Fit {
        messages: messages[..fixed]
            .iter()
            .chain(&messages[first..])
            .cloned()
            .collect(),
        unseen: first - fixed,
    }
}

/// Whether a context of `context` tokens surely holds the prompt with room for an answer: no token is shorter than a byte.
pub fn surely_fits(messages: &[PromptMessage], context: u32) -> bool {
    let bytes: usize = messages.iter().map(|message| message.text.len() + 24).sum();
    bytes <= usize::try_from(context - context / 4).unwrap_or(usize::MAX)
}
