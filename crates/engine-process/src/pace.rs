//! How many threads compute: as many as there are physical cores, fewer where that is measured to be faster, as it is
//! beside a busy program. Threads of one computation wait for each other; one that the system sets aside holds up all.

use std::time::{Duration, Instant};

use crate::stopwatch::Took;

/// A token that takes so many times longer than usual says that something else runs.
const DISTURBED: f64 = 1.4;
/// Seconds of such tokens in a row that are no hiccup.
const HICCUPS: f64 = 0.06;
/// A token that takes so many times longer than usual, and so long, isn't waited for: two threads on one processor, each
/// spinning while the other should compute, may take a second for it.
const HOPELESS: f64 = 4.0;
const LATE: f64 = 0.05;
/// Another number of threads must take less than this share of the time to be kept.
const FASTER: f64 = 0.9;
/// Tokens that a trial measures: one alone may be lucky.
const TRIAL: u32 = 6;
/// Time until the same thing is tried again: short at first, longer each time that it was no faster.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// A trial that cost time is repeated after so many times as much at the soonest.
const COST: u32 = 20;
/// Weight of a new measurement.
const WEIGHT: f64 = 0.3;
/// The same for the share of the processors: one that sleeps between tokens gets all of one for some of them.
const SHARE_WEIGHT: f64 = 0.1;
/// After a trial of more threads that failed, a change for the better is not believed at once for so long.
const BURNT: Duration = Duration::from_secs(5);
/// Threads that get less than this share of their processors share them with another program: more of them would only
/// wait for each other.
const CROWDED: f64 = 0.97;
/// Longest doubt about a system that tells threads more, or less, time than they had.
const DOUBT: Duration = Duration::from_secs(20);

