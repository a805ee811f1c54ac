//! A model that keeps ending its engine is left alone.

use std::time::{Duration, Instant};

/// Deaths in a row, without a whole answer between them, that are enough.
const ENOUGH: u32 = 5;
/// Time after which it may be tried again.
const REST: Duration = Duration::from_mins(2);

/// Deaths in a row.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    deaths: u32,
    last: Option<Instant>,
}

impl Breaker {
    /// The engine died.
    pub(crate) fn died(&mut self) {
        self.deaths += 1;
        self.last = Some(Instant::now());
    }

    /// An answer came to its end, or the person wants it tried.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether it died since the last whole answer.
    pub(crate) fn is_shaken(&self) -> bool {
        self.deaths > 0
    }

    /// Whether the model is to be left alone for now.
    pub(crate) fn is_open(&self) -> bool {
        self.deaths >= ENOUGH && self.last.is_some_and(|last| last.elapsed() < REST)
    }

    /// How long to wait before the next start: not at all at first.
    pub(crate) fn wait(&self) -> Duration {
        match self.deaths {
            0 | 1 => Duration::ZERO,
            n => Duration::from_millis(100) * 2u32.saturating_pow(n.min(6)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_deaths_in_a_row_and_closes_with_an_answer() {
        let mut breaker = Breaker::default();
        for _ in 1..ENOUGH {
            breaker.died();
        }
        assert!(!breaker.is_open());
        breaker.died();
        assert!(breaker.is_open());
        breaker.reset();
        assert!(!breaker.is_open());
    }

    #[test]
    fn waits_grow() {
        let mut breaker = Breaker::default();
        breaker.died();
        assert_eq!(breaker.wait(), Duration::ZERO);
        breaker.died();
        let second = breaker.wait();
        breaker.died();
        assert!(breaker.wait() > second && second > Duration::ZERO);
    }
}
