//! A prompt's tokens.

use llama_cpp_2::{model::LlamaModel, token::LlamaToken};
use tandem_protocol::{Message, Role};

use crate::{
    answers::Answers,
    template::{Piece, Template, pieces},
};

/// The tokens of `messages`. Only the template's own text yields special tokens; answers that the model gave are the
/// tokens that it gave.
pub(crate) fn tokens(
    model: &LlamaModel,
    template: &Template,
    messages: &[Message],
    conversation: Option<u128>,
    answers: &Answers,
) -> Vec<LlamaToken> {
    let vocabulary = model.vocab();
    let rendered = template.render(messages);
    let mut tokens = Vec::new();
    for piece in pieces(&rendered, messages.len()) {
        match piece {
            Piece::Template(text) => {
                vocabulary.tokenize_into(text.as_bytes(), &mut tokens, false, true);
            }
            Piece::Content(index) => {
                let message = &messages[index];
                let said = (message.role == Role::Assistant)
                    .then(|| answers.get(conversation, &message.text))
                    .flatten();
                match said {
                    Some(said) => tokens.extend_from_slice(said),
                    None => tokens.extend(content(model, &message.text)),
                }
            }
        }
    }
    let begin = vocabulary.bos();
    if vocabulary.should_add_bos() && begin.0 >= 0 && tokens.first() != Some(&begin) {
        tokens.insert(0, begin);
    }
    tokens
}

/// The tokens of a text in which nothing is special.
pub(crate) fn content(model: &LlamaModel, text: &str) -> Vec<LlamaToken> {
    model.vocab().tokenize(text.as_bytes(), false, false)
}

/// How many tokens each message has, and how many the template puts around them.
pub(crate) fn count(
    model: &LlamaModel,
    template: &Template,
    messages: &[Message],
) -> (Vec<u32>, u32) {
    let each: Vec<u32> = messages
        .iter()
        .map(|message| number(content(model, &message.text).len()))
        .collect();
    let whole = tokens(model, template, messages, None, &Answers::default());
    let frame = number(whole.len()).saturating_sub(each.iter().sum());
    (each, frame)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
