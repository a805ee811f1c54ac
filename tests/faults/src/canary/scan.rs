//! Looks for all words at once.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use anyhow::Result;

/// Words to look for, and whose they are.
pub(super) struct Scan {
    automaton: AhoCorasick,
    owners: Vec<usize>,
}

impl Scan {
    /// Looks for each word of the sentences, in UTF-8 and in UTF-16.
    pub(super) fn new<'a>(sentences: impl Iterator<Item = &'a str>) -> Result<Self> {
        let (mut patterns, mut owners) = (Vec::new(), Vec::new());
        for (index, sentence) in sentences.enumerate() {
            for word in sentence.split(' ') {
                patterns.push(word.as_bytes().to_vec());
                patterns.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
                owners.extend([index, index]);
            }
        }
        Ok(Self {
            automaton: AhoCorasick::new(patterns)?,
            owners,
        })
    }

    /// The numbers of the sentences of which a word is there.
    pub(super) fn hits(&self, bytes: &[u8]) -> BTreeSet<usize> {
        self.automaton
            .find_iter(bytes)
            .map(|found| self.owners[found.pattern().as_usize()])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_word_alone_is_found_in_both_forms() {
        let scan = Scan::new(["alpha beta", "gamma delta"].into_iter()).unwrap();
        assert!(scan.hits(b"alph beth gam").is_empty());
        assert_eq!(scan.hits(b"xxbetaxx"), BTreeSet::from([0]));
        let wide: Vec<u8> = "a delta"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(scan.hits(&wide), BTreeSet::from([1]));
    }
}
