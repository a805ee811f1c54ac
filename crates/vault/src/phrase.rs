//! The recovery phrase: twelve words that open a vault when nothing else does.

use std::fmt;

use bip39::{Error, Language, Mnemonic};
use zeroize::Zeroizing;

use crate::VaultError;

/// Words of a phrase: 128 random bits and a checksum of four.
pub const PHRASE_WORDS: usize = 12;
/// Bytes that are looked at, of what a person typed.
const LONGEST: usize = 4096;
/// So many letters tell each word of the list from all others.
const TELLING: usize = 4;

/// Twelve words of BIP-39's English list. Wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Phrase(Mnemonic);

/// Why what was typed is no recovery phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// It has another number of words.
    #[error("A recovery phrase has twelve words; these are {0}.")]
    Count(usize),
    /// A word isn't in the list; the first is 1.
    #[error("Word {0} isn't one of a recovery phrase. Compare it with what you wrote down.")]
    Word(usize),
    /// All words are in the list, yet they don't belong together.
    #[error(
        "These words don't belong together: one of them is another one, or two have changed places. Compare them with \
         what you wrote down."
    )]
    Checksum,
}

impl Phrase {
    /// A new phrase.
    pub fn random() -> Result<Self, VaultError> {
        let mut entropy = Zeroizing::new([0; 16]);
        getrandom::fill(entropy.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
        Mnemonic::from_entropy(entropy.as_slice())
            .map(Self)
            .map_err(|error| VaultError::Database(error.to_string()))
    }

    /// The phrase that a person typed: in any case, with or without numbers, commas and line breaks; the first four
    /// letters of a word suffice.
    pub fn parse(typed: &str) -> Result<Self, PhraseError> {
        let mut end = typed.len().min(LONGEST);
        while !typed.is_char_boundary(end) {
            end -= 1;
        }
        let lower = Zeroizing::new(typed[..end].to_lowercase());
        let typed: Vec<&str> = lower
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .collect();
        if typed.len() != PHRASE_WORDS {
            return Err(PhraseError::Count(typed.len()));
        }
        // Room for the longest words: a string that grows would leave copies behind.
        let mut words = Zeroizing::new(String::with_capacity(PHRASE_WORDS * 16));
        for (at, word) in typed.into_iter().enumerate() {
            let word = listed(word).ok_or(PhraseError::Word(at + 1))?;
            if at > 0 {
                words.push(' ');
            }
            words.push_str(word);
        }
        Mnemonic::parse_in_normalized(Language::English, &words)
            .map(Self)
            .map_err(|error| match error {
                Error::UnknownWord(at) => PhraseError::Word(at + 1),
                Error::BadWordCount(count) => PhraseError::Count(count),
                _ => PhraseError::Checksum,
            })
    }

    /// Its words, in order.
    pub fn words(&self) -> Vec<&'static str> {
        self.0.words().collect()
    }

    /// What a key is derived from.
    pub(crate) fn secret(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(…)")
    }
}

/// The word of the list that is `word` or the only one that begins so.
fn listed(word: &str) -> Option<&'static str> {
    let mut words = Language::English.words_by_prefix_iter(word);
    match (words.next(), words.next()) {
        // A word comes before those that it begins.
        (Some(first), _) if first == word => Some(first),
        (Some(only), None) if word.len() >= TELLING => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rstest::rstest;

    use super::*;

    /// Of BIP-39's own test vectors: 128 zero bits.
    const ZERO: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn a_phrase_is_read_as_it_was_shown() {
        let phrase = Phrase::random().unwrap();
        assert_eq!(phrase.words().len(), PHRASE_WORDS);
        assert_eq!(Phrase::parse(&phrase.words().join(" ")).unwrap(), phrase);
        assert_ne!(Phrase::random().unwrap(), phrase);
    }

    #[test]
    fn the_words_are_those_of_the_standard() {
        // Another reading of the words would lose every vault that has nothing else.
        assert_eq!(Phrase::parse(ZERO).unwrap().secret().as_slice(), [0; 16]);
        let other = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        assert_eq!(
            Phrase::parse(other).unwrap().secret().as_slice(),
            [0x7f; 16]
        );
    }

    #[rstest]
    #[case("  LEGAL  winner\nthank\tyear wave sausage worth useful legal winner thank yellow ")]
    #[case(
        "1. legal 2. winner 3. thank 4. year 5. wave 6. sausage 7. worth 8. useful 9. legal 10. winner 11. thank 12. yellow"
    )]
    #[case("legal,winner,thank,year,wave,sausage,worth,useful,legal,winner,thank,yellow")]
    #[case("lega winn than year wave saus wort usef lega winn than yell")]
    fn it_may_be_typed_as_people_type(#[case] typed: &str) {
        assert_eq!(
            Phrase::parse(typed).unwrap().secret().as_slice(),
            [0x7f; 16]
        );
    }

    #[rstest]
    #[case("", PhraseError::Count(0))]
    #[case("legal winner", PhraseError::Count(2))]
    #[case(&[ZERO, "about"].join(" "), PhraseError::Count(13))]
    #[case(
        "legal winner thank year wave sausage worth useful legal winner thank yellowish",
        PhraseError::Word(12)
    )]
    #[case(
        "le winner thank year wave sausage worth useful legal winner thank yellow",
        PhraseError::Word(1)
    )]
    #[case(
        "winner legal thank year wave sausage worth useful legal winner thank yellow",
        PhraseError::Checksum
    )]
    fn what_is_wrong_is_said(#[case] typed: &str, #[case] why: PhraseError) {
        assert_eq!(Phrase::parse(typed).unwrap_err(), why);
    }

    #[test]
    fn much_text_costs_little() {
        let typed = "é".repeat(10_000_000);
        assert!(Phrase::parse(&typed).is_err());
    }

    #[test]
    fn a_phrase_is_never_printed() {
        assert_eq!(format!("{:?}", Phrase::parse(ZERO).unwrap()), "Phrase(…)");
    }
}
