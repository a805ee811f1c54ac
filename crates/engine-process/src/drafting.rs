//! Whether drafts pay, and how long they should be: measured on this text, on this device, as it goes.

use std::time::Duration;

/// Tokens of a draft at most: longer ones are seldom right to their end.
const LONGEST: usize = 16;
const SHORTEST: usize = 2;
/// Tokens without drafts after drafts were slower, at first and at most.
const PAUSE: u32 = 16;
const LONGEST_PAUSE: u32 = 1024;
/// Weight of a new measurement.
const WEIGHT: f64 = 0.2;

/// Measures of one answer.
pub(crate) struct Drafting {
    length: usize,
    /// Seconds of a token without a draft.
    plain: Option<f64>,
    /// Seconds of a token with drafts.
    drafted: Option<f64>,
    checks: u32,
    pause: u32,
    next_pause: u32,
}

impl Drafting {
    pub(crate) fn new() -> Self {
        Self {
            length: 4,
            plain: None,
            drafted: None,
            checks: 0,
            pause: 0,
            next_pause: PAUSE,
        }
    }

    /// Tokens that the next draft may have; 0 for none.
    pub(crate) fn length(&self) -> usize {
        if self.pause > 0 || self.plain.is_none() {
            0
        } else {
            self.length
        }
    }

    /// A token without a draft took so long.
    pub(crate) fn plain(&mut self, took: Duration) {
        self.pause = self.pause.saturating_sub(1);
        self.plain = Some(mean(self.plain, took.as_secs_f64()));
    }

    /// A draft of `length` tokens, of which `accepted` stood, took so long with the token after them.
    pub(crate) fn checked(&mut self, length: usize, accepted: usize, took: Duration) {
        self.length = if accepted == length {
            (self.length * 2).min(LONGEST)
        } else {
            (accepted + 1).clamp(SHORTEST, LONGEST)
        };
        #[expect(clippy::cast_precision_loss, reason = "a few tokens")]
        let each = took.as_secs_f64() / (accepted + 1) as f64;
        let drafted = mean(self.drafted, each);
        self.drafted = Some(drafted);
        self.checks += 1;
        if self.checks >= 3 && self.plain.is_some_and(|plain| drafted > plain) {
            self.pause = self.next_pause;
            self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
            self.drafted = None;
            self.checks = 0;
        } else if self.checks >= 8 {
            self.next_pause = PAUSE;
        }
    }
}

fn mean(before: Option<f64>, new: f64) -> f64 {
    before.map_or(new, |before| before + WEIGHT * (new - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_draft_is_first_tried_when_a_plain_token_was_measured() {
        let mut drafting = Drafting::new();
        assert_eq!(drafting.length(), 0);
        drafting.plain(10 * MS);
        assert!(drafting.length() > 0);
    }

    #[test]
    fn drafts_that_stand_grow_and_those_that_fall_shrink() {
        let mut drafting = Drafting::new();
        drafting.plain(10 * MS);
        drafting.checked(4, 4, 12 * MS);
        assert_eq!(drafting.length(), 8);
        drafting.checked(8, 2, 12 * MS);
        assert_eq!(drafting.length(), 3);
    }

    #[test]
    fn drafts_that_cost_more_than_they_save_pause_ever_longer() {
        let mut drafting = Drafting::new();
        drafting.plain(10 * MS);
        let mut pauses = vec![];
        for _ in 0..3 {
            while drafting.length() > 0 {
                drafting.checked(4, 0, 20 * MS);
            }
            let mut pause = 0;
            while drafting.length() == 0 {
                drafting.plain(10 * MS);
                pause += 1;
            }
            pauses.push(pause);
        }
        assert_eq!(pauses, [16, 32, 64]);
    }
}
