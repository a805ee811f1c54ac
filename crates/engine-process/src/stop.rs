//! When a computation is to end before its end.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// What was cancelled, and what is being computed. The host numbers its jobs upwards from 1; a cancel holds for every
/// job up to its number.
#[derive(Default)]
pub(crate) struct Stop {
    cancelled: AtomicU32,
    job: AtomicU32,
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

    /// Whether that job was cancelled.
    pub(crate) fn is_asked(&self) -> bool {
        self.job.load(Ordering::Relaxed) <= self.cancelled.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
