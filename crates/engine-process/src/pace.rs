//! How many threads compute: as many as there are physical cores, fewer where that is measured to be faster, as it is
//! beside a busy program. Threads of one computation wait for each other; one that the system sets aside holds up all.

use std::time::{Duration, Instant};

/// A token that takes so many times longer than usual says that something else runs.
const DISTURBED: f64 = 1.4;
/// Another number of threads must take less than this share of the time to be kept.
const FASTER: f64 = 0.9;
/// Tokens that a trial measures: one alone may be lucky.
const TRIAL: u32 = 6;
/// Time until the same thing is tried again: short at first, longer each time that it was no faster.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// Weight of a new measurement.
const WEIGHT: f64 = 0.3;

/// Measures of a loaded model.
pub(crate) struct Pace {
    most: u32,
    steady: bool,
    now: u32,
    /// Seconds of a token with the present number of threads.
    here: Option<f64>,
    /// The least that a token took with all threads, drifting upwards: text grows.
    usual: Option<f64>,
    trial: Option<Trial>,
    more: Patience,
    fewer: Patience,
}

/// Another number of threads is being tried.
struct Trial {
    from: u32,
    /// Seconds of a token before.
    before: f64,
    tokens: u32,
    seconds: f64,
}

/// When something may be tried again.
struct Patience {
    next: Option<Instant>,
    wait: Duration,
}

impl Pace {
    /// Threads at most; a number that the person chose is kept.
    pub(crate) fn new(most: u32, chosen: bool) -> Self {
        Self {
            most,
            steady: chosen || most < 2,
            now: most,
            here: None,
            usual: None,
            trial: None,
            more: Patience::new(),
            fewer: Patience::new(),
        }
    }

    /// Threads for the next token.
    pub(crate) fn threads(&self) -> u32 {
        self.now
    }

    /// A token took so long, and the time is now `now`.
    pub(crate) fn took(&mut self, took: Duration, now: Instant) {
        if self.steady {
            return;
        }
        let seconds = took.as_secs_f64();
        if let Some(trial) = &mut self.trial {
            trial.tokens += 1;
            trial.seconds += seconds;
            // One that can't be faster any more needn't go on.
            if trial.tokens == TRIAL || trial.seconds > trial.before * f64::from(TRIAL) {
                self.judge(now);
            }
            return;
        }
        let here = self
            .here
            .map_or(seconds, |here| here + WEIGHT * (seconds - here));
        self.here = Some(here);
        if self.now < self.most {
            if self.more.is_over(now) {
                self.attempt((self.now * 2).min(self.most), here);
            }
            return;
        }
        let usual = self
            .usual
            .map_or(seconds, |usual| (usual * 1.002).min(seconds));
        self.usual = Some(usual);
        if here > DISTURBED * usual && self.fewer.is_over(now) {
            self.attempt(self.now / 2, here);
        }
    }

    fn attempt(&mut self, threads: u32, before: f64) {
        self.trial = Some(Trial {
            from: self.now,
            before,
            tokens: 0,
            seconds: 0.0,
        });
        self.now = threads;
    }

    fn judge(&mut self, now: Instant) {
        let Some(trial) = self.trial.take() else {
            return;
        };
        let each = trial.seconds / f64::from(trial.tokens);
        let faster = trial.tokens == TRIAL && each < trial.before * FASTER;
        let patience = if self.now > trial.from {
            &mut self.more
        } else {
            &mut self.fewer
        };
        patience.tried(now, faster);
        if faster {
            self.here = Some(each);
            // More threads are tried soon only if fewer have just become worth it.
            if self.now < trial.from {
                self.more.next = Some(now + self.more.wait);
            }
        } else {
            self.now = trial.from;
        }
    }
}

impl Patience {
    fn new() -> Self {
        Self {
            next: None,
            wait: FIRST_WAIT,
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    fn tried(&mut self, now: Instant, faster: bool) {
        self.wait =
            if faster { self.wait / 2 } else { self.wait * 2 }.clamp(FIRST_WAIT, LONGEST_WAIT);
        self.next = Some(now + self.wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `tokens` tokens whose time depends on the number of threads; the threads of each.
    fn run(pace: &mut Pace, now: &mut Instant, tokens: usize, ms: impl Fn(u32) -> u64) -> Vec<u32> {
        (0..tokens)
            .map(|_| {
                let threads = pace.threads();
                let took = Duration::from_millis(ms(threads));
                *now += took;
                pace.took(took, *now);
                threads
            })
            .collect()
    }

    #[test]
    fn an_idle_machine_is_used_whole() {
        let (mut pace, mut now) = (Pace::new(4, false), Instant::now());
        let threads = run(&mut pace, &mut now, 500, |threads| u64::from(40 / threads));
        assert!(threads.iter().all(|&threads| threads == 4));
    }

    #[test]
    fn beside_a_busy_program_fewer_threads_compute_and_more_again_after_it() {
        let (mut pace, mut now) = (Pace::new(2, false), Instant::now());
        run(&mut pace, &mut now, 20, |threads| u64::from(20 / threads));
        // Two threads that wait for each other, or one that has a share of a core.
        let busy = |threads| if threads == 2 { 200 } else { 30 };
        let threads = run(&mut pace, &mut now, 200, busy);
        let slow = threads.iter().filter(|&&threads| threads == 2).count();
        assert!(slow < 20, "{slow}");
        let threads = run(&mut pace, &mut now, 2000, |threads| u64::from(20 / threads));
        let fast = threads
            .iter()
            .rev()
            .take_while(|&&threads| threads == 2)
            .count();
        assert!(fast > 1000, "{fast}");
    }

    #[test]
    fn a_chosen_number_stays() {
        let (mut pace, mut now) = (Pace::new(2, true), Instant::now());
        run(&mut pace, &mut now, 10, |_| 10);
        let threads = run(&mut pace, &mut now, 100, |_| 300);
        assert!(threads.iter().all(|&threads| threads == 2));
    }
}
