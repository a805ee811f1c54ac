//! The surroundings of a match, in pieces.

use std::ops::Range;

use crate::{query::Clause, words::Word};

/// Bytes of a snippet, about.
const LENGTH: usize = 160;
/// Of those, what comes before the first match.
const BEFORE: usize = 48;

/// What the clauses matched in a text: bytes of it, in order, none touching another.
pub(crate) fn marks(text: &str, words: &[Word], clauses: &[Clause]) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = clauses
        .iter()
        .flat_map(|clause| clause.matches(words))
        .map(|found| words[found.start].place.start..words[found.end - 1].place.end)
        .collect();
    marks.sort_by_key(|mark| (mark.start, mark.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        match joined.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => joined.push(mark),
        }
    }
    debug_assert!(joined.iter().all(|mark| text.get(mark.clone()).is_some()));
    joined
}

/// The text around the part with most marks, or all of a short text; `true` marks what matched. Without control
/// characters, which would not be seen.
pub(crate) fn pieces(text: &str, marks: &[Range<usize>]) -> Vec<(String, bool)> {
    cut(text, marks, window(text, marks))
}

/// The whole text in pieces, likewise.
pub(crate) fn whole(text: &str, marks: &[Range<usize>]) -> Vec<(String, bool)> {
    cut(text, marks, 0..text.len())
}

fn cut(text: &str, marks: &[Range<usize>], window: Range<usize>) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    if window.start > 0 {
        push(&mut pieces, "…", false);
    }
    let mut at = window.start;
    for mark in marks {
        let (start, end) = (
            mark.start.clamp(at, window.end),
            mark.end.min(window.end).max(at),
        );
        push(&mut pieces, &text[at..start], false);
        push(&mut pieces, &text[start..end], true);
        at = end;
    }
    push(&mut pieces, &text[at..window.end], false);
    if window.end < text.len() {
        push(&mut pieces, "…", false);
    }
    pieces
}

fn push(pieces: &mut Vec<(String, bool)>, text: &str, marked: bool) {
    let shown = |c: &char| !c.is_control() || c.is_whitespace();
    let text: String = text.chars().filter(shown).collect();
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some((last, on)) if *on == marked => last.push_str(&text),
        _ => pieces.push((text, marked)),
    }
}

/// Where the snippet begins and ends.
fn window(text: &str, marks: &[Range<usize>]) -> Range<usize> {
    if text.len() <= LENGTH {
        return 0..text.len();
    }
    let best = marks
        .iter()
        .enumerate()
        .max_by_key(|&(at, mark)| {
            let inside = marks[at..]
                .iter()
                .take_while(|other| other.end <= mark.start + LENGTH - BEFORE)
                .count();
            // Of equal ones the first.
            (inside, std::cmp::Reverse(at))
        })
        .map_or(0, |(_, mark)| mark.start);
    let begin = best
        .saturating_sub(BEFORE)
        .min(text.len().saturating_sub(LENGTH));
    let begin = gap(text, begin, best);
    let end = text.floor_char_boundary(begin + LENGTH);
    // A word is not cut where there is a gap near.
    let cut = text[begin..end]
        .rfind(char::is_whitespace)
        .filter(|&at| end < text.len() && at > LENGTH - BEFORE);
    begin..cut.map_or(end, |at| begin + at)
}

/// The beginning of a word after `from`, or `from` itself when there is none before `before`.
fn gap(text: &str, from: usize, before: usize) -> usize {
    let from = text.ceil_char_boundary(from).min(before);
    if from == 0 {
        return 0;
    }
    text[from..before]
        .char_indices()
        .find(|(_, letter)| letter.is_whitespace())
        .map_or(from, |(at, space)| from + at + space.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{query::parse, words::split};

    fn shown(text: &str, typed: &str) -> Vec<(String, bool)> {
        pieces(text, &marks(text, &split(text), &parse(typed)))
    }

    fn piece(text: &str, marked: bool) -> (String, bool) {
        (text.to_owned(), marked)
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(
            shown("One swallow makes\nno summer", "swal* no"),
            [
                piece("One ", false),
                piece("swallow", true),
                piece(" makes\n", false),
                piece("no", true),
                piece(" summer", false)
            ]
        );
        assert_eq!(
            shown("東京都に", "京都"),
            [piece("東", false), piece("京都", true), piece("に", false)]
        );
        assert_eq!(shown("a\u{2}b", "x"), [piece("ab", false)]);
    }

    #[test]
    fn a_long_text_is_cut_around_the_most_matches() {
        let text = format!(
            "puffin {} a puffin and another puffin {}",
            "filler ".repeat(60),
            "日本語".repeat(60)
        );
        let pieces = shown(&text, "puffin");
        let marked = pieces.iter().filter(|(_, marked)| *marked).count();
        let whole: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(marked, 2);
        assert!(
            whole.starts_with("…filler") && whole.ends_with('…'),
            "{whole}"
        );
        assert!(whole.len() < LENGTH + 10);
    }
}
