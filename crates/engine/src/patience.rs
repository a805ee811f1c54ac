//! How long an engine may say nothing before it hangs: as long as this model on this device could take, many times over.

use std::time::Duration;

/// Before anything was measured: the slowest device known reads a batch of a prompt in two minutes.
const UNKNOWN: Duration = Duration::from_mins(3);
const LEAST: Duration = Duration::from_secs(15);
/// Tokens of a batch.
const BATCH: u32 = 512;
/// Times that a token or batch may take longer than the slowest so far.
const TIMES: u32 = 20;

/// The slowest signs of life of a loaded model.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    token: Option<Duration>,
    batch: Option<Duration>,
}

impl Patience {
    /// Tokens came after so long.
    pub(crate) fn token(&mut self, took: Duration) {
        self.token = self.token.max(Some(took));
    }

    /// A batch of a prompt was read after so long.
    pub(crate) fn batch(&mut self, took: Duration) {
        self.batch = self.batch.max(Some(took));
    }

    /// Until the next tokens.
    pub(crate) fn for_token(self) -> Duration {
        bounded(self.token)
    }

    /// Until the next batch. Reading a batch never takes longer than generating as many tokens.
    pub(crate) fn for_batch(self) -> Duration {
        bounded(self.batch.or(self.token.map(|token| token * BATCH / TIMES)))
    }
}

fn bounded(slowest: Option<Duration>) -> Duration {
    slowest.map_or(UNKNOWN, |slowest| (slowest * TIMES).clamp(LEAST, UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_slowest_sign_of_life() {
        let mut patience = Patience::default();
        assert_eq!(patience.for_token(), UNKNOWN);
        patience.token(Duration::from_millis(10));
        assert_eq!(patience.for_token(), LEAST);
        patience.token(Duration::from_secs(2));
        patience.token(Duration::from_secs(1));
        assert_eq!(patience.for_token(), Duration::from_secs(40));
        assert_eq!(patience.for_batch(), UNKNOWN);
        patience.batch(Duration::from_secs(3));
        assert_eq!(patience.for_batch(), Duration::from_mins(1));
    }
}
