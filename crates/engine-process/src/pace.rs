//! How many threads compute: as many as there are physical cores, fewer where that is measured to be faster, as it is
//! beside a busy program. Threads of one computation wait for each other; one that the system sets aside holds up all.

use std::time::{Duration, Instant};

/// A token that takes so many times longer than usual says that something else runs.
const DISTURBED: f64 = 1.4;
/// Tokens that a trial measures.
const TRIAL: u32 = 3;
/// Time between trials of more threads: short at first, longer each time that they were no faster.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
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
    next_trial: Option<Instant>,
    wait: Duration,
}

/// Another number of threads is being tried.
struct Trial {
    from: u32,
    /// Seconds of a token before.
    before: f64,
    left: u32,
    best: f64,
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
            next_trial: None,
            wait: FIRST_WAIT,
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
            trial.left -= 1;
            trial.best = trial.best.min(seconds);
            // One token can be enough to see that it is far worse.
            if trial.left == 0 || trial.best > 3.0 * trial.before {
                self.judge(now);
            }
            return;
        }
        let here = self
            .here
            .map_or(seconds, |here| here + WEIGHT * (seconds - here));
        self.here = Some(here);
        if self.now == self.most {
            let usual = self
                .usual
                .map_or(seconds, |usual| (usual * 1.002).min(seconds));
            self.usual = Some(usual);
        }
        let due = self.next_trial.is_none_or(|next| now >= next);
        let disturbed = self.usual.is_some_and(|usual| here > DISTURBED * usual);
        if !due {
            return;
        }
        if self.now < self.most {
            self.attempt((self.now * 2).min(self.most), here);
        } else if disturbed {
            self.attempt(self.now / 2, here);
        }
    }

    fn attempt(&mut self, threads: u32, before: f64) {
        self.trial = Some(Trial {
            from: self.now,
            before,
            left: TRIAL,
            best: f64::INFINITY,
        });
        self.now = threads;
    }

    fn judge(&mut self, now: Instant) {
        let Some(trial) = self.trial.take() else {
            return;
        };
        let faster = trial.best < trial.before;
        let up = self.now > trial.from;
        if faster {
            self.here = Some(trial.best);
            self.wait = FIRST_WAIT;
        } else {
            self.now = trial.from;
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        }
        if up && faster && self.now == self.most {
            self.usual = Some(trial.best);
        }
        self.next_trial = Some(now + self.wait);
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
