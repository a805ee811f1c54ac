//! Drafts from the text itself: whoever rewrites, corrects or sums up repeats long runs of what stands above.

use std::collections::HashMap;

use llama_cpp_2::token::LlamaToken;

/// Tokens that must agree before a run is taken to go on as it did before.
const RUN: usize = 3;

/// The text so far, and where each short run of it was last followed by something.
#[derive(Default)]
pub(crate) struct Lookup {
    text: Vec<LlamaToken>,
    followed: HashMap<[LlamaToken; RUN], usize>,
    /// Where the text is being repeated: the token that would come next.
    source: Option<usize>,
}

impl Lookup {
    /// A text of these tokens.
    pub(crate) fn new(text: &[LlamaToken]) -> Self {
        let mut lookup = Self::default();
        for &token in text {
            lookup.push(token);
        }
        lookup
    }

    /// The text goes on.
    pub(crate) fn push(&mut self, token: LlamaToken) {
        if let Some(run) = self.text.last_chunk() {
            self.followed.insert(*run, self.text.len());
        }
        self.source = self
            .source
            .filter(|&source| self.text.get(source) == Some(&token))
            .map(|source| source + 1);
        self.text.push(token);
        if self.source.is_none() {
            self.source = self
                .text
                .last_chunk()
                .and_then(|run| self.followed.get(run))
                .copied();
        }
    }

    /// At most `count` tokens that may come next.
    pub(crate) fn draft(&self, count: usize) -> &[LlamaToken] {
        let from = self.source.unwrap_or(self.text.len());
        &self.text[from..self.text.len().min(from + count)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Vec<LlamaToken> {
        words
            .bytes()
            .map(|byte| LlamaToken(i32::from(byte)))
            .collect()
    }

    #[test]
    fn what_is_repeated_is_drafted() {
        let mut lookup = Lookup::new(&text("the quick brown fox. th"));
        assert_eq!(lookup.draft(4), []);
        lookup.push(LlamaToken(i32::from(b'e')));
        assert_eq!(lookup.draft(6), text(" quick"));
    }

    #[test]
    fn a_repetition_that_ends_drafts_no_more_until_another_begins() {
        let mut lookup = Lookup::new(&text("abcdefgh abcd"));
        assert_eq!(lookup.draft(2), text("ef"));
        lookup.push(LlamaToken(i32::from(b'X')));
        assert_eq!(lookup.draft(2), []);
        for token in text("fgh") {
            lookup.push(token);
        }
        assert_eq!(lookup.draft(3), text(" ab"));
    }

    #[test]
    fn a_text_of_one_letter_drafts_itself() {
        let lookup = Lookup::new(&text("aaaaaa"));
        assert_eq!(lookup.draft(3).len(), 1);
    }
}
