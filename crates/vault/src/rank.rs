//! Which of the places that were found is shown first: BM25 over those places, a little for what is new.

use crate::{query::Clause, words::Word};

/// BM25's usual constants: how soon more of the same word counts no more, and how much a long text is discounted.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// What the newest place gains over an equal one that is the oldest.
const FRESHNESS: f64 = 0.1;

/// What a place is ranked by.
pub(crate) struct Counted {
    /// How often each clause matches.
    counts: Vec<usize>,
    /// Words of the text.
    length: usize,
}

impl Counted {
    pub(crate) fn new(words: &[Word], clauses: &[Clause]) -> Self {
        let counts = clauses.iter().map(|clause| clause.matches(words).len());
        Self {
            counts: counts.collect(),
            length: words.len(),
        }
    }
}

/// The scores of places that all hold every clause, newest first; higher is better. `rarity` weighs each clause.
pub(crate) fn scores(places: &[Counted], rarity: &[f64]) -> Vec<f64> {
    let mean = mean(places.iter().map(|place| place.length)).max(1.0);
    let all = count(places.len());
    places
        .iter()
        .enumerate()
        .map(|(nth, place)| {
            let length = 1.0 - B + B * count(place.length) / mean;
            let sum: f64 = place
                .counts
                .iter()
                .zip(rarity)
                .map(|(&matches, rarity)| {
                    // FTS5 found it, whatever we count: a folding of its own is one match.
                    let matches = count(matches.max(1));
                    rarity * matches * (K1 + 1.0) / (matches + K1 * length)
                })
                .sum();
            sum * (1.0 + FRESHNESS * (1.0 - count(nth) / all))
        })
        .collect()
}

/// BM25's weight of a clause that `matches` of `all` texts hold.
pub(crate) fn rarity(matches: usize, all: usize) -> f64 {
    let (matches, all) = (count(matches), count(all.max(matches)));
    ((all - matches + 0.5) / (matches + 0.5)).ln_1p()
}

fn mean(numbers: impl ExactSizeIterator<Item = usize>) -> f64 {
    let length = numbers.len().max(1);
    count(numbers.sum()) / count(length)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{query::parse, words::split};

    fn order(typed: &str, newest_first: &[&str], rarity: &[f64]) -> Vec<usize> {
        let clauses = parse(typed);
        let places: Vec<_> = newest_first
            .iter()
            .map(|text| Counted::new(&split(text), &clauses))
            .collect();
        let scores = scores(&places, rarity);
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]));
        order
    }

    #[test]
    fn more_matches_in_less_text_come_first() {
        let texts = ["a b c d e f puffin", "puffin puffin", "a puffin"];
        assert_eq!(order("puffin", &texts, &[1.0]), [1, 2, 0]);
    }

    #[test]
    fn of_equal_texts_the_newer_comes_first() {
        assert_eq!(order("puffin", &["a puffin"; 3], &[1.0]), [0, 1, 2]);
    }

    #[test]
    fn the_rarer_word_counts_more() {
        let texts = ["the the the the zebra x", "the zebra zebra zebra zebra x"];
        let rarity = [rarity(900, 1000), rarity(3, 1000)];
        assert_eq!(order("the zebra ", &texts, &rarity), [1, 0]);
        assert!(rarity[0] > 0.0);
    }
}
