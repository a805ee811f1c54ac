//! A prompt's tokens.

use llama_cpp_2::{model::LlamaModel, token::LlamaToken};
use tandem_protocol::Message;

use crate::template::{Piece, Template, pieces};

/// The tokens of `messages`. Only the template's own text yields special tokens.
pub(crate) fn tokens(
    model: &LlamaModel,
    template: &Template,
    messages: &[Message],
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
                vocabulary.tokenize_into(
                    messages[index].text.as_bytes(),
                    &mut tokens,
                    false,
                    false,
                );
            }
        }
    }
    let begin = vocabulary.bos();
    if vocabulary.should_add_bos() && begin.0 >= 0 && tokens.first() != Some(&begin) {
        tokens.insert(0, begin);
    }
    tokens
}
