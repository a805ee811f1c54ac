//! What cases came to: counts, extremes, failures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Failures that are kept in words; all are counted.
const KEPT: usize = 100;

/// The sum of what cases came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// How often each thing happened.
    pub counts: BTreeMap<String, u64>,
    /// The largest value of each thing that was measured, its unit in its name.
    pub worst: BTreeMap<String, f64>,
    /// The first failures, in words.
    pub failures: Vec<String>,
    /// All failures.
    pub failed: u64,
}

impl Tally {
    /// It happened once more.
    pub fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// It happened `times` more.
    pub fn add(&mut self, what: &str, times: u64) {
        *self.counts.entry(what.to_owned()).or_default() += times;
    }

    /// How often it happened.
    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// Keeps the largest value.
    pub fn measure(&mut self, what: &str, value: f64) {
        let worst = self.worst.entry(what.to_owned()).or_insert(value);
        *worst = worst.max(value);
    }

    /// Something that must never be. `class` is counted, the words say where.
    pub fn fail(&mut self, class: &str, words: impl Into<String>) {
        self.count(class);
        self.failed += 1;
        if self.failures.len() < KEPT {
            self.failures.push(format!("{class}: {}", words.into()));
        }
    }

    /// Takes in another sum.
    pub fn merge(&mut self, other: Self) {
        for (what, times) in other.counts {
            self.add(&what, times);
        }
        for (what, value) in other.worst {
            self.measure(&what, value);
        }
        self.failed += other.failed;
        for words in other.failures {
            if self.failures.len() < KEPT {
                self.failures.push(words);
            }
        }
    }
}
