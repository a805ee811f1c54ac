//! What a person typed into the search field, as clauses that must all match.

use std::ops::Range;

use crate::words::{self, Word};

/// Clauses of a query that count. A pasted page would ask for more than any message holds.
const MAX_CLAUSES: usize = 32;
/// Bytes of a query that are looked at.
const MAX_BYTES: usize = 4096;

/// Words that must follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    words: Vec<Word>,
    /// The phrase in FTS5's language, without the mark of a beginning.
    phrase: String,
    /// Whether the last word may go on.
    pub(crate) unfinished: bool,
}

/// The clauses of a query. No character of it is an operator but quotation marks, which keep words together, and a star
/// at the end of a word, which lets it go on. The last word may be unfinished, unless it is one letter.
pub(crate) fn parse(typed: &str) -> Vec<Clause> {
    let end = typed.floor_char_boundary(MAX_BYTES);
    let mut clauses = Vec::new();
    let mut quoted = false;
    let mut piece = String::new();
    for letter in typed[..end].chars() {
        let quotes = matches!(
            letter,
            '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』'
        );
        let ends = quotes || (!quoted && letter.is_whitespace());
        if ends {
            clauses.extend(clause(&piece, false));
            piece.clear();
        } else {
            piece.push(letter);
        }
        quoted ^= quotes;
    }
    // Typing hasn't gone past it, so it may go on.
    let may_go_on = !typed.ends_with(char::is_whitespace);
    clauses.extend(clause(&piece, may_go_on));
    clauses.truncate(MAX_CLAUSES);
    clauses
}

fn clause(piece: &str, last: bool) -> Option<Clause> {
    let words = words::split(piece);
    let end = words.last()?;
    // FTS5 sees words of two where each character begins one.
    let unfinished = if end.single {
        words.len() < 2 || !follows(&words, words.len() - 1)
    } else {
        let letters = end.folded.chars().count();
        piece.ends_with('*') || (last && letters > 1 && piece.ends_with(char::is_alphanumeric))
    };
    Some(Clause {
        phrase: phrase(piece, &words),
        words,
        unfinished,
    })
}

/// Whether the word follows the one before it without a gap, both being single characters.
fn follows(words: &[Word], at: usize) -> bool {
    at > 0
        && words[at].single
        && words[at - 1].single
        // A letter and its mark have one place.
        && words[at].place.start <= words[at - 1].place.end
}

/// The piece as the index holds it, but for the last character of a run, which is in the pair before it and may not be
/// the last in the text. The tokenizer sees all else, so that it splits both alike.
fn phrase(piece: &str, words: &[Word]) -> String {
    let last = words.len() - 1;
    let end = if words[last].single {
        words[last].place.end
    } else {
        piece.len()
    };
    let mut phrase: String = words::index_words(&piece[..end])
        .chars()
        // Some end a string in C.
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if follows(words, last)
        && let Some(at) = phrase.rfind(&words[last].folded)
    {
        phrase.truncate(at);
    }
    phrase.trim().to_owned()
}

impl Clause {
    /// The clause in FTS5's language.
    pub(crate) fn expression(&self) -> String {
        let star = if self.unfinished { "*" } else { "" };
        format!("\"{}\"{star}", self.phrase)
    }

    /// The same with its last word taken as whole.
    pub(crate) fn whole(&self) -> Self {
        Self {
            unfinished: false,
            ..self.clone()
        }
    }

    /// Whether its last word is one character that FTS5 knows as the beginning of others alone.
    pub(crate) fn must_go_on(&self) -> bool {
        self.words.last().is_some_and(|word| word.single)
    }

    /// Where it matches in `text`, in words of it; each match begins after the one before.
    pub(crate) fn matches(&self, text: &[Word]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at + self.words.len() <= text.len() {
            if self.matches_at(&text[at..]) {
                found.push(at..at + self.words.len());
                at += self.words.len();
            } else {
                at += 1;
            }
        }
        found
    }

    fn matches_at(&self, text: &[Word]) -> bool {
        let last = self.words.len() - 1;
        self.words
            .iter()
            .zip(text)
            .enumerate()
            .all(|(at, (word, found))| {
                found.folded == word.folded
                    || (at == last && self.unfinished && found.folded.starts_with(&word.folded))
            })
    }
}

/// What FTS5 is asked for what a person typed, in an index of [`crate::index_words`]; empty when no word is in it.
pub fn index_expression(typed: &str) -> String {
    expression(&parse(typed))
}

/// All clauses as one expression of FTS5.
pub(crate) fn expression(clauses: &[Clause]) -> String {
    clauses
        .iter()
        .map(Clause::expression)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::words("one two", "\"one\" \"two\"*")]
    #[case::finished("one two ", "\"one\" \"two\"")]
    #[case::operators(" a b-c AND (cd* ", "\"a\" \"b-c\" \"AND\" \"(cd*\"*")]
    #[case::quoted("\"one two\" three", "\"one two\" \"three\"*")]
    #[case::closed("\"one two\"", "\"one two\"")]
    #[case::still_open("x \"one two", "\"x\" \"one two\"*")]
    #[case::curly("“one two”", "\"one two\"")]
    #[case::star("pre* word", "\"pre*\"* \"word\"*")]
    #[case::one_letter("a", "\"a\"")]
    #[case::nothing(" \n\0 *", "")]
    #[case::japanese("東京都", "\"東京 京都\"")]
    #[case::one_character("猫", "\"猫\"*")]
    #[case::two_parts("東京 猫", "\"東京\" \"猫\"*")]
    #[case::mixed("iPhone用", "\"iPhone 用\"*")]
    #[case::points("שָׁלוֹם", "\"שלום\"*")]
    fn what_was_typed_becomes_clauses(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(expression(&parse(typed)), expected);
    }

    #[test]
    fn a_clause_is_found_in_a_text() {
        let places = |typed: &str, text: &str| {
            let words = words::split(text);
            parse(typed)[0].matches(&words)
        };
        assert_eq!(places("b", "a b c B"), [1..2, 3..4]);
        assert_eq!(places("\"b c\"", "a b c b-c"), [1..3, 3..5]);
        assert_eq!(places("ba", "bar baz ab"), [0..1, 1..2]);
        assert_eq!(places("京都", "東京都 京都"), [1..3, 3..5]);
        assert_eq!(places("long", "x"), []);
    }

    #[test]
    fn a_pasted_page_is_cut() {
        assert_eq!(parse(&"word ".repeat(100_000)).len(), MAX_CLAUSES);
        assert_eq!(parse(&"é".repeat(1_000_000)).len(), 1);
    }
}