/// Measures of a loaded model.
pub(crate) struct Pace {
    most: u32,
    steady: bool,
    saving: bool,
    now: u32,
    /// Seconds of a token with the present number of threads.
    here: Option<f64>,
    /// The least that a token took with all threads, drifting upwards: text grows.
    usual: Option<f64>,
    /// Tokens in a row that took longer than usual, and their seconds.
    disturbed: (u32, f64),
    /// The share of its processors that the present number of threads gets, 0 to 1.
    share: f64,
    /// The token that is being computed was broken off before: its time says nothing.
    gave_way: bool,
    trial: Option<Trial>,
    /// When more threads were last tried in vain.
    failed: Option<Instant>,
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
    /// Seconds on processors, as far as the system tells.
    computed: f64,
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
            saving: false,
            now: most,
            here: None,
            usual: None,
            disturbed: (0, 0.0),
            share: 1.0,
            gave_way: false,
            trial: None,
            failed: None,
            more: Patience::new(),
            fewer: Patience::new(),
        }
    }

    /// From now on energy counts more than speed, or no longer. Waiting threads spin: half of them are half the heat.
    pub(crate) fn save(&mut self, saving: bool) {
        if self.steady || self.saving == saving {
            return;
        }
        self.saving = saving;
        self.trial = None;
        self.usual = None;
        self.here = None;
        self.now = self.limit();
    }

    fn limit(&self) -> u32 {
        if self.saving {
            (self.most / 2).max(1)
        } else {
            self.most
        }
    }

    /// Threads for the next token.
    pub(crate) fn threads(&self) -> u32 {
        self.now
    }

    /// A token took so long, and the time is now `now`.
    pub(crate) fn took(&mut self, took: Took, now: Instant) {
        if self.steady {
            return;
        }
        if std::mem::take(&mut self.gave_way) {
            return;
        }
        let seconds = took.time.as_secs_f64();
        if let Some(trial) = &mut self.trial {
            trial.tokens += 1;
            trial.seconds += seconds;
            trial.computed += took.computed.unwrap_or_default().as_secs_f64();
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
        if self.now < self.limit() {
            self.breathe(took, now);
            if self.more.is_over(now) && (self.share > CROWDED || self.more.is_doubted(now)) {
                self.attempt((self.now * 2).min(self.limit()), here);
            }
            return;
        }
        if self.now < 2 {
            return;
        }
        let usual = self
            .usual
            .map_or(seconds, |usual| (usual * 1.002).min(seconds));
        self.usual = Some(usual);
        let (tokens, sum) = self.disturbed;
        self.disturbed = if seconds > DISTURBED * usual {
            (tokens + 1, sum + seconds)
        } else {
            (0, 0.0)
        };
        let (tokens, sum) = self.disturbed;
        if tokens > 1 && sum > HICCUPS && self.fewer.is_over(now) {
            self.attempt(self.now / 2, here);
        }
    }

    /// How long a token may take before it is worth breaking off; `None` when there is nothing to change.
    pub(crate) fn patience(&self) -> Option<Duration> {
        if self.steady || self.now < 2 {
            return None;
        }
        let usual = match &self.trial {
            Some(trial) => trial.before,
            None => self.usual?,
        };
        Some(Duration::from_secs_f64((usual * HOPELESS).max(LATE)))
    }

    /// A token was broken off: fewer threads compute it, and those after it.
    pub(crate) fn give_way(&mut self, now: Instant) {
        self.gave_way = true;
        self.disturbed = (0, 0.0);
        match self.trial.take() {
            Some(trial) if trial.from < self.now => {
                self.now = trial.from;
                self.failed = Some(now);
                self.more.tried(now, false, LONGEST_WAIT);
                let wait = Duration::from_secs_f64(trial.before * HOPELESS)
                    .max(Duration::from_secs_f64(LATE))
                    * COST;
                self.more.next = self.more.next.max(Some(now + wait));
            }
            _ => {
                self.now = (self.now / 2).max(1);
                self.here = None;
                self.share = 0.0;
                self.more.next = Some(now + self.more.wait);
            }
        }
    }

    /// Notices how much of their processors the threads get. More are tried at once when the other program has ended.
    fn breathe(&mut self, took: Took, now: Instant) {
        let Some(computed) = took.computed else {
            self.share = 1.0;
            return;
        };
        let all = took.time.as_secs_f64() * f64::from(self.now);
        let was_crowded = self.share < CROWDED;
        self.share += SHARE_WEIGHT * ((computed.as_secs_f64() / all).min(1.0) - self.share);
        let burnt = self.failed.is_some_and(|failed| now < failed + BURNT);
        if was_crowded && self.share > CROWDED && !burnt {
            self.more.next = Some(now);
        }
    }

    fn attempt(&mut self, threads: u32, before: f64) {
        self.trial = Some(Trial {
            from: self.now,
            before,
            tokens: 0,
            seconds: 0.0,
            computed: 0.0,
        });
        self.disturbed = (0, 0.0);
        self.now = threads;
    }

    fn judge(&mut self, now: Instant) {
        let Some(trial) = self.trial.take() else {
            return;
        };
        let each = trial.seconds / f64::from(trial.tokens);
        let faster = trial.tokens == TRIAL && each < trial.before * FASTER;
        if self.now > trial.from {
            self.more.tried(now, faster, LONGEST_WAIT);
            if !faster {
                self.failed = Some(now);
                let lost = trial.seconds - trial.before * f64::from(trial.tokens);
                let wait = Duration::from_secs_f64(lost.max(0.0)) * COST;
                self.more.next = self.more.next.max(Some(now + wait));
            }
        } else {
            // What goes on being slow is worth another look soon.
            self.fewer.tried(now, faster, LONGEST_WAIT / 4);
        }
        if faster {
            self.here = Some(each);
            // More threads are tried soon only if fewer have just become worth it.
            if self.now < trial.from {
                self.more.next = Some(now + self.more.wait);
                self.share = trial.computed / (trial.seconds * f64::from(self.now));
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

    /// Whether it has been over for so long that what speaks against trying may be wrong.
    fn is_doubted(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next + DOUBT)
    }

    fn tried(&mut self, now: Instant, faster: bool, longest: Duration) {
        self.wait = if faster { self.wait / 2 } else { self.wait * 2 }.clamp(FIRST_WAIT, longest);
        self.next = Some(now + self.wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `tokens` tokens; their milliseconds and the share of their processors that the threads get depend on the
    /// number of threads. Returns the threads of each.
    fn run(
        pace: &mut Pace,
        now: &mut Instant,
        tokens: usize,
        token: impl Fn(u32) -> (u64, Option<f64>),
    ) -> Vec<u32> {
        (0..tokens)
            .map(|_| {
                let threads = pace.threads();
                let (ms, share) = token(threads);
                let time = Duration::from_millis(ms);
                *now += time;
                let computed = share.map(|share| time.mul_f64(share * f64::from(threads)));
                pace.took(Took { time, computed }, *now);
                threads
            })
            .collect()
    }

    fn alone(threads: u32) -> (u64, Option<f64>) {
        (u64::from(20 / threads), Some(1.0))
    }

    /// Two threads that wait for each other, or one that has a share of a core.
    fn beside_another(threads: u32) -> (u64, Option<f64>) {
        if threads == 2 {
            (200, Some(0.6))
        } else {
            (30, Some(0.66))
        }
    }

    fn with_two(threads: &[u32]) -> usize {
        threads.iter().filter(|&&threads| threads == 2).count()
    }

    #[test]
    fn an_idle_machine_is_used_whole() {
        let (mut pace, mut now) = (Pace::new(4, false), Instant::now());
        let threads = run(&mut pace, &mut now, 500, alone);
        assert!(threads.iter().all(|&threads| threads == 4));
    }

    #[test]
    fn beside_a_busy_program_fewer_threads_compute_and_more_at_once_after_it() {
        let (mut pace, mut now) = (Pace::new(2, false), Instant::now());
        run(&mut pace, &mut now, 20, alone);
        let threads = run(&mut pace, &mut now, 400, beside_another);
        assert!(with_two(&threads) < 6, "{}", with_two(&threads));
        let threads = run(&mut pace, &mut now, 100, alone);
        assert!(with_two(&threads) > 60, "{}", with_two(&threads));
    }

    #[test]
    fn where_the_system_tells_nothing_more_threads_are_tried_now_and_then() {
        let untold = |token: fn(u32) -> (u64, Option<f64>)| move |threads| (token(threads).0, None);
        let (mut pace, mut now) = (Pace::new(2, false), Instant::now());
        run(&mut pace, &mut now, 20, untold(alone));
        run(&mut pace, &mut now, 200, untold(beside_another));
        let threads = run(&mut pace, &mut now, 4000, untold(alone));
        let last = &threads[2000..];
        assert_eq!(with_two(last), last.len());
    }

    #[test]
    fn a_token_that_is_broken_off_is_left_to_fewer_threads() {
        let (mut pace, mut now) = (Pace::new(2, false), Instant::now());
        assert_eq!(pace.patience(), None);
        run(&mut pace, &mut now, 20, alone);
        assert_eq!(pace.patience(), Some(Duration::from_millis(50)));
        pace.give_way(now);
        assert_eq!((pace.threads(), pace.patience()), (1, None));
        // The other program has ended.
        let threads = run(&mut pace, &mut now, 100, alone);
        assert!(with_two(&threads) > 60, "{}", with_two(&threads));
    }

    #[test]
    fn on_battery_half_of_them_compute() {
        let (mut pace, mut now) = (Pace::new(4, false), Instant::now());
        pace.save(true);
        let threads = run(&mut pace, &mut now, 200, alone);
        assert!(threads.iter().all(|&threads| threads == 2));
        pace.save(false);
        let threads = run(&mut pace, &mut now, 200, alone);
        assert!(threads.iter().all(|&threads| threads == 4));
    }

    #[test]
    fn a_chosen_number_stays() {
        let (mut pace, mut now) = (Pace::new(2, true), Instant::now());
        run(&mut pace, &mut now, 10, alone);
        let threads = run(&mut pace, &mut now, 100, beside_another);
        assert!(threads.iter().all(|&threads| threads == 2));
    }
}
