//! What a computation takes: time by the clock, and time on processors.

use std::time::{Duration, Instant};

/// What a computation took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Took {
    /// By the clock.
    pub(crate) time: Duration,
    /// On processors, of all threads together; `None` where the system doesn't tell.
    pub(crate) computed: Option<Duration>,
}

/// Runs from its start.
pub(crate) struct Stopwatch {
    began: Instant,
    computed: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            began: Instant::now(),
            computed: computed(),
        }
    }

    pub(crate) fn took(&self) -> Took {
        Took {
            time: self.began.elapsed(),
            computed: self
                .computed
                .and_then(|before| computed()?.checked_sub(before)),
        }
    }
}

/// Time that this process has spent on processors.
#[cfg(unix)]
fn computed() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok()
}

/// Windows tells it in steps of a clock tick, which is longer than a token.
#[cfg(not(unix))]
fn computed() -> Option<Duration> {
    None
}
