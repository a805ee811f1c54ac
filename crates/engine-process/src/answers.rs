//! The tokens that answers were made of. A text can be cut into tokens in more ways than one: read again as the tokenizer
//! would cut it, an answer might not be what the context has computed, and all of it would be computed once more.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use llama_cpp_2::token::LlamaToken;

/// Answers that are remembered.
const MOST: usize = 512;

/// Answers of each conversation, by their texts.
#[derive(Default)]
pub(crate) struct Answers {
    tokens: HashMap<(u128, u64), Vec<LlamaToken>>,
    order: VecDeque<(u128, u64)>,
}

impl Answers {
    /// The model said `text` with these tokens.
    pub(crate) fn add(&mut self, conversation: u128, text: &str, tokens: Vec<LlamaToken>) {
        self.insert((conversation, key(text)), tokens);
    }

    /// The tokens that `text` was said with.
    pub(crate) fn get(&self, conversation: Option<u128>, text: &str) -> Option<&[LlamaToken]> {
        self.tokens
            .get(&(conversation?, key(text)))
            .map(Vec::as_slice)
    }

    /// Those of a conversation.
    pub(crate) fn of(&self, conversation: u128) -> Vec<(u64, Vec<i32>)> {
        let own = self
            .tokens
            .iter()
            .filter(|((of, _), _)| *of == conversation);
        own.map(|((_, text), tokens)| (*text, tokens.iter().map(|token| token.0).collect()))
            .collect()
    }

    /// Takes what [`Self::of`] gave.
    pub(crate) fn restore(&mut self, conversation: u128, answers: Vec<(u64, Vec<i32>)>) {
        for (text, tokens) in answers {
            self.insert(
                (conversation, text),
                tokens.into_iter().map(LlamaToken).collect(),
            );
        }
    }

    /// A conversation is gone for good.
    pub(crate) fn forget(&mut self, conversation: u128) {
        self.tokens.retain(|(of, _), _| *of != conversation);
        self.order.retain(|(of, _)| *of != conversation);
    }

    fn insert(&mut self, key: (u128, u64), tokens: Vec<LlamaToken>) {
        if self.tokens.insert(key, tokens).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
    }
}

/// The same in every process of a build: a sealed state names its answers by it.
fn key(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_in_its_own_conversation_alone() {
        let mut answers = Answers::default();
        answers.add(1, "yes", vec![LlamaToken(4)]);
        assert_eq!(answers.get(Some(1), "yes"), Some(&[LlamaToken(4)][..]));
        assert_eq!(answers.get(Some(2), "yes"), None);
        assert_eq!(answers.get(None, "yes"), None);
        let mut others = Answers::default();
        others.restore(1, answers.of(1));
        assert_eq!(others.get(Some(1), "yes"), Some(&[LlamaToken(4)][..]));
        assert!(answers.of(2).is_empty());
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut answers = Answers::default();
        for number in 0..=MOST {
            answers.add(1, &number.to_string(), vec![]);
        }
        assert_eq!(answers.get(Some(1), "0"), None);
        assert!(answers.get(Some(1), "1").is_some());
    }
}
