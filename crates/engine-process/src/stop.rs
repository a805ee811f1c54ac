//! When a computation is to end before its end.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What times are counted from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What was cancelled, and what is being computed. The host numbers its jobs upwards from 1; a cancel holds for every
/// job up to its number.
#[derive(Default)]
pub(crate) struct Stop {
    cancelled: AtomicU32,
    job: AtomicU32,
    /// Microseconds since [`START`] at which a computation is late; 0 is never.
    late: AtomicU64,
}

impl Stop {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The host cancels.
    pub(crate) fn cancel(&self, job: u32) {
        self.cancelled.fetch_max(job, Ordering::Relaxed);
    }

    /// A job is being computed from now on.
    pub(crate) fn begin(&self, job: u32) {
        self.job.store(job, Ordering::Relaxed);
    }

    /// What is computed from now on is late after `patience`; without one it never is.
    pub(crate) fn be_patient(&self, patience: Option<Duration>) {
        let late = patience.map_or(0, |patience| micros(START.elapsed() + patience).max(1));
        self.late.store(late, Ordering::Relaxed);
    }

    /// Whether it is late.
    pub(crate) fn is_late(&self) -> bool {
        let late = self.late.load(Ordering::Relaxed);
        late > 0 && micros(START.elapsed()) >= late
    }

    /// Whether that job was cancelled.
    pub(crate) fn is_asked(&self) -> bool {
        self.job.load(Ordering::Relaxed) <= self.cancelled.load(Ordering::Relaxed)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patience_nothing_is_late() {
        let stop = Stop::new();
        assert!(!stop.is_late());
        stop.be_patient(Some(Duration::from_mins(1)));
        assert!(!stop.is_late());
        stop.be_patient(Some(Duration::ZERO));
        std::thread::sleep(Duration::from_millis(1));
        assert!(stop.is_late());
        stop.be_patient(None);
        assert!(!stop.is_late());
    }

    #[test]
    fn a_cancel_ends_its_job_and_those_before_it() {
        let stop = Stop::new();
        stop.begin(3);
        stop.cancel(2);
        assert!(!stop.is_asked());
        stop.cancel(3);
        assert!(stop.is_asked());
        stop.cancel(1);
        assert!(stop.is_asked());
        stop.begin(4);
        assert!(!stop.is_asked());
    }
}
