//! How a text is split into words, the same for the index, for what is typed and for what is highlighted.
//!
//! FTS5's own tokenizer splits at spaces and punctuation. Scripts that don't write spaces between words, or write
//! marks that nobody types, need more: each of their characters begins a word of two (docs/adr/0008).

use std::{borrow::Cow, ops::Range};

use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfkc_quick,
};

/// A word of a text: letters and digits without case and accents, or one character of a script without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// As it is compared.
    pub(crate) folded: String,
    /// Its bytes in the text.
    pub(crate) place: Range<usize>,
    /// Whether it is one character of a script without spaces, which follows its neighbor without a gap.
    pub(crate) single: bool,
}

/// What the search index holds of `text`: itself, or, where its script needs it, the same in words with spaces.
pub fn index_words(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut words = String::with_capacity(text.len() * 2);
    let letters: Vec<char> = letters(text).map(|(letter, _)| letter).collect();
    for (at, &letter) in letters.iter().enumerate() {
        words.push(letter);
        let next = letters.get(at + 1).copied();
        if stands_alone(letter) {
            words.extend(next.filter(|&next| stands_alone(next)));
            words.push(' ');
        } else if !letter.is_whitespace() && next.is_some_and(stands_alone) {
            words.push(' ');
        }
    }
    if words == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(words)
    }
}

/// What is stored beside `text` for the index; `None` where the text itself will do.
pub(crate) fn stored(text: &str) -> Option<String> {
    match index_words(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(words) => Some(words),
    }
}

/// The words of a text in their order.
pub(crate) fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::with_capacity(text.len() / 6);
    // Whether the last word may go on.
    let mut open = false;
    let mut add = |letter: char, place: Range<usize>| {
        if stands_alone(letter) {
            open = false;
            words.push(Word {
                folded: letter.to_string(),
                place,
                single: true,
            });
        } else if letter.is_alphanumeric() || is_mark(letter) {
            if !open {
                words.push(Word {
                    folded: String::new(),
                    place: place.clone(),
                    single: false,
                });
                open = true;
            }
            if let Some(word) = words.last_mut() {
                word.place.end = place.end;
                fold(letter, &mut word.folded);
            }
        } else {
            open = false;
        }
    };
    if is_plain(text) {
        for (at, letter) in text.char_indices() {
            add(letter, at..at + letter.len_utf8());
        }
    } else {
        for (letter, place) in letters(text) {
            add(letter, place);
        }
    }
    words
}

/// Whether the tokenizer alone splits `text` rightly.
fn is_plain(text: &str) -> bool {
    text.is_ascii()
        || (is_nfkc_quick(text.chars()) == IsNormalized::Yes
            && !text
                .chars()
                .any(|letter| stands_alone(letter) || adjusted(letter) != Some(letter)))
}

/// The text's characters in their usual form, each with its bytes in the text.
fn letters(text: &str) -> impl Iterator<Item = (char, Range<usize>)> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let rest = text.get(begin..)?;
        let mut chars = rest.char_indices();
        chars.next()?;
        // A letter with the marks that belong to it.
        let length = chars
            .find(|&(_, letter)| canonical_combining_class(letter) == 0)
            .map_or(rest.len(), |(at, _)| at);
        let place = begin..begin + length;
        begin = place.end;
        Some(place)
    })
    .flat_map(move |place| {
        text[place.clone()]
            .nfkc()
            .filter_map(adjusted)
            .map(move |letter| (letter, place.clone()))
            .collect::<Vec<_>>()
    })
}

/// The letter as it is compared: Hebrew points, Arabic vowel marks and soft hyphens are left out, Arabic letters that
/// are typed in several ways are one.
fn adjusted(letter: char) -> Option<char> {
    match letter {
        '\u{ad}'
        | '\u{591}'..='\u{5bd}'
        | '\u{5bf}'
        | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ى' => Some('ي'),
        'ة' => Some('ه'),
        // No letters, which the tokenizer takes for some.
        '\u{e000}'..='\u{f8ff}' | '\u{40000}'.. => Some(' '),
        other => Some(other),
    }
}

/// Letters of scripts that don't write spaces between words, and of Korean, which writes few.
fn stands_alone(letter: char) -> bool {
    matches!(
        letter,
        '\u{e00}'..='\u{e4f}'           // Thai
        | '\u{e80}'..='\u{ecf}'         // Lao
        | '\u{1000}'..='\u{1049}'       // Burmese
        | '\u{1100}'..='\u{11ff}'       // Korean, in parts
        | '\u{1780}'..='\u{17d3}'       // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{309f}'       // Hiragana
        | '\u{30a1}'..='\u{30fa}'       // Katakana
        | '\u{30fc}'..='\u{30ff}'
        | '\u{3105}'..='\u{312f}'
        | '\u{3400}'..='\u{4dbf}'       // Han
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'       // Korean
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
    )
}

fn is_mark(letter: char) -> bool {
    canonical_combining_class(letter) != 0 || unicode_normalization::char::is_combining_mark(letter)
}

/// Adds a letter without case and accents.
fn fold(letter: char, folded: &mut String) {
    if letter.is_ascii() {
        folded.push(letter.to_ascii_lowercase());
        return;
    }
    // Accents of Latin, Greek and Cyrillic letters; other scripts' marks are a part of the word.
    let accent = |mark: &char| ('\u{300}'..='\u{36f}').contains(mark);
    for lower in letter.to_lowercase() {
        folded.extend(std::iter::once(lower).nfd().filter(|mark| !accent(mark)));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        split(text).into_iter().map(|word| word.folded).collect()
    }

    #[rstest]
    #[case::ascii("Hello, world")]
    #[case::accents("Crème brûlée, größer")]
    #[case::cyrillic("Привет, мир")]
    #[case::hindi("हिन्दी में")]
    fn what_the_tokenizer_splits_rightly_is_left(#[case] text: &str) {
        assert!(matches!(index_words(text), Cow::Borrowed(_)), "{text}");
    }

    #[rstest]
    #[case::japanese("東京都に", "東京 京都 都に に ")]
    #[case::mixed("新しいiPhone用", "新し しい い iPhone 用 ")]
    #[case::korean("초등 학교", "초등 등  학교 교 ")]
    #[case::hebrew("שָׁלוֹם", "שלום")]
    #[case::arabic("أُسْتَاذة", "استاذه")]
    #[case::wide("Ｗｉｄｅ", "Wide")]
    #[case::decomposed("cre\u{300}me", "crème")]
    #[case::soft_hyphen("Zusammen\u{ad}hang", "Zusammenhang")]
    fn other_scripts_become_words(#[case] text: &str, #[case] words: &str) {
        assert_eq!(index_words(text), words);
    }

    #[test]
    fn words_know_their_place() {
        let text = "Zum Bärenhaus: cafe\u{301} 東京!";
        let words = split(text);
        let places: Vec<&str> = words.iter().map(|word| &text[word.place.clone()]).collect();
        assert_eq!(places, ["Zum", "Bärenhaus", "cafe\u{301}", "東", "京"]);
        assert_eq!(folded(text), ["zum", "barenhaus", "cafe", "東", "京"]);
        assert_eq!(
            words.iter().map(|word| word.single).collect::<Vec<_>>(),
            [false, false, false, true, true]
        );
    }

    #[test]
    fn text_without_words_has_none() {
        assert_eq!(folded(" \n!? \u{0}🌍"), Vec::<String>::new());
    }
}
