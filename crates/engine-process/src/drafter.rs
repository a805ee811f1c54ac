//! Drafts from a smaller model of the same vocabulary.

use llama_cpp_2::{model::LlamaModel, token::LlamaToken};

use crate::{
    context::{Context, Wanted},
    distribution::Distribution,
    model::BATCH,
};

/// The smaller model, and what its context has computed.
pub(crate) struct Drafter<'m> {
    context: Context<'m>,
    tokens: Vec<LlamaToken>,
}

impl<'m> Drafter<'m> {
    pub(crate) fn new(context: Context<'m>) -> Self {
        Self {
            context,
            tokens: vec![],
        }
    }

    /// Forgets what it has computed.
    pub(crate) fn forget(&mut self) {
        self.context.clear();
        self.tokens.clear();
    }

    /// At most `count` tokens that may follow `text`. Where it fails, fewer or none.
    pub(crate) fn draft(&mut self, text: &[LlamaToken], count: usize) -> Vec<LlamaToken> {
        let shared = self
            .tokens
            .iter()
            .zip(text)
            .take_while(|(a, b)| a == b)
            .count();
        let kept = shared.min(text.len().saturating_sub(1));
        if kept < self.tokens.len() && !self.context.forget_from(kept) {
            self.context.clear();
            self.tokens.clear();
        }
        self.tokens.truncate(kept);
        let mut draft = vec![];
        let mut next: Vec<LlamaToken> = text[self.tokens.len()..].to_vec();
        let mut distribution = Distribution::default();
        while draft.len() < count && self.tokens.len() + next.len() < self.context.size() as usize {
            for chunk in next.chunks(BATCH as usize) {
                if self.context.compute(chunk, Wanted::Last).is_err() {
                    self.context.clear();
                    self.tokens.clear();
                    return draft;
                }
                self.tokens.extend_from_slice(chunk);
            }
            let Some(logits) = self.context.last_logits() else {
                break;
            };
            distribution.read(logits, 2);
            let token = LlamaToken(i32::try_from(distribution.first()).unwrap_or(0));
            draft.push(token);
            next = vec![token];
        }
        draft
    }
}

/// Whether a draft of one model means the same to the other.
pub(crate) fn same_vocabulary(one: &LlamaModel, other: &LlamaModel) -> bool {
    let (one, other) = (one.vocab(), other.vocab());
    one.n_tokens() == other.n_tokens()
        && one
            .tokens()
            .zip(other.tokens())
            .all(|(a, b)| one.text(a) == other.text(b))
}
